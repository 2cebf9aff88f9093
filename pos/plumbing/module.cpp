#include "pos/plumbing/module.h"

#include "db/violate.h"
#include "pos/plumbing/announcer.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/bulk.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/plan_limits.h"
#include "pos/plumbing/runtime.h"

namespace pos {

app::Module plumbing_module() {
    auto statements = idempotency_statements();
    for (const auto& statement : feed_statements()) statements.push_back(statement);
    for (const auto& statement :
         db::statements(plan_limits::hold, plan_limits::seats_suffice, plan_limits::locations_suffice,
                        plan_limits::hold_storage, plan_limits::storage_suffices, plan_limits::storage_use))
        statements.push_back(statement);
    for (const auto& statement : audit_statements()) statements.push_back(statement);
    for (const auto& statement : announcer_statements()) statements.push_back(statement);
    return {.name = "plumbing",
            .tables = {tables::audit_events.view(), tables::idempotency_keys.view(), tables::change_pointers.view()},
            .database_objects = {{"idempotency_lock", idempotency_lock_sql, "drop function idempotency_lock(bigint)"},
                                 {"idempotency_storage", idempotency_storage_sql,
                                  "alter table idempotency_keys reset (toast_tuple_target)",
                                  db::SqlObject::Stage::after_tables},
                                 db::violate},
            .statements = std::move(statements),
            .settings = app::settings<PublicFileSettings, check_public_files>(),
            .process_services = app::process_services<make_public_files, make_announcer_exchange>(),
            .services = app::services<make_runtime, make_announcer>()};
}

}  // namespace pos
