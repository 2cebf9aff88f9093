#pragma once
// The SQL of webhooks. Times are the database's, so that all workers have one clock.
//
// Whatever changes what waits for an endpoint locks its row of webhook_queues first: none of them decides by what another one is
// about to change. The row's lease says who sends: `claim` counts the leases, and a statement of a former holder changes nothing.

#include "db/db.h"
#include "pos/modules/webhooks/tables.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/list.h"

// Whether the endpoint `p` wants the event `e`.
#define POS_WEBHOOK_MATCHES(p, e)                                                                                     \
    "(cardinality(" p ".location_ids) = 0 or " e ".place is null or " e ".place = any(" p                             \
    ".location_ids)) and exists (select from unnest(" p ".event_types) as asked (name) where name = '*' or name = " e \
    ".type or (right(name, 2) = '.*' and starts_with(" e ".type, left(name, -1))))"

namespace pos::hooks {

using db::Kind;

inline constexpr Collection<tables::webhook_endpoints> endpoint_rows{"webhooks.read"};
inline constexpr List<tables::webhook_endpoints, Newest<&RowMeta::created_at>> endpoint_list;

// ---- Endpoints ---------------------------------------------------------------------------------------------------------

// One at a time, so that two who add the last one at once do not both get in.
inline constexpr db::Query<void()> one_new_endpoint_at_a_time{
    {"webhooks.one_new_endpoint_at_a_time",
     "select pg_advisory_xact_lock(hashtextextended('webhooks ' || $1::uuid::text, 0))", Kind::write}};
inline constexpr db::Query<void(std::int64_t)> refuse_too_many{
    {"webhooks.refuse_too_many",
     "select violate('webhook_endpoints_limit') where (select count(*) from webhook_endpoints "
     "where tenant_id = $1 and deleted_at is null) > $2::bigint",
     Kind::write}};
inline constexpr db::Query<void(std::vector<LocationId>)> refuse_unknown_locations{
    {"webhooks.refuse_unknown_locations",
     "select violate('webhook_endpoints_locations') where exists (select from unnest($2::uuid[]) as wanted (id) "
     "where not exists (select from locations l where l.tenant_id = $1 and l.id = wanted.id))",
     Kind::write}};
inline constexpr auto add_secret = db::insert<tables::webhook_secrets>("webhooks.add_secret");
inline constexpr auto add_queue = db::insert<tables::webhook_queues>("webhooks.add_queue");
inline constexpr auto queue_of = db::find<tables::webhook_queues>("webhooks.queue_of");

// Those that have an end keep it: it is theirs. Without an overlap all of them end: one of them has leaked.
inline constexpr db::Query<void(WebhookEndpointId, std::int32_t)> end_secrets{
    {"webhooks.end_secrets",
     "update webhook_secrets set expires_at = now() + make_interval(secs => $3::int) "
     "where tenant_id = $1 and endpoint_id = $2 "
     "and (expires_at is null or ($3::int = 0 and expires_at > now()))",
     Kind::write}};

struct LiveSecret {
    WebhookSecretId id;
    schema::Bytes sealed;
    base::Timestamp created_at;
    std::optional<base::Timestamp> expires_at;
    std::optional<std::int64_t> left_ms;

    friend constexpr auto describe(LiveSecret*) {
        using schema::field;
        return schema::object<LiveSecret>(
            "LiveSecret", field<&LiveSecret::id>("id"), field<&LiveSecret::sealed>("sealed"),
            field<&LiveSecret::created_at>("createdAt"), field<&LiveSecret::expires_at>("expiresAt"),
            field<&LiveSecret::left_ms>("leftMs"));
    }
};
inline constexpr db::Query<LiveSecret(WebhookEndpointId)> live_secrets{
    {"webhooks.live_secrets",
     "select id, sealed, created_at, expires_at, (extract(epoch from expires_at - now()) * 1000)::bigint as left_ms "
     "from webhook_secrets where tenant_id = $1 and endpoint_id = $2 and (expires_at is null or expires_at > now()) "
     "order by created_at desc, id desc",
     Kind::point}};

// It starts anew: what it has missed and failed before is another story, and so is how fast it was.
inline constexpr db::Query<void(WebhookEndpointId)> forgive{
    {"webhooks.forgive",
     "update webhook_queues set failing_since = null, is_fast = false, waiting_since = null, next_due_at = now(), "
     "wake_at = now() where tenant_id = $1 and endpoint_id = $2",
     Kind::write}};
// At another URL it is another one, which has not failed yet.
inline constexpr db::Query<void(WebhookEndpointId)> doubt{
    {"webhooks.doubt",
     "update webhook_queues set failing_since = null, is_fast = false, waiting_since = null "
     "where tenant_id = $1 and endpoint_id = $2",
     Kind::write}};
inline constexpr db::Query<void(WebhookEndpointId)> let_all_go{
    {"webhooks.let_all_go",
     "update webhook_deliveries set next_attempt_at = now() where tenant_id = $1 and endpoint_id = $2 "
     "and state = 'pending' and next_attempt_at is null",
     Kind::write}};
inline constexpr db::Query<void(WebhookEndpointId)> forget_queue{
    {"webhooks.forget_queue", "update webhook_queues set next_due_at = null where tenant_id = $1 and endpoint_id = $2",
     Kind::write}};

// Of the URL that was asked. None: it is disabled already, or has got another one meanwhile.
inline constexpr db::Query<std::string(WebhookEndpointId, WebhookDisabledReason, std::string)> disable{
    {"webhooks.disable",
     "update webhook_endpoints set enabled = false, disabled_reason = $3, disabled_at = now(), updated_at = now(), "
     "version = " POS_NEXT_VERSION("version") " where tenant_id = $1 and id = $2 and url = $4 and enabled "
                                              "and deleted_at is null returning url",
     Kind::write}};

struct Owner {
    UserId id;
    std::string email;
    Locale locale = Locale::english;
    std::string shop;

