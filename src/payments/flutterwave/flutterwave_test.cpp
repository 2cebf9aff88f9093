// Flutterwave's API by a real server that answers as it does: what is sent, what each answer means, and that nothing is sent twice.

#include "payments/flutterwave/flutterwave.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "payments/fake_api_for_test.h"

namespace payments {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::Not;
using ::testing::StartsWith;

const base::Uuid attempt_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const base::Uuid refund_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b02");
// When both were made: 2025-07-09T16:31:57.662Z.
const base::Timestamp made{std::chrono::milliseconds(0x0197f0c27a5e)};
const std::string page = "https://checkout.flutterwave.com/v3/hosted/pay/1a2b";

constexpr auto verify_by_reference = "GET /v3/transactions/verify_by_reference";
const std::string missing = R"({"status":"error","message":"No transaction was found for this id","data":null})";

std::string success(std::string_view data, std::string_view more = "") {
    return fmt::format(R"({{"status":"success","message":"Charge initiated","data":{}{}}})", data, more);
}
std::string error(std::string_view message) {
    return fmt::format(R"({{"status":"error","message":"{}","data":null}})", message);
}

std::string transaction(std::string_view status, std::string_view more = "", std::string_view id = "4193428") {
    return fmt::format(
        R"({{"id":{},"tx_ref":"{}","flw_ref":"2993238342","amount":150,"charged_amount":150,"app_fee":4.35,)"
        R"("currency":"KES","status":"{}","payment_type":"mpesa","created_at":"2025-07-09T16:31:59.000Z"{}}})",
        id, attempt_id.to_string(), status, more);
}
std::string with(std::string json, std::string_view from, std::string_view to) {
    const auto at = json.find(from);
    return at == std::string::npos ? "the test is wrong" : json.replace(at, from.size(), to);
}
std::string failed(std::string_view words) {
    return transaction("failed", fmt::format(R"(,"processor_response":"{}")", words));
}

Account account() {
    return {
        .id = base::Uuid::nil(),
        .credentials = {R"({"secretKey":"FLWSECK_TEST-0123456789abcdef0123456789abcdef-X","email":"pay@duka.example",)"
                        R"("secretHashes":["0f8e7d6c5b4a39281706"]})"}};
}

StartRequest request(std::string return_url = {}) {
    return {.id = attempt_id,
            .amount = base::Money{15000},
            .currency = "KES",
            .phone = "254712345678",
            .reference = "INV-1027",
            .description = "Sukari \"na\" chai",
            .return_url = std::move(return_url)};
}

AttemptRef attempt(std::string provider_id = "4193428") {
    return {.id = attempt_id,
            .provider_id = std::move(provider_id),
            .amount = base::Money{15000},
            .currency = "KES",
            .created_at = made};
}

class FlutterwaveTest : public ::testing::Test {
protected:
    client::TestClient http;
    FakeApi fake{missing};
    base::FakeClock clock{made + 1min};
    Flutterwave flutterwave = at(fake.url());

