#pragma once
// The problems that the constraints of a table mean for the routes that write its rows: said in the table, and nowhere else.
//
//     api.describing([tables](http::Method method, http::Operation& operation) { describe_constraints(tables, method, operation); });
//
// A route that is no GET writes the rows that it answers with. New ones (201), also those that stand in others (a product's variants),
// can break every constraint of their tables; a change those that speak of a column which is a member of the body. What else a handler
// writes or throws is for its route's `.errors`.

#include <span>

#include "db/table.h"
#include "http/method.h"
#include "http/operation.h"

namespace app {

void describe_constraints(std::span<const db::TableView> tables, http::Method method, http::Operation& operation);

}  // namespace app
