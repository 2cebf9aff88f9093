#include "pos/modules/payments/provider_events.h"

#include <algorithm>

#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/reconcile.h"
#include "pos/modules/payments/reference.h"

namespace pos {

namespace {

using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;

// ---- Rows --------------------------------------------------------------------------------------------------------

constexpr auto event_by_id = db::find<tables::provider_events>("provider_events.by_id");
constexpr auto lock_event = db::find_for_update<tables::provider_events>("provider_events.lock");
constexpr db::Query<void(ProviderEventId, std::string, std::optional<IntentId>, base::Timestamp)> finish{
    {"provider_events.finish",
     "update provider_events set outcome = $3, intent_id = coalesce($4, intent_id), processed_at = $5, due_at = null "
     "where tenant_id = $1 and id = $2",
     db::Kind::write}};
constexpr db::Query<void(ProviderEventId, std::string, base::Timestamp)> put_off{
    {"provider_events.put_off",
     "update provider_events set outcome = $3, due_at = $4 where tenant_id = $1 and id = $2 and processed_at is null",
     db::Kind::write}};
constexpr db::Query<ProviderEventId(PaymentAccountId, std::string)> waiting_for{
    {"provider_events.waiting_for",
     "select id from provider_events where tenant_id = $1 and account_id = $2 and attempt_ref = $3 "
     "and processed_at is null order by received_at limit 100"}};

struct StoredHeader {
    std::string name;
    std::string value;

    friend constexpr auto describe(StoredHeader*) {
        return schema::object<StoredHeader>("StoredHeader", schema::field<&StoredHeader::name>("name"),
                                            schema::field<&StoredHeader::value>("value"));
    }
};
struct StoredHeaders {
    std::vector<StoredHeader> fields;