    friend constexpr auto describe(Owner*) {
        return schema::object<Owner>("WebhookOwner", schema::field<&Owner::id>("id"),
                                     schema::field<&Owner::email>("email"), schema::field<&Owner::locale>("locale"),
                                     schema::field<&Owner::shop>("shop"));
    }
};
inline constexpr db::Query<Owner()> owners{
    {.name = "webhooks.owners",
     .sql = "select u.id, u.email, u.locale, t.name as shop from memberships m "
            "join tenants t on t.id = m.tenant_id "
            "join users u on u.id = m.user_id and u.disabled_at is null "
            "where m.tenant_id = $1 and m.status = 'active' and m.deleted_at is null and exists ("
            "  select from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id "
            "  where mr.tenant_id = m.tenant_id and mr.membership_id = m.id and r.built_in = 'owner' "
            "  and r.deleted_at is null) order by u.id limit 20",
     .kind = Kind::point,
     .as_system = true}};

// ---- What happened -----------------------------------------------------------------------------------------------------

struct NewEvent {
    WebhookEventId id;
    std::string type;
    base::Uuid subject;
    std::optional<base::Uuid> place;
    schema::Bytes body;
    schema::Bytes thin_body;
    base::Timestamp occurred_at;
};
// Nothing for a tenant without endpoints, and for an event that was told before; with its event the job that takes it on.
inline constexpr db::Query<void(WebhookEventId, std::string, base::Uuid, std::optional<base::Uuid>, schema::Bytes,
                                schema::Bytes, base::Timestamp, std::string, std::string, schema::Json)>
    tell{
        {"webhooks.tell",
         "with event as ("
         "  insert into webhook_events "
         "    (tenant_id, id, position, type, subject, place, body, thin_body, occurred_at, recorded_at) "
         "  select $1::uuid, $2::uuid, nextval('outbox_position'), $3::text, $4::uuid, $5::uuid, $6::bytea, $7::bytea, "
         "    $8::timestamptz, now() "
         "  where exists (select from webhook_endpoints where tenant_id = $1 and deleted_at is null) "
         "  on conflict (tenant_id, id) do nothing returning id) "
         "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) "
         "select $1::uuid, gen_random_uuid(), nextval('outbox_position'), $9::text, $10::text, "
         "  jsonb_build_object('tenantId', $1::uuid), $11::jsonb, now() from event",
         Kind::write}};

// For one endpoint alone, whatever it asks for.
inline constexpr db::Query<void(WebhookEventId, std::string, base::Uuid, schema::Bytes, base::Timestamp)> add_own_event{
    {"webhooks.add_own_event",
     "insert into webhook_events "
     "  (tenant_id, id, position, type, subject, body, thin_body, occurred_at, recorded_at, fanned_out_at) "
     "values ($1, $2, nextval('outbox_position'), $3, $4, $5, $5, $6, now(), now())",
     Kind::write}};
inline constexpr db::Query<void(WebhookDeliveryId, WebhookEndpointId, WebhookEventId)> add_own_delivery{
    {"webhooks.add_own_delivery",
     "insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, subject, position, state, "
     "  attempts, sent, is_thin, next_attempt_at, created_at) "
     "select $1::uuid, $2::uuid, $3::uuid, e.id, e.type, e.subject, e.position, 'pending', 0, 0, false, now(), now() "
     "from webhook_events e where e.tenant_id = $1 and e.id = $4",
     Kind::write}};
inline constexpr db::Query<void(WebhookEndpointId, std::int64_t)> count_pending{
    {"webhooks.count_pending",
     "update webhook_queues set pending = pending + $3, next_due_at = now(), wake_at = now() "
     "where tenant_id = $1 and endpoint_id = $2",
     Kind::write}};
// Behind lock_queue. The room that is left is for what happens.
inline constexpr db::Query<void(WebhookEndpointId, std::int64_t)> refuse_full{
    {"webhooks.refuse_full",
     "select violate('webhook_queues_room') where exists (select from webhook_queues where tenant_id = $1 "
     "and endpoint_id = $2 and pending >= $3::bigint)",
     Kind::write}};

// ---- What goes where ---------------------------------------------------------------------------------------------------

// In one order, so that nobody waits in a circle.
inline constexpr db::Query<void()> lock_queues{
    {"webhooks.lock_queues", "select from webhook_queues where tenant_id = $1 order by endpoint_id for no key update",
     Kind::write}};
inline constexpr db::Query<void(WebhookEndpointId)> lock_queue{
    {"webhooks.lock_queue", "select from webhook_queues where tenant_id = $1 and endpoint_id = $2 for no key update",
     Kind::write}};

struct FannedOut {
    std::int64_t events = 0;
    std::optional<WebhookEndpointId> endpoint_id;
    std::optional<bool> wakes;
    std::optional<bool> is_fast;

