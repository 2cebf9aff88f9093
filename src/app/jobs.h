#pragma once
// What a module says about background work: which jobs it handles and which events it hears; which jobs run by the clock stands in
// app/schedule.h. Module::jobs and Module::schedules name them; `backend-api worker`, and `serve` where JOB_QUEUES says so, run them.
//
//     async::Task<void> count_sale(jobs::Job<SaleCreated>& job, app::TenantScope scope) {
//         auto batch = scope.db().batch();                            // of the tenant whose sale it is, and of no other
//         ...
//     }
//     async::Task<void> remove_expired(jobs::Job<CleanUp>& job, app::JobScope scope) {
//         co_await scope.system_db().run(expired_keys, job.data().most);
//     }
//     void handle_jobs(app::JobHandlers handlers) {
//         handlers.on_event(sale_created, count_sale);                // told by Outbox::emit (jobs/event.h)
//         handlers.on(send_receipt, send);                            // a tenant's job: Outbox::add
//         handlers.on_system(clean_up, remove_expired);               // of no tenant: a schedule's
//         handlers.on_failed(note_failure);                           // any tenant's job that will not be tried again
//     }
//
//     .jobs = handle_jobs, .schedules = {app::schedule(clean_up, CleanUp{}, {.pattern = "17 * * * *"}, "Removes expired keys.")}

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "http/services.h"
#include "jobs/event.h"
#include "jobs/tenant_job.h"
#include "jobs/worker.h"

namespace app {

class LoopHost;
struct Definition;

// What a handler of the system's own jobs works with: the databases and services of the worker's loop. A small value.
class JobScope {
public:
    explicit JobScope(LoopHost* host) noexcept : host_(host) {}

    // The same for one job, whose span the statements are children of.
    [[nodiscard]] JobScope within(const observe::SpanContext* span) const noexcept {
        auto scope = *this;
        scope.span_ = span;
        return scope;
    }
    // Whose statements end `time` from now at the latest.
    [[nodiscard]] db::SystemDb system_db(std::chrono::seconds time = std::chrono::seconds(30)) const;
    // A service of this loop (app/service.h).
    template <class T>
    [[nodiscard]] T& use() const {
        return services().use<T>();
    }

private:
    friend class TenantScope;
    [[nodiscard]] db::Db tenant_db(base::Uuid tenant, std::chrono::seconds time) const;
    [[nodiscard]] const http::Services& services() const;
    LoopHost* host_;
    const observe::SpanContext* span_ = nullptr;
};

// What a handler of a tenant's job works with: that tenant's rows, and the loop's services. A small value.
class TenantScope {
public:
    // Whose statements end `time` from now at the latest.
    [[nodiscard]] db::Db db(std::chrono::seconds time = std::chrono::seconds(30)) const {
        return scope_.tenant_db(tenant_, time);
    }
    [[nodiscard]] base::Uuid tenant() const noexcept { return tenant_; }
    template <class T>
    [[nodiscard]] T& use() const {
        return scope_.use<T>();
    }

private:
    friend class JobHandlers;
    TenantScope(JobScope scope, base::Uuid tenant) noexcept : scope_(scope), tenant_(tenant) {}

    JobScope scope_;
    base::Uuid tenant_;
};

struct Subscriber {
    std::string_view name{};  // the module's; another where the module hears an event twice
    std::string_view
        job{};  // what its jobs are called: "<event>/<name>", unless an earlier release called them otherwise
    jobs::milliseconds timeout{0};  // of one run; zero: the worker's, which is five minutes
};

// What all modules said.
struct JobBindings {
    using Bind = std::function<void(jobs::Worker&, JobScope)>;
    struct EventJob {
        std::string event;
        std::string job;
    };
    struct Handler {
        std::string module;
        jobs::milliseconds timeout{0};  // of one run; zero: the worker's
    };
    std::map<std::string, std::vector<Bind>, std::less<>> queues;
    std::map<std::pair<std::string, std::string>, Handler> handlers;  // by queue and name of the job
    std::vector<EventJob> subscriptions;
    std::vector<std::function<async::Task<void>(JobScope, const jobs::JobRecord*)>> failed;

