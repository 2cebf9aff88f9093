#pragma once
// What is told of money that goes out, in the transaction that moves the payout. To whom it goes is told to nobody.
//
//     handlers.on_event(payout_failed, tell_the_owner);

#include "jobs/event.h"
#include "pos/modules/payouts/tables.h"

namespace pos {

struct PayoutMoved {
    PayoutId id;
    PayoutKind kind{};
    PayoutState state{};
    std::string provider;
    base::Money amount;
    std::string currency;
    PayoutPurpose purpose{};
    std::optional<IntentId> intent_id;
    std::optional<RefundId> refund_id;
    std::optional<std::string> receipt_code;
    std::optional<std::string> result_code;
    std::optional<PayoutConcern> concern;

    static PayoutMoved of(const Payout& row) {
        return {row.id,      row.kind,      row.state,     row.provider,     row.amount,      row.currency,
                row.purpose, row.intent_id, row.refund_id, row.receipt_code, row.result_code, row.concern};
    }
    friend constexpr auto describe(PayoutMoved*) {
        using schema::field;
        return schema::object<PayoutMoved>(
            "PayoutMoved", field<&PayoutMoved::id>("id"), field<&PayoutMoved::kind>("kind"),
            field<&PayoutMoved::state>("state"),
            field<&PayoutMoved::provider>("provider", {.one_of = &schema::type_of<PaymentProvider>}),
            field<&PayoutMoved::amount>("amount"), field<&PayoutMoved::currency>("currency"),
            field<&PayoutMoved::purpose>("purpose"), field<&PayoutMoved::intent_id>("intentId"),
            field<&PayoutMoved::refund_id>("refundId"),
            field<&PayoutMoved::receipt_code>("receiptCode", {.text = schema::Text::raw}),
            field<&PayoutMoved::result_code>("resultCode", {.text = schema::Text::raw}),
            field<&PayoutMoved::concern>("concern"));
    }
};

inline constexpr jobs::Event<PayoutMoved> payout_created{"payout.created"};
inline constexpr jobs::Event<PayoutMoved> payout_succeeded{"payout.succeeded"};
// As far as is known: what the provider says later still counts.
inline constexpr jobs::Event<PayoutMoved> payout_failed{"payout.failed"};

}  // namespace pos
