#pragma once
// What Flutterwave's objects say of an attempt. They are read leniently: members are numbers in one message and texts in the next. Pure.
//
//     const auto transaction = payments::read<flutterwave::Transaction>(answer.data.text);
//     if (transaction) return flutterwave::evidence_of(*transaction);

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "payments/bearer_api.h"
#include "payments/provider.h"
#include "payments/state.h"
#include "schema/schema.h"

namespace payments::flutterwave {

struct Transaction {
    schema::Json id;
    schema::Json flw_ref;
    schema::Json amount;
    std::string tx_ref;
    std::string currency;
    std::string status;
    std::string processor_response;
    std::string created_at;

    friend constexpr auto describe(Transaction*) {
        using schema::field;
        return schema::object<Transaction>(
            "FlutterwaveTransaction", field<&Transaction::id>("id", {.defaulted = true}),
            field<&Transaction::flw_ref>("flw_ref", {.defaulted = true}),
            field<&Transaction::amount>("amount", {.defaulted = true}),
            field<&Transaction::tx_ref>("tx_ref", {.defaulted = true}),
            field<&Transaction::currency>("currency", {.defaulted = true}),
            field<&Transaction::status>("status", {.defaulted = true}),
            field<&Transaction::processor_response>("processor_response", {.defaulted = true}),
            field<&Transaction::created_at>("created_at", {.defaulted = true}));
    }
};

struct Refund {
    schema::Json id;
    schema::Json tx_id;
    std::string status;
    std::optional<std::string> comments;

    friend constexpr auto describe(Refund*) {
        using schema::field;
        return schema::object<Refund>("FlutterwaveRefund", field<&Refund::id>("id", {.defaulted = true}),
                                      field<&Refund::tx_id>("tx_id", {.defaulted = true}),
                                      field<&Refund::status>("status", {.defaulted = true}),
                                      field<&Refund::comments>("comments"));
    }
};

// `{"status":"success"|"error","message":…,"data":…,"meta":…}`; nullopt: it is none.
[[nodiscard]] std::optional<ApiEnvelope> envelope_of(std::string_view body);

[[nodiscard]] std::string id_of(const Transaction& transaction);
// "": "N/A", or nothing.
[[nodiscard]] std::string reference_of(const Transaction& transaction);
// Of what its own answer to a question says (Source::query). `successful` without id, amount or currency is no success but "unreadable".
// `failed` is the end of this transaction: whether of the attempt, its caller knows.
[[nodiscard]] Evidence evidence_of(const Transaction& transaction);
[[nodiscard]] Refunded refunded_of(const Refund& refund);

}  // namespace payments::flutterwave
