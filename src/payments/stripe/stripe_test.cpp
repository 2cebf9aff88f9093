// Stripe's API by a real server that answers as it does: what is sent, what each answer means, and that nothing is sent twice by mistake.

#include "payments/stripe/stripe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "client/client_for_test.h"

namespace payments {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;
using ::testing::ScriptedServer;

const base::Uuid attempt_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const base::Uuid refund_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b02");
// When both were made: 2025-07-09T16:31:57.662Z.
const base::Timestamp made_at{std::chrono::milliseconds(0x0197f0c27a5e)};

constexpr std::string_view secret_of_intent = "pi_1_secret_FLr8tVqE";

std::string intent_json(std::string_view status, std::string_view more = {}) {
    return fmt::format(
        R"({{"id":"pi_1","object":"payment_intent","amount":15000,"amount_received":{},"currency":"kes","status":"{}",)"
        R"("client_secret":"{}","livemode":false,"metadata":{{"attempt_id":"{}"}}{}}})",
        status == "succeeded" ? 15000 : 0, status, secret_of_intent, attempt_id.to_string(), more);
}

const std::string charge_json =
    R"(,"latest_charge":{"id":"ch_1","object":"charge","status":"succeeded","paid":true,"captured":true,"created":1752078800})";

std::string session_json(std::string_view status, std::string_view payment_status, std::string_view intent = "null") {
    return fmt::format(
        R"({{"id":"cs_test_1","object":"checkout.session","url":"https://checkout.stripe.com/c/pay/cs_test_1",)"
        R"("status":"{}","payment_status":"{}","payment_intent":{},"amount_total":15000,"currency":"kes",)"
        R"("client_reference_id":"{}","metadata":{{}}}})",
        status, payment_status, intent, attempt_id.to_string());
}

std::string error_json(std::string_view members) { return fmt::format(R"({{"error":{{{}}}}})", members); }

// Answers by "METHOD /path" without its query, the last one again and again; anything else is 404.
class FakeStripe {
public:
    void on(const std::string& what, std::vector<Answer> answers) { script_[what] = {answers.begin(), answers.end()}; }
    void on(const std::string& what, int status, std::string_view body, std::string_view headers = {}) {
        on(what, {Answer().send(http_reply(status, body, headers))});
    }
    [[nodiscard]] ScriptedServer& server() { return server_; }
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> all;
        for (const auto& request : server_.requests()) all.push_back(request.method + " " + path_of(request.target));
        return all;
    }
    [[nodiscard]] std::vector<std::string> keys() const {
        std::vector<std::string> all;
        for (const auto& request : server_.requests()) all.push_back(request.header("idempotency-key"));
        return all;
    }

private:
    static std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }
    Answer answer(const ScriptedServer::Request& request) {
        const std::lock_guard lock(mutex_);
        auto& left = script_[request.method + " " + path_of(request.target)];
        if (left.empty())
            return Answer().send(
                http_reply(404, error_json(R"("type":"invalid_request_error","code":"resource_missing")")));
        auto next = left.front();
        if (left.size() > 1) left.pop_front();
        return next;
    }

    std::mutex mutex_;
    std::map<std::string, std::deque<Answer>> script_;
    ScriptedServer server_{[this](const auto& request) { return answer(request); }};
};

std::map<std::string, std::string> form_of(const ScriptedServer::Request& request) {
    std::map<std::string, std::string> fields;
    for (const auto part : base::split(request.body, '&')) {
        const auto equals = part.find('=');
        fields[base::form_decode(part.substr(0, equals)).value_or("?")] =
            base::form_decode(part.substr(equals + 1)).value_or("?");
    }
    return fields;
}

Account account() {
    return {
        .id = base::Uuid::nil(),
        .credentials = {R"({"secretKey":"sk_test_51HabcdefghijklmnopqrstuvWXYZ4Fq2","webhookSecrets":["whsec_a"]})"}};
}

StartRequest request(std::string return_url = {}) {
    return {.id = attempt_id,
            .amount = base::Money{15000},
            .currency = "KES",
            .reference = "INV-1027",
            .description = "Sukari & chai",
            .return_url = std::move(return_url),
            .created_at = made_at};
}

AttemptRef attempt(std::string provider_id = "pi_1", std::string second_id = {}) {
    return {.id = attempt_id,
            .provider_id = std::move(provider_id),
            .second_id = std::move(second_id),
            .amount = base::Money{15000},
            .currency = "KES",
            .created_at = made_at};
}

class StripeTest : public ::testing::Test {
protected:
    client::TestClient http;
    FakeStripe fake;
    base::FakeClock clock{made_at + 1min};
    Stripe stripe = stripe_at(fake.server().url());

