// What is decided without a network: Retry-After and pauses, the budget, the breaker, forms, what a log may show.

#include <gtest/gtest.h>

#include <map>

#include "base/fake_clock.h"
#include "client/body.h"
#include "client/breaker.h"
#include "client/gate.h"
#include "client/redact.h"
#include "client/retry.h"
#include "client/url.h"
#include "testing/running.h"

namespace client {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// ---- Places ----------------------------------------------------------------------------------------------------------

async::Task<bool> enter_as(Gate* gate, std::vector<int>* entered, int number) {
    const auto place = co_await gate->enter(async::Loop::now() + 20s, {});
    if (place) entered->push_back(number);
    co_return place.has_value();
}

async::Task<void> give_a_place_up(async::Loop* loop, Gate* gate, std::vector<int>* entered) {
    auto first = co_await gate->enter(async::Loop::now() + 20s, {});
    std::vector<::testing::Running> waiting;
    for (int number = 1; number <= 3; ++number)
        waiting.push_back(::testing::run_in_background(enter_as(gate, entered, number)));
    waiting[0].destroy();
    EXPECT_EQ(gate->waiting(), 2U);
    first = std::unexpected(Gate::No::stopped);  // the place is the second one's,
    waiting[1].destroy();                        // which goes before it has taken it
    while (entered->empty()) co_await async::next_turn(loop);
}

// A server destroys the handler of a client that has gone.
TEST(ClientGate, AWaiterThatIsDestroyedIsForgottenAndPassesItsPlaceOn) {
    async::Loop loop;
    Gate gate(loop, 1, 8);
    std::vector<int> entered;
    async::run_until_done(loop, give_a_place_up(&loop, &gate, &entered));
    EXPECT_EQ(entered, std::vector{3});
}

// ---- Retry-After ------------------------------------------------------------------------------------------------

TEST(RetryAfter, IsReadInAllItsSpellings) {
    const auto now = *base::parse_http_date("Thu, 26 Nov 2026 10:00:00 GMT");
    const auto read = [&](std::vector<std::string_view> values) { return parse_retry_after(values, now); };
    using Wanted = std::optional<milliseconds>;
    const std::vector<std::pair<std::string_view, Wanted>> table{
        {"120", 120s},
        {" 120 ", 120s},
        {"0", 0ms},
        {"-5", std::nullopt},
        {"1.5", std::nullopt},
        {"abc", std::nullopt},
        {"", std::nullopt},
        {"NaN", std::nullopt},
        {"Infinity", std::nullopt},
        {"2147484", longest_retry_after},
        {"9999999999", longest_retry_after},
        {"99999999999999999999", longest_retry_after},
        {"Thu, 26 Nov 2026 09:00:00 GMT", 0ms},
        {"Thu, 26 Nov 2026 10:00:30 GMT", 30s},
        {"Mon, 26 Nov 2035 10:00:00 GMT", longest_retry_after},
    };
    for (const auto& [text, wanted] : table) EXPECT_EQ(read({text}), wanted) << text;
    EXPECT_EQ(read({"3", "7"}), 7s);
    EXPECT_EQ(read({"abc", "7"}), 7s);
    EXPECT_EQ(read({}), std::nullopt);
}

TEST(RetryPause, IsJitteredAndNeitherNothingNorMoreThanTheCap) {
    base::SeededRandom random(42);
    const RetryRule rule{.attempts = 9, .base = 100ms, .cap = 1s};
    milliseconds least = 1h;
    milliseconds most{0};
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const auto pause = *pause_before_retry(rule, 1 + i % 40, std::nullopt, random);
        least = std::min(least, pause);
        most = std::max(most, pause);
    }
    EXPECT_GE(least, 10ms);
    EXPECT_LT(least, 30ms);
    EXPECT_LE(most, 1s);
    EXPECT_GT(most, 900ms);
    EXPECT_LE(*pause_before_retry(rule, 1, std::nullopt, random), 100ms);
    // What the server asks for, and a little; never at once, and not at all when that is too long.
    for (int i = 0; i < 100; ++i) {
        EXPECT_GE(*pause_before_retry(rule, 1, 0ms, random), 10ms);
        const auto asked = *pause_before_retry(rule, 1, 500ms, random);
        EXPECT_GT(asked, 500ms);
        EXPECT_LE(asked, 600ms);
        EXPECT_LE(*pause_before_retry(rule, 1, 990ms, random), 1s);
    }
    EXPECT_FALSE(pause_before_retry(rule, 1, 1001ms, random));
    EXPECT_FALSE(pause_before_retry(rule, 1, longest_retry_after, random));
}

