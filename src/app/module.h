#pragma once
// Module: one vertical slice of the service, as data. The list of modules in pos/service.cpp is the map of the product; from it
// the app takes tables, statements, routes and error codes.
//
//     app::Module products() {
//         return {.name = "products", .tables = {tables::products.view()}, .statements = db::statements(by_id, add),
//                 .routes = routes, .errors = {errors::sku_taken}};
//     }

#include <functional>
#include <string>
#include <vector>

#include "app/jobs.h"
#include "base/failure.h"
#include "db/migrate/snapshot.h"
#include "db/query.h"
#include "http/handler.h"

namespace app {

struct Module {
    std::string name;
    std::string doc{};  // a sentence for the API documentation
    std::vector<db::TableView> tables;
    std::vector<db::SqlObject> database_objects;  // functions and extensions; their texts are constants
    std::vector<db::StatementView> statements;
    // Called once at start, under the API's prefix (/v1), tagged with the module's name.
    void (*routes)(http::Routes routes) = nullptr;
    std::vector<base::ErrorCode> errors;
    // Called once a worker process.
    void (*jobs)(JobHandlers handlers) = nullptr;
    std::vector<Schedule> schedules;
};

}  // namespace app
