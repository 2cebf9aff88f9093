#pragma once
// What the shop sells: categories, products, their variants (what is priced, stocked and sold) and the variants' barcodes.

#include <algorithm>

#include "db/error.h"
#include "pos/modules/images/tables.h"
#include "pos/modules/taxes/tables.h"
#include "pos/plumbing/rich_text.h"

namespace pos {

using CategoryId = base::Id<struct CategoryTag>;
using ProductId = base::Id<struct ProductTag>;
using VariantId = base::Id<struct VariantTag>;
using BarcodeId = base::Id<struct BarcodeTag>;

namespace errors {
inline constexpr auto unknown_category = base::invalid("category.unknown", "There is no such category");
inline constexpr auto category_cycle = base::invalid("category.cycle", "A category cannot stand below itself");
inline constexpr auto category_in_use =
    base::conflict("category.in_use", "Products or categories stand below this category");
inline constexpr auto unknown_product = base::invalid("product.unknown", "There is no such product");
inline constexpr auto unknown_variant = base::invalid("variant.unknown", "There is no such variant");
inline constexpr auto sku_taken = base::conflict("variant.sku_taken", "Another variant has this SKU");
inline constexpr auto barcode_taken = base::conflict("variant.barcode_taken", "Another variant has this barcode");
}  // namespace errors

enum class SoldBy : std::uint8_t { unit, weight, length, volume };
constexpr auto describe(SoldBy*) {
    return schema::enumeration<SoldBy>(
        "SoldBy",
        {{SoldBy::unit, "unit"}, {SoldBy::weight, "weight"}, {SoldBy::length, "length"}, {SoldBy::volume, "volume"}});
}

struct CategoryFields {
    std::optional<CategoryId> parent_id;
    std::string name;
    std::int32_t sort = 0;
    std::optional<std::string> colour;
    std::optional<ImageId> image_id;