    friend constexpr auto describe(StoredHeaders*) {
        return schema::object<StoredHeaders>("StoredHeaders", schema::field<&StoredHeaders::fields>("fields"));
    }
};

// ---- Claims ------------------------------------------------------------------------------------------------------

constexpr std::chrono::hours question_stands{1};  // until M-Pesa has said, when asked, what a callback has said

bool ends_it(Finding finding) {
    return finding == Finding::paid || finding == Finding::declined || finding == Finding::cancelled ||
           finding == Finding::timed_out || finding == Finding::refused || finding == Finding::refunded;
}

// An attempt of this account, and of no other.
async::Task<std::optional<PaymentIntent>> intent_of(db::Db tx, const ClaimFrom* from) {
    std::optional<PaymentIntent> intent;
    const auto& claim = from->claim;
    if (claim.attempt) {
        intent = co_await tx.one(intents::by_id, IntentId(*claim.attempt));
    } else if (!claim.evidence.provider_id.empty()) {
        const auto id = co_await tx.one(intents::by_provider_id, from->account.id, claim.evidence.provider_id);
        if (id) intent = co_await tx.one(intents::by_id, *id);
    }
    if (intent && intent->account_id != from->account.id) intent.reset();
    co_return intent;
}

// Money that a callback without a signature tells of, more than it is believed for.
bool is_above_belief(const PaymentIntents& intents, const ClaimFrom& from) {
    const auto& most = intents.settings().payment_confirm_above;
    const auto& evidence = from.claim.evidence;
    const bool is_told = evidence.source == Source::callback || evidence.source == Source::confirmation;
    if (from.is_signed || !most || !is_told || evidence.finding != Finding::paid) return false;
    const auto amount = evidence.amount       ? evidence.amount
                        : from.claim.received ? std::optional(from.claim.received->amount)
                                              : std::nullopt;
    return amount && amount->minor > *most;
}

// Whether the provider has to be asked before this is believed: of a stranger everything, and of the provider's own unsigned word a
// payment above the limit.
bool must_ask(const PaymentIntents& intents, const ClaimFrom& from) {
    if (!ends_it(from.claim.evidence.finding)) return false;
    if (!from.trusted) return true;
    return is_above_belief(intents, from);
}

// What makes us ask, without a word of what was said.
Evidence hint_of(const Evidence& evidence) {
    return {.source = Source::callback,
            .finding = Finding::processing,
            .provider_id = evidence.provider_id,
            .second_id = evidence.second_id};
}

async::Task<ClaimTaken> ask_first(db::Db tx, PaymentIntents* intents, const ClaimFrom* from, PaymentIntent intent) {
    const auto id = intent.id;
    if (is_paid(intent.state)) {
        // The provider has said so by itself; a trusted callback still knows the receipt.
        if (from->trusted) co_await intents->apply(tx, id, from->claim.evidence);
        co_return ClaimTaken{.outcome = "confirmed", .intent = id};
    }
    const bool is_old = intents->runtime().now() - from->received_at > question_stands;
    if (!is_open(intent.state) && is_old) co_return ClaimTaken{.outcome = "not_confirmed", .intent = id};
    co_await intents->apply(tx, id, hint_of(from->claim.evidence));
    co_return ClaimTaken{.outcome = "waits_for_query", .waits = true, .intent = id};
}

// One question of an attempt waits at a time, however often something is told of it; one that was answered a moment ago is asked again
// when that moment is over.
constexpr std::chrono::seconds between_questions{3};

async::Task<void> ask_now(db::Db tx, PaymentIntents* intents, const PaymentIntent* intent) {
    auto& runtime = intents->runtime();
    const bool just_asked = intent->queries > 0 && runtime.now() - intent->updated_at < between_questions;
    auto batch = tx.batch();
    runtime.outbox().add(
        batch, resume_payment, ResumeIntent{intent->id},
        {.delay = just_asked ? jobs::milliseconds(between_questions) : jobs::milliseconds(0),
         .deduplication = jobs::Deduplication{.id = "ask " + intent->id.to_string(), .keep_last_if_active = true}});
    co_await batch.commit();
}

async::Task<ClaimTaken> take_for_intent(db::Db tx, PaymentIntents* intents, const ClaimFrom* from,
                                        PaymentIntent intent) {
    const auto& claim = from->claim;
    const auto id = intent.id;
    if (claim.asks_of_paid && is_paid(intent.state)) {
        // Whom the job cannot ask, the sweep does.
        co_await tx.run(intents::ask_again_at, id, intents->runtime().now() + std::chrono::minutes(1));
        co_await ask_now(tx, intents, &intent);
        co_return ClaimTaken{.outcome = "applied", .intent = id};
    }
    bool is_news = from->trusted;
    if (claim.dispute && from->trusted) {
        is_news = co_await intents->note_dispute(tx, id, *claim.dispute);
        const bool is_lost = claim.dispute->state == ::payments::Claim::DisputeNews::State::lost;
        if (is_news && is_lost && !claim.refund) co_await ask_refunds_later(tx, &intents->runtime().outbox(), id);
    }
    const bool too_early = claim.refund && is_news && !co_await intents->apply_refund(tx, id, *claim.refund);
    if (must_ask(*intents, *from)) co_return co_await ask_first(tx, intents, from, intent);
    const auto applied = co_await intents->apply(tx, id, claim.evidence);
    // Somebody waits at the counter: sooner than the sweep does it.
    if (applied && applied->decision.ask && (from->is_signed || claim.is_hint)) co_await ask_now(tx, intents, &intent);
    // Money that went back has come before: that is asked after, and this is read again.
    if (too_early) co_return ClaimTaken{.outcome = "waits_for_payment", .waits = true, .intent = id};
    co_return ClaimTaken{.outcome = claim.dispute ? "dispute" : "applied", .intent = id};
}

// ---- Events ------------------------------------------------------------------------------------------------------

struct Reading {
    ProviderEvent event;
    PaymentAccount account;
    std::vector<::payments::Claim> claims;
    PaymentIntents* intents = nullptr;
};

// The longer it has waited, the rarer it is looked at.
std::chrono::seconds next_look(std::chrono::microseconds age) {
    using namespace std::chrono_literals;
    return std::clamp(std::chrono::duration_cast<std::chrono::seconds>(age / 2), 60s, 86'400s);
}

async::Task<void> wait_on(db::Db tx, const Reading* reading, std::string_view outcome) {
    using namespace std::chrono_literals;
    auto& runtime = reading->intents->runtime();
    const auto now = runtime.now();
    const auto age = now - reading->event.received_at;
    auto batch = tx.batch();
    if (age > events_wait) {
        batch.add(finish, reading->event.id, outcome == "waits_for_query" ? "not_confirmed" : "orphan", std::nullopt,
                  now);
    } else {
        batch.add(put_off, reading->event.id, std::string(outcome), now + next_look(age));
        // Our own commit is milliseconds away.
        if (age < 60s) {
            const auto delay = std::clamp(std::chrono::duration_cast<jobs::milliseconds>(age), jobs::milliseconds(500),
                                          jobs::milliseconds(20'000));
            runtime.outbox().add(batch, read_provider_event, ReadProviderEvent{reading->event.id}, {.delay = delay});
        }
    }
    co_await batch.commit();
}

// Whether a claim of a delivery under an attempt's own URL is about it: it does not name another one of the provider's.
async::Task<bool> may_be_of(db::Db tx, IntentId id, const ::payments::Claim* claim) {
    const auto intent = co_await tx.one(intents::by_id, id);
    const auto& named = claim->evidence.provider_id;
    co_return intent && (named.empty() || !intent->provider_id || *intent->provider_id == named);
}

async::Task<void> settle(db::Db tx, const Reading* reading) {
    const auto& id = reading->event.id;
    const auto locked = co_await tx.one(lock_event, id);
    if (!locked || locked->processed_at) co_return;
    ClaimTaken last{.outcome = reading->claims.empty() ? "not_understood" : "applied"};
    std::optional<std::string_view> waits_for;
    for (auto claim : reading->claims) {
        if (!claim.attempt && reading->event.intent_id && co_await may_be_of(tx, *reading->event.intent_id, &claim))
            claim.attempt = reading->event.intent_id->uuid();
        const ClaimFrom from{.account = reading->account,
                             .claim = claim,
                             .trusted = locked->trusted,
                             .is_signed = reading->event.kind == "events",
                             .received_at = reading->event.received_at};
        auto taken = co_await take_claim(tx, reading->intents, &from);
        if (taken.waits) waits_for = taken.outcome;
        if (!taken.intent) taken.intent = last.intent;
        last = taken;
    }
    if (waits_for) {
        co_await wait_on(tx, reading, *waits_for);
        co_return;
    }
    co_await tx.run(finish, id, std::string(last.outcome), last.intent, reading->intents->runtime().now());
}

}  // namespace

async::Task<ClaimTaken> take_claim(db::Db tx, PaymentIntents* intents, const ClaimFrom* from) {
    const auto& claim = from->claim;
    auto intent = co_await intent_of(tx, from);
    ClaimTaken taken{.outcome = "not_understood"};
    if (intent) {
        taken = co_await take_for_intent(tx, intents, from, *std::move(intent));
    } else if (claim.attempt || !claim.evidence.provider_id.empty()) {
        taken = {.outcome = "unknown_attempt", .waits = !claim.received};
    }
    if (!claim.received || claim.evidence.finding != Finding::paid) co_return taken;
    // What comes to the platform's account is many shops': it belongs to one only by an attempt of its own.
    if (from->account.owner == AccountOwner::platform) co_return ClaimTaken{"not_of_a_shop", taken.waits, taken.intent};
    ClaimFrom told = *from;
    told.trusted = from->trusted && !is_above_belief(*intents, *from);
    co_await record_received(tx, intents, &told);
    co_return ClaimTaken{"recorded", taken.waits, taken.intent};
}

async::Task<void> process_event(db::Db db, PaymentIntents* intents, ProviderEventId id) {
    auto event = co_await db.one(event_by_id, id);
    if (!event || event->processed_at) co_return;
    Reading reading{.event = *std::move(event), .account = {}, .claims = {}, .intents = intents};
    reading.account = co_await db.only(intents::account_by_id, reading.event.account_id);
    // Proved when it was received; its secret may have been rolled since.
    auto read =
        intents->provider_of(reading.event.provider).read_callback(reading.event.kind, reading.event.body.value);
    if (!read) throw std::logic_error("an event of a kind that its provider does not have");
    reading.claims = std::move(read->claims);
    co_await db.transaction([&](db::Db tx) { return settle(tx, &reading); });
}

async::Task<void> wake_events(db::Db tx, db::Batch* batch, Runtime* runtime, PaymentAccountId account,
                              std::string attempt_ref) {
    for (const auto& id : co_await tx.all(waiting_for, account, attempt_ref))
        runtime->outbox().add(*batch, read_provider_event, ReadProviderEvent{id});
}

schema::Json stored_headers(const http::Headers& headers) {
    StoredHeaders stored;
    for (const auto& [name, value] : headers) stored.fields.push_back({std::string(name), std::string(value)});
    return {schema::to_json(stored)};
}

std::vector<db::StatementView> provider_event_statements() {
    return db::statements(event_by_id, lock_event, finish, put_off, waiting_for);
}

}  // namespace pos
