#include "client/guard.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <type_traits>

#include "async/sync.h"

namespace {

using async::Resolution;
using client::CheckedUrl;
using client::UrlGuard;
using client::UrlRules;
using Addresses = std::vector<std::string>;
using namespace std::string_literals;

// Name servers that give each name a list of answers, one after the other; the last for ever.
class Names {
public:
    explicit Names(std::map<std::string, std::vector<Resolution>> answers) : answers_(std::move(answers)) {}

    [[nodiscard]] async::Lookup lookup() {
        return [this](const std::string& host) {
            const std::lock_guard lock(mutex_);
            asked_.push_back(host);
            const auto found = answers_.find(host);
            if (found == answers_.end()) return Resolution{{}, "no such host", false};
            auto& left = found->second;
            const auto answer = left.front();
            if (left.size() > 1) left.erase(left.begin());
            return answer;
        };
    }
    [[nodiscard]] Addresses asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<Resolution>> answers_;
    Addresses asked_;
};

class UrlGuardTest : public testing::Test {
protected:
    // With no answer of an earlier one kept.
    UrlGuard::Verdict check(const std::string& url, UrlRules rules = {}) {
        async::Resolver resolver(loop_, names_.lookup());
        const UrlGuard guard(resolver, std::move(rules));
        return async::run_until_done(loop_, guard.check(url, async::Loop::now() + std::chrono::hours(1)));
    }
    UrlGuard::Verdict follow(const CheckedUrl& from, const std::string& location, UrlRules rules = {}) {
        async::Resolver resolver(loop_, names_.lookup());
        const UrlGuard guard(resolver, std::move(rules));
        return async::run_until_done(loop_,
                                     guard.check_redirect(from, location, async::Loop::now() + std::chrono::hours(1)));
    }
    static std::string code_of(const UrlGuard::Verdict& verdict) {
        return verdict ? "checked" : std::string(verdict.error().code.code);
    }

