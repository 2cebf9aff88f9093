#pragma once
// A sale as stored: its totals, lines, one tax row per rate group (the fiscal truth) and payments. Money rows are append-only:
// a correction is a new row. The arithmetic is pos/arithmetic.

#include "db/error.h"
#include "pos/modules/devices/tables.h"
#include "pos/modules/stock/tables.h"
#include "pos/modules/tenants/tables.h"
#include "pos/modules/users/tables.h"

namespace pos {

using PaymentId = base::Id<struct PaymentTag>;

namespace errors {
inline constexpr auto sale_exists = base::conflict("sale.exists", "A sale with this id exists");
inline constexpr auto client_request_used =
    base::invalid("idempotency.key_reused", "This key belongs to another request");
inline constexpr base::ErrorCode device_replaced{
    "device.replaced", 409, false, base::Action::contact,
    "This device number was used for another sale: the device was replaced or restored"};
inline constexpr base::ErrorCode receipt_taken{"sale.receipt_taken", 409, true, base::Action::retry,
                                               "Another sale took this receipt number just now"};
inline constexpr auto sale_inconsistent = base::invalid("sale.inconsistent", "The sale does not agree with itself");
inline constexpr auto unknown_cashier = base::invalid("sale.unknown_cashier", "The cashier is no member of the tenant");
inline constexpr auto unknown_sale = base::invalid("sale.unknown", "There is no such sale");
inline constexpr auto payment_exists = base::conflict("payment.exists", "A payment with this id exists");
inline constexpr base::ErrorCode payment_reference_used{"payment.reference_used", 409, true, base::Action::retry,
                                                        "Another sale took this payment reference just now"};
inline constexpr base::ErrorCode payment_intent_moved{"payment.intent_moved", 409, true, base::Action::retry,
                                                      "The payment of this sale came in, or went elsewhere, just now"};
}  // namespace errors

// Why somebody should look at a sale that was taken (docs/errors.md has the rules). In the order of their names.
enum class SaleFlag : std::uint8_t {
    cash_rounding_variance,
    clock_ahead,
    clock_behind,
    credit_implied,
    payment_intent_open,
    payment_intent_unfit,
    payment_reference_reused,
    price_variance,
    quantity_implausible,
    receipt_number_duplicate,
    receipt_number_foreign,
    recorded_late,
    stock_variance,
    tax_variance,
    text_changed,
    unknown_members,
    unlinked_reference,
};
constexpr auto describe(SaleFlag*) {
    return schema::enumeration<SaleFlag>("SaleFlag", {{SaleFlag::cash_rounding_variance, "cash_rounding_variance"},
                                                      {SaleFlag::clock_ahead, "clock_ahead"},
                                                      {SaleFlag::clock_behind, "clock_behind"},
                                                      {SaleFlag::credit_implied, "credit_implied"},
                                                      {SaleFlag::payment_intent_open, "payment_intent_open"},
                                                      {SaleFlag::payment_intent_unfit, "payment_intent_unfit"},
                                                      {SaleFlag::payment_reference_reused, "payment_reference_reused"},
                                                      {SaleFlag::price_variance, "price_variance"},
                                                      {SaleFlag::quantity_implausible, "quantity_implausible"},
                                                      {SaleFlag::receipt_number_duplicate, "receipt_number_duplicate"},
                                                      {SaleFlag::receipt_number_foreign, "receipt_number_foreign"},
                                                      {SaleFlag::recorded_late, "recorded_late"},
                                                      {SaleFlag::stock_variance, "stock_variance"},
                                                      {SaleFlag::tax_variance, "tax_variance"},
                                                      {SaleFlag::text_changed, "text_changed"},
                                                      {SaleFlag::unknown_members, "unknown_members"},
                                                      {SaleFlag::unlinked_reference, "unlinked_reference"}});
}

// The first sale with its receipt number: these are unique. A later one keeps what was printed, and says so.
#define POS_FIRST_OF_RECEIPT "not (flags && '{receipt_number_duplicate}')"
// Of these, the numbers that are the server's or a till's own.
#define POS_CHECKED_RECEIPT POS_FIRST_OF_RECEIPT " and not (flags && '{receipt_number_foreign}')"

enum class SaleKind : std::uint8_t { sale, refund, exchange };
constexpr auto describe(SaleKind*) {
    return schema::enumeration<SaleKind>(
        "SaleKind", {{SaleKind::sale, "sale"}, {SaleKind::refund, "return"}, {SaleKind::exchange, "exchange"}});
}
enum class SaleStatus : std::uint8_t { completed, voided };
constexpr auto describe(SaleStatus*) {
    return schema::enumeration<SaleStatus>("SaleStatus",
                                           {{SaleStatus::completed, "completed"}, {SaleStatus::voided, "voided"}});
}
enum class PaymentMethod : std::uint8_t { cash, mpesa, card, bank, voucher, other };
constexpr auto describe(PaymentMethod*) {
    return schema::enumeration<PaymentMethod>("PaymentMethod", {{PaymentMethod::cash, "cash"},
                                                                {PaymentMethod::mpesa, "mpesa"},
                                                                {PaymentMethod::card, "card"},
                                                                {PaymentMethod::bank, "bank"},
                                                                {PaymentMethod::voucher, "voucher"},
                                                                {PaymentMethod::other, "other"}});
}
enum class PaymentStatus : std::uint8_t { accepted, unverified, reversed };
constexpr auto describe(PaymentStatus*) {
    return schema::enumeration<PaymentStatus>("PaymentStatus", {{PaymentStatus::accepted, "accepted"},
                                                                {PaymentStatus::unverified, "unverified"},
                                                                {PaymentStatus::reversed, "reversed"}});
}

struct SaleRow {
    SaleId id;
    LocationId location_id;
    std::optional<base::Uuid> register_id;
    std::optional<base::Uuid> shift_id;
    std::optional<DeviceId> device_id;
    std::optional<std::int64_t> device_seq;
    std::string receipt_number;
    base::Uuid client_request_id;
    SaleKind kind = SaleKind::sale;
    SaleStatus status = SaleStatus::completed;
    std::optional<SaleId> original_sale_id;
    std::optional<base::Uuid> customer_id;
    std::optional<UserId> cashier_id;
    base::Money subtotal;
    base::Money discount_total;
    base::Money exclusive_tax_total;
    base::Money tax_total;
    base::Money cash_rounding;
    base::Money total;
    base::Money paid_total;
    base::Money change_given;
    base::Money credit_total;
    TaxRounding tax_rounding = TaxRounding::rate_group;
    std::vector<std::string> flags;
    base::Timestamp occurred_at;
    base::Timestamp device_occurred_at;
    base::Timestamp recorded_at;
    base::Date business_day;
    bool late = false;
    std::optional<std::string> note;
    schema::Bytes payload_hash;
    schema::Json extra;
    std::int32_t version = 1;
    std::optional<UserId> created_by;

