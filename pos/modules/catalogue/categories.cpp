#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/writer.h"

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

async::Task<Category> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", CategoryId> id, db::Db db) {
    co_return live(co_await db.one(category_rows.by_id, *id));
}

async::Task<void> check_move(db::Db tx, CategoryId id, std::optional<CategoryId> parent) {
    if (!parent) co_return;
    co_await tx.run(one_move_at_a_time);
    co_await check_parent(tx, id, *parent);
}

void show_image(Category& row, Writes& writes, const Runtime& runtime) {
    writes.batch.add(category_image_lives, row.fields.image_id);
    row.image_url = runtime.image_url(writes.tx.tenant(), row.fields.image_id);
}

async::Task<Created<Category>> create(Create<"products.write"> write, http::Body<New<Category>> input) {
    co_return co_await write.create(category_rows, input, [&](Category& row, Writes& writes) {
        show_image(row, writes, write.runtime());
        return check_move(writes.tx, row.id, row.fields.parent_id);
    });
}

async::Task<Category> change(Edit<"products.write"> write, http::Path<"id", CategoryId> id,
                             http::Body<PatchOf<Category>> patch) {
    co_return co_await write.edit(category_rows, *id, *patch, [&](Category& row, Writes& writes) {
        if (patch->has<&CategoryFields::image_id>()) show_image(row, writes, write.runtime());
        return check_move(writes.tx, row.id, row.fields.parent_id);
    });
}

async::Task<void> require_unused(db::Db tx, CategoryId id) {
    if (co_await tx.only(category_in_use, id)) throw base::Failure(errors::category_in_use);
}

async::Task<http::NoContent> remove(Edit<"products.write"> write, http::Path<"id", CategoryId> id) {
    co_return co_await write.remove(category_rows, *id,
                                    [](Category& row, Writes& writes) { return require_unused(writes.tx, row.id); });
}

}  // namespace

void category_routes(http::Routes routes) {
    routes.get("/categories", list,
               {.id = "listCategories",
                .summary = "Categories by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/categories", create,
                {.id = "createCategory", .summary = "Add a category", .errors = {errors::unknown_category}});
    routes.get("/categories/{id}", show, {.id = "getCategory", .summary = "One category"});
    routes.patch(
        "/categories/{id}", change,
        {.id = "changeCategory", .summary = "Rename or move a category", .errors = {errors::unknown_category}});
    routes.del("/categories/{id}", remove,
               {.id = "deleteCategory", .summary = "Delete an empty category", .errors = {errors::category_in_use}});
}

}  // namespace pos::catalogue
