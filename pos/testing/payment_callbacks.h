#pragma once
// Fixture of tests of what providers send: callbacks as M-Pesa makes them, read by its own driver, and the jobs that they leave, run at
// once. Stripe's are signed as "right".

#include "base/strings.h"
#include "http/headers.h"
#include "payments/mpesa/callbacks.h"
#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/provider_events.h"
#include "pos/modules/payments/reconcile.h"
#include "pos/testing/payments.h"

namespace pos::testing {

class CallbacksTest : public PaymentsTest {
protected:
    void SetUp() override {
        PaymentsTest::SetUp();
        mpesa->on_callback = [](std::string_view kind, std::string_view bytes, const http::Headers&) {
            return ::payments::mpesa::read_callback(kind, bytes).value_or(::payments::VerifiedCallback{});
        };
        token = token_of(account);
    }

    static std::string token_of(const std::string& id) {
        const auto row = app->run(db().only(intents::account_by_id, PaymentAccountId(*base::Uuid::from_string(id))));
        const auto url = intents().open(db().tenant(), row).callback_url;
        return url.substr(url.rfind('/') + 1);
    }

    // As M-Pesa's callback says it; `metadata` are members of CallbackMetadata's list.
    static std::string stk(const std::string& intent, std::string_view code, std::string_view metadata = "") {
        const auto more = metadata.empty() ? "" : fmt::format(R"(,"CallbackMetadata":{{"Item":[{}]}})", metadata);
        return fmt::format(R"({{"Body":{{"stkCallback":{{"MerchantRequestID":"m-1","CheckoutRequestID":"ws_CO_{}",)"
                           R"("ResultCode":{},"ResultDesc":"said"{}}}}}}})",
                           intent, code, more);
    }
    static std::string paid_by(const std::string& intent, std::int64_t cents, std::string_view receipt) {
        return stk(intent, "0",
                   fmt::format(R"({{"Name":"Amount","Value":{}.00}},{{"Name":"MpesaReceiptNumber","Value":"{}"}},)"
                               R"({{"Name":"Balance"}},{{"Name":"PhoneNumber","Value":254712345678}})",
                               cents / 100, receipt));
    }
    static std::string confirmation(std::string_view receipt, std::int64_t cents, std::string_view reference) {
        return fmt::format(R"({{"TransactionType":"Pay Bill","TransID":"{}","TransTime":"20261120120000",)"
                           R"("TransAmount":"{}.00","BusinessShortCode":"174379","BillRefNumber":"{}",)"
                           R"("MSISDN":"2547 ***** 678","FirstName":"JANE","MiddleName":"","LastName":null}})",
                           receipt, cents / 100, reference);
    }

    InjectedResponse send_callback(std::string_view kind, std::string json) const {
        return post(fmt::format("/v1/callbacks/m/{}/{}", token, kind), std::move(json), "");
    }
    // … and what comes of it.
    void deliver(std::string_view kind, std::string json) const {
        const auto reply = send_callback(kind, std::move(json));
        EXPECT_EQ(reply.status, 200) << reply.body;
        read_events();
    }
    static void read_events() {
        const auto ids = rows(
            "select string_agg(id::text, ',' order by received_at, id) from provider_events "
            "where processed_at is null");
        for (const auto id : base::split(ids, ',')) {
            if (!id.empty()) read_event(id);
        }
    }
    static void read_event(std::string_view id) {
        app->run(process_event(db(), &intents(), ProviderEventId(*base::Uuid::from_string(id))));
    }
    static std::string outcomes() {
        return rows(
            "select string_agg(coalesce(outcome, '-') || case when processed_at is null then ' open' else '' "
            "end, ', ' order by received_at, id) from provider_events");
    }
    static std::string c2b(std::string_view receipt) {
        return rows(
            fmt::format("select state || ' ' || coalesce(matched_kind, '-') from c2b_payments where receipt = "
                        "'{}'",
                        receipt));
    }

    std::string token;
};

}  // namespace pos::testing
