#include "app/jobs.h"

#include "app/app.h"

namespace app {

db::SystemDb JobScope::system_db(std::chrono::seconds time) const {
    return db::system_db(worker_->store(), async::Loop::now() + time);
}

db::Db JobScope::tenant_db(base::Uuid tenant, std::chrono::seconds time) const {
    return db::tenant_db(worker_->store(), tenant, async::Loop::now() + time);
}

const http::Services& JobScope::services() const { return worker_->services(); }

}  // namespace app
