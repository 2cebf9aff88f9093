// Paystack's API by a real server that answers as it does: what is sent, what each answer means, and that nothing is sent twice.

#include "payments/paystack/paystack.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "payments/fake_api_for_test.h"
#include "payments/paystack/amount.h"

namespace payments {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::Not;

const base::Uuid attempt_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
const base::Uuid refund_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b02");
// When both were made: 2025-07-09T16:31:57.662Z.
const base::Timestamp made{std::chrono::milliseconds(0x0197f0c27a5e)};
const std::string page = "https://checkout.paystack.com/0peioxfhpn";
const std::string verify = "GET /transaction/verify/" + attempt_id.to_string();
const std::string missing =
    R"({"status":false,"message":"Transaction reference not found.","type":"validation_error","code":"transaction_not_found"})";

std::string success(std::string_view data) {
    return fmt::format(R"({{"status":true,"message":"Charge attempted","data":{}}})", data);
}
std::string error(std::string_view message, std::string_view code = "") {
    const auto member = code.empty() ? std::string() : fmt::format(R"(,"type":"validation_error","code":"{}")", code);
    return fmt::format(R"({{"status":false,"message":"{}"{}}})", message, member);
}
std::string transaction(std::string_view status, std::string_view more = "", std::string_view amount = "15000",
                        const std::string& reference = attempt_id.to_string()) {
    return fmt::format(
        R"({{"id":4099260516,"domain":"test","status":"{}","reference":"{}","amount":{},"currency":"KES",)"
        R"("channel":"mobile_money","paid_at":"2025-07-09T16:32:10.000Z","fees":435{}}})",
        status, reference, amount, more);
}
std::string failed(std::string_view words) {
    return transaction("failed", fmt::format(R"(,"gateway_response":"{}")", words));
}

Account account() {
    return {.id = base::Uuid::nil(),
            .credentials = {
                R"({"secretKey":"sk_test_0123456789abcdef0123456789abcdef01234567","email":"pay@duka.example"})"}};
}

StartRequest request(std::string return_url = {}) {
    return {.id = attempt_id,
            .amount = base::Money{15000},
            .currency = "KES",
            .phone = "254712345678",
            .reference = "INV-1027",
            .return_url = std::move(return_url)};
}

// A prompt, or a "page".
AttemptRef attempt(std::string second_id = {}) {
    return {.id = attempt_id,
            .provider_id = attempt_id.to_string(),
            .second_id = std::move(second_id),
            .amount = base::Money{15000},
            .currency = "KES",
            .created_at = made};
}

class PaystackTest : public ::testing::Test {
protected:
    client::TestClient http;
    FakeApi fake{missing};
    base::FakeClock clock{made + 1min};
    Paystack paystack = at(fake.url());

