#include "pos/modules/reports/report_queries.h"

#include <stdexcept>

#include "pos/modules/sales/tables.h"
#include "pos/modules/stock/tables.h"

namespace pos {

namespace {

using db::Kind;
using schema::field;
using Where = std::optional<LocationId>;

// Sums stop at what a JSON number holds exactly, as those of daily_sales.
#define POS_MOST "9007199254740991"
#define POS_SUM(what) "greatest(least(coalesce(sum(" what "), 0), " POS_MOST "), -" POS_MOST ")::bigint"
#define POS_QUANTITY_SUM(what) \
    "greatest(least(coalesce(sum(" what "), 0), 99999999999999.9999), -99999999999999.9999)::numeric(18,4)"

// A sale is recorded no more than minutes before it occurred, and a business day begins no more than 14 hours before its date
// does in UTC: so the index of recorded_at serves. A sale that comes late has no bound.
#define POS_OF_DAYS                                                                               \
    "where s.tenant_id = $1 and s.recorded_at >= (($2::date - 1)::timestamp at time zone 'UTC') " \
    "and s.business_day between $2 and $3 and ($4::uuid is null or s.location_id = $4) "
#define POS_LINES                                                                       \
    "from sales s join sale_lines l on l.tenant_id = s.tenant_id and l.sale_id = s.id " \
    "left join variants v on v.tenant_id = l.tenant_id and v.id = l.variant_id "
#define POS_PLACE "join locations p on p.tenant_id = s.tenant_id and p.id = s.location_id "

// Of one piece: a sum over all rows comes with the first.
constexpr std::int32_t longest_piece_ms = 120'000;

template <class Row>
using OfDays = db::Query<Row(base::Date, base::Date, Where)>;
template <class Row>
using OfPresent = db::Query<Row(Where)>;

// ---- Every line of every sale ------------------------------------------------------------------------------------

struct SalesLine {
    base::Date business_day;
    base::Timestamp occurred_at;
    base::Timestamp recorded_at;
    std::string location_code;
    std::string location;
    std::string receipt_number;
    SaleId sale_id;
    std::int32_t line_number = 0;
    SaleKind kind{};
    SaleStatus status{};
    std::optional<UserId> cashier_id;
    std::optional<std::string> sku;
    std::optional<std::string> barcode;
    std::string name;
    base::Quantity quantity;
    base::Money unit_price;
    base::Money gross;
    base::Money discount;
    base::Money order_discount_share;
    std::string tax_code;
    base::Rate tax_rate_ppm;
    bool tax_inclusive = true;
    base::Money tax_amount;
    base::Money net;

    friend constexpr auto describe(SalesLine*) {
        return schema::object<SalesLine>(
            "SalesLine", field<&SalesLine::business_day>("businessDay"), field<&SalesLine::occurred_at>("occurredAt"),
            field<&SalesLine::recorded_at>("recordedAt"), field<&SalesLine::location_code>("locationCode"),
            field<&SalesLine::location>("location"), field<&SalesLine::receipt_number>("receiptNumber"),
            field<&SalesLine::sale_id>("saleId"), field<&SalesLine::line_number>("lineNumber"),
            field<&SalesLine::kind>("kind"), field<&SalesLine::status>("status"),
            field<&SalesLine::cashier_id>("cashierId"), field<&SalesLine::sku>("sku"),
            field<&SalesLine::barcode>("barcode"), field<&SalesLine::name>("name"),
            field<&SalesLine::quantity>("quantity"), field<&SalesLine::unit_price>("unitPrice"),
            field<&SalesLine::gross>("gross"), field<&SalesLine::discount>("discount"),
            field<&SalesLine::order_discount_share>("orderDiscountShare"), field<&SalesLine::tax_code>("taxCode"),
            field<&SalesLine::tax_rate_ppm>("taxRatePpm"), field<&SalesLine::tax_inclusive>("taxInclusive"),
            field<&SalesLine::tax_amount>("taxAmount"), field<&SalesLine::net>("net"));
    }
};

// In the order of the index, so that the first rows come at once.
constexpr OfDays<SalesLine> sales_lines{
    {"reports.sales_lines",
     "select s.business_day, s.occurred_at, s.recorded_at, p.code as location_code, p.name as location, "
     "s.receipt_number, s.id as sale_id, l.line_number, s.kind, s.status, s.cashier_id, coalesce(l.sku, v.sku) as sku, "
     "l.barcode, l.name, l.quantity, l.unit_price, l.gross, l.discount, l.order_discount_share, l.tax_code, "
     "l.tax_rate_ppm, l.tax_inclusive, l.tax_amount, l.net " POS_LINES POS_PLACE POS_OF_DAYS
     "order by s.recorded_at, s.id, l.line_number",
     Kind::read, longest_piece_ms}};

// ---- Payments ----------------------------------------------------------------------------------------------------

struct PaymentLine {
    base::Date business_day;
    base::Timestamp recorded_at;
    std::string location_code;
    std::string location;
    std::string receipt_number;
    SaleId sale_id;
    PaymentId payment_id;
    PaymentMethod method{};
    PaymentStatus status{};
    base::Money amount;
    std::optional<base::Money> tendered;
    std::optional<std::string> reference;

