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

#include "base/failure.h"
#include "db/query.h"
#include "http/handler.h"

namespace app {

// A function, view or extension in the database that no table declares. Its text is part of the schema's snapshot.
struct DatabaseObject {
    std::string name;
    std::string create_sql;
    std::string drop_sql;
};

struct Module {
    std::string name;
    std::vector<db::TableView> tables;
    std::vector<DatabaseObject> database_objects;
    std::vector<db::StatementView> statements;
    // Called once at start, under the API's prefix (/v1), tagged with the module's name.
    void (*routes)(http::Routes routes) = nullptr;
    std::vector<base::ErrorCode> errors;
};

}  // namespace app
