// Money that goes out: once, under one id, and never called failed by whoever does not know.
#include <gmock/gmock.h>

#include "payments/mpesa/results.h"
#include "pos/modules/payouts/jobs.h"
#include "pos/modules/payouts/orders.h"
#include "pos/testing/payment_callbacks.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::PayoutEvidence;
using ::payments::PayoutFinding;
using ::payments::PayoutSource;
using ::testing::HasSubstr;

// An M-Pesa that answers what the test says, and reads results as the real one.
class ScriptedPayouts : public ScriptedProvider, public ::payments::Payouts {
public:
    static ScriptedPayouts* install(app::LoopHost& host) {
        auto made = std::make_unique<ScriptedPayouts>();
        auto* provider = made.get();
        host.services().use<Providers>().put(std::move(made));
        return provider;
    }
    ScriptedPayouts() : ScriptedProvider("mpesa") {}

    [[nodiscard]] ::payments::Payouts* payouts() noexcept override { return this; }
    [[nodiscard]] const ::payments::PayoutLimits& payout_limits() const override {
        static constexpr ::payments::PayoutLimits limits{
            .currency = "KES", .least = {1'000}, .most = {25'000'000}, .step = 100};
        return limits;
    }
    [[nodiscard]] bool pays_out(const ::payments::Account& /*account*/) const override { return has_initiator; }
    [[nodiscard]] async::Task<PayoutEvidence> pay_out(::payments::Account account, ::payments::PayoutRequest request,
                                                      client::Call /*call*/) override {
        sent.push_back(request);
        urls.push_back(account.callback_url);
        co_return says();
    }
    [[nodiscard]] async::Task<PayoutEvidence> reverse(::payments::Account /*account*/,
                                                      ::payments::ReversalRequest request,
                                                      client::Call /*call*/) override {
        reversed.push_back(request);
        co_return says();
    }
    [[nodiscard]] async::Task<PayoutEvidence> ask_payout(::payments::Account /*account*/,
                                                         ::payments::PayoutRef /*payout*/,
                                                         client::Call /*call*/) override {
        ++asked;
        co_return PayoutEvidence{.source = PayoutSource::answer, .finding = question};
    }
    [[nodiscard]] async::Task<PayoutEvidence> ask_balance(::payments::Account /*account*/,
                                                          client::Call /*call*/) override {
        co_return PayoutEvidence{.source = PayoutSource::answer, .finding = question, .code = "said"};
    }
    [[nodiscard]] PayoutEvidence read_payout_result(std::string_view kind, std::string_view bytes,
                                                    const ::payments::PayoutRef& payout) const override {
        return ::payments::mpesa::read_result(kind, bytes, payout);
    }
    [[nodiscard]] std::optional<std::vector<::payments::Purse>> read_balance(std::string_view bytes) const override {
        return ::payments::mpesa::read_balance(bytes);
    }
    [[nodiscard]] ::payments::Saying payout_saying(std::string_view code, ::payments::PayoutState /*state*/,
                                                   std::string_view language) const override {
        return {.text = std::string(language) + " says " + std::string(code)};
    }

    PayoutEvidence says() {
        PayoutEvidence evidence{.source = PayoutSource::reply, .finding = answer, .code = "said"};
        if (answer == PayoutFinding::accepted) evidence.conversation_id = name;
        return evidence;
    }

    bool has_initiator = true;
    std::string name = "AG_1";  // of the next sending
    PayoutFinding answer = PayoutFinding::accepted;
    PayoutFinding question = PayoutFinding::processing;
    int asked = 0;
    std::vector<::payments::PayoutRequest> sent;
    std::vector<::payments::ReversalRequest> reversed;
    std::vector<std::string> urls;
};

class PayoutsTest : public CallbacksTest {
protected:
    void SetUp() override {
        app->database().execute("truncate payouts, payout_results, payout_balances cascade");
        CallbacksTest::SetUp();
        provider = ScriptedPayouts::install(app->host());
        mpesa = provider;
    }

    static std::string order_json(const std::string& key, std::int64_t amount = 150'000,
                                  std::string_view phone = "0712 345 678") {
        return fmt::format(R"({{"clientRequestId":"{}","amount":{},"phone":"{}","reason":"Wages of November"}})", key,
                           amount, phone);
    }
    static std::string send(std::int64_t amount = 150'000, std::string_view phone = "0712 345 678") {
        const auto reply = post("/v1/payouts", order_json(next_id(), amount, phone));
        EXPECT_EQ(reply.status, 202) << reply.body;
        return member_in(reply.body, "id");
    }
    static std::string payout_state(const std::string& id) {
        return rows(fmt::format("select state from payouts where id = '{}'", id));
    }
    static std::string result(const std::string& id, std::string_view code, std::int64_t shillings = 1'500,
                              std::string_view receipt = "NLJ41HAY6Q") {
        return fmt::format(
            R"({{"Result":{{"ResultCode":{},"ResultDesc":"said","OriginatorConversationID":"{}","ConversationID":"AG_1",)"
            R"("TransactionID":"{}","ResultParameters":{{"ResultParameter":[{{"Key":"TransactionAmount","Value":{}}},)"
            R"({{"Key":"TransactionReceipt","Value":"{}"}},)"
            R"({{"Key":"ReceiverPartyPublicName","Value":"254712345678 - Juma"}}]}}}}}})",
            code, id, receipt, shillings, receipt);
    }
    static std::string status_answer(const std::string& id, std::string_view word, std::int64_t shillings = 1'500) {
        return fmt::format(
            R"({{"Result":{{"ResultCode":0,"ResultDesc":"said","OriginatorConversationID":"q-1","ConversationID":"AG_2",)"
            R"("ResultParameters":{{"ResultParameter":[{{"Key":"OriginatorConversationID","Value":"{}"}},)"
            R"({{"Key":"TransactionStatus","Value":"{}"}},{{"Key":"Amount","Value":"{}"}},)"
            R"({{"Key":"ReceiptNo","Value":"NLJ41HAY6Q"}}]}}}}}})",
            id, word, shillings);
    }
    void told(std::string_view kind, const std::string& id, std::string json) const {
        const auto reply = post(fmt::format("/v1/callbacks/m/{}/{}/{}", token, kind, id), std::move(json), "");
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_EQ(reply.body, R"({"ResultCode":0,"ResultDesc":"Accepted"})");
    }
    static PayoutOrders& orders() { return app->host().services().use<PayoutOrders>(); }
    static void resume(const std::string& id) {
        std::ignore = app->run(orders().resume(db(), PayoutId(*base::Uuid::from_string(id)), {}));
    }
    static void age(std::string_view interval) {
        app->database().execute(
            fmt::format("update payouts set created_at = created_at - interval '{0}', "
                        "sent_at = sent_at - interval '{0}', next_look_at = now()",
                        interval));
    }
    static db::SystemDb system() {
        return db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(20));
    }

    ScriptedPayouts* provider = nullptr;
};

// ---- Sending -----------------------------------------------------------------------------------------------------

TEST_F(PayoutsTest, OneRequestIsOnePayoutHoweverOftenItIsSent) {
    const auto key = next_id();
    const auto first = post("/v1/payouts", order_json(key));
    EXPECT_EQ(first.status, 202) << first.body;
    const auto id = member_in(first.body, "id");
    EXPECT_EQ(member_in(first.body, "phone"), "+254712345678");
    EXPECT_EQ(member_in(get("/v1/payouts").body, "phone"), "+254712345678");
    EXPECT_EQ(rows("select phone from payouts"), "254712345678") << "as M-Pesa takes it";
    EXPECT_NE(id, key) << "two shops may share an account of the provider, where it names the payout";
    for (int i = 0; i < 3; ++i) {
        const auto again = post("/v1/payouts", order_json(key, 150'000, "+254 712 345 678"));
        EXPECT_EQ(again.status, 200) << again.body;
        EXPECT_EQ(member_in(again.body, "id"), id) << "whoever lost the reply learns it";
    }
    ASSERT_EQ(provider->sent.size(), 1U);
    EXPECT_EQ(provider->sent.at(0).id.to_string(), id);
    EXPECT_EQ(provider->sent.at(0).phone, "254712345678");
    EXPECT_THAT(provider->urls.at(0), HasSubstr("/v1/callbacks/m/"));
    const auto other = post("/v1/payouts", order_json(key, 160'000));
    EXPECT_EQ(other.status, 422) << other.body;
    EXPECT_THAT(other.body, HasSubstr("idempotency.key_reused"));
}

TEST_F(PayoutsTest, ManyAtOnceAreOne) {
    const auto key = next_id();
    std::vector<http::InjectedRequest> requests;
    for (int i = 0; i < 20; ++i) requests.push_back(request("/v1/payouts", order_json(key)));
    for (const auto& reply : app->run(all_at_once(std::move(requests))))
        EXPECT_TRUE(reply.status == 200 || reply.status == 202) << reply.body;
    EXPECT_EQ(provider->sent.size(), 1U);
    // … and so are those that have a key each: whoever clicked twice.
    requests.clear();
    for (int i = 0; i < 20; ++i)
        requests.push_back(request("/v1/payouts", order_json(next_id(), 200'000, "0722000111")));
    int taken = 0;
    for (const auto& reply : app->run(all_at_once(std::move(requests)))) {
        taken += reply.status == 202 ? 1 : 0;
        if (reply.status != 202) EXPECT_THAT(reply.body, HasSubstr("payout.open"));
    }
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(provider->sent.size(), 2U);
}

TEST_F(PayoutsTest, WhileOneIsNotDecidedNoOtherLikeItGoesOut) {
    provider->answer = PayoutFinding::lost;
    const auto id = send();
    EXPECT_EQ(payout_state(id), "sent");
    const auto second = post("/v1/payouts", order_json(next_id()));
    EXPECT_EQ(second.status, 409) << second.body;
    EXPECT_THAT(second.body, HasSubstr("payout.open"));
    EXPECT_THAT(second.body, HasSubstr(id));
    send(160'000);
    send(150'000, "0722000111");
    told("result", id, result(id, "1"));
    EXPECT_EQ(payout_state(id), "failed");
    send();
}

TEST_F(PayoutsTest, RefusesWhatTheProviderWouldBeforeAnythingIsStored) {
    const auto code = [&](std::int64_t amount, std::string_view phone) {
        return post("/v1/payouts", order_json(next_id(), amount, phone)).body;
    };
    EXPECT_THAT(code(900, "0712345678"), HasSubstr("payment.amount_refused"));
    EXPECT_THAT(code(1'050, "0712345678"), HasSubstr("payment.amount_not_whole"));
    EXPECT_THAT(code(25'000'100, "0712345678"), HasSubstr("payment.amount_refused"));
    EXPECT_THAT(code(150'000, "12345"), HasSubstr("payout.phone"));
    provider->has_initiator = false;
    EXPECT_THAT(code(150'000, "0712345678"), HasSubstr("payout.not_offered"));
    const auto stripe_one =
        post("/v1/payouts", R"({"clientRequestId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0e01",)"
                            R"("provider":"stripe","amount":1000,"phone":"0712345678","reason":"ab"})");
    EXPECT_THAT(stripe_one.body, HasSubstr("payout.not_offered"));
    EXPECT_EQ(rows("select count(*) from payouts"), "0");
    EXPECT_TRUE(provider->sent.empty());
}

TEST_F(PayoutsTest, WhatDidNotLeaveIsSentAgainUnderTheSameId) {
    provider->answer = PayoutFinding::not_sent;
    const auto id = send();
    EXPECT_EQ(payout_state(id), "created");
    provider->answer = PayoutFinding::accepted;
    resume(id);
    EXPECT_EQ(payout_state(id), "pending");
    ASSERT_EQ(provider->sent.size(), 2U);
    EXPECT_EQ(provider->sent.at(0).id, provider->sent.at(1).id);
    // Busy: it says itself that the same may come again.
    told("result", id, result(id, "26"));
    EXPECT_EQ(payout_state(id), "created");
    resume(id);
    EXPECT_EQ(provider->sent.size(), 3U);
    EXPECT_EQ(rows("select sends from payouts"), "3");
    told("result", id, result(id, "0"));
    EXPECT_EQ(payout_state(id), "succeeded");
}

// Each end is told as it comes; that it was told before tells nothing more, and to whom it went nobody is told.
TEST_F(PayoutsTest, ItsWayIsToldToWebhooks) {
    app->database().execute("truncate webhook_events, webhook_endpoints cascade");
    const auto hook = post("/v1/webhooks", R"({"url":"https://93.184.216.34/","eventTypes":["payout.*"]})", owner,
                           {{"Idempotency-Key", next_id()}});
    EXPECT_EQ(hook.status, 201) << hook.body;
    const auto key = next_id();
    const auto id = member_in(post("/v1/payouts", order_json(key)).body, "id");
    EXPECT_EQ(post("/v1/payouts", order_json(key)).status, 200);
    told("result", id, result(id, "1"));
    told("result", id, result(id, "1"));
    told("result", id, result(id, "0"));
    told("result", id, result(id, "0"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(
        rows("select string_agg(concat_ws(' ', type, subject = '" + id +
             "', data->>'state', data->>'amount', data->>'receiptCode', data->>'concern'), ', ' order by position) "
             "from (select *, convert_from(body, 'UTF8')::jsonb->'data' as data from webhook_events) e"),
        "payout.created t created 150000, payout.failed t failed 150000, "
        "payout.succeeded t succeeded 150000 NLJ41HAY6Q paid_after_failed");
    EXPECT_EQ(rows("select count(*) from webhook_events where convert_from(body, 'UTF8') ~ '712345678|Juma|Wages'"),
              "0");
}

TEST_F(PayoutsTest, WhatMayHaveLeftIsAskedAfterAndNotSentAgain) {
    provider->answer = PayoutFinding::lost;
    const auto id = send();
    for (const auto* const aged : {"61 seconds", "5 minutes", "10 minutes"}) {
        age(aged);
        resume(id);
        EXPECT_EQ(payout_state(id), "sent") << aged;
    }
    EXPECT_EQ(provider->sent.size(), 1U);
    EXPECT_EQ(provider->asked, 3);
    age("1 hour");
    resume(id);
    EXPECT_EQ(payout_state(id), "unknown");
    told("status", id, status_answer(id, "Completed"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(rows("select receipt_code from payouts"), "NLJ41HAY6Q");
    EXPECT_EQ(rows("select count(*) from payouts where next_look_at is not null"), "0");
}

TEST_F(PayoutsTest, ACrashBetweenTwoStepsIsGoneOnWith) {
    const auto id = send();
    app->database().execute("update payouts set state = 'created', sends = 0, sent_at = null, next_look_at = now()");
    app->run(sweep_payouts(system(), &orders()));
    app->run(sweep_payouts(system(), &orders()));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where name = 'payouts.resume'"), "1");
    resume(id);
    EXPECT_EQ(payout_state(id), "pending");
    EXPECT_EQ(provider->sent.back().id.to_string(), id);
    // Given up after a day: it never left.
    app->database().execute("update payouts set state = 'created', may_be_there = false");
    age("25 hours");
    resume(id);
    EXPECT_EQ(payout_state(id), "failed");
}

TEST_F(PayoutsTest, APersonHasItSentAgainUnderTheSameId) {
    provider->answer = PayoutFinding::lost;
    const auto id = send();
    const auto path = "/v1/payouts/" + id + "/send-again";
    EXPECT_THAT(post(path, "").body, HasSubstr("payout.waits"));
    age("2 minutes");
    // That this one was refused says nothing of the first.
    provider->answer = PayoutFinding::refused;
    EXPECT_EQ(post(path, "").status, 200);
    EXPECT_EQ(payout_state(id), "sent");
    age("2 minutes");
    provider->answer = PayoutFinding::accepted;
    EXPECT_EQ(post(path, "").status, 200);
    EXPECT_EQ(payout_state(id), "pending");
    ASSERT_EQ(provider->sent.size(), 3U);
    EXPECT_EQ(provider->sent.at(2).id.to_string(), id);
    told("result", id, result(id, "0"));
    EXPECT_THAT(post(path, "").body, HasSubstr("payout.final"));
}

// M-Pesa repeats its results. One of the first sending, told again while the second is under way, is no word about that.
TEST_F(PayoutsTest, AResultOfAnEarlierSendingThatComesTwiceMovesNothing) {
    const auto id = send();
    told("result", id, result(id, "26"));
    EXPECT_EQ(payout_state(id), "created");
    provider->name = "AG_2";
    resume(id);
    EXPECT_EQ(rows("select state || ' ' || sends || ' ' || conversation_id from payouts"), "pending 2 AG_2");
    for (const int sends : {2, 5}) {
        for (const auto* const code : {"26", "17", "1", "2001"}) {
            app->database().execute(fmt::format("update payouts set sends = {}, next_look_at = null", sends));
            told("result", id, result(id, code));
            EXPECT_EQ(payout_state(id), "pending") << code;
            EXPECT_EQ(rows("select (next_look_at <= now())::text from payouts"), "true") << "it is asked after at once";
        }
    }
    EXPECT_THAT(post("/v1/payouts", order_json(next_id())).body, HasSubstr("payout.open"));
    // The same between the sending and its reply.
    app->database().execute("update payouts set state = 'sent', conversation_id = null");
    for (int i = 0; i < 2; ++i) told("result", id, result(id, "26"));
    EXPECT_EQ(payout_state(id), "sent");
    EXPECT_EQ(provider->sent.size(), 2U);
    told("status", id, status_answer(id, "Completed"));
    EXPECT_EQ(payout_state(id), "succeeded");
}

// The first was paid and its answer lost. A person has it sent once more: what M-Pesa says of that sending is not what became of the payout.
TEST_F(PayoutsTest, AFailingResultOfASecondSendingIsNoEndOfTheFirst) {
    for (const auto* const code : {"1", "2001", "26", "17"}) {
        app->database().execute("truncate payouts, payout_results cascade");
        provider->answer = PayoutFinding::lost;
        const auto id = send();
        age("2 minutes");
        provider->answer = PayoutFinding::accepted;
        EXPECT_EQ(post("/v1/payouts/" + id + "/send-again", "").status, 200);
        for (int i = 0; i < 6; ++i) told("result", id, result(id, code));
        EXPECT_EQ(payout_state(id), "pending") << code;
        EXPECT_EQ(rows("select (next_look_at <= now())::text from payouts"), "true") << "it is asked after at once";
        EXPECT_THAT(post("/v1/payouts", order_json(next_id())).body, HasSubstr("payout.open"));
        const auto before = provider->asked;
        const auto sent_so_far = provider->sent.size();
        resume(id);
        EXPECT_EQ(provider->asked, before + 1);
        EXPECT_EQ(provider->sent.size(), sent_so_far);
        told("status", id, status_answer(id, "Completed"));
        EXPECT_EQ(payout_state(id), "succeeded") << code;
        EXPECT_EQ(rows("select coalesce(concern, '-') from payouts"), "-");
    }
}

// The answer may say that it failed: but not the one to a question that was asked before it was sent again.
TEST_F(PayoutsTest, AnAnswerThatWasOvertakenByASendingEndsNothing) {
    provider->answer = PayoutFinding::lost;
    const auto id = send();
    age("2 minutes");
    provider->answer = PayoutFinding::accepted;
    EXPECT_EQ(post("/v1/payouts/" + id + "/send-again", "").status, 200);
    told("status", id, status_answer(id, "Failed"));
    EXPECT_EQ(payout_state(id), "pending");
    age("2 minutes");
    told("status", id, status_answer(id, "Failed"));
    EXPECT_EQ(payout_state(id), "failed");
}

// ---- Results -----------------------------------------------------------------------------------------------------

TEST_F(PayoutsTest, AResultSettlesItOnceAndNothingTakesItBack) {
    const auto id = send();
    for (int i = 0; i < 3; ++i) told("result", id, result(id, "0"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(rows("select receipt_code || ' ' || recipient from payouts"), "NLJ41HAY6Q 2547****5678 - Juma");
    told("result", id, result(id, "1"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(rows("select concern from payouts"), "failed_after_paid");
    EXPECT_EQ(rows("select count(*) from payout_results"), "4");
}

TEST_F(PayoutsTest, WhatDoesNotFitSettlesNothingAndIsKept) {
    const auto id = send();
    for (const auto& json : {std::string("<html>"), std::string("{}"), std::string("null"), std::string(),
                             result(next_id(), "0").replace(result(next_id(), "0").find("AG_1"), 4, "AG_9"),
                             result(id, "77777"), result(id, "15")}) {
        told("result", id, json);
        EXPECT_EQ(payout_state(id), "pending") << json;
    }
    told("timeout", id, "{}");
    EXPECT_EQ(payout_state(id), "pending");
    EXPECT_EQ(rows("select count(*) from payout_results"), "8");
    EXPECT_EQ(rows("select count(*) from payouts where next_look_at <= now()"), "1") << "it is asked after at once";
    // Some money went out, and not this.
    told("result", id, result(id, "0", 1'400));
    EXPECT_EQ(payout_state(id), "unknown");
    EXPECT_EQ(rows("select concern from payouts"), "amount_differs");
    told("result", id, result(id, "0"));
    EXPECT_EQ(payout_state(id), "succeeded");
}

TEST_F(PayoutsTest, ALateSuccessReplacesAFailure) {
    const auto id = send();
    told("status", id, status_answer(id, "Failed"));
    EXPECT_EQ(payout_state(id), "failed");
    told("result", id, result(id, "0"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(rows("select concern from payouts"), "paid_after_failed");
}

TEST_F(PayoutsTest, AResultBeforeTheReplyIsNotOvertakenByIt) {
    const auto id = send();
    app->database().execute("update payouts set state = 'sent', conversation_id = null");
    told("result", id, result(id, "0"));
    std::ignore = app->run(db().transaction([&](db::Db tx) {
        return orders().apply(tx, PayoutId(*base::Uuid::from_string(id)),
                              {.source = PayoutSource::reply, .finding = PayoutFinding::accepted});
    }));
    EXPECT_EQ(payout_state(id), "succeeded");
}

TEST_F(PayoutsTest, ForgedTokensAndOtherAccountsChangeNothing) {
    const auto id = send();
    const auto forged =
        post(fmt::format("/v1/callbacks/m/{}/result/{}", std::string(32, 'f'), id), result(id, "0"), "");
    EXPECT_EQ(forged.status, 403) << forged.body;
    const auto second = token_of(add_account("mpesa", "600600"));
    const auto reply = post(fmt::format("/v1/callbacks/m/{}/result/{}", second, id), result(id, "0"), "");
    EXPECT_EQ(reply.status, 200) << "whoever sends it is told nothing";
    told("result", next_id(), result(id, "0"));
    told("result", "x", result(id, "0"));
    EXPECT_EQ(payout_state(id), "pending");
    EXPECT_EQ(rows("select count(*) from payout_results"), "0");
}

// ---- People ------------------------------------------------------------------------------------------------------

// M-Pesa may be paying at this moment, and another payout of the same would go out.
TEST_F(PayoutsTest, NobodySettlesWhatIsOnItsWay) {
    provider->answer = PayoutFinding::lost;
    const auto id = send();
    ASSERT_EQ(payout_state(id), "sent");
    for (const auto* said : {R"({"outcome":"not_paid","note":"the portal"})",
                             R"({"outcome":"paid","receiptCode":"NLJ41HAY6Q","note":"the portal"})"}) {
        const auto reply = post("/v1/payouts/" + id + "/resolve", said);
        EXPECT_EQ(reply.status, 409) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("payout.waits"));
    }
    EXPECT_EQ(payout_state(id), "sent");
    EXPECT_THAT(post("/v1/payouts", order_json(next_id())).body, HasSubstr("payout.open"));
}

TEST_F(PayoutsTest, APersonSettlesWhatNobodyKnows) {
    const auto id = send();
    const auto path = "/v1/payouts/" + id + "/resolve";
    const auto too_soon = post(path, R"({"outcome":"not_paid","note":"the portal"})");
    EXPECT_EQ(too_soon.status, 409) << too_soon.body;
    EXPECT_THAT(too_soon.body, HasSubstr("payout.waits"));
    EXPECT_THAT(too_soon.body, ::testing::ContainsRegex("\"retryAfterMs\":35[0-9][0-9][0-9][0-9][0-9]"))
        << "until it is `unknown`";
    age("2 hours");
    resume(id);
    EXPECT_EQ(payout_state(id), "unknown");
    EXPECT_EQ(post(path, R"({"outcome":"paid","note":"the portal"})").status, 422) << "with which receipt?";
    EXPECT_EQ(post(path, R"({"outcome":"not_paid","note":"the portal"})").status, 200);
    EXPECT_EQ(post(path, R"({"outcome":"not_paid","note":"the portal"})").status, 200) << "said again";
    EXPECT_EQ(payout_state(id), "failed");
    EXPECT_EQ(rows("select count(*) from audit_events where action = 'payout.resolve_not_paid'"), "1");
    // What the provider says later counts.
    told("result", id, result(id, "0"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_THAT(post(path, R"({"outcome":"not_paid","note":"the portal"})").body, HasSubstr("payout.final"));
}

TEST_F(PayoutsTest, ShowsWhatACodeMeans) {
    const auto id = send();
    told("result", id, result(id, "1"));
    const auto shown = get("/v1/payouts/" + id);
    EXPECT_THAT(shown.body, HasSubstr(R"("message":"en says 1")"));
    EXPECT_THAT(shown.body, HasSubstr(R"("state":"failed")"));
    EXPECT_EQ(get("/v1/payouts/" + id, other).status, 404);
    EXPECT_THAT(get("/v1/payouts?state=failed").body, HasSubstr(id));
}

// ---- Reversals ---------------------------------------------------------------------------------------------------

class ReversalsTest : public PayoutsTest {
protected:
    static std::string reversal_json(const std::string& key, std::int64_t amount) {
        return fmt::format(R"({{"clientRequestId":"{}","amount":{},"reason":"returned"}})", key, amount);
    }
    static std::string reverse(const std::string& intent, std::int64_t amount = 15'000) {
        const auto reply = post(path(intent) + "/reverse", reversal_json(next_id(), amount));
        EXPECT_EQ(reply.status, 202) << reply.body;
        return member_in(reply.body, "id");
    }
    static std::string reversal_result(std::string_view code, std::int64_t shillings = 150) {
        return fmt::format(
            R"({{"Result":{{"ResultCode":{},"ResultDesc":"said","OriginatorConversationID":"AG_1","TransactionID":"NLJ41HAY6Q",)"
            R"("ResultParameters":{{"ResultParameter":{{"Key":"Amount","Value":{}}}}}}}}})",
            code, shillings);
    }
    static std::string sums() { return rows("select refunded || ' ' || refund_held from payment_intents"); }
};

TEST_F(ReversalsTest, HoldsItsAmountUntilItIsDecided) {
    const auto intent = paid_intent(15'000, "TAF7RT61SV");
    const auto id = reverse(intent);
    ASSERT_EQ(provider->reversed.size(), 1U);
    EXPECT_EQ(provider->reversed.at(0).receipt, "TAF7RT61SV");
    EXPECT_EQ(sums(), "0 15000");
    const auto by_hand = post(path(intent) + "/refund", R"({"clientRequestId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0e02",)"
                                                        R"("amount":100,"reason":"x","byHand":true})");
    EXPECT_EQ(by_hand.status, 409) << by_hand.body;
    told("result", id, reversal_result("0"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(sums(), "15000 0");
    EXPECT_EQ(state(intent), "refunded");
    EXPECT_EQ(rows("select state || ' ' || provider_id from payment_refunds"), "succeeded NLJ41HAY6Q");
}

TEST_F(ReversalsTest, GivesItsAmountBackWhenItFails) {
    const auto intent = paid_intent(15'000);
    const auto id = reverse(intent, 10'000);
    told("result", id, reversal_result(R"("R000002")"));
    EXPECT_EQ(payout_state(id), "failed");
    EXPECT_EQ(sums(), "0 0");
    reverse(intent);
    EXPECT_EQ(provider->reversed.size(), 2U);
}

TEST_F(ReversalsTest, IsSentOnceAndOneAtATime) {
    provider->answer = PayoutFinding::lost;
    const auto intent = paid_intent(15'000);
    const auto key = next_id();
    const auto made = post(path(intent) + "/reverse", reversal_json(key, 5'000));
    EXPECT_EQ(made.status, 202) << made.body;
    const auto id = member_in(made.body, "id");
    EXPECT_EQ(post(path(intent) + "/reverse", reversal_json(key, 5'000)).status, 200);
    const auto second = post(path(intent) + "/reverse", reversal_json(next_id(), 5'000));
    EXPECT_EQ(second.status, 409) << second.body;
    EXPECT_THAT(second.body, HasSubstr("payout.reversal_open"));
    EXPECT_EQ(sums(), "0 5000") << "what was refused holds nothing";
    age("2 minutes");
    EXPECT_EQ(post("/v1/payouts/" + id + "/send-again", "").status, 409);
    told("result", id, reversal_result("26", 50));
    EXPECT_EQ(payout_state(id), "sent") << "it may be there: nobody sends it again";
    resume(id);
    EXPECT_EQ(provider->reversed.size(), 1U);
    told("result", id, reversal_result("0", 50));
    EXPECT_EQ(sums(), "5000 0");
}

TEST_F(ReversalsTest, AreNeverMoreThanWasPaid) {
    const auto intent = paid_intent(15'000);
    const auto more = post(path(intent) + "/reverse", reversal_json(next_id(), 15'100));
    EXPECT_EQ(more.status, 409) << more.body;
    EXPECT_THAT(more.body, HasSubstr("payment.refund_exceeds"));
    EXPECT_EQ(rows("select count(*) from payouts"), "0");
    EXPECT_THAT(post(path(intent) + "/reverse", reversal_json(next_id(), 50)).body,
                HasSubstr("payment.amount_not_whole"));
    const auto open = start(order(15'000, next_id()));
    EXPECT_THAT(post(path(open) + "/reverse", reversal_json(next_id(), 100)).body, HasSubstr("payout.receipt_unknown"));
    EXPECT_TRUE(provider->reversed.empty());
}

// It was called failed, the shop paid by hand, and then it went through after all.
TEST_F(ReversalsTest, ALateSuccessThatHasNoRoomIsForPeople) {
    const auto intent = paid_intent(15'000);
    const auto id = reverse(intent);
    told("result", id, reversal_result(R"("R000002")"));
    EXPECT_EQ(post(path(intent) + "/refund", R"({"clientRequestId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0e03",)"
                                             R"("amount":15000,"reason":"x","byHand":true})")
                  .status,
              201);
    told("result", id, reversal_result("0"));
    EXPECT_EQ(payout_state(id), "succeeded");
    EXPECT_EQ(rows("select concern from payouts"), "refund_unfit");
    EXPECT_EQ(sums(), "15000 0");
}

// ---- Balance -----------------------------------------------------------------------------------------------------

TEST_F(PayoutsTest, ABalanceIsAskedForOnceAMinuteAndReadLater) {
    const auto path = fmt::format("/v1/payment-accounts/{}/balance", account);
    EXPECT_THAT(get(path).body, HasSubstr(R"("purses":[])"));
    EXPECT_EQ(post(path, "").status, 200);
    const auto again = post(path, "");
    EXPECT_EQ(again.status, 429) << again.body;
    EXPECT_THAT(again.body, HasSubstr("payout.balance_asked"));
    const auto answer =
        post(fmt::format("/v1/callbacks/m/{}/balance", token),
             R"({"Result":{"ResultCode":0,"ResultParameters":{"ResultParameter":[{"Key":"AccountBalance",)"
             R"("Value":"Working Account|KES|700.00|700.00|0.00|0.00&Utility Account|KES|50.00|50.00|0.00|0.00"}]}}})",
             "");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(get(path).body, HasSubstr(R"({"name": "Utility Account", "amount": 5000, "currency": "KES"})"));
    post(fmt::format("/v1/callbacks/m/{}/balance", token), "{}", "");
    EXPECT_THAT(get(path).body, HasSubstr("Utility Account")) << "what says nothing replaces nothing";
}

}  // namespace
