#pragma once
// Fixture of tests of payments: the whole service with a provider that calls nobody, an account of the first shop, and evidence that the
// test makes up. One thread.
//
//     class RefundsTest : public PaymentsTest {};
//     TEST_F(RefundsTest, Once) {
//         const auto intent = paid_intent(10'000);
//         EXPECT_EQ(post(intent_path(intent) + "/refund", …).status, 201);
//     }

#include "async/sync.h"
#include "pos/modules/payments/intents.h"
#include "pos/testing/scripted_provider.h"
#include "pos/testing/shop.h"

namespace pos::testing {

class PaymentsTest : public ShopTest {
protected:
    void SetUp() override {
        app->database().execute(
            "truncate payment_intents, payment_refunds, payment_refund_tasks, payment_disputes, provider_events, "
            "c2b_payments, "
            "payment_accounts, payments, sale_taxes, sale_lines, sales, outbox_jobs cascade");
        mpesa = ScriptedProvider::install(app->host());
        stripe = ScriptedProvider::install(app->host(), "stripe");
        account = add_account("mpesa", "174379");
        add_account("stripe", "555555");
        shop = location();
    }

    static std::string add_account(std::string_view provider, std::string_view code, const std::string& token = owner) {
        const auto reply = post(
            "/v1/payment-accounts",
            fmt::format(R"({{"provider":"{}","name":"Till","credentials":{{"shortCode":"{}","passkey":"s3cret-"}}}})",
                        provider, code),
            token);
        EXPECT_EQ(reply.status, 201) << reply.body;
        return member_in(reply.body, "id");
    }

    static PaymentIntents& intents() { return app->host().services().use<PaymentIntents>(); }
    static db::Db db() {
        const auto tenant = base::Uuid::from_string(rows("select tenant_id from payment_accounts limit 1"));
        return db::tenant_db(app->host().databases(), tenant.value(), async::Loop::now() + std::chrono::seconds(20));
    }
    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }
    // The text of a member of the first object that has it.
    static std::string member_in(std::string_view json, std::string_view name) {
        const auto mark = fmt::format(R"("{}":")", name);
        const auto at = json.find(mark);
        if (at == std::string_view::npos) return {};
        const auto begin = at + mark.size();
        return std::string(json.substr(begin, json.find('"', begin) - begin));
    }

    static std::string next_id() { return fmt::format("0197f0c2-0000-7000-8000-{:012}", ++numbers); }
    static std::string next_phone() { return fmt::format("07{:08}", ++numbers); }

    // What a till sends to be paid.
    static std::string order(std::int64_t amount, const std::string& subject, const std::string& key = next_id(),
                             const std::string& phone = next_phone(), std::string_view provider = "mpesa") {
        return fmt::format(R"({{"clientRequestId":"{}","provider":"{}","amount":{},"subjectId":"{}","phone":"{}",)"
                           R"("locationId":"{}","reference":"ORD-1"}})",
                           key, provider, amount, subject, phone, location());
    }
    static std::string start(const std::string& json) {
        const auto reply = post("/v1/payment-intents", json);
        EXPECT_EQ(reply.status, 202) << reply.body;
        return member_in(reply.body, "id");
    }
    static std::string path(const std::string& intent) { return "/v1/payment-intents/" + intent; }
    static std::string state(const std::string& intent) {
        return rows(fmt::format("select state from payment_intents where id = '{}'", intent));
    }

    static ::payments::Evidence paid(std::int64_t amount, std::string receipt,
                                     ::payments::Source source = ::payments::Source::callback) {
        return {.source = source,
                .finding = ::payments::Finding::paid,
                .amount = base::Money{amount},
                .currency = "KES",
                .receipt = std::move(receipt),
                .code = "0"};
    }
    static ::payments::Evidence said(::payments::Finding finding,
                                     ::payments::Source source = ::payments::Source::callback) {
        return {.source = source, .finding = finding, .code = "1032", .text = "said"};
    }
    static void learn(const std::string& intent, ::payments::Evidence evidence) {
        std::ignore = app->run(intents().apply_now(db(), IntentId(*base::Uuid::from_string(intent)), evidence));
    }
    static std::string paid_intent(std::int64_t amount, const std::string& receipt = next_receipt()) {
        const auto intent = start(order(amount, next_id()));
        learn(intent, paid(amount, receipt));
        EXPECT_EQ(state(intent), "succeeded");
        return intent;
    }
    // The body of POST …/refund. `more`: R"(,"byHand":true)".
    static std::string refund_order(std::int64_t amount, std::string_view more = "") {
        return fmt::format(R"({{"clientRequestId":"{}","amount":{},"reason":"a mistake"{}}})", next_id(), amount, more);
    }
    using DisputeNews = ::payments::Claim::DisputeNews;
    static void dispute(const std::string& intent, DisputeNews::State state, std::string name = "dp_1") {
        const IntentId id(*base::Uuid::from_string(intent));
        const DisputeNews news{.state = state, .provider_id = std::move(name)};
        app->run(db().transaction([&](db::Db tx) { return intents().note_dispute(tx, id, news); }));
    }
    static std::string next_receipt() { return fmt::format("SLK{:07}", ++numbers); }

    // A sale for so much, paid by M-Pesa.
    static std::string sale_json(std::int64_t amount, const std::string& client_request, const std::string& intent = "",
                                 std::string_view method = "mpesa") {
        const auto named = intent.empty() ? "" : fmt::format(R"(,"intentId":"{}")", intent);
        return fmt::format(
            R"({{"clientRequestId":"{}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
            R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":{},"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
            R"("taxTotal":0,"total":{},"payments":[{{"method":"{}","amount":{}{}}}]}})",
            client_request, location(), amount, amount, method, amount, named);
    }
    static std::string sell(const std::string& json) {
        const auto reply = post("/v1/sales", json);
        EXPECT_EQ(reply.status, 201) << reply.body;
        return member_in(reply.body, "id");
    }
    static std::string payment_of(const std::string& sale) {
        return rows(
            fmt::format("select status || ' ' || coalesce(intent_id::text, '-') || ' ' || "
                        "coalesce(external_ref, '-') from payments where sale_id = '{}'",
                        sale));
    }

    static http::InjectedRequest request(std::string target, std::string json,
                                         http::Method method = http::Method::post) {
        return {.method = method,
                .target = std::move(target),
                .headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "application/json"}},
                .body = std::move(json)};
    }
    static async::Task<std::vector<InjectedResponse>> all_at_once(std::vector<http::InjectedRequest> requests) {
        std::vector<async::Task<InjectedResponse>> replies;
        for (auto& one : requests) replies.push_back(app->host().inject(std::move(one)));
        co_return co_await async::when_all(std::move(replies));
    }

    // The reply to a request, while money comes in.
    static async::Task<InjectedResponse> while_paid(http::InjectedRequest asked, std::string intent,
                                                    ::payments::Evidence evidence) {
        auto reply = app->host().inject(std::move(asked));
        auto paid = intents().apply_now(db(), IntentId(*base::Uuid::from_string(intent)), std::move(evidence));
        auto both = co_await async::when_all(std::move(reply), std::move(paid));
        co_return std::move(std::get<0>(both));
    }

    ScriptedProvider* mpesa = nullptr;
    ScriptedProvider* stripe = nullptr;
    std::string account;
    std::string shop;
    static inline int numbers = 0;
};

}  // namespace pos::testing
