#include "async/sync.h"
#include "pos/modules/catalogue/new_variants.h"
#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/statements.h"
#include "pos/plumbing/create.h"

namespace pos::catalogue {

namespace {

async::Task<db::Page<Product>> list(auth::Permitted<"products.read">, http::Query<ProductFilter> filter, db::Db db) {
    const auto& [page, category, active, updated_since, search] = *filter;
    if (search) return db.page(product_page_search, page, {*search, category, active, updated_since});
    if (category) return db.page(product_page_of_category, page, *category, active, updated_since);
    if (updated_since) return db.page(product_page_updated, page, *updated_since, active);
    if (active) return db.page(product_page_active, page, *active);
    return db.page(product_page, page);
}

async::Task<http::Rendered<ProductDetails, 201>> create(auth::Permitted<"products.write"> caller, IdempotencyHeader key,
                                                        http::Body<NewProduct> input, db::Db db,
                                                        http::Use<Runtime> runtime) {
    const auto meta = first_version(caller, runtime->now());
    const Product product{input->id.value_or(runtime->new_id<ProductId>()), input->fields, meta};
    const auto made = make_variants(product.id, input->variants, meta, *runtime);

    Creation creation(ProductDetails{product, put_together(made.variants, made.barcodes)}, product.id.uuid(),
                      {"/v1/products", caller, key, input.text, db, runtime});
    auto& batch = creation.batch();
    batch.add(category_lives, product.fields.category_id);
    batch.add(tax_class_lives, product.fields.tax_class_id);
    batch.add(add_product, product);
    add_to(batch, made);
    auto changes = changes_of(made);
    changes.push_back({"products", product.id.uuid()});
    co_return co_await creation.commit(std::move(changes));
}

async::Task<ProductDetails> show(auth::Permitted<"products.read">, http::Path<"id", ProductId> id,
                                 http::Query<ProductParts> parts, db::Db db) {
    if (parts->include.empty()) co_return ProductDetails{live(co_await db.one(product_by_id, *id)), {}};
    auto read = co_await async::when_all(db.one(product_by_id, *id), db.all(variants_of_product, *id),
                                         db.all(barcodes_of_product, *id));
    auto& [product, variants, barcodes] = read;
    co_return ProductDetails{live(std::move(product)), put_together(variants, barcodes)};
}

async::Task<Product> change(auth::Permitted<"products.write"> caller, http::Path<"id", ProductId> id, IfMatch if_match,
                            http::Body<schema::Patch<ProductFields>> patch, db::Db db, http::Use<Runtime> runtime) {
    co_return co_await edit<product_table>(db, *id, {caller, *if_match, runtime->now()},
                                           [&](Product& row, Writes& writes) {
                                               apply(*patch, row.fields);
                                               if (patch->has<&ProductFields::category_id>())
                                                   writes.batch.add(category_lives, row.fields.category_id);
                                               if (patch->has<&ProductFields::tax_class_id>())
                                                   writes.batch.add(tax_class_lives, row.fields.tax_class_id);
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

async::Task<http::NoContent> remove(auth::Permitted<"products.write"> caller, http::Path<"id", ProductId> id,
                                    IfMatch if_match, db::Db db, http::Use<Runtime> runtime) {
    co_await edit<product_table>(db, *id, {caller, *if_match, runtime->now()}, [&](Product& row, Writes& writes) {
        row.meta.deleted_at = runtime->now();
        return delete_children(&writes, row.id, runtime->now());
    });
    co_return http::NoContent{};
}

}  // namespace

void product_routes(http::Routes routes) {
    const std::vector unknown_references{errors::unknown_category, errors::unknown_tax_class};
    auto creation_errors = unknown_references;
    creation_errors.insert(creation_errors.end(), {errors::sku_taken, errors::barcode_taken, errors::id_taken});

    routes.get("/products", list,
               {.id = "listProducts",
                .summary = "Products by name",
                .description = "With `updatedSince` alone: by the time of their last change."});
    routes.post(
        "/products", create,
        {.id = "createProduct", .summary = "Add a product with its variants and barcodes", .errors = creation_errors});
    routes.get("/products/{id}", show,
               {.id = "getProduct", .summary = "One product", .errors = {http::errors::not_found}});
    routes.patch("/products/{id}", change,
                 {.id = "changeProduct", .summary = "Change a product", .errors = unknown_references});
    routes.del("/products/{id}", remove,
               {.id = "deleteProduct", .summary = "Delete a product with its variants and barcodes"});
}

}  // namespace pos::catalogue