    friend constexpr auto describe(FannedOut*) {
        using schema::field;
        return schema::object<FannedOut>("FannedOut", field<&FannedOut::events>("events"),
                                         field<&FannedOut::endpoint_id>("endpointId"),
                                         field<&FannedOut::wakes>("wakes"), field<&FannedOut::is_fast>("isFast"));
    }
};
// At most events_at_once, in their order; an endpoint has at most so many pending, and misses what is above. At least one row.
// The limit is a constant, here and in `take`: a plan for an unknown one expects a tenth of all rows, and reads the whole table.
inline constexpr std::int64_t events_at_once = 500;
inline constexpr db::Query<FannedOut(std::int64_t)> fan_out{
    {"webhooks.fan_out",
     "with taken as ("
     "  update webhook_events e set fanned_out_at = now() from ("
     "    select id from webhook_events where tenant_id = $1 and fanned_out_at is null "
     "    order by position limit 500 for update skip locked) due "
     "  where e.tenant_id = $1 and e.id = due.id returning e.id, e.type, e.subject, e.place, e.position, "
     "    e.recorded_at), "
     "wanted as ("
     "  select p.id as endpoint_id, p.ordered, p.payload = 'thin' as is_thin, t.id as event_id, t.type, t.subject, "
     "    t.position, t.recorded_at, "
     "    p.enabled and row_number() over (partition by p.id order by t.position) <= $2::bigint - q.pending as fits, "
     "    row_number() over (partition by p.id, t.subject order by t.position) as of_subject "
     "  from taken t join webhook_endpoints p on p.tenant_id = $1 and p.deleted_at is null "
     "    and " POS_WEBHOOK_MATCHES(
         "p",
         "t") " "
              "  join webhook_queues q on q.tenant_id = $1 and q.endpoint_id = p.id), "
              "added as ("
              "  insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, subject, position, "
              "state, "
              "    attempts, sent, is_thin, next_attempt_at, created_at) "
              "  select $1::uuid, gen_random_uuid(), w.endpoint_id, w.event_id, w.type, w.subject, w.position, "
              "'pending', 0, 0, w.is_thin, "
              "    case when w.ordered and (w.of_subject > 1 or exists (select from webhook_deliveries d "
              "      where d.tenant_id = $1 and d.endpoint_id = w.endpoint_id and d.subject = w.subject "
              "      and d.state = 'pending')) then null else now() end, now() "
              "  from wanted w where w.fits on conflict (tenant_id, event_id, endpoint_id) do nothing returning "
              "endpoint_id), "
              "counted as ("
              "  select w.endpoint_id, count(*) filter (where not w.fits) as missed, "
              "    min(w.recorded_at) filter (where not w.fits) as missed_from, "
              "    (select count(*) from added a where a.endpoint_id = w.endpoint_id) as added "
              "  from wanted w group by w.endpoint_id), "
              "judged as ("
              "  select c.endpoint_id, c.added, c.missed, c.missed_from, q.is_fast, c.added > 0 and "
              "    (q.wake_at is null or q.wake_at > now() or q.wake_at < now() - interval '30 seconds') as wakes "
              "  from counted c join webhook_queues q on q.tenant_id = $1 and q.endpoint_id = c.endpoint_id), "
              "told as ("
              "  update webhook_queues q set pending = q.pending + j.added, missed = q.missed + j.missed, "
              "    missed_since = least(q.missed_since, j.missed_from), "
              "    next_due_at = case when j.added > 0 then least(q.next_due_at, now()) else q.next_due_at end, "
              "    wake_at = case when j.wakes then now() else q.wake_at end "
              "  from judged j where q.tenant_id = $1 and q.endpoint_id = j.endpoint_id "
              "  returning q.endpoint_id, j.wakes, j.is_fast) "
              "select n.events, told.endpoint_id, told.wakes, told.is_fast from (select count(*) as events from "
              "taken) n "
              "left join told on true",
     Kind::write}};

// ---- An endpoint's turn ------------------------------------------------------------------------------------------------

// Of one tenant one at a time, while it is told who may send: neither of two takes the last turn, and who waits for one is seen by
// who gives it back. Before any row of webhook_queues.
inline constexpr db::Query<void()> one_turn_at_a_time{
    {"webhooks.one_turn_at_a_time",
     "select pg_advisory_xact_lock(hashtextextended('webhook turns ' || $1::uuid::text, 0))", Kind::write}};

struct Turn {
    std::int64_t claim = 0;
    bool has_begun = false;
    bool is_fast = false;
    bool is_failing = false;
    bool waits = false;  // until another of the tenant's endpoints gives its turn back

