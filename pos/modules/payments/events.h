#pragma once
// What payments tell the rest of the service, in the transaction that moves an intent. Each once for an intent.
//
//     handlers.on_event(payment_succeeded, tell_the_cashier);

#include "jobs/event.h"
#include "pos/modules/payments/tables.h"

namespace pos {

struct PaymentMoved {
    IntentId id;
    std::optional<LocationId> location_id;
    IntentState state{};
    PaymentPurpose purpose{};
    base::Uuid subject_id;
    std::string provider;
    base::Money amount;
    std::string currency;

    friend constexpr auto describe(PaymentMoved*) {
        return schema::object<PaymentMoved>(
            "PaymentMoved", schema::field<&PaymentMoved::id>("id"),
            schema::field<&PaymentMoved::location_id>("locationId"), schema::field<&PaymentMoved::state>("state"),
            schema::field<&PaymentMoved::purpose>("purpose"), schema::field<&PaymentMoved::subject_id>("subjectId"),
            schema::field<&PaymentMoved::provider>("provider", {.one_of = &schema::type_of<PaymentProvider>}),
            schema::field<&PaymentMoved::amount>("amount"), schema::field<&PaymentMoved::currency>("currency"));
    }
};

inline constexpr jobs::Event<PaymentMoved> payment_succeeded{"payment.succeeded"};
// It ended without money, as far as is known: failed, cancelled or expired.
inline constexpr jobs::Event<PaymentMoved> payment_failed{"payment.failed"};
// All of it went back.
inline constexpr jobs::Event<PaymentMoved> payment_refunded{"payment.refunded"};

// Of each refund, whoever has made it.
struct RefundMoved {
    RefundId id;
    IntentId intent_id;
    std::optional<LocationId> location_id;
    base::Uuid subject_id;  // what the intent was for
    base::Money amount;
    std::string currency;
    std::string reason;
    bool by_hand = false;
    RefundState state{};

    static RefundMoved of(const PaymentRefund& row, const PaymentIntent& intent) {
        return {row.id,          row.intent_id, intent.location_id, intent.subject_id, row.amount,
                intent.currency, row.reason,    row.by_hand,        row.state};
    }
    friend constexpr auto describe(RefundMoved*) {
        using schema::field;
        return schema::object<RefundMoved>(
            "RefundMoved", field<&RefundMoved::id>("id"), field<&RefundMoved::intent_id>("intentId"),
            field<&RefundMoved::location_id>("locationId"), field<&RefundMoved::subject_id>("subjectId"),
            field<&RefundMoved::amount>("amount"), field<&RefundMoved::currency>("currency"),
            field<&RefundMoved::reason>("reason"), field<&RefundMoved::by_hand>("byHand"),
            field<&RefundMoved::state>("state"));
    }
};
inline constexpr jobs::Event<RefundMoved> refund_created{"refund.created"};
// The money is on its way back, or was given back by hand.
inline constexpr jobs::Event<RefundMoved> refund_succeeded{"refund.succeeded"};
inline constexpr jobs::Event<RefundMoved> refund_failed{"refund.failed"};

}  // namespace pos