    async::Loop loop_;
    Names names_{{
        {"hooks.example.com.", {{{"93.184.216.34", "2606:2800:220:1::1"}, {}}}},
        {"inside.example.com.", {{{"10.1.2.3"}, {}}}},
        {"mixed.example.com.", {{{"93.184.216.34", "fd00::1"}, {}}}},
        {"turns.example.com.", {{{"93.184.216.34"}, {}}, {{"169.254.169.254"}, {}}}},
        {"translated.example.com.", {{{"64:ff9b::93.184.216.34"}, {}}}},
        {"zone.example.com.", {{{"fe80::1%eth0"}, {}}}},
        {"dev.example.com.", {{{"127.0.0.1", "::1"}, {}}}},
        {"busy.example.com.", {{{}, "no name server answered", true}}},
        {"xn--bcher-kva.example.", {{{"93.184.216.34"}, {}}}},
    }};
};

TEST_F(UrlGuardTest, GivesThePlainUrlAndTheAddressesThatItJudged) {
    const auto checked = check("https://Hooks.example.com:443/a?b");
    ASSERT_TRUE(checked) << checked.error().detail;
    EXPECT_EQ(checked->url(), "https://hooks.example.com/a?b");
    EXPECT_EQ(checked->host(), "hooks.example.com");
    EXPECT_EQ(checked->port(), 443);
    EXPECT_EQ(checked->addresses(), (Addresses{"93.184.216.34", "2606:2800:220:1::1"}));
    EXPECT_EQ(check("https://b\xC3\xBC"
                    "cher.example/")
                  ->url(),
              "https://xn--bcher-kva.example/");
    const auto literal = check("https://[2606:2800:0220:1::1]/");
    EXPECT_EQ(literal->host(), "[2606:2800:220:1::1]");
    EXPECT_EQ(literal->addresses(), Addresses{"2606:2800:220:1::1"});
    // The dot keeps the search list of resolv.conf out of it. An address is asked of nobody.
    EXPECT_EQ(names_.asked(), (Addresses{"hooks.example.com.", "xn--bcher-kva.example."}));
}

TEST_F(UrlGuardTest, EveryAddressOfANameIsJudged) {
    for (const auto* host : {"inside", "mixed", "zone", "dev"}) {
        EXPECT_EQ(code_of(check("https://"s + host + ".example.com/")), "url.no_public_address") << host;
    }
    EXPECT_EQ(code_of(check("https://translated.example.com/")), "checked");
}

TEST_F(UrlGuardTest, WhoWritesANameLearnsNothingOfOurNetwork) {
    const auto inside = check("https://inside.example.com/");
    const auto nowhere = check("https://nowhere.example.com/");
    EXPECT_EQ(inside.error().code, nowhere.error().code);
    EXPECT_EQ(inside.error().detail, "inside.example.com has no address on the public internet.");
    EXPECT_EQ(nowhere.error().detail, "nowhere.example.com has no address on the public internet.");
    EXPECT_EQ(inside.error().cause, "inside.example.com is at 10.1.2.3: private use");
    EXPECT_EQ(nowhere.error().cause, "no such host");
}

TEST_F(UrlGuardTest, WhoWritesAnAddressIsToldWhatItIs) {
    const auto metadata = check("https://0xA9FEA9FE/latest/meta-data/");
    EXPECT_EQ(code_of(metadata), "url.private_address");
    EXPECT_TRUE(metadata.error().detail.starts_with("169.254.169.254 is not on the public internet"));
    for (const auto* host : {"127.1", "[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[64:ff9b:1::808:808]",
                             "[2002:808:808::]", "[fd00:ec2::254]", "0", "localhost", "app.localhost"}) {
        EXPECT_EQ(code_of(check("https://"s + host + "/")), "url.private_address") << host;
    }
    EXPECT_TRUE(names_.asked().empty());
}

TEST_F(UrlGuardTest, ANameThatLeadsElsewhereASecondLaterIsNotUsedUnjudged) {
    const auto first = check("https://turns.example.com/");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->addresses(), Addresses{"93.184.216.34"});
    EXPECT_EQ(code_of(check("https://turns.example.com/")), "url.no_public_address");
    // What was judged is what is called, whatever the name servers say now; and no other connection of the name serves.
    EXPECT_EQ(first->addresses(), Addresses{"93.184.216.34"});
    EXPECT_TRUE(first->leads_to("93.184.216.34"));
    EXPECT_FALSE(first->leads_to("169.254.169.254"));
    EXPECT_FALSE(first->leads_to("::ffff:93.184.216.34"));
    EXPECT_FALSE(first->leads_to(""));
    EXPECT_TRUE(check("https://hooks.example.com/")->leads_to("2606:2800:0220:0001:0:0:0:1"));
}

TEST_F(UrlGuardTest, SchemesAndPortsAreThoseOfTheRules) {
    EXPECT_EQ(code_of(check("http://hooks.example.com/")), "url.scheme");
    EXPECT_EQ(code_of(check("https://hooks.example.com:8443/")), "url.port");
    EXPECT_EQ(code_of(check("https://hooks.example.com:22/")), "url.port");
    EXPECT_TRUE(names_.asked().empty()) << "refused before a name server is asked";
    const UrlRules pictures{.https_ports = {443, 8443}, .http_ports = {80}};
    EXPECT_EQ(code_of(check("http://hooks.example.com/", pictures)), "checked");
    EXPECT_EQ(code_of(check("https://hooks.example.com:8443/", pictures)), "checked");
    EXPECT_EQ(code_of(check("http://hooks.example.com:443/", pictures)), "url.port");
    EXPECT_EQ(code_of(check("http://127.0.0.1/", pictures)), "url.private_address");
}

