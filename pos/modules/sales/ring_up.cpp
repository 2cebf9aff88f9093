#include "pos/modules/sales/ring_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/text.h"
#include "pos/arithmetic/sale.h"

namespace pos {

namespace {

// Code points that are kept of a sale's texts.
constexpr std::size_t max_line_name = 200;
constexpr std::size_t max_line_code = 64;
constexpr std::size_t max_tax_code = 64;
constexpr std::size_t max_reference = 64;
constexpr std::size_t max_note = 1'000;

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
    void set(SaleFlag flag) { flags_.insert(flag); }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto flag : flags_) names.emplace_back(schema::name_of(flag));
        return names;
    }

private:
    std::set<SaleFlag> flags_;
};

TaxRounding rounding_of(const NewSale& sale, const SaleContext& around) {
    return sale.tax_rounding.value_or(around.tenant.tax_rounding);
}

// Which member of a line, or of the sale, an error of the arithmetic is about.
std::string_view member_of(arithmetic::ErrorCode code) {
    using enum arithmetic::ErrorCode;
    switch (code) {
        case duplicate_line_number: return "/lineNumber";
        case quantity_not_positive: return "/quantity";
        case unit_price_negative: return "/unitPrice";
        case rate_negative: return "/taxRatePpm";
        case discount_out_of_range: return "/discount";
        case order_discount_out_of_range: return "/orderDiscount";
        case total_negative: return "/cashRounding";
        default: return "";
    }
}

// A line may have the number 0.
bool is_about_a_line(const arithmetic::ArithmeticError& error) {
    using enum arithmetic::ErrorCode;
    constexpr arithmetic::ErrorCode of_lines[] = {duplicate_line_number, quantity_not_positive, unit_price_negative,
                                                  rate_negative, discount_out_of_range};
    return error.line_number != 0 || std::ranges::find(of_lines, error.code) != std::end(of_lines);
}

// The position of the last line with this number: of two with one number, the one too many.
std::string pointer_to(const NewSale& sale, const arithmetic::ArithmeticError& error) {
    const auto member = member_of(error.code);
    if (!is_about_a_line(error)) return std::string(member.empty() ? "/lines" : member);
    const auto found = std::find_if(sale.lines.rbegin(), sale.lines.rend(),
                                    [&](const NewSaleLine& line) { return line.line_number == error.line_number; });
    return fmt::format("/lines/{}{}", std::distance(found, sale.lines.rend()) - 1, member);
}

[[noreturn]] void throw_inconsistent(const arithmetic::ArithmeticError& error, const NewSale& sale) {
    const auto text = std::string(arithmetic::describe(error.code));
    throw base::Failure(errors::sale_inconsistent, {{"body", pointer_to(sale, error), "inconsistent", text, {}}}, text);
}

// The foreign key would say so, too, but not of which line.
void require_known_variants(const NewSale& sale, const SaleContext& around) {
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < sale.lines.size(); ++i) {
        const auto& variant = sale.lines[i].variant_id;
        if (!variant || around.catalogue.contains(variant->uuid())) continue;
        issues.push_back({"body",
                          fmt::format("/lines/{}/variantId", i),
                          std::string(errors::unknown_variant.code),
                          std::string(errors::unknown_variant.title),
                          {}});
    }
    if (!issues.empty()) throw base::Failure(errors::unknown_variant, std::move(issues));
}

arithmetic::SaleTotals compute(const NewSale& sale, TaxRounding rounding) {
    arithmetic::SaleInput input;
    input.order_discount = sale.order_discount.minor;
    input.cash_rounding = sale.cash_rounding.minor;
    input.rounding =
        rounding == TaxRounding::line ? arithmetic::TaxRounding::line : arithmetic::TaxRounding::rate_group;
    input.lines.reserve(sale.lines.size());
    for (const auto& line : sale.lines) {
        input.lines.push_back({.line_number = line.line_number,
                               .quantity = line.quantity.ten_thousandths,
                               .unit_price = line.unit_price.minor,
                               .tax_inclusive = line.tax_inclusive,
                               .discount = line.discount.minor,
                               .tax_code = std::string(first_characters(line.tax_code, max_tax_code)),
                               .rate_ppm = line.tax_rate_ppm.ppm});
    }
    auto totals = arithmetic::compute_sale(input);
    if (!totals) throw_inconsistent(totals.error(), sale);
    if (totals->subtotal > schema::max_safe_integer) throw_inconsistent({arithmetic::ErrorCode::overflow}, sale);
    return *totals;
}

