#pragma once
// JobSchedulers: jobs that come again, at the times of a cron pattern or at an interval. Redis holds one future job for each
// scheduler; whichever worker takes it adds the next one, so any number of producers and workers make one schedule. Over the
// client of a Queue; one thread.
//
//     jobs::JobSchedulers schedulers(queue);
//     co_await schedulers.upsert("daily-report", {.pattern = "0 6 * * *", .time_zone = "Africa/Nairobi"},
//                                jobs::make_job(daily_report, {}));
//
// A worker that was away runs a missed job once, late, and goes on from now.

#include <optional>
#include <string>
#include <vector>

#include "jobs/queue.h"

namespace jobs {

struct SchedulerRecord {
    std::string id;
    std::string name;  // of its jobs
    Repeat repeat;
    std::int64_t next_run = 0;  // ms since 1970
    std::int64_t iterations = 0;
    std::string data;     // JSON; empty: {}
    std::string options;  // JSON, short names; empty: {}
};

class JobSchedulers {
public:
    explicit JobSchedulers(Queue queue) : queue_(std::move(queue)) {}

    // Makes the scheduler, or changes it and its pending job; returns that job's id. `job` is the template of all its jobs: a
    // delay or an own id of it counts for nothing. Throws jobs.bad_schedule, and jobs.scheduled when its slot is taken.
    [[nodiscard]] async::Task<std::string> upsert(std::string id, Repeat repeat, NewJob job);
    // upsert() where there is no such scheduler, another one under its name, or one that has come to a stop because its next job is
    // gone. One that is as wanted is left alone, and so is its job that is overdue, which upsert() would replace by the next one.
    // Whether it was put.
    [[nodiscard]] async::Task<bool> ensure(std::string id, Repeat repeat, NewJob job);
    // With its pending job. False when there was none.
    [[nodiscard]] async::Task<bool> remove(std::string id);
    [[nodiscard]] async::Task<std::optional<SchedulerRecord>> find(std::string id);
    // By the time of their next run.
    [[nodiscard]] async::Task<std::vector<SchedulerRecord>> list(Page page = {.ascending = true});
    [[nodiscard]] async::Task<std::int64_t> count();

private:
    [[nodiscard]] async::Task<bool> goes_on(const SchedulerRecord* record);

    Queue queue_;
};

// The first run of a pattern strictly after `after`, ms since 1970; nullopt when there is none. `seed` decides what H means.
// Throws jobs.bad_schedule.
[[nodiscard]] std::optional<std::int64_t> next_run_of_pattern(const Repeat& repeat, std::int64_t after,
                                                              std::string_view seed);

}  // namespace jobs