    friend constexpr auto describe(SaleRow*) {
        return schema::object<SaleRow>(
            "SaleRow", schema::field<&SaleRow::id>("id"), schema::field<&SaleRow::location_id>("locationId"),
            schema::field<&SaleRow::register_id>("registerId"), schema::field<&SaleRow::shift_id>("shiftId"),
            schema::field<&SaleRow::device_id>("deviceId"), schema::field<&SaleRow::device_seq>("deviceSeq"),
            schema::field<&SaleRow::receipt_number>("receiptNumber", {.text = schema::Text::raw}),
            schema::field<&SaleRow::client_request_id>("clientRequestId"), schema::field<&SaleRow::kind>("kind"),
            schema::field<&SaleRow::status>("status"), schema::field<&SaleRow::original_sale_id>("originalSaleId"),
            schema::field<&SaleRow::customer_id>("customerId"), schema::field<&SaleRow::cashier_id>("cashierId"),
            schema::field<&SaleRow::subtotal>("subtotal"), schema::field<&SaleRow::discount_total>("discountTotal"),
            schema::field<&SaleRow::exclusive_tax_total>("exclusiveTaxTotal"),
            schema::field<&SaleRow::tax_total>("taxTotal"), schema::field<&SaleRow::cash_rounding>("cashRounding"),
            schema::field<&SaleRow::total>("total"), schema::field<&SaleRow::paid_total>("paidTotal"),
            schema::field<&SaleRow::change_given>("changeGiven"), schema::field<&SaleRow::credit_total>("creditTotal"),
            schema::field<&SaleRow::tax_rounding>("taxRounding"), schema::field<&SaleRow::flags>("flags"),
            schema::field<&SaleRow::occurred_at>("occurredAt"),
            schema::field<&SaleRow::device_occurred_at>("deviceOccurredAt"),
            schema::field<&SaleRow::recorded_at>("recordedAt"), schema::field<&SaleRow::business_day>("businessDay"),
            schema::field<&SaleRow::late>("late"), schema::field<&SaleRow::note>("note"),
            schema::field<&SaleRow::payload_hash>("payloadHash", {.internal = true}),
            schema::field<&SaleRow::extra>("extra", {.internal = true}), schema::field<&SaleRow::version>("version"),
            schema::field<&SaleRow::created_by>("createdBy", {.internal = true}));
    }
};

struct SaleLineRow {
    SaleId sale_id;
    std::int32_t line_number = 1;
    std::optional<VariantId> variant_id;  // null: a custom item
    std::string name;
    std::optional<std::string> sku;
    std::optional<std::string> barcode;
    base::Quantity quantity;
    base::Money unit_price;
    bool tax_inclusive = true;
    base::Money discount;
    base::Money order_discount_share;
    std::string tax_code;
    base::Rate tax_rate_ppm;
    base::Money tax_amount;
    base::Money net;
    base::Money gross;
    std::optional<base::Money> unit_cost;
    std::optional<std::int32_t> original_line;
    base::Quantity returned_quantity;

