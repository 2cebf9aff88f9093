#include "pos/modules/sales/ring_up.h"

#include <fmt/format.h>

#include <algorithm>

#include "pos/arithmetic/sale.h"

namespace pos {

namespace {

base::Issue mismatch(std::string pointer, std::int64_t expected, std::int64_t given) {
    return {"body",
            std::move(pointer),
            "mismatch",
            fmt::format("expected {}, got {}", expected, given),
            {{"expected", std::to_string(expected)}, {"received", std::to_string(given)}}};
}

void compare(std::vector<base::Issue>& issues, std::string pointer, std::int64_t expected, base::Money given) {
    if (given.minor != expected) issues.push_back(mismatch(std::move(pointer), expected, given.minor));
}

class Flags {
public:
    void set(std::string_view flag) {
        if (std::find(names_.begin(), names_.end(), flag) == names_.end()) names_.emplace_back(flag);
    }
    [[nodiscard]] std::vector<std::string> take() {
        std::sort(names_.begin(), names_.end());
        return std::move(names_);
    }

private:
    std::vector<std::string> names_;
};

TaxRounding rounding_of(const NewSale& sale, const Surroundings& around) {
    return sale.tax_rounding.value_or(around.tenant.tax_rounding);
}

arithmetic::SaleTotals compute(const NewSale& sale, const Surroundings& around) {
    arithmetic::SaleInput input;
    input.order_discount = sale.order_discount.minor;
    input.cash_rounding = sale.cash_rounding.minor;
    input.rounding = rounding_of(sale, around) == TaxRounding::line ? arithmetic::TaxRounding::line
                                                                    : arithmetic::TaxRounding::rate_group;
    input.lines.reserve(sale.lines.size());
    for (const auto& line : sale.lines) {
        input.lines.push_back({.line_number = line.line_number,
                               .quantity = line.quantity.ten_thousandths,
                               .unit_price = line.unit_price.minor,
                               .tax_inclusive = line.tax_inclusive,
                               .discount = line.discount.minor,
                               .tax_code = line.tax_code,
                               .rate_ppm = line.tax_rate_ppm.ppm});
    }
    auto totals = arithmetic::compute_sale(input);
    if (totals) return *totals;
    const auto& error = totals.error();
    const auto text = std::string(arithmetic::describe(error.code));
    throw base::Failure(errors::sale_inconsistent,
                        {{"body",
                          error.line_number == 0 ? "/lines" : fmt::format("/lines/{}", error.line_number),
                          "inconsistent",
                          text,
                          {}}},
                        text);
}

// The client's figures, where it gave them, are ours to the cent.
void check_totals(const NewSale& sale, const arithmetic::SaleTotals& totals) {
    std::vector<base::Issue> issues;
    compare(issues, "/total", totals.total, sale.total);
    compare(issues, "/taxTotal", totals.tax_total, sale.tax_total);
    for (std::size_t i = 0; i < sale.lines.size(); ++i) {
        const auto& line = sale.lines[i];
        if (line.gross) compare(issues, fmt::format("/lines/{}/gross", i), totals.lines[i].gross, *line.gross);
        if (line.tax_amount)
            compare(issues, fmt::format("/lines/{}/taxAmount", i), totals.lines[i].tax, *line.tax_amount);
    }
    if (issues.empty()) return;
    auto detail = fmt::format("lines give {}, total says {}", totals.total, sale.total.minor);
    throw base::Failure(errors::total_mismatch, std::move(issues), std::move(detail));
}

struct Paid {
    base::Money applied;
    base::Money change;
    base::Money credit;
};

Paid check_payments(const NewSale& sale, std::int64_t total) {
    Paid paid;
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < sale.payments.size(); ++i) {
        const auto& payment = sale.payments[i];
        paid.applied += payment.amount;
        if (!payment.tendered) continue;
        if (payment.method != PaymentMethod::cash && *payment.tendered != payment.amount) {
            issues.push_back({"body",
                              fmt::format("/payments/{}/tendered", i),
                              "change_only_from_cash",
                              "change is given from cash alone",
                              {}});
        } else if (*payment.tendered < payment.amount) {
            issues.push_back(
                mismatch(fmt::format("/payments/{}/tendered", i), payment.amount.minor, payment.tendered->minor));
        } else {
            paid.change += *payment.tendered - payment.amount;
        }
    }
    if (paid.applied.minor > total)
        issues.push_back({"body",
                          "/payments",
                          "overpaid",
                          fmt::format("payments cover {} of {}", paid.applied.minor, total),
                          {{"expected", std::to_string(total)}, {"received", std::to_string(paid.applied.minor)}}});
    paid.credit = base::Money{total} - paid.applied;
    if (sale.change) compare(issues, "/change", paid.change.minor, *sale.change);
    if (sale.credit_total) compare(issues, "/creditTotal", paid.credit.minor, *sale.credit_total);
    if (!issues.empty()) throw base::Failure(errors::payments_mismatch, std::move(issues));
    return paid;
}

void check_numbering(const NewSale& sale) {
    const int given = (sale.device_id ? 1 : 0) + (sale.device_seq ? 1 : 0) + (sale.receipt_number ? 1 : 0);
    if (given != 0 && given != 3) throw base::Failure(errors::numbering_incomplete);
}

// The device's clock, where it can be believed.
base::Timestamp judge_clock(const NewSale& sale, base::Timestamp now, Flags& flags) {
    if (sale.occurred_at > now + clock_tolerance) {
        flags.set("clock_ahead");
        return now;
    }
    if (sale.occurred_at < now - clock_tolerance) flags.set("recorded_late");
    return sale.occurred_at;
}

void compare_with_catalogue(const NewSale& sale, const Surroundings& around, Flags& flags) {
    for (const auto& line : sale.lines) {
        if (!line.variant_id) continue;
        const auto found = around.catalogue.find(line.variant_id->uuid());
        if (found == around.catalogue.end()) continue;  // the foreign key says so
        const auto& entry = found->second;
        if (entry.price != line.unit_price) flags.set("price_variance");
        if (entry.tax_code && (*entry.tax_code != line.tax_code || entry.tax_rate_ppm != line.tax_rate_ppm ||
                               entry.tax_inclusive != line.tax_inclusive)) {
            flags.set("tax_variance");
        }
    }
}

// A cash part of the total that the rounding unit does not divide is the client's rounding by another rule.
void judge_cash_rounding(const NewSale& sale, const Surroundings& around, Flags& flags) {
    if (sale.cash_rounding.minor == 0) return;
    const bool has_cash = std::any_of(sale.payments.begin(), sale.payments.end(),
                                      [](const NewPayment& payment) { return payment.method == PaymentMethod::cash; });
    const auto unit = around.tenant.cash_rounding_unit.minor;
    const auto rounding = std::abs(sale.cash_rounding.minor);
    if (!has_cash || rounding * 2 > unit) flags.set("cash_rounding_variance");
}

bool tracks_stock(const NewSaleLine& line, const Surroundings& around) {
    if (!line.variant_id) return false;
    const auto found = around.catalogue.find(line.variant_id->uuid());
    return found == around.catalogue.end() || found->second.track_stock;
}

// A line's goods leave the shelf; one that leaves less than nothing there is flagged, not refused.
void take_stock(const NewSale& sale, const Surroundings& around, RungUp& rung_up, Flags& flags) {
    const auto& row = rung_up.sale.row;
    auto& taken = rung_up.movements;
    taken = {.location_id = row.location_id,
             .reason = MovementReason::sale,
             .source_type = "sale",
             .source_id = row.id.uuid(),
             .occurred_at = row.occurred_at,
             .recorded_at = row.recorded_at,
             .device_id = row.device_id};
    for (const auto& line : sale.lines) {
        if (!tracks_stock(line, around)) continue;
        const auto found = around.catalogue.find(line.variant_id->uuid());
        taken.movements.push_back({.variant_id = *line.variant_id,
                                   .quantity = -line.quantity,
                                   .unit_cost = found == around.catalogue.end() ? std::nullopt : found->second.cost,
                                   .line_number = line.line_number});
    }
    sum_up(taken);
    for (const auto& level : taken.levels) {
        const auto found = around.catalogue.find(level.variant_id.uuid());
        if (found == around.catalogue.end() || around.tenant.negative_stock == NegativeStock::allow) continue;
        if (found->second.on_hand.value_or(base::Quantity{}) + level.quantity < base::Quantity{})
            flags.set("stock_variance");
    }
}

SaleLineRow line_row(const NewSaleLine& line, const arithmetic::LineTotals& amounts, const Surroundings& around) {
    SaleLineRow row;
    row.line_number = line.line_number;
    row.variant_id = line.variant_id;
    row.name = line.name;
    row.sku = line.sku;
    row.barcode = line.barcode;
    row.quantity = line.quantity;
    row.unit_price = line.unit_price;
    row.tax_inclusive = line.tax_inclusive;
    row.discount = {amounts.discount};
    row.order_discount_share = {amounts.order_discount_share};
    row.tax_code = line.tax_code;
    row.tax_rate_ppm = line.tax_rate_ppm;
    row.tax_amount = {amounts.tax};
    row.net = {amounts.net};
    row.gross = {amounts.gross};
    if (line.variant_id) {
        const auto found = around.catalogue.find(line.variant_id->uuid());
        if (found != around.catalogue.end()) row.unit_cost = found->second.cost;
    }
    return row;
}

PaymentRow payment_row(const NewPayment& payment, PaymentId id, base::Timestamp now) {
    PaymentRow row;
    row.id = id;
    row.method = payment.method;
    row.amount = payment.amount;
    row.tendered = payment.tendered;
    row.reference = payment.reference;
    row.intent_id = payment.intent_id;
    row.recorded_at = now;
    if (payment.method == PaymentMethod::mpesa && payment.reference) {
        // One M-Pesa code pays once. Typed in by hand it is believed until it is matched.
        row.external_ref = payment.reference;
        if (!payment.intent_id) row.status = PaymentStatus::unverified;
    }
    return row;
}

// Adds a member to the text of a JSON object.
void add_member(std::string& json, std::string_view name, std::string_view value) {
    json.pop_back();
    json += fmt::format(R"({}"{}":{}}})", json.size() > 1 ? "," : "", name, value);
}

bool holds_members(const schema::Json& extra) { return !extra.text.empty() && extra.text != "{}"; }

// What the items hold that we do not know, by their position: {"0":{...},"3":{...}}; "{}" when there is nothing.
template <class Item>
std::string unknown_in(const std::vector<Item>& items) {
    std::string json = "{}";
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (holds_members(items[i].extra)) add_member(json, std::to_string(i), items[i].extra.text);
    }
    return json;
}

