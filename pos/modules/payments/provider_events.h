#pragma once
// What providers told, read by a job. A row is there once it was received (callbacks.h); `processed_at` says that its effect is there as
// well, and both are one transaction. A job that dies in between has done nothing, and the row is looked at again: by the job's next
// try, by the provider's repetition, and by the sweep (reconcile.h) when `due_at` has come.
//
//     runtime.outbox().add(batch, read_provider_event, {event.id});
//     co_await process_event(db, intents, id);
//
// What is about an attempt that nobody knows yet waits: the callback may be faster than the reply to our own request. It is read again as
// soon as an attempt learns that name (wake_events), and after seconds, minutes, hours; after a week it is an orphan.

#include "jobs/job_type.h"
#include "pos/modules/payments/intents.h"

namespace pos {

struct ReadProviderEvent {
    ProviderEventId id;

    friend constexpr auto describe(ReadProviderEvent*) {
        return schema::object<ReadProviderEvent>("ReadProviderEvent", schema::field<&ReadProviderEvent::id>("id"));
    }
};

inline constexpr jobs::JobType<ReadProviderEvent> read_provider_event{
    "payments",
    "payments.event",
    {.attempts = 10,
     .backoff = {"exponential", std::chrono::seconds(1), 0.5},
     .remove_on_complete = jobs::KeepJobs{.count = 10'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 10'000, .age_seconds = 604'800},
     .timeout = std::chrono::minutes(1)}};

// What waits for somebody, for how long.
inline constexpr std::chrono::days events_wait{7};

[[nodiscard]] async::Task<void> process_event(db::Db db, PaymentIntents* intents, ProviderEventId id);

// What one claim of a callback or of a pulled list comes to, inside a transaction.
struct ClaimFrom {
    PaymentAccount account;
    ::payments::Claim claim;
    bool trusted = true;  // false: it makes us ask, and no more
    bool is_signed = true;
    base::Timestamp received_at;
};
struct ClaimTaken {
    std::string_view outcome;
    bool waits = false;  // it is to be read again
    std::optional<IntentId> intent{};
};
[[nodiscard]] async::Task<ClaimTaken> take_claim(db::Db tx, PaymentIntents* intents, const ClaimFrom* from);

// In the transaction in which an attempt learns what its provider calls it: what waited for that is read once it is committed.
[[nodiscard]] async::Task<void> wake_events(db::Db tx, db::Batch* batch, Runtime* runtime, PaymentAccountId account,
                                            std::string attempt_ref);

// Headers that a signature needs, as a row keeps them.
[[nodiscard]] schema::Json stored_headers(const http::Headers& headers);

[[nodiscard]] std::vector<db::StatementView> provider_event_statements();

}  // namespace pos
