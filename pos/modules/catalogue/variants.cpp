#include <fmt/format.h>

#include "async/sync.h"
#include "pos/modules/catalogue/new_variants.h"
#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/create.h"

namespace pos::catalogue {

namespace {

// ---- Variants ---------------------------------------------------------------------------------------------------

async::Task<db::Page<Variant>> list(auth::PermittedSomewhere<"products.read">, http::Query<VariantFilter> filter,
                                    db::Db db) {
    if (filter->product_id) return variant_list_of_product.page(db, filter->list, *filter->product_id);
    return variant_list.page(db, filter->list);
}

async::Task<http::Rendered<VariantDetails, 201>> create(auth::PermittedSomewhere<"products.write"> caller,
                                                        IdempotencyHeader key, http::Body<NewVariant> input, db::Db db,
                                                        http::Use<Runtime> runtime) {
    const auto meta = first_version(caller, runtime->now());
    const auto made = make_variants(input->product_id, {input->variant}, meta, *runtime);
    const VariantDetails variant{made.variants.front(), made.barcodes};
    Creation creation(variant, variant.variant.id.uuid(), {"/v1/variants", caller, key, input, db, runtime});
    creation.batch().add(touch_product, input->product_id, meta.updated_at);
    add_to(creation.batch(), made);
    auto changes = changes_of(made);
    changes.push_back({"products", input->product_id.uuid()});
    co_return co_await creation.commit(std::move(changes));
}

async::Task<VariantDetails> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", VariantId> id, db::Db db) {
    auto read = co_await async::when_all(db.one(variant_by_id, *id), db.all(barcodes_of_variant, *id));
    auto& [variant, barcodes] = read;
    co_return VariantDetails{live(std::move(variant)), std::move(barcodes)};
}

async::Task<ScannedVariant> lookup(auth::PermittedSomewhere<"products.read">, http::Query<BarcodeQuery> query,
                                   db::Db db, http::Use<Runtime> runtime) {
    auto found = co_await db.one(scanned, query->barcode, runtime->now());
    if (!found) throw base::Failure(http::errors::not_found, "no variant has this barcode");
    co_return std::move(*found);
}

void touch(Writes& writes, ProductId product, base::Timestamp now) {
    writes.batch.add(touch_product, product, now);
    writes.changes.push_back({"products", product.uuid()});
}

async::Task<Variant> change(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", VariantId> id,
                            IfMatch if_match, http::Body<schema::Patch<VariantFields>> patch, db::Db db,
                            http::Use<Runtime> runtime) {
    co_return co_await edit<variant_table>(db, *id, {caller, *if_match, runtime->now()},
                                           [&](Variant& row, Writes& writes) {
                                               apply(*patch, row.fields);
                                               touch(writes, row.product_id, runtime->now());
                                           });
}

async::Task<void> delete_barcodes(Writes* writes, VariantId id, base::Timestamp now) {
    const std::vector variants{id};
    for (const auto& barcode : co_await writes->tx.all(delete_barcodes_of_variants, variants, now)) {
        writes->changes.push_back({"variant_barcodes", barcode.uuid(), ChangeKind::deleted});
    }
}

async::Task<http::NoContent> remove(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", VariantId> id,
                                    IfMatch if_match, db::Db db, http::Use<Runtime> runtime) {
    const EditRequest request{caller, *if_match, runtime->now()};
    co_return co_await pos::remove<variant_table>(db, *id, request, [now = request.now](Variant& row, Writes& writes) {
        touch(writes, row.product_id, now);
        return delete_barcodes(&writes, row.id, now);
    });
}

// ---- Their barcodes ---------------------------------------------------------------------------------------------

async::Task<http::Rendered<Barcode, 201>> add_barcode(auth::PermittedSomewhere<"products.write"> caller,
                                                      http::Path<"id", VariantId> id, IdempotencyHeader key,
                                                      http::Body<NewBarcode> input, db::Db db,
                                                      http::Use<Runtime> runtime) {
    const auto variant = live(co_await db.one(variant_by_id, *id));
    const auto barcode = make_barcode(*id, *input, first_version(caller, runtime->now()), *runtime);
    Creation creation(barcode, barcode.id.uuid(),
                      {fmt::format("/v1/variants/{}/barcodes", id.value.to_string()), caller, key, input, db, runtime});
    creation.batch().add(touch_variant, *id, barcode.meta.updated_at);
    creation.batch().add(touch_product, variant.product_id, barcode.meta.updated_at);
    creation.batch().add(add_barcodes, {barcode});
    co_return co_await creation.commit({{"variant_barcodes", barcode.id.uuid()},
                                        {"variants", id.value.uuid()},
                                        {"products", variant.product_id.uuid()}});
}

// The barcode's parents change with it.
async::Task<void> touch_parents(Writes* writes, VariantId id, base::Timestamp now) {
    const auto variant = live(co_await writes->tx.one(variant_by_id, id));
    writes->batch.add(touch_variant, id, now);
    writes->changes.push_back({"variants", id.uuid()});
    touch(*writes, variant.product_id, now);
}

async::Task<http::NoContent> remove_barcode(auth::PermittedSomewhere<"products.write"> caller,
                                            http::Path<"id", VariantId> id,
                                            http::Path<"barcodeId", BarcodeId> barcode_id, IfMatch if_match, db::Db db,
                                            http::Use<Runtime> runtime) {
    co_return co_await pos::remove<barcode_table>(db, *barcode_id, {caller, *if_match, runtime->now()},
                                                  [&](Barcode& row, Writes& writes) {
                                                      if (row.variant_id != *id)
                                                          throw base::Failure(http::errors::not_found);
                                                      return touch_parents(&writes, *id, runtime->now());
                                                  });
}

}  // namespace

void variant_routes(http::Routes routes) {
    const std::vector taken{errors::unknown_product, errors::sku_taken, errors::barcode_taken, errors::id_taken};
    routes.get("/variants", list,
               {.id = "listVariants",
                .summary = "Variants by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/variants", create, {.id = "createVariant", .summary = "Add a variant to a product", .errors = taken});
    routes.get("/variants/lookup", lookup,
               {.id = "lookUpBarcode", .summary = "What a scanned barcode sells", .errors = {http::errors::not_found}});
    routes.get("/variants/{id}", show,
               {.id = "getVariant", .summary = "One variant with its barcodes", .errors = {http::errors::not_found}});
    routes.patch("/variants/{id}", change,
                 {.id = "changeVariant", .summary = "Change a variant", .errors = {errors::sku_taken}});
    routes.del("/variants/{id}", remove, {.id = "deleteVariant", .summary = "Delete a variant with its barcodes"});
    routes.post("/variants/{id}/barcodes", add_barcode,
                {.id = "addBarcode",
                 .summary = "Give a variant a barcode",
                 .errors = {http::errors::not_found, errors::barcode_taken, errors::id_taken}});
    routes.del("/variants/{id}/barcodes/{barcodeId}", remove_barcode,
               {.id = "removeBarcode", .summary = "Take a barcode away"});
}

}  // namespace pos::catalogue
