#pragma once
// Conditions that no constraint can express, checked by a statement of the batch that ends it: `violate()` raises an error in the
// name of a declared constraint, and the client gets the error that the constraint was declared with. A module lists the object.
//
//     constexpr db::Query<void(std::optional<CategoryId>)> category_lives{{"products.category_lives",
//         "select violate('products_category') where $2 is not null and not exists ("
//         "  select from categories where tenant_id = $1 and id = $2 and deleted_at is null for key share)", db::Kind::write}};
//
// Foreign keys are content with deleted rows, as these stay. `for key share` makes a deletion that is under way (remove(), which
// locks `for update`) and this batch wait for each other, as the foreign key's own check does; changes (edit()) go on.
// What is proven on insert (table.h) calls it as well.

#include "db/sql_object.h"

namespace db {

inline constexpr SqlObject violate{
    "violate",
    "create or replace function violate(constraint_name text) returns void language plpgsql as $$\n"
    "begin\n"
    "  raise exception 'refused as %', constraint_name using errcode = '23514', constraint = constraint_name;\n"
    "end $$;\n",
    "drop function violate(text)", SqlObject::Stage::before_tables};

}  // namespace db