    friend constexpr auto describe(CategoryFields*) {
        return schema::object<CategoryFields>(
            "Category", schema::field<&CategoryFields::parent_id>("parentId"),
            schema::field<&CategoryFields::name>("name",
                                                 {.min_length = 1, .max_length = 80, .text = schema::Text::name}),
            schema::field<&CategoryFields::sort>("sort", {.min = -1'000'000, .max = 1'000'000, .defaulted = true}),
            schema::field<&CategoryFields::colour>(
                "colour", {.pattern = "#[0-9a-fA-F]{6}", .text = schema::Text::raw, .example = R"("#e63946")"}),
            schema::field<&CategoryFields::image_id>("imageId", {.doc = "Made by `POST /v1/images`."}));
    }
};

inline constexpr schema::StringRules public_picture{
    .text = schema::Text::raw,
    .doc =
        "Public, of 320 pixels, WebP, made of `imageId`. For another size or JPEG replace its last part: `96.webp`, "
        "`960.jpg`."};

struct Category {
    CategoryId id;
    CategoryFields fields;
    std::optional<std::string> image_url;
    RowMeta meta;

    friend constexpr auto describe(Category*) {
        return schema::object<Category>(
            "Category", schema::field<&Category::id>("id"), schema::flatten<&Category::fields>(),
            schema::field<&Category::image_url>("imageUrl", public_picture), schema::flatten<&Category::meta>());
    }
};

struct ProductFields {
    std::string name;
    std::optional<std::string> description;
    std::optional<CategoryId> category_id;
    std::optional<std::string> brand;
    SoldBy sold_by = SoldBy::unit;
    std::optional<TaxClassId> tax_class_id;
    bool track_stock = true;
    bool active = true;
    std::optional<ImageId> image_id;

    friend constexpr auto describe(ProductFields*) {
        return schema::object<ProductFields>(
            "Product",
            schema::field<&ProductFields::name>(
                "name", {.min_length = 1, .max_length = 200, .text = schema::Text::name, .example = R"("Sugar")"}),
            schema::field<&ProductFields::description>(
                "description",
                {.max_length = 4'000, .format = rich_text, .text = schema::Text::free, .doc = rich_text_doc}),
            schema::field<&ProductFields::category_id>("categoryId"),
            schema::field<&ProductFields::brand>("brand", {.max_length = 80, .text = schema::Text::name}),
            schema::field<&ProductFields::sold_by>("soldBy", {.defaulted = true}),
            schema::field<&ProductFields::tax_class_id>("taxClassId"),
            schema::field<&ProductFields::track_stock>("trackStock", {.defaulted = true}),
            schema::field<&ProductFields::active>("active", {.defaulted = true}),
            schema::field<&ProductFields::image_id>("imageId", {.doc = "Made by `POST /v1/images`."}));
    }
};

struct Product {
    ProductId id;
    ProductFields fields;
    std::optional<std::string> image_url;
    RowMeta meta;

    friend constexpr auto describe(Product*) {
        return schema::object<Product>(
            "Product", schema::field<&Product::id>("id"), schema::flatten<&Product::fields>(),
            schema::field<&Product::image_url>("imageUrl", public_picture), schema::flatten<&Product::meta>());
    }
};

struct VariantFields {
    std::string name;
    std::optional<std::string> sku;
    std::string unit = "pc";
    base::Money price;
    std::optional<base::Money> cost;
    std::optional<base::Quantity> reorder_level;
    bool active = true;

    friend constexpr auto describe(VariantFields*) {
        return schema::object<VariantFields>(
            "Variant",
            schema::field<&VariantFields::name>(
                "name", {.min_length = 1, .max_length = 200, .text = schema::Text::name, .example = R"("Sugar 1kg")"}),
            schema::field<&VariantFields::sku>("sku",
                                               {.min_length = 1, .max_length = 64, .text = schema::Text::identifier}),
            schema::field<&VariantFields::unit>(
                "unit", {.min_length = 1, .max_length = 16, .text = schema::Text::name, .defaulted = true}),
            schema::field<&VariantFields::price>("price", {.min = 0,
                                                           .max = 1'000'000'000'000,
                                                           .doc = "Selling price of one unit, minor units; whether it "
                                                                  "holds the tax is the tax rate's `inclusive`."}),
            schema::field<&VariantFields::cost>("cost",
                                                {.min = 0, .max = 1'000'000'000'000, .permission = "costs.read"}),
            schema::field<&VariantFields::reorder_level>("reorderLevel", {.min = 0}),
            schema::field<&VariantFields::active>("active", {.defaulted = true}));
    }
};

struct Variant {
    VariantId id;
    ProductId product_id;
    VariantFields fields;
    RowMeta meta;

    friend constexpr auto describe(Variant*) {
        return schema::object<Variant>("Variant", schema::field<&Variant::id>("id"),
                                       schema::field<&Variant::product_id>("productId"),
                                       schema::flatten<&Variant::fields>(), schema::flatten<&Variant::meta>());
    }
};

// What scanners read: EAN, UPC, Code 128, and whatever a shop prints itself.
[[nodiscard]] constexpr bool is_barcode(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}
inline constexpr schema::OwnFormat barcode_format{
    "barcode", &is_barcode, "1 to 64 printable ASCII characters without a space", "^[!-~]{1,64}$"};

struct Barcode {
    BarcodeId id;
    VariantId variant_id;
    std::string barcode;
    base::Quantity pack_quantity{base::Quantity::scale};
    RowMeta meta;

    friend constexpr auto describe(Barcode*) {
        return schema::object<Barcode>(
            "Barcode", schema::field<&Barcode::id>("id"), schema::field<&Barcode::variant_id>("variantId"),
            schema::field<&Barcode::barcode>("barcode", {.format = barcode_format}),
            schema::field<&Barcode::pack_quantity>(
                "packQuantity", {.min = 0, .not_zero = true, .defaulted = true, .doc = "Units that one scan sells."}),
            schema::flatten<&Barcode::meta>());
    }
};

namespace tables {
inline constexpr auto categories = db::tenant_table<Category>(
    "categories", db::primary_key<&Category::id>(errors::id_taken),
    db::references<&CategoryFields::image_id>("categories_image", images, errors::unknown_image),
    db::check("categories_parent", "parent_id <> id", errors::category_cycle),
    db::index<&CategoryFields::parent_id>("categories_of_parent"),
    db::index<&CategoryFields::image_id>("categories_of_image").where("image_id is not null"),
    db::index<&CategoryFields::name, &Category::id>("categories_name"),
    db::index<&RowMeta::updated_at, &Category::id>("categories_updated"));
inline constexpr auto products = db::tenant_table<Product>(
    "products", db::primary_key<&Product::id>(errors::id_taken),
    db::references<&ProductFields::category_id>("products_category", categories, errors::unknown_category),
    db::references<&ProductFields::tax_class_id>("products_tax_class", tax_classes, errors::unknown_tax_class),
    db::references<&ProductFields::image_id>("products_image", images, errors::unknown_image),
    db::index<&ProductFields::image_id>("products_of_image").where("image_id is not null"),
    db::index<&ProductFields::name, &Product::id>("products_name"),
    db::index<&ProductFields::category_id, &ProductFields::name, &Product::id>("products_of_category"),
    db::index<&RowMeta::updated_at, &Product::id>("products_updated"),
    db::text_index<&ProductFields::name>("products_search"));
inline constexpr auto variants = db::tenant_table<Variant>(
    "variants", db::primary_key<&Variant::id>(errors::id_taken), db::no_delete(),
    db::unique<&VariantFields::sku>("variants_sku", errors::sku_taken).where("deleted_at is null").ignoring_case(),
    db::references<&Variant::product_id>("variants_product", products, errors::unknown_product),
    db::check("variants_numbers", "reorder_level <> 'NaN'", db::errors::value_refused),
    db::index<&Variant::product_id, &VariantFields::name, &Variant::id>("variants_of_product"),
    db::index<&VariantFields::name, &Variant::id>("variants_name"),
    db::index<&RowMeta::updated_at, &Variant::id>("variants_updated"));
inline constexpr auto variant_barcodes = db::tenant_table<Barcode>(
    "variant_barcodes", db::primary_key<&Barcode::id>(errors::id_taken),
    db::unique<&Barcode::barcode>("variant_barcodes_barcode", errors::barcode_taken).where("deleted_at is null"),
    db::references<&Barcode::variant_id>("variant_barcodes_variant", variants, errors::unknown_variant),
    db::check("variant_barcodes_numbers", "pack_quantity <> 'NaN'", db::errors::value_refused),
    db::index<&Barcode::variant_id>("variant_barcodes_of_variant"));
}  // namespace tables

}  // namespace pos
