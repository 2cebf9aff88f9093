#pragma once
// What payments tell the rest of the service, in the transaction that moves an intent. Each once for an intent.
//
//     handlers.on_event(payment_succeeded, tell_the_cashier);

#include "jobs/event.h"
#include "pos/modules/payments/tables.h"

namespace pos {

struct PaymentMoved {
    IntentId id;
    IntentState state{};
    PaymentPurpose purpose{};
    base::Uuid subject_id;
    std::string provider;
    base::Money amount;
    std::string currency;

    friend constexpr auto describe(PaymentMoved*) {
        return schema::object<PaymentMoved>(
            "PaymentMoved", schema::field<&PaymentMoved::id>("id"), schema::field<&PaymentMoved::state>("state"),
            schema::field<&PaymentMoved::purpose>("purpose"), schema::field<&PaymentMoved::subject_id>("subjectId"),
            schema::field<&PaymentMoved::provider>("provider"), schema::field<&PaymentMoved::amount>("amount"),
            schema::field<&PaymentMoved::currency>("currency"));
    }
};

inline constexpr jobs::Event<PaymentMoved> payment_succeeded{"payment.succeeded"};
// It ended without money, as far as is known: failed, cancelled or expired.
inline constexpr jobs::Event<PaymentMoved> payment_failed{"payment.failed"};
// All of it went back.
inline constexpr jobs::Event<PaymentMoved> payment_refunded{"payment.refunded"};

}  // namespace pos