    friend constexpr auto describe(PaymentLine*) {
        return schema::object<PaymentLine>(
            "PaymentLine", field<&PaymentLine::business_day>("businessDay"),
            field<&PaymentLine::recorded_at>("recordedAt"), field<&PaymentLine::location_code>("locationCode"),
            field<&PaymentLine::location>("location"), field<&PaymentLine::receipt_number>("receiptNumber"),
            field<&PaymentLine::sale_id>("saleId"), field<&PaymentLine::payment_id>("paymentId"),
            field<&PaymentLine::method>("method"), field<&PaymentLine::status>("status"),
            field<&PaymentLine::amount>("amount"), field<&PaymentLine::tendered>("tendered"),
            field<&PaymentLine::reference>("reference"));
    }
};

constexpr OfDays<PaymentLine> payment_lines{
    {"reports.payment_lines",
     "select s.business_day, m.recorded_at, p.code as location_code, p.name as location, s.receipt_number, "
     "s.id as sale_id, m.id as payment_id, m.method, m.status, m.amount, m.tendered, m.reference "
     "from sales s join payments m on m.tenant_id = s.tenant_id and m.sale_id = s.id " POS_PLACE POS_OF_DAYS
     "order by s.recorded_at, s.id, m.id",
     Kind::read, longest_piece_ms}};

// ---- By day, by tax, by what was sold, by cashier ----------------------------------------------------------------

struct SummaryLine {
    base::Date business_day;
    std::string location_code;
    std::string location;
    std::int64_t sales = 0;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;

    friend constexpr auto describe(SummaryLine*) {
        return schema::object<SummaryLine>(
            "SummaryLine", field<&SummaryLine::business_day>("businessDay"),
            field<&SummaryLine::location_code>("locationCode"), field<&SummaryLine::location>("location"),
            field<&SummaryLine::sales>("sales"), field<&SummaryLine::total>("total"),
            field<&SummaryLine::tax_total>("taxTotal"), field<&SummaryLine::discount_total>("discountTotal"));
    }
};

// The same rows as GET /v1/reports/sales-summary.
constexpr OfDays<SummaryLine> summary_lines{
    {"reports.summary_lines",
     "select s.business_day, p.code as location_code, p.name as location, s.sales, "
     "greatest(least(s.total, " POS_MOST "), -" POS_MOST ") as total, "
     "greatest(least(s.tax_total, " POS_MOST "), -" POS_MOST ") as tax_total, "
     "greatest(least(s.discount_total, " POS_MOST "), -" POS_MOST ") as discount_total "
     "from daily_sales s " POS_PLACE
     "where s.tenant_id = $1 and s.business_day between $2 and $3 and ($4::uuid is null or s.location_id = $4) "
     "order by s.business_day, p.code, p.id",
     Kind::read, longest_piece_ms}};

struct TaxLine {
    std::string location_code;
    std::string location;
    std::string tax_code;
    base::Rate tax_rate_ppm;
    bool inclusive = true;
    std::int64_t sales = 0;
    base::Money taxable_net;
    base::Money tax;

