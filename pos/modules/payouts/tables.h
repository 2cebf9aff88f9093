#pragma once
// Money that goes out of a tenant's account at a provider: to a phone, or back to whoever paid; what the provider said of it; and how much
// the account holds.

#include "payments/payouts.h"
#include "pos/modules/payments/tables.h"

namespace pos {

using PayoutId = base::Id<struct PayoutTag>;
using PayoutResultId = base::Id<struct PayoutResultTag>;
using ::payments::PayoutPurpose;
using ::payments::PayoutState;

namespace errors {
inline constexpr auto payout_request_used =
    base::invalid("idempotency.key_reused", "This key belongs to another request");
inline constexpr auto unknown_payout = base::invalid("payout.unknown", "There is no such payout");
inline constexpr auto unknown_refund = base::invalid("payout.unknown_refund", "There is no such refund");
inline constexpr auto balance_known = base::conflict("payout.balance_known", "The account has a balance already");
}  // namespace errors

enum class PayoutKind : std::uint8_t { payout, reversal };
constexpr auto describe(PayoutKind*) {
    return schema::enumeration<PayoutKind>("PayoutKind",
                                           {{PayoutKind::payout, "payout"}, {PayoutKind::reversal, "reversal"}});
}

// Why people should look at one.
enum class PayoutConcern : std::uint8_t {
    amount_differs,
    failed_after_paid,
    paid_after_failed,  // it had been called failed: was it sent by another payout since?
    receipt_differs,
    refund_unfit,  // the reversal went through, and other refunds have taken its place meanwhile
};
constexpr auto describe(PayoutConcern*) {
    return schema::enumeration<PayoutConcern>("PayoutConcern", {{PayoutConcern::amount_differs, "amount_differs"},
                                                                {PayoutConcern::failed_after_paid, "failed_after_paid"},
                                                                {PayoutConcern::paid_after_failed, "paid_after_failed"},
                                                                {PayoutConcern::receipt_differs, "receipt_differs"},
                                                                {PayoutConcern::refund_unfit, "refund_unfit"}});
}

// Moved by pos::PayoutOrders alone (orders.h). Its id is what the provider knows it by, and the only one that it is ever sent under.
struct Payout {
    PayoutId id;
    base::Uuid client_request_id;
    PayoutKind kind = PayoutKind::payout;
    PaymentAccountId account_id;
    std::string provider;
    base::Money amount;
    std::string currency;
    std::optional<std::string> phone;           // E.164 without "+"; of a payout
    std::optional<std::string> recipient_name;  // as whoever sends it knows them
    PayoutPurpose purpose = PayoutPurpose::business;
    std::string reason;
    std::optional<IntentId> intent_id;  // of a reversal: the payment that goes back
    std::optional<RefundId> refund_id;  // … and the refund that it is
    PayoutState state = PayoutState::created;
    std::optional<std::string> conversation_id;
    std::optional<std::string> receipt_code;
    std::optional<std::string> recipient;  // as the provider knows them
    std::optional<std::string> result_code;
    std::optional<std::string> result_text;
    std::optional<PayoutConcern> concern;
    bool may_be_there = false;
    std::int32_t sends = 0;
    std::optional<base::Timestamp> next_look_at;  // when it is sent or asked after; null: never
    std::optional<base::Timestamp> sent_at;
    std::optional<base::Timestamp> paid_at;      // by the provider's clock, else ours
    std::optional<base::Timestamp> finished_at;  // when it became final first
    base::Timestamp created_at;
    base::Timestamp updated_at;
    std::optional<UserId> created_by;
    std::int32_t version = 1;

