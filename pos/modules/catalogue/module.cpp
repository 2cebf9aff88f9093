#include "pos/modules/catalogue/module.h"

#include "pos/modules/catalogue/routes.h"
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
                          category_lives, tax_class_lives, product_image_lives, category_image_lives, touch_product,
                          touch_variant, product_list, product_export, variant_rows, add_variants, variant_list,
                          variants_of_product, delete_variants_of_product, barcode_rows, add_barcodes,
                          barcodes_of_variant, barcodes_of_product, delete_barcodes_of_variants, scanned);
}

}  // namespace

app::Module catalogue_module() {
    return {.name = "catalogue",
            .doc = "Categories, products, variants, barcodes.",
            .tables = {tables::categories.view(), tables::products.view(), tables::variants.view(),
                       tables::variant_barcodes.view()},
            .database_objects = catalogue::product_list.objects(),
            .statements = statements(),
            .routes = routes};
}

}  // namespace pos