    friend constexpr auto describe(TaxLine*) {
        return schema::object<TaxLine>("TaxLine", field<&TaxLine::location_code>("locationCode"),
                                       field<&TaxLine::location>("location"), field<&TaxLine::tax_code>("taxCode"),
                                       field<&TaxLine::tax_rate_ppm>("taxRatePpm"),
                                       field<&TaxLine::inclusive>("inclusive"), field<&TaxLine::sales>("sales"),
                                       field<&TaxLine::taxable_net>("taxableNet"), field<&TaxLine::tax>("tax"));
    }
};

// clang-format off: a clause a line
constexpr OfDays<TaxLine> tax_lines{
    {"reports.tax_lines",
     "select p.code as location_code, p.name as location, t.tax_code, t.tax_rate_ppm, t.inclusive, count(*) as sales, "
     POS_SUM("t.taxable_net") " as taxable_net, "
     POS_SUM("t.tax") " as tax "
     "from sales s join sale_taxes t on t.tenant_id = s.tenant_id and t.sale_id = s.id " POS_PLACE POS_OF_DAYS
     "and s.status = 'completed' "
     "group by p.id, p.code, p.name, t.tax_code, t.tax_rate_ppm, t.inclusive "
     "order by p.code, p.id, t.tax_code, t.tax_rate_ppm, t.inclusive",
     Kind::read, longest_piece_ms}};
// clang-format on

struct SoldItem {
    std::optional<VariantId> variant_id;  // null: a custom item, by its name
    std::optional<std::string> sku;
    std::string name;
    std::int64_t sales = 0;
    base::Quantity quantity;
    base::Money gross;
    base::Money net;

    friend constexpr auto describe(SoldItem*) {
        return schema::object<SoldItem>("SoldItem", field<&SoldItem::variant_id>("variantId"),
                                        field<&SoldItem::sku>("sku"), field<&SoldItem::name>("name"),
                                        field<&SoldItem::sales>("sales"), field<&SoldItem::quantity>("quantity"),
                                        field<&SoldItem::gross>("gross"), field<&SoldItem::net>("net"));
    }
};

// What is called differently today has one row, under one of its names.
#define POS_BY_ITEM "group by l.variant_id, case when l.variant_id is null then l.name end "
// clang-format off: a clause a line
constexpr OfDays<SoldItem> sold_items{
    {"reports.sold_items",
     "select l.variant_id, max(coalesce(l.sku, v.sku)) as sku, max(l.name) as name, count(distinct s.id) as sales, "
     POS_QUANTITY_SUM("l.quantity") " as quantity, "
     POS_SUM("l.gross") " as gross, "
     POS_SUM("l.net") " as net " POS_LINES POS_OF_DAYS
     "and s.status = 'completed' " POS_BY_ITEM
     "order by sum(l.gross) desc, max(l.name), l.variant_id",
     Kind::read, longest_piece_ms}};
// clang-format on

struct ProfitLine {
    std::optional<VariantId> variant_id;
    std::optional<std::string> sku;
    std::string name;
    base::Quantity quantity;
    base::Money net;
    base::Money cost;
    base::Money profit;
    std::int64_t lines_without_cost = 0;

    friend constexpr auto describe(ProfitLine*) {
        return schema::object<ProfitLine>("ProfitLine", field<&ProfitLine::variant_id>("variantId"),
                                          field<&ProfitLine::sku>("sku"), field<&ProfitLine::name>("name"),
                                          field<&ProfitLine::quantity>("quantity"), field<&ProfitLine::net>("net"),
                                          field<&ProfitLine::cost>("cost"), field<&ProfitLine::profit>("profit"),
                                          field<&ProfitLine::lines_without_cost>("linesWithoutCost"));
    }
};

// Lines whose cost nobody knew then make no profit, and are counted.
// clang-format off: a clause a line
constexpr OfDays<ProfitLine> profit_lines{
    {"reports.profit_lines",
     "select l.variant_id, max(coalesce(l.sku, v.sku)) as sku, max(l.name) as name, "
     POS_QUANTITY_SUM("l.quantity") " as quantity, "
     POS_SUM("l.net") " as net, "
     POS_SUM("round(l.quantity * l.unit_cost)") " as cost, "
     POS_SUM("l.net - round(l.quantity * l.unit_cost)") " as profit, "
     "count(*) filter (where l.unit_cost is null) as lines_without_cost " POS_LINES POS_OF_DAYS
     "and s.status = 'completed' " POS_BY_ITEM
     "order by sum(l.net - round(l.quantity * l.unit_cost)) desc nulls last, max(l.name), l.variant_id",
     Kind::read, longest_piece_ms}};
// clang-format on

struct CashierLine {
    base::Date business_day;
    std::string location_code;
    std::string location;
    std::optional<UserId> cashier_id;
    std::int64_t sales = 0;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;
    base::Money credit_total;

