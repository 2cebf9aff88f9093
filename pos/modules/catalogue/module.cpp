#include "pos/modules/catalogue/module.h"

#include "pos/modules/catalogue/routes.h"
#include "pos/modules/catalogue/search.h"
#include "pos/modules/catalogue/statements.h"

namespace pos {

namespace {

void routes(http::Routes routes) {
    catalogue::category_routes(routes);
    catalogue::product_routes(routes);
    catalogue::variant_routes(routes);
}

std::vector<db::StatementView> statements() {
    using namespace catalogue;
    return db::statements(category_rows, category_list, parent_state, one_move_at_a_time, category_in_use, product_rows,
                          category_lives, tax_class_lives, touch_product, touch_variant, product_page,
                          product_page_active, product_page_of_category, product_page_updated, product_page_search,
                          variant_rows, add_variants, variant_list, variants_of_product, delete_variants_of_product,
                          barcode_rows, add_barcodes, barcodes_of_variant, barcodes_of_product,
                          delete_barcodes_of_variants, scanned);
}

}  // namespace

app::Module catalogue_module() {
    return {
        .name = "catalogue",
        .doc = "Categories, products, variants, barcodes.",
        .tables = {tables::categories.view(), tables::products.view(), tables::variants.view(),
                   tables::variant_barcodes.view()},
        .database_objects = {{"pg_trgm", "create extension if not exists pg_trgm", "drop extension pg_trgm",
                              db::SqlObject::Stage::before_tables},
                             {"search_products", search_products_sql,
                              "drop function search_products(text, uuid, boolean, timestamptz, text, uuid, integer)"}},
        .statements = statements(),
        .routes = routes,
        .errors = {errors::unknown_category, errors::category_cycle, errors::category_in_use, errors::unknown_product,
                   errors::unknown_variant, errors::sku_taken, errors::barcode_taken}};
}

}  // namespace pos
