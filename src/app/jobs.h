#pragma once
// What a module says about background work: which jobs it handles, and which run by the clock. Module::jobs and
// Module::schedules name them; `backend-api worker`, and `serve` where JOB_QUEUES says so, run them.
//
//     async::Task<void> remove_expired(jobs::Job<CleanUp>& job, app::JobScope scope) {
//         co_await scope.system_db().run(expired_keys, job.data().most);
//     }
//     void handle_jobs(app::JobHandlers handlers) { handlers.on(clean_up, remove_expired); }
//
//     .jobs = handle_jobs, .schedules = {app::schedule(clean_up, CleanUp{}, {.pattern = "17 * * * *"}, "Removes expired keys.")}

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "http/services.h"
#include "jobs/worker.h"

namespace app {

class LoopHost;

// What a handler works with: the databases and services of the worker's loop. A small value.
class JobScope {
public:
    explicit JobScope(LoopHost* host) noexcept : host_(host) {}

    // Whose statements end `time` from now at the latest.
    [[nodiscard]] db::SystemDb system_db(std::chrono::seconds time = std::chrono::seconds(30)) const;
    [[nodiscard]] db::Db tenant_db(base::Uuid tenant, std::chrono::seconds time = std::chrono::seconds(30)) const;
    // A service that the definition made for this loop (app::Definition::make_services).
    template <class T>
    [[nodiscard]] T& use() const {
        return services().use<T>();
    }

private:
    [[nodiscard]] const http::Services& services() const;
    LoopHost* host_;
};

// The handlers of all modules by queue.
using JobBindings = std::map<std::string, std::vector<std::function<void(jobs::Worker&, JobScope)>>, std::less<>>;

class JobHandlers {
public:
    explicit JobHandlers(JobBindings* bindings) noexcept : bindings_(bindings) {}

    template <class Data, class Result>
    void on(const jobs::JobType<Data>& type, async::Task<Result> (*handler)(jobs::Job<Data>& job, JobScope scope)) {
        (*bindings_)[std::string(type.queue)].push_back([type, handler](jobs::Worker& worker, JobScope scope) {
            worker.on(type, [handler, scope](jobs::Job<Data>& job) { return handler(job, scope); });
        });
    }

private:
    JobBindings* bindings_;
};

// A job that runs by the clock: one job scheduler in Redis, whatever the number of instances. A run that was missed, as nothing was
// running, is made up for once; the next one follows the clock again.
struct Schedule {
    std::string name;  // the scheduler's id, and what POST /internal/schedules/{name}/trigger calls it
    std::string queue;
    jobs::NewJob job;
    jobs::Repeat repeat;
    std::string doc;
};

template <class Data>
[[nodiscard]] Schedule schedule(const jobs::JobType<Data>& type, const Data& data, jobs::Repeat repeat,
                                std::string doc) {
    return {std::string(type.name), std::string(type.queue), jobs::make_job(type, data), std::move(repeat),
            std::move(doc)};
}

}  // namespace app