    Paystack at(std::string url) {
        return Paystack(
            *http.operator->(),
            {.base_url = std::move(url), .retry = {.attempts = 3, .base = 1ms, .cap = 50ms}, .clock = &clock});
    }
    Started start(StartRequest what = request()) {
        return http.run(paystack.start(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Evidence query(AttemptRef what = attempt()) {
        return http.run(paystack.query(account(), std::move(what), {.deadline = async::Loop::now() + 20s}));
    }
    Refunded refund(bool repeat = false) {
        auto what = attempt();
        what.receipt = "4099260516";
        return http.run(paystack.refund(account(),
                                        {.attempt = std::move(what),
                                         .id = refund_id,
                                         .amount = base::Money{6050},
                                         .reason = "broken",
                                         .repeat = repeat,
                                         .created_at = made},
                                        {.deadline = async::Loop::now() + 20s}));
    }
};

// ---- Starting ---------------------------------------------------------------------------------------------------

TEST_F(PaystackTest, APhoneIsCharged) {
    fake.on("POST /charge", 200, success(transaction("pay_offline", R"(,"display_text":"Complete it on the phone")")));
    const auto started = start();
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.source, Source::reply);
    EXPECT_EQ(started.evidence.provider_id, attempt_id.to_string());
    EXPECT_EQ(started.evidence.code, "pay_offline");
    EXPECT_EQ(started.action.redirect_url, "");
    const auto sent = fake.last();
    EXPECT_EQ(sent.header("authorization"), "Bearer sk_test_0123456789abcdef0123456789abcdef01234567");
    EXPECT_EQ(sent.body,
              fmt::format(R"({{"email":"pay@duka.example","amount":"15000","currency":"KES",)"
                          R"("reference":"{}","mobile_money":{{"phone":"+254712345678","provider":"mpesa"}},)"
                          R"("metadata":{{"reference":"INV-1027"}}}})",
                          attempt_id.to_string()));
}

TEST_F(PaystackTest, EachCurrencyHasItsMobileMoney) {
    const struct {
        std::string currency;
        std::string phone;
        std::string_view body;
    } cases[] = {
        {"KES", "254112345678", R"("provider":"mpesa")"}, {"GHS", "+233542345678", R"("provider":"mtn")"},
        {"GHS", "233202345678", R"("provider":"vod")"},   {"GHS", "233272345678", R"("provider":"atl")"},
        {"XOF", "22507123456", R"("amount":"1500000")"},  {"XOF", "22501123456", R"("provider":"wave")"},
    };
    fake.on("POST /charge", 200, success(transaction("pending")));
    for (const auto& one : cases) {
        auto what = request();
        what.currency = one.currency;
        what.phone = one.phone;
        EXPECT_EQ(start(what).evidence.finding, Finding::accepted) << one.currency << one.phone;
        EXPECT_THAT(fake.last().body, HasSubstr(one.body));
    }
    const auto before = fake.server().request_count();
    auto what = request();
    what.phone = "233542345678";
    EXPECT_EQ(start(what).evidence.code, "phone_not_taken");
    what.currency = "NGN";
    EXPECT_EQ(start(what).evidence.code, "page_needed");
    what.currency = "UGX";
    EXPECT_EQ(start(what).evidence.code, "amount_not_taken");
    EXPECT_EQ(start(what).evidence.finding, Finding::refused);
    EXPECT_EQ(fake.server().request_count(), before);
}

TEST_F(PaystackTest, AReturnUrlMakesAPage) {
    fake.on("POST /transaction/initialize", 200,
            success(fmt::format(R"({{"authorization_url":"{}","access_code":"0peioxfhpn","reference":"{}"}})", page,
                                attempt_id.to_string())));
    const auto started = start(request("https://app.example/paid"));
    EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(started.evidence.provider_id, attempt_id.to_string());
    EXPECT_EQ(started.evidence.second_id, "page") << "what tells a page from a prompt";
    EXPECT_EQ(started.action.redirect_url, page);
    EXPECT_EQ(fake.last().body, fmt::format(R"({{"email":"pay@duka.example","amount":15000,"currency":"KES",)"
                                            R"("reference":"{}","callback_url":"https://app.example/paid",)"
                                            R"("metadata":{{"reference":"INV-1027"}}}})",
                                            attempt_id.to_string()));
}

TEST_F(PaystackTest, EachAnswerToAStartIsClassified) {
    const struct {
        int status;
        std::string body;
        Finding finding;
        std::string_view code;
    } cases[] = {
        // A 200 says that the call worked: its status, what became of the charge.
        {200, success(transaction("pending")), Finding::accepted, "pending"},
        {200, success(transaction("queued")), Finding::accepted, "queued"},
        {200, success(transaction("success")), Finding::accepted, "success"},
        {200, success(failed("Insufficient Funds")), Finding::declined, "insufficient_funds"},
        {200, success(failed("Declined")), Finding::declined, "failed"},
        // What the payer would have to type in here.
        {200, success(transaction("send_otp")), Finding::declined, "page_needed"},
        {200, success(transaction("send_pin")), Finding::declined, "page_needed"},
        {200, error("Invalid key"), Finding::refused, "refused"},
        {400, error("Invalid Amount Sent", "invalid_amount"), Finding::refused, "amount_not_taken"},
        {400, error("Please provide a valid phone number"), Finding::refused, "phone_not_taken"},
        {400, error("Currency not supported by merchant", "unsupported_currency"), Finding::refused,
         "currency_not_taken"},
        {400, error("Invalid Email Address Passed", "invalid_email_address"), Finding::refused, "email_not_taken"},
        {400, error("Something is wrong", "invalid_params"), Finding::refused, "invalid_params"},
        // Something was made under this reference: nobody knows what has become of it.
        {400, error("Duplicate Transaction Reference", "duplicate_reference"), Finding::lost, "duplicate_reference"},
        {400, error("Duplicate Transaction Reference"), Finding::lost, "duplicate_reference"},
        {401, error("Invalid key"), Finding::refused, "authentication_error"},
        {403, error("Your IP address is not allowed to make this call"), Finding::refused, "permission_error"},
        {404, error("Not found"), Finding::refused, "not_found"},
        {429, error("Too many requests"), Finding::not_sent, "rate_limit"},
        {500, error("Something went wrong"), Finding::lost, "http_500"},
        {504, error("Timeout"), Finding::lost, "http_504"},
        // Not its words: somebody on the way, who may have passed the request on.
        {502, "<html>Bad gateway</html>", Finding::lost, "http_502"},
        {403, "<html>Request unsuccessful</html>", Finding::lost, "http_403"},
        {400, "{}", Finding::lost, "http_400"},
        {400, R"({"status":"error"})", Finding::lost, "http_400"},
        {400, success("null"), Finding::lost, "http_400"},
        {200, "<html>Welcome</html>", Finding::lost, "unreadable"},
        {200, "", Finding::lost, "unreadable"},
        {200, success("null"), Finding::lost, "unreadable"},
        {200, success(transaction("pending", "", "15000", "another")), Finding::lost, "unreadable"},
    };
    for (const auto& one : cases) {
        FakeApi server(missing);
        server.on("POST /charge", one.status, one.body);
        auto driver = at(server.url());
        const auto started = http.run(driver.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
        EXPECT_EQ(started.evidence.finding, one.finding) << one.status << " " << one.body;
        EXPECT_EQ(started.evidence.code, one.code) << one.status << " " << one.body;
        EXPECT_EQ(started.evidence.source, Source::reply);
        EXPECT_EQ(server.server().request_count(), 1U) << "sent once: " << one.status << " " << one.body;
    }
}

TEST_F(PaystackTest, PagesThatAreNoneAreLost) {
    for (const std::string& data :
         {std::string("null"), std::string("{}"),
          fmt::format(R"({{"authorization_url":"javascript:alert","reference":"{}"}})", attempt_id.to_string()),
          fmt::format(R"({{"authorization_url":"{}","reference":"another"}})", page)}) {
        fake.on("POST /transaction/initialize", 200, success(data));
        const auto started = start(request("https://app.example/"));
        EXPECT_EQ(started.evidence.finding, Finding::lost) << data;
        EXPECT_EQ(started.action.redirect_url, "") << data;
    }
    fake.on("POST /charge", 200, success(transaction("open_url", fmt::format(R"(,"url":"{}")", page))));
    EXPECT_EQ(start().action.redirect_url, page);
}

TEST_F(PaystackTest, WithoutAnAnswerItIsLostAndWithoutAServerNotSent) {
    fake.on("POST /charge", {Answer().close()});
    EXPECT_EQ(start().evidence.finding, Finding::lost);
    EXPECT_EQ(fake.server().request_count(), 1U);
    auto nowhere = at(client::closed_url());
    const auto started = http.run(nowhere.start(account(), request(), {.deadline = async::Loop::now() + 20s}));
    EXPECT_EQ(started.evidence.finding, Finding::not_sent);
    EXPECT_EQ(paystack.traits().resend_within, 0h) << "it keeps no keys";
}

TEST_F(PaystackTest, WithoutCredentialsNothingIsSent) {
    Account broken = account();
    broken.credentials = {"{}"};
    EXPECT_EQ(http.run(paystack.start(broken, request(), {})).evidence.code, "credentials");
    EXPECT_EQ(http.run(paystack.query(broken, attempt(), {})).finding, Finding::lost);
    EXPECT_EQ(http.run(paystack.refund(broken, {}, {})).outcome, Refunded::Outcome::refused);
    EXPECT_EQ(fake.server().request_count(), 0U);
}

TEST_F(PaystackTest, NoSecretIsInTheLog) {
    fake.on("POST /charge", {Answer().send(http_reply(500, "<html>oops</html>")), Answer().close(),
                             Answer().send(http_reply(401, error("Invalid key")))});
    for (int i = 0; i < 3; ++i) static_cast<void>(start());
    static_cast<void>(query());
    EXPECT_THAT(http.logged(), HasSubstr("paystack"));
    for (const auto* const secret : {"0123456789abcdef", "254712345678"})
        EXPECT_THAT(http.logged(), Not(HasSubstr(secret)));
}

// ---- Asking -----------------------------------------------------------------------------------------------------

TEST_F(PaystackTest, EachStatusOfAPromptMeansSomething) {
    const struct {
        std::string data;
        Finding finding;
        std::string_view code;
    } cases[] = {
        {transaction("success"), Finding::paid, "success"},
        {transaction("success", "", "\"15000\""), Finding::paid, "success"},
        {transaction("pending"), Finding::processing, "pending"},
        {transaction("ongoing"), Finding::processing, "ongoing"},
        {transaction("processing"), Finding::processing, "processing"},
        {transaction("queued"), Finding::processing, "queued"},
        {transaction("abandoned"), Finding::processing, "abandoned"},
        {transaction("something_new"), Finding::processing, "something_new"},
        {failed("Insufficient Funds"), Finding::declined, "insufficient_funds"},
        {failed("Request cancelled by user"), Finding::cancelled, "cancelled_by_payer"},
        {failed("Timeout"), Finding::timed_out, "payer_timeout"},
        {transaction("failed", R"(,"message":"The initiator information is invalid.")"), Finding::declined,
         "wrong_pin"},
        {failed("Declined"), Finding::declined, "failed"},
        // It came and has gone back before anybody here knew.
        {transaction("reversed"), Finding::declined, "reversed"},
        // No success without what proves it, and none of another attempt's.
        {transaction("success", "", "null"), Finding::lost, "unreadable"},
        {transaction("success", "", "150.5"), Finding::lost, "unreadable"},
        {transaction("success", "", "-15000"), Finding::lost, "unreadable"},
        {transaction("success", "", "15000", "another"), Finding::lost, "other_attempt"},
        {transaction(""), Finding::lost, "unreadable"},
        {"null", Finding::lost, "unreadable"},
        {"[]", Finding::lost, "unreadable"},
    };
    for (const auto& one : cases) {
        fake.on(verify, 200, success(one.data));
        const auto evidence = query();
        EXPECT_EQ(evidence.finding, one.finding) << one.data;
        EXPECT_EQ(evidence.code, one.code) << one.data;
        EXPECT_EQ(evidence.source, Source::query);
        if (one.finding != Finding::paid) continue;
        EXPECT_EQ(evidence.amount, base::Money{15000});
        EXPECT_EQ(evidence.currency, "KES");
        EXPECT_EQ(evidence.receipt, "4099260516");
        EXPECT_EQ(evidence.at, base::parse_timestamp("2025-07-09T16:32:10Z"));
    }
}

TEST_F(PaystackTest, WhatIsKnownToBePaidAndIsReversedHasGoneBack) {
    fake.on(verify, 200, success(transaction("reversed")));
    auto paid = attempt();
    paid.receipt = "4099260516";
    EXPECT_EQ(query(paid).finding, Finding::refunded);
}

TEST_F(PaystackTest, APromptThatNobodyAnswersIsOver) {
    fake.on(verify, 200, success(transaction("abandoned")));
    clock.set(made + 14min);
    EXPECT_EQ(query().finding, Finding::processing);
    clock.set(made + 16min);
    EXPECT_EQ(query().finding, Finding::timed_out);
    EXPECT_EQ(query().code, "payer_timeout");
}

// On a page, `abandoned` is what it begins with, and a payer may try again.
TEST_F(PaystackTest, APageIsOverWhenItsTimeIs) {
    fake.on(verify, 200, success(transaction("abandoned")));
    clock.set(made + 74min);
    EXPECT_EQ(query(attempt("page")).finding, Finding::processing);
    fake.on(verify, 200, success(failed("Insufficient Funds")));
    EXPECT_EQ(query(attempt("page")).finding, Finding::processing);
    EXPECT_EQ(query(attempt("page")).code, "insufficient_funds");
    clock.set(made + 76min);
    EXPECT_EQ(query(attempt("page")).finding, Finding::declined);
    fake.on(verify, 200, success(transaction("abandoned")));
    EXPECT_EQ(query(attempt("page")).finding, Finding::timed_out);
    EXPECT_EQ(query(attempt("page")).code, "page_expired");
    fake.on(verify, 200, success(transaction("success")));
    EXPECT_EQ(query(attempt("page")).finding, Finding::paid);
    // What nobody knows the start of may have been one.
    auto lost = attempt();
    lost.provider_id.clear();
    clock.set(made + 16min);
    fake.on(verify, 200, success(failed("Insufficient Funds")));
    EXPECT_EQ(query(lost).finding, Finding::processing);
}

TEST_F(PaystackTest, WhatIsNotFoundIsOverADayLaterAndNotBefore) {
    for (const int status : {400, 404}) {
        fake.on(verify, status, missing);
        clock.set(made + 23h);
        EXPECT_EQ(query().finding, Finding::lost);
        EXPECT_EQ(query().code, "not_found_yet");
        clock.set(made + 25h);
        EXPECT_EQ(query().finding, Finding::declined);
        EXPECT_EQ(query().code, "not_found");
    }
    // Somebody on the way says so, not Paystack.
    fake.on(verify, 404, "<html>Not found</html>");
    EXPECT_EQ(query().finding, Finding::lost);
}

TEST_F(PaystackTest, AQuestionWithoutAnAnswerChangesNothing) {
    clock.set(made + 25h);
    for (const int status : {400, 401, 403, 429, 500, 503}) {
        fake.on(verify, status, error("No"));
        EXPECT_EQ(query().finding, Finding::lost) << status;
    }
    fake.on(verify, {Answer().close()});
    EXPECT_EQ(query().finding, Finding::lost);
    fake.on(verify, {Answer().close(), Answer().send(http_reply(200, success(transaction("success"))))});
    EXPECT_EQ(query().finding, Finding::paid) << "asked again";
}

TEST_F(PaystackTest, NothingIsCalledOffOrRegisteredOrPulled) {
    EXPECT_EQ(http.run(paystack.cancel(account(), attempt(), {})).finding, Finding::lost);
    EXPECT_EQ(http.run(paystack.register_callbacks(account(), {})).finding, Finding::refused);
    EXPECT_FALSE(http.run(paystack.pull(account(), made, {})).whole);
    EXPECT_FALSE(paystack.traits().cancels);
    EXPECT_EQ(fake.server().request_count(), 0U);
}

// ---- Paying back ------------------------------------------------------------------------------------------------

std::string refund_json(std::string_view status, std::string_view more = "") {
    return fmt::format(R"({{"id":3018284,"transaction":4099260516,"amount":6050,"currency":"KES","status":"{}"{}}})",
                       status, more);
}
std::string noted(std::string_view note) { return fmt::format(R"(,"merchant_note":"{}")", note); }

TEST_F(PaystackTest, ARefundIsSentOnceWithItsIdInTheNote) {
    fake.on("POST /refund", 200, success(refund_json("pending")));
    const auto refunded = refund();
    EXPECT_EQ(refunded.outcome, Refunded::Outcome::pending);
    EXPECT_EQ(refunded.provider_id, "3018284");
    EXPECT_EQ(fake.last().body,
              fmt::format(R"({{"transaction":"4099260516","amount":6050,"currency":"KES","customer_note":"broken",)"
                          R"("merchant_note":"{}"}})",
                          refund_id.to_string()));
    EXPECT_EQ(fake.server().request_count(), 1U);
}

TEST_F(PaystackTest, EachOutcomeOfARefund) {
    using enum Refunded::Outcome;
    const struct {
        int status;
        std::string body;
        Refunded::Outcome outcome;
        std::string_view code;
    } cases[] = {
        {200, success(refund_json("processed")), done, "processed"},
        {200, success(refund_json("pending")), pending, "pending"},
        {200, success(refund_json("processing")), pending, "processing"},
        {200, success(refund_json("needs-attention")), pending, "needs-attention"},
        {200, success(refund_json("failed")), refused, "failed"},
        {200, success(refund_json("something_new")), unknown, "something_new"},
        {200, success("null"), unknown, "unreadable"},
        {200, "<html>", unknown, "unreadable"},
        {400, error("Your balance is not enough to fulfill this request", "insufficient_balance"), refused,
         "not_enough_balance"},
        {400, error("Refund amount cannot be more than transaction amount"), refused, "amount_not_taken"},
        {400, error("Transaction has been fully reversed", "transaction_reversed"), refused, "transaction_reversed"},
        {401, error("Invalid key"), refused, "authentication_error"},
        {404, missing, refused, "not_found"},
        // Not carried out, and nobody will send it again under this id.
        {429, error("Too many requests"), refused, "rate_limit"},
        {500, error("Something went wrong"), unknown, "http_500"},
        {502, "<html>", unknown, "http_502"},
    };
    for (const auto& one : cases) {
        fake.on("POST /refund", one.status, one.body);
        const auto refunded = refund();
        EXPECT_EQ(refunded.outcome, one.outcome) << one.status << " " << one.body;
        EXPECT_EQ(refunded.code, one.code) << one.status << " " << one.body;
        // A text is what an event has told of it.
        if (refunded.outcome == done || refunded.outcome == pending) EXPECT_EQ(refunded.text, "");
    }
    fake.on("POST /refund", {Answer().close()});
    EXPECT_EQ(refund().outcome, unknown);
}

// Events do not say which refund they are about: the list does, by Paystack's id and by the note.
TEST_F(PaystackTest, WhatHasGoneBackOfAPaymentIsListed) {
    using enum Refunded::Outcome;
    auto what = attempt();
    what.receipt = "4099260516";
    const auto listed = [&] {
        return http.run(paystack.list_refunds(account(), what, {.deadline = async::Loop::now() + 20s}));
    };
    const auto of = [](std::string_view id, std::string_view transaction, std::string_view status,
                       std::string_view more) {
        return fmt::format(R"({{"id":{},"transaction":{},"amount":6050,"currency":"KES","status":"{}"{}}})", id,
                           transaction, status, more);
    };
    const auto ours = of("1", "4099260516", "failed", noted(refund_id.to_string() + " broken"));

    const auto of_object = of("2", R"({"id":4099260516})", "processed", noted("by hand"));
    const auto nobodys = of("3", "4099260516", "pending", "");
    const auto by_reference =
        of("4", "null", "processed",
           fmt::format(R"(,"transaction_reference":"{}","merchant_note":"x")", attempt_id.to_string()));
    const auto others = of("5", "4099260517", "processed", noted("x"));
    fake.on("GET /refund", 200,
            success("[" + ours + "," + nobodys + "," + by_reference + "," + others + "," + of_object + "]"));
    const auto all = listed();
    EXPECT_TRUE(all.whole && all.is_offered);
    ASSERT_EQ(all.refunds.size(), 4U);
    EXPECT_EQ(all.refunds[0].id, refund_id);
    EXPECT_EQ(all.refunds[0].refunded.outcome, refused);
    EXPECT_EQ(all.refunds[0].refunded.provider_id, "1");
    EXPECT_EQ(all.refunds[0].amount, base::Money{6050});
    EXPECT_FALSE(all.refunds[0].may_be_ours);
    EXPECT_EQ(all.refunds[1].id, std::nullopt);
    EXPECT_TRUE(all.refunds[1].may_be_ours) << "it bears no note";
    EXPECT_EQ(all.refunds[2].refunded.outcome, done);
    EXPECT_FALSE(all.refunds[2].may_be_ours) << "it bears another's";
    EXPECT_THAT(fake.last().target, HasSubstr("transaction=4099260516"));
    // What is not understood may be one: it is asked again.
    for (const auto& one :
         {std::string("7"), of("6", "4099260516", "new_word", ""), of("null", "4099260516", "failed", ""),
          std::string(R"({"id":7,"transaction":4099260516,"amount":-1,"currency":"KES","status":"failed"})")}) {
        fake.on("GET /refund", 200, success("[" + one + "," + nobodys + "]"));
        EXPECT_FALSE(listed().whole) << one;
        EXPECT_EQ(listed().refunds.size(), 1U) << one;
    }
    for (const auto& [status, body] : {std::pair(500, std::string()), std::pair(401, error("Invalid key")),
                                       std::pair(200, success("{}")), std::pair(200, std::string("<html>"))}) {
        fake.on("GET /refund", status, body);
        EXPECT_FALSE(listed().whole) << body;
        EXPECT_TRUE(listed().is_offered);
    }
}

TEST_F(PaystackTest, ARefundThatMayHaveBeenSentIsLookedUpAndNotSent) {
    using enum Refunded::Outcome;
    const auto other = refund_json("processed", noted("another"));
    fake.on("GET /refund", 200,
            success("[" + other + "," + refund_json("processed", noted(refund_id.to_string())) + "]"));
    EXPECT_EQ(refund(true).outcome, done);
    EXPECT_EQ(refund(true).text, "");
    fake.on("GET /refund", 200, success("[" + other + "]"));
    EXPECT_EQ(refund(true).outcome, unknown) << "it may still come";
    clock.set(made + 61min);
    EXPECT_EQ(refund(true).outcome, refused) << "the list is whole";
    // A refund of this payment that does not say whose it is.
    fake.on("GET /refund", 200, success("[" + refund_json("processed") + "]"));
    EXPECT_EQ(refund(true).outcome, unknown);
    fake.on("GET /refund", 200, success("[7]"));
    EXPECT_EQ(refund(true).outcome, unknown);
    fake.on("GET /refund", 500, "");
    EXPECT_EQ(refund(true).outcome, unknown);
    // Pages of a hundred.
    std::string full = other;
    for (int i = 1; i < 100; ++i) full += "," + other;
    fake.on("GET /refund", {Answer().send(http_reply(200, success("[" + full + "]"))),
                            Answer().send(http_reply(200, success("[" + other + "]")))});
    EXPECT_EQ(refund(true).outcome, refused);
    EXPECT_THAT(fake.last().target, HasSubstr("page=2"));
    for (const auto& asked : fake.asked()) EXPECT_EQ(asked, "GET /refund");
}

// ---- Values -----------------------------------------------------------------------------------------------------

TEST(PaystackAmounts, AreHundredthsOfEverything) {
    using paystack::from_subunits;
    using paystack::to_subunits;
    EXPECT_EQ(to_subunits({15000}, "KES"), 15000);
    EXPECT_EQ(to_subunits({150}, "XOF"), 15000);
    EXPECT_EQ(to_subunits({1}, "RWF"), 100);
    EXPECT_EQ(to_subunits({0}, "KES"), std::nullopt);
    EXPECT_EQ(to_subunits({-1}, "KES"), std::nullopt);
    EXPECT_EQ(to_subunits({100}, "UGX"), std::nullopt);
    EXPECT_EQ(to_subunits({100'000'000'000}, "KES"), std::nullopt);
    EXPECT_EQ(from_subunits({"15000"}, "KES"), base::Money{15000});
    EXPECT_EQ(from_subunits({"\"15000\""}, "XOF"), base::Money{150});
    EXPECT_EQ(from_subunits({"15050"}, "XOF"), std::nullopt);
    EXPECT_EQ(from_subunits({"15000"}, "UGX"), std::nullopt);
    EXPECT_EQ(from_subunits({"null"}, "KES"), std::nullopt);
}

TEST_F(PaystackTest, CredentialsAreReadAndShownWithoutThemselves) {
    const auto read = paystack.read_credentials(account().credentials.text);
    ASSERT_TRUE(read);
    EXPECT_EQ(paystack.shown(*read), "sk_test_…4567");
    for (const auto* bad :
         {"", "{}", "[]", R"({"secretKey":"sk_test_abc"})", R"({"secretKey":"pk_test_abc","email":"a@b.example"})",
          R"({"secretKey":"sk_test_a b","email":"a@b.example"})",
          R"({"secretKey":"sk_test_abc\r\n","email":"a@b.example"})", R"({"secretKey":"sk_test_abc","email":"none"})",
          R"({"secretKey":"sk_test_abc","email":"a@b.example","other":1})"})
        EXPECT_FALSE(paystack.read_credentials(bad)) << bad;
}

}  // namespace

}  // namespace payments
