#include "app/outbox_module.h"

#include "jobs/once.h"
#include "jobs/outbox_relay.h"

namespace app {

Module outbox_module() {
    auto statements = jobs::outbox_statements();
    for (const auto& more : {jobs::outbox_relay_statements(), jobs::once_statements()})
        statements.insert(statements.end(), more.begin(), more.end());
    return {.name = "outbox",
            .tables = {jobs::tables::outbox_jobs.view(), jobs::tables::handled_jobs.view()},
            .database_objects = jobs::outbox_objects(),
            .statements = std::move(statements)};
}

}  // namespace app
