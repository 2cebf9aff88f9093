#pragma once
// Every statement of this module but its lists.

#include "db/query.h"
#include "pos/modules/notifications/tables.h"

namespace pos::mailing {

using db::Kind;

// ---- Writing -----------------------------------------------------------------------------------------------------

// Once for each key: a second one is passed over.
inline constexpr db::Query<void(Notification)> add{
    {"notifications.add",
     "insert into notifications (tenant_id, id, idempotency_key, channel, kind, locale, recipient, user_id, state, "
     "failure, failure_detail, provider, provider_id, message_id, attempts, unknown_outcomes, claim, leased_until, "
     "has_begun, given, secret, created_at, expires_at, sent_at, finished_at, follows, form, parts, cost_millionths, "
     "counted) "
     "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, "
     "$23, $24, $25, $26, $27, $28, $29, $30) on conflict (tenant_id, idempotency_key) do nothing",
     Kind::write}};

inline constexpr auto by_key =
    db::select<tables::notifications>().where<&Notification::idempotency_key>().named("notifications.by_key");

// ---- Sending -----------------------------------------------------------------------------------------------------

// For so many seconds it is this claim's alone. One whose first byte may have left counts as an unknown outcome.
inline constexpr db::Query<Notification(NotificationId, std::int32_t)> claim{
    {"notifications.claim",
     "update notifications set claim = claim + 1, attempts = attempts + 1, "
     "leased_until = now() + interval '1 second' * $3::integer, "
     "unknown_outcomes = unknown_outcomes + case when has_begun then 1 else 0 end, has_begun = false "
     "where tenant_id = $1 and id = $2 and state = 'queued' and (leased_until is null or leased_until <= now()) "
     "returning id, idempotency_key, channel, kind, locale, recipient, user_id, state, failure, failure_detail, "
     "provider, provider_id, message_id, attempts, unknown_outcomes, claim, leased_until, has_begun, given, secret, "
     "created_at, expires_at, sent_at, finished_at, follows, form, parts, cost_millionths, counted",
     Kind::write}};

inline constexpr db::Query<NotificationState(NotificationId)> state_of{
    {"notifications.state_of", "select state from notifications where tenant_id = $1 and id = $2", Kind::point}};

// Right before the first byte: no row, when the claim is another one's by now.
inline constexpr db::Query<NotificationId(NotificationId, std::int32_t)> begin{
    {"notifications.begin",
     "update notifications set has_begun = true where tenant_id = $1 and id = $2 and claim = $3 and state = 'queued' "
     "and leased_until > now() returning id",
     Kind::write}};

// What a provider tells may have come before our own answer.
inline constexpr db::Query<void(NotificationId, std::int32_t, std::string, std::optional<std::string>)> accepted{
    {"notifications.accepted",
     "update notifications set state = case when state = 'queued' then 'sent' else state end, provider = $4, "
     "provider_id = $5, sent_at = now(), leased_until = null, has_begun = false, secret = null "
     "where tenant_id = $1 and id = $2 and claim = $3",
     Kind::write}};

// For another try.
inline constexpr db::Query<void(NotificationId, std::int32_t, std::optional<std::string>, bool)> put_back{
    {"notifications.put_back",
     "update notifications set leased_until = null, has_begun = false, failure_detail = $4, "
     "unknown_outcomes = unknown_outcomes + case when $5::boolean then 1 else 0 end "
     "where tenant_id = $1 and id = $2 and claim = $3 and state = 'queued'",
     Kind::write}};

inline constexpr db::Query<void(NotificationId, std::int32_t, NotificationFailure, std::optional<std::string>, bool)>
    failed{{"notifications.failed",
            "update notifications set state = 'failed', failure = $4, failure_detail = $5, finished_at = now(), "
            "leased_until = null, has_begun = false, secret = null, "
            "unknown_outcomes = unknown_outcomes + case when $6::boolean then 1 else 0 end "
            "where tenant_id = $1 and id = $2 and claim = $3 and state = 'queued'",
            Kind::write}};

// ---- Whom nothing is sent to ---------------------------------------------------------------------------------------

// Whether the address gets nothing of the list: the tenant's, or everybody's.
inline constexpr db::SystemQuery<bool(std::string, base::Uuid, MailList)> is_suppressed{
    {"mail.is_suppressed",
     "select exists (select from mail_suppressions where address = lower($1) and scope in ($2::uuid, "
     "'00000000-0000-0000-0000-000000000000'::uuid) and list in ($3::text, 'all'))",
     Kind::point}};
inline constexpr db::SystemQuery<void(MailSuppression)> suppress{
    {"mail.suppress",
     "insert into mail_suppressions (scope, list, address, reason, detail, created_at) "
     "values ($1, $2, lower($3), $4, $5, $6) on conflict do nothing",
     Kind::write}};

// What a user wants by their own choice, they get again; a bounce and a complaint stay.
inline constexpr db::SystemQuery<void(UserId, base::Uuid, std::vector<std::string>)> subscribe{
    {"mail.subscribe",
     "delete from mail_suppressions s using users u where u.id = $1 and s.address = lower(u.email) "
     "and s.scope = $2 and s.list = any($3) and s.reason = 'unsubscribe'",
     Kind::write}};
inline constexpr db::SystemQuery<void(std::string, base::Uuid, MailList)> undo_unsubscribe{
    {"mail.undo_unsubscribe",
     "delete from mail_suppressions where address = lower($1) and scope = $2 and list = $3 and reason = 'unsubscribe'",
     Kind::write}};
// The lists that do not reach a user, of the tenant and of everybody.
inline constexpr db::SystemQuery<MailList(UserId, base::Uuid)> lists_without{
    {"mail.lists_without",
     "select distinct s.list from mail_suppressions s join users u on s.address = lower(u.email) where u.id = $1 "
     "and s.scope in ($2::uuid, '00000000-0000-0000-0000-000000000000'::uuid)",
     Kind::read}};

// ---- What providers tell -------------------------------------------------------------------------------------------

struct Told {
    base::Uuid tenant_id;
    std::string recipient;
    NotificationKind kind{};
    NotificationState state{};