    friend constexpr auto describe(Turn*) {
        using schema::field;
        return schema::object<Turn>("WebhookTurn", field<&Turn::claim>("claim"), field<&Turn::has_begun>("hasBegun"),
                                    field<&Turn::is_fast>("isFast"), field<&Turn::is_failing>("isFailing"),
                                    field<&Turn::waits>("waits"));
    }
};
// Nobody else's, for so many seconds, among the fast ones or the others, of which the tenant has at most so many turns at once. Its
// job has come, so that the next one who adds something sends another.
#define POS_TURN_IS_FREE "q.is_fast = $4 and running.turns < $5::bigint"
inline constexpr db::Query<Turn(WebhookEndpointId, std::int32_t, bool, std::int64_t)> begin_turn{
    {"webhooks.begin_turn",
     "update webhook_queues q set "
     "leased_until = case when " POS_TURN_IS_FREE " then now() + make_interval(secs => $3::int) end, "
     "claim = q.claim + case when " POS_TURN_IS_FREE " then 1 else 0 end, has_fast_turn = q.is_fast, "
     "waiting_since = case when q.is_fast = $4 and running.turns >= $5::bigint then coalesce(q.waiting_since, now()) "
     "  end, "
     "wake_at = case when " POS_TURN_IS_FREE " then null else now() end "
     "from webhook_endpoints p, (select count(*) as turns from webhook_queues where tenant_id = $1 "
     "  and endpoint_id <> $2 and leased_until > now() and has_fast_turn = $4) running "
     "where q.tenant_id = $1 and q.endpoint_id = $2 and (q.leased_until is null or q.leased_until < now()) "
     "and p.tenant_id = $1 and p.id = $2 and p.enabled and p.deleted_at is null "
     "returning q.claim, q.leased_until is not null as has_begun, q.is_fast, "
     "  q.failing_since is not null as is_failing, q.waiting_since is not null as waits",
     Kind::write}};
#undef POS_TURN_IS_FREE
// Who has waited for the longest among the fast ones, or the others: its job is on its way.
inline constexpr db::Query<WebhookEndpointId(bool)> wake_next{
    {"webhooks.wake_next",
     "update webhook_queues q set waiting_since = null, wake_at = now() from ("
     "  select w.endpoint_id from webhook_queues w join webhook_endpoints p "
     "    on p.tenant_id = $1 and p.id = w.endpoint_id and p.enabled and p.deleted_at is null "
     "  where w.tenant_id = $1 and w.waiting_since is not null and w.is_fast = $2 "
     "  order by w.waiting_since limit 1) next "
     "where q.tenant_id = $1 and q.endpoint_id = next.endpoint_id returning q.endpoint_id",
     Kind::write}};

struct Taken {
    WebhookDeliveryId id;
    WebhookEventId event_id;
    std::int32_t attempts = 0;
    std::int32_t sent = 0;
    schema::Bytes body;
    std::string url;
    bool ordered = false;

