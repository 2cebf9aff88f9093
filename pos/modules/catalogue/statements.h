#pragma once
// The SQL of the catalogue.

#include "pos/modules/catalogue/events.h"
#include "pos/modules/catalogue/model.h"
#include "pos/modules/tenants/tables.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/search.h"

namespace pos::catalogue {

using db::Compare;

// ---- Categories -------------------------------------------------------------------------------------------------

inline constexpr Collection<tables::categories, OfAllLocations> category_rows{"products.read"};
inline constexpr List<tables::categories, By<&CategoryFields::name>> category_list;

struct ParentState {
    bool known = false;
    bool below = false;  // the parent stands below the category

    friend constexpr auto describe(ParentState*) {
        return schema::object<ParentState>("ParentState", schema::field<&ParentState::known>("known"),
                                           schema::field<&ParentState::below>("below"));
    }
};
// `union`, not `union all`: ends on a circle, should there be one.
inline constexpr db::Query<ParentState(CategoryId, CategoryId)> parent_state{
    {"catalogue.parent_state",
     "with recursive above as ("
     "  select id, parent_id from categories where tenant_id = $1 and id = $3 and deleted_at is null "
     "  union "
     "  select c.id, c.parent_id from categories c join above on c.tenant_id = $1 and c.id = above.parent_id) "
     "select exists (select from above) as known, exists (select from above where id = $2) as below",
     db::Kind::read}};
// Two moves at once could make a circle that neither sees: moves of a tenant take turns.
inline constexpr db::Query<void()> one_move_at_a_time{
    {"catalogue.one_move_at_a_time",
     "select pg_advisory_xact_lock(hashtextextended('categories ' || $1::uuid::text, 0))", db::Kind::write}};
inline constexpr db::Query<bool(CategoryId)> category_in_use{
    {"catalogue.category_in_use",
     "select exists (select from products where tenant_id = $1 and category_id = $2 and deleted_at is null) "
     "  or exists (select from categories where tenant_id = $1 and parent_id = $2 and deleted_at is null) as in_use",
     db::Kind::read}};

// ---- Products ---------------------------------------------------------------------------------------------------

inline constexpr Collection<tables::products, OfAllLocations> product_rows;

// Guards (db/violate.h): what a product refers to is not deleted.
inline constexpr db::Query<void(std::optional<CategoryId>)> category_lives{
    {"catalogue.category_lives",
     "select violate('products_category') where $2::uuid is not null and not exists ("
     "  select from categories where tenant_id = $1 and id = $2 and deleted_at is null for key share)",
     db::Kind::write}};
inline constexpr db::Query<void(std::optional<TaxClassId>)> tax_class_lives{
    {"catalogue.tax_class_lives",
     "select violate('products_tax_class') where $2::uuid is not null and not exists ("
     "  select from tax_classes where tenant_id = $1 and id = $2 and deleted_at is null for key share)",
     db::Kind::write}};

// A picture that is ready is one to show.
inline constexpr db::Query<void(std::optional<ImageId>)> product_image_lives{
    {"catalogue.product_image_lives",
     "select violate('products_image') where $2::uuid is not null and not exists ("
     "  select from images where tenant_id = $1 and id = $2 and status = 'ready' and deleted_at is null for key share)",
     db::Kind::write}};
inline constexpr db::Query<void(std::optional<ImageId>)> category_image_lives{
    {"catalogue.category_image_lives",
     "select violate('categories_image') where $2::uuid is not null and not exists ("
     "  select from images where tenant_id = $1 and id = $2 and status = 'ready' and deleted_at is null for key share)",
     db::Kind::write}};

// A product changes with its variants, and a variant with its barcodes. Refuses a parent that is deleted.
inline constexpr db::Query<void(ProductId, base::Timestamp)> touch_product{
    {"catalogue.touch_product",
     "with touched as ("
     "  update products set version = " POS_NEXT_VERSION(
         "version") ", updated_at = $3 "
                    "  where tenant_id = $1 and id = $2 and deleted_at is null returning id) "
                    "select violate('variants_product') where not exists (select from touched)",
     db::Kind::write}};
inline constexpr db::Query<void(VariantId, base::Timestamp)> touch_variant{
    {"catalogue.touch_variant",
     "with touched as ("
     "  update variants set version = " POS_NEXT_VERSION(
         "version") ", updated_at = $3 "
                    "  where tenant_id = $1 and id = $2 and deleted_at is null returning id) "
                    "select violate('variant_barcodes_variant') where not exists (select from touched)",
     db::Kind::write}};

inline constexpr List<tables::products, By<&ProductFields::name>, Search, Where<&ProductFields::category_id>,
                      Where<&ProductFields::active>>
    product_list;

// All of them in one statement that is seldom run: the filters sieve.
inline constexpr db::Query<Product(std::optional<CategoryId>, std::optional<bool>, std::optional<base::Timestamp>)>
    product_export{{"catalogue.product_export",
                    "select id, name, description, category_id, brand, sold_by, tax_class_id, track_stock, active, "
                    "image_id, image_url, version, created_at, updated_at, deleted_at, created_by, origin_device_id "
                    "from products where tenant_id = $1 and deleted_at is null "
                    "and ($2::uuid is null or category_id = $2) and ($3::boolean is null or active = $3) "
                    "and ($4::timestamptz is null or updated_at >= $4) order by name, id",
                    db::Kind::read}};

// ---- Variants ---------------------------------------------------------------------------------------------------

inline constexpr Collection<tables::variants, OfAllLocations> variant_rows{"products.read"};
inline constexpr auto add_variants = db::insert_all<tables::variants>("catalogue.add_variants");
inline constexpr List<tables::variants, By<&VariantFields::name>, Where<&Variant::product_id>> variant_list;
inline constexpr auto variants_of_product = db::select<tables::variants>()
                                                .where<&Variant::product_id>()
                                                .where<&RowMeta::deleted_at, Compare::is_null>()
                                                .order_by<&VariantFields::name, &Variant::id>()
                                                .named("catalogue.variants_of_product");
// As what is told of them.
inline constexpr db::Query<VariantTold(ProductId, base::Timestamp)> delete_variants_of_product{
    {"catalogue.delete_variants_of_product",
     "update variants set deleted_at = $3, updated_at = $3, version = " POS_NEXT_VERSION(
         "version") " "
                    "where tenant_id = $1 and product_id = $2 and deleted_at is null "
                    "returning id, product_id, name, sku, unit, price, active, version",
     db::Kind::write}};

// ---- Barcodes ---------------------------------------------------------------------------------------------------

inline constexpr auto add_barcodes = db::insert_all<tables::variant_barcodes>("catalogue.add_barcodes");
inline constexpr Collection<tables::variant_barcodes, OfAllLocations> barcode_rows{"products.read"};
inline constexpr auto barcodes_of_variant = db::select<tables::variant_barcodes>()
                                                .where<&Barcode::variant_id>()
                                                .where<&RowMeta::deleted_at, Compare::is_null>()
                                                .order_by<&Barcode::barcode>()
                                                .named("catalogue.barcodes_of_variant");
inline constexpr db::Query<Barcode(ProductId)> barcodes_of_product{
    {"catalogue.barcodes_of_product",
     "select b.id, b.variant_id, b.barcode, b.pack_quantity, b.version, b.created_at, b.updated_at, b.deleted_at, "
     "b.created_by, b.origin_device_id "
     "from variants v join variant_barcodes b on b.tenant_id = $1 and b.variant_id = v.id "
     "where v.tenant_id = $1 and v.product_id = $2 and v.deleted_at is null and b.deleted_at is null order by "
     "b.barcode"}};
inline constexpr db::Query<BarcodeId(std::vector<VariantId>, base::Timestamp)> delete_barcodes_of_variants{
    {"catalogue.delete_barcodes_of_variants",
     "update variant_barcodes set deleted_at = $3, updated_at = $3, version = " POS_NEXT_VERSION(
         "version") " "
                    "where tenant_id = $1 and variant_id = any($2) and deleted_at is null returning id",
     db::Kind::write}};

// The tenant's day decides which tax rate holds.
inline constexpr db::Query<ScannedVariant(std::string, base::Timestamp)> scanned{
    {"catalogue.scanned",
     "select v.id, v.product_id, v.name, v.sku, v.unit, v.price, v.cost, v.reorder_level, "
     "  v.active and p.active as active, "
     "  v.version, v.created_at, v.updated_at, v.deleted_at, v.created_by, v.origin_device_id, "
     "  b.barcode, b.pack_quantity, p.name as product_name, p.sold_by, p.track_stock, "
     "  t.code as tax_code, r.rate_ppm as tax_rate_ppm, r.inclusive as tax_inclusive "
     "from variant_barcodes b "
     "join variants v on v.tenant_id = $1 and v.id = b.variant_id "
     "join products p on p.tenant_id = $1 and p.id = v.product_id "
     "join tenants shop on shop.id = $1 "
     "left join tax_classes t on t.tenant_id = $1 and t.id = p.tax_class_id "
     "left join lateral ("
     "  select rate_ppm, inclusive from tax_rates "
     "  where tenant_id = $1 and tax_class_id = t.id and deleted_at is null "
     "    and valid_from <= ($3::timestamptz at time zone shop.time_zone)::date "
     "    and (valid_to is null or valid_to > ($3::timestamptz at time zone shop.time_zone)::date) "
     "  order by valid_from desc limit 1) r on true "
     "where b.tenant_id = $1 and b.barcode = $2 and b.deleted_at is null and v.deleted_at is null and p.deleted_at is "
     "null"}};

}  // namespace pos::catalogue
