#pragma once
// The SQL of money that came by itself.

#include "pos/modules/payments/reference.h"
#include "pos/modules/payments/statements.h"

namespace pos::c2b {

#define POS_C2B_COLUMNS                                                                                      \
    "id, account_id, provider, receipt, account_code, amount, currency, reference, payer_hash, payer_name, " \
    "paid_at, proven, received_at, state, matched_kind, matched_id, matched_at, matched_by, version"

// Once for each receipt. What the provider has said replaces what a stranger has said before; everything else is there already, and
// gives no row.
inline constexpr db::Query<C2bPayment(C2bPayment)> record{
    {"c2b.record",
     "insert into c2b_payments (tenant_id, " POS_C2B_COLUMNS ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
     "$12, $13, $14, $15, $16, $17, $18, $19, $20) "
     "on conflict (tenant_id, provider, receipt) do update set proven = true, amount = excluded.amount, "
     "currency = excluded.currency, reference = excluded.reference, payer_hash = excluded.payer_hash, "
     "payer_name = excluded.payer_name, paid_at = excluded.paid_at, account_code = excluded.account_code, "
     "account_id = excluded.account_id, version = " POS_NEXT_VERSION(
         "c2b_payments.version") " "
                                 "where excluded.proven and not c2b_payments.proven and c2b_payments.state = "
                                 "'unmatched' "
                                 "returning " POS_C2B_COLUMNS,
     db::Kind::write}};

inline constexpr auto by_id = db::find<tables::c2b_payments>("c2b.by_id");
inline constexpr auto lock = db::find_for_update<tables::c2b_payments>("c2b.lock");
inline constexpr auto by_receipt =
    db::select<tables::c2b_payments>().where<&C2bPayment::provider>().where<&C2bPayment::receipt>().named(
        "c2b.by_receipt");
inline constexpr auto lock_by_receipt =
    db::select<tables::c2b_payments>().where<&C2bPayment::provider>().where<&C2bPayment::receipt>().for_update().named(
        "c2b.lock_by_receipt");
#undef POS_C2B_COLUMNS

inline constexpr db::Query<void(C2bPaymentId, C2bMatch, base::Uuid, base::Timestamp, std::optional<UserId>)>
    mark_matched{{"c2b.mark_matched",
                  "update c2b_payments set state = 'matched', matched_kind = $3, matched_id = $4, matched_at = $5, "
                  "matched_by = $6, version = " POS_NEXT_VERSION(
                      "version") " "
                                 "where tenant_id = $1 and id = $2 and state = 'unmatched'",
                  db::Kind::write}};
inline constexpr db::Query<void(C2bPaymentId, UserId)> set_matched_by{
    {"c2b.set_matched_by",
     "update c2b_payments set matched_by = $3 where tenant_id = $1 and id = $2 and state = 'matched'",
     db::Kind::write}};

// An attempt whose reference is what was typed, and which money may still come for.
struct Fit {
    IntentId id;
    PaymentPurpose purpose{};
    base::Uuid subject_id;
    base::Money amount;
    std::string currency;
    IntentState state{};

    friend constexpr auto describe(Fit*) {
        return schema::object<Fit>("C2bFit", schema::field<&Fit::id>("id"), schema::field<&Fit::purpose>("purpose"),
                                   schema::field<&Fit::subject_id>("subjectId"), schema::field<&Fit::amount>("amount"),
                                   schema::field<&Fit::currency>("currency"), schema::field<&Fit::state>("state"));
    }
};
// The newest first. What was paid with a receipt of its own is open no more.
inline constexpr db::Query<Fit(PaymentAccountId, base::Timestamp, base::Timestamp, std::string, std::string)>
    open_intents{{"c2b.open_intents",
                  "select id, purpose, subject_id, amount, currency, state from payment_intents i "
                  "where tenant_id = $1 and account_id = $2 and (state in ('created', 'sent', 'pending', 'unknown') "
                  "or (state in ('failed', 'cancelled', 'expired') and created_at > $3) "
                  "or (state = 'succeeded' and receipt_code is null and created_at > $4)) "
                  "and " POS_REFERENCE_FITS(
                      "reference", "$5",
                      "$6") " and not exists (select from payment_intents p "
                            "where p.tenant_id = $1 and p.subject_id = i.subject_id and p.purpose = i.purpose "
                            "and p.state in ('succeeded', 'refunded') and p.receipt_code is not null) "
                            "order by created_at desc, id desc limit 50"}};

// Successes that a query has told of: money of the same amount that comes about then may be their own.
inline constexpr db::Query<IntentId(PaymentAccountId, base::Money, std::string, base::Timestamp)> without_receipt{
    {"c2b.without_receipt",
     "select id from payment_intents where tenant_id = $1 and account_id = $2 and amount = $3 and currency = $4 "
     "and state in ('succeeded', 'refunded') and receipt_code is null "
     "and created_at between $5::timestamptz - interval '1 hour' and $5::timestamptz + interval '5 minutes' order by "
     "created_at desc limit 2"}};

inline constexpr List<tables::c2b_payments, Newest<&C2bPayment::received_at>, Where<&C2bPayment::state>> newest;

}  // namespace pos::c2b
