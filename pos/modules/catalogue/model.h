#pragma once
// What clients send to the catalogue and what they get: the rows of tables.h, put together.

#include "pos/modules/catalogue/tables.h"
#include "pos/plumbing/search.h"

namespace pos {

struct NewBarcode {
    std::optional<BarcodeId> id;
    std::string barcode;
    base::Quantity pack_quantity{base::Quantity::scale};

    friend constexpr auto describe(NewBarcode*) {
        return schema::object<NewBarcode>(
            "NewBarcode", schema::field<&NewBarcode::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::field<&NewBarcode::barcode>("barcode", {.format = barcode_format}),
            schema::field<&NewBarcode::pack_quantity>(
                "packQuantity", {.min = 0, .not_zero = true, .defaulted = true, .doc = "Units that one scan sells."}));
    }
};

// A variant within a new product.
struct NewProductVariant {
    std::optional<VariantId> id;
    VariantFields fields;
    std::vector<NewBarcode> barcodes;

    friend constexpr auto describe(NewProductVariant*) {
        return schema::object<NewProductVariant>(
            "NewProductVariant",
            schema::field<&NewProductVariant::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::flatten<&NewProductVariant::fields>(),
            schema::field<&NewProductVariant::barcodes>("barcodes", {.max_items = 20, .defaulted = true}));
    }
};

struct NewProduct {
    std::optional<ProductId> id;
    ProductFields fields;
    std::vector<NewProductVariant> variants;

    friend constexpr auto describe(NewProduct*) {
        return schema::object<NewProduct>(
            "NewProduct", schema::field<&NewProduct::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::flatten<&NewProduct::fields>(),
            schema::field<&NewProduct::variants>("variants", {.max_items = 100, .defaulted = true}));
    }
};

struct NewVariant {
    ProductId product_id;
    NewProductVariant variant;

    friend constexpr auto describe(NewVariant*) {
        return schema::object<NewVariant>("NewVariant", schema::field<&NewVariant::product_id>("productId"),
                                          schema::flatten<&NewVariant::variant>());
    }
};

struct VariantDetails {
    Variant variant;
    std::vector<Barcode> barcodes;

    friend constexpr auto describe(VariantDetails*) {
        return schema::object<VariantDetails>("VariantDetails", schema::flatten<&VariantDetails::variant>(),
                                              schema::field<&VariantDetails::barcodes>("barcodes"));
    }
};

struct ProductDetails {
    Product product;
    schema::Maybe<std::vector<VariantDetails>> variants;

    friend constexpr auto describe(ProductDetails*) {
        return schema::object<ProductDetails>(
            "ProductDetails", schema::flatten<&ProductDetails::product>(),
            schema::field<&ProductDetails::variants>("variants", {.doc = "With `?include=variants`."}));
    }
};

enum class ProductPart : std::uint8_t { variants };
constexpr auto describe(ProductPart*) {
    return schema::enumeration<ProductPart>("ProductPart", {{ProductPart::variants, "variants"}});
}

struct ProductParts {
    std::vector<ProductPart> include;

    friend constexpr auto describe(ProductParts*) {
        return schema::object<ProductParts>(
            "ProductParts", schema::field<&ProductParts::include>(
                                "include", {.max_items = 10, .defaulted = true, .doc = "What else to send."}));
    }
};

inline constexpr schema::PlainRules of_category{.doc = "Products of this category, without those below it."};
inline constexpr schema::PlainRules those_on_sale{.doc = "`true`: what is sold; `false`: what is not sold any more."};

struct ProductFilter {
    SearchFilter found;
    std::optional<CategoryId> category_id;
    std::optional<bool> active;

    friend constexpr auto describe(ProductFilter*) {
        return schema::object<ProductFilter>("ProductFilter", schema::flatten<&ProductFilter::found>(),
                                             schema::field<&ProductFilter::category_id>("categoryId", of_category),
                                             schema::field<&ProductFilter::active>("active", those_on_sale));
    }
};

struct ProductExportFilter {
    std::optional<CategoryId> category_id;
    std::optional<bool> active;
    std::optional<base::Timestamp> updated_since;

    friend constexpr auto describe(ProductExportFilter*) {
        return schema::object<ProductExportFilter>(
            "ProductExportFilter", schema::field<&ProductExportFilter::category_id>("categoryId", of_category),
            schema::field<&ProductExportFilter::active>("active", those_on_sale),
            schema::field<&ProductExportFilter::updated_since>("updatedSince",
                                                               {.doc = "Products that changed then or later."}));
    }
};

struct VariantFilter {
    ListFilter list;
    std::optional<ProductId> product_id;

    friend constexpr auto describe(VariantFilter*) {
        return schema::object<VariantFilter>(
            "VariantFilter", schema::flatten<&VariantFilter::list>(),
            schema::field<&VariantFilter::product_id>("productId", {.doc = "Variants of this product."}));
    }
};

struct BarcodeQuery {
    std::string barcode;

    friend constexpr auto describe(BarcodeQuery*) {
        return schema::object<BarcodeQuery>(
            "BarcodeQuery",
            schema::field<&BarcodeQuery::barcode>("barcode", {.format = barcode_format, .doc = "As it was scanned."}));
    }
};

// All that a till needs to sell what it scanned.
struct ScannedVariant {
    Variant variant;
    std::string barcode;
    base::Quantity pack_quantity;
    std::string product_name;
    SoldBy sold_by = SoldBy::unit;
    bool track_stock = true;
    std::optional<std::string> tax_code;
    std::optional<base::Rate> tax_rate_ppm;
    std::optional<bool> tax_inclusive;

    friend constexpr auto describe(ScannedVariant*) {
        return schema::object<ScannedVariant>(
            "ScannedVariant", schema::flatten<&ScannedVariant::variant>(),
            schema::field<&ScannedVariant::barcode>("barcode"),
            schema::field<&ScannedVariant::pack_quantity>("packQuantity", {.doc = "Units that this scan sells."}),
            schema::field<&ScannedVariant::product_name>("productName"),
            schema::field<&ScannedVariant::sold_by>("soldBy"),
            schema::field<&ScannedVariant::track_stock>("trackStock"),
            schema::field<&ScannedVariant::tax_code>("taxCode"),
            schema::field<&ScannedVariant::tax_rate_ppm>("taxRatePpm", {.doc = "Today's, by the tenant's clock."}),
            schema::field<&ScannedVariant::tax_inclusive>("taxInclusive"));
    }
};

}  // namespace pos