// Members that we do not know yet, and references whose modules do not exist yet, stay with the sale. Those of lines and
// payments stand under `lines` and `payments`, names that the sale itself knows and so never keeps.
schema::Json kept_members(const NewSale& sale, Flags& flags) {
    std::string json = sale.extra.text.empty() ? "{}" : sale.extra.text;
    if (const auto lines = unknown_in(sale.lines); lines != "{}") add_member(json, "lines", lines);
    if (const auto payments = unknown_in(sale.payments); payments != "{}") add_member(json, "payments", payments);
    if (json != "{}") flags.set("unknown_members");
    const auto add_reference = [&](std::string_view name, const std::optional<base::Uuid>& id) {
        if (!id) return;
        add_member(json, name, fmt::format("\"{}\"", id->to_string()));
        flags.set("unlinked_reference");
    };
    add_reference("registerId", sale.register_id);
    add_reference("shiftId", sale.shift_id);
    add_reference("customerId", sale.customer_id);
    return {json};
}

void fill_totals(SaleRow& row, const arithmetic::SaleTotals& totals, const Paid& paid) {
    row.subtotal = {totals.subtotal};
    row.discount_total = {totals.discount_total};
    row.exclusive_tax_total = {totals.exclusive_tax_total};
    row.tax_total = {totals.tax_total};
    row.cash_rounding = {totals.cash_rounding};
    row.total = {totals.total};
    row.paid_total = paid.applied;
    row.change_given = paid.change;
    row.credit_total = paid.credit;
}

