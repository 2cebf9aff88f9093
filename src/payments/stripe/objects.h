#pragma once
// What Stripe's objects say of an attempt. They are read leniently: what we do not know is passed over, what is missing is "". Pure.
//
//     const auto intent = stripe::read<stripe::PaymentIntent>(reply.body);
//     if (intent) return stripe::evidence_of(*intent, Source::query);

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "payments/provider.h"
#include "payments/state.h"
#include "schema/schema.h"

namespace payments::stripe {

// Ours in Stripe's metadata: of payment intents and sessions, and of refunds.
inline constexpr std::string_view attempt_key = "attempt_id";
inline constexpr std::string_view refund_key = "refund_id";

// Of what Stripe writes for people, bytes.
inline constexpr std::size_t longest_text = 500;

using Metadata = std::map<std::string, std::string>;

struct ErrorDetail {
    std::string type;
    std::string code;
    std::string decline_code;
    std::string message;

    friend constexpr auto describe(ErrorDetail*) {
        using schema::field;
        return schema::object<ErrorDetail>("StripeError", field<&ErrorDetail::type>("type", {.defaulted = true}),
                                           field<&ErrorDetail::code>("code", {.defaulted = true}),
                                           field<&ErrorDetail::decline_code>("decline_code", {.defaulted = true}),
                                           field<&ErrorDetail::message>("message", {.defaulted = true}));
    }
};

// Members that Stripe gives as an id, or as the object where it was asked for, are Json.
struct PaymentIntent {
    std::string object;
    std::string id;
    std::string status;
    std::string currency;
    std::string client_secret;
    std::string cancellation_reason;
    std::int64_t amount_received = -1;
    schema::Json latest_charge;
    ErrorDetail last_payment_error;
    Metadata metadata;

    friend constexpr auto describe(PaymentIntent*) {
        using schema::field;
        return schema::object<PaymentIntent>(
            "StripePaymentIntent", field<&PaymentIntent::object>("object", {.defaulted = true}),
            field<&PaymentIntent::id>("id"), field<&PaymentIntent::status>("status", {.defaulted = true}),
            field<&PaymentIntent::currency>("currency", {.defaulted = true}),
            field<&PaymentIntent::client_secret>("client_secret", {.defaulted = true}),
            field<&PaymentIntent::cancellation_reason>("cancellation_reason", {.defaulted = true}),
            field<&PaymentIntent::amount_received>("amount_received", {.defaulted = true}),
            field<&PaymentIntent::latest_charge>("latest_charge", {.defaulted = true}),
            field<&PaymentIntent::last_payment_error>("last_payment_error", {.defaulted = true}),
            field<&PaymentIntent::metadata>("metadata", {.defaulted = true}));
    }
};

struct Session {
    std::string object;
    std::string id;
    std::string url;
    std::string status;
    std::string payment_status;
    std::string currency;
    std::string client_reference_id;
    std::int64_t amount_total = -1;
    schema::Json payment_intent;
    Metadata metadata;

    friend constexpr auto describe(Session*) {
        using schema::field;
        return schema::object<Session>("StripeSession", field<&Session::object>("object", {.defaulted = true}),
                                       field<&Session::id>("id"), field<&Session::url>("url", {.defaulted = true}),
                                       field<&Session::status>("status", {.defaulted = true}),
                                       field<&Session::payment_status>("payment_status", {.defaulted = true}),
                                       field<&Session::currency>("currency", {.defaulted = true}),
                                       field<&Session::client_reference_id>("client_reference_id", {.defaulted = true}),
                                       field<&Session::amount_total>("amount_total", {.defaulted = true}),
                                       field<&Session::payment_intent>("payment_intent", {.defaulted = true}),
                                       field<&Session::metadata>("metadata", {.defaulted = true}));
    }
};

struct Charge {
    std::string id;
    std::string status;
    std::string currency;
    std::string failure_code;
    std::string failure_message;
    bool paid = false;
    bool captured = false;
    std::int64_t amount_captured = -1;
    std::int64_t created = 0;
    schema::Json payment_intent;
    Metadata metadata;

