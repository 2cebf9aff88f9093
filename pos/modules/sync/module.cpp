#include "pos/modules/sync/module.h"

#include "pos/modules/sync/changes.h"
#include "pos/modules/sync/events.h"
#include "pos/modules/sync/heartbeat.h"
#include "pos/modules/sync/pull.h"
#include "pos/modules/sync/renew_command.h"
#include "pos/modules/sync/snapshot.h"
#include "pos/modules/sync/tables.h"
#include "pos/modules/sync/topics.h"
#include "pos/modules/sync/waiters.h"

namespace pos {

namespace {

void routes(http::Routes routes) {
    sync::pull_routes(routes);
    sync::snapshot_routes(routes);
    sync::heartbeat_routes(routes);
    sync::event_routes(routes);
}

}  // namespace

app::Module sync_module() {
    auto statements = sync::change_statements();
    for (const auto& statement : sync::topic_statements()) statements.push_back(statement);
    for (const auto& statement : sync::heartbeat_statements()) statements.push_back(statement);
    for (const auto& statement : renew_feed_statements()) statements.push_back(statement);
    return {.name = "sync",
            .doc = "How devices keep up to date: snapshots, changes, events.",
            .tables = {tables::device_heartbeats.view()},
            .statements = std::move(statements),
            .routes = routes,
            .settings = app::settings<SyncSettings>(),
            .process_services = app::process_services<make_waiters, sync::make_spool>(),
            .services = app::services<sync::make_snapshots, sync::make_event_streams>()};
}

}  // namespace pos