    friend constexpr auto describe(Taken*) {
        using schema::field;
        return schema::object<Taken>("TakenDelivery", field<&Taken::id>("id"), field<&Taken::event_id>("eventId"),
                                     field<&Taken::attempts>("attempts"), field<&Taken::sent>("sent"),
                                     field<&Taken::body>("body"), field<&Taken::url>("url"),
                                     field<&Taken::ordered>("ordered"));
    }
};
// At most 64. The attempt counts before it leaves, and the next one is set: whoever dies in between has made one. Nothing, if the
// lease is another's or has fewer seconds left than a request may take, or if the endpoint is disabled by now.
inline constexpr db::Query<Taken(WebhookEndpointId, std::int64_t, std::int32_t, std::int32_t)> take{
    {"webhooks.take",
     "update webhook_deliveries d set attempts = d.attempts + 1, sent = d.sent + 1, "
     "next_attempt_at = now() + interval '1 minute' "
     "from (select id from (select id, next_attempt_at from webhook_deliveries where tenant_id = $1 "
     "    and endpoint_id = $2 and state = 'pending' and next_attempt_at is not null and next_attempt_at <= now() "
     "    order by next_attempt_at limit 64) first order by next_attempt_at limit $4::int) due, "
     "webhook_queues q, webhook_endpoints p, webhook_events e where d.tenant_id = $1 and d.id = due.id "
     "and q.tenant_id = $1 and q.endpoint_id = $2 and q.claim = $3 "
     "and q.leased_until > now() + make_interval(secs => $5::int) "
     "and p.tenant_id = $1 and p.id = $2 and p.enabled and p.deleted_at is null "
     "and e.tenant_id = $1 and e.id = d.event_id "
     "returning d.id, d.event_id, d.attempts, d.sent, case when d.is_thin then e.thin_body else e.body end as body, "
     "  p.url, p.ordered",
     Kind::write}};

struct Settled {
    bool is_fast = false;
    bool is_failing = false;
    bool is_out_of_patience = false;

    friend constexpr auto describe(Settled*) {
        using schema::field;
        return schema::object<Settled>("SettledDeliveries", field<&Settled::is_fast>("isFast"),
                                       field<&Settled::is_failing>("isFailing"),
                                       field<&Settled::is_out_of_patience>("isOutOfPatience"));
    }
};
// Of each delivery: its id, which sending it was, its state then, seconds until the next attempt, 1 where the attempt is given
// back, the outcome, the status or 0. Then whether any has succeeded, whether any has failed, the seconds of patience, and whether any took long.
inline constexpr db::Query<Settled(WebhookEndpointId, std::vector<WebhookDeliveryId>, std::vector<std::int32_t>,
                                   std::vector<std::string>, std::vector<std::int32_t>, std::vector<std::int32_t>,
                                   std::vector<std::string>, std::vector<std::int32_t>, bool, bool, std::int32_t, bool)>
    settle{{"webhooks.settle",
            "with told as (select * from unnest($3::uuid[], $4::int[], $5::text[], $6::int[], $7::int[], $8::text[], "
            "  $9::int[]) as t (id, sent, state, wait, back, outcome, status)), "
            "settled as ("
            "  update webhook_deliveries d set state = t.state, attempts = d.attempts - t.back, "
            "    next_attempt_at = case when t.state = 'pending' then now() + make_interval(secs => t.wait) end, "
            "    last_outcome = t.outcome, last_status = nullif(t.status, 0), "
            "    settled_at = case when t.state <> 'pending' then now() end "
            "  from told t where d.tenant_id = $1 and d.endpoint_id = $2 and d.id = t.id and d.state = 'pending' "
            "  and d.sent = t.sent returning d.state) "
            "update webhook_queues q set "
            "  pending = greatest(q.pending - (select count(*) from settled where state <> 'pending'), 0), "
            "  failing_since = case when $10 then null when $11 then coalesce(q.failing_since, now()) "
            "    else q.failing_since end, "
            "  is_fast = case when $13 then false when $10 then true when $11 then false else q.is_fast end "
            "where q.tenant_id = $1 and q.endpoint_id = $2 "
            "returning q.is_fast, q.failing_since is not null as is_failing, "
            "  coalesce(q.failing_since <= now() - make_interval(secs => $12::int), false) as is_out_of_patience",
            Kind::write}};
// The next one of each subject whose delivery is settled.
inline constexpr db::Query<void(WebhookEndpointId, std::vector<WebhookDeliveryId>)> let_next_go{
    {"webhooks.let_next_go",
     "update webhook_deliveries d set next_attempt_at = now() from ("
     "  select distinct subject from webhook_deliveries where tenant_id = $1 and id = any($3) "
     "  and state <> 'pending') settled "
     "cross join lateral (select w.id, w.next_attempt_at from webhook_deliveries w where w.tenant_id = $1 "
     "  and w.endpoint_id = $2 and w.subject = settled.subject and w.state = 'pending' "
     "  order by w.position limit 1) head "
     "where d.tenant_id = $1 and d.id = head.id and head.next_attempt_at is null",
     Kind::write}};
// … of all subjects.
inline constexpr db::Query<void(WebhookEndpointId)> let_heads_go{
    {"webhooks.let_heads_go",
     "update webhook_deliveries d set next_attempt_at = now() from ("
     "  select distinct on (w.subject) w.id, w.next_attempt_at from webhook_deliveries w "
     "  where w.tenant_id = $1 and w.endpoint_id = $2 and w.state = 'pending' order by w.subject, w.position) head "
     "where d.tenant_id = $1 and d.id = head.id and head.next_attempt_at is null",
     Kind::write}};
inline constexpr auto add_attempts = db::insert_all<tables::webhook_attempts>("webhooks.add_attempts");

struct EndedTurn {
    std::optional<std::int64_t> wake_in_ms;
    bool is_fast = false;
    bool is_awaited = false;

