#include "app/jobs.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "app/app.h"

namespace app {

db::SystemDb JobScope::system_db(std::chrono::seconds time) const {
    return db::system_db(host_->databases(), async::Loop::now() + time, span_);
}

db::Db JobScope::tenant_db(base::Uuid tenant, std::chrono::seconds time) const {
    return db::tenant_db(host_->databases(), tenant, async::Loop::now() + time, span_);
}

void JobBindings::add(std::string queue, std::string name, Handler handler, Bind bind) {
    const auto [there, is_new] = handlers.try_emplace({queue, name}, std::move(handler));
    if (!is_new) {
        throw std::logic_error(fmt::format(
            "jobs: \"{}\" of the queue {} has a handler in the module {} and another one in {}: a job has one; for "
            "an event that a module hears twice say handlers.on_event(event, handler, {{.name = \"…\"}})",
            name, queue, there->second.module, handler.module));
    }
    queues[std::move(queue)].push_back(std::move(bind));
}

async::Task<void> JobHandlers::tell_failed(Failed handler, JobScope scope, const jobs::JobRecord* job) {
    // The system's own jobs, and what strangers added, are nobody's.
    if (const auto tenant = jobs::owner_of(*job)) co_await handler(job, TenantScope(scope, *tenant));
}

JobBindings job_bindings(const Definition& definition) {
    JobBindings bindings;
    for (const auto& module : definition.modules) {
        if (module.jobs != nullptr) module.jobs(JobHandlers(&bindings, module.name));
    }
    return bindings;
}

const http::Services& JobScope::services() const { return host_->services(); }

}  // namespace app
