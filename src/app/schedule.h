#pragma once
// What runs by the clock: a module's list of jobs and when each is due (app::Module::schedules). Who runs them: app/jobs.h.
//
//     .schedules = {app::schedule(clean_up, CleanUp{}, {.pattern = "17 * * * *"}, "Removes expired keys.")}

#include <chrono>
#include <string>
#include <utility>

#include "jobs/job_type.h"

namespace app {

// A job that runs by the clock: one job scheduler in Redis, whatever the number of instances. A run that was missed, as nothing was
// running, is made up for once; the next one follows the clock again.
struct Schedule {
    std::string name;  // the scheduler's id, and what POST /internal/schedules/{name}/trigger calls it
    std::string queue;
    jobs::NewJob job;
    jobs::Repeat repeat;
    std::string doc;
};

// Of the jobs that a clock makes, where nothing speaks against it: the next one comes by itself, so that few are kept.
inline constexpr jobs::JobDefaults scheduled_job_defaults{.attempts = 3,
                                                          .backoff = {"exponential", std::chrono::seconds(30)},
                                                          .remove_on_complete = jobs::KeepJobs::last(100),
                                                          .remove_on_fail = jobs::KeepJobs::last(100)};

template <class Data>
[[nodiscard]] Schedule schedule(const jobs::JobType<Data>& type, const Data& data, jobs::Repeat repeat,
                                std::string doc) {
    return {std::string(type.name), std::string(type.queue), jobs::make_job(type, data), std::move(repeat),
            std::move(doc)};
}

}  // namespace app
