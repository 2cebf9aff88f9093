#pragma once
// The statements of messages to phones: their rows are notifications (modules/notifications/statements.h), claimed by the same claim.

#include "db/query.h"
#include "pos/modules/notifications/charges.h"

namespace pos::texting {

using db::Kind;

// ---- Sending -------------------------------------------------------------------------------------------------------

// Right before anything leaves: no row, when the claim is another one's by now.
inline constexpr db::Query<NotificationId(NotificationId, std::int32_t, std::optional<MessageForm>, std::string)> begin{
    {"sms.begin",
     "update notifications set has_begun = true, form = $4, provider = $5 where tenant_id = $1 and id = $2 "
     "and claim = $3 and state = 'queued' and leased_until > now() returning id",
     Kind::write}};

// What a provider tells may have come before its own answer. A WhatsApp message that does not arrive is sent as an SMS: its secret stays
// until it has arrived.
inline constexpr db::Query<void(NotificationId, std::int32_t, std::string)> accepted{
    {"sms.accepted",
     "update notifications set state = case when state = 'queued' then 'sent' else state end, provider_id = $4, "
     "sent_at = now(), leased_until = null, has_begun = false, "
     "secret = case when channel = 'whatsapp' and state in ('queued', 'sent') then secret end "
     "where tenant_id = $1 and id = $2 and claim = $3",
     Kind::write}};

// It may have been sent: it is not sent again.
inline constexpr db::Query<void(NotificationId, std::int32_t, std::optional<std::string>, bool)> outcome_unknown{
    {"sms.outcome_unknown",
     "update notifications set state = 'unknown', failure = 'outcome_unknown', failure_detail = $4, "
     "finished_at = now(), leased_until = null, has_begun = false, secret = null, "
     "unknown_outcomes = unknown_outcomes + case when $5::boolean then 1 else 0 end "
     "where tenant_id = $1 and id = $2 and claim = $3 and state = 'queued'",
     Kind::write}};

// When the person's last message opened the window, if they ever wrote.
inline constexpr db::SystemQuery<base::Timestamp(base::Uuid, std::string)> written_at{
    {"sms.written_at", "select written_at from whatsapp_windows where scope = $1 and phone = $2", Kind::point}};
inline constexpr db::SystemQuery<bool(base::Uuid, std::string)> is_opted_out{
    {"sms.is_opted_out", "select exists (select from phone_wishes where scope = $1 and phone = $2 and is_opted_out)",
     Kind::point}};

// ---- What is told ------------------------------------------------------------------------------------------------------

// A reply and the report that may come before it look for each other one after the other.
inline constexpr db::SystemQuery<void(std::string)> hold_provider_id{
    {"sms.hold_provider_id", "select from pg_advisory_xact_lock(hashtextextended($1::text, 2))", Kind::write}};

struct KnownMessage {
    base::Uuid tenant_id;
    Notification row;

    friend constexpr auto describe(KnownMessage*) {
        return schema::object<KnownMessage>("KnownMessage", schema::field<&KnownMessage::tenant_id>("tenantId"),
                                            schema::flatten<&KnownMessage::row>());
    }
};
#define POS_KNOWN_MESSAGE                                                                                             \
    "select tenant_id, id, idempotency_key, channel, kind, locale, recipient, user_id, state, failure, "              \
    "failure_detail, provider, provider_id, message_id, attempts, unknown_outcomes, claim, leased_until, has_begun, " \
    "given, secret, created_at, expires_at, sent_at, finished_at, follows, form, parts, cost_millionths, counted "    \
    "from notifications "
inline constexpr db::SystemQuery<KnownMessage(std::string, std::string)> by_provider_id{
    {"sms.by_provider_id",
     POS_KNOWN_MESSAGE "where provider_id = $2 and provider = $1 and channel <> 'email' limit 1 for no key update",
     Kind::write}};
inline constexpr db::SystemQuery<KnownMessage(NotificationId, std::string)> by_id{
    {"sms.by_id", POS_KNOWN_MESSAGE "where id = $1 and provider = $2 and channel <> 'email' for no key update",
     Kind::write}};
#undef POS_KNOWN_MESSAGE

// States go one way (state_after, reports.h). A message that has ended needs its secret no more.
inline constexpr db::Query<void(NotificationId, NotificationState, std::optional<NotificationFailure>,
                                std::optional<std::string>, std::string, base::Timestamp)>
    told{{"sms.told",
          "update notifications set state = $3, failure = $4, failure_detail = $5, "
          "provider_id = coalesce(provider_id, $6), finished_at = case when $3::text = 'sent' then null "
          "else $7::timestamptz end, secret = case when $3::text = 'sent' then secret end, "
          "leased_until = null, has_begun = false where tenant_id = $1 and id = $2",
          Kind::write}};

inline constexpr db::SystemQuery<void(ParkedReport)> park{
    {"sms.park",
     "insert into parked_reports (provider, provider_id, delivery, recipient, report, scope, received_at) "
     "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
     Kind::write}};
// Of these ids what is parked already ("parked delivered ID"), and where the messages are that are known ("message delivered ID").
inline constexpr db::SystemQuery<std::string(std::string, std::vector<std::string>, base::Uuid)> told_already{
    {"sms.told_already",
     "select 'parked ' || delivery || ' ' || provider_id from parked_reports where provider = $1 "
     "and provider_id = any($2::text[]) and scope = $3 "
     "union all select 'message ' || state || ' ' || provider_id from notifications where provider = $1 "
     "and provider_id = any($2::text[]) and channel <> 'email'",
     Kind::read}};
inline constexpr db::SystemQuery<ParkedReport(std::string, std::string)> take_parked{
    {"sms.take_parked",
     "delete from parked_reports where provider = $1 and provider_id = $2 "
     "returning provider, provider_id, delivery, recipient, report, scope, received_at",
     Kind::write}};

// Of two that come out of order the later one counts.
inline constexpr db::SystemQuery<void(PhoneWish)> wish{
    {"sms.wish",
     "insert into phone_wishes as known (scope, phone, is_opted_out, at) values ($1, $2, $3, $4) "
     "on conflict (scope, phone) do update set is_opted_out = excluded.is_opted_out, at = excluded.at "
     "where known.at <= excluded.at",
     Kind::write}};
inline constexpr db::SystemQuery<void(WhatsappWindow)> open_window{
    {"sms.open_window",
     "insert into whatsapp_windows as known (scope, phone, written_at) values ($1, $2, $3) "
     "on conflict (scope, phone) do update set written_at = greatest(known.written_at, excluded.written_at)",
     Kind::write}};

// ---- What nobody told of ---------------------------------------------------------------------------------------------

struct LostReply {
    base::Uuid tenant_id;
    NotificationId id;
    std::string provider;
    std::string provider_id;

