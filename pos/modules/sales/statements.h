#pragma once
// The SQL of the sales module.

#include "db/query.h"
#include "pos/modules/sales/ring_up.h"

namespace pos::sales {

// What the catalogue, the tax table and the shelf say about these variants, on that day, at that location.
inline constexpr db::Query<CatalogueEntry(std::vector<VariantId>, LocationId, base::Date)> catalogue{
    {"sales.catalogue",
     "select v.id as variant_id, v.price, v.cost, p.track_stock, t.code as tax_code, r.rate_ppm as tax_rate_ppm, "
     "r.inclusive as tax_inclusive, l.on_hand "
     "from variants v "
     "join products p on p.tenant_id = v.tenant_id and p.id = v.product_id "
     "left join tax_classes t on t.tenant_id = p.tenant_id and t.id = p.tax_class_id "
     "left join lateral ("
     "  select rate_ppm, inclusive from tax_rates "
     "  where tenant_id = $1 and tax_class_id = t.id and deleted_at is null and valid_from <= $4 and (valid_to is null "
     "or valid_to > $4) "
     "  order by valid_from desc limit 1) r on true "
     "left join stock_levels l on l.tenant_id = v.tenant_id and l.location_id = $3 and l.variant_id = v.id "
     "where v.tenant_id = $1 and v.id = any($2)"}};

inline constexpr auto tenant = db::find<tables::tenants>("sales.tenant");

// Whether this user is a member.
inline constexpr db::Query<bool(UserId)> is_member{
    {"sales.is_member", "select exists (select from memberships where tenant_id = $1 and user_id = $2) as is_member"}};

inline constexpr db::Query<std::string(LocationId)> next_receipt{
    {"sales.next_receipt",
     "update location_counters c set last_receipt = c.last_receipt + 1 from locations l "
     "where c.tenant_id = $1 and c.location_id = $2 and l.tenant_id = c.tenant_id and l.id = c.location_id "
     "returning l.code || '-S-' || lpad(c.last_receipt::text, 6, '0') as receipt_number",
     db::Kind::write}};

// Raises, and so ends the batch, when one of these levels is below zero now.
inline constexpr db::Query<void(LocationId, std::vector<VariantId>)> require_stock{
    {"sales.require_stock", "select from stock_required($2, $3) where $1 is not null", db::Kind::write}};

inline constexpr auto add = db::insert<tables::sales>("sales.add");
inline constexpr auto add_lines = db::insert_all<tables::sale_lines>("sales.add_lines");
inline constexpr auto add_taxes = db::insert_all<tables::sale_taxes>("sales.add_taxes");
inline constexpr auto add_payments = db::insert_all<tables::payments>("sales.add_payments");

inline constexpr auto by_id = db::find<tables::sales>("sales.by_id");
inline constexpr auto by_client_request =
    db::select<tables::sales>().where<&SaleRow::client_request_id>().named("sales.by_client_request");
inline constexpr auto lines_of =
    db::select<tables::sale_lines>().where<&SaleLineRow::sale_id>().order_by<&SaleLineRow::line_number>().named(
        "sales.lines_of");
inline constexpr auto taxes_of = db::select<tables::sale_taxes>()
                                     .where<&SaleTaxRow::sale_id>()
                                     .order_by<&SaleTaxRow::tax_code, &SaleTaxRow::tax_rate_ppm>()
                                     .named("sales.taxes_of");
inline constexpr auto payments_of =
    db::select<tables::payments>().where<&PaymentRow::sale_id>().order_by<&PaymentRow::id>().named("sales.payments_of");

inline constexpr auto recorded_since =
    db::select<tables::sales>().where<&SaleRow::recorded_at, db::Compare::at_least>();
inline constexpr auto page =
    recorded_since.order_by_descending<&SaleRow::recorded_at, &SaleRow::id>().page("sales.page", "sales.page_after");
inline constexpr auto page_of_location =
    recorded_since.where<&SaleRow::location_id>().order_by_descending<&SaleRow::recorded_at, &SaleRow::id>().page(
        "sales.page_of_location", "sales.page_of_location_after");

}  // namespace pos::sales