void fill_identity(SaleRow& row, const NewSale& sale, const Surroundings& around) {
    row.id = sale.id.value_or(around.new_sale_id);
    row.location_id = sale.location_id;
    row.device_id = sale.device_id;
    row.device_seq = sale.device_seq;
    row.receipt_number = sale.receipt_number.value_or(around.receipt_number);
    row.client_request_id = sale.client_request_id;
    row.cashier_id = sale.cashier_id.value_or(around.caller);
    row.created_by = around.caller;
    row.tax_rounding = rounding_of(sale, around);
    row.note = sale.note;
    row.payload_hash = {around.payload_hash};
}

void fill_times(SaleRow& row, const NewSale& sale, const Surroundings& around, Flags& flags) {
    row.occurred_at = judge_clock(sale, around.now, flags);
    row.device_occurred_at = sale.occurred_at;
    row.recorded_at = around.now;
    const auto zone = base::TimeZone::load(around.tenant.time_zone).value_or(base::TimeZone::utc());
    row.business_day = zone.business_day(row.occurred_at, std::chrono::minutes(around.tenant.business_day_cutoff));
}

}  // namespace

RungUp ring_up(const NewSale& sale, const Surroundings& around) {
    check_numbering(sale);
    const auto totals = compute(sale, around);
    check_totals(sale, totals);
    const auto paid = check_payments(sale, totals.total);

    RungUp rung_up;
    Flags flags;
    auto& row = rung_up.sale.row;
    fill_identity(row, sale, around);
    fill_times(row, sale, around, flags);
    fill_totals(row, totals, paid);
    row.extra = kept_members(sale, flags);
    compare_with_catalogue(sale, around, flags);
    judge_cash_rounding(sale, around, flags);
    take_stock(sale, around, rung_up, flags);

    for (std::size_t i = 0; i < sale.lines.size(); ++i) {
        auto& line = rung_up.sale.lines.emplace_back(line_row(sale.lines[i], totals.lines[i], around));
        line.sale_id = row.id;
    }
    for (const auto& group : totals.tax_groups) {
        rung_up.sale.taxes.push_back(
            {row.id, group.tax_code, {group.rate_ppm}, group.tax_inclusive, {group.taxable_net}, {group.tax}});
    }
    std::size_t made = 0;
    for (const auto& payment : sale.payments) {
        const auto id = payment.id ? *payment.id : around.new_payment_ids.at(made++);
        rung_up.sale.payments.push_back(payment_row(payment, id, around.now));
        rung_up.sale.payments.back().sale_id = row.id;
    }
    row.flags = flags.take();
    return rung_up;
}

}  // namespace pos
