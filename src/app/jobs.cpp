#include "app/jobs.h"

#include "app/app.h"

namespace app {

db::SystemDb JobScope::system_db(std::chrono::seconds time) const {
    return db::system_db(host_->databases(), async::Loop::now() + time, span_);
}

db::Db JobScope::tenant_db(base::Uuid tenant, std::chrono::seconds time) const {
    return db::tenant_db(host_->databases(), tenant, async::Loop::now() + time, span_);
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
