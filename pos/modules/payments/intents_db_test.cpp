// Attempts to be paid: asked for once, credited once, and never lost.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "pos/testing/payments.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;
using ::testing::HasSubstr;
using ::testing::Not;

class IntentsTest : public PaymentsTest {
protected:
    // All at once; how many of them credited.
    static async::Task<std::ptrdiff_t> learn_all(std::string intent, std::vector<Evidence> said) {
        const IntentId id(*base::Uuid::from_string(intent));
        std::vector<async::Task<std::optional<Applied>>> all;
        for (auto& evidence : said) all.push_back(intents().apply_now(db(), id, std::move(evidence)));
        const auto applied = co_await async::when_all(std::move(all));
        co_return std::ranges::count_if(applied, [](const auto& one) { return one->decision.credits; });
    }
};

// ---- Starting ----------------------------------------------------------------------------------------------------

TEST_F(IntentsTest, APromptIsSentOnceForAKey) {
    const auto json = order(10'000, next_id());
    const auto intent = start(json);
    EXPECT_EQ(state(intent), "pending");
    for (int i = 0; i < 3; ++i) {
        const auto again = post("/v1/payment-intents", json);
        EXPECT_EQ(again.status, 200) << again.body;
        EXPECT_EQ(member_in(again.body, "id"), intent);
    }
    ASSERT_EQ(mpesa->started.size(), 1U);
    EXPECT_TRUE(mpesa->started[0].phone.starts_with("2547")) << mpesa->started[0].phone;
    EXPECT_THAT(mpesa->accounts[0].callback_url, HasSubstr("/v1/callbacks/m/"));
    EXPECT_THAT(mpesa->accounts[0].credentials.text, HasSubstr("s3cret-"));
}

TEST_F(IntentsTest, ManyAtOnceAreOnePrompt) {
    const auto subject = next_id();
    const auto phone = next_phone();
    std::vector<http::InjectedRequest> taps;
    for (int i = 0; i < 20; ++i)
        taps.push_back(request("/v1/payment-intents", order(10'000, subject, next_id(), phone)));
    std::set<std::string> ids;
    for (const auto& reply : app->run(all_at_once(std::move(taps)))) {
        EXPECT_TRUE(reply.status == 202 || reply.status == 200) << reply.body;
        ids.insert(member_in(reply.body, "id"));
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(mpesa->started.size(), 1U);
    EXPECT_EQ(rows("select count(*) from payment_intents"), "1");
}

TEST_F(IntentsTest, AnotherAmountWaitsForTheOpenPrompt) {
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(40'200, subject, next_id(), phone));
    const auto second = post("/v1/payment-intents", order(10'000, subject, next_id(), phone));
    EXPECT_EQ(second.status, 409);
    EXPECT_THAT(second.body, HasSubstr("payment.prompt_open"));
    const auto of_another = post("/v1/payment-intents", order(40'200, next_id(), next_id(), phone));
    EXPECT_EQ(of_another.status, 409);
    EXPECT_THAT(of_another.body, HasSubstr("payment.prompt_open"));
    EXPECT_EQ(mpesa->started.size(), 1U);
    learn(intent, said(Finding::cancelled));
    const auto third = start(order(10'000, subject, next_id(), phone));
    EXPECT_EQ(mpesa->started.at(1).amount.minor, 10'000);
    EXPECT_NE(third, intent);
}

TEST_F(IntentsTest, WhatIsPaidAndWaitsForItsSaleIsNotAskedForAgain) {
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(10'000, subject, next_id(), phone));
    learn(intent, paid(10'000, next_receipt()));
    app->database().execute("update payment_intents set created_at = created_at - interval '6 minutes'");
    const auto again = post("/v1/payment-intents", order(10'000, subject, next_id(), phone));
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(member_in(again.body, "id"), intent);
    EXPECT_EQ(member_in(again.body, "state"), "succeeded");
    EXPECT_EQ(mpesa->started.size(), 1U);
    // A friend pays as much, and the rest is paid as another part.
    const auto friends = start(order(10'000, subject));
    EXPECT_NE(friends, intent);
    learn(friends, paid(10'000, next_receipt()));
    EXPECT_NE(start(order(5'000, subject, next_id(), phone)), intent);
    EXPECT_EQ(mpesa->started.size(), 3U);
}

// Two halves by one phone: whoever has the first half asks for another.
TEST_F(IntentsTest, PartsOfOneAmountAreAskedForByNamingThoseThatAreThere) {
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto first = start(order(10'000, subject, next_id(), phone));
    learn(first, paid(10'000, next_receipt()));
    auto json = order(10'000, subject, next_id(), phone);
    json.insert(1, fmt::format(R"("otherIntentIds":["{}"],)", first));
    const auto second = start(json);
    learn(second, paid(10'000, next_receipt()));
    EXPECT_EQ(member_in(post("/v1/payment-intents", json).body, "id"), second);
    auto lost = order(10'000, subject, next_id(), phone);
    lost.insert(1, fmt::format(R"("otherIntentIds":["{}"],)", first));
    EXPECT_EQ(member_in(post("/v1/payment-intents", lost).body, "id"), second) << "its answer was lost, too";
    EXPECT_EQ(mpesa->started.size(), 2U);
}

// Friends who pay halves on pages of their own are not told apart.
TEST_F(IntentsTest, WhoPaysOnAPageIsNobodyElse) {
    auto* flutterwave = ScriptedProvider::install(app->host(), "flutterwave");
    add_account("flutterwave", "600001");
    const auto subject = next_id();
    const auto page = [&] {
        return fmt::format(R"({{"clientRequestId":"{}","provider":"flutterwave","amount":10000,"subjectId":"{}",)"
                           R"("locationId":"{}","phone":"0712345678","returnUrl":"https://app.example/paid"}})",
                           next_id(), subject, location());
    };
    const auto first = start(page());
    learn(first, paid(10'000, next_receipt()));
    const auto second = start(page());
    EXPECT_NE(second, first);
    EXPECT_EQ(member_in(post("/v1/payment-intents", page()).body, "id"), second) << "pressed twice";
    auto third = page();
    third.insert(1, fmt::format(R"("otherIntentIds":["{}","{}"],)", first, second));
    EXPECT_NE(start(third), second) << "while the second one's page is open";
    EXPECT_EQ(flutterwave->started.size(), 3U);
}

// By a reversal that is on its way or whose end nobody knows, by hand, by another sale, at another account, in another currency.
TEST_F(IntentsTest, OnlyWhatIsThereAndFreeIsGivenAsPaid) {
    const auto other_account = add_account("mpesa", "600002");
    const std::string changes[] = {
        "update payment_intents set refund_held = amount",
        "update payment_intents set refunded = 100",
        fmt::format("update payment_intents set account_id = '{}'", other_account),
        "update payment_intents set currency = 'UGX'",
    };
    for (const auto& change : changes) {
        const auto subject = next_id();
        const auto phone = next_phone();
        const auto intent = start(order(10'000, subject, next_id(), phone));
        learn(intent, paid(10'000, next_receipt()));
        app->database().execute(change);
        EXPECT_NE(start(order(10'000, subject, next_id(), phone)), intent) << change;
        app->database().execute("truncate payment_intents cascade");
    }
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(10'000, subject, next_id(), phone));
    learn(intent, paid(10'000, next_receipt()));
    sell(sale_json(10'000, next_id(), intent));
    EXPECT_NE(start(order(10'000, subject, next_id(), phone)), intent) << "another sale has it";
}

TEST_F(IntentsTest, AKeyThatWasGivenAPaymentOfAnotherKeepsIt) {
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(10'000, subject, next_id(), phone));
    const auto json = order(10'000, subject, next_id(), phone);
    const auto given = post("/v1/payment-intents", json);
    EXPECT_EQ(member_in(given.body, "id"), intent);
    EXPECT_EQ(member_in(given.body, "clientRequestId"), member_in(json, "clientRequestId")) << "whose answer it is";
    learn(intent, said(Finding::cancelled));
    const auto again = post("/v1/payment-intents", json);
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(member_in(again.body, "state"), "cancelled");
    EXPECT_EQ(mpesa->started.size(), 1U) << "it does not ring again for a repetition";
    auto other_use = order(20'000, next_id());
    const auto key = member_in(json, "clientRequestId");
    other_use.replace(other_use.find(member_in(other_use, "clientRequestId")), key.size(), key);
    EXPECT_THAT(post("/v1/payment-intents", other_use).body, HasSubstr("idempotency.key_reused"));
    EXPECT_EQ(post("/v1/payment-intents", json).status, 200);
    EXPECT_EQ(mpesa->started.size(), 1U);
}

// Before the refund task is worked on, it pays what it was for.
TEST_F(IntentsTest, MoneyThatCameLateIsGivenToWhoAsksForItAgain) {
    const auto subject = next_id();
    const auto phone = next_phone();
    const auto intent = start(order(10'000, subject, next_id(), phone));
    learn(intent, said(Finding::cancelled));
    learn(intent, paid(10'000, next_receipt()));
    const auto again = post("/v1/payment-intents", order(10'000, subject, next_id(), phone));
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(member_in(again.body, "id"), intent);
    EXPECT_THAT(again.body, HasSubstr("came late"));
    EXPECT_THAT(payment_of(sell(sale_json(10'000, subject, intent))), HasSubstr("accepted " + intent));
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "done");

    const auto settled = next_id();
    const auto given_up = start(order(10'000, settled, next_id(), phone));
    learn(given_up, said(Finding::cancelled));
    learn(given_up, paid(10'000, next_receipt()));
    EXPECT_EQ(post("/v1/payment-refund-tasks/" + given_up + "/dismiss", R"({"note":"in cash"})").status, 200);
    EXPECT_NE(start(order(10'000, settled, next_id(), phone)), given_up) << "somebody has settled it otherwise";
}

// A lost answer, and the account is switched off before it is asked for again.
TEST_F(IntentsTest, ARepetitionIsAnsweredWhateverBecameOfTheAccount) {
    const auto json = order(10'000, next_id());
    const auto intent = start(json);
    const auto shops = body<PaymentAccount>(get("/v1/payment-accounts/" + account));
    ASSERT_EQ(patch("/v1/payment-accounts/" + account, R"({"enabled":false})", shops.meta.version).status, 200);
    const auto again = post("/v1/payment-intents", json);
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(member_in(again.body, "id"), intent);
}

TEST_F(IntentsTest, AnOldPromptKeepsNobodyWaiting) {
    const auto subject = next_id();
    const auto phone = next_phone();
    start(order(40'200, subject, next_id(), phone));
    app->database().execute("update payment_intents set created_at = created_at - interval '6 minutes'");
    start(order(10'000, subject, next_id(), phone));
    EXPECT_EQ(mpesa->started.size(), 2U);
}

TEST_F(IntentsTest, AKeyBelongsToOneAttempt) {
    const auto key = next_id();
    start(order(10'000, next_id(), key));
    const auto other_subject = post("/v1/payment-intents", order(10'000, next_id(), key));
    EXPECT_EQ(other_subject.status, 422);
    EXPECT_THAT(other_subject.body, HasSubstr("idempotency.key_reused"));
    const auto none = post("/v1/payment-intents",
                           fmt::format(R"({{"amount":100,"subjectId":"{}","phone":"0712345678"}})", next_id()));
    EXPECT_EQ(none.status, 400);
    EXPECT_THAT(none.body, HasSubstr("idempotency.key_missing"));
}

TEST_F(IntentsTest, WhatTheProviderDoesNotTakeIsRefusedBeforeThePrompt) {
    const auto refusal = [&](const std::string& json) {
        const auto reply = post("/v1/payment-intents", json);
        EXPECT_EQ(reply.status, 422) << reply.body;
        return member_in(reply.body, "code");
    };
    const auto to = [&](std::int64_t amount, const std::string& phone = "0712345678",
                        std::string_view provider = "mpesa") {
        return refusal(order(amount, next_id(), next_id(), phone, provider));
    };
    EXPECT_EQ(to(10'050), "payment.amount_not_whole");
    EXPECT_EQ(to(25'000'100), "payment.amount_refused");
    EXPECT_EQ(to(0), "request.invalid");
    EXPECT_EQ(to(-100), "request.invalid");
    EXPECT_EQ(to(10'000, "12"), "payment.phone_unfit");
    EXPECT_EQ(to(10'000, "+256772345678"), "payment.phone_unfit");
    EXPECT_EQ(to(10'000, "0712345678", "paypal"), "request.invalid");
    auto subscription = order(10'000, next_id());
    subscription.insert(1, R"("purpose":"subscription",)");
    EXPECT_EQ(refusal(subscription), "payment.purpose_refused");
    EXPECT_TRUE(mpesa->started.empty());
    EXPECT_EQ(rows("select count(*) from payment_intents"), "0");
}

TEST_F(IntentsTest, ANumberIsShownAsE164AndStoredAsProvidersTakeIt) {
    const auto reply = post("/v1/payment-intents", order(10'000, next_id(), next_id(), "0712 345 678"));
    EXPECT_EQ(reply.status, 202) << reply.body;
    const auto id = member_in(reply.body, "id");
    for (const auto& json : {reply.body, get(path(id)).body, get("/v1/payment-intents").body})
        EXPECT_EQ(member_in(json, "phone"), "+254712345678") << json;
    EXPECT_EQ(rows("select phone from payment_intents"), "254712345678");
}

// Where a provider has both, a return_url asks for its page: no phone is needed, and none is prompted.
TEST_F(IntentsTest, APageNeedsNoPhone) {
    auto* flutterwave = ScriptedProvider::install(app->host(), "flutterwave");
    add_account("flutterwave", "777777");
    const auto ask = [&](std::string_view more) {
        return post("/v1/payment-intents",
                    fmt::format(R"({{"clientRequestId":"{}","provider":"flutterwave","amount":10000,"subjectId":"{}",)"
                                R"("locationId":"{}"{}}})",
                                next_id(), next_id(), location(), more));
    };
    EXPECT_THAT(ask("").body, HasSubstr("payment.phone_needed"));
    EXPECT_EQ(ask(R"(,"phone":"0712345678")").status, 202);
    EXPECT_EQ(flutterwave->started.back().phone, "254712345678");
    EXPECT_EQ(ask(R"(,"returnUrl":"https://app.example/paid","phone":"0712345678")").status, 202);
    EXPECT_EQ(flutterwave->started.back().phone, "");
    EXPECT_EQ(flutterwave->started.back().return_url, "https://app.example/paid");
    EXPECT_EQ(ask(R"(,"returnUrl":"https://app.example/paid")").status, 202) << "no phone has a prompt open";
}

TEST_F(IntentsTest, AShopWithoutAnAccountIsTold) {
    const auto json = fmt::format(R"({{"clientRequestId":"{}","amount":100,"subjectId":"{}","phone":"0712345678"}})",
                                  next_id(), next_id());
    const auto reply = post("/v1/payment-intents", json, other);
    EXPECT_EQ(reply.status, 422);
    EXPECT_THAT(reply.body, HasSubstr("payment.account_missing"));
    const auto shops = body<PaymentAccount>(get("/v1/payment-accounts/" + account));
    const auto off = patch("/v1/payment-accounts/" + account, R"({"enabled":false})", shops.meta.version);
    EXPECT_EQ(off.status, 200) << off.body;
    EXPECT_THAT(post("/v1/payment-intents", json).body, HasSubstr("payment.account_missing"));
}

TEST_F(IntentsTest, ARefusalIsTheIntentsEnd) {
    mpesa->on_start = [](const auto&) {
        return ::payments::Started{.evidence = {.finding = Finding::refused, .code = "400.002.02", .text = "Bad"}};
    };
    const auto reply =
        post("/v1/payments/mpesa/stk-push", order(10'000, next_id()), owner, {{"Accept-Language", "sw-KE,sw;q=0.9"}});
    EXPECT_EQ(reply.status, 202) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"("state":"failed")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("message":"sw says 400.002.02")"));
}

// Asked for at no place: whoever asks at one is given it.
TEST_F(IntentsTest, WhatWasAskedForAtNoPlaceIsGivenAtAny) {
    const auto subject = next_id();
    const auto phone = next_phone();
    auto json = order(10'000, subject, next_id(), phone);
    const auto at = json.find(R"("locationId")");
    json.erase(at, json.find(',', at) + 1 - at);
    const auto intent = start(json);
    learn(intent, paid(10'000, next_receipt()));
    const auto here = order(10'000, subject, next_id(), phone);
    for (int i = 0; i < 2; ++i) {
        const auto again = post("/v1/payment-intents", here);
        EXPECT_EQ(again.status, 200) << again.body;
        EXPECT_EQ(member_in(again.body, "id"), intent);
        EXPECT_THAT(get(path(intent)).body, HasSubstr(location())) << "who was given it may look at it there";
    }
    const auto nowhere = post("/v1/payment-intents", json);
    EXPECT_EQ(nowhere.status, 200) << nowhere.body;
}

// A key makes one payment, or is given one: never both.
TEST_F(IntentsTest, OneKeyForTwoSubjectsAtOnceIsOfOne) {
    for (int i = 0; i < 10; ++i) {
        const auto subject = next_id();
        const auto phone = next_phone();
        learn(start(order(10'000, subject, next_id(), phone)), paid(10'000, next_receipt()));
        const auto key = next_id();
        std::vector<http::InjectedRequest> both;
        both.push_back(request("/v1/payment-intents", order(10'000, subject, key, phone)));
        both.push_back(request("/v1/payment-intents", order(10'000, next_id(), key)));
        std::multiset<int> statuses;
        for (const auto& reply : app->run(all_at_once(std::move(both)))) statuses.insert(reply.status);
        EXPECT_TRUE(statuses == (std::multiset<int>{200, 422}) || statuses == (std::multiset<int>{202, 422}))
            << ::testing::PrintToString(statuses);
    }
    EXPECT_EQ(rows("select count(*) from payment_intent_keys k join payment_intents i using (client_request_id)"), "0");
}

// The sale that the payment pays is recorded at the moment at which it is asked for again: nobody's phone rings.
TEST_F(IntentsTest, AskedAgainWhileItsSaleIsRecordedRingsNoPhone) {
    for (int i = 0; i < 12; ++i) {
        const auto subject = next_id();
        const auto phone = next_phone();
        const auto intent = start(order(10'000, subject, next_id(), phone));
        learn(intent, paid(10'000, next_receipt()));
        std::vector<http::InjectedRequest> both;
        both.push_back(request("/v1/sales", sale_json(10'000, subject, intent)));
        for (int more = 0; more < 3; ++more)
            both.push_back(request("/v1/payment-intents", order(10'000, subject, next_id(), phone)));
        for (const auto& reply : app->run(all_at_once(std::move(both)))) EXPECT_NE(reply.status, 202) << reply.body;
    }
    EXPECT_EQ(rows("select count(*) from payment_intents"), "12");
}

// ---- What was lost -----------------------------------------------------------------------------------------------

TEST_F(IntentsTest, ALostReplyIsNeverSentAgain) {
    mpesa->on_start = [](const auto&) { return ::payments::Started{.evidence = {.finding = Finding::lost}}; };
    const auto json = order(10'000, next_id());
    const auto intent = start(json);
    EXPECT_EQ(state(intent), "sent");
    const IntentId id(*base::Uuid::from_string(intent));
    std::ignore = app->run(intents().resume(db(), id, {}));
    EXPECT_EQ(post("/v1/payment-intents", json).status, 200);
    EXPECT_EQ(mpesa->started.size(), 1U);
    EXPECT_EQ(mpesa->queries, 1);
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(state(intent), "succeeded");
}

TEST_F(IntentsTest, WhatNeverLeftIsSentAgain) {
    mpesa->on_start = [](const auto&) { return ::payments::Started{.evidence = {.finding = Finding::not_sent}}; };
    const auto intent = start(order(10'000, next_id()));
    EXPECT_EQ(state(intent), "created");
    mpesa->on_start = nullptr;
    const IntentId id(*base::Uuid::from_string(intent));
    EXPECT_EQ(app->run(intents().resume(db(), id, {})).state, IntentState::pending);
    EXPECT_EQ(mpesa->started.size(), 2U);
}

TEST_F(IntentsTest, WhatIsNotSentInTimeIsNotSentLate) {
    mpesa->on_start = [](const auto&) { return ::payments::Started{.evidence = {.finding = Finding::not_sent}}; };
    const auto intent = start(order(10'000, next_id()));
    app->database().execute("update payment_intents set expires_at = now() - interval '1 second'");
    const IntentId id(*base::Uuid::from_string(intent));
    EXPECT_EQ(app->run(intents().resume(db(), id, {})).state, IntentState::expired);
    EXPECT_EQ(mpesa->started.size(), 1U);
}

TEST_F(IntentsTest, WithoutAnAnswerItIsUnknownAndNeverFailed) {
    const auto intent = start(order(10'000, next_id()));
    app->database().execute(
        "update payment_intents set expires_at = now() - interval '1 hour', "
        "created_at = created_at - interval '1 hour'");
    const IntentId id(*base::Uuid::from_string(intent));
    EXPECT_EQ(app->run(intents().resume(db(), id, {})).state, IntentState::unknown);
    EXPECT_EQ(rows("select next_query_at > now() + interval '12 hours' from payment_intents"), "t");
    EXPECT_THAT(get("/v1/payment-intents?state=unknown").body, HasSubstr(intent));
    learn(intent, paid(10'000, next_receipt(), Source::query));
    EXPECT_EQ(state(intent), "succeeded");
}

// ---- Credited once -----------------------------------------------------------------------------------------------

TEST_F(IntentsTest, FiftyAtOnceCreditOnce) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    EXPECT_EQ(payment_of(sale), "unverified " + intent + " -");
    const auto receipt = next_receipt();
    auto without_receipt = paid(10'000, "", Source::query);
    const Evidence mixture[] = {paid(10'000, receipt), without_receipt, paid(10'000, receipt, Source::confirmation),
                                said(Finding::processing, Source::query), said(Finding::timed_out)};
    std::vector<Evidence> all;
    for (std::size_t i = 0; i < 50; ++i) all.push_back(mixture[(i * 3) % std::size(mixture)]);
    EXPECT_EQ(app->run(learn_all(intent, std::move(all))), 1);
    EXPECT_EQ(state(intent), "succeeded");
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", intent, receipt));
    EXPECT_EQ(rows("select count(*) from payments where status = 'accepted'"), "1");
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
}

TEST_F(IntentsTest, AReceiptPaysOnce) {
    const auto receipt = next_receipt();
    const auto first = start(order(10'000, next_id()));
    const auto second = start(order(10'000, next_id()));
    learn(first, paid(10'000, receipt));
    learn(second, paid(10'000, receipt));
    EXPECT_EQ(state(first), "succeeded");
    EXPECT_EQ(state(second), "unknown");
    EXPECT_THAT(get(path(second)).body, HasSubstr(R"("concern":"receipt_used")"));
    EXPECT_EQ(rows(fmt::format("select count(*) from payment_intents where receipt_code = '{}'", receipt)), "1");
}

TEST_F(IntentsTest, AnotherAmountIsNoCredit) {
    const auto intent = start(order(10'000, next_id()));
    learn(intent, paid(100, next_receipt()));
    EXPECT_EQ(state(intent), "unknown");
    EXPECT_THAT(get(path(intent)).body, HasSubstr(R"("concern":"amount_differs")"));
}

TEST_F(IntentsTest, AReceiptThatComesLaterIsLearnt) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    learn(intent, paid(10'000, "", Source::query));
    EXPECT_EQ(payment_of(sale), "accepted " + intent + " -");
    const auto receipt = next_receipt();
    learn(intent, paid(10'000, receipt, Source::confirmation));
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", intent, receipt));
}

// An attempt that was given up ends when it likes: what another one paid stays paid.
TEST_F(IntentsTest, TheEndOfOneAttemptIsNotTheSales) {
    const auto request_id = next_id();
    const auto by_card = start(order(10'000, request_id, next_id(), "0712345678", "stripe"));
    const auto by_phone = start(order(10'000, request_id));
    const auto sale = sell(sale_json(10'000, request_id, by_phone));
    const auto receipt = next_receipt();
    learn(by_phone, paid(10'000, receipt));
    learn(by_card, said(Finding::timed_out));
    learn(by_card, said(Finding::declined));
    EXPECT_EQ(state(by_card), "expired");
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", by_phone, receipt));
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
}

// ---- Too late ----------------------------------------------------------------------------------------------------

TEST_F(IntentsTest, MoneyThatComesAfterTheEndIsKeptAndOwedBackOnce) {
    for (const auto* late : {"1 second", "1 hour", "3 days"}) {
        for (const auto end : {Finding::timed_out, Finding::cancelled, Finding::declined}) {
            const auto intent = start(order(10'000, next_id()));
            learn(intent, said(end));
            app->database().execute(fmt::format(
                "update payment_intents set finished_at = finished_at - interval '{}' where id = '{}'", late, intent));
            const auto receipt = next_receipt();
            for (int i = 0; i < 3; ++i) learn(intent, paid(10'000, receipt));
            EXPECT_EQ(state(intent), "succeeded") << late;
            EXPECT_EQ(rows(fmt::format("select reason || ' ' || amount || ' ' || state from payment_refund_tasks "
                                       "where intent_id = '{}'",
                                       intent)),
                      "paid_after_end 10000 open")
                << late;
        }
    }
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "9");
    EXPECT_EQ(rows("select count(*) from payments"), "0");
}

TEST_F(IntentsTest, LateMoneyForGoodsThatHaveLeftPaysThem) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    learn(intent, said(Finding::timed_out));
    const auto sale = sell(sale_json(10'000, request_id, intent));
    const auto receipt = next_receipt();
    learn(intent, paid(10'000, receipt));
    EXPECT_EQ(payment_of(sale), fmt::format("accepted {} {}", intent, receipt));
    EXPECT_EQ(rows("select count(*) from payment_refund_tasks"), "0");
}

TEST_F(IntentsTest, ASaleThatComesForLateMoneyTakesIt) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    learn(intent, said(Finding::timed_out));
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "open");
    const auto sale = sell(sale_json(10'000, request_id, intent));
    EXPECT_THAT(payment_of(sale), HasSubstr("accepted " + intent));
    EXPECT_EQ(rows("select state from payment_refund_tasks"), "done");
}

TEST_F(IntentsTest, MoneyForASaleThatWasPaidOtherwiseIsOwedBack) {
    const auto request_id = next_id();
    const auto intent = start(order(10'000, request_id));
    sell(sale_json(10'000, request_id, "", "card"));
    learn(intent, paid(10'000, next_receipt()));
    EXPECT_EQ(rows("select reason from payment_refund_tasks"), "subject_paid");
    const auto task = get("/v1/payment-refund-tasks?state=open");
    EXPECT_THAT(task.body, HasSubstr(intent));
    const auto dismissed = post("/v1/payment-refund-tasks/" + intent + "/dismiss", R"({"note":"he comes tomorrow"})");
    EXPECT_EQ(dismissed.status, 200) << dismissed.body;
    EXPECT_THAT(dismissed.body, HasSubstr("dismissed"));
}

// ---- Following ---------------------------------------------------------------------------------------------------

TEST_F(IntentsTest, WhoWaitsHearsAtOnce) {
    const auto intent = start(order(10'000, next_id()));
    const auto reply = app->run(
        while_paid(request(path(intent) + "?wait=25", "", http::Method::get), intent, paid(10'000, next_receipt())));
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, HasSubstr(R"("state":"succeeded")"));
    EXPECT_EQ(get(path(intent) + "?wait=26").status, 422);
}

TEST_F(IntentsTest, AskingAppliesTheAnswer) {
    const auto intent = start(order(10'000, next_id()));
    mpesa->on_query = [](const auto&) {
        return Evidence{.source = Source::query, .finding = Finding::cancelled, .code = "1032"};
    };
    const auto reply = post(path(intent) + "/query", "");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"("state":"cancelled")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("mayTryAgain":true)"));
}

TEST_F(IntentsTest, IsCalledOffWhereThatIsPossible) {
    const auto rings = start(order(10'000, next_id()));
    const auto refused = post(path(rings) + "/cancel", "");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.body, HasSubstr("payment.prompt_rings"));
    EXPECT_EQ(state(rings), "pending");
    const auto by_card = start(order(10'000, next_id(), next_id(), "0712345678", "stripe"));
    EXPECT_EQ(post(path(by_card) + "/cancel", "").status, 200);
    EXPECT_EQ(state(by_card), "cancelled");
    learn(rings, paid(10'000, next_receipt()));
    EXPECT_THAT(post(path(rings) + "/cancel", "").body, HasSubstr("payment.intent_final"));
}

// Its key was taken away: nothing is sent, nothing is left behind, and what was under way does not ring for ever.
TEST_F(IntentsTest, AnAccountThatNobodyCanOpenSendsNothing) {
    const auto before = start(order(15'000, next_id()));
    app->database().execute("update payment_accounts set credentials = '\\x00'");
    const auto reply = post("/v1/payment-intents", order(15'000, next_id()));
    EXPECT_EQ(reply.status, 503);
    EXPECT_THAT(reply.body, HasSubstr("payment.account_unreadable"));
    EXPECT_EQ(rows("select count(*) from payment_intents"), "1");
    app->database().execute(
        "update payment_intents set created_at = created_at - interval '20 minutes', "
        "expires_at = expires_at - interval '20 minutes'");
    std::ignore = app->run(intents().resume(db(), IntentId(*base::Uuid::from_string(before)), {}));
    EXPECT_EQ(state(before), "unknown");
    // It can still be switched off.
    const auto row = body<PaymentAccount>(get("/v1/payment-accounts/" + account));
    EXPECT_EQ(patch("/v1/payment-accounts/" + account, R"({"enabled":false})", row.meta.version).status, 200);
}

TEST_F(IntentsTest, AnotherShopSeesNothing) {
    const auto intent = paid_intent(10'000);
    EXPECT_EQ(get(path(intent), other).status, 404);
    EXPECT_EQ(post(path(intent) + "/query", "", other).status, 404);
    EXPECT_EQ(post(path(intent) + "/cancel", "", other).status, 404);
    EXPECT_EQ(get(path(intent) + "/refunds", other).status, 404);
    const auto refund = refund_order(100);
    EXPECT_EQ(post(path(intent) + "/refund", refund, other).status, 404);
    EXPECT_THAT(get("/v1/payment-intents", other).body, HasSubstr(R"("data":[])"));
}

}  // namespace