TEST_F(UrlGuardTest, LoopbackIsAllowedWhereTheRulesSaySo) {
    const UrlRules development{.allow_loopback = true};
    const auto checked = check("http://localhost:3000/hook", development);
    ASSERT_TRUE(checked) << checked.error().detail;
    EXPECT_EQ(checked->addresses(), (Addresses{"127.0.0.1", "::1"}));
    EXPECT_EQ(code_of(check("https://[::1]:8443/", development)), "checked");
    EXPECT_EQ(code_of(check("http://dev.example.com:3000/", development)), "checked");
    // And nothing else: neither the private network, nor other ports of public hosts.
    EXPECT_EQ(code_of(check("https://10.0.0.1/", development)), "url.private_address");
    EXPECT_EQ(code_of(check("https://0.0.0.0/", development)), "url.private_address");
    EXPECT_EQ(code_of(check("https://[::ffff:127.0.0.1]/", development)), "url.private_address");
    EXPECT_EQ(code_of(check("https://inside.example.com/", development)), "url.no_public_address");
    EXPECT_EQ(code_of(check("http://hooks.example.com/", development)), "url.scheme");
    EXPECT_EQ(code_of(check("https://hooks.example.com:3000/", development)), "url.port");
}

TEST_F(UrlGuardTest, ARedirectIsJudgedLikeAnyUrl) {
    const auto from = check("https://hooks.example.com/a/b").value();
    EXPECT_EQ(follow(from, "../c#top")->url(), "https://hooks.example.com/c");
    EXPECT_EQ(follow(from, "//xn--bcher-kva.example/")->host(), "xn--bcher-kva.example");
    EXPECT_EQ(code_of(follow(from, "https://10.0.0.1/")), "url.private_address");
    EXPECT_EQ(code_of(follow(from, "//inside.example.com/")), "url.no_public_address");
    EXPECT_EQ(code_of(follow(from, "https://user@hooks.example.com/")), "url.credentials");
    EXPECT_EQ(code_of(follow(from, "https://hooks.example.com:22/")), "url.port");
    EXPECT_EQ(code_of(follow(from, "file:///etc/passwd")), "url.scheme");
    // From https to http never, even where http is called.
    EXPECT_EQ(code_of(follow(from, "http://hooks.example.com/", {.http_ports = {80}})), "url.scheme");
    // A name that was good for the first call is judged anew for the redirect.
    const auto turning = check("https://turns.example.com/").value();
    EXPECT_EQ(code_of(follow(turning, "/elsewhere")), "url.no_public_address");
}

TEST_F(UrlGuardTest, NameServersThatDoNotAnswerAreNoFaultOfTheUrl) {
    const auto busy = check("https://busy.example.com/");
    EXPECT_EQ(code_of(busy), "url.lookup_failed");
    EXPECT_TRUE(busy.error().code.retriable);
    EXPECT_EQ(busy.error().cause, "no name server answered");
}

TEST_F(UrlGuardTest, ANameServerThatKeepsSilentHoldsUpNobody) {
    std::promise<void> release;
    async::Resolver resolver(loop_, [released = release.get_future().share()](const std::string& host) {
        if (host == "silent.example.com.") released.wait();
        return Resolution{{"93.184.216.34"}, {}};
    });
    const UrlGuard guard(resolver);
    const auto soon = async::Loop::now() + std::chrono::milliseconds(40);
    std::vector<async::Task<UrlGuard::Verdict>> checks;
    for (int i = 0; i < 50; ++i) checks.push_back(guard.check("https://silent.example.com/" + std::to_string(i), soon));
    checks.push_back(guard.check("https://hooks.example.com/", async::Loop::now() + std::chrono::hours(1)));
    const auto all =
        [](std::vector<async::Task<UrlGuard::Verdict>> tasks) -> async::Task<std::vector<UrlGuard::Verdict>> {
        co_return co_await async::when_all(std::move(tasks));
    };
    const auto verdicts = async::run_until_done(loop_, all(std::move(checks)));
    for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(code_of(verdicts[i]), "url.lookup_failed") << i;
    EXPECT_EQ(code_of(verdicts.back()), "checked");
    release.set_value();
}

// Nothing but the guard makes one.
static_assert(!std::is_default_constructible_v<CheckedUrl>);
static_assert(!std::is_constructible_v<CheckedUrl, std::string, std::string, std::uint16_t, Addresses>);

}  // namespace
