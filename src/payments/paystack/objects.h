#pragma once
// What Paystack's objects say of an attempt. They are read leniently: members are numbers in one message and texts in the next. Pure.
//
//     const auto transaction = payments::read<paystack::Transaction>(answer.data.text);
//     if (transaction) return paystack::evidence_of(*transaction, Source::query);

#include <optional>
#include <string>
#include <string_view>

#include "payments/bearer_api.h"
#include "payments/provider.h"
#include "payments/state.h"
#include "schema/schema.h"

namespace payments::paystack {

struct Transaction {
    schema::Json id;
    schema::Json amount;
    std::string domain;  // "test", "live"
    std::string reference;
    std::string currency;
    std::string status;
    schema::Json gateway_response;
    schema::Json message;
    std::string paid_at;
    std::string url;  // of open_url

    friend constexpr auto describe(Transaction*) {
        using schema::field;
        return schema::object<Transaction>(
            "PaystackTransaction", field<&Transaction::id>("id", {.defaulted = true}),
            field<&Transaction::amount>("amount", {.defaulted = true}),
            field<&Transaction::domain>("domain", {.defaulted = true}),
            field<&Transaction::reference>("reference", {.defaulted = true}),
            field<&Transaction::currency>("currency", {.defaulted = true}),
            field<&Transaction::status>("status", {.defaulted = true}),
            field<&Transaction::gateway_response>("gateway_response", {.defaulted = true}),
            field<&Transaction::message>("message", {.defaulted = true}),
            field<&Transaction::paid_at>("paid_at", {.defaulted = true}),
            field<&Transaction::url>("url", {.defaulted = true}));
    }
};

struct Refund {
    schema::Json id;
    schema::Json amount;
    schema::Json transaction;       // an id, or the object
    schema::Json refund_reference;  // of events
    std::string transaction_reference;
    std::string currency;
    std::string status;
    std::optional<std::string> merchant_note;

    friend constexpr auto describe(Refund*) {
        using schema::field;
        return schema::object<Refund>(
            "PaystackRefund", field<&Refund::id>("id", {.defaulted = true}),
            field<&Refund::amount>("amount", {.defaulted = true}),
            field<&Refund::transaction>("transaction", {.defaulted = true}),
            field<&Refund::refund_reference>("refund_reference", {.defaulted = true}),
            field<&Refund::transaction_reference>("transaction_reference", {.defaulted = true}),
            field<&Refund::currency>("currency", {.defaulted = true}),
            field<&Refund::status>("status", {.defaulted = true}), field<&Refund::merchant_note>("merchant_note"));
    }
};

// `{"status":true|false,"message":…,"type"?,"code"?,"data":…,"meta":…}`; nullopt: it is none.
[[nodiscard]] std::optional<ApiEnvelope> envelope_of(std::string_view body);

// `success` without id, amount or currency is no success: of an answer it is "unreadable", of an event it has to be asked after. `failed`
// and `abandoned` are what this transaction is at present: whether it is the attempt's end, its caller knows.
[[nodiscard]] Evidence evidence_of(const Transaction& transaction, Source source);
// Its text is empty where it is no refusal: what events tell has one.
[[nodiscard]] Refunded refunded_of(const Refund& refund);

}  // namespace payments::paystack
