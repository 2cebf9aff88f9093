#include "async/sync.h"
#include "http/rows.h"
#include "pos/modules/catalogue/events.h"
#include "pos/modules/catalogue/new_variants.h"
#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/bulk.h"

namespace pos::catalogue {

namespace {

async::Task<db::Page<Product>> list(auth::PermittedSomewhere<"products.read">, http::Query<ProductFilter> filter,
                                    db::Db db) {
    return product_list.page(db, filter->found, filter->category_id, filter->active);
}

async::Task<http::CsvRows<Product>> export_all(auth::PermittedSomewhere<"products.read">,
                                               http::Query<ProductExportFilter> filter, db::Db db) {
    co_return {.rows = db.stream(product_export, filter->category_id, filter->active, filter->updated_since),
               .file_name = "products.csv"};
}

// ---- One product, alone or in a batch -----------------------------------------------------------------------------

struct MadeProduct {
    Product product;
    NewRows children;

    [[nodiscard]] ProductDetails details() const {
        return {product, put_together(children.variants, children.barcodes)};
    }
    [[nodiscard]] std::vector<Change> changes() const {
        auto changes = changes_of(children);
        changes.push_back(change_of(product_rows, product));
        return changes;
    }
    void add_to(db::Batch& batch, jobs::Outbox& outbox) const {
        batch.add(category_lives, product.fields.category_id);
        batch.add(tax_class_lives, product.fields.tax_class_id);
        batch.add(product_image_lives, product.fields.image_id);
        batch.add(product_rows.add, product);
        catalogue::add_to(batch, children);
        outbox.emit(batch, product_created, product);
        for (const auto& variant : children.variants) outbox.emit(batch, variant_created, VariantTold::of(variant));
    }
};

MadeProduct make_product(const NewProduct& input, const Writer& write) {
    const auto meta = write.first_version();
    const Product product{input.id.value_or(write.new_id<ProductId>()), input.fields,
                          write.runtime().image_url(write.tenant_id, input.fields.image_id), meta};
    return {product, make_variants(product.id, input.variants, meta, write.runtime())};
}

void follow_references(const schema::Patch<ProductFields>& patch, Product& row, Writes& writes,
                       const Runtime& runtime) {
    if (patch.has<&ProductFields::category_id>()) writes.batch.add(category_lives, row.fields.category_id);
    if (patch.has<&ProductFields::tax_class_id>()) writes.batch.add(tax_class_lives, row.fields.tax_class_id);
    if (!patch.has<&ProductFields::image_id>()) return;
    writes.batch.add(product_image_lives, row.fields.image_id);
    row.image_url = runtime.image_url(writes.tx.tenant(), row.fields.image_id);
}

// Its variants and their barcodes go with it: SKUs and barcodes are free again.
async::Task<void> delete_children(Writes* writes, ProductId id, const Writer* write) {
    const auto now = write->now();
    const auto deleted = co_await writes->tx.all(delete_variants_of_product, id, now);
    std::vector<VariantId> gone;
    for (const auto& variant : deleted) {
        gone.push_back(variant.id);
        writes->changes.push_back(change_of(variant_rows, variant.id, ChangeKind::deleted));
        write->runtime().outbox().emit(writes->batch, variant_deleted, variant);
    }
    const auto their_barcodes = co_await writes->tx.all(delete_barcodes_of_variants, gone, now);
    for (const auto& barcode : their_barcodes)
        writes->changes.push_back(change_of(barcode_rows, barcode, ChangeKind::deleted));
}

struct ProductItems {
    using Id = ProductId;
    using New = NewProduct;
    using Fields = ProductFields;

    static async::Task<ProductDetails> create(BulkUnit unit, NewProduct input) {
        const auto made = make_product(input, unit);
        auto batch = unit.tx().batch();
        made.add_to(batch, unit.runtime().outbox());
        co_await batch.commit();
        unit.changes() = made.changes();
        co_return made.details();
    }
    static async::Task<Product> change(Editor write, ProductId id, PatchOf<Product> patch) {
        co_return co_await write.edit(product_rows, id, patch, [&](Product& row, Writes& writes) {
            follow_references(patch, row, writes, write.runtime());
            write.runtime().outbox().emit(writes.batch, product_changed, edited(row, write.now()));
        });
    }
    static async::Task<http::NoContent> remove(Editor write, ProductId id) {
        co_return co_await write.remove(product_rows, id, [&](Product& row, Writes& writes) {
            write.runtime().outbox().emit(writes.batch, product_deleted, edited(row, write.now()));
            return delete_children(&writes, row.id, &write);
        });
    }
};

// ---- Handlers -----------------------------------------------------------------------------------------------------

async::Task<Created<ProductDetails>> create(Create<"products.write"> write, http::Body<NewProduct> input) {
    const auto made = make_product(*input, write);
    auto once = co_await write.once(made.details(), made.product.id.uuid(), input);
    made.add_to(once.batch(), write.runtime().outbox());
    co_return co_await once.commit(made.changes());
}

async::Task<http::JsonBytes<BulkReply>> batch(Create<"products.write"> write, BulkBody input) {
    co_return co_await perform_all<ProductItems>(write, std::move(input));
}

async::Task<ProductDetails> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", ProductId> id,
                                 http::Query<ProductParts> parts, db::Db db) {
    if (parts->include.empty()) co_return ProductDetails{live(co_await db.one(product_rows.by_id, *id)), {}};
    auto read = co_await async::when_all(db.one(product_rows.by_id, *id), db.all(variants_of_product, *id),
                                         db.all(barcodes_of_product, *id));
    auto& [product, variants, barcodes] = read;
    co_return ProductDetails{live(std::move(product)), put_together(variants, barcodes)};
}

async::Task<Product> change(Edit<"products.write"> write, http::Path<"id", ProductId> id,
                            http::Body<PatchOf<Product>> patch) {
    return ProductItems::change(write, *id, std::move(*patch));
}

async::Task<http::NoContent> remove(Edit<"products.write"> write, http::Path<"id", ProductId> id) {
    return ProductItems::remove(write, *id);
}

}  // namespace

void product_routes(http::Routes routes) {
    routes.get("/products", list,
               {.id = "listProducts",
                .summary = "Products by name",
                .description = "With `updatedSince`, and without `search`: the earliest change first."});
    routes.post("/products", create,
                {.id = "createProduct", .summary = "Add a product with its variants and barcodes"});
    routes.post("/products/batch", batch,
                {.id = "batchProducts",
                 .summary = "Create, change and delete up to 500 products",
                 .description = "Always 200 when the request could be read; each item has its own status. `data` is a "
                                "NewProduct for `create`, a ProductPatch for `update`. `continue` keeps the "
                                "items that went well, `abort` keeps all or none: then the others say `batch.aborted`.",
                 .options = {.body_limit = max_bulk_bytes}});
    routes.get(
        "/products/export", export_all,
        {.id = "exportProducts",
         .summary = "All products as CSV, by name",
         .description =
             "Of one moment, however long the reading takes: five minutes at most. Of a tenant's exports one runs "
             "in each event loop; another waits ten seconds for it, then it is 503 db.timeout. A file that is cut off "
             "ends "
             "without the last chunk of the transfer.",
         .options = {.deadline = std::chrono::minutes(5), .priority = http::Priority::low}});
    routes.get("/products/{id}", show, {.id = "getProduct", .summary = "One product"});
    routes.patch("/products/{id}", change, {.id = "changeProduct", .summary = "Change a product"});
    routes.del("/products/{id}", remove,
               {.id = "deleteProduct", .summary = "Delete a product with its variants and barcodes"});
}

}  // namespace pos::catalogue