// Whether the client's figures, where it gave them, are these.
bool agrees(const NewSale& sale, const arithmetic::SaleTotals& totals) {
    if (sale.total.minor != totals.total || sale.tax_total.minor != totals.tax_total) return false;
    for (std::size_t i = 0; i < sale.lines.size(); ++i) {
        const auto& line = sale.lines[i];
        if (line.gross && line.gross->minor != totals.lines[i].gross) return false;
        if (line.tax_amount && line.tax_amount->minor != totals.lines[i].tax) return false;
    }
    return true;
}

struct Computed {
    TaxRounding rounding;
    arithmetic::SaleTotals totals;
};

// A till that does not say how it rounds was told by the shop. It may have rung up before the shop changed that.
Computed compute_as_rung_up(const NewSale& sale, const SaleContext& around) {
    const auto rounding = rounding_of(sale, around);
    Computed computed{rounding, compute(sale, rounding)};
    if (sale.tax_rounding || agrees(sale, computed.totals)) return computed;
    const auto other = rounding == TaxRounding::line ? TaxRounding::rate_group : TaxRounding::line;
    Computed before{other, compute(sale, other)};
    return agrees(sale, before.totals) ? before : computed;
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
        // A till that writes 0 for "nothing was handed over" says nothing.
        const bool cash = payment.method == PaymentMethod::cash;
        if (!payment.tendered || (!cash && payment.tendered->minor == 0)) continue;
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
    // Each was in range, a thousand together need not be.
    if (paid.change.minor > schema::max_safe_integer)
        throw base::Failure(errors::sale_inconsistent,
                            {{"body", "/payments", "too_big", "more change than 2^53 - 1", {}}});
    if (paid.applied.minor > total)
        issues.push_back({"body",
                          "/payments",
                          "overpaid",
                          fmt::format("payments cover {} of {}", paid.applied.minor, total),
                          {{"expected", std::to_string(total)}, {"received", std::to_string(paid.applied.minor)}}});
    paid.credit = base::Money{total} - paid.applied;
    if (sale.payments.empty() && total > 0 && !sale.credit_total)
        issues.push_back({"body",
                          "/creditTotal",
                          "required",
                          "Without payments say what is sold on credit.",
                          {{"expected", std::to_string(total)}}});
    if (sale.change) compare(issues, "/change", paid.change.minor, *sale.change);
    if (sale.credit_total) compare(issues, "/creditTotal", paid.credit.minor, *sale.credit_total);
    if (!issues.empty()) throw base::Failure(errors::payments_mismatch, std::move(issues));
    return paid;
}

void check_numbering(const NewSale& sale) {
    const int given = (sale.device_id ? 1 : 0) + (sale.device_seq ? 1 : 0) + (sale.receipt_number ? 1 : 0);
    if (given != 0 && given != 3) throw base::Failure(errors::numbering_incomplete);
}

void judge_clock(const NewSale& sale, base::Timestamp now, Flags& flags) {
    if (sale.occurred_at > now + clock_tolerance) flags.set(SaleFlag::clock_ahead);
    if (sale.occurred_at < now - clock_tolerance) flags.set(SaleFlag::recorded_late);
    if (sale.occurred_at < earliest_sale) flags.set(SaleFlag::clock_behind);
}

void judge_quantities(const NewSale& sale, Flags& flags) {
    constexpr base::Quantity plausible{plausible_quantity * base::Quantity::scale};
    if (std::ranges::any_of(sale.lines, [&](const NewSaleLine& line) { return line.quantity > plausible; }))
        flags.set(SaleFlag::quantity_implausible);
}

// A text that may be missing is so when it says nothing.
bool says_something(const std::optional<std::string>& text) { return text && !base::trim_unicode(*text).empty(); }

// As much of a text as is kept.
std::string kept_text(std::string_view text, std::size_t most, Flags& flags) {
    const auto kept = first_characters(text, most);
    if (kept.size() != text.size()) flags.set(SaleFlag::text_changed);
    return std::string(kept);
}
std::optional<std::string> kept_text(const std::optional<std::string>& text, std::size_t most, Flags& flags) {
    return says_something(text) ? std::optional(kept_text(std::string_view(*text), most, flags)) : std::nullopt;
}