    friend constexpr auto describe(SaleLineRow*) {
        return schema::object<SaleLineRow>(
            "SaleLineRow", schema::field<&SaleLineRow::sale_id>("saleId", {.internal = true}),
            schema::field<&SaleLineRow::line_number>("lineNumber"),
            schema::field<&SaleLineRow::variant_id>("variantId"), schema::field<&SaleLineRow::name>("name"),
            schema::field<&SaleLineRow::sku>("sku"), schema::field<&SaleLineRow::barcode>("barcode"),
            schema::field<&SaleLineRow::quantity>("quantity"), schema::field<&SaleLineRow::unit_price>("unitPrice"),
            schema::field<&SaleLineRow::tax_inclusive>("taxInclusive"),
            schema::field<&SaleLineRow::discount>("discount"),
            schema::field<&SaleLineRow::order_discount_share>("orderDiscountShare"),
            schema::field<&SaleLineRow::tax_code>("taxCode"), schema::field<&SaleLineRow::tax_rate_ppm>("taxRatePpm"),
            schema::field<&SaleLineRow::tax_amount>("taxAmount"), schema::field<&SaleLineRow::net>("net"),
            schema::field<&SaleLineRow::gross>("gross"),
            schema::field<&SaleLineRow::unit_cost>("unitCost", {.internal = true}),
            schema::field<&SaleLineRow::original_line>("originalLine", {.internal = true}),
            schema::field<&SaleLineRow::returned_quantity>("returnedQuantity"));
    }
};

struct SaleTaxRow {
    SaleId sale_id;
    std::string tax_code;
    base::Rate tax_rate_ppm;
    bool inclusive = true;
    base::Money taxable_net;
    base::Money tax;

    friend constexpr auto describe(SaleTaxRow*) {
        return schema::object<SaleTaxRow>(
            "SaleTax", schema::field<&SaleTaxRow::sale_id>("saleId", {.internal = true}),
            schema::field<&SaleTaxRow::tax_code>("taxCode", {.text = schema::Text::raw}),
            schema::field<&SaleTaxRow::tax_rate_ppm>("taxRatePpm"), schema::field<&SaleTaxRow::inclusive>("inclusive"),
            schema::field<&SaleTaxRow::taxable_net>("taxableNet"), schema::field<&SaleTaxRow::tax>("tax"));
    }
};

struct PaymentRow {
    PaymentId id;
    std::optional<SaleId> sale_id;
    PaymentMethod method = PaymentMethod::cash;
    base::Money amount;
    std::optional<base::Money> tendered;
    std::optional<std::string> reference;
    std::optional<std::string> external_ref;  // what only one payment may bear: an M-Pesa code
    std::optional<base::Uuid> intent_id;
    PaymentStatus status = PaymentStatus::accepted;
    base::Timestamp recorded_at;