    Flutterwave at(std::string url) {
        return Flutterwave(
            *http.operator->(),
            {.base_url = std::move(url), .retry = {.attempts = 3, .base = 1ms, .cap = 50ms}, .clock = &clock});
    }
    Started start(StartRequest what = request()) {
        return http.run(flutterwave.start(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Evidence query(AttemptRef what = attempt()) {
        return http.run(flutterwave.query(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Refunded refund(bool repeat = false, AttemptRef what = paid()) {
        return http.run(flutterwave.refund(account(),
                                           {.attempt = std::move(what),
                                            .id = refund_id,
                                            .amount = base::Money{6050},
                                            .reason = "broken",
                                            .repeat = repeat,
                                            .created_at = made},
                                           {.deadline = async::Loop::now() + 20s}));
    }
    static AttemptRef paid() {
        auto what = attempt();
        what.receipt = "4193428";
        return what;
    }
};

// ---- Starting ---------------------------------------------------------------------------------------------------

TEST_F(FlutterwaveTest, APhoneIsCharged) {
    fake.on("POST /v3/charges", 200, success(transaction("pending")));
    const auto started = start();
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.source, Source::reply);
    EXPECT_EQ(started.evidence.provider_id, "4193428");
    EXPECT_EQ(started.evidence.second_id, "2993238342");
    EXPECT_EQ(started.action.redirect_url, "");
    const auto sent = fake.last();
    EXPECT_EQ(sent.target, "/v3/charges?type=mpesa");
    EXPECT_EQ(sent.header("authorization"), "Bearer FLWSECK_TEST-0123456789abcdef0123456789abcdef-X");
    EXPECT_THAT(sent.header("content-type"), StartsWith("application/json"));
    EXPECT_EQ(sent.body, fmt::format(R"({{"tx_ref":"{}","amount":150,"currency":"KES","email":"pay@duka.example",)"
                                     R"("phone_number":"254712345678","meta":{{"reference":"INV-1027"}}}})",
                                     attempt_id.to_string()));
}

TEST_F(FlutterwaveTest, EachCurrencyHasItsMobileMoney) {
    const struct {
        std::string currency;
        std::string phone;
        std::string_view type;
        std::string_view body;
    } cases[] = {
        {"KES", "254112345678", "mpesa", R"("amount":150,)"},
        {"UGX", "256772345678", "mobile_money_uganda", R"("network":"MTN")"},
        {"UGX", "+256702345678", "mobile_money_uganda", R"("network":"AIRTEL")"},
        {"RWF", "250782345678", "mobile_money_rwanda", R"("amount":15000,)"},
        {"ZMW", "260952345678", "mobile_money_zambia", R"("network":"ZAMTEL")"},
        {"TZS", "255742345678", "mobile_money_tanzania", R"("network":"VODAFONE")"},
        {"GHS", "233542345678", "mobile_money_ghana", R"("network":"MTN")"},
        {"GHS", "233202345678", "mobile_money_ghana", R"("network":"VODAFONE")"},
        {"XAF", "237652345678", "mobile_money_franco", R"("country":"CM")"},
        {"XOF", "22507234567", "mobile_money_franco", R"("country":"CI")"},
    };
    fake.on("POST /v3/charges", 200, success(transaction("pending")));
    for (const auto& one : cases) {
        auto what = request();
        what.currency = one.currency;
        what.phone = one.phone;
        EXPECT_EQ(start(what).evidence.finding, Finding::accepted) << one.currency << one.phone;
        EXPECT_EQ(fake.last().target, fmt::format("/v3/charges?type={}", one.type));
        EXPECT_THAT(fake.last().body, HasSubstr(one.body));
        EXPECT_THAT(fake.last().body, Not(HasSubstr("+")));
    }
    const auto before = fake.server().request_count();
    auto what = request();
    what.phone = "256772345678";
    EXPECT_EQ(start(what).evidence.code, "phone_not_taken");
    what.currency = "USD";
    EXPECT_EQ(start(what).evidence.code, "page_needed");
    EXPECT_EQ(start(what).evidence.finding, Finding::refused);
    EXPECT_EQ(fake.server().request_count(), before);
}

TEST_F(FlutterwaveTest, AReturnUrlMakesAPage) {
    fake.on("POST /v3/payments", 200, success(fmt::format(R"({{"link":"{}"}})", page)));
    const auto started = start(request("https://app.example/paid?order=7"));
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.provider_id, attempt_id.to_string());
    EXPECT_EQ(started.evidence.second_id, "page");
    EXPECT_EQ(started.action.redirect_url, page);
    EXPECT_EQ(
        fake.last().body,
        fmt::format(R"({{"tx_ref":"{}","amount":150,"currency":"KES",)"
                    R"("redirect_url":"https://app.example/paid?order=7","customer":{{"email":"pay@duka.example"}},)"
                    R"("customizations":{{"title":"Sukari \"na\" chai"}},"configurations":{{"session_duration":60}},)"
                    R"("meta":{{"reference":"INV-1027"}}}})",
                    attempt_id.to_string()));
    EXPECT_EQ(flutterwave.traits().prompt_lives, 60min);
    EXPECT_TRUE(flutterwave.traits().pages);
}

TEST_F(FlutterwaveTest, SomeNetworksAnswerWithAPage) {
    fake.on("POST /v3/charges", 200,
            fmt::format(R"({{"status":"success","message":"Charge initiated",)"
                        R"("meta":{{"authorization":{{"mode":"redirect","redirect":"{}"}}}}}})",
                        page));
    const auto started = start();
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.action.redirect_url, page);
    EXPECT_EQ(started.evidence.provider_id, attempt_id.to_string());
}

TEST_F(FlutterwaveTest, EachAnswerToAStartIsClassified) {
    const struct {
        int status;
        std::string body;
        Finding finding;
        std::string_view code;
    } cases[] = {
        // A 200 says that the call worked: its status, what became of the charge.
        {200, success(transaction("pending")), Finding::accepted, "pending"},
        {200, success(transaction("successful")), Finding::accepted, "pending"},
        {200, success(failed("Insufficient Funds")), Finding::declined, "insufficient_funds"},
        {200, success(failed("Request cancelled by user")), Finding::cancelled, "cancelled_by_payer"},
        {200, success(failed("Something else")), Finding::declined, "failed"},
        {200, error("Transaction amount is below the minimum"), Finding::refused, "amount_not_taken"},
        // Its errors have no codes but sentences.
        {400, error("amount is required"), Finding::refused, "amount_not_taken"},
        {400, error("phone_number should be a valid phone number"), Finding::refused, "phone_not_taken"},
        {400, error("currency KEX is not supported"), Finding::refused, "currency_not_taken"},
        {400, error("email must be an email"), Finding::refused, "email_not_taken"},
        {400, error("Something is wrong"), Finding::refused, "refused"},
        // Something was made under this reference: nobody knows what has become of it.
        {400, error("Duplicate transaction reference"), Finding::lost, "duplicate_reference"},
        {401, error("Invalid authorization key"), Finding::refused, "authentication_error"},
        {403, error("Merchant is not enabled for this"), Finding::refused, "permission_error"},
        {404, error("Not Found"), Finding::refused, "not_found"},
        {422, error("Unprocessable"), Finding::refused, "refused"},
        {429, error("Too many requests"), Finding::not_sent, "rate_limit"},
        {500, error("Something went wrong"), Finding::lost, "http_500"},
        {502, error("Bad gateway"), Finding::lost, "http_502"},
        // It gives up after 28 s, and the charge may go on.
        {503, error("An error occurred. Please contact support"), Finding::lost, "http_503"},
        // Not its words: somebody on the way, who may have passed the request on.
        {502, "<html>Bad gateway</html>", Finding::lost, "http_502"},
        {403, "<html>Request unsuccessful</html>", Finding::lost, "http_403"},
        {400, "{}", Finding::lost, "http_400"},
        {400, R"({"status":"fail"})", Finding::lost, "http_400"},
        {404, success("null"), Finding::lost, "http_404"},
        {200, "<html>Welcome</html>", Finding::lost, "unreadable"},
        {200, "", Finding::lost, "unreadable"},
        {200, "[]", Finding::lost, "unreadable"},
        {200, success("null"), Finding::lost, "unreadable"},
        {200, success("{}"), Finding::lost, "unreadable"},
        {200, success(R"({"id":7,"tx_ref":"another"})"), Finding::lost, "other_attempt"},
    };
    for (const auto& one : cases) {
        FakeApi server(missing);
        server.on("POST /v3/charges", one.status, one.body);
        auto driver = at(server.url());
        const auto started = http.run(driver.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
        EXPECT_EQ(started.evidence.finding, one.finding) << one.status << " " << one.body;
        EXPECT_EQ(started.evidence.code, one.code) << one.status << " " << one.body;
        EXPECT_EQ(started.evidence.source, Source::reply);
        EXPECT_EQ(server.server().request_count(), 1U) << "sent once: " << one.status << " " << one.body;
    }
}

TEST_F(FlutterwaveTest, APageThatIsNoneIsLost) {
    const std::string none[] = {R"({"link":"javascript:alert"})", R"({"link":""})", "{}", "null", R"({"link":7})"};
    for (const auto& link : none) {
        fake.on("POST /v3/payments", 200, success(link));
        const auto started = start(request("https://app.example/"));
        EXPECT_EQ(started.evidence.finding, Finding::lost) << link;
        EXPECT_EQ(started.action.redirect_url, "") << link;
    }
}

TEST_F(FlutterwaveTest, WithoutAnAnswerItIsLostAndWithoutAServerNotSent) {
    fake.on("POST /v3/charges", {Answer().close()});
    EXPECT_EQ(start().evidence.finding, Finding::lost);
    EXPECT_EQ(fake.server().request_count(), 1U);
    auto nowhere = at(client::closed_url());
    const auto started = http.run(nowhere.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
    EXPECT_EQ(started.evidence.finding, Finding::not_sent);
    EXPECT_EQ(started.evidence.code, "connect");
    EXPECT_EQ(flutterwave.traits().resend_within, 0h) << "it keeps no keys";
}

TEST_F(FlutterwaveTest, WithoutCredentialsNothingIsSent) {
    Account broken = account();
    broken.credentials = {"{}"};
    EXPECT_EQ(http.run(flutterwave.start(broken, request(), {})).evidence.code, "credentials");
    EXPECT_EQ(http.run(flutterwave.query(broken, attempt(), {})).finding, Finding::lost);
    EXPECT_EQ(http.run(flutterwave.refund(broken, {}, {})).outcome, Refunded::Outcome::refused);
    EXPECT_EQ(fake.server().request_count(), 0U);
}

TEST_F(FlutterwaveTest, NoSecretIsInTheLog) {
    fake.on("POST /v3/charges", {Answer().send(http_reply(500, "<html>FLWSECK</html>")), Answer().close(),
                                 Answer().send(http_reply(401, error("Invalid authorization key")))});
    for (int i = 0; i < 3; ++i) static_cast<void>(start());
    static_cast<void>(query());
    EXPECT_THAT(http.logged(), HasSubstr("flutterwave"));
    for (const auto* const secret : {"0123456789abcdef", "0f8e7d6c", "254712345678"})
        EXPECT_THAT(http.logged(), Not(HasSubstr(secret)));
}

// ---- Asking -----------------------------------------------------------------------------------------------------

TEST_F(FlutterwaveTest, EachStatusOfAPromptMeansSomething) {
    const struct {
        std::string data;
        Finding finding;
        std::string_view code;
    } cases[] = {
        {transaction("successful"), Finding::paid, "successful"},
        {transaction("successful", "", "\"4193428\""), Finding::paid, "successful"},
        {transaction("pending"), Finding::processing, "pending"},
        {transaction("something_new"), Finding::processing, "something_new"},
        {failed("Insufficient Funds"), Finding::declined, "insufficient_funds"},
        {failed("Request cancelled by user"), Finding::cancelled, "cancelled_by_payer"},
        {failed("DS timeout user cannot be reached"), Finding::timed_out, "payer_timeout"},
        {failed("The initiator information is invalid."), Finding::declined, "wrong_pin"},
        {failed(""), Finding::declined, "failed"},
        // No success without what proves it, and none of another attempt's.
        {with(transaction("successful"), "\"amount\":150", "\"amount\":null"), Finding::lost, "unreadable"},
        {with(transaction("successful"), "\"amount\":150", R"("amount":"1e3")"), Finding::lost, "unreadable"},
        {with(transaction("successful"), "\"KES\"", "\"\""), Finding::lost, "unreadable"},
        {transaction("successful", "", "null"), Finding::lost, "unreadable"},
        {with(transaction("successful"), attempt_id.to_string(), "another"), Finding::lost, "other_attempt"},
        {with(transaction("successful"), "\"" + attempt_id.to_string() + "\"", "null"), Finding::lost, "other_attempt"},
        {transaction(""), Finding::lost, "unreadable"},
        {"null", Finding::lost, "unreadable"},
        {"[]", Finding::lost, "unreadable"},
    };
    for (const auto& one : cases) {
        fake.on(verify_by_reference, 200, success(one.data));
        const auto evidence = query();
        EXPECT_EQ(evidence.finding, one.finding) << one.data;
        EXPECT_EQ(evidence.code, one.code) << one.data;
        EXPECT_EQ(evidence.source, Source::query);
        if (one.finding != Finding::paid) continue;
        EXPECT_EQ(evidence.amount, base::Money{15000});
        EXPECT_EQ(evidence.currency, "KES");
        EXPECT_EQ(evidence.receipt, "4193428");
        EXPECT_EQ(evidence.provider_id, "4193428");
        EXPECT_EQ(evidence.at, base::parse_timestamp("2025-07-09T16:31:59Z"));
    }
    EXPECT_THAT(fake.last().target, HasSubstr("?tx_ref=" + attempt_id.to_string()));
}

TEST_F(FlutterwaveTest, OtherAmountsAreToldAsTheyAre) {
    fake.on(verify_by_reference, 200, success(with(transaction("successful"), "\"amount\":150", "\"amount\":149.99")));
    EXPECT_EQ(query().amount, base::Money{14999});
    fake.on(verify_by_reference, 200, success(with(transaction("successful"), "KES", "UGX")));
    EXPECT_EQ(query().currency, "UGX");
    EXPECT_EQ(query().amount, base::Money{150});
}

// A payer tries again on a page: under the same reference, another transaction.
TEST_F(FlutterwaveTest, AFailedCardEndsNoPage) {
    fake.on(verify_by_reference, 200, success(failed("Insufficient Funds")));
    fake.on("GET /v3/transactions", 200, success("[]"));
    auto evidence = query(attempt(""));
    EXPECT_EQ(evidence.finding, Finding::processing);
    EXPECT_EQ(evidence.code, "insufficient_funds");
    EXPECT_EQ(evidence.provider_id, "");
    EXPECT_THAT(fake.last().target, HasSubstr("tx_ref=" + attempt_id.to_string()));
    clock.set(made + 76min);
    EXPECT_EQ(query(attempt("")).finding, Finding::declined);
    // The list cannot be read: nobody knows.
    fake.on("GET /v3/transactions", 500, "");
    EXPECT_EQ(query(attempt("")).finding, Finding::processing);
    fake.on("GET /v3/transactions", 200,
            success("[" + transaction("failed", "", "\"1\"") + "," + transaction("successful", "", "\"2\"") + "]"));
    fake.on("GET /v3/transactions/2/verify", 200, success(transaction("successful", "", "2")));
    evidence = query(attempt(""));
    EXPECT_EQ(evidence.finding, Finding::paid);
    EXPECT_EQ(evidence.receipt, "2");
    // What the list says is verified.
    fake.on("GET /v3/transactions/2/verify", 200,
            success(with(transaction("successful", "", "2"), attempt_id.to_string(), "another")));
    EXPECT_EQ(query(attempt("")).code, "other_attempt");
    fake.on("GET /v3/transactions/2/verify", 200, success(transaction("successful", "", "3")));
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
}

TEST_F(FlutterwaveTest, APageThatNobodyBeganToPayAtIsOverWhenItsTimeIs) {
    fake.on(verify_by_reference, 400, missing);
    auto begun = attempt(attempt_id.to_string());
    begun.second_id = "page";
    clock.set(made + 74min);
    EXPECT_EQ(query(begun).finding, Finding::processing);
    EXPECT_EQ(query(begun).code, "page");
    clock.set(made + 76min);
    EXPECT_EQ(query(begun).finding, Finding::timed_out);
    EXPECT_EQ(query(begun).code, "page_expired");
}

TEST_F(FlutterwaveTest, WhatIsNotFoundIsOverADayLaterAndNotBefore) {
    fake.on(verify_by_reference, 404, missing);
    clock.set(made + 23h);
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
    EXPECT_EQ(query(attempt("")).code, "not_found_yet");
    clock.set(made + 25h);
    EXPECT_EQ(query(attempt("")).finding, Finding::declined);
    fake.on(verify_by_reference, 400, missing);
    EXPECT_EQ(query(attempt("")).code, "not_found");
    // Somebody on the way says so, not Flutterwave.
    fake.on(verify_by_reference, 404, "<html>Not found</html>");
    EXPECT_EQ(query(attempt("")).finding, Finding::lost);
}

TEST_F(FlutterwaveTest, AQuestionWithoutAnAnswerChangesNothing) {
    clock.set(made + 25h);
    for (const int status : {400, 401, 403, 409, 429, 500, 503}) {
        fake.on(verify_by_reference, status, error("No"));
        EXPECT_EQ(query().finding, Finding::lost) << status;
    }
    fake.on(verify_by_reference, {Answer().close()});
    EXPECT_EQ(query().finding, Finding::lost);
}

TEST_F(FlutterwaveTest, AQuestionIsAskedAgain) {
    fake.on(verify_by_reference, {Answer().close(), Answer().send(http_reply(503, error("Busy"))),
                                  Answer().send(http_reply(200, success(transaction("successful"))))});
    EXPECT_EQ(query().finding, Finding::paid);
    EXPECT_EQ(fake.server().request_count(), 3U);
}

TEST_F(FlutterwaveTest, NothingIsCalledOffOrRegisteredOrPulled) {
    EXPECT_EQ(http.run(flutterwave.cancel(account(), attempt(), {})).finding, Finding::lost);
    EXPECT_EQ(http.run(flutterwave.register_callbacks(account(), {})).finding, Finding::refused);
    EXPECT_FALSE(http.run(flutterwave.pull(account(), made, {})).whole);
    EXPECT_FALSE(flutterwave.traits().cancels);
    EXPECT_EQ(fake.server().request_count(), 0U);
}

// ---- Paying back ------------------------------------------------------------------------------------------------

constexpr auto refund_path = "POST /v3/transactions/4193428/refund";

std::string refund_json(std::string_view status, std::string_view more = "") {
    return fmt::format(R"({{"id":75923,"tx_id":4193428,"amount_refunded":60.5,"status":"{}"{}}})", status, more);
}
std::string ours() { return fmt::format(R"(,"comments":"{} broken")", refund_id.to_string()); }

TEST_F(FlutterwaveTest, ARefundIsSentOnceWithItsIdInTheComments) {
    fake.on(refund_path, 200, success(refund_json("completed")));
    const auto refunded = refund();
    EXPECT_EQ(refunded.outcome, Refunded::Outcome::done);
    EXPECT_EQ(refunded.provider_id, "75923");
    EXPECT_EQ(fake.last().body, fmt::format(R"({{"amount":60.50,"comments":"{} broken"}})", refund_id.to_string()));
    EXPECT_EQ(fake.server().request_count(), 1U);
}

TEST_F(FlutterwaveTest, EachOutcomeOfARefund) {
    using enum Refunded::Outcome;
    const struct {
        int status;
        std::string body;
        Refunded::Outcome outcome;
        std::string_view code;
    } cases[] = {
        {200, success(refund_json("completed")), done, "completed"},
        {200, success(refund_json("completed-mpgs")), done, "completed-mpgs"},
        {200, success(refund_json("completed-momo")), done, "completed-momo"},
        {200, success(refund_json("new")), pending, "new"},
        {200, success(refund_json("pending-momo")), pending, "pending-momo"},
        {200, success(refund_json("failed")), refused, "failed"},
        {200, success(refund_json("something_new")), unknown, "something_new"},
        {200, success(R"({"id":1,"tx_id":7,"status":"completed"})"), unknown, "unreadable"},
        {200, success("null"), unknown, "unreadable"},
        {200, "<html>", unknown, "unreadable"},
        {400, error("Insufficient balance for refund"), refused, "not_enough_balance"},
        {400, error("Refund amount is more than what was paid"), refused, "amount_not_taken"},
        {401, error("Invalid authorization key"), refused, "authentication_error"},
        {404, missing, refused, "not_found"},
        // Not carried out, and nobody will send it again under this id.
        {429, error("Too many requests"), refused, "rate_limit"},
        {500, error("Something went wrong"), unknown, "http_500"},
        {502, "<html>", unknown, "http_502"},
    };
    for (const auto& one : cases) {
        fake.on(refund_path, one.status, one.body);
        const auto refunded = refund();
        EXPECT_EQ(refunded.outcome, one.outcome) << one.status << " " << one.body;
        EXPECT_EQ(refunded.code, one.code) << one.status << " " << one.body;
    }
    fake.on(refund_path, {Answer().close()});
    EXPECT_EQ(refund().outcome, unknown);
}

TEST_F(FlutterwaveTest, ARefundThatMayHaveBeenSentIsLookedUpAndNotSent) {
    using enum Refunded::Outcome;
    const auto list = [](std::string_view refunds, int pages = 1) {
        return success(refunds, fmt::format(R"(,"meta":{{"page_info":{{"total_pages":{}}}}})", pages));
    };
    const auto other = refund_json("completed", R"(,"comments":"another")");
    fake.on("GET /v3/refunds", {Answer().send(http_reply(200, list("[" + other + "]", 2))),
                                Answer().send(http_reply(200, list("[" + refund_json("completed", ours()) + "]", 2)))});
    EXPECT_EQ(refund(true).outcome, done);
    EXPECT_THAT(fake.last().target, HasSubstr("page=2"));
    fake.on("GET /v3/refunds", 200, list("[" + other + "]"));
    EXPECT_EQ(refund(true).outcome, unknown) << "it may still come";
    clock.set(made + 61min);
    EXPECT_EQ(refund(true).outcome, refused) << "the list is whole";
    // A refund of this payment that does not say whose it is, and lists that are not whole.
    fake.on("GET /v3/refunds", 200, list("[" + refund_json("completed") + "]"));
    EXPECT_EQ(refund(true).outcome, unknown);
    fake.on("GET /v3/refunds", 200, success("[" + other + "]"));
    EXPECT_EQ(refund(true).outcome, unknown);
    fake.on("GET /v3/refunds", 500, "");
    EXPECT_EQ(refund(true).outcome, unknown);
    for (const auto& asked : fake.asked()) EXPECT_EQ(asked, "GET /v3/refunds");
}

TEST_F(FlutterwaveTest, ARefundFindsItsTransaction) {
    fake.on(verify_by_reference, 200, success(transaction("successful")));
    fake.on(refund_path, 200, success(refund_json("completed")));
    EXPECT_EQ(refund(false, attempt("")).outcome, Refunded::Outcome::done);
    EXPECT_THAT(fake.asked(), ElementsAre(verify_by_reference, refund_path));
    fake.on(verify_by_reference, 500, "");
    EXPECT_EQ(refund(false, attempt("")).outcome, Refunded::Outcome::refused) << "nothing was sent";
    EXPECT_EQ(refund(true, attempt("")).outcome, Refunded::Outcome::unknown) << "it may have been";
}

// ---- Credentials ------------------------------------------------------------------------------------------------

TEST_F(FlutterwaveTest, CredentialsAreReadAndShownWithoutThemselves) {
    const auto read = flutterwave.read_credentials(account().credentials.text);
    ASSERT_TRUE(read);
    EXPECT_EQ(flutterwave.shown(*read), "FLWSECK_TEST-…cdef-X");
    for (const auto* bad :
         {"", "{}", "[]", R"({"secretKey":"FLWSECK-abc"})", R"({"secretKey":"FLWPUBK-abc","email":"a@b.example"})",
          R"({"secretKey":"sk_live_abc","email":"a@b.example"})",
          R"({"secretKey":"FLWSECK-a b","email":"a@b.example"})",
          R"({"secretKey":"FLWSECK-abc\r\nX: y","email":"a@b.example"})",
          R"({"secretKey":"FLWSECK-abc","email":"none"})",
          R"({"secretKey":"FLWSECK-abc","email":"a@b.example","secretHashes":["short"]})",
          R"({"secretKey":"FLWSECK-abc","email":"a@b.example","other":1})"})
        EXPECT_FALSE(flutterwave.read_credentials(bad)) << bad;
}

}  // namespace

}  // namespace payments
