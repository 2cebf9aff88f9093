// The driver against a server that answers as Pesapal does.

#include "payments/pesapal/pesapal.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "base/fake_clock.h"
#include "client/client_for_test.h"
#include "payments/pesapal/ipn.h"

namespace payments {

namespace {

using client::Answer;
using client::http_reply;
using client::ScriptedServer;
using client::TestClient;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

constexpr auto token_path = "/api/Auth/RequestToken";
constexpr auto list_path = "/api/URLSetup/GetIpnList";
constexpr auto register_path = "/api/URLSetup/RegisterIPN";
constexpr auto order_path = "/api/Transactions/SubmitOrderRequest";
constexpr auto status_path = "/api/Transactions/GetTransactionStatus";
constexpr auto cancel_path = "/api/Transactions/CancelOrder";

constexpr auto attempt_id = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01";
constexpr auto tracking_id = "b945e4af-80a5-4ec1-8706-e03f8332fb04";
constexpr auto ipn_url = "https://shop.example/v1/callbacks/pesapal/0f/ipn";
constexpr auto no_error = R"("error":{"error_type":null,"code":null,"message":null})";

struct Reply {
    int status = 200;
    std::string body = "{}";
    std::string type = "application/json";
};

std::string refusal(std::string_view code, std::string_view text = "said", std::string_view status = "500") {
    return fmt::format(R"({{"error":{{"error_type":"api_error","code":"{}","message":"{}"}},"status":"{}"}})", code,
                       text, status);
}

std::string status_of(int code, std::string_view word, std::string_view more = "") {
    return fmt::format(
        R"({{"payment_method":"MpesaKE","amount":150.00,"created_date":"2022-04-30T07:41:09.763",)"
        R"("confirmation_code":"QDU9Z4K1X2","payment_status_description":"{}","description":"said",)"
        R"("payment_account":"2547xxx678","status_code":{},"merchant_reference":"{}","currency":"KES",{},"status":"200"{}}})",
        word, code, attempt_id, no_error, more);
}

const std::string accepted_body = fmt::format(
    R"({{"order_tracking_id":"{}","merchant_reference":"{}","redirect_url":"https://pay.pesapal.com/iframe/1",)"
    R"("error":null,"status":"200"}})",
    tracking_id, attempt_id);

// Gives tokens, of which the last one alone is good, and answers each path as a test says: the last answer for good.
class Server {
public:
    Server() : server_([this](const auto& request) { return answer(request); }) {
        on(list_path,
           {{.body = fmt::format(R"([{{"url":"{}","ipn_id":"84740ab4","error":null,"status":"200"}}])", ipn_url)}});
        on(order_path, {{.body = accepted_body}});
    }

    void on(const std::string& path, std::vector<Reply> replies) {
        const std::lock_guard lock(mutex_);
        replies_[path] = std::move(replies);
    }
    void kill_token() {
        const std::lock_guard lock(mutex_);
        token_ = "none";
    }
    [[nodiscard]] std::string url() const { return server_.url(); }
    [[nodiscard]] std::vector<ScriptedServer::Request> requests(std::string_view path) const {
        auto all = server_.requests();
        std::erase_if(all, [&](const auto& request) { return !request.target.starts_with(path); });
        return all;
    }

private:
    Answer answer(const ScriptedServer::Request& request) {
        const std::lock_guard lock(mutex_);
        const auto path = request.target.substr(0, request.target.find('?'));
        const bool wants_token = path == token_path;
        if (wants_token && !replies_.contains(path)) {
            token_ = "token-" + std::to_string(++tokens_);
            return Answer().send(http_reply(
                200, fmt::format(R"({{"token":"{}","expiryDate":"2021-08-26T12:29:30.5177702Z","error":null,)"
                                 R"("status":"200","message":"Request processed successfully"}})",
                                 token_)));
        }
        if (!wants_token && request.header("authorization") != "Bearer " + token_)
            return Answer().send(http_reply(401, refusal("invalid_token", "expired", "401")));
        auto& replies = replies_[path];
        if (replies.empty()) return Answer().send(http_reply(404, "{}"));
        const auto reply = replies.front();
        if (replies.size() > 1) replies.erase(replies.begin());
        if (reply.status == 0) return Answer().close();
        return Answer().send(http_reply(reply.status, reply.body, {}, reply.type));
    }