    friend constexpr auto describe(LostReply*) {
        return schema::object<LostReply>(
            "LostReply", schema::field<&LostReply::tenant_id>("tenantId"), schema::field<&LostReply::id>("id"),
            schema::field<&LostReply::provider>("provider"), schema::field<&LostReply::provider_id>("providerId"));
    }
};
// A message whose reply was lost, and the one report of its number that nothing else explains: exactly one of each within the hour.
inline constexpr db::SystemQuery<LostReply(std::int64_t)> lost_replies{
    {"sms.lost_replies",
     "select (array_agg(n.tenant_id))[1] as tenant_id, (array_agg(n.id))[1] as id, p.provider, "
     "min(p.provider_id) as provider_id from parked_reports p "
     "join notifications n on n.provider = p.provider and n.recipient = p.recipient and n.state = 'unknown' "
     "  and n.provider_id is null and n.channel <> 'email' and n.created_at > now() - interval '1 day' "
     "  and p.received_at between n.created_at and n.created_at + interval '1 hour' "
     "  and p.scope in (n.tenant_id, '00000000-0000-0000-0000-000000000000'::uuid) "
     "where p.received_at > now() - interval '1 day' and p.received_at < now() - interval '10 seconds' "
     "group by p.provider, p.recipient having count(distinct n.id) = 1 and count(distinct p.provider_id) = 1 limit $1",
     Kind::read}};
inline constexpr db::SystemQuery<void(base::Uuid, NotificationId, std::string)> name_lost{
    {"sms.name_lost",
     "update notifications set provider_id = $3 where tenant_id = $1 and id = $2 and state = 'unknown' "
     "and provider_id is null",
     Kind::write}};

// Which nobody has explained for an hour.
inline constexpr db::SystemQuery<std::string(std::int64_t)> unexplained{
    {"sms.unexplained",
     "select provider || ' ' || provider_id from parked_reports where received_at < now() - interval '1 hour' "
     "order by received_at limit $1",
     Kind::read}};
// Of WhatsApp messages of which nothing was told for a day.
inline constexpr db::SystemQuery<void()> forget_secrets{
    {"sms.forget_secrets",
     "update notifications set secret = null where channel = 'whatsapp' and secret is not null and state <> 'queued' "
     "and created_at < now() - interval '1 day'",
     Kind::write}};

// ---- Accounts, limits -----------------------------------------------------------------------------------------------

inline constexpr db::Query<void(MessageAccount)> put_account{
    {"sms.put_account",
     "insert into message_accounts as known (tenant_id, channel, id, provider, shown, credentials, created_at, "
     "updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant_id, channel) do update "
     "set provider = excluded.provider, shown = excluded.shown, credentials = excluded.credentials, "
     "updated_at = excluded.updated_at",
     Kind::write}};
inline constexpr db::Query<void(Channel)> drop_account{
    {"sms.drop_account", "delete from message_accounts where tenant_id = $1 and channel = $2", Kind::write}};
inline constexpr db::Query<base::Money()> limit_of{
    {"sms.limit_of", "select daily_limit from message_limits where tenant_id = $1", Kind::point}};
inline constexpr db::Query<void(base::Money)> set_limit{
    {"sms.set_limit",
     "insert into message_limits (tenant_id, daily_limit) values ($1, $2) "
     "on conflict (tenant_id) do update set daily_limit = excluded.daily_limit",
     Kind::write}};
inline constexpr db::Query<void()> drop_limit{
    {"sms.drop_limit", "delete from message_limits where tenant_id = $1", Kind::write}};
inline constexpr auto spent_on = db::find<tables::message_spending>("sms.spent_on");

}  // namespace pos::texting
