#pragma once
// From what a till sent to what is stored: the rules of a sale, without any I/O.
//
//     RungUp rung_up = ring_up(new_sale, context);      // throws base::Failure sale.* for a sale that contradicts itself
//
// The server recomputes everything. A sale that is inconsistent with itself is refused; one that differs from the present
// catalogue (price, tax, stock) or from the clock is accepted with a flag.

#include <unordered_map>

#include "base/time_zone.h"
#include "pos/modules/sales/phone_payments.h"
#include "pos/modules/sales/receipt.h"
#include "pos/modules/sales/sale.h"
#include "pos/modules/stock/movements.h"

namespace pos {

namespace errors {
inline constexpr auto total_mismatch = base::invalid("sale.total_mismatch", "Sale total does not match its lines");
inline constexpr auto payments_mismatch = base::invalid("sale.payments_mismatch", "The payments do not fit the total");
inline constexpr base::ErrorCode numbering_incomplete{
    "sale.numbering_incomplete", 422, false, base::Action::fix,
    "deviceId, deviceSeq and receiptNumber come together or not at all"};
}  // namespace errors

// What the catalogue says now about a variant that was sold.
struct CatalogueEntry {
    VariantId variant_id;
    base::Money price;
    std::optional<base::Money> cost;
    bool track_stock = true;
    std::optional<std::string> tax_code;
    std::optional<base::Rate> tax_rate_ppm;
    std::optional<bool> tax_inclusive;
    std::optional<base::Quantity> on_hand;

    friend constexpr auto describe(CatalogueEntry*) {
        return schema::object<CatalogueEntry>("CatalogueEntry", schema::field<&CatalogueEntry::variant_id>("variantId"),
                                              schema::field<&CatalogueEntry::price>("price"),
                                              schema::field<&CatalogueEntry::cost>("cost"),
                                              schema::field<&CatalogueEntry::track_stock>("trackStock"),
                                              schema::field<&CatalogueEntry::tax_code>("taxCode"),
                                              schema::field<&CatalogueEntry::tax_rate_ppm>("taxRatePpm"),
                                              schema::field<&CatalogueEntry::tax_inclusive>("taxInclusive"),
                                              schema::field<&CatalogueEntry::on_hand>("onHand"));
    }
};

// `location_code` is of the sale's location, `location_id` the till's own.
struct TillPlace {
    std::string location_code;
    std::int32_t device_number = 0;
    LocationId location_id{};

    friend constexpr auto describe(TillPlace*) {
        return schema::object<TillPlace>("TillPlace", schema::field<&TillPlace::location_code>("locationCode"),
                                         schema::field<&TillPlace::device_number>("deviceNumber"),
                                         schema::field<&TillPlace::location_id>("locationId"));
    }
};

// A code that another payment bears.
struct UsedReference {
    PaymentMethod method = PaymentMethod::mpesa;
    std::string code;

    friend constexpr auto describe(UsedReference*) {
        return schema::object<UsedReference>("UsedReference", schema::field<&UsedReference::method>("method"),
                                             schema::field<&UsedReference::code>("code"));
    }
};

struct SaleContext {
    base::Timestamp now;
    TenantSettings tenant;
    std::unordered_map<base::Uuid, CatalogueEntry> catalogue;
    UserId caller;
    SaleId new_sale_id;
    std::vector<PaymentId> new_payment_ids;  // one for each payment without an id
    std::string receipt_number;              // when the server numbers
    std::optional<TillPlace> till;           // when a till does
    bool till_is_elsewhere = false;  // at a location where the caller may not sell: its count is not ours to use
    bool receipt_taken = false;      // another sale has the number
    std::vector<UsedReference> used_references;  // codes of this sale that others were paid with
    std::vector<KnownIntent> intents;            // that payments of this sale name
    std::string payload_hash;
};

struct RungUp {
    Sale sale;
    MovementBatch movements;  // the lines' ids are filled in by the caller
};

[[nodiscard]] RungUp ring_up(const NewSale& sale, const SaleContext& context);

// A sale counts as rung up on-line when it reaches us at once: only then can a shop that blocks negative stock be kept to it.
inline constexpr auto online_window = std::chrono::seconds(30);
inline constexpr auto clock_tolerance = std::chrono::minutes(5);
// No sale of ours is older: a clock that says so has lost its battery, or never had the time.
inline constexpr base::Timestamp earliest_sale = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);

// The device's clock, where it can be believed; else ours.
[[nodiscard]] base::Timestamp believed_time(const NewSale& sale, base::Timestamp now);
// The M-Pesa code that this text is, in its one spelling: ten letters and digits, whatever signs stand between. Nullopt for any
// other text.
[[nodiscard]] std::optional<std::string> mpesa_code(std::string_view reference);
// How it was paid, where an unknown method is another spelling of one that we know: "M-PESA", "Lipa na M-Pesa".
[[nodiscard]] PaymentMethod method_of(const NewPayment& payment);
// The M-Pesa code that this payment's reference is, whatever the method says: of another one only with a letter and a digit,
// as its slip may have a number of ten.
[[nodiscard]] std::optional<std::string> code_of(const NewPayment& payment);
// Rung up at the counter at this moment, as far as both clocks can tell. What a clock says that is fast decides nothing.
[[nodiscard]] bool is_rung_up_online(const NewSale& sale, base::Timestamp now);
// The sale without what follows from the rest or is the default: what tells it from another one (docs/decisions/0022-fingerprints.md).
// For a sale that ring_up() took, whose checked members agree.
[[nodiscard]] NewSale meaning_of(NewSale sale, const SaleContext& context);
// What the receipt says, if a till numbered it, and whether that is the till's own number.
struct PrintedReceipt {
    std::string number;
    bool own = false;
};
[[nodiscard]] PrintedReceipt printed_receipt(const NewSale& sale, const SaleContext& context);

}  // namespace pos