    friend constexpr auto describe(Payout*) {
        using schema::field;
        return schema::object<Payout>(
            "Payout", field<&Payout::id>("id"), field<&Payout::client_request_id>("clientRequestId"),
            field<&Payout::kind>("kind"), field<&Payout::account_id>("accountId"),
            field<&Payout::provider>("provider",
                                     {.text = schema::Text::identifier, .one_of = &schema::type_of<PaymentProvider>}),
            field<&Payout::amount>("amount"), field<&Payout::currency>("currency"),
            field<&Payout::phone>(
                "phone",
                {.format = schema::Format::phone, .doc = doc_of_shown_phone, .example = example_of_shown_phone}),
            field<&Payout::recipient_name>("recipientName"), field<&Payout::purpose>("purpose"),
            field<&Payout::reason>("reason"),
            field<&Payout::intent_id>("intentId", {.doc = "Of a reversal: the payment that goes back."}),
            field<&Payout::refund_id>("refundId", {.doc = "Of a reversal: the refund that it is."}),
            field<&Payout::state>("state"),
            field<&Payout::conversation_id>("conversationId",
                                            {.text = schema::Text::raw, .doc = "What the provider calls it."}),
            field<&Payout::receipt_code>("receiptCode",
                                         {.text = schema::Text::raw, .doc = "What the recipient holds in hand."}),
            field<&Payout::recipient>("recipient", {.doc = "As the provider knows them; the number has stars in it."}),
            field<&Payout::result_code>("resultCode", {.doc = "The provider's own."}),
            field<&Payout::result_text>("resultText", {.doc = "The provider's own."}),
            field<&Payout::concern>("concern", {.doc = "Why somebody should look at it."}),
            field<&Payout::may_be_there>("mayBeThere", {.internal = true}),
            field<&Payout::sends>("sends", {.doc = "How often it was sent, under the same id each time."}),
            field<&Payout::next_look_at>("nextLookAt", {.internal = true}), field<&Payout::sent_at>("sentAt"),
            field<&Payout::paid_at>("paidAt"), field<&Payout::finished_at>("finishedAt"),
            field<&Payout::created_at>("createdAt"), field<&Payout::updated_at>("updatedAt"),
            field<&Payout::created_by>("createdBy"), field<&Payout::version>("version"));
    }
};

// What the provider called back with, byte for byte, understood or not: the newest of each payout.
struct PayoutResult {
    PayoutResultId id;
    PayoutId payout_id;
    std::string kind;  // the path's: "result", "status", "timeout"
    schema::Bytes body;
    bool trusted = true;  // it came from an address of MPESA_CALLBACK_SOURCES
    std::string outcome;  // what became of it, in a word
    base::Timestamp received_at;

    friend constexpr auto describe(PayoutResult*) {
        using schema::field;
        return schema::object<PayoutResult>(
            "PayoutResult", field<&PayoutResult::id>("id"), field<&PayoutResult::payout_id>("payoutId"),
            field<&PayoutResult::kind>("kind"), field<&PayoutResult::body>("body", {.internal = true}),
            field<&PayoutResult::trusted>("trusted"), field<&PayoutResult::outcome>("outcome"),
            field<&PayoutResult::received_at>("receivedAt"));
    }
};

// What an account held when it was asked last.
struct PayoutBalance {
    PaymentAccountId account_id;
    schema::Json purses;  // [{name, currency, amount}]
    std::optional<base::Timestamp> asked_at;
    std::optional<base::Timestamp> told_at;  // null: no answer came yet

    friend constexpr auto describe(PayoutBalance*) {
        using schema::field;
        return schema::object<PayoutBalance>(
            "PayoutBalance", field<&PayoutBalance::account_id>("accountId"), field<&PayoutBalance::purses>("purses"),
            field<&PayoutBalance::asked_at>("askedAt"), field<&PayoutBalance::told_at>("toldAt"));
    }
};

namespace tables {
inline constexpr auto payouts = db::tenant_table<Payout>(
    "payouts", db::primary_key<&Payout::id>(errors::id_taken), db::no_delete(),
    db::unique<&Payout::client_request_id>("payouts_request", errors::payout_request_used),
    db::references<&Payout::account_id>("payouts_account", payment_accounts, errors::unknown_payment_account),
    db::references<&Payout::intent_id>("payouts_intent", payment_intents, errors::unknown_intent),
    db::references<&Payout::refund_id>("payouts_refund", payment_refunds, errors::unknown_refund),
    db::check("payouts_amount", "amount > 0", db::errors::value_refused),
    db::check("payouts_recipient",
              "(kind = 'payout') = (phone is not null) and (kind = 'reversal') = (intent_id is not null)",
              db::errors::value_refused),
    db::index<&Payout::created_at, &Payout::id>("payouts_newest"),
    db::index<&Payout::state, &Payout::created_at, &Payout::id>("payouts_by_state"),
    db::index<&Payout::intent_id>("payouts_of_intent").where("intent_id is not null"),
    db::index<&Payout::phone, &Payout::created_at>("payouts_open_of_phone")
        .where("phone is not null and state in ('created', 'sent', 'pending', 'unknown')"),
    // Across tenants: what is to be sent or asked after.
    db::expression_index("payouts_due", "btree", "next_look_at").where("next_look_at is not null"));

inline constexpr auto payout_results = db::tenant_table<PayoutResult>(
    "payout_results", db::primary_key<&PayoutResult::id>(),
    db::references<&PayoutResult::payout_id>("payout_results_payout", payouts, errors::unknown_payout),
    db::index<&PayoutResult::payout_id, &PayoutResult::received_at, &PayoutResult::id>("payout_results_of_payout"),
    // Across tenants: what goes.
    db::expression_index("payout_results_age", "btree", "received_at"));

inline constexpr auto payout_balances = db::tenant_table<PayoutBalance>(
    "payout_balances", db::primary_key<&PayoutBalance::account_id>(errors::balance_known), db::no_delete(),
    db::references<&PayoutBalance::account_id>("payout_balances_account", payment_accounts,
                                               errors::unknown_payment_account));
}  // namespace tables

}  // namespace pos