    std::mutex mutex_;
    std::map<std::string, std::vector<Reply>> replies_;
    std::string token_ = "none";
    int tokens_ = 0;
    ScriptedServer server_;
};

class PesapalTest : public ::testing::Test {
protected:
    PesapalTest() { clock_.set(*base::parse_timestamp("2026-01-15T10:30:00Z")); }

    [[nodiscard]] static Account account(std::string credentials = {}) {
        if (credentials.empty())
            credentials = R"({"environment":"sandbox","consumerKey":"qkio1BGGYAXTu2JO","consumerSecret":"s3cr3t"})";
        return {.id = {},
                .credentials = {std::move(credentials)},
                .callback_url = "https://shop.example/v1/callbacks/pesapal/0f"};
    }
    [[nodiscard]] static StartRequest request() {
        return {.id = *base::Uuid::from_string(attempt_id),
                .amount = {15'000},
                .currency = "KES",
                .phone = "254712345678",
                .reference = "ORD-10027",
                .return_url = "https://app.example/paid"};
    }
    [[nodiscard]] AttemptRef attempt(std::string provider_id = tracking_id, std::string receipt = {}) const {
        return {.id = *base::Uuid::from_string(attempt_id),
                .provider_id = std::move(provider_id),
                .amount = {15'000},
                .currency = "KES",
                .receipt = std::move(receipt),
                .created_at = clock_.now()};
    }
    Started start() { return http_.run(pesapal_.start(account(), request(), {})); }
    Evidence query() { return http_.run(pesapal_.query(account(), attempt(), {})); }

    base::FakeClock clock_;
    Server server_;
    TestClient http_;
    Pesapal pesapal_{
        *http_.operator->(),
        {.base_url = server_.url(), .retry = {.attempts = 3, .base = 10ms, .cap = 50ms}, .clock = &clock_}};
};

TEST_F(PesapalTest, SubmitsAnOrderWithAPage) {
    const auto started = start();
    EXPECT_EQ(started.evidence.source, Source::reply);
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.provider_id, tracking_id);
    EXPECT_EQ(started.action.redirect_url, "https://pay.pesapal.com/iframe/1");
    const auto token = server_.requests(token_path).at(0);
    EXPECT_EQ(token.body, R"({"consumer_key":"qkio1BGGYAXTu2JO","consumer_secret":"s3cr3t"})");
    const auto sent = server_.requests(order_path).at(0);
    EXPECT_EQ(sent.header("authorization"), "Bearer token-1");
    EXPECT_EQ(sent.body,
              fmt::format(R"({{"id":"{}","currency":"KES","amount":150,"description":"ORD-10027",)"
                          R"("callback_url":"https://app.example/paid","cancellation_url":"https://app.example/paid",)"
                          R"("notification_id":"84740ab4","redirect_mode":"TOP_WINDOW",)"
                          R"("billing_address":{{"phone_number":"254712345678"}}}})",
                          attempt_id));
}

TEST_F(PesapalTest, OneTokenAndOneLookUpServeManyOrders) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(start().evidence.finding, Finding::accepted);
    EXPECT_THAT(server_.requests(token_path), SizeIs(1));
    EXPECT_THAT(server_.requests(list_path), SizeIs(1));
    EXPECT_THAT(server_.requests(register_path), IsEmpty());
}

TEST_F(PesapalTest, KeepsATokenWhileTheClockJumps) {
    for (const auto jump : {0h, 2h, -4h, 2h}) {
        clock_.advance(jump);
        EXPECT_EQ(start().evidence.finding, Finding::accepted);
    }
    EXPECT_THAT(server_.requests(token_path), SizeIs(1));
}

TEST_F(PesapalTest, ReplacesADeadTokenOnce) {
    EXPECT_EQ(start().evidence.finding, Finding::accepted);
    server_.kill_token();
    EXPECT_EQ(start().evidence.finding, Finding::accepted);
    EXPECT_THAT(server_.requests(token_path), SizeIs(2));
    // A new one that is not known either: it is a refusal.
    server_.on(token_path, {{.body = R"({"token":"of-nobody","status":"200"})"}});
    server_.kill_token();
    EXPECT_EQ(start().evidence.finding, Finding::refused);
    EXPECT_THAT(server_.requests(order_path), SizeIs(5));
}

TEST_F(PesapalTest, RegistersTheAddressThatIsNotInTheList) {
    server_.on(list_path, {{.body = R"([{"url":"https://elsewhere.example/ipn","ipn_id":"1"},7,{"url":null}])"}});
    server_.on(register_path,
               {{.body = fmt::format(R"({{"url":"{}","ipn_id":"9f","error":null,"status":"200"}})", ipn_url)}});
    EXPECT_EQ(http_.run(pesapal_.register_callbacks(account(), {})).finding, Finding::accepted);
    EXPECT_EQ(start().evidence.finding, Finding::accepted);
    const auto registered = server_.requests(register_path);
    ASSERT_THAT(registered, SizeIs(1));
    EXPECT_EQ(registered.at(0).body, fmt::format(R"({{"url":"{}","ipn_notification_type":"POST"}})", ipn_url));
    EXPECT_THAT(server_.requests(order_path).at(0).body, HasSubstr(R"("notification_id":"9f")"));
}

TEST_F(PesapalTest, ARefusedOrderHasTheAddressLookedUpAnew) {
    server_.on(order_path, {{.body = refusal("invalid_notification_id")}, {.body = accepted_body}});
    EXPECT_EQ(start().evidence.finding, Finding::refused);
    EXPECT_EQ(start().evidence.finding, Finding::accepted);
    EXPECT_THAT(server_.requests(list_path), SizeIs(2));
}

TEST_F(PesapalTest, WithoutTheAddressNothingIsOrdered) {
    server_.on(list_path, {{.body = "[]"}});
    server_.on(register_path, {{.body = refusal("invalid_url")}});
    EXPECT_EQ(start().evidence.finding, Finding::refused);
    server_.on(register_path, {{503, "<html></html>", "text/html"}});
    EXPECT_EQ(start().evidence.finding, Finding::not_sent);
    EXPECT_EQ(http_.run(pesapal_.register_callbacks(account(), {})).finding, Finding::not_sent);
    EXPECT_THAT(server_.requests(order_path), IsEmpty());
}

TEST_F(PesapalTest, RefusesWhatCannotBeOrderedWithoutAsking) {
    auto without_page = request();
    without_page.return_url.clear();
    EXPECT_EQ(http_.run(pesapal_.start(account(), without_page, {})).evidence.code, "return_url_missing");
    EXPECT_EQ(http_.run(pesapal_.start(account("{}"), request(), {})).evidence.code, "credentials_invalid");
    EXPECT_THAT(server_.requests("/"), IsEmpty());
}

struct OrderCase {
    const char* name;
    Reply reply;
    Finding finding;
    std::string code;
};

class PesapalOrder : public PesapalTest, public ::testing::WithParamInterface<OrderCase> {};

TEST_P(PesapalOrder, EndsAsItsAnswerSays) {
    server_.on(order_path, {GetParam().reply});
    const auto started = start();
    EXPECT_EQ(started.evidence.finding, GetParam().finding);
    EXPECT_EQ(started.evidence.code, GetParam().code);
    EXPECT_EQ(started.action.redirect_url, "");
    // Never a second time.
    EXPECT_THAT(server_.requests(order_path), SizeIs(1));
    EXPECT_NE(pesapal_.saying(started.evidence.code, "en").text, pesapal_.saying(started.evidence.code, "sw").text);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, PesapalOrder,
    ::testing::Values(
        OrderCase{"ErrorWithStatus200", {200, refusal("invalid_currency")}, Finding::refused, "invalid_currency"},
        OrderCase{"ErrorOfType",
                  {200, R"({"error":{"error_type":"api_error"},"status":"400"})"},
                  Finding::refused,
                  "api_error"},
        OrderCase{"ErrorAsText", {200, R"({"error":"no","status":"500"})"}, Finding::refused, "status_500"},
        OrderCase{
            "StatusAlone", {200, R"({"error":null,"status":"500","message":"no"})"}, Finding::refused, "status_500"},
        OrderCase{"StatusAsNumber", {200, R"({"status":400})"}, Finding::refused, "status_400"},
        OrderCase{"TooMany", {200, R"({"status":"429","message":"slower"})"}, Finding::not_sent, "status_429"},
        OrderCase{"Http400", {400, refusal("invalid_amount", "no", "400")}, Finding::refused, "invalid_amount"},
        OrderCase{"Http404", {404, "", "text/plain"}, Finding::refused, "http_404"},
        OrderCase{"Http429", {429, "", "text/plain"}, Finding::not_sent, "http_429"},
        OrderCase{"Wall", {403, "<html></html>", "text/html"}, Finding::not_sent, "http_403"},
        OrderCase{"Http503", {503, "<html></html>", "text/html"}, Finding::lost, "http_503"},
        OrderCase{"Page", {200, "<html></html>", "text/html"}, Finding::lost, "unreadable"},
        OrderCase{"NoId",
                  {200, R"({"redirect_url":"https://pay.pesapal.com/1","status":"200"})"},
                  Finding::lost,
                  "unreadable"},
        OrderCase{"NoPage", {200, R"({"order_tracking_id":"b945e4af","status":"200"})"}, Finding::lost, "unreadable"},
        OrderCase{"PageOfAnotherKind",
                  {200, R"({"order_tracking_id":"b945e4af","redirect_url":"ftp://pay.pesapal.com/1","status":"200"})"},
                  Finding::lost,
                  "unreadable"},
        OrderCase{
            "OfAnother",
            {200, R"({"order_tracking_id":"b945e4af","merchant_reference":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b99",)"
                  R"("redirect_url":"https://pay.pesapal.com/1","status":"200"})"},
            Finding::lost,
            "unreadable"},
        OrderCase{"EmptyObject", {200, "{}"}, Finding::lost, "unreadable"},
        OrderCase{"Null", {200, "null"}, Finding::lost, "unreadable"},
        OrderCase{"Empty", {200, ""}, Finding::lost, "unreadable"},
        OrderCase{"Cut", {.status = 0}, Finding::lost, "connection_lost"}),
    [](const auto& info) { return info.param.name; });

TEST_F(PesapalTest, WithoutATokenSendsNothing) {
    server_.on(token_path, {{.body = refusal("invalid_consumer_key_or_secret_provided")}});
    auto evidence = start().evidence;
    EXPECT_EQ(evidence.finding, Finding::refused);
    EXPECT_EQ(evidence.code, "no_token:invalid_consumer_key_or_secret_provided");
    EXPECT_THAT(pesapal_.saying(evidence.code, "en").text, HasSubstr("set up"));
    server_.on(token_path, {{503, "<html></html>", "text/html"}});
    evidence = start().evidence;
    EXPECT_EQ(evidence.finding, Finding::not_sent);
    EXPECT_THAT(pesapal_.saying(evidence.code, "en").text, HasSubstr("cannot be reached"));
    server_.on(token_path, {{.body = R"({"token":"a\r\nb","status":"200"})"}});
    EXPECT_EQ(start().evidence.code, "no_token:unreadable");
    server_.on(token_path, {{.body = R"({"token":null,"status":"200"})"}});
    EXPECT_EQ(start().evidence.finding, Finding::not_sent);
    EXPECT_THAT(server_.requests("/api/Transactions"), IsEmpty());
    EXPECT_THAT(server_.requests("/api/URLSetup"), IsEmpty());
}

// ---- What became of it ------------------------------------------------------------------------------------------

TEST_F(PesapalTest, APaymentHasItsReceiptAmountAndCurrency) {
    server_.on(status_path, {{.body = status_of(1, "COMPLETED")}});
    const auto evidence = query();
    EXPECT_EQ(evidence.source, Source::query);
    EXPECT_EQ(evidence.finding, Finding::paid);
    EXPECT_EQ(evidence.amount, base::Money{15'000});
    EXPECT_EQ(evidence.currency, "KES");
    EXPECT_EQ(evidence.receipt, "QDU9Z4K1X2");
    EXPECT_EQ(server_.requests(status_path).at(0).target,
              fmt::format("{}?orderTrackingId={}", status_path, tracking_id));
}

TEST_F(PesapalTest, StatusesMeanWhatTheyAre) {
    const auto with = [](std::string text, std::string_view from, std::string_view to) {
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    const auto paid = status_of(1, "COMPLETED");
    const struct {
        std::string body;
        Finding finding;
        std::string code;
    } cases[] = {
        {status_of(0, "INVALID"), Finding::processing, "INVALID"},
        {refusal("payment_details_not_found", "Pending Payment"), Finding::processing, "payment_details_not_found"},
        {status_of(2, "FAILED"), Finding::declined, "FAILED"},
        {status_of(2, "Failed"), Finding::declined, "FAILED"},
        {status_of(3, "REVERSED"), Finding::declined, "REVERSED"},  // of a payment that nobody heard of
        {with(paid, R"("status_code":1)", R"("status_code":"1")"), Finding::paid, "COMPLETED"},
        {with(paid, R"("status_code":1,)", ""), Finding::paid, "COMPLETED"},
        {with(paid, R"("payment_status_description":"COMPLETED",)", ""), Finding::paid, "COMPLETED"},
        {with(paid, "150.00", "150"), Finding::paid, "COMPLETED"},
        {with(paid, "150.00", R"("150.0")"), Finding::paid, "COMPLETED"},
        {with(paid, "COMPLETED", "FAILED"), Finding::lost, "unreadable"},
        {with(paid, R"("status_code":1)", R"("status_code":7)"), Finding::lost, "unreadable"},
        {with(paid, "150.00", "-150.00"), Finding::lost, "unreadable"},
        {with(paid, "150.00", "0"), Finding::lost, "unreadable"},
        {with(paid, "150.00", "null"), Finding::lost, "unreadable"},
        {with(paid, "150.00", "1.5e2"), Finding::paid, "COMPLETED"},
        {with(paid, "150.00", "150.001"), Finding::lost, "unreadable"},
        {with(paid, R"("QDU9Z4K1X2")", "null"), Finding::lost, "unreadable"},
        {with(paid, R"("QDU9Z4K1X2")", R"("")"), Finding::lost, "unreadable"},
        {with(paid, R"("KES")", R"("XXX")"), Finding::lost, "unreadable"},
        {with(paid, attempt_id, "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b99"), Finding::lost, "other_attempt"},
        {with(paid, attempt_id, ""), Finding::lost, "unreadable"},
        {refusal("internal_server_error"), Finding::lost, "internal_server_error"},
        {"{}", Finding::lost, "unreadable"},
        {"null", Finding::lost, "unreadable"},
        {"[]", Finding::lost, "unreadable"},
        {"", Finding::lost, "unreadable"},
        {"<html></html>", Finding::lost, "unreadable"},
    };
    const Attempt pending{.state = State::pending, .amount = {15'000}, .currency = "KES"};
    for (const auto& one : cases) {
        server_.on(status_path, {{.body = one.body}});
        const auto evidence = query();
        EXPECT_EQ(evidence.finding, one.finding) << one.body;
        EXPECT_EQ(evidence.code, one.code) << one.body;
        EXPECT_EQ(decide(pending, evidence).credits, one.finding == Finding::paid) << one.body;
    }
}

TEST_F(PesapalTest, AnotherAmountOrCurrencyCreditsNothing) {
    server_.on(status_path, {{.body = status_of(1, "COMPLETED")}});
    const auto evidence = query();
    EXPECT_EQ(decide({.state = State::pending, .amount = {20'000}, .currency = "KES"}, evidence).concern,
              "amount_differs");
    EXPECT_EQ(decide({.state = State::pending, .amount = {15'000}, .currency = "USD"}, evidence).concern,
              "currency_differs");
}

TEST_F(PesapalTest, AReversalTakesAPaymentBack) {
    server_.on(status_path, {{.body = status_of(3, "REVERSED")}});
    const auto evidence = http_.run(pesapal_.query(account(), attempt(tracking_id, "QDU9Z4K1X2"), {}));
    EXPECT_EQ(evidence.finding, Finding::refunded);
    const auto decision =
        decide({.state = State::succeeded, .amount = {15'000}, .currency = "KES", .receipt = "QDU9Z4K1X2"}, evidence);
    EXPECT_EQ(decision.next, State::refunded);
}

TEST_F(PesapalTest, LearnsNothingOfAQueryThatFails) {
    for (const auto& reply :
         {Reply{503, "<html></html>", "text/html"}, Reply{429, ""}, Reply{404, "{}"}, Reply{.status = 0}}) {
        server_.on(status_path, {reply});
        EXPECT_EQ(query().finding, Finding::lost) << reply.status;
    }
}

TEST_F(PesapalTest, WhatNobodyWasShownHasFailedAfterAnHour) {
    const auto lost = attempt("");
    EXPECT_EQ(http_.run(pesapal_.query(account(), lost, {})).code, "no_tracking_id");
    clock_.advance(61min);
    const auto evidence = http_.run(pesapal_.query(account(), lost, {}));
    EXPECT_EQ(evidence.finding, Finding::declined);
    EXPECT_EQ(evidence.code, "never_shown");
    EXPECT_THAT(server_.requests(status_path), IsEmpty());
}

TEST_F(PesapalTest, CallsAnOrderOffOrSaysWhatItIs) {
    const auto cancel = [&] { return http_.run(pesapal_.cancel(account(), attempt(), {})); };
    server_.on(cancel_path, {{.body = R"({"status":"200","message":"Order successfully cancelled."})"}});
    EXPECT_EQ(cancel().finding, Finding::cancelled);
    EXPECT_EQ(server_.requests(cancel_path).at(0).body, fmt::format(R"({{"order_tracking_id":"{}"}})", tracking_id));
    server_.on(cancel_path, {{.body = R"({"status":"500","message":"Order was paid"})"}});
    server_.on(status_path, {{.body = status_of(1, "COMPLETED")}});
    EXPECT_EQ(cancel().finding, Finding::paid);
    server_.on(status_path, {{.body = refusal("payment_details_not_found", "Pending Payment")}});
    EXPECT_EQ(cancel().finding, Finding::processing);
}

TEST_F(PesapalTest, OffersNoMore) {
    EXPECT_EQ(http_.run(pesapal_.refund(account(), {}, {})).outcome, Refunded::Outcome::refused);
    EXPECT_FALSE(http_.run(pesapal_.pull(account(), clock_.now(), {})).whole);
}

// ---- Notifications ----------------------------------------------------------------------------------------------

std::string notification(std::string_view id = tracking_id, std::string_view reference = attempt_id) {
    return fmt::format(
        R"({{"OrderNotificationType":"IPNCHANGE","OrderTrackingId":"{}","OrderMerchantReference":"{}"}})", id,
        reference);
}

TEST(PesapalIpn, SaysThatSomethingHappenedAndNoMore) {
    const auto verified = pesapal::read_ipn(notification());
    ASSERT_THAT(verified.claims, SizeIs(1));
    const auto& claim = verified.claims.front();
    EXPECT_EQ(claim.attempt, base::Uuid::from_string(attempt_id));
    EXPECT_EQ(claim.evidence.provider_id, tracking_id);
    EXPECT_TRUE(claim.is_hint);
    for (const auto state : {State::created, State::sent, State::pending, State::unknown, State::failed}) {
        const auto decision = decide({.state = state, .amount = {15'000}, .currency = "KES"}, claim.evidence);
        EXPECT_FALSE(decision.credits);
        EXPECT_TRUE(decision.ask);
    }
    EXPECT_EQ(verified.reply, fmt::format(R"({{"orderNotificationType":"IPNCHANGE","orderTrackingId":"{}",)"
                                          R"("orderMerchantReference":"{}","status":200}})",
                                          tracking_id, attempt_id));
}

TEST(PesapalIpn, WhatIsNotUnderstoodClaimsNothing) {
    const std::string others[] = {
        "",
        "{}",
        "null",
        "[]",
        "<html>",
        "\xff\xfe",
        std::string(1'000, '['),
        notification(""),
        notification("a b"),
        notification(std::string(65, 'a')),
        R"({"OrderTrackingId":7.5})",
    };
    for (const auto& bytes : others) {
        const auto verified = pesapal::read_ipn(bytes);
        EXPECT_THAT(verified.claims, IsEmpty()) << bytes;
        EXPECT_THAT(verified.reply, HasSubstr(R"("status":200)")) << bytes;
    }
    // An order of somebody else's shop: no id of ours.
    EXPECT_FALSE(pesapal::read_ipn(notification(tracking_id, "ORD-7")).claims.front().attempt);
}

TEST_F(PesapalTest, KnowsOneKindOfCallback) {
    const auto verify = [&](std::string_view kind) {
        return pesapal_.verify_callback(account(), kind, notification(), {}, clock_.now());
    };
    EXPECT_TRUE(verify("ipn"));
    EXPECT_EQ(verify("events").error().status, 404);
}

// ---- What is shown -----------------------------------------------------------------------------------------------

TEST_F(PesapalTest, ShowsOfCredentialsTheEndsOfAKey) {
    EXPECT_EQ(pesapal_.shown(account().credentials), "qkio…u2JO");
    EXPECT_EQ(pesapal_.shown({"{}"}), "");
    const auto canonical = pesapal_.read_credentials(account().credentials.text)->text;
    EXPECT_EQ(pesapal_.read_credentials(canonical)->text, canonical);
    EXPECT_FALSE(pesapal_.read_credentials(R"({"environment":"production"})"));
    EXPECT_FALSE(pesapal_.read_credentials(R"({"environment":"live","consumerKey":"","consumerSecret":"s"})"));
}

TEST_F(PesapalTest, LogsNoSecret) {
    server_.on(order_path, {{.status = 0}});
    start();
    for (const auto* const secret : {"s3cr3t", "token-1", "254712345678"})
        EXPECT_THAT(http_.logged(), Not(HasSubstr(secret)));
}

TEST_F(PesapalTest, TellsTheCounterWhatToDo) {
    for (const auto* const code : {"COMPLETED", "INVALID", "FAILED", "REVERSED", "never_shown", "return_url_missing",
                                   "http_502", "timeout", "connect", "no_token:timeout", "whatever"}) {
        EXPECT_NE(pesapal_.saying(code, "en").text, "") << code;
        EXPECT_NE(pesapal_.saying(code, "en").text, pesapal_.saying(code, "sw").text) << code;
    }
    EXPECT_FALSE(pesapal_.saying("timeout", "en").may_try_again);
    EXPECT_THAT(pesapal_.saying("no_token:timeout", "en").text, HasSubstr("cannot be reached"));
}

}  // namespace

}  // namespace payments
