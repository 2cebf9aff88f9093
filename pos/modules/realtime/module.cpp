#include "pos/modules/realtime/module.h"

#include "app/jobs.h"
#include "pos/modules/realtime/hosted.h"
#include "pos/modules/realtime/live.h"
#include "pos/modules/realtime/routes.h"

namespace pos {

namespace {

void routes(http::Routes routes) {
    socket_routes(routes);
    hosted_routes(routes);
}

}  // namespace

app::Module realtime_module() {
    return {.name = "realtime",
            .doc = "WebSockets: what happens in the shop, told within a second.",
            .statements = live_statements(),
            .routes = routes,
            .jobs = hosted_jobs,
            .settings = app::settings<RealtimeSettings, check_realtime_settings>(),
            .process_services = app::process_services<make_live_shared, make_socket_tickets>(),
            .services = app::services<make_live, make_hosted_live>(),
            .root_routes = pusher_routes,
            .development_routes = echo_routes};
}

}  // namespace pos