    friend constexpr auto describe(Told*) {
        return schema::object<Told>("Told", schema::field<&Told::tenant_id>("tenantId"),
                                    schema::field<&Told::recipient>("recipient"), schema::field<&Told::kind>("kind"),
                                    schema::field<&Told::state>("state"));
    }
};

inline constexpr db::SystemQuery<Told(NotificationId)> told{
    {"mail.told", "select tenant_id, recipient, kind, state from notifications where id = $1 for no key update",
     Kind::write}};

// States go one way: what comes late or twice changes nothing. One of unknown outcome may have arrived after all.
inline constexpr db::SystemQuery<void(NotificationId, base::Timestamp)> delivered{
    {"mail.delivered",
     "update notifications set state = 'delivered', failure = null, finished_at = $2, secret = null, "
     "leased_until = null, has_begun = false where id = $1 and (state in ('queued', 'sent') "
     "or (state = 'failed' and failure = 'outcome_unknown'))",
     Kind::write}};
inline constexpr db::SystemQuery<void(NotificationId, NotificationState, NotificationFailure,
                                      std::optional<std::string>, base::Timestamp)>
    not_delivered{{"mail.not_delivered",
                   "update notifications set state = $2, failure = $3, failure_detail = $4, finished_at = $5, "
                   "secret = null, leased_until = null, has_begun = false where id = $1 "
                   "and (state in ('queued', 'sent') or (state = 'delivered' and $2::text = 'bounced'))",
                   Kind::write}};

// No row: it was used before.
inline constexpr db::SystemQuery<std::string(std::string, schema::Bytes, base::Timestamp)> use_webhook{
    {"mail.use_webhook",
     "insert into used_webhooks (token, body_hash, used_at) values ($1, $2, $3) on conflict do nothing returning token",
     Kind::write}};
inline constexpr db::SystemQuery<schema::Bytes(std::string)> webhook_body{
    {"mail.webhook_body", "select body_hash from used_webhooks where token = $1", Kind::point}};

// ---- Preferences ---------------------------------------------------------------------------------------------------

inline constexpr auto preference = db::find<tables::notification_preferences>("notifications.preference");
inline constexpr auto set_preference = db::upsert<tables::notification_preferences>("notifications.set_preference");

}  // namespace pos::mailing
