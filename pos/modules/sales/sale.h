#pragma once
// A sale as clients send it and read it. Unknown members are kept and flagged, never refused: the
// goods have left the shop, and a newer till's sale must not be lost.

#include "pos/modules/sales/tables.h"

namespace pos {

// Ten thousand lines of a catalogue's articles come to 2 MB.
inline constexpr std::uint64_t max_sale_bytes = 4 * 1024 * 1024;
// Texts have no limit but the body's: a sale is not refused over one. What is too long is cut and flagged.
inline constexpr std::uint32_t longest_text = max_sale_bytes;
inline constexpr std::int64_t plausible_quantity = 100'000;
inline constexpr std::int64_t max_quantity = 1'000'000'000;
inline constexpr std::uint32_t max_sale_lines = 10'000;
inline constexpr std::uint32_t max_payments = 1'000;

struct NewSaleLine {
    std::int32_t line_number = 0;
    std::optional<VariantId> variant_id;
    std::string name;
    std::optional<std::string> sku;
    std::optional<std::string> barcode;
    base::Quantity quantity;
    base::Money unit_price;
    bool tax_inclusive = true;
    base::Money discount;
    std::string tax_code;
    base::Rate tax_rate_ppm;
    std::optional<base::Money> tax_amount;
    std::optional<base::Money> gross;
    schema::Json extra;

    friend constexpr auto describe(NewSaleLine*) {
        constexpr std::int64_t most = 1'000'000'000'000;
        return schema::object<NewSaleLine>(
            "NewSaleLine", schema::field<&NewSaleLine::line_number>("lineNumber", {.min = 0, .doc = "Each once."}),
            schema::field<&NewSaleLine::variant_id>("variantId",
                                                    {.doc = "null: an item that is not in the catalogue."}),
            schema::field<&NewSaleLine::name>(
                "name", {.max_length = longest_text, .doc = "As printed on the receipt; 200 characters are kept."}),
            schema::field<&NewSaleLine::sku>("sku",
                                             {.max_length = longest_text, .doc = "64 characters of it are kept."}),
            schema::field<&NewSaleLine::barcode>("barcode",
                                                 {.max_length = longest_text, .doc = "64 characters of it are kept."}),
            schema::field<&NewSaleLine::quantity>(
                "quantity", {.min = 0,
                             .max = max_quantity,
                             .not_zero = true,
                             .doc = "Above 100000, as when a barcode was scanned into it, the sale is flagged "
                                    "`quantity_implausible`.",
                             .example = R"("1.5")"}),
            schema::field<&NewSaleLine::unit_price>("unitPrice", {.min = 0, .max = most}),
            schema::field<&NewSaleLine::tax_inclusive>("taxInclusive", {.defaulted = true}),
            schema::field<&NewSaleLine::discount>(
                "discount", {.min = 0, .max = most, .defaulted = true, .doc = "Off this line, minor units."}),
            schema::field<&NewSaleLine::tax_code>(
                "taxCode", {.max_length = longest_text,
                            .defaulted = true,
                            .doc = "64 characters of it are kept. null, or empty: the article is not taxed."}),
            schema::field<&NewSaleLine::tax_rate_ppm>(
                "taxRatePpm", {.min = 0, .max = 1'000'000, .defaulted = true, .doc = "Parts per million; null: 0."}),
            schema::field<&NewSaleLine::tax_amount>("taxAmount", {.doc = "Checked when given."}),
            schema::field<&NewSaleLine::gross>(
                "gross", {.doc = "Unit price times quantity before discounts; checked when given."}),
            schema::field<&NewSaleLine::extra>("extra", {.internal = true}),
            schema::keep_unknown<&NewSaleLine::extra>());
    }
};

struct NewPayment {
    std::optional<PaymentId> id;
    PaymentMethod method = PaymentMethod::cash;
    base::Money amount;
    std::optional<base::Money> tendered;
    std::optional<std::string> reference;
    std::optional<base::Uuid> intent_id;
    schema::Json extra;

    friend constexpr auto describe(NewPayment*) {
        constexpr std::int64_t most = schema::max_safe_integer;
        return schema::object<NewPayment>(
            "NewPayment", schema::field<&NewPayment::id>("id"), schema::field<&NewPayment::method>("method"),
            schema::field<&NewPayment::amount>(
                "amount", {.min = 0, .max = most, .doc = "What this payment covers, change left out."}),
            schema::field<&NewPayment::tendered>("tendered", {.min = 0, .max = most, .doc = "Cash handed over."}),
            schema::field<&NewPayment::reference>(
                "reference", {.min_length = 1,
                              .max_length = longest_text,
                              .text = schema::Text::free,
                              .doc = "An M-Pesa code, a slip number; 64 characters of it are kept."}),
            schema::field<&NewPayment::intent_id>("intentId"),
            schema::field<&NewPayment::extra>("extra", {.internal = true}), schema::keep_unknown<&NewPayment::extra>());
    }
};

struct NewSale;
// Payments of nothing, and nothing but those, do not pay for a sale that costs something.
void check_is_a_sale(const NewSale& sale, schema::Issues& issues);

struct NewSale {
    base::Uuid client_request_id;
    std::optional<SaleId> id;
    // Of a reply; whoever sends another value of them does not mean a sale.
    std::optional<SaleKind> kind;
    std::optional<SaleStatus> status;
    std::optional<SaleId> original_sale_id;
    LocationId location_id;
    std::optional<base::Uuid> register_id;
    std::optional<base::Uuid> shift_id;
    std::optional<DeviceId> device_id;
    std::optional<std::int64_t> device_seq;
    std::optional<std::string> receipt_number;
    base::Timestamp occurred_at;
    std::optional<UserId> cashier_id;
    std::optional<base::Uuid> customer_id;
    std::optional<TaxRounding> tax_rounding;
    std::vector<NewSaleLine> lines;
    base::Money order_discount;
    base::Money cash_rounding;
    base::Money tax_total;
    base::Money total;
    std::vector<NewPayment> payments;
    std::optional<base::Money> change;
    std::optional<base::Money> credit_total;
    std::optional<std::string> note;
    schema::Json sent_at;
    schema::Json attempt;
    schema::Json app_version;
    schema::Json extra;