    // Throws std::logic_error: a job that two handlers wait for would be one's alone.
    void add(std::string queue, std::string name, Handler handler, Bind bind);
};
[[nodiscard]] JobBindings job_bindings(const Definition& definition);

class JobHandlers {
public:
    template <class Data, class Result>
    using Handler = async::Task<Result> (*)(jobs::Job<Data>& job, TenantScope scope);

    JobHandlers(JobBindings* bindings, std::string module) : bindings_(bindings), module_(std::move(module)) {}

    // Jobs of a tenant, added to the outbox with its rows. Members that their data has and we do not know are passed over.
    template <class Data, class Result>
    void on(const jobs::JobType<Data>& type, Handler<Data, Result> handler) {
        bind(std::string(type.queue), std::string(type.name), type.defaults.timeout, handler);
    }
    // A job of its own for each time that the event is told, under the subscriber's name. A run has five minutes
    // (jobs::event_defaults), as all subscribers share a queue, unless the subscriber says otherwise: {.timeout = 20min}.
    template <class Data, class Result>
    void on_event(const jobs::Event<Data>& event, Handler<Data, Result> handler, Subscriber as = {}) {
        std::string job(as.job);
        if (job.empty())
            job.append(event.name).append("/").append(as.name.empty() ? std::string_view(module_) : as.name);
        bindings_->subscriptions.push_back({std::string(event.name), job});
        bind(std::string(jobs::events_queue), job, as.timeout, handler);
    }
    // Jobs of no tenant: schedules', and what Queue::add was given.
    template <class Data, class Result>
    void on_system(const jobs::JobType<Data>& type,
                   async::Task<Result> (*handler)(jobs::Job<Data>& job, JobScope scope)) {
        bindings_->add(std::string(type.queue), std::string(type.name), {module_, type.defaults.timeout},
                       [type, handler](jobs::Worker& worker, JobScope scope) {
                           worker.on(type, [handler, scope](jobs::Job<Data>& job) {
                               return handler(job, scope.within(job.span()));
                           });
                       });
    }
    // Jobs of tenants that have failed for the last time, of all queues of this program's workers. At least once each: the row that
    // the handler writes has the job's id for its key. Keep it short; while it throws, the job is not failed but found stalled.
    using Failed = async::Task<void> (*)(const jobs::JobRecord* job, TenantScope scope);
    void on_failed(Failed handler) {
        bindings_->failed.emplace_back(
            [handler](JobScope scope, const jobs::JobRecord* job) { return tell_failed(handler, scope, job); });
    }

private:
    static async::Task<void> tell_failed(Failed handler, JobScope scope, const jobs::JobRecord* job);

    template <class Data, class Result>
    void bind(const std::string& queue, const std::string& name, jobs::milliseconds timeout,
              Handler<Data, Result> handler) {
        bindings_->add(
            queue, name, {module_, timeout}, [queue, name, timeout, handler](jobs::Worker& worker, JobScope scope) {
                const jobs::JobType<schema::Json> type{jobs::QueueName::given(queue), name, {.timeout = timeout}};
                worker.on(type, [handler, scope](jobs::Job<schema::Json>& job) {
                    return run<Data, Result>(handler, scope.within(job.span()), job);
                });
            });
    }
    template <class Data, class Result>
    static async::Task<Result> run(Handler<Data, Result> handler, JobScope scope, jobs::Job<schema::Json>& sent) {
        const jobs::JobContext& context = sent;
        const TenantScope tenant(scope, jobs::tenant_of(context.record()));
        jobs::Job<Data> job(context, jobs::read_leniently<Data>(context.record()));
        co_return co_await handler(job, tenant);
    }

    JobBindings* bindings_;
    std::string module_;
};

}  // namespace app
