#pragma once
// The SQL of intents, refunds and accounts. What callbacks and C2B ask is beside them.

#include "pos/modules/payments/tables.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/list.h"

namespace pos {

inline constexpr Collection<tables::payment_accounts> payment_account_rows{"payments.read"};

namespace intents {

inline constexpr auto by_id = db::find<tables::payment_intents>("intents.by_id");
inline constexpr auto lock = db::find_for_update<tables::payment_intents>("intents.lock");
inline constexpr auto add = db::insert<tables::payment_intents>("intents.add");
inline constexpr auto replace = db::replace<tables::payment_intents>("intents.replace");
inline constexpr auto by_request =
    db::select<tables::payment_intents>().where<&PaymentIntent::client_request_id>().named("intents.by_request");

// Whether a sale's payment names it.
inline constexpr db::Query<bool(IntentId)> is_named{
    {"intents.is_named", "select exists (select from payments where tenant_id = $1 and intent_id = $2) as is_named"}};

// Whether a person has said that what is left of it is not owed back.
inline constexpr db::Query<bool(IntentId)> is_kept{
    {"intents.is_kept",
     "select exists (select from payment_refund_tasks where tenant_id = $1 and intent_id = $2 "
     "and state = 'dismissed') as is_kept"}};

inline constexpr db::Query<IntentId(base::Uuid)> by_other_key{
    {"intents.by_other_key",
     "select intent_id from payment_intent_keys where tenant_id = $1 and client_request_id = $2"}};
// Of one that was asked for at no place: who is given it at one looks at it there.
inline constexpr db::Query<void(IntentId, LocationId)> set_place{
    {"intents.set_place",
     "update payment_intents set location_id = $3, version = " POS_NEXT_VERSION(
         "version") " where tenant_id = $1 and id = $2 and location_id is null",
     db::Kind::write}};
inline constexpr auto add_key = db::insert<tables::payment_intent_keys>("intents.add_key");

// The intent that a provider calls so, and the one that has its receipt.
inline constexpr db::Query<IntentId(PaymentAccountId, std::string)> by_provider_id{
    {"intents.by_provider_id",
     "select id from payment_intents where tenant_id = $1 and account_id = $2 and provider_id = $3 "
     "order by created_at desc limit 1"}};
inline constexpr db::Query<IntentId(std::string, std::string)> by_receipt{
    {"intents.by_receipt",
     "select id from payment_intents where tenant_id = $1 and provider = $2 and receipt_code = $3"}};

// Whoever learns that a receipt pays for something takes this first (behind the intent's row, where there is one): so one receipt is one
// payment, by whichever way it was told of.
inline constexpr db::Query<void(std::string, std::string)> lock_receipt{
    {"intents.lock_receipt",
     "select pg_advisory_xact_lock(hashtextextended("
     "'payment receipt ' || $1::uuid::text || ' ' || $2::text || ' ' || $3::text, 0))",
     db::Kind::write}};
// The money with this receipt was told of as the account's own before the intent knew it.
inline constexpr db::Query<void(std::string, std::string, IntentId, base::Timestamp)> claim_c2b{
    {"intents.claim_c2b",
     "update c2b_payments set state = 'matched', matched_kind = 'intent', matched_id = $4, matched_at = $5, "
     "version = " POS_NEXT_VERSION(
         "version") " "
                    "where tenant_id = $1 and provider = $2 and receipt = $3 and state = 'unmatched'",
     db::Kind::write}};
inline constexpr db::Query<bool(std::string, std::string, IntentId)> is_spent{
    {"intents.is_spent",
     "select exists (select from payment_intents where tenant_id = $1 and provider = $2 and receipt_code = $3 "
     "and id <> $4) or exists (select from c2b_payments where tenant_id = $1 and provider = $2 and receipt = $3 "
     "and state = 'matched' and not (matched_kind = 'intent' and matched_id = $4)) as spent"}};

// Requests of one key take turns, prompts of one subject, and prompts of one phone at one account; in this order.
inline constexpr db::Query<void(std::string)> lock_key{
    {"intents.lock_key",
     "select pg_advisory_xact_lock(hashtextextended('payment key ' || $1::uuid::text || $2::text, 0))",
     db::Kind::write}};
inline constexpr db::Query<void(std::string)> lock_subject{
    {"intents.lock_subject",
     "select pg_advisory_xact_lock(hashtextextended('payment subject ' || $1::uuid::text || $2::text, 0))",
     db::Kind::write}};
inline constexpr db::Query<void(PaymentAccountId, std::string)> lock_phone{
    {"intents.lock_phone",
     "select pg_advisory_xact_lock(hashtextextended("
     "'payment prompt ' || $1::uuid::text || $2::uuid::text || $3::text, 0))",
     db::Kind::write}};
#define POS_LIVE_PROMPT "state in ('created', 'sent', 'pending', 'unknown')"
// None of those that whoever asks has already: another part is asked for, such as a friend's. Of several parts the one that is asked for.
inline constexpr db::Query<IntentId(PaymentPurpose, std::vector<base::Uuid>, std::string, base::Timestamp,
                                    std::vector<base::Uuid>, base::Money, std::optional<std::string>)>
    live_of_subject{{"intents.live_of_subject",
                     "select id from payment_intents where tenant_id = $1 and purpose = $2 and subject_id = any($3) "
                     "and provider = $4 "
                     "and created_at > $5 and id <> all($6) and " POS_LIVE_PROMPT
                     " order by (amount = $7 and phone is not distinct from $8) desc, created_at desc, id desc "
                     "limit 1"}};
// Paid into this account by this phone, whole and for nothing else, and the subject has not come: who asks the phone for the same again
// has lost the answer, or did not wait for money that came late. None of those that whoever asks has already.
inline constexpr db::Query<IntentId(PaymentPurpose, std::vector<base::Uuid>, PaymentAccountId, base::Money, std::string,
                                    std::string, std::optional<LocationId>, std::vector<base::Uuid>)>
    paid_in_advance{
        {"intents.paid_in_advance",
         "select i.id from payment_intents i where i.tenant_id = $1 and i.purpose = $2 and i.subject_id = any($3) "
         "and i.account_id = $4 and i.amount = $5 and i.currency = $6 and i.phone = $7 "
         "and (i.location_id is null or $8::uuid is null or i.location_id = $8) and i.id <> all($9) "
         "and " POS_INTENT_PAYS(
             "i") " and i.waits and not exists (select from payments p where p.tenant_id = $1 and p.intent_id = i.id) "
                  "and not exists (select from payment_refund_tasks t where t.tenant_id = $1 and t.intent_id = i.id "
                  "  and t.state = 'dismissed') "
                  "order by i.created_at, i.id limit 1"}};
inline constexpr db::Query<IntentId(PaymentAccountId, std::string, base::Timestamp)> live_of_phone{
    {"intents.live_of_phone",
     "select id from payment_intents where tenant_id = $1 and account_id = $2 and phone = $3 and created_at > $4 "
     "and " POS_LIVE_PROMPT " order by created_at desc, id desc limit 1"}};
#undef POS_LIVE_PROMPT

// Whoever changes the row sends. Nobody else does until it is `created` again.
inline constexpr db::Query<void(IntentId, base::Timestamp, base::Timestamp)> mark_sent{
    {"intents.mark_sent",
     "update payment_intents set state = 'sent', sent_at = $3, updated_at = $3, next_query_at = $4, "
     "version = " POS_NEXT_VERSION("version") " where tenant_id = $1 and id = $2 and state = 'created'",
     db::Kind::write}};
inline constexpr db::Query<void(IntentId, std::optional<std::string>, std::optional<schema::Bytes>)> set_action{
    {"intents.set_action",
     "update payment_intents set redirect_url = $3, sealed_client_secret = $4, version = " POS_NEXT_VERSION(
         "version") " "
                    "where tenant_id = $1 and id = $2",
     db::Kind::write}};

// Of one that is paid: nothing of it moves by itself any more.
inline constexpr db::Query<void(IntentId, base::Timestamp)> ask_again_at{
    {"intents.ask_again_at", "update payment_intents set next_query_at = $3 where tenant_id = $1 and id = $2",
     db::Kind::write}};

// By another key, which is no change of anything that the account is.
inline constexpr db::Query<void(PaymentAccountId, std::optional<schema::Bytes>, schema::Bytes, schema::Bytes,
                                std::optional<schema::Bytes>)>
    set_sealed{{"intents.set_sealed",
                "update payment_accounts set credentials = $3, callback_token = $4, callback_token_hash = $5, "
                "former_token_hash = $6 where tenant_id = $1 and id = $2",
                db::Kind::write}};

inline constexpr auto account_by_id = db::find<tables::payment_accounts>("intents.account_by_id");
inline constexpr db::Query<PaymentAccountId(std::string)> account_of_provider{
    {"intents.account_of_provider",
     "select id from payment_accounts where tenant_id = $1 and provider = $2 and owner = 'tenant' and enabled "
     "and deleted_at is null order by created_at, id limit 1"}};
inline constexpr db::Query<PaymentAccountId(std::string, std::string)> platform_account{
    {"intents.platform_account",
     "select id from payment_accounts where tenant_id = $1 and provider = $2 and owner = 'platform' and shown = $3 "
     "and deleted_at is null"}};

inline constexpr List<tables::payment_intents, Newest<&PaymentIntent::created_at>, Where<&PaymentIntent::state>,
                      AnyOf<&PaymentIntent::subject_id>, AnyOf<&PaymentIntent::location_id>>
    newest;

}  // namespace intents

namespace refunds {

inline constexpr auto by_id = db::find<tables::payment_refunds>("refunds.by_id");
inline constexpr auto add = db::insert<tables::payment_refunds>("refunds.add");
inline constexpr auto by_request =
    db::select<tables::payment_refunds>().where<&PaymentRefund::client_request_id>().named("refunds.by_request");
inline constexpr auto of_intent = db::select<tables::payment_refunds>()
                                      .where<&PaymentRefund::intent_id>()
                                      .order_by<&PaymentRefund::created_at, &PaymentRefund::id>()
                                      .named("refunds.of_intent");
inline constexpr db::Query<PaymentRefund(IntentId, std::string)> lock_by_provider_id{
    {"refunds.lock_by_provider_id",
     "select id, client_request_id, intent_id, amount, reason, by_hand, state, provider_id, result_code, result_text, "
     "created_by, created_at, updated_at, told_at from payment_refunds where tenant_id = $1 and intent_id = $2 "
     "and provider_id = $3 for no key update",
     db::Kind::write}};
// Of what the provider names for the first time: one of this amount has gone back here, and nobody knows what the provider calls it. A
// person wrote it down, or the provider told of it by its sum.
inline constexpr db::Query<PaymentRefund(IntentId, base::Money)> lock_unnamed{
    {"refunds.lock_unnamed",
     "select id, client_request_id, intent_id, amount, reason, by_hand, state, provider_id, result_code, result_text, "
     "created_by, created_at, updated_at, told_at from payment_refunds where tenant_id = $1 and intent_id = $2 "
     "and amount = $3 and state = 'succeeded' and provider_id is null "
     "order by created_at, id limit 1 for no key update",
     db::Kind::write}};
inline constexpr db::Query<void(RefundId, std::string, base::Timestamp)> learn_name{
    {"refunds.learn_name",
     "update payment_refunds set provider_id = $3, told_at = coalesce(told_at, $4) where tenant_id = $1 and id = $2",
     db::Kind::write}};
// What nobody has decided, whoever sent it.
inline constexpr db::Query<PaymentRefund(IntentId)> open_of_intent{
    {"refunds.open_of_intent",
     "select id, client_request_id, intent_id, amount, reason, by_hand, state, provider_id, result_code, result_text, "
     "created_by, created_at, updated_at, told_at from payment_refunds where tenant_id = $1 and intent_id = $2 "
     "and state in ('pending', 'unknown') and not by_hand order by created_at, id",
     db::Kind::read}};
inline constexpr db::Query<bool(IntentId, base::Money)> is_one_lost{
    {"refunds.is_one_lost",
     "select exists (select from payment_refunds where tenant_id = $1 and intent_id = $2 and amount = $3 "
     "and state in ('pending', 'unknown') and provider_id is null and not by_hand) as lost"}};
inline constexpr auto lock = db::find_for_update<tables::payment_refunds>("refunds.lock");
inline constexpr auto settle =
    db::update<tables::payment_refunds, &PaymentRefund::state, &PaymentRefund::provider_id, &PaymentRefund::result_code,
               &PaymentRefund::result_text, &PaymentRefund::updated_at>()
        .where<&PaymentRefund::id>()
        .named("refunds.settle");

inline constexpr db::Query<void(RefundId, base::Timestamp)> mark_told{
    {"refunds.mark_told",
     "update payment_refunds set told_at = $3 where tenant_id = $1 and id = $2 and told_at is null", db::Kind::write}};

// Once an intent, however often its reason is told. What was settled once may be owed again; what a person keeps is kept.
inline constexpr db::Query<void(IntentId, IntentConcern, base::Money, base::Timestamp)> add_task{
    {"refunds.add_task",
     "insert into payment_refund_tasks (tenant_id, intent_id, reason, amount, state, created_at) "
     "values ($1, $2, $3, $4, 'open', $5) on conflict (tenant_id, intent_id) do update set reason = excluded.reason, "
     "amount = excluded.amount, state = 'open', created_at = excluded.created_at, closed_at = null, note = null "
     "where payment_refund_tasks.state = 'done'",
     db::Kind::write}};
// By itself: `note` says why.
inline constexpr db::Query<void(IntentId, base::Timestamp, std::string)> finish_task{
    {"refunds.finish_task",
     "update payment_refund_tasks set state = 'done', closed_at = $3, note = $4 "
     "where tenant_id = $1 and intent_id = $2 and state = 'open'",
     db::Kind::write}};
// So much more of it went back, or came back (below zero): what is left is owed. With nothing left it is done; what was done so is open
// again when some of it comes back.
inline constexpr db::Query<void(IntentId, base::Money, base::Timestamp)> count_in_task{
    {"refunds.count_in_task",
     "update payment_refund_tasks set amount = case when state = 'done' then least(amount, -$3::bigint) "
     "  when amount > $3::bigint then amount - $3::bigint else amount end, "
     "closed_at = case when state = 'open' and amount <= $3::bigint then $4::timestamptz end, "
     "note = case when state = 'open' and amount <= $3::bigint then 'paid back' end, "
     "state = case when state = 'open' and amount <= $3::bigint then 'done' else 'open' end "
     "where tenant_id = $1 and intent_id = $2 and (state = 'open' or state = 'done' and note = 'paid back' and "
     "$3::bigint < 0)",
     db::Kind::write}};
// Of what is on the list.
inline constexpr db::Query<base::Money(IntentId)> open_amount{
    {"refunds.open_amount",
     "select amount from payment_refund_tasks where tenant_id = $1 and intent_id = $2 and state = 'open'"}};
inline constexpr auto lock_task = db::find_for_update<tables::payment_refund_tasks>("refunds.lock_task");
inline constexpr auto close_task = db::update<tables::payment_refund_tasks, &RefundTask::state, &RefundTask::closed_at,
                                              &RefundTask::closed_by, &RefundTask::note>()
                                       .where<&RefundTask::intent_id>()
                                       .named("refunds.close_task");

}  // namespace refunds

namespace disputes {

// News come in any order: what has been decided does not start again, and what was won after all is not lost.
inline constexpr db::Query<void(IntentId, std::string, DisputeState, base::Money, base::Money, base::Timestamp)> note{
    {"disputes.note",
     "insert into payment_disputes as d (tenant_id, intent_id, provider_id, state, amount, refunded_before, "
     "created_at, "
     "updated_at) values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (tenant_id, intent_id, provider_id) do update "
     "set state = excluded.state, amount = case excluded.amount when 0 then d.amount else excluded.amount end, "
     "updated_at = excluded.updated_at "
     "where excluded.state = 'won' or excluded.state = 'lost' and d.state = 'open'",
     db::Kind::write}};

struct Standing {
    bool is_open = false;
    bool is_lost = false;
    base::Money gone;  // what has gone back at least, when the money of all that are lost has

    friend constexpr auto describe(Standing*) {
        return schema::object<Standing>("Standing", schema::field<&Standing::is_open>("isOpen"),
                                        schema::field<&Standing::is_lost>("isLost"),
                                        schema::field<&Standing::gone>("gone"));
    }
};
inline constexpr db::Query<DisputeState(IntentId, std::string)> state_of{
    {"disputes.state_of",
     "select state from payment_disputes where tenant_id = $1 and intent_id = $2 and provider_id = $3"}};
// nullopt: it has never been disputed.
inline constexpr db::Query<Standing(IntentId)> standing{
    {"disputes.standing",
     "select bool_or(state = 'open') as is_open, bool_or(state = 'lost') as is_lost, "
     "(min(refunded_before) + coalesce(sum(greatest(amount, 1)) filter (where state = 'lost'), 0))::bigint as gone "
     "from payment_disputes where tenant_id = $1 and intent_id = $2 having count(*) > 0"}};

}  // namespace disputes

}  // namespace pos