    friend constexpr auto describe(PaymentRow*) {
        return schema::object<PaymentRow>(
            "Payment", schema::field<&PaymentRow::id>("id"),
            schema::field<&PaymentRow::sale_id>("saleId", {.internal = true}),
            schema::field<&PaymentRow::method>("method"), schema::field<&PaymentRow::amount>("amount"),
            schema::field<&PaymentRow::tendered>("tendered"), schema::field<&PaymentRow::reference>("reference"),
            schema::field<&PaymentRow::external_ref>("externalRef", {.text = schema::Text::code, .internal = true}),
            schema::field<&PaymentRow::intent_id>("intentId"), schema::field<&PaymentRow::status>("status"),
            schema::field<&PaymentRow::recorded_at>("recordedAt", {.internal = true}));
    }
};

namespace tables {
inline constexpr auto sales = db::tenant_table<SaleRow>(
    "sales", db::primary_key<&SaleRow::id>(errors::sale_exists), db::append_only(),
    db::unique<&SaleRow::client_request_id>("sales_client_request", errors::client_request_used),
    db::unique<&SaleRow::device_id, &SaleRow::device_seq>("sales_device_seq", errors::device_replaced),
    db::unique<&SaleRow::receipt_number>("sales_receipt", errors::receipt_taken).where(POS_FIRST_OF_RECEIPT),
    db::references<&SaleRow::location_id>("sales_location", locations, errors::unknown_location),
    db::references<&SaleRow::device_id>("sales_device", devices, errors::unknown_device),
    db::references<&SaleRow::original_sale_id>(
        "sales_original", db::tenant_table<SaleRow>("sales", db::primary_key<&SaleRow::id>()), errors::unknown_sale),
    db::check("sales_totals", "total = subtotal - discount_total + exclusive_tax_total + cash_rounding",
              errors::sale_inconsistent),
    db::check("sales_paid", "status <> 'completed' or paid_total + credit_total = total", errors::sale_inconsistent),
    db::check("sales_change", "change_given >= 0", errors::sale_inconsistent),
    db::check("sales_flag_names", POS_FLAT_AND_WHOLE("flags"), db::errors::value_refused),
    db::index<&SaleRow::recorded_at, &SaleRow::id>("sales_recorded"),
    db::index<&SaleRow::location_id, &SaleRow::recorded_at, &SaleRow::id>("sales_of_location"),
    db::index<&SaleRow::recorded_at, &SaleRow::id>("sales_flagged").where("flags <> '{}'"));
inline constexpr auto sale_lines = db::tenant_table<SaleLineRow>(
    "sale_lines", db::primary_key<&SaleLineRow::sale_id, &SaleLineRow::line_number>(), db::append_only(),
    db::updatable<&SaleLineRow::returned_quantity>(),
    db::references<&SaleLineRow::sale_id>("sale_lines_sale", sales, errors::unknown_sale).proven_on_insert(),
    db::references<&SaleLineRow::variant_id>("sale_lines_variant", variants, errors::unknown_variant)
        .proven_on_insert(),
    db::check("sale_lines_returned", "returned_quantity >= 0 and returned_quantity <= quantity",
              errors::sale_inconsistent));
inline constexpr auto sale_taxes = db::tenant_table<SaleTaxRow>(
    "sale_taxes",
    db::primary_key<&SaleTaxRow::sale_id, &SaleTaxRow::tax_code, &SaleTaxRow::tax_rate_ppm, &SaleTaxRow::inclusive>(),
    db::append_only(),
    db::references<&SaleTaxRow::sale_id>("sale_taxes_sale", sales, errors::unknown_sale).proven_on_insert());
inline constexpr auto payments = db::tenant_table<PaymentRow>(
    "payments", db::primary_key<&PaymentRow::id>(errors::payment_exists), db::append_only(),
    db::updatable<&PaymentRow::status>(), db::updatable<&PaymentRow::intent_id>(),
    db::updatable<&PaymentRow::external_ref>(),
    db::unique<&PaymentRow::method, &PaymentRow::external_ref>("payments_reference", errors::payment_reference_used)
        .where("external_ref is not null"),
    db::unique<&PaymentRow::intent_id>("payments_intent", errors::payment_intent_moved).where("intent_id is not null"),
    db::references<&PaymentRow::sale_id>("payments_sale", sales, errors::unknown_sale).proven_on_insert(),
    db::index<&PaymentRow::sale_id>("payments_of_sale"),
    db::index<&PaymentRow::recorded_at>("payments_unverified").where("status = 'unverified'"));
}  // namespace tables

}  // namespace pos
