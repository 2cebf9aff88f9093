#pragma once
// Module: one vertical slice of the service, as data. The list of modules in pos/service.cpp is the map of the product; from it
// the app takes tables, statements and routes. Error codes are those of the routes and of the tables' constraints: a handler's own stand
// in the `.errors` of its route, those of a constraint in the table alone (app/constraint_errors.h).
//
//     app::Module products() {
//         return {.name = "products", .tables = {tables::products.view()}, .statements = db::statements(by_id, add),
//                 .routes = routes};
//     }

#include <functional>
#include <string>
#include <vector>

#include "app/module_settings.h"
#include "app/schedule.h"
#include "app/service.h"
#include "app/webhook_event.h"
#include "db/db.h"
#include "db/query.h"
#include "db/sql_object.h"

namespace http {
class Router;
class Routes;  // http/handler.h
}  // namespace http

namespace jobs {
class Outbox;
}

namespace observe {
class Metrics;
}

namespace app {

class JobHandlers;  // app/jobs.h

struct Module {
    std::string name;
    std::string doc{};  // a sentence for the API documentation
    std::vector<db::TableView> tables;
    std::vector<db::SqlObject> database_objects;  // functions and extensions; their texts are constants
    std::vector<db::StatementView> statements;
    // Called once at start, under the API's prefix (/v1), tagged with the module's name.
    void (*routes)(http::Routes routes) = nullptr;
    // Called at start, also where no job is run: who is told of an event is known to whoever tells it.
    void (*jobs)(JobHandlers handlers) = nullptr;
    std::vector<Schedule> schedules;
    // Called every half minute by each process that moves the outbox: what waits for somebody over all tenants, as gauges. Their labels
    // are names that the program knows, never what a row has.
    async::Task<void> (*measure)(db::SystemDb db, observe::Metrics* metrics) = nullptr;

    // What leaves the service as webhooks (app/webhook_event.h), and who writes it down, in the transaction of the event: one module.
    std::vector<WebhookEventType> webhooks{};
    void (*write_webhook_event)(db::Batch& batch, jobs::Outbox& outbox, const WebhookEvent& event) = nullptr;

    // What outlives a request. A module that is tables, statements and routes has none of it.
    ModuleSettings settings{};                     // app::settings<MailSettings>()
    std::vector<ServiceMaker> process_services{};  // app::process_services<make_keys>(): made once, shared by all loops
    std::vector<ServiceMaker> services{};          // app::services<make_mailer>(): made once a loop
    void (*root_routes)(http::Router& router) = nullptr;  // outside of /v1: what a standard says where it is
    // Under /dev/NAME, and in a service with APP_ENV=development alone, which is what `backend-api dev` starts.
    void (*development_routes)(http::Routes routes) = nullptr;
};

}  // namespace app
