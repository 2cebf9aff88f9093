#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/create.h"

namespace pos::catalogue {

namespace {

async::Task<db::Page<Category>> list(auth::PermittedSomewhere<"products.read">, http::Query<ListFilter> filter,
                                     db::Db db) {
    return category_list.page(db, *filter);
}

// The parent is there, and not below the category itself.
async::Task<void> check_parent(db::Db db, CategoryId id, CategoryId parent) {
    const auto state = co_await db.only(parent_state, id, parent);
    if (!state.known)
        throw base::Failure(errors::unknown_category,
                            {{"body", "/parentId", "unknown", "There is no such category", {}}});
    if (state.below)
        throw base::Failure(errors::category_cycle,
                            {{"body", "/parentId", "cycle", "The parent stands below this category", {}}});
}

async::Task<http::Rendered<Category, 201>> create(auth::PermittedSomewhere<"products.write"> caller,
                                                  IdempotencyHeader key, http::Body<NewCategory> input, db::Db db,
                                                  http::Use<Runtime> runtime) {
    const Category category{input->id.value_or(runtime->new_id<CategoryId>()), input->fields,
                            first_version(caller, runtime->now())};
    if (category.fields.parent_id) co_await check_parent(db, category.id, *category.fields.parent_id);
    Creation creation(category, category.id.uuid(), {"/v1/categories", caller, key, input, db, runtime});
    creation.batch().add(add_category, category);
    co_return co_await creation.commit({{"categories", category.id.uuid()}});
}

async::Task<Category> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", CategoryId> id, db::Db db) {
    co_return live(co_await db.one(category_by_id, *id));
}

async::Task<void> check_move(db::Db tx, CategoryId id, std::optional<CategoryId> parent) {
    if (!parent) co_return;
    co_await tx.run(one_move_at_a_time);
    co_await check_parent(tx, id, *parent);
}

async::Task<Category> change(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", CategoryId> id,
                             IfMatch if_match, http::Body<schema::Patch<CategoryFields>> patch, db::Db db,
                             http::Use<Runtime> runtime) {
    co_return co_await edit<category_table>(db, *id, {caller, *if_match, runtime->now()},
                                            [&](Category& row, Writes& writes) {
                                                apply(*patch, row.fields);
                                                return check_move(writes.tx, row.id, row.fields.parent_id);
                                            });
}

async::Task<void> require_unused(db::Db tx, CategoryId id) {
    if (co_await tx.only(category_in_use, id)) throw base::Failure(errors::category_in_use);
}

async::Task<http::NoContent> remove(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", CategoryId> id,
                                    IfMatch if_match, db::Db db, http::Use<Runtime> runtime) {
    co_return co_await pos::remove<category_table>(
        db, *id, {caller, *if_match, runtime->now()},
        [](Category& row, Writes& writes) { return require_unused(writes.tx, row.id); });
}

}  // namespace

void category_routes(http::Routes routes) {
    routes.get("/categories", list,
               {.id = "listCategories",
                .summary = "Categories by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/categories", create,
                {.id = "createCategory",
                 .summary = "Add a category",
                 .errors = {errors::unknown_category, errors::category_cycle, errors::id_taken}});
    routes.get("/categories/{id}", show,
               {.id = "getCategory", .summary = "One category", .errors = {http::errors::not_found}});
    routes.patch("/categories/{id}", change,
                 {.id = "changeCategory",
                  .summary = "Rename or move a category",
                  .errors = {errors::unknown_category, errors::category_cycle}});
    routes.del("/categories/{id}", remove,
               {.id = "deleteCategory", .summary = "Delete an empty category", .errors = {errors::category_in_use}});
}

}  // namespace pos::catalogue