TEST(RetryBudget, IsATenthOfTheCalls) {
    RetryBudget budget;
    std::size_t retries = 0;
    while (budget.take()) ++retries;
    EXPECT_EQ(retries, 10U);
    for (int i = 0; i < 100; ++i) budget.on_call();
    while (budget.take()) ++retries;
    EXPECT_EQ(retries, 20U);
    for (int i = 0; i < 100'000; ++i) budget.on_call();
    while (budget.take()) ++retries;
    EXPECT_EQ(retries, 120U);
}

// ---- The breaker ------------------------------------------------------------------------------------------------

struct BreakerTest : ::testing::Test {
    Breaker breaker{{.failing = 0.5, .least = 4, .pause = 5s}};
    Breaker::Time now{1000s};
    void calls(int succeeded, int failed) {
        for (int i = 0; i < succeeded + failed; ++i) breaker.on_end(breaker.pass(now), i < succeeded, now);
    }
};

TEST_F(BreakerTest, OpensWhenManyOfTheLastCallsFailed) {
    calls(0, 3);
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
    calls(1, 0);
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
    calls(0, 1);
    EXPECT_EQ(breaker.state(), Breaker::State::open);
    EXPECT_EQ(breaker.pass(now), Breaker::Pass::none);
    EXPECT_EQ(breaker.left(now), 5s);
}

TEST_F(BreakerTest, ForgetsWhatIsOld) {
    calls(0, 3);
    now += 11s;
    calls(0, 3);
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
}

TEST_F(BreakerTest, StaysClosedWhileMostCallsSucceed) {
    calls(100, 90);
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
}

TEST_F(BreakerTest, LetsOneCallTryAndWaitsLongerAfterEachFailure) {
    calls(0, 4);
    for (const auto pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
        now += pause - 1s;
        EXPECT_EQ(breaker.pass(now), Breaker::Pass::none);
        now += 1s;
        const auto probe = breaker.pass(now);
        EXPECT_EQ(probe, Breaker::Pass::probe);
        EXPECT_EQ(breaker.pass(now), Breaker::Pass::none);
        breaker.on_end(probe, false, now);
    }
    now += 60s;
    breaker.on_no_result(breaker.pass(now));
    breaker.on_end(breaker.pass(now), true, now);
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
    calls(0, 4);
    EXPECT_EQ(breaker.left(now), 5s);
}

TEST_F(BreakerTest, TakesNoCallThatBeganBeforeForItsProbe) {
    const auto early = breaker.pass(now);
    calls(0, 4);
    now += 5s;
    EXPECT_EQ(breaker.pass(now), Breaker::Pass::probe);
    breaker.on_end(early, true, now);
    EXPECT_EQ(breaker.state(), Breaker::State::trying);
    EXPECT_EQ(breaker.pass(now), Breaker::Pass::none);
}

// ---- Forms ------------------------------------------------------------------------------------------------------

enum class Colour : std::uint8_t { red, green };
constexpr auto describe(Colour*) {
    return schema::enumeration<Colour>("Colour", {{Colour::red, "red"}, {Colour::green, "light green"}});
}

struct Item {
    std::string price;
    std::int64_t quantity = 1;
    friend constexpr auto describe(Item*) {
        return schema::object<Item>("Item", schema::field<&Item::price>("price"),
                                    schema::field<&Item::quantity>("quantity"));
    }
};

struct Charge {
    std::int64_t amount = 0;
    std::optional<std::string> description;
    std::optional<bool> capture;
    Colour colour = Colour::red;
    std::vector<Item> items;
    std::vector<std::string> expand;
    std::map<std::string, std::string> metadata;
    Item shipping;

    friend constexpr auto describe(Charge*) {
        using schema::field;
        return schema::object<Charge>("Charge", field<&Charge::amount>("amount"),
                                      field<&Charge::description>("description"), field<&Charge::capture>("capture"),
                                      field<&Charge::colour>("colour"), field<&Charge::items>("items"),
                                      field<&Charge::expand>("expand"), field<&Charge::metadata>("metadata"),
                                      field<&Charge::shipping>("shipping"));
    }
};

TEST(ClientForm, WritesMembersAsStripeReadsThem) {
    Charge charge{.amount = 1500,
                  .description = {},
                  .capture = false,
                  .colour = Colour::green,
                  .items = {{"p_1", 2}, {"p_2", 1}},
                  .expand = {"customer"},
                  .metadata = {{"order id", "7&8"}},
                  .shipping = {"ü", 1}};
    const auto body = form(charge);
    EXPECT_EQ(body.content_type, "application/x-www-form-urlencoded");
    EXPECT_EQ(body.bytes,
              "amount=1500&capture=false&colour=light%20green&items[0][price]=p_1&items[0][quantity]=2&items[1][price]="
              "p_2&items[1][quantity]=1"
              "&expand[0]=customer&metadata[order%20id]=7%268&shipping[price]=%C3%BC&shipping[quantity]=1");
}

// ---- URLs and logs ----------------------------------------------------------------------------------------------

TEST(ClientUrl, IsReadInItsParts) {
    const auto url = Url::parse("HTTPS://API.example.com:8443/v1/../x?a=b#c");
    ASSERT_TRUE(url) << url.error();
    EXPECT_EQ(url->scheme, "https");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->path, "/v1/../x");
    EXPECT_EQ(url->text.find('#'), std::string::npos);
    EXPECT_EQ(Url::parse("http://[::1]/")->host, "::1");
    EXPECT_EQ(Url::parse("http://a.example")->port, 80);
    EXPECT_EQ(url->follow("/y?z")->text.substr(url->text.find(":8443")), ":8443/y?z");
    for (const auto* bad : {"", "/x", "ftp://a.example/", "http://", "https://user:pw@a.example/", "http://a b/",
                            "http://a.example:99999/"})
        EXPECT_FALSE(Url::parse(bad)) << bad;
    EXPECT_EQ(Url::parse("https://user:hunter2@a.example/").error().find("hunter2"), std::string::npos);
}

TEST(ClientLog, ShowsNeitherNumbersNorQueriesNorSecrets) {
    EXPECT_EQ(shown_path("/pay/254712345678/x", "key=s&page=2&&flag"), "/pay/**********78/x?key&page&flag");
    EXPECT_EQ(without_numbers("call 0712345 or 123456"), "call *****45 or 123456");
    const std::vector<std::string> secrets{"s3cr3t/x"};
    EXPECT_EQ(shown_text("a s3cr3t/x b czNjcjN0L3g= c s3cr3t%2Fx", secrets), "a [Redacted] b [Redacted] c [Redacted]");
    EXPECT_EQ(shown_text(std::string(5000, 'x'), secrets).size(), 1024U);
}

}  // namespace

}  // namespace client