// A number that is not the till's own, or another sale's, stays as it was printed: nobody can print the receipt again.
void fill_receipt_number(SaleRow& row, const NewSale& sale, const SaleContext& around, Flags& flags) {
    if (!sale.receipt_number) {
        row.receipt_number = around.receipt_number;
        if (around.receipt_taken) flags.set(SaleFlag::receipt_number_duplicate);
        return;
    }
    auto printed = printed_receipt(sale, around);
    if (printed.number != *sale.receipt_number) flags.set(SaleFlag::text_changed);
    if (!printed.own) flags.set(SaleFlag::receipt_number_foreign);
    if (around.receipt_taken) flags.set(SaleFlag::receipt_number_duplicate);
    row.receipt_number = std::move(printed.number);
}

void compare_with_catalogue(const NewSale& sale, const SaleContext& around, Flags& flags) {
    for (const auto& line : sale.lines) {
        if (!line.variant_id) continue;
        const auto found = around.catalogue.find(line.variant_id->uuid());
        if (found == around.catalogue.end()) continue;
        const auto& entry = found->second;
        if (entry.price != line.unit_price) flags.set(SaleFlag::price_variance);
        const bool taxed_otherwise = entry.tax_code ? *entry.tax_code != line.tax_code ||
                                                          entry.tax_rate_ppm != line.tax_rate_ppm ||
                                                          entry.tax_inclusive != line.tax_inclusive
                                                    : line.tax_rate_ppm != base::Rate{};
        if (taxed_otherwise) flags.set(SaleFlag::tax_variance);
    }
}

// A cash part of the total that the rounding unit does not divide is the client's rounding by another rule.
void judge_cash_rounding(const NewSale& sale, const SaleContext& around, Flags& flags) {
    if (sale.cash_rounding.minor == 0) return;
    const bool has_cash = std::any_of(sale.payments.begin(), sale.payments.end(),
                                      [](const NewPayment& payment) { return payment.method == PaymentMethod::cash; });
    const auto unit = around.tenant.cash_rounding_unit.minor;
    const auto rounding = std::abs(sale.cash_rounding.minor);
    if (!has_cash || rounding * 2 > unit) flags.set(SaleFlag::cash_rounding_variance);
}

bool tracks_stock(const NewSaleLine& line, const SaleContext& around) {
    if (!line.variant_id) return false;
    const auto found = around.catalogue.find(line.variant_id->uuid());
    return found == around.catalogue.end() || found->second.track_stock;
}

// A line's goods leave the shelf; one that leaves less than nothing there is flagged, not refused.
void take_stock(const NewSale& sale, const SaleContext& around, RungUp& rung_up, Flags& flags) {
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
        if (found == around.catalogue.end()) continue;
        const auto left = found->second.on_hand.value_or(base::Quantity{}) + level.quantity;
        const bool below = left < base::Quantity{} && around.tenant.negative_stock != NegativeStock::allow;
        // Beyond what a level can hold it stays where it is.
        if (below || !left.is_in_range()) flags.set(SaleFlag::stock_variance);
    }
}