    friend constexpr auto describe(EndedTurn*) {
        return schema::object<EndedTurn>("EndedTurn", schema::field<&EndedTurn::wake_in_ms>("wakeInMs"),
                                         schema::field<&EndedTurn::is_fast>("isFast"),
                                         schema::field<&EndedTurn::is_awaited>("isAwaited"));
    }
};
// Behind one_turn_at_a_time and lock_queue. The next job comes when something is due, and not before so many seconds.
inline constexpr db::Query<EndedTurn(WebhookEndpointId, std::int64_t, std::int32_t)> end_turn{
    {"webhooks.end_turn",
     "with due as (select min(next_attempt_at) as at from webhook_deliveries where tenant_id = $1 "
     "  and endpoint_id = $2 and state = 'pending' and next_attempt_at is not null) "
     "update webhook_queues q set leased_until = null, next_due_at = due.at, "
     "  wake_at = case when due.at is not null then greatest(due.at, now() + make_interval(secs => $4::int)) end "
     "from due where q.tenant_id = $1 and q.endpoint_id = $2 and q.claim = $3 "
     "returning ceil(extract(epoch from q.wake_at - now()) * 1000)::bigint as wake_in_ms, q.is_fast, "
     "  exists (select from webhook_queues w where w.tenant_id = $1 and w.waiting_since is not null "
     "    and w.is_fast = q.has_fast_turn) as is_awaited",
     Kind::write}};

// ---- What nobody does --------------------------------------------------------------------------------------------------

struct LateQueue {
    base::Uuid tenant_id;
    WebhookEndpointId endpoint_id;
    bool is_fast = false;