    Stripe stripe_at(std::string url) {
        return {*http.operator->(),
                http.loop(),
                {.base_url = std::move(url), .retry = {.attempts = 3, .base = 1ms, .cap = 50ms}, .clock = &clock}};
    }
    Started start(StartRequest what = request()) {
        return http.run(stripe.start(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Evidence query(AttemptRef what = attempt()) {
        return http.run(stripe.query(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Evidence cancel(AttemptRef what = attempt()) {
        return http.run(stripe.cancel(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Refunded refund(base::Money amount = base::Money{6000}, AttemptRef what = attempt()) {
        return http.run(stripe.refund(
            account(),
            {.attempt = std::move(what), .id = refund_id, .amount = amount, .reason = "broken", .created_at = made_at},
            {.deadline = async::Loop::now() + 20s}));
    }
};

// ---- Starting ---------------------------------------------------------------------------------------------------

TEST_F(StripeTest, AStartWithoutAPageMakesAPaymentIntent) {
    fake.on("POST /v1/payment_intents", 200, intent_json("requires_payment_method"));
    const auto started = start();
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.source, Source::reply);
    EXPECT_EQ(started.evidence.provider_id, "pi_1");
    EXPECT_EQ(started.action.client_secret, secret_of_intent);
    EXPECT_EQ(started.action.redirect_url, "");
    ASSERT_EQ(fake.server().request_count(), 1U);
    const auto sent = fake.server().requests().front();
    EXPECT_EQ(sent.header("authorization"), "Bearer sk_test_51HabcdefghijklmnopqrstuvWXYZ4Fq2");
    EXPECT_EQ(sent.header("stripe-version"), "2026-07-29.dahlia");
    EXPECT_EQ(sent.header("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(sent.header("idempotency-key"), attempt_id.to_string());
    EXPECT_THAT(form_of(sent), ElementsAre(Pair("amount", "15000"), Pair("automatic_payment_methods[enabled]", "true"),
                                           Pair("currency", "kes"), Pair("description", "Sukari & chai"),
                                           Pair("metadata[attempt_id]", attempt_id.to_string()),
                                           Pair("metadata[reference]", "INV-1027")));
}

TEST_F(StripeTest, AStartWithAPageMakesACheckoutSessionThatEnds) {
    fake.on("POST /v1/checkout/sessions", 200, session_json("open", "unpaid"));
    const auto started = start(request("https://app.example/paid?order=7"));
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.provider_id, "");
    EXPECT_EQ(started.evidence.second_id, "cs_test_1");
    EXPECT_EQ(started.action.redirect_url, "https://checkout.stripe.com/c/pay/cs_test_1");
    EXPECT_EQ(started.action.client_secret, "");
    const auto fields = form_of(fake.server().requests().front());
    const auto ends = std::chrono::floor<std::chrono::seconds>(made_at + 1h).time_since_epoch().count();
    const std::map<std::string, std::string> expected{
        {"mode", "payment"},
        {"success_url", "https://app.example/paid?order=7"},
        {"cancel_url", "https://app.example/paid?order=7"},
        {"client_reference_id", attempt_id.to_string()},
        {"line_items[0][quantity]", "1"},
        {"line_items[0][price_data][currency]", "kes"},
        {"line_items[0][price_data][unit_amount]", "15000"},
        {"line_items[0][price_data][product_data][name]", "Sukari & chai"},
        {"metadata[attempt_id]", attempt_id.to_string()},
        {"metadata[reference]", "INV-1027"},
        {"payment_intent_data[description]", "Sukari & chai"},
        {"payment_intent_data[metadata][attempt_id]", attempt_id.to_string()},
        {"payment_intent_data[metadata][reference]", "INV-1027"},
        {"expires_at", std::to_string(ends)}};
    EXPECT_EQ(fields, expected);
}

TEST_F(StripeTest, ARepeatedStartSendsTheSameBytesUnderTheSameKey) {
    fake.on("POST /v1/checkout/sessions",
            {Answer().close(), Answer().send(http_reply(500, error_json(R"("type":"api_error")"))),
             Answer().send(http_reply(200, session_json("open", "unpaid"), "Idempotent-Replayed: true\r\n"))});
    EXPECT_EQ(start(request("https://app.example/")).evidence.finding, Finding::accepted);
    clock.advance(20min);
    EXPECT_EQ(start(request("https://app.example/")).evidence.finding, Finding::accepted);
    const auto requests = fake.server().requests();
    ASSERT_EQ(requests.size(), 4U);
    for (const auto& one : requests) {
        EXPECT_EQ(one.body, requests.front().body);
        EXPECT_EQ(one.header("idempotency-key"), attempt_id.to_string());
    }
}

TEST_F(StripeTest, EachErrorOfAStartIsClassified) {
    const struct {
        int status;
        std::string body;
        std::string_view headers;
        Finding finding;
        std::string_view code;
        std::size_t requests;
    } cases[] = {
        {402,
         error_json(
             R"("type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Your card has insufficient funds.")"),
         "", Finding::declined, "insufficient_funds", 1},
        {402, error_json(R"("type":"card_error","code":"expired_card","message":"Your card has expired.")"), "",
         Finding::declined, "expired_card", 1},
        {400, error_json(R"("type":"invalid_request_error","code":"amount_too_small","param":"amount")"), "",
         Finding::refused, "amount_too_small", 1},
        {404, error_json(R"("type":"invalid_request_error","code":"resource_missing")"), "", Finding::refused,
         "resource_missing", 1},
        // Something was made under this key, with other parameters.
        {400, error_json(R"("type":"idempotency_error")"), "", Finding::lost, "idempotency_error", 1},
        {409, error_json(R"("type":"idempotency_error","code":"idempotency_key_in_use")"), "", Finding::lost,
         "idempotency_key_in_use", 3},
        {401, error_json(R"("type":"invalid_request_error","message":"Invalid API Key provided: sk_test_****4Fq2")"),
         "", Finding::refused, "authentication_error", 1},
        {401, error_json(R"("type":"invalid_request_error","code":"api_key_expired")"), "", Finding::refused,
         "api_key_expired", 1},
        {403, error_json(R"("type":"invalid_request_error")"), "", Finding::refused, "permission_error", 1},
        {429, error_json(R"("type":"invalid_request_error","code":"rate_limit")"), "", Finding::not_sent, "rate_limit",
         3},
        {429, error_json(R"("type":"invalid_request_error","code":"lock_timeout")"), "Stripe-Should-Retry: false\r\n",
         Finding::not_sent, "lock_timeout", 1},
        {424, error_json(R"("type":"api_error")"), "", Finding::lost, "api_error", 1},
        {500, error_json(R"("type":"api_error")"), "", Finding::lost, "api_error", 3},
        {503, error_json(R"("type":"api_error")"), "Stripe-Should-Retry: false\r\n", Finding::lost, "api_error", 1},
        {400, error_json(R"("type":"invalid_request_error","code":"parameter_invalid")"),
         "Stripe-Should-Retry: true\r\n", Finding::refused, "parameter_invalid", 3},
        // Not Stripe's words: somebody on the way, who may have passed the request on.
        {502, "<html>Bad gateway</html>", "", Finding::lost, "http_502", 3},
        {403, "<html>Request unsuccessful</html>", "", Finding::lost, "http_403", 1},
        {400, "{}", "", Finding::lost, "http_400", 1},
        {400, R"({"error":null})", "", Finding::lost, "http_400", 1},
        {400, R"({"error":{"type":7}})", "", Finding::lost, "http_400", 1},
        {302, "", "Location: https://elsewhere.example/\r\n", Finding::lost, "http_302", 1},
        // A reply that is no payment intent says nothing of what became of it.
        {200, "<html>Welcome</html>", "", Finding::lost, "unreadable", 1},
        {200, "{}", "", Finding::lost, "unreadable", 1},
        {200, "", "", Finding::lost, "unreadable", 1},
        {200, R"({"id":"pi_1/../x","client_secret":"s"})", "", Finding::lost, "unreadable", 1},
        {200, R"({"id":"pi_1"})", "", Finding::lost, "unreadable", 1},
    };
    for (const auto& one : cases) {
        FakeStripe server;
        server.on("POST /v1/payment_intents", one.status, one.body, one.headers);
        auto driver = stripe_at(server.server().url());
        const auto started = http.run(driver.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
        EXPECT_EQ(started.evidence.finding, one.finding) << one.status << " " << one.body;
        EXPECT_EQ(started.evidence.code, one.code) << one.status << " " << one.body;
        EXPECT_EQ(started.evidence.source, Source::reply);
        EXPECT_EQ(started.action.client_secret, "");
        EXPECT_EQ(server.server().request_count(), one.requests) << one.status << " " << one.body;
    }
}

TEST_F(StripeTest, ADeclinedCardHasTheMessageForItsHolder) {
    fake.on("POST /v1/payment_intents", 402,
            error_json(R"("type":"card_error","code":"card_declined","message":"Your card was declined.")"));
    EXPECT_EQ(start().evidence.text, "Your card was declined.");
}

TEST_F(StripeTest, WithoutAnAnswerItIsLostAndWithoutAServerNotSent) {
    fake.on("POST /v1/payment_intents", {Answer().close()});
    EXPECT_EQ(start().evidence.finding, Finding::lost);
    EXPECT_EQ(fake.server().request_count(), 3U);
    auto nowhere = stripe_at(client::closed_url());
    const auto started = http.run(nowhere.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
    EXPECT_EQ(started.evidence.finding, Finding::not_sent);
    EXPECT_EQ(started.evidence.code, "connect");
}

// What a later try says of itself does not undo an earlier one.
TEST_F(StripeTest, ATryThatWasLostStaysLostWhateverTheNextOneMeets) {
    const std::string too_many = error_json(R"("type":"invalid_request_error","code":"rate_limit")");
    const std::string wrong_key = error_json(R"("type":"invalid_request_error","code":"api_key_expired")");
    const std::string invalid = error_json(R"("type":"invalid_request_error","code":"amount_too_small")");
    const struct {
        int status;
        std::string body;
        Finding finding;
    } cases[] = {{429, too_many, Finding::lost}, {401, wrong_key, Finding::lost}, {400, invalid, Finding::refused}};
    for (const auto& one : cases) {
        FakeStripe server;
        server.on("POST /v1/payment_intents", {Answer().close(), Answer().send(http_reply(one.status, one.body))});
        auto driver = stripe_at(server.server().url());
        const auto started = http.run(driver.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
        EXPECT_EQ(started.evidence.finding, one.finding) << one.status;
    }
}

// A kept connection that dies under a POST: the request may have come through, and the key is for that.
TEST_F(StripeTest, AKeptConnectionThatDiesIsALostTry) {
    fake.on("POST /v1/payment_intents",
            {Answer().send(http_reply(200, intent_json("requires_payment_method"))), Answer().close(),
             Answer().send(http_reply(429, error_json(R"("type":"invalid_request_error","code":"rate_limit")")))});
    EXPECT_EQ(start().evidence.finding, Finding::accepted);
    EXPECT_EQ(start().evidence.finding, Finding::lost);
    EXPECT_EQ(fake.server().request_count(), 4U);
}

TEST_F(StripeTest, ADeadlineEndsTheTries) {
    fake.on("POST /v1/payment_intents", {Answer().hold()});
    const auto started = http.run(stripe.start(account(), request(), {.deadline = async::Loop::now() + 200ms}));
    EXPECT_EQ(started.evidence.finding, Finding::lost);
    EXPECT_EQ(fake.server().request_count(), 1U);
}

TEST_F(StripeTest, WhatStripeCannotSayIsNotSent) {
    auto what = request();
    what.currency = "XAU";
    EXPECT_EQ(start(what).evidence.code, "amount_not_taken");
    what = request();
    what.amount = base::Money{100'000'000};
    EXPECT_EQ(start(what).evidence.finding, Finding::refused);
    what.amount = base::Money{0};
    EXPECT_EQ(start(what).evidence.finding, Finding::refused);
    Account broken = account();
    broken.credentials = {"{}"};
    EXPECT_EQ(http.run(stripe.start(broken, request(), {})).evidence.code, "credentials");
    EXPECT_EQ(http.run(stripe.query(broken, attempt(), {})).finding, Finding::lost);
    EXPECT_EQ(http.run(stripe.refund(broken, {}, {})).outcome, Refunded::Outcome::refused);
    EXPECT_EQ(fake.server().request_count(), 0U);
}

TEST_F(StripeTest, NoSecretIsInTheLog) {
    fake.on("POST /v1/payment_intents",
            {Answer().send(http_reply(200, intent_json("requires_payment_method"))),
             Answer().send(http_reply(402, error_json(R"("type":"card_error","payment_intent":)" + intent_json("x")))),
             Answer().send(http_reply(200, "[" + intent_json("requires_payment_method") + "]")),
             Answer().send(http_reply(500, intent_json("requires_payment_method"), "", "text/html"))});
    for (int i = 0; i < 4; ++i) {
        const auto started = start();
        EXPECT_THAT(started.evidence.text, Not(HasSubstr("_secret_")));
        EXPECT_THAT(started.evidence.code, Not(HasSubstr("_secret_")));
    }
    fake.on("GET /v1/payment_intents/pi_1", 200, intent_json("requires_action"));
    static_cast<void>(query());
    EXPECT_THAT(http.logged(), HasSubstr("stripe"));
    for (const auto* const secret : {"_secret_", "51Habc", "whsec_", "4Fq2"})
        EXPECT_THAT(http.logged(), Not(HasSubstr(secret)));
}

// ---- Asking -----------------------------------------------------------------------------------------------------

TEST_F(StripeTest, EachStatusOfAPaymentIntentMeansSomething) {
    const std::string declined =
        R"(,"last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor","message":"Your card was declined."})";
    const struct {
        std::string body;
        Finding finding;
        std::string_view code;
    } cases[] = {
        {intent_json("succeeded", charge_json), Finding::paid, "succeeded"},
        {intent_json("succeeded", charge_json + declined), Finding::paid, "succeeded"},
        {intent_json("succeeded", R"(,"latest_charge":"ch_1")"), Finding::paid, "succeeded"},
        {intent_json("processing"), Finding::processing, "processing"},
        {intent_json("requires_action"), Finding::processing, "requires_action"},
        {intent_json("requires_confirmation"), Finding::processing, "requires_confirmation"},
        {intent_json("requires_capture", charge_json), Finding::processing, "requires_capture"},
        {intent_json("requires_payment_method"), Finding::processing, "requires_payment_method"},
        // Another card may follow.
        {intent_json("requires_payment_method", declined), Finding::processing, "do_not_honor"},
        {intent_json("canceled", R"(,"cancellation_reason":"requested_by_customer")"), Finding::cancelled,
         "requested_by_customer"},
        {intent_json("canceled", R"(,"cancellation_reason":"automatic")"), Finding::timed_out, "automatic"},
        {intent_json("canceled", R"(,"cancellation_reason":null)"), Finding::cancelled, "canceled"},
        {intent_json("something_new"), Finding::processing, "something_new"},
        // No success without what proves it.
        {intent_json("succeeded"), Finding::lost, "unreadable"},
        {R"({"id":"pi_1","status":"succeeded"})", Finding::lost, "unreadable"},
        {R"({"id":"pi_1","status":"succeeded","latest_charge":"ch_1","currency":"kes"})", Finding::lost, "unreadable"},
        {R"({"id":"pi_2","status":"succeeded"})", Finding::lost, "unreadable"},
        {R"({"id":"pi_1","status":{}})", Finding::lost, "unreadable"},
        {"[]", Finding::lost, "unreadable"},
        {"null", Finding::lost, "unreadable"},
        {"", Finding::lost, "unreadable"},
    };
    for (const auto& one : cases) {
        fake.on("GET /v1/payment_intents/pi_1", 200, one.body);
        const auto evidence = query();
        EXPECT_EQ(evidence.finding, one.finding) << one.body;
        EXPECT_EQ(evidence.code, one.code) << one.body;
        EXPECT_EQ(evidence.source, Source::query);
        if (one.finding == Finding::paid) {
            EXPECT_EQ(evidence.amount, base::Money{15000});
            EXPECT_EQ(evidence.currency, "KES");
            EXPECT_EQ(evidence.receipt, "ch_1");
        }
    }
    EXPECT_THAT(fake.server().requests().front().target, HasSubstr("?expand%5B%5D=latest_charge"));
}

TEST_F(StripeTest, EachStatusOfASessionMeansSomething) {
    const auto failed =
        intent_json("requires_payment_method", R"(,"last_payment_error":{"type":"card_error","code":"card_declined"})");
    const struct {
        std::string body;
        Finding finding;
    } cases[] = {
        {session_json("open", "unpaid"), Finding::processing},
        {session_json("open", "unpaid", failed), Finding::processing},
        {session_json("complete", "paid", intent_json("succeeded", charge_json)), Finding::paid},
        {session_json("complete", "unpaid", intent_json("processing")), Finding::processing},
        {session_json("complete", "unpaid", failed), Finding::declined},
        {session_json("expired", "unpaid"), Finding::timed_out},
        {session_json("expired", "unpaid", intent_json("canceled")), Finding::timed_out},
        // The payment intent has the last word.
        {session_json("expired", "paid", intent_json("succeeded", charge_json)), Finding::paid},
        {session_json("complete", "paid"), Finding::processing},
        {session_json("complete", "paid", intent_json("processing")), Finding::processing},
        {session_json("", ""), Finding::lost},
    };
    for (const auto& one : cases) {
        fake.on("GET /v1/checkout/sessions/cs_test_1", 200, one.body);
        const auto evidence = query(attempt("", "cs_test_1"));
        EXPECT_EQ(evidence.finding, one.finding) << one.body;
        if (one.finding != Finding::lost) EXPECT_EQ(evidence.second_id, "cs_test_1");
    }
}

TEST_F(StripeTest, ASessionThatGivesAnIdAloneIsFollowed) {
    fake.on("GET /v1/checkout/sessions/cs_test_1", 200, session_json("complete", "paid", "\"pi_1\""));
    fake.on("GET /v1/payment_intents/pi_1", 200, intent_json("succeeded", charge_json));
    const auto evidence = query(attempt("", "cs_test_1"));
    EXPECT_EQ(evidence.finding, Finding::paid);
    EXPECT_EQ(evidence.provider_id, "pi_1");
    EXPECT_EQ(evidence.second_id, "cs_test_1");
    EXPECT_EQ(evidence.receipt, "ch_1");
}

TEST_F(StripeTest, TheMoneyOfAnotherAttemptProvesNothing) {
    auto other = attempt();
    other.id = refund_id;
    fake.on("GET /v1/payment_intents/pi_1", 200, intent_json("succeeded", charge_json));
    fake.on("GET /v1/checkout/sessions/cs_test_1", 200,
            session_json("complete", "paid", intent_json("succeeded", charge_json)));
    EXPECT_EQ(query(other).finding, Finding::lost);
    EXPECT_EQ(query(other).code, "other_attempt");
    other.second_id = "cs_test_1";
    EXPECT_EQ(query(other).code, "other_attempt");
}

TEST_F(StripeTest, AQuestionWithoutAnAnswerChangesNothing) {
    for (const int status : {400, 401, 403, 404, 409, 429, 500}) {
        fake.on("GET /v1/payment_intents/pi_1", status, error_json(R"("type":"invalid_request_error")"));
        EXPECT_EQ(query().finding, Finding::lost) << status;
    }
    fake.on("GET /v1/payment_intents/pi_1", {Answer().close()});
    EXPECT_EQ(query().finding, Finding::lost);
    // Ids that were never Stripe's lead to no path.
    EXPECT_EQ(query(attempt("pi_1/../../v1/balance")).finding, Finding::lost);
    for (const auto& asked : fake.asked()) EXPECT_THAT(asked, Not(HasSubstr("balance")));
}

TEST_F(StripeTest, ALostStartIsFoundByItsMetadataAndNeverSentAgain) {
    clock.set(made_at + 30h);
    const std::string other = R"({"id":"pi_9","status":"succeeded","metadata":{"attempt_id":"x"}})";
    fake.on("GET /v1/payment_intents/search", 200,
            fmt::format(R"({{"object":"search_result","data":[{},{}],"has_more":false}})", other,
                        intent_json("succeeded", charge_json)));
    const auto evidence = query(attempt(""));
    EXPECT_EQ(evidence.finding, Finding::paid);
    EXPECT_EQ(evidence.provider_id, "pi_1");
    ASSERT_THAT(fake.asked(), ElementsAre("GET /v1/payment_intents/search"));
    const auto target = base::form_decode(fake.server().requests().front().target);
    EXPECT_THAT(*target, HasSubstr("query=metadata['attempt_id']:'" + attempt_id.to_string() + "'"));
}

TEST_F(StripeTest, ALostSessionIsFoundInTheList) {
    fake.on("GET /v1/payment_intents/search", 200, R"({"data":[],"has_more":false})");
    const std::string stranger = R"({"id":"cs_test_0","client_reference_id":"7","metadata":{}})";
    fake.on(
        "GET /v1/checkout/sessions",
        {Answer().send(http_reply(200, R"({"data":[)" + stranger + R"(],"has_more":true})")),
         Answer().send(http_reply(200, R"({"data":[)" + session_json("open", "unpaid") + R"(],"has_more":true})"))});
    fake.on("GET /v1/checkout/sessions/cs_test_1", 200, session_json("open", "unpaid"));
    const auto evidence = query(attempt(""));
    EXPECT_EQ(evidence.finding, Finding::processing);
    EXPECT_EQ(evidence.second_id, "cs_test_1");
    EXPECT_THAT(fake.server().requests()[2].target, HasSubstr("starting_after=cs_test_0"));
}

TEST_F(StripeTest, WhereNothingCanBeSearchedTheListOfPaymentIntentsIsRead) {
    fake.on("GET /v1/payment_intents/search", 400, error_json(R"("type":"invalid_request_error")"));
    fake.on("GET /v1/checkout/sessions", 200, R"({"data":[],"has_more":false})");
    fake.on("GET /v1/payment_intents", 200,
            R"({"data":[)" + intent_json("requires_payment_method") + R"(],"has_more":false})");
    fake.on("GET /v1/payment_intents/pi_1", 200, intent_json("requires_action"));
    EXPECT_EQ(query(attempt("")).provider_id, "pi_1");
}

TEST_F(StripeTest, WhatIsFoundNowhereIsOverADayLaterAndNotBefore) {
    fake.on("GET /v1/payment_intents/search", 200, R"({"data":[],"has_more":false})");
    fake.on("GET /v1/checkout/sessions", 200, R"({"data":[],"has_more":false})");
    fake.on("GET /v1/payment_intents", 200, R"({"data":[],"has_more":false})");
    clock.set(made_at + 24h);
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
    clock.set(made_at + 26h);
    EXPECT_EQ(query(attempt("")).finding, Finding::declined);
    EXPECT_EQ(query(attempt("")).code, "not_found");
    // A list that was not read to its end says nothing of what is missing.
    fake.on("GET /v1/checkout/sessions", 200, R"({"data":[{"id":"cs_test_0"}],"has_more":true})");
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
    fake.on("GET /v1/checkout/sessions", 500, "");
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
    fake.on("GET /v1/checkout/sessions", 200, R"({"data":[],"has_more":false})");
    fake.on("GET /v1/payment_intents/search", 500, "");
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
}

TEST_F(StripeTest, KeysAreForLessThanADay) { EXPECT_LT(stripe.traits().resend_within, 24h); }

// ---- Calling off ------------------------------------------------------------------------------------------------

TEST_F(StripeTest, ACancelEndsThePaymentIntentOrTheSession) {
    fake.on("POST /v1/payment_intents/pi_1/cancel", 200, intent_json("canceled"));
    auto evidence = cancel();
    EXPECT_EQ(evidence.finding, Finding::cancelled);
    EXPECT_EQ(evidence.provider_id, "pi_1");
    fake.on("POST /v1/checkout/sessions/cs_test_1/expire", 200, session_json("expired", "unpaid"));
    evidence = cancel(attempt("", "cs_test_1"));
    EXPECT_EQ(evidence.finding, Finding::cancelled);
    EXPECT_EQ(evidence.second_id, "cs_test_1");
    EXPECT_THAT(fake.asked(),
                ElementsAre("POST /v1/payment_intents/pi_1/cancel", "POST /v1/checkout/sessions/cs_test_1/expire"));
    // A refusal that is kept under a key must not answer the next cancel as well.
    EXPECT_NE(fake.keys()[0], fake.keys()[1]);
    for (const auto& key : fake.keys()) EXPECT_EQ(key.size(), 36U);
}

TEST_F(StripeTest, ACancelThatComesTooLateSaysWhatItHasBecome) {
    fake.on("POST /v1/payment_intents/pi_1/cancel", 400,
            error_json(R"("type":"invalid_request_error","code":"payment_intent_unexpected_state")"));
    fake.on("GET /v1/payment_intents/pi_1", 200, intent_json("succeeded", charge_json));
    EXPECT_EQ(cancel().finding, Finding::paid);
    fake.on("POST /v1/checkout/sessions/cs_test_1/expire", 400, error_json(R"("type":"invalid_request_error")"));
    fake.on("GET /v1/checkout/sessions/cs_test_1", 200,
            session_json("complete", "paid", intent_json("succeeded", charge_json)));
    EXPECT_EQ(cancel(attempt("", "cs_test_1")).finding, Finding::paid);
    fake.on("POST /v1/payment_intents/pi_1/cancel", {Answer().close()});
    fake.on("GET /v1/payment_intents/pi_1", {Answer().close()});
    EXPECT_EQ(cancel().finding, Finding::lost);
}

TEST_F(StripeTest, ALostStartIsFoundBeforeItIsCalledOff) {
    fake.on("GET /v1/payment_intents/search", 200,
            R"({"data":[)" + intent_json("requires_payment_method") + R"(],"has_more":false})");
    fake.on("POST /v1/payment_intents/pi_1/cancel", 200, intent_json("canceled"));
    EXPECT_EQ(cancel(attempt("")).finding, Finding::cancelled);
}

// ---- Paying back ------------------------------------------------------------------------------------------------

std::string refund_json(std::string_view status, std::string_view more = {}) {
    return fmt::format(R"({{"id":"re_1","object":"refund","amount":6000,"currency":"kes","payment_intent":"pi_1",)"
                       R"("status":"{}","metadata":{{"refund_id":"{}"}}{}}})",
                       status, refund_id.to_string(), more);
}

TEST_F(StripeTest, ARefundIsSentUnderItsOwnKey) {
    clock.set(made_at + 1h);
    fake.on("POST /v1/refunds", 200, refund_json("succeeded"));
    const auto refunded = refund();
    EXPECT_EQ(refunded.outcome, Refunded::Outcome::done);
    EXPECT_EQ(refunded.provider_id, "re_1");
    const auto sent = fake.server().requests().front();
    EXPECT_EQ(sent.header("idempotency-key"), refund_id.to_string());
    EXPECT_THAT(form_of(sent),
                ElementsAre(Pair("amount", "6000"), Pair("metadata[attempt_id]", attempt_id.to_string()),
                            Pair("metadata[reason]", "broken"), Pair("metadata[refund_id]", refund_id.to_string()),
                            Pair("payment_intent", "pi_1")));
}

TEST_F(StripeTest, EachOutcomeOfARefund) {
    using enum Refunded::Outcome;
    const struct {
        int status;
        std::string body;
        Refunded::Outcome outcome;
        std::string_view code;
    } cases[] = {
        {200, refund_json("succeeded"), done, "succeeded"},
        {200, refund_json("pending"), pending, "pending"},
        {200, refund_json("requires_action"), pending, "requires_action"},
        {200, refund_json("failed", R"(,"failure_reason":"lost_or_stolen_card")"), refused, "lost_or_stolen_card"},
        {200, refund_json("canceled"), refused, "canceled"},
        {200, refund_json("something_new"), unknown, "something_new"},
        {200, "{}", unknown, "unreadable"},
        {200, "<html>", unknown, "unreadable"},
        {400, error_json(R"("type":"invalid_request_error","code":"charge_already_refunded")"), refused,
         "charge_already_refunded"},
        {400, error_json(R"("type":"invalid_request_error","code":"charge_disputed")"), refused, "charge_disputed"},
        {400, error_json(R"("type":"idempotency_error")"), unknown, "idempotency_error"},
        {401, error_json(R"("type":"invalid_request_error")"), refused, "authentication_error"},
        {409, error_json(R"("type":"idempotency_error","code":"idempotency_key_in_use")"), unknown,
         "idempotency_key_in_use"},
        {429, error_json(R"("type":"invalid_request_error","code":"rate_limit")"), unknown, "rate_limit"},
        {500, error_json(R"("type":"api_error")"), unknown, "api_error"},
        {502, "<html>", unknown, "http_502"},
    };
    clock.set(made_at + 1h);
    for (const auto& one : cases) {
        FakeStripe server;
        server.on("POST /v1/refunds", one.status, one.body);
        auto driver = stripe_at(server.server().url());
        const auto refunded = http.run(driver.refund(
            account(), {.attempt = attempt(), .id = refund_id, .amount = base::Money{6000}, .created_at = made_at},
            {.deadline = async::Loop::now() + 20s}));
        EXPECT_EQ(refunded.outcome, one.outcome) << one.status << " " << one.body;
        EXPECT_EQ(refunded.code, one.code) << one.status << " " << one.body;
        for (const auto& key : server.keys()) EXPECT_EQ(key, refund_id.to_string());
    }
}

TEST_F(StripeTest, AfterADayARefundIsLookedUpAndNotSent) {
    clock.set(made_at + 23h + 1min);
    fake.on("GET /v1/refunds", 200, R"({"data":[{"id":"re_0","metadata":{}},)" + refund_json("succeeded") + "]}");
    EXPECT_EQ(refund().outcome, Refunded::Outcome::done);
    fake.on("GET /v1/refunds", 200, R"({"data":[{"id":"re_0","metadata":{}}],"has_more":false})");
    EXPECT_EQ(refund().outcome, Refunded::Outcome::refused);
    fake.on("GET /v1/refunds", 500, "");
    EXPECT_EQ(refund().outcome, Refunded::Outcome::unknown);
    for (const auto& asked : fake.asked()) EXPECT_EQ(asked, "GET /v1/refunds");
    EXPECT_THAT(fake.server().requests().front().target, HasSubstr("payment_intent=pi_1"));
}

TEST_F(StripeTest, ARefundFindsItsPayment) {
    clock.set(made_at + 1h);
    fake.on("POST /v1/refunds", 200, refund_json("succeeded"));
    auto by_receipt = attempt("");
    by_receipt.receipt = "ch_1";
    EXPECT_EQ(refund(base::Money{6000}, by_receipt).outcome, Refunded::Outcome::done);
    EXPECT_THAT(form_of(fake.server().requests().back()), IsSupersetOf({Pair("charge", "ch_1")}));
    fake.on("GET /v1/checkout/sessions/cs_test_1", 200,
            session_json("complete", "paid", intent_json("succeeded", charge_json)));
    EXPECT_EQ(refund(base::Money{6000}, attempt("", "cs_test_1")).outcome, Refunded::Outcome::done);
    EXPECT_THAT(form_of(fake.server().requests().back()), IsSupersetOf({Pair("payment_intent", "pi_1")}));
    // Where it is not found nothing is sent, and nothing is given up.
    const auto before = fake.server().request_count();
    EXPECT_EQ(refund(base::Money{6000}, attempt("")).outcome, Refunded::Outcome::unknown);
    EXPECT_EQ(refund(base::Money{-1}).outcome, Refunded::Outcome::refused);
    for (std::size_t i = before; i < fake.asked().size(); ++i) EXPECT_THAT(fake.asked()[i], Not(HasSubstr("POST")));
}

}  // namespace

}  // namespace payments
