#pragma once
// The SQL of payouts.

#include "pos/modules/payouts/tables.h"
#include "pos/plumbing/list.h"
#include "pos/row_meta.h"

namespace pos::payouts {

inline constexpr auto by_id = db::find<tables::payouts>("payouts.by_id");
inline constexpr auto lock = db::find_for_update<tables::payouts>("payouts.lock");
inline constexpr auto add = db::insert<tables::payouts>("payouts.add");
inline constexpr auto replace = db::replace<tables::payouts>("payouts.replace");
inline constexpr auto by_request =
    db::select<tables::payouts>().where<&Payout::client_request_id>().named("payouts.by_request");
inline constexpr List<tables::payouts, Newest<&Payout::created_at>, Where<&Payout::state>, Where<&Payout::intent_id>>
    newest;

// Repetitions of one request take turns, and payouts to one phone from one account.
inline constexpr db::Query<void(std::string)> lock_request{
    {"payouts.lock_request",
     "select pg_advisory_xact_lock(hashtextextended('payout ' || $1::uuid::text || ' ' || $2::text, 0))",
     db::Kind::write}};
// One of which nobody knows yet whether it will go out.
inline constexpr db::Query<PayoutId(PaymentAccountId, std::string, base::Money)> open_like{
    {"payouts.open_like",
     "select id from payouts where tenant_id = $1 and account_id = $2 and phone = $3 and amount = $4 "
     "and state in ('created', 'sent', 'pending', 'unknown') order by created_at desc, id desc limit 1"}};
inline constexpr db::Query<PayoutId(IntentId)> open_reversal{
    {"payouts.open_reversal",
     "select id from payouts where tenant_id = $1 and intent_id = $2 "
     "and state in ('created', 'sent', 'pending', 'unknown') order by created_at desc, id desc limit 1"}};

// Whoever changes the row sends. Nobody else does until it is `created` again. Which sending it is: what the provider called the one before
// is no name of it.
inline constexpr db::Query<std::int32_t(PayoutId, base::Timestamp, base::Timestamp)> mark_sent{
    {"payouts.mark_sent",
     "update payouts set state = 'sent', sends = sends + 1, conversation_id = null, sent_at = $3, updated_at = $3, "
     "next_look_at = $4, version = " POS_NEXT_VERSION(
         "version") " where tenant_id = $1 and id = $2 and state = 'created' returning sends",
     db::Kind::write}};
// … once more, under the same id: a person has said so.
inline constexpr db::Query<std::int32_t(PayoutId, base::Timestamp, base::Timestamp)> mark_sent_again{
    {"payouts.mark_sent_again",
     "update payouts set state = 'sent', sends = sends + 1, conversation_id = null, may_be_there = true, sent_at = $3, "
     "updated_at = $3, "
     "next_look_at = $4, version = " POS_NEXT_VERSION(
         "version") " "
                    "where tenant_id = $1 and id = $2 and kind = 'payout' and state in ('sent', 'unknown') "
                    "and sent_at < $3::timestamptz - interval '1 minute' returning sends",
     db::Kind::write}};

inline constexpr auto add_result = db::insert<tables::payout_results>("payouts.add_result");
// The very bytes came before that time.
inline constexpr db::Query<bool(PayoutId, std::string, schema::Bytes, base::Timestamp)> was_told_before{
    {"payouts.was_told_before",
     "select exists (select from payout_results where tenant_id = $1 and payout_id = $2 and kind = $3 and body = $4 "
     "and trusted and received_at < $5) as told"}};
inline constexpr db::Query<void(PayoutId, std::int64_t)> forget_older_results{
    {"payouts.forget_older_results",
     "delete from payout_results where tenant_id = $1 and id in (select id from payout_results "
     "where tenant_id = $1 and payout_id = $2 order by received_at desc, id desc offset $3)",
     db::Kind::write}};

inline constexpr auto balance_of = db::find<tables::payout_balances>("payouts.balance_of");
// Whether this is the one that asks: once a minute.
inline constexpr db::Query<void(PaymentAccountId, base::Timestamp)> mark_balance_asked{
    {"payouts.mark_balance_asked",
     "insert into payout_balances (tenant_id, account_id, purses, asked_at) values ($1, $2, '[]', $3) "
     "on conflict (tenant_id, account_id) do update set asked_at = excluded.asked_at "
     "where payout_balances.asked_at is null or payout_balances.asked_at < excluded.asked_at - interval '1 minute'",
     db::Kind::write}};
inline constexpr db::Query<void(PaymentAccountId, schema::Json, base::Timestamp)> set_balance{
    {"payouts.set_balance",
     "update payout_balances set purses = $3, told_at = $4 where tenant_id = $1 and account_id = $2", db::Kind::write}};

}  // namespace pos::payouts