    friend constexpr auto describe(LateQueue*) {
        return schema::object<LateQueue>("LateQueue", schema::field<&LateQueue::tenant_id>("tenantId"),
                                         schema::field<&LateQueue::endpoint_id>("endpointId"),
                                         schema::field<&LateQueue::is_fast>("isFast"));
    }
};
// Its job should have come a while ago: Redis has lost it, or whoever had it died.
inline constexpr db::SystemQuery<LateQueue(std::int32_t)> take_late_queues{
    {"webhooks.take_late_queues",
     "update webhook_queues q set wake_at = now() from ("
     "  select l.tenant_id, l.endpoint_id from webhook_queues l join webhook_endpoints p "
     "    on p.tenant_id = l.tenant_id and p.id = l.endpoint_id and p.enabled and p.deleted_at is null "
     "  where l.next_due_at < now() - interval '10 seconds' and (l.leased_until is null or l.leased_until < now()) "
     "  and (l.wake_at is null or l.wake_at < now() - interval '40 seconds') "
     "  order by l.next_due_at limit $1::int for no key update of l skip locked) late "
     "where q.tenant_id = late.tenant_id and q.endpoint_id = late.endpoint_id "
     "returning q.tenant_id, q.endpoint_id, q.is_fast",
     Kind::write}};
inline constexpr db::SystemQuery<base::Uuid(std::int32_t)> late_events{
    {"webhooks.late_events",
     "select distinct tenant_id from webhook_events where fanned_out_at is null "
     "and recorded_at < now() - interval '15 seconds' limit $1::int",
     Kind::read}};
// For longer than any plan takes: its endpoint is disabled, or gone.
inline constexpr db::SystemQuery<void(std::int32_t)> give_up_old{
    {"webhooks.give_up_old",
     "with old as ("
     "  update webhook_deliveries d set state = 'exhausted', next_attempt_at = null, settled_at = now() from ("
     "    select tenant_id, id from webhook_deliveries where state = 'pending' "
     "    and created_at < now() - interval '30 days' order by created_at limit $1::int for update skip locked) o "
     "  where d.tenant_id = o.tenant_id and d.id = o.id returning d.tenant_id, d.endpoint_id), "
     "counted as (select tenant_id, endpoint_id, count(*) as ended from old group by tenant_id, endpoint_id) "
     "update webhook_queues q set pending = greatest(q.pending - c.ended, 0) from counted c "
     "where q.tenant_id = c.tenant_id and q.endpoint_id = c.endpoint_id",
     Kind::write}};

// ---- Deliveries, as people look at them --------------------------------------------------------------------------------

// From the first time on, and before the second.
#define POS_DELIVERIES_SQL                                                                                      \
    "select id, endpoint_id, event_id, event_type, subject, position, state, attempts, sent, next_attempt_at, " \
    "last_outcome, last_status, created_at, settled_at, is_thin from webhook_deliveries where tenant_id = $1 "  \
    "and endpoint_id = $2 and created_at >= $3 and created_at < $4 and ($5::text is null or event_type = $5) "
#define POS_NEWEST_FIRST "order by created_at desc, id desc "
using DeliveryKey = std::tuple<base::Timestamp, WebhookDeliveryId>;
inline constexpr auto newest_first =
    &db::detail::key_of_row<WebhookDelivery, &WebhookDelivery::created_at, &WebhookDelivery::id>;
inline constexpr db::PageQuery<WebhookDelivery, DeliveryKey, WebhookEndpointId, base::Timestamp, base::Timestamp,
                               std::optional<std::string>>
    delivery_page{
        {{"webhooks.delivery_page", POS_DELIVERIES_SQL POS_NEWEST_FIRST "limit $6::int", Kind::read}},
        {{"webhooks.delivery_page_after",
          POS_DELIVERIES_SQL "and (created_at, id) < ($6, $7) " POS_NEWEST_FIRST "limit $8::int", Kind::read}},
        newest_first};
inline constexpr db::PageQuery<WebhookDelivery, DeliveryKey, WebhookEndpointId, base::Timestamp, base::Timestamp,
                               std::optional<std::string>, WebhookDeliveryState>
    delivery_page_of_state{
        {{"webhooks.delivery_page_of_state", POS_DELIVERIES_SQL "and state = $6 " POS_NEWEST_FIRST "limit $7::int",
          Kind::read}},
        {{"webhooks.delivery_page_of_state_after",
          POS_DELIVERIES_SQL "and state = $6 and (created_at, id) < ($7, $8) " POS_NEWEST_FIRST "limit $9::int",
          Kind::read}},
        newest_first};
#undef POS_DELIVERIES_SQL
#undef POS_NEWEST_FIRST

inline constexpr auto delivery_by_id = db::find<tables::webhook_deliveries>("webhooks.delivery_by_id");
inline constexpr db::Query<WebhookAttempt(WebhookDeliveryId)> attempts_of{
    {"webhooks.attempts_of",
     "select id, delivery_id, number, started_at, duration_ms, outcome, status, reply from webhook_attempts "
     "where tenant_id = $1 and delivery_id = $2 order by number, started_at limit 100",
     Kind::point}};
inline constexpr db::Query<std::string(WebhookEventId, bool)> body_of{
    {"webhooks.body_of",
     "select convert_from(case when $3 then thin_body else body end, 'UTF8') as body from webhook_events "
     "where tenant_id = $1 and id = $2",
     Kind::point}};

// Again from the start of the plan, under the same event id. 1: it was settled; 0: it was pending, and is due now.
inline constexpr db::Query<std::int64_t(WebhookEndpointId, WebhookDeliveryId)> send_again{
    {"webhooks.send_again",
     "with before as (select id, state from webhook_deliveries where tenant_id = $1 and endpoint_id = $2 and id = $3 "
     "  for update), "
     "changed as ("
     "  update webhook_deliveries d set state = 'pending', attempts = 0, next_attempt_at = now(), settled_at = null "
     "  from before b where d.tenant_id = $1 and d.id = b.id and b.state <> 'pending' returning d.id), "
     "hastened as ("
     "  update webhook_deliveries d set next_attempt_at = now() from before b "
     "  where d.tenant_id = $1 and d.id = b.id and b.state = 'pending' returning d.id) "
     "select count(*) as added from changed",
     Kind::write}};
// What was given up since, then what was missed, but for what is older than the endpoint; as many as there is room for, and at most 10,000.
inline constexpr db::Query<std::int64_t(WebhookEndpointId, base::Timestamp, std::int64_t)> revive_since{
    {"webhooks.revive_since",
     "with room as (select least(greatest($4::bigint - pending, 0), 10000) as free from webhook_queues "
     "  where tenant_id = $1 and endpoint_id = $2), "
     "old as (select id from webhook_deliveries where tenant_id = $1 and endpoint_id = $2 and state = 'exhausted' "
     "  and created_at >= $3 order by created_at, id limit (select free from room) for update), "
     "revived as ("
     "  update webhook_deliveries d set state = 'pending', attempts = 0, settled_at = null, "
     "    next_attempt_at = case when p.ordered then null else now() end "
     "  from old, webhook_endpoints p where d.tenant_id = $1 and d.id = old.id and p.tenant_id = $1 and p.id = $2 "
     "  returning d.id) "
     "select count(*) as revived from revived",
     Kind::write}};
struct AddedMissed {
    std::int64_t added = 0;
    bool is_all = false;

