#pragma once
// The SQL of the sales module.

#include "pos/modules/sales/phone_payments.h"
#include "pos/modules/sales/ring_up.h"
#include "pos/plumbing/list.h"

namespace pos::sales {

// Without lines, taxes and payments, as in a list.
inline constexpr SyncedRows<tables::sales, OfLocation<&SaleRow::location_id>> sale_rows;

// What the catalogue, the tax table and the shelf say about these variants, on that day, at that location.
// The tenant's day decides which tax rate holds, as where a barcode is looked up. The level by a subquery, which can but look up
// one row by its key: joined, the planner reads every level of a small shop's location.
inline constexpr db::Query<CatalogueEntry(std::vector<VariantId>, LocationId, base::Timestamp)> catalogue{
    {"sales.catalogue",
     "select v.id as variant_id, v.price, v.cost, p.track_stock, t.code as tax_code, r.rate_ppm as tax_rate_ppm, "
     "r.inclusive as tax_inclusive, (select nullif(on_hand, 'NaN') from stock_levels "
     "  where tenant_id = $1 and location_id = $3 and variant_id = v.id) as on_hand "
     "from variants v "
     "join products p on p.tenant_id = v.tenant_id and p.id = v.product_id "
     "join tenants shop on shop.id = $1 "
     "left join tax_classes t on t.tenant_id = p.tenant_id and t.id = p.tax_class_id "
     "left join lateral ("
     "  select rate_ppm, inclusive from tax_rates "
     "  where tenant_id = $1 and tax_class_id = t.id and deleted_at is null "
     "    and valid_from <= ($4::timestamptz at time zone shop.time_zone)::date "
     "    and (valid_to is null or valid_to > ($4::timestamptz at time zone shop.time_zone)::date) "
     "  order by valid_from desc limit 1) r on true "
     "where v.tenant_id = $1 and v.id = any($2)"}};

inline constexpr auto tenant = db::find<tables::tenants>("sales.tenant");

// Whether this user is a member.
inline constexpr db::Query<bool(UserId)> is_member{
    {"sales.is_member", "select exists (select from memberships where tenant_id = $1 and user_id = $2) as is_member"}};

// No number when there is no such location. `shown`: a receipt that a till printed of its own accord says it, too.
struct ServerNumber {
    std::optional<std::string> receipt_number;
    bool shown = false;