SaleLineRow line_row(const NewSaleLine& line, const arithmetic::LineTotals& amounts, const SaleContext& around,
                     Flags& flags) {
    SaleLineRow row;
    row.line_number = line.line_number;
    row.variant_id = line.variant_id;
    row.name = kept_text(std::string_view(line.name), max_line_name, flags);
    row.sku = kept_text(line.sku, max_line_code, flags);
    row.barcode = kept_text(line.barcode, max_line_code, flags);
    row.quantity = line.quantity;
    row.unit_price = line.unit_price;
    row.tax_inclusive = line.tax_inclusive;
    row.discount = {amounts.discount};
    row.order_discount_share = {amounts.order_discount_share};
    row.tax_code = kept_text(std::string_view(line.tax_code), max_tax_code, flags);
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

PaymentRow payment_row(const NewPayment& payment, PaymentId id, base::Timestamp now, Flags& flags) {
    PaymentRow row;
    row.id = id;
    row.method = method_of(payment);
    row.amount = payment.amount;
    row.tendered = payment.tendered;
    if (row.method == PaymentMethod::mpesa) row.reference = code_of(payment);
    // Nobody could read out what cannot be seen.
    const bool is_seen = payment.reference && base::has_visible(without_replacements(*payment.reference));
    if (!row.reference && is_seen) row.reference = kept_text(payment.reference, max_reference, flags);
    row.recorded_at = now;
    return row;
}

// One M-Pesa code pays once, by whatever name the method of either payment goes; a second use is taken, as the goods have left, and
// the owner's to look at. Slips of two cards, or two bank transfers, may have one number. Nothing is believed before it is matched
// that may be M-Pesa's: a code typed in, none at all, or an intent that we do not know. Any other text is free: "paid" may be typed
// as often as somebody likes.
void judge_references(const NewSale& sale, std::vector<PaymentRow>& payments, const SaleContext& around, Flags& flags) {
    const auto pays_by_code = [](PaymentMethod method) {
        return method == PaymentMethod::mpesa || method == PaymentMethod::other;
    };
    auto used = around.used_references;
    for (std::size_t i = 0; i < payments.size(); ++i) {
        auto& payment = payments[i];
        auto code = code_of(sale.payments[i]);
        const bool by_code = pays_by_code(payment.method);
        if (payment.method == PaymentMethod::mpesa || (code && by_code)) payment.status = PaymentStatus::unverified;
        if (!code) continue;
        bool is_free = true;
        for (const auto& other : used) {
            if (other.code != *code) continue;
            is_free = is_free && other.method != payment.method;
            if (!by_code && !pays_by_code(other.method)) continue;
            is_free = false;
            payment.status = PaymentStatus::unverified;
            flags.set(SaleFlag::payment_reference_reused);
        }
        if (!is_free) continue;
        used.push_back({payment.method, *code});
        payment.external_ref = std::move(code);
    }
}

// An intent pays for one payment, of its own amount and at its own location, and once: then its money is this payment's. Until it is there
// and not on its way back, the payment is unverified; so it is, and without the intent, where that does not fit. Behind
// judge_references(), whose codes it knows.
void judge_intents(const NewSale& sale, std::vector<PaymentRow>& payments, const SaleContext& around, Flags& flags) {
    std::set<base::Uuid> used;
    for (std::size_t i = 0; i < payments.size(); ++i) {
        auto& payment = payments[i];
        const auto& named = sale.payments[i].intent_id;
        if (!named) continue;
        const auto found = std::ranges::find(around.intents, *named, &KnownIntent::id);
        const bool fits = found != around.intents.end() && found->purpose == PaymentPurpose::sale && !found->is_used &&
                          found->amount == payment.amount && found->currency == around.tenant.currency &&
                          found->location_id.value_or(sale.location_id) == sale.location_id &&
                          used.insert(*named).second;
        payment.status = PaymentStatus::unverified;
        if (!fits) {
            flags.set(SaleFlag::payment_intent_unfit);
            continue;
        }
        payment.intent_id = named;
        if (found->is_refunded) payment.status = PaymentStatus::reversed;
        if (!found->has_paid) {
            flags.set(SaleFlag::payment_intent_open);
            continue;
        }
        payment.status = PaymentStatus::accepted;
        if (!found->receipt_code || payment.external_ref) continue;
        payment.reference = found->receipt_code;
        const auto bears_it = [&](const auto& other) { return other.external_ref == found->receipt_code; };
        const auto has_it = [&](const UsedReference& other) { return other.code == *found->receipt_code; };
        if (std::ranges::none_of(payments, bears_it) && std::ranges::none_of(around.used_references, has_it))
            payment.external_ref = found->receipt_code;
    }
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
schema::Json kept_members(const NewSale& sale, const SaleContext& around, Flags& flags) {
    std::string json = sale.extra.text.empty() ? "{}" : sale.extra.text;
    if (const auto lines = unknown_in(sale.lines); lines != "{}") add_member(json, "lines", lines);
    if (const auto payments = unknown_in(sale.payments); payments != "{}") add_member(json, "payments", payments);
    if (json != "{}") flags.set(SaleFlag::unknown_members);
    const auto add_reference = [&](std::string_view name, const std::optional<base::Uuid>& id) {
        if (!id) return;
        add_member(json, name, fmt::format("\"{}\"", id->to_string()));
        flags.set(SaleFlag::unlinked_reference);
    };
    add_reference("registerId", sale.register_id);
    add_reference("shiftId", sale.shift_id);
    add_reference("customerId", sale.customer_id);
    if (around.till_is_elsewhere && sale.device_id) {
        add_reference("deviceId", sale.device_id->uuid());
        add_member(json, "deviceSeq", std::to_string(sale.device_seq.value_or(0)));
    }
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

void fill_identity(SaleRow& row, const NewSale& sale, const SaleContext& around, Flags& flags) {
    row.id = sale.id.value_or(around.new_sale_id);
    row.location_id = sale.location_id;
    // The count of a till is that till's: a sale from elsewhere does not take its next number away.
    if (!around.till_is_elsewhere) {
        row.device_id = sale.device_id;
        row.device_seq = sale.device_seq;
    }
    fill_receipt_number(row, sale, around, flags);
    row.client_request_id = sale.client_request_id;
    row.cashier_id = sale.cashier_id.value_or(around.caller);
    row.created_by = around.caller;
    row.note = kept_text(sale.note, max_note, flags);
    row.payload_hash = {around.payload_hash};
}

void fill_times(SaleRow& row, const NewSale& sale, const SaleContext& around, Flags& flags) {
    judge_clock(sale, around.now, flags);
    row.occurred_at = believed_time(sale, around.now);
    row.device_occurred_at = sale.occurred_at;
    row.recorded_at = around.now;
    const auto zone = base::TimeZone::load(around.tenant.time_zone).value_or(base::TimeZone::utc());
    row.business_day = zone.business_day(row.occurred_at, std::chrono::minutes(around.tenant.business_day_cutoff));
}

struct SentMethod {
    std::string method;
    schema::Json extra;

    friend constexpr auto describe(SentMethod*) {
        return schema::object<SentMethod>(
            "SentMethod", schema::field<&SentMethod::method>("method", {.max_length = longest_text, .defaulted = true}),
            schema::field<&SentMethod::extra>("extra", {.internal = true}), schema::keep_unknown<&SentMethod::extra>());
    }
};

// The letters and digits of a method that we do not know, small; "" for one that we do.
std::string sent_method(const NewPayment& payment) {
    if (payment.method != PaymentMethod::other || !holds_members(payment.extra)) return {};
    const auto sent = schema::parse<SentMethod>(payment.extra.text, {.max_bytes = payment.extra.text.size()});
    return sent ? base::ascii_lower(base::letters_and_digits(sent->method)) : std::string();
}

}  // namespace

base::Timestamp believed_time(const NewSale& sale, base::Timestamp now) {
    const bool believed = sale.occurred_at >= earliest_sale && sale.occurred_at <= now + clock_tolerance;
    return believed ? sale.occurred_at : now;
}

std::optional<std::string> mpesa_code(std::string_view reference) {
    const auto read = first_characters(reference, max_read_of_reference);
    if (read.size() != reference.size()) return std::nullopt;
    auto code = base::letters_and_digits(read);
    base::ascii_upper(code);
    const auto is_code_character = [](char c) { return base::is_ascii_digit(c) || (c >= 'A' && c <= 'Z'); };
    if (code.size() != 10 || !std::ranges::all_of(code, is_code_character)) return std::nullopt;
    return code;
}

PaymentMethod method_of(const NewPayment& payment) {
    if (payment.method != PaymentMethod::other) return payment.method;
    return sent_method(payment).contains("mpesa") ? PaymentMethod::mpesa : PaymentMethod::other;
}

std::optional<std::string> code_of(const NewPayment& payment) {
    auto code = payment.reference ? mpesa_code(*payment.reference) : std::nullopt;
    if (!code || method_of(payment) == PaymentMethod::mpesa) return code;
    const auto digits = std::ranges::count_if(*code, base::is_ascii_digit);
    return digits > 0 && digits < std::ssize(*code) ? code : std::nullopt;
}

bool is_rung_up_online(const NewSale& sale, base::Timestamp now) {
    if (std::chrono::abs(now - sale.occurred_at) >= online_window) return false;
    // By the till's own clock, which may be fast or slow by some minutes.
    const auto sent_at = schema::parse<base::Timestamp>(sale.sent_at.text);
    return !sent_at || *sent_at - sale.occurred_at < online_window;
}

NewSale meaning_of(NewSale sale, const SaleContext& around) {
    const auto clear_unless_said = [](std::optional<std::string>& text) {
        if (!says_something(text)) text.reset();
    };
    sale.change.reset();
    sale.credit_total.reset();
    if (sale.tax_rounding == around.tenant.tax_rounding) sale.tax_rounding.reset();
    if (sale.cashier_id == around.caller) sale.cashier_id.reset();
    if (sale.receipt_number) sale.receipt_number = printed_number(*sale.receipt_number);
    clear_unless_said(sale.note);
    for (auto& line : sale.lines) {
        line.gross.reset();
        line.tax_amount.reset();
        clear_unless_said(line.sku);
        clear_unless_said(line.barcode);
    }
    for (auto& payment : sale.payments) {
        if (payment.tendered && payment.method != PaymentMethod::cash) payment.tendered.reset();
        const auto sent = sent_method(payment);
        payment.method = method_of(payment);
        if (payment.method == PaymentMethod::mpesa) {
            if (auto code = code_of(payment)) payment.reference = std::move(code);
        } else if (!sent.empty()) {
            // A method that we do not know is told from another one by its name.
            payment.reference = sent + '\n' + payment.reference.value_or("");
        }
    }
    return sale;
}

PrintedReceipt printed_receipt(const NewSale& sale, const SaleContext& around) {
    auto number = printed_number(sale.receipt_number.value_or(""));
    if (!around.till || !sale.device_seq) return {std::move(number), false};
    const TillNumber till{around.till->location_code, around.till->device_number, *sale.device_seq};
    if (around.till_is_elsewhere) return {number.empty() ? till.text() : std::move(number), false};
    // A sale without a number that anybody could read out is found by the one that it should have had.
    if (number.empty()) return {till.text(), false};
    const bool own = till.is(number);
    return {std::move(number), own};
}

void check_is_a_sale(const NewSale& sale, schema::Issues& issues) {
    // Booked as a sale, a return would take the stock and the money a second time.
    const auto refuse = [&](const char* pointer) {
        issues.add(pointer, "not_a_sale", "A return, an exchange or a voided sale is not recorded by this request.");
    };
    if (sale.kind.value_or(SaleKind::sale) != SaleKind::sale) refuse("/kind");
    if (sale.status.value_or(SaleStatus::completed) != SaleStatus::completed) refuse("/status");
    if (sale.original_sale_id) refuse("/originalSaleId");
    const bool pay_nothing =
        !sale.payments.empty() &&
        std::ranges::all_of(sale.payments, [](const NewPayment& payment) { return payment.amount.minor == 0; });
    if (pay_nothing && sale.total.minor > 0 && !sale.credit_total)
        issues.add("/payments/0/amount", "too_small", "Say what was paid, or what is sold on credit in creditTotal.",
                   {{"minimum", "1"}});
}

RungUp ring_up(const NewSale& sale, const SaleContext& around) {
    check_numbering(sale);
    require_known_variants(sale, around);
    const auto [rounding, totals] = compute_as_rung_up(sale, around);
    check_totals(sale, totals);
    const auto paid = check_payments(sale, totals.total);

    RungUp rung_up;
    Flags flags;
    auto& row = rung_up.sale.row;
    fill_identity(row, sale, around, flags);
    fill_times(row, sale, around, flags);
    fill_totals(row, totals, paid);
    row.tax_rounding = rounding;
    if (rounding != rounding_of(sale, around)) flags.set(SaleFlag::tax_variance);
    row.extra = kept_members(sale, around, flags);
    compare_with_catalogue(sale, around, flags);
    judge_cash_rounding(sale, around, flags);
    judge_quantities(sale, flags);
    if (paid.credit.minor > 0 && !sale.credit_total) flags.set(SaleFlag::credit_implied);
    take_stock(sale, around, rung_up, flags);

    for (std::size_t i = 0; i < sale.lines.size(); ++i) {
        auto& line = rung_up.sale.lines.emplace_back(line_row(sale.lines[i], totals.lines[i], around, flags));
        line.sale_id = row.id;
    }
    for (const auto& group : totals.tax_groups) {
        rung_up.sale.taxes.push_back(
            {row.id, group.tax_code, {group.rate_ppm}, group.tax_inclusive, {group.taxable_net}, {group.tax}});
    }
    std::size_t made = 0;
    for (const auto& payment : sale.payments) {
        const auto id = payment.id ? *payment.id : around.new_payment_ids.at(made++);
        rung_up.sale.payments.push_back(payment_row(payment, id, around.now, flags));
        rung_up.sale.payments.back().sale_id = row.id;
    }
    judge_references(sale, rung_up.sale.payments, around, flags);
    judge_intents(sale, rung_up.sale.payments, around, flags);
    row.flags = flags.names();
    return rung_up;
}

}  // namespace pos