    friend constexpr auto describe(CashierLine*) {
        return schema::object<CashierLine>(
            "CashierLine", field<&CashierLine::business_day>("businessDay"),
            field<&CashierLine::location_code>("locationCode"), field<&CashierLine::location>("location"),
            field<&CashierLine::cashier_id>("cashierId"), field<&CashierLine::sales>("sales"),
            field<&CashierLine::total>("total"), field<&CashierLine::tax_total>("taxTotal"),
            field<&CashierLine::discount_total>("discountTotal"), field<&CashierLine::credit_total>("creditTotal"));
    }
};

// clang-format off: a clause a line
constexpr OfDays<CashierLine> cashier_lines{
    {"reports.cashier_lines",
     "select s.business_day, p.code as location_code, p.name as location, s.cashier_id, count(*) as sales, "
     POS_SUM("s.total") " as total, "
     POS_SUM("s.tax_total") " as tax_total, "
     POS_SUM("s.discount_total") " as discount_total, "
     POS_SUM("s.credit_total") " as credit_total "
     "from sales s " POS_PLACE POS_OF_DAYS
     "and s.status = 'completed' "
     "group by s.business_day, p.id, p.code, p.name, s.cashier_id "
     "order by s.business_day, p.code, p.id, s.cashier_id",
     Kind::read, longest_piece_ms}};
// clang-format on

// ---- What is on the shelf ----------------------------------------------------------------------------------------

struct StockValue {
    std::string location_code;
    std::string location;
    std::string product;
    std::string variant;
    VariantId variant_id;
    std::optional<std::string> sku;
    std::string unit;
    base::Quantity on_hand;
    std::optional<base::Money> unit_cost;
    std::optional<base::Money> value;

    friend constexpr auto describe(StockValue*) {
        return schema::object<StockValue>(
            "StockValue", field<&StockValue::location_code>("locationCode"), field<&StockValue::location>("location"),
            field<&StockValue::product>("product"), field<&StockValue::variant>("variant"),
            field<&StockValue::variant_id>("variantId"), field<&StockValue::sku>("sku"),
            field<&StockValue::unit>("unit"), field<&StockValue::on_hand>("onHand"),
            field<&StockValue::unit_cost>("unitCost"), field<&StockValue::value>("value"));
    }
};

#define POS_ON_THE_SHELF                                                                             \
    "from stock_levels s " POS_PLACE                                                                 \
    "join variants v on v.tenant_id = s.tenant_id and v.id = s.variant_id and v.deleted_at is null " \
    "join products r on r.tenant_id = s.tenant_id and r.id = v.product_id and r.track_stock "        \
    "where s.tenant_id = $1 and ($2::uuid is null or s.location_id = $2) "
#define POS_UNIT_COST "coalesce(nullif(s.average_cost, 0), v.cost)"
// clang-format off: a clause a line
constexpr OfPresent<StockValue> stock_values{
    {"reports.stock_values",
     "select p.code as location_code, p.name as location, r.name as product, v.name as variant, v.id as variant_id, "
     "v.sku, v.unit, s.on_hand, " POS_UNIT_COST " as unit_cost, "
     "greatest(least(round(s.on_hand * " POS_UNIT_COST "), " POS_MOST "), -" POS_MOST ")::bigint as value "
     POS_ON_THE_SHELF
     "order by p.code, p.id, r.name, v.name, v.id",
     Kind::read, longest_piece_ms}};
// clang-format on

struct LowStock {
    std::string location_code;
    std::string location;
    std::string product;
    std::string variant;
    VariantId variant_id;
    std::optional<std::string> sku;
    std::string unit;
    base::Quantity on_hand;
    std::optional<base::Quantity> reorder_level;