    friend constexpr auto describe(ServerNumber*) {
        return schema::object<ServerNumber>("ServerNumber",
                                            schema::field<&ServerNumber::receipt_number>("receiptNumber"),
                                            schema::field<&ServerNumber::shown>("shown"));
    }
};
inline constexpr db::Query<ServerNumber(LocationId)> next_receipt{
    {"sales.next_receipt",
     "select receipt_number, exists (select from sales where tenant_id = $1 and receipt_number = next.receipt_number "
     "and " POS_FIRST_OF_RECEIPT ") as shown from next_receipt_number($2) as next (receipt_number)",
     db::Kind::write}};

// What a till's own receipt numbers begin with.
inline constexpr db::Query<TillPlace(LocationId, DeviceId)> till_place{
    {"sales.till_place",
     "select l.code as location_code, d.device_number, d.location_id from locations l join devices d on d.tenant_id = "
     "$1 and d.id = "
     "$3 "
     "where l.tenant_id = $1 and l.id = $2"}};

// Whether a sale other than that of the request has it. What is known by then: two at once meet at the unique key.
inline constexpr db::Query<bool(std::string, base::Uuid)> receipt_taken{
    {"sales.receipt_taken",
     "select exists (select from sales where tenant_id = $1 and receipt_number = $2 and client_request_id <> $3 "
     "and " POS_FIRST_OF_RECEIPT ") as taken"}};

// The payments that bear one of these codes. The methods are named, so that the unique key serves: it begins with them.
inline constexpr db::Query<UsedReference(std::vector<std::string>)> used_references{
    {"sales.used_references",
     "select method, coalesce(external_ref, '') as code from payments where tenant_id = $1 "
     "and method in ('mpesa', 'other', 'card', 'bank', 'cash', 'voucher') and external_ref = any($2)"}};

// Sales that bear one code take turns, whatever their methods: the unique key knows of one method alone. In the codes' order, so that
// none waits in a circle.
inline constexpr db::Query<void(std::vector<std::string>)> lock_codes{
    {"sales.lock_codes",
     "select pg_advisory_xact_lock(hashtextextended('payment code ' || $1::uuid::text || code, 0)) "
     "from (select distinct code from unnest($2::text[]) as code order by code) ordered",
     db::Kind::write}};
// Behind lock_codes: ends the batch when a payment bears one of these codes that the sale was rung up without knowing of.
inline constexpr db::Query<void(std::vector<std::string>, std::vector<UsedReference>)> refuse_other_uses{
    {"sales.refuse_other_uses",
     "select violate('payments_reference') where exists (select from payments p where p.tenant_id = $1 "
     "and p.method in ('mpesa', 'other', 'card', 'bank', 'cash', 'voucher') and p.external_ref = any($2) and not "
     "exists "
     "(select from unnest($3::text[], $4::text[]) as known (method, code) "
     "where known.method = p.method and known.code = p.external_ref))",
     db::Kind::write}};

// The intents that a sale is paid with, as they are before it is recorded.
inline constexpr db::Query<KnownIntent(std::vector<base::Uuid>, base::Uuid)> known_intents{
    {"sales.known_intents",
     "select i.id, i.purpose, i.amount, i.currency, i.receipt_code, i.location_id, " POS_INTENT_PAYS(
         "i") " as has_paid, i.state = 'refunded' as is_refunded, "
              "exists (select from payments p "
              "  join sales s on s.tenant_id = $1 and s.id = p.sale_id where p.tenant_id = $1 and p.intent_id = i.id "
              "  and s.client_request_id <> $3) as is_used "
              "from payment_intents i where i.tenant_id = $1 and i.id = any($2)"}};
// Money that comes in meanwhile waits for the sale, and finds it then; in the order of the ids.
inline constexpr db::Query<void(std::vector<base::Uuid>)> lock_intents{
    {"sales.lock_intents", "select from payment_intents where tenant_id = $1 and id = any($2) order by id for share",
     db::Kind::write}};
// Behind lock_intents: ends the batch when one of them was paid since the sale was rung up, or began to go back.
inline constexpr db::Query<void(std::vector<base::Uuid>, std::vector<base::Uuid>, std::vector<base::Uuid>)>
    refuse_moved_intents{
        {"sales.refuse_moved_intents",
         "select violate('payments_intent') where exists (select from payment_intents i where i.tenant_id = $1 "
         "and i.id = any($2) and (" POS_INTENT_PAYS(
             "i") " <> (i.id = any($3)) or i.state = 'refunded' and i.id <> all($4)))",
         db::Kind::write}};

// Their money came late and was to go back; now it has what it was for.
inline constexpr db::Query<void(std::vector<base::Uuid>, base::Timestamp)> finish_refund_tasks{
    {"sales.finish_refund_tasks",
     "update payment_refund_tasks set state = 'done', closed_at = $3, note = 'its sale came' "
     "where tenant_id = $1 and intent_id = any($2) and state = 'open'",
     db::Kind::write}};

// Raises, and so ends the batch, when one of these levels is below zero now.
inline constexpr db::Query<void(LocationId, std::vector<VariantId>)> require_stock{
    {"sales.require_stock", "select from stock_required($2, $3) where $1 is not null", db::Kind::write}};

// Those of these variants of which less is on the shelf than is taken.
inline constexpr db::Query<VariantId(LocationId, std::vector<StockDelta>)> short_of_stock{
    {"sales.short_of_stock",
     "select taken.variant_id from unnest($3::uuid[], $4::uuid[], $5::numeric[]) as taken (variant_id, level_id, "
     "quantity) "
     "join variants v on v.tenant_id = $1 and v.id = taken.variant_id "
     "join products p on p.tenant_id = $1 and p.id = v.product_id and p.track_stock "
     "left join stock_levels l on l.tenant_id = $1 and l.location_id = $2 and l.variant_id = taken.variant_id "
     "where coalesce(l.on_hand, 0) + taken.quantity < 0"}};

inline constexpr db::Query<PaymentId(std::vector<PaymentId>)> known_payments{
    {"sales.known_payments", "select id from payments where tenant_id = $1 and id = any($2)"}};

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

inline constexpr List<tables::sales, Newest<&SaleRow::recorded_at>, AtLeast<&SaleRow::recorded_at>,
                      Where<&SaleRow::location_id>>
    newest;

// Not by the builder, which compares no item of an array. `flags <> '{}'` is what the index sales_flagged asks for.
#define POS_FLAGGED_SQL                                                                                               \
    "select id, location_id, register_id, shift_id, device_id, device_seq, receipt_number, client_request_id, kind, " \
    "status, original_sale_id, customer_id, cashier_id, subtotal, discount_total, exclusive_tax_total, tax_total, "   \
    "cash_rounding, total, paid_total, change_given, credit_total, tax_rounding, flags, occurred_at, "                \
    "device_occurred_at, recorded_at, business_day, late, note, payload_hash, extra, version, created_by "            \
    "from sales where tenant_id = $1 and recorded_at >= $2 and flags <> '{}' and $3 = any(flags) "
#define POS_NEWEST_FIRST "order by recorded_at desc, id desc "
inline constexpr auto newest_first = &db::detail::key_of_row<SaleRow, &SaleRow::recorded_at, &SaleRow::id>;
inline constexpr db::PageQuery<SaleRow, std::tuple<base::Timestamp, SaleId>, base::Timestamp, std::string> flagged_page{
    {{"sales.flagged_page", POS_FLAGGED_SQL POS_NEWEST_FIRST "limit $4::int"}},
    {{"sales.flagged_page_after",
      POS_FLAGGED_SQL "and (recorded_at, id) < ($4, $5) " POS_NEWEST_FIRST "limit $6::int"}},
    newest_first};
inline constexpr db::PageQuery<SaleRow, std::tuple<base::Timestamp, SaleId>, base::Timestamp, std::string, LocationId>
    flagged_page_of_location{
        {{"sales.flagged_page_of_location", POS_FLAGGED_SQL "and location_id = $4 " POS_NEWEST_FIRST "limit $5::int"}},
        {{"sales.flagged_page_of_location_after",
          POS_FLAGGED_SQL "and location_id = $4 and (recorded_at, id) < ($5, $6) " POS_NEWEST_FIRST "limit $7::int"}},
        newest_first};
#undef POS_FLAGGED_SQL
#undef POS_NEWEST_FIRST

}  // namespace pos::sales
