#pragma once
// Event<Data>: something that has happened to a tenant, told to whichever modules want to know, with the transaction that made it
// happen. One constant in a header of the module that tells it; that module knows none of its listeners.
//
//     inline constexpr jobs::Event<SaleCreated> sale_created{"sale.created"};
//
//     outbox.emit(batch, sale_created, SaleCreated{...});                  // a job for each subscriber (outbox.h), none for none
//     handlers.on_event(sale_created, count_sale);                         // in another module (app/jobs.h)
//
// Each subscriber's job has a fate of its own: its tries, its failure. All are in the queue `events`, called
// "<event>/<subscriber>".

#include "jobs/job_type.h"

namespace jobs {

template <class Data>
struct Event {
    std::string_view name;
};

inline constexpr QueueName events_queue{"events"};

// How the jobs of events are tried: for three to six days, as nobody is there to send them again. A run is cancelled after five
// minutes, which the worker of the queue sees to, and counts as failed: all subscribers share the queue, and one that waits for somebody
// would keep its place from them. A subscriber that has to may say that it takes longer, or less.
inline constexpr JobDefaults event_defaults{.attempts = 20,
                                            .backoff = {"exponential", std::chrono::seconds(1), 0.5},
                                            .remove_on_complete = KeepJobs{.count = 10'000, .age_seconds = 86'400},
                                            .timeout = std::chrono::minutes(5)};

}  // namespace jobs
