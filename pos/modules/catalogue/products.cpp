#include "async/sync.h"
#include "pos/modules/catalogue/new_variants.h"
#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/bulk.h"

namespace pos::catalogue {

namespace {

async::Task<db::Page<Product>> list(auth::PermittedSomewhere<"products.read">, http::Query<ProductFilter> filter,
                                    db::Db db) {
    const auto& [common, category, active, search] = *filter;
    const auto& [page, updated_since] = common;
    if (search) return db.page(product_page_search, page, {*search, category, active, updated_since});
    if (category) return db.page(product_page_of_category, page, *category, active, updated_since);
    if (updated_since) return db.page(product_page_updated, page, *updated_since, active);
    if (active) return db.page(product_page_active, page, *active);
    return db.page(product_page, page);
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
        changes.push_back({"products", product.id.uuid()});
        return changes;
    }
    void add_to(db::Batch& batch) const {
        batch.add(category_lives, product.fields.category_id);
        batch.add(tax_class_lives, product.fields.tax_class_id);
        batch.add(add_product, product);
        catalogue::add_to(batch, children);
    }
};

MadeProduct make_product(const NewProduct& input, const auth::Caller& caller, Runtime& runtime) {
    const auto meta = first_version(caller, runtime.now());
    const Product product{input.id.value_or(runtime.new_id<ProductId>()), input.fields, meta};
    return {product, make_variants(product.id, input.variants, meta, runtime)};
}

async::Task<Product> change_product(db::Db db, ProductId id, EditRequest request, schema::Patch<ProductFields> patch) {
    co_return co_await edit<product_table>(db, id, request, [&](Product& row, Writes& writes) {
        apply(patch, row.fields);
        if (patch.has<&ProductFields::category_id>()) writes.batch.add(category_lives, row.fields.category_id);
        if (patch.has<&ProductFields::tax_class_id>()) writes.batch.add(tax_class_lives, row.fields.tax_class_id);
    });
}

// Its variants and their barcodes go with it: SKUs and barcodes are free again.
async::Task<void> delete_children(Writes* writes, ProductId id, base::Timestamp now) {
    const auto variants = co_await writes->tx.all(delete_variants_of_product, id, now);
    const auto barcodes = co_await writes->tx.all(delete_barcodes_of_variants, variants, now);
    for (const auto& variant : variants) writes->changes.push_back({"variants", variant.uuid(), ChangeKind::deleted});
    for (const auto& barcode : barcodes)
        writes->changes.push_back({"variant_barcodes", barcode.uuid(), ChangeKind::deleted});
}

async::Task<void> delete_product(db::Db db, ProductId id, EditRequest request) {
    co_await pos::remove<product_table>(db, id, request, [now = request.now](Product& row, Writes& writes) {
        return delete_children(&writes, row.id, now);
    });
}

struct ProductItems {
    using Id = ProductId;
    using New = NewProduct;
    using Fields = ProductFields;

    static async::Task<ProductDetails> create(BulkUnit unit, NewProduct input) {
        const auto made = make_product(input, unit.caller, *unit.runtime);
        auto batch = unit.tx.batch();
        made.add_to(batch);
        co_await batch.commit();
        *unit.changes = made.changes();
        co_return made.details();
    }
    static async::Task<Product> change(const BulkUnit& unit, ProductId id, std::int32_t version,
                                       schema::Patch<ProductFields> patch) {
        return change_product(unit.tx, id, unit.edit_of(version), std::move(patch));
    }
    static async::Task<void> remove(const BulkUnit& unit, ProductId id, std::int32_t version) {
        return delete_product(unit.tx, id, unit.edit_of(version));
    }
};

// ---- Handlers -----------------------------------------------------------------------------------------------------

async::Task<http::Rendered<ProductDetails, 201>> create(auth::PermittedSomewhere<"products.write"> caller,
                                                        IdempotencyHeader key, http::Body<NewProduct> input, db::Db db,
                                                        http::Use<Runtime> runtime) {
    const auto made = make_product(*input, caller, *runtime);
    Creation creation(made.details(), made.product.id.uuid(), {"/v1/products", caller, key, input, db, runtime});
    made.add_to(creation.batch());
    co_return co_await creation.commit(made.changes());
}

async::Task<http::Rendered<BulkReply>> batch(http::Context& context, auth::PermittedSomewhere<"products.write"> caller,
                                             IdempotencyHeader key, BulkBody input, db::Db db,
                                             http::Use<Runtime> runtime) {
    CreationRequest request{"/v1/products/batch", caller, std::move(key), input.body, db, runtime};
    return perform_all<ProductItems>(&context, std::move(input), std::move(request));
}

async::Task<ProductDetails> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", ProductId> id,
                                 http::Query<ProductParts> parts, db::Db db) {
    if (parts->include.empty()) co_return ProductDetails{live(co_await db.one(product_by_id, *id)), {}};
    auto read = co_await async::when_all(db.one(product_by_id, *id), db.all(variants_of_product, *id),
                                         db.all(barcodes_of_product, *id));
    auto& [product, variants, barcodes] = read;
    co_return ProductDetails{live(std::move(product)), put_together(variants, barcodes)};
}

async::Task<Product> change(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", ProductId> id,
                            IfMatch if_match, http::Body<schema::Patch<ProductFields>> patch, db::Db db,
                            http::Use<Runtime> runtime) {
    return change_product(db, *id, {caller, *if_match, runtime->now()}, std::move(*patch));
}

async::Task<http::NoContent> remove(auth::PermittedSomewhere<"products.write"> caller, http::Path<"id", ProductId> id,
                                    IfMatch if_match, db::Db db, http::Use<Runtime> runtime) {
    co_await delete_product(db, *id, {caller, *if_match, runtime->now()});
    co_return http::NoContent{};
}

}  // namespace

void product_routes(http::Routes routes) {
    const std::vector unknown_references{errors::unknown_category, errors::unknown_tax_class};
    auto creation_errors = unknown_references;
    creation_errors.insert(creation_errors.end(), {errors::sku_taken, errors::barcode_taken, errors::id_taken});

    routes.get(
        "/products", list,
        {.id = "listProducts",
         .summary = "Products by name",
         .description = "With `updatedSince`, and neither `search` nor `categoryId`: the earliest change first."});
    routes.post(
        "/products", create,
        {.id = "createProduct", .summary = "Add a product with its variants and barcodes", .errors = creation_errors});
    routes.post("/products/batch", batch,
                {.id = "batchProducts",
                 .summary = "Create, change and delete up to 500 products",
                 .description = "Always 200 when the request could be read; each item has its own status. `data` is a "
                                "NewProduct for `create`, a ProductFieldsPatch for `update`. `continue` keeps the "
                                "items that went well, `abort` keeps all or none: then the others say `batch.aborted`.",
                 .options = {.body_limit = max_bulk_bytes}});
    routes.get("/products/{id}", show,
               {.id = "getProduct", .summary = "One product", .errors = {http::errors::not_found}});
    routes.patch("/products/{id}", change,
                 {.id = "changeProduct", .summary = "Change a product", .errors = unknown_references});
    routes.del("/products/{id}", remove,
               {.id = "deleteProduct", .summary = "Delete a product with its variants and barcodes"});
}

}  // namespace pos::catalogue
