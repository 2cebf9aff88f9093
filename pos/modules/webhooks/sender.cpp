#include "pos/modules/webhooks/sender.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/sync.h"
#include "pos/modules/webhooks/jobs.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/feed.h"
#include "webhooks/plan.h"

namespace pos {

namespace {

using ::webhooks::Outcome;

// Of the lease, when a request leaves: the request's time, and what writing it down may take.
constexpr std::chrono::seconds spare{10};
// Where no key opens the endpoint's secret, until somebody gives it back.
constexpr std::int32_t without_keys_seconds = 300;

// What becomes of deliveries, in the columns of hooks::settle.
struct Settlement {
    std::vector<WebhookDeliveryId> ids;
    std::vector<std::int32_t> sent;
    std::vector<std::string> states;
    std::vector<std::int32_t> waits;
    std::vector<std::int32_t> given_back;
    std::vector<std::string> outcomes;
    std::vector<std::int32_t> statuses;
    bool has_succeeded = false;
    bool has_failed = false;
    bool took_long = false;

    void add(const hooks::Taken& delivery, WebhookDeliveryState state, std::chrono::seconds wait, bool gives_back,
             const ::webhooks::Attempt& attempt) {
        ids.push_back(delivery.id);
        sent.push_back(delivery.sent);
        states.emplace_back(schema::name_of(state));
        waits.push_back(static_cast<std::int32_t>(wait.count()));
        given_back.push_back(gives_back ? 1 : 0);
        outcomes.emplace_back(schema::name_of(attempt.outcome));
        statuses.push_back(attempt.status.value_or(0));
        has_succeeded |= attempt.outcome == Outcome::succeeded;
        has_failed |= attempt.outcome != Outcome::succeeded && ::webhooks::counts(attempt.outcome);
        took_long |= ::webhooks::counts(attempt.outcome) && attempt.duration > WebhookSender::long_request;
    }
};

void add(Settlement& settlement, const hooks::Taken& delivery, const ::webhooks::Attempt& attempt,
         base::RandomSource& random) {
    constexpr std::chrono::seconds soon{5};
    if (attempt.outcome == Outcome::succeeded) {
        settlement.add(delivery, WebhookDeliveryState::succeeded, {}, false, attempt);
    } else if (!::webhooks::counts(attempt.outcome)) {
        settlement.add(delivery, WebhookDeliveryState::pending, soon, true, attempt);
    } else if (const auto wait = ::webhooks::wait_after(delivery.attempts, attempt.retry_after, random)) {
        settlement.add(delivery, WebhookDeliveryState::pending, *wait, false, attempt);
    } else {
        settlement.add(delivery, WebhookDeliveryState::exhausted, {}, false, attempt);
    }
}

void add_mails(db::Batch& batch, const Notifier& notifier, const std::vector<hooks::Owner>& owners,
               WebhookEndpointId id, const std::string& url, WebhookDisabledReason reason, base::Timestamp now) {
    for (const auto& owner : owners) {
        const WebhookDisabledMail mail{
            .shop = owner.shop, .url = url, .has_gone = reason == WebhookDisabledReason::gone};
        notifier.add(batch, mail,
                     {.key = fmt::format("webhook_disabled:{}:{}:{}", id.to_string(), now.time_since_epoch().count(),
                                         owner.id.to_string()),
                      .recipient = owner.email,
                      .locale = owner.locale,
                      .user = owner.id});
    }
}

}  // namespace

WebhookSender::WebhookSender(Parts parts, const app::LoopParts& loop)
    : parts_(parts),
      logger_(loop.logger),
      attempts_(loop.metrics.counter_family("webhook_attempts_total", "Requests of webhooks, by how they ended.",
                                            {"outcome"})),
      target_(::webhooks::make_target({.timeout = most_sending()})),
      resolver_(std::make_unique<async::Resolver>(loop.loop)) {
    target_.rules.allow_loopback |= parts.allows_loopback;
    target_.headers.emplace_back("User-Agent", "backend-api webhooks");
}

async::Task<void> WebhookSender::require_url(std::string url, async::SteadyTime deadline) const {
    const client::UrlGuard guard(*resolver_, target_.rules);
    const auto checked = co_await guard.check(std::move(url), deadline);
    if (checked) co_return;
    const auto& refusal = checked.error();
    // A name server that does not answer is no reason: the address is judged at each attempt.
    if (refusal.code.retriable) co_return;
    throw base::Failure(refusal.code, {{"body", "/url", std::string(refusal.code.code), refusal.detail, {}}})
        .cause(refusal.cause);
}

async::Task<bool> WebhookSender::open_keys(db::Db db, Run* run) const {
    run->keys.clear();
    const auto now = async::Loop::now();
    for (const auto& secret : co_await db.all(hooks::live_secrets, run->id)) {
        auto key = parts_.keys.open(db.tenant(), secret.id, secret.sealed);
        if (!key) continue;
        Key live{*std::move(key), std::nullopt};
        if (secret.left_ms) live.until = now + std::chrono::milliseconds(*secret.left_ms);
        run->keys.push_back(std::move(live));
    }
    co_return !run->keys.empty();
}

async::Task<WebhookSender::Sent> WebhookSender::send_one(const Run* run, hooks::Taken delivery,
                                                         async::SteadyTime deadline,
                                                         const observe::SpanContext* span) const {
    Sent sent{.delivery = std::move(delivery), .started_at = parts_.runtime.now(), .attempt = {}};
    if (sent.delivery.attempts > ::webhooks::most_attempts) {
        // Whoever made the last one died before it was written down.
        sent.was_sent = false;
        sent.attempt.outcome = Outcome::timed_out;
        co_return sent;
    }
    ::webhooks::Outgoing outgoing{.url = std::move(sent.delivery.url),
                                  .id = sent.delivery.event_id.to_string(),
                                  .timestamp = sent.started_at,
                                  .body = std::move(sent.delivery.body.value),
                                  .keys = {},
                                  .deadline = deadline,
                                  .span = span};
    for (const auto& one : run->keys) {
        if (!one.until || async::Loop::now() < *one.until) outgoing.keys.push_back(one.key);
    }
    if (outgoing.keys.empty()) {
        sent.attempt.outcome = Outcome::cancelled;
        co_return sent;
    }
    sent.attempt = co_await ::webhooks::send(&parts_.http, &target_, std::move(outgoing));
    co_return sent;
}

async::Task<std::vector<WebhookSender::Sent>> WebhookSender::send_all(const Run* run,
                                                                      std::vector<hooks::Taken> deliveries,
                                                                      async::SteadyTime deadline,
                                                                      const observe::SpanContext* span) const {
    std::vector<async::Task<Sent>> tasks;
    tasks.reserve(deliveries.size());
    for (auto& delivery : deliveries) tasks.push_back(send_one(run, std::move(delivery), deadline, span));
    co_return co_await async::when_all(std::move(tasks));
}

async::Task<void> WebhookSender::settle(db::Db db, Run* run, std::vector<Sent> sent) const {
    Settlement settlement;
    std::vector<WebhookAttempt> attempts;
    bool is_gone = false;
    for (auto& [delivery, started_at, attempt, was_sent] : sent) {
        add(settlement, delivery, attempt, parts_.random);
        is_gone |= attempt.outcome == Outcome::gone;
        if (!was_sent) continue;
        attempts_.with({schema::name_of(attempt.outcome)}).increment();
        attempts.push_back({.id = parts_.runtime.new_id<WebhookAttemptId>(),
                            .delivery_id = delivery.id,
                            .number = delivery.sent,
                            .started_at = started_at,
                            .duration_ms = static_cast<std::int32_t>(attempt.duration.count()),
                            .outcome = attempt.outcome,
                            .status = attempt.status,
                            .reply = std::move(attempt.reply)});
    }
    constexpr auto patience = static_cast<std::int32_t>(std::chrono::seconds(::webhooks::patience).count());
    auto batch = db.batch();
    batch.add(hooks::lock_queue, run->id);
    const auto slot = batch.add(hooks::settle, run->id, settlement.ids, settlement.sent, settlement.states,
                                settlement.waits, settlement.given_back, settlement.outcomes, settlement.statuses,
                                settlement.has_succeeded, settlement.has_failed, patience, settlement.took_long);
    if (run->is_ordered) batch.add(hooks::let_next_go, run->id, settlement.ids);
    if (!attempts.empty()) batch.add(hooks::add_attempts, attempts);
    const auto results = co_await batch.commit();
    const auto settled = results.one(slot);
    if (!settled) co_return;
    run->turn.is_failing = settled->is_failing;
    run->turn.is_fast = settled->is_fast;
    if (is_gone) {
        run->disabled_for = WebhookDisabledReason::gone;
    } else if (settled->is_out_of_patience) {
        run->disabled_for = WebhookDisabledReason::failing;
    }
}

async::Task<void> WebhookSender::take_turn(db::Db db, Run* run,
                                           std::shared_ptr<const jobs::Cancellation> cancellation) const {
    const auto needed = static_cast<std::int32_t>((most_sending() + spare).count());
    const auto until = async::Loop::now() + turn_time;
    while (async::Loop::now() < until && !cancellation->requested()) {
        // Each time: who has a new secret signs with it from then on.
        if (!co_await open_keys(db, run)) {
            logger_.error("no key opens the secrets of an endpoint",
                          {{"tenant", db.tenant().to_string()}, {"endpoint", run->id.to_string()}});
            run->rest_seconds = without_keys_seconds;
            co_return;
        }
        // Before the statement, from whose time the lease counts.
        const auto deadline = async::Loop::now() + most_sending();
        const auto most = run->turn.is_failing ? 1 : parts_.settings.concurrency;
        auto deliveries = co_await db.all(hooks::take, run->id, run->turn.claim, most, needed);
        if (deliveries.empty()) co_return;
        run->is_ordered = deliveries.front().ordered;
        run->url = deliveries.front().url;
        auto sent = co_await send_all(run, std::move(deliveries), deadline, db.span());
        co_await settle(db, run, std::move(sent));
        // One that has proved itself goes on among the fast ones.
        if (run->disabled_for || !run->had_fast_turn || !run->turn.is_fast) co_return;
    }
}

// The former state of an endpoint, its reason, and who is told: one transaction. False: it is disabled already, or is at another URL.
async::Task<bool> WebhookSender::disable(db::Db db, const Run* run) const {
    const auto system = db::system_db(parts_.databases, db.deadline(), db.span()).as_tenant(db.tenant());
    const auto owners = co_await system.all(hooks::owners);
    const auto url = co_await db.one(hooks::disable, run->id, *run->disabled_for, run->url);
    if (!url) co_return false;
    auto batch = db.batch();
    add_mails(batch, parts_.notifier, owners, run->id, *url, *run->disabled_for, parts_.runtime.now());
    audit(batch, parts_.runtime,
          {.action = "webhook.disable",
           .subject = run->id.uuid(),
           .detail = fmt::format(R"({{"reason":"{}"}})", schema::name_of(*run->disabled_for))});
    record_changes(batch, {change_of(hooks::endpoint_rows, run->id)}, std::nullopt);
    co_await batch.commit();
    logger_.warn("an endpoint of webhooks was disabled", {{"tenant", db.tenant().to_string()},
                                                          {"endpoint", run->id.to_string()},
                                                          {"reason", schema::name_of(*run->disabled_for)}});
    co_return true;
}

async::Task<void> WebhookSender::wake_next(db::Db db, bool is_fast) const {
    auto batch = db.batch();
    batch.add(hooks::one_turn_at_a_time);
    const auto slot = batch.add(hooks::wake_next, is_fast);
    const auto results = co_await batch.commit();
    const auto next = results.one(slot);
    if (!next) co_return;
    auto wake = db.batch();
    parts_.runtime.outbox().add(wake, serve_job_of(is_fast), {*next});
    co_await wake.commit();
}

async::Task<void> WebhookSender::end_turn(db::Db db, const Run* run) const {
    auto batch = db.batch();
    batch.add(hooks::one_turn_at_a_time);
    batch.add(hooks::lock_queue, run->id);
    const auto slot = batch.add(hooks::end_turn, run->id, run->turn.claim, run->rest_seconds);
    const auto results = co_await batch.commit();
    const auto ended = results.one(slot);
    if (!ended) co_return;
    if (ended->wake_in_ms && !run->disabled_for) {
        auto wake = db.batch();
        jobs::JobOptions options;
        options.delay = jobs::milliseconds(std::max<std::int64_t>(*ended->wake_in_ms, 0));
        parts_.runtime.outbox().add(wake, serve_job_of(ended->is_fast), {run->id}, options);
        co_await wake.commit();
    }
    if (ended->is_awaited) co_await wake_next(db, run->had_fast_turn);
}

async::Task<std::optional<hooks::Turn>> WebhookSender::begin_turn(db::Db db, WebhookEndpointId id, bool is_fast) const {
    constexpr auto seconds = static_cast<std::int32_t>(lease.count());
    auto batch = db.batch();
    batch.add(hooks::one_turn_at_a_time);
    const auto slot = batch.add(hooks::begin_turn, id, seconds, is_fast, most_turns_here());
    const auto results = co_await batch.commit();
    co_return results.one(slot);
}

async::Task<void> WebhookSender::serve(db::Db db, WebhookEndpointId id, bool is_fast,
                                       std::shared_ptr<const jobs::Cancellation> cancellation) {
    const auto turn = co_await begin_turn(db, id, is_fast);
    if (!turn) {
        // Another worker has it, and looks once more at its end; or it is disabled. It may have been woken for the turn that is
        // free.
        co_await wake_next(db, is_fast);
        co_return;
    }
    if (!turn->has_begun) {
        // Who gives a turn back wakes those that wait.
        if (turn->waits) co_return;
        auto batch = db.batch();
        parts_.runtime.outbox().add(batch, serve_job_of(turn->is_fast), {id});
        co_await batch.commit();
        co_await wake_next(db, is_fast);
        co_return;
    }
    Run run{.id = id, .turn = *turn, .had_fast_turn = is_fast};
    std::exception_ptr failure;
    try {
        co_await take_turn(db, &run, std::move(cancellation));
    } catch (...) {
        failure = std::current_exception();
    }
    bool is_disabled = false;
    if (!failure && run.disabled_for)
        is_disabled = co_await db.transaction([this, &run](db::Db tx) { return disable(tx, &run); });
    // What waits goes to the new URL.
    if (!is_disabled) run.disabled_for.reset();
    // The lease ends by itself when even this fails, and the sweep finds what is due.
    co_await end_turn(db, &run);
    if (failure) std::rethrow_exception(failure);
}

std::unique_ptr<WebhookSender> make_webhook_sender(const WebhookSettings& settings, const client::Settings& outgoing,
                                                   const WebhookKeys& keys, const Notifier& notifier, Runtime& runtime,
                                                   client::Client& http, base::SecureRandom& random,
                                                   const app::LoopParts& parts) {
    return std::make_unique<WebhookSender>(
        WebhookSender::Parts{
            .settings = settings,
            .keys = keys,
            .notifier = notifier,
            .runtime = runtime,
            .http = http,
            .databases = parts.databases,
            .random = random,
            .workers = parts.settings.job_concurrency,
            .allows_loopback = outgoing.allow_loopback || parts.settings.environment == app::Environment::development},
        parts);
}

}  // namespace pos
