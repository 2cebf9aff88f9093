#include "async/sync.h"
#include "pos/modules/catalogue/events.h"
#include "pos/modules/catalogue/new_variants.h"
#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/writer.h"

namespace pos::catalogue {

namespace {

// ---- Variants ---------------------------------------------------------------------------------------------------

async::Task<db::Page<Variant>> list(auth::PermittedSomewhere<"products.read">, http::Query<VariantFilter> filter,
                                    db::Db db) {
    return variant_list.page(db, filter->list, filter->product_id);
}

// The product changes with what stands below it, and is told as it is then.
async::Task<void> touch(Writes* writes, ProductId id, const Writer* write) {
    const auto product = co_await writes->tx.one(product_rows.lock, id);
    writes->batch.add(touch_product, id, write->now());
    writes->changes.push_back(change_of(product_rows, id));
    if (product && !product->meta.deleted_at)
        write->runtime().outbox().emit(writes->batch, product_changed, edited(*product, write->now()));
}

async::Task<VariantDetails> add(Writes* writes, const NewRows* made, const Writer* write) {
    const VariantDetails variant{made->variants.front(), made->barcodes};
    co_await touch(writes, variant.variant.product_id, write);
    add_to(writes->batch, *made);
    std::ranges::copy(changes_of(*made), std::back_inserter(writes->changes));
    write->runtime().outbox().emit(writes->batch, variant_created, VariantTold::of(variant.variant));
    co_return variant;
}

async::Task<Created<VariantDetails>> create(Create<"products.write"> write, http::Body<NewVariant> input) {
    const auto made = make_variants(input->product_id, {input->variant}, write.first_version(), write.runtime());
    co_return co_await write.create_all<VariantDetails>(made.variants.front().id.uuid(), input,
                                                        [&](Writes& writes) { return add(&writes, &made, &write); });
}

async::Task<VariantDetails> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", VariantId> id, db::Db db) {
    auto read = co_await async::when_all(db.one(variant_rows.by_id, *id), db.all(barcodes_of_variant, *id));
    auto& [variant, barcodes] = read;
    co_return VariantDetails{live(std::move(variant)), std::move(barcodes)};
}

async::Task<ScannedVariant> lookup(auth::PermittedSomewhere<"products.read">, http::Query<BarcodeQuery> query,
                                   db::Db db, http::Service<Runtime> runtime) {
    auto found = co_await db.one(scanned, query->barcode, runtime->now());
    if (!found) throw base::Failure(errors::row_not_found, "no variant has this barcode");
    co_return std::move(*found);
}

async::Task<Variant> change(Edit<"products.write"> write, http::Path<"id", VariantId> id,
                            http::Body<PatchOf<Variant>> patch) {
    co_return co_await write.edit(variant_rows, *id, *patch, [&](Variant& row, Writes& writes) {
        write.runtime().outbox().emit(writes.batch, variant_changed, VariantTold::edited(row));
        return touch(&writes, row.product_id, &write);
    });
}

async::Task<void> delete_barcodes(Writes* writes, VariantId id, base::Timestamp now) {
    for (const auto& barcode : co_await writes->tx.all(delete_barcodes_of_variants, std::vector{id}, now))
        writes->changes.push_back(change_of(barcode_rows, barcode, ChangeKind::deleted));
}

async::Task<void> remove_with_barcodes(Writes* writes, const Variant* row, const Writer* write) {
    write->runtime().outbox().emit(writes->batch, variant_deleted, VariantTold::edited(*row));
    co_await touch(writes, row->product_id, write);
    co_await delete_barcodes(writes, row->id, write->now());
}

async::Task<http::NoContent> remove(Edit<"products.write"> write, http::Path<"id", VariantId> id) {
    co_return co_await write.remove(
        variant_rows, *id, [&](Variant& row, Writes& writes) { return remove_with_barcodes(&writes, &row, &write); });
}

// ---- Their barcodes ---------------------------------------------------------------------------------------------

// The barcode's parents change with it.
async::Task<void> touch_parents(Writes* writes, VariantId id, const Writer* write) {
    const auto variant = live(co_await writes->tx.one(variant_rows.by_id, id));
    writes->batch.add(touch_variant, id, write->now());
    writes->changes.push_back(change_of(variant_rows, id));
    co_await touch(writes, variant.product_id, write);
}

async::Task<Created<Barcode>> add_barcode(Create<"products.write"> write, http::Path<"id", VariantId> id,
                                          http::Body<NewBarcode> input) {
    const auto barcode = make_barcode(*id, *input, write.first_version(), write.runtime());
    co_return co_await write.create(barcode_rows, barcode, input, [&](Barcode& /*row*/, Writes& writes) {
        return touch_parents(&writes, *id, &write);
    });
}

async::Task<http::NoContent> remove_barcode(Edit<"products.write"> write, http::Path<"id", VariantId> id,
                                            http::Path<"barcodeId", BarcodeId> barcode_id) {
    co_return co_await write.remove(barcode_rows, *barcode_id, [&](Barcode& row, Writes& writes) {
        if (row.variant_id != *id) throw base::Failure(errors::row_not_found);
        return touch_parents(&writes, *id, &write);
    });
}

}  // namespace

void variant_routes(http::Routes routes) {
    routes.get("/variants", list,
               {.id = "listVariants",
                .summary = "Variants by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/variants", create, {.id = "createVariant", .summary = "Add a variant to a product"});
    routes.get("/variants/lookup", lookup,
               {.id = "lookUpBarcode", .summary = "What a scanned barcode sells", .errors = {errors::row_not_found}});
    routes.get("/variants/{id}", show, {.id = "getVariant", .summary = "One variant with its barcodes"});
    routes.patch("/variants/{id}", change, {.id = "changeVariant", .summary = "Change a variant"});
    routes.del("/variants/{id}", remove, {.id = "deleteVariant", .summary = "Delete a variant with its barcodes"});
    routes.post("/variants/{id}/barcodes", add_barcode, {.id = "addBarcode", .summary = "Give a variant a barcode"});
    routes.del("/variants/{id}/barcodes/{barcodeId}", remove_barcode,
               {.id = "removeBarcode", .summary = "Take a barcode away"});
}

}  // namespace pos::catalogue