    friend constexpr auto describe(LowStock*) {
        return schema::object<LowStock>(
            "LowStock", field<&LowStock::location_code>("locationCode"), field<&LowStock::location>("location"),
            field<&LowStock::product>("product"), field<&LowStock::variant>("variant"),
            field<&LowStock::variant_id>("variantId"), field<&LowStock::sku>("sku"), field<&LowStock::unit>("unit"),
            field<&LowStock::on_hand>("onHand"), field<&LowStock::reorder_level>("reorderLevel"));
    }
};

constexpr OfPresent<LowStock> low_stock{
    {"reports.low_stock",
     "select p.code as location_code, p.name as location, r.name as product, v.name as variant, v.id as variant_id, "
     "v.sku, v.unit, s.on_hand, v.reorder_level " POS_ON_THE_SHELF
     "and p.deleted_at is null and v.reorder_level is not null and s.on_hand <= v.reorder_level "
     "order by p.code, p.id, r.name, v.name, v.id",
     Kind::read, longest_piece_ms}};

// ---- All of them -------------------------------------------------------------------------------------------------

template <class Row>
void count_row(const Row& row, ReportCount& count) {
    ++count.rows;
    if constexpr (requires { row.sale_id; }) {
        if (count.last_sale == row.sale_id) return;
        count.last_sale = row.sale_id;
        ++count.sales;
    }
}

template <class Row>
async::Task<std::string> next_text(db::RowStream<Row>* stream, const ReportLocale* locale, ReportCount* count) {
    const auto rows = co_await stream->next_rows();
    std::string text;
    for (const auto& row : rows) {
        write_report_row(schema::object_of<Row>, &row, *locale, text);
        count_row(row, *count);
    }
    co_return text;
}

template <class Row>
NextReportRows texts_of(db::RowStream<Row> stream) {
    return [stream = std::move(stream)](const ReportLocale* locale, ReportCount* count) mutable {
        return next_text(&stream, locale, count);
    };
}

template <const auto& query>
NextReportRows open(const db::Db& db, const ReportQuestion& question) {
    using Arguments = typename std::remove_cvref_t<decltype(query)>::Arguments;
    if constexpr (std::tuple_size_v<Arguments> == 1) {
        return texts_of(db.stream(query, question.location_id));
    } else {
        return texts_of(db.stream(query, question.from, question.to, question.location_id));
    }
}

template <const auto& query>
constexpr ReportDefinition defined(ReportName name, std::array<std::string_view, 2> needs) {
    using Query = std::remove_cvref_t<decltype(query)>;
    return {.name = name,
            .is_of_days = std::tuple_size_v<typename Query::Arguments> > 1,
            .is_by_sale = requires(typename Query::Row row){row.sale_id;
}
, .needs = needs, .row = &schema::object_of<typename Query::Row>, .open = &open<query>
};  // namespace
}  // namespace pos

constexpr ReportDefinition definitions[] = {
    defined<sales_lines>(ReportName::sales, {"reports.read"}),
    defined<summary_lines>(ReportName::sales_summary, {"reports.read"}),
    defined<payment_lines>(ReportName::payments, {"reports.read"}),
    defined<tax_lines>(ReportName::tax, {"reports.read"}),
    defined<sold_items>(ReportName::best_sellers, {"reports.read"}),
    defined<profit_lines>(ReportName::profit, {"reports.read", "costs.read"}),
    defined<cashier_lines>(ReportName::cashier, {"reports.read"}),
    defined<stock_values>(ReportName::stock_valuation, {"stock.read", "costs.read"}),
    defined<low_stock>(ReportName::stock_low, {"stock.read"}),
};

// At the place of its number.
static_assert([] {
    for (std::size_t i = 0; i < std::size(definitions); ++i) {
        if (static_cast<std::size_t>(definitions[i].name) != i) return false;
    }
    return std::size(definitions) == schema::type_of<ReportName>.enumeration->values.size();
}());

}  // namespace

std::span<const ReportDefinition> report_definitions() { return definitions; }

const ReportDefinition& report_definition(ReportName name) {
    const auto at = static_cast<std::size_t>(name);
    if (at >= std::size(definitions)) throw std::logic_error("reports: a report that is none");
    return definitions[at];
}

std::vector<db::StatementView> report_query_statements() {
    return db::statements(sales_lines, payment_lines, summary_lines, tax_lines, sold_items, profit_lines, cashier_lines,
                          stock_values, low_stock);
}

}  // namespace pos