    friend constexpr auto describe(NewSale*) {
        constexpr std::int64_t most = schema::max_safe_integer;
        return schema::object<NewSale>(
            "NewSale",
            schema::field<&NewSale::client_request_id>(
                "clientRequestId",
                {.doc = "Made once by the client and sent with every attempt: the sale exists once."}),
            schema::field<&NewSale::id>(
                "id", {.doc = "The sale's id, made by the client; the server makes one when it is missing."}),
            schema::field<&NewSale::kind>("kind", {.doc = "`sale` or null: returns and exchanges are refused here."}),
            schema::field<&NewSale::status>("status", {.doc = "`completed` or null."}),
            schema::field<&NewSale::original_sale_id>("originalSaleId", {.doc = "null."}),
            schema::field<&NewSale::location_id>("locationId"), schema::field<&NewSale::register_id>("registerId"),
            schema::field<&NewSale::shift_id>("shiftId"),
            schema::field<&NewSale::device_id>("deviceId",
                                               {.doc = "With deviceSeq and receiptNumber, or none of the three."}),
            schema::field<&NewSale::device_seq>(
                "deviceSeq", {.min = 0,
                              .doc = "The device's own count of sales, one more for each. A number that "
                                     "was given up does no harm."}),
            schema::field<&NewSale::receipt_number>(
                "receiptNumber", {.max_length = longest_text,
                                  .doc = "Location code, device number and deviceSeq: unique without a server. Any "
                                         "other is kept as printed and flagged.",
                                  .example = R"("NRB1-03-001042")"}),
            schema::field<&NewSale::occurred_at>(
                "occurredAt",
                {.doc = "By the device's clock. More than five minutes ahead, or before 2000, it cannot be right: then "
                        "`recordedAt` counts, and what the clock said is `deviceOccurredAt`."}),
            schema::field<&NewSale::cashier_id>("cashierId", {.doc = "Any member; the caller when missing."}),
            schema::field<&NewSale::customer_id>("customerId"),
            schema::field<&NewSale::tax_rounding>("taxRounding", {.doc = "The tenant's when missing."}),
            schema::field<&NewSale::lines>("lines", {.min_items = 1, .max_items = max_sale_lines}),
            schema::field<&NewSale::order_discount>("orderDiscount", {.min = 0, .max = most, .defaulted = true}),
            schema::field<&NewSale::cash_rounding>("cashRounding",
                                                   {.min = -100'000, .max = 100'000, .defaulted = true}),
            schema::field<&NewSale::tax_total>("taxTotal"), schema::field<&NewSale::total>("total"),
            schema::field<&NewSale::payments>("payments", {.max_items = max_payments}),
            schema::field<&NewSale::change>("change", {.min = 0, .max = most, .doc = "Checked when given."}),
            schema::field<&NewSale::credit_total>(
                "creditTotal",
                {.min = 0,
                 .max = most,
                 .doc = "What no payment covers; checked when given, and needed when `payments` is empty. "
                        "Left out with partial payments, the sale is flagged `credit_implied`."}),
            schema::field<&NewSale::note>("note",
                                          {.max_length = longest_text, .doc = "1000 characters of it are kept."}),
            schema::field<&NewSale::sent_at>(
                "sentAt", {.defaulted = true, .doc = "May differ between attempts, as attempt and appVersion do."}),
            schema::field<&NewSale::attempt>("attempt", {.defaulted = true}),
            schema::field<&NewSale::app_version>("appVersion", {.defaulted = true}),
            schema::field<&NewSale::extra>("extra", {.internal = true}), schema::keep_unknown<&NewSale::extra>(),
            schema::refine<&check_is_a_sale>());
    }
};

struct Sale {
    SaleRow row;
    std::vector<SaleLineRow> lines;
    std::vector<SaleTaxRow> taxes;
    std::vector<PaymentRow> payments;

    friend constexpr auto describe(Sale*) {
        return schema::object<Sale>("Sale", schema::flatten<&Sale::row>(),
                                    schema::field<&Sale::lines>("lines", {.max_items = max_sale_lines}),
                                    schema::field<&Sale::taxes>("taxes", {.max_items = max_sale_lines}),
                                    schema::field<&Sale::payments>("payments", {.max_items = max_payments}));
    }
};

}  // namespace pos