    friend constexpr auto describe(AddedMissed*) {
        return schema::object<AddedMissed>("AddedMissed", schema::field<&AddedMissed::added>("added"),
                                           schema::field<&AddedMissed::is_all>("isAll"));
    }
};
inline constexpr db::Query<AddedMissed(WebhookEndpointId, base::Timestamp, std::int64_t)> add_missed_since{
    {"webhooks.add_missed_since",
     "with room as (select least(greatest($4::bigint - pending, 0), 10000) as free from webhook_queues "
     "  where tenant_id = $1 and endpoint_id = $2), "
     // One more than there is room for says whether any is left.
     "found as (select e.id, e.type, e.subject, e.position, p.ordered, p.payload = 'thin' as is_thin, e.recorded_at "
     "  from webhook_events e join webhook_endpoints p on p.tenant_id = $1 and p.id = $2 "
     "  where e.tenant_id = $1 and e.recorded_at >= greatest($3, p.created_at) and e.fanned_out_at is not null "
     "  and e.type <> 'webhook.ping' and " POS_WEBHOOK_MATCHES(
         "p",
         "e") " "
              "  and not exists (select from webhook_deliveries d where d.tenant_id = $1 and d.event_id = e.id "
              "    and d.endpoint_id = $2) "
              "  order by e.recorded_at, e.id limit (select free + 1 from room)), "
              "missed as (select * from found order by recorded_at, id limit (select free from room)), "
              "added as ("
              "  insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, subject, position, "
              "state, "
              "    attempts, sent, is_thin, next_attempt_at, created_at) "
              "  select $1::uuid, gen_random_uuid(), $2::uuid, m.id, m.type, m.subject, m.position, 'pending', 0, 0, "
              "    m.is_thin, case when m.ordered then null else now() end, now() from missed m "
              "  on conflict (tenant_id, event_id, endpoint_id) do nothing returning id) "
              "select (select count(*) from added) as added, "
              "  (select count(*) from found) <= (select free from room) as is_all",
     Kind::write}};
// So many were added. Those that are left are missed as before; none is, where all since then were found.
inline constexpr db::Query<std::int64_t(WebhookEndpointId, base::Timestamp, std::int64_t, bool)> forget_missed{
    {"webhooks.forget_missed",
     "with left_over as (select case when $5 and (missed_since is null or missed_since >= $3) then 0 "
     "    else greatest(missed - $4::bigint, least(missed, 1)) end as missed "
     "  from webhook_queues where tenant_id = $1 and endpoint_id = $2) "
     "update webhook_queues q set missed = l.missed, "
     "  missed_since = case when l.missed > 0 then q.missed_since end "
     "from left_over l where q.tenant_id = $1 and q.endpoint_id = $2 returning q.missed",
     Kind::write}};

[[nodiscard]] inline std::vector<db::StatementView> statements() {
    return db::statements(
        endpoint_rows, endpoint_list, delivery_page, delivery_page_of_state, one_new_endpoint_at_a_time,
        refuse_too_many, refuse_unknown_locations, add_secret, add_queue, queue_of, end_secrets, live_secrets, forgive,
        doubt, let_all_go, forget_queue, disable, owners, tell, add_own_event, add_own_delivery, count_pending,
        refuse_full, lock_queues, lock_queue, fan_out, one_turn_at_a_time, begin_turn, wake_next, take, settle,
        let_next_go, let_heads_go, add_attempts, end_turn, take_late_queues, late_events, give_up_old, delivery_by_id,
        attempts_of, body_of, send_again, revive_since, add_missed_since, forget_missed);
}

}  // namespace pos::hooks