    friend constexpr auto describe(Charge*) {
        using schema::field;
        return schema::object<Charge>("StripeCharge", field<&Charge::id>("id"),
                                      field<&Charge::status>("status", {.defaulted = true}),
                                      field<&Charge::currency>("currency", {.defaulted = true}),
                                      field<&Charge::failure_code>("failure_code", {.defaulted = true}),
                                      field<&Charge::failure_message>("failure_message", {.defaulted = true}),
                                      field<&Charge::paid>("paid", {.defaulted = true}),
                                      field<&Charge::captured>("captured", {.defaulted = true}),
                                      field<&Charge::amount_captured>("amount_captured", {.defaulted = true}),
                                      field<&Charge::created>("created", {.defaulted = true}),
                                      field<&Charge::payment_intent>("payment_intent", {.defaulted = true}),
                                      field<&Charge::metadata>("metadata", {.defaulted = true}));
    }
};

struct Refund {
    std::string id;
    std::string status;
    std::string currency;
    std::string failure_reason;
    std::int64_t amount = 0;
    schema::Json payment_intent;
    Metadata metadata;

    friend constexpr auto describe(Refund*) {
        using schema::field;
        return schema::object<Refund>("StripeRefund", field<&Refund::id>("id"),
                                      field<&Refund::status>("status", {.defaulted = true}),
                                      field<&Refund::currency>("currency", {.defaulted = true}),
                                      field<&Refund::failure_reason>("failure_reason", {.defaulted = true}),
                                      field<&Refund::amount>("amount", {.defaulted = true}),
                                      field<&Refund::payment_intent>("payment_intent", {.defaulted = true}),
                                      field<&Refund::metadata>("metadata", {.defaulted = true}));
    }
};

struct Dispute {
    std::string id;
    std::string status;
    std::string currency;
    std::string reason;
    std::int64_t amount = 0;
    schema::Json payment_intent;

    friend constexpr auto describe(Dispute*) {
        using schema::field;
        return schema::object<Dispute>("StripeDispute", field<&Dispute::id>("id"),
                                       field<&Dispute::status>("status", {.defaulted = true}),
                                       field<&Dispute::currency>("currency", {.defaulted = true}),
                                       field<&Dispute::reason>("reason", {.defaulted = true}),
                                       field<&Dispute::amount>("amount", {.defaulted = true}),
                                       field<&Dispute::payment_intent>("payment_intent", {.defaulted = true}));
    }
};

// nullopt: it is something else.
template <class T>
[[nodiscard]] std::optional<T> read(std::string_view json) {
    auto value = schema::parse<T>(json, {.max_bytes = json.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

// Letters, digits and "_", and not too long: what may stand in a path.
[[nodiscard]] bool is_id(std::string_view text, std::string_view prefix);
// Of a member that is an id or an object; "" when it is neither.
[[nodiscard]] std::string id_of(const schema::Json& member);
[[nodiscard]] std::optional<base::Uuid> ours_of(const Metadata& metadata, std::string_view key);
[[nodiscard]] std::optional<base::Uuid> attempt_of(const Session& session);
// Of seconds, which may be anything: what no calendar holds is no time.
[[nodiscard]] std::optional<base::Timestamp> time_of(std::int64_t seconds);
// Not longer than that many bytes, and whole characters.
[[nodiscard]] std::string cut(std::string_view text, std::size_t most);
// "KES"
[[nodiscard]] std::string currency_of(std::string_view lower_case);
// Of a refused card what its issuer says, of anything else Stripe's own code.
[[nodiscard]] std::string code_of(const ErrorDetail& error);

// A card that was refused ends nothing: the payer may take another one. An intent without a charge or an amount is no success.
[[nodiscard]] Evidence evidence_of(const PaymentIntent& intent, Source source);
// By the payment intent inside, where it is the object. Where it is not, an event claims a payment without a receipt, and of a reply the
// payment intent has to be asked for.
[[nodiscard]] Evidence evidence_of(const Session& session, Source source);
// What of it went back is said by its refunds, each once.
[[nodiscard]] Evidence evidence_of(const Charge& charge, Source source);
[[nodiscard]] Refunded refunded_of(const Refund& refund);

}  // namespace payments::stripe
