#include "pos/modules/catalogue/module.h"

#include "pos/modules/catalogue/events.h"
#include "pos/modules/catalogue/rewrite_urls.h"
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
    auto all = db::statements(category_rows, category_list, parent_state, one_move_at_a_time, category_in_use,
                              product_rows, category_lives, tax_class_lives, product_image_lives, category_image_lives,
                              touch_product, touch_variant, product_list, product_export, variant_rows, add_variants,
                              variant_list, variants_of_product, delete_variants_of_product, barcode_rows, add_barcodes,
                              barcodes_of_variant, barcodes_of_product, delete_barcodes_of_variants, scanned);
    for (const auto& statement : rewrite_urls_statements()) all.push_back(statement);
    return all;
}

constexpr std::string_view product_example =
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091","name":"Sugar","description":null,"categoryId":null,"brand":"Mumias",)"
    R"("soldBy":"unit","taxClassId":null,"trackStock":true,"active":true,"imageId":null,"imageUrl":null,"version":1,)"
    R"("createdAt":"2026-11-22T06:14:03.120Z","updatedAt":"2026-11-22T06:14:03.120Z"})";
constexpr std::string_view variant_example =
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8092","productId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091",)"
    R"("name":"Sugar 1kg","sku":"SUGAR-1KG","unit":"pc","price":15000,"active":true,"version":1})";

std::vector<app::WebhookEventType> told_events() {
    return {
        app::webhook_event<&Product::id>(product_created, {"A product was added", product_example}),
        app::webhook_event<&Product::id>(
            product_changed,
            {"A product was changed, or a variant, a price, a barcode or the picture of it", product_example}),
        app::webhook_event<&Product::id>(product_deleted,
                                         {"A product was deleted, with its variants", product_example}),
        app::webhook_event<&VariantTold::id>(variant_created, {"A variant was added to a product", variant_example}),
        app::webhook_event<&VariantTold::id>(variant_changed, {"A variant or its price was changed", variant_example}),
        app::webhook_event<&VariantTold::id>(variant_deleted, {"A variant was deleted", variant_example})};
}

}  // namespace

app::Module catalogue_module() {
    return {.name = "catalogue",
            .doc = "Categories, products, variants, barcodes.",
            .tables = {tables::categories.view(), tables::products.view(), tables::variants.view(),
                       tables::variant_barcodes.view()},
            .database_objects = catalogue::product_list.objects(),
            .statements = statements(),
            .routes = routes,
            .webhooks = told_events()};
}

}  // namespace pos
