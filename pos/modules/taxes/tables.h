#pragma once
// Tax classes and their rates over time. Standard, reduced, zero-rated and exempt are four different things: zero and exempt
// are reported separately.

#include "db/table.h"
#include "pos/plumbing/row.h"

namespace pos {

using TaxClassId = base::Id<struct TaxClassTag>;
using TaxRateId = base::Id<struct TaxRateTag>;

namespace errors {
inline constexpr auto tax_code_taken = base::conflict("tax_class.code_taken", "Another tax class has this code");
inline constexpr auto unknown_tax_class = base::invalid("tax_class.unknown", "There is no such tax class");
inline constexpr auto tax_class_in_use = base::conflict("tax_class.in_use", "Products have this tax class");
inline constexpr auto tax_rate_range = base::invalid("tax_rate.range", "A rate ends after it begins");
}  // namespace errors

enum class TaxKind : std::uint8_t { standard, reduced, zero, exempt };
constexpr auto describe(TaxKind*) {
    return schema::enumeration<TaxKind>("TaxKind", {{TaxKind::standard, "standard"},
                                                    {TaxKind::reduced, "reduced"},
                                                    {TaxKind::zero, "zero"},
                                                    {TaxKind::exempt, "exempt"}});
}

struct TaxClassFields {
    std::string code;
    std::string name;

    friend constexpr auto describe(TaxClassFields*) {
        return schema::object<TaxClassFields>(
            "TaxClass",
            schema::field<&TaxClassFields::code>("code", {.format = schema::Format::code, .example = R"("VAT16")"}),
            schema::field<&TaxClassFields::name>("name",
                                                 {.min_length = 1, .max_length = 80, .text = schema::Text::name}));
    }
};

using TaxClass = Row<TaxClassId, TaxClassFields>;

struct TaxRateFields {
    std::string name;
    base::Rate rate_ppm;
    TaxKind kind = TaxKind::standard;
    bool inclusive = true;
    base::Date valid_from{std::chrono::year{1970} / 1 / 1};
    std::optional<base::Date> valid_to;
    std::optional<std::string> fiscal_code;

    friend constexpr auto describe(TaxRateFields*) {
        return schema::object<TaxRateFields>(
            "TaxRate",
            schema::field<&TaxRateFields::name>("name",
                                                {.min_length = 1, .max_length = 80, .text = schema::Text::name}),
            schema::field<&TaxRateFields::rate_ppm>(
                "ratePpm", {.min = 0, .max = 1'000'000, .doc = "Parts per million: 16 % is 160000."}),
            schema::field<&TaxRateFields::kind>("kind", {.defaulted = true}),
            schema::field<&TaxRateFields::inclusive>("inclusive",
                                                     {.defaulted = true, .doc = "Prices hold this tax already."}),
            schema::field<&TaxRateFields::valid_from>("validFrom", {.defaulted = true}),
            schema::field<&TaxRateFields::valid_to>(
                "validTo", {.doc = "The first day on which it is not valid any more; after `validFrom`."}),
            schema::field<&TaxRateFields::fiscal_code>("fiscalCode",
                                                       {.max_length = 16, .text = schema::Text::identifier}));
    }
};

struct TaxRate {
    TaxRateId id;
    TaxClassId tax_class_id;
    TaxRateFields fields;
    RowMeta meta;

    friend constexpr auto describe(TaxRate*) {
        return schema::object<TaxRate>("TaxRate", schema::field<&TaxRate::id>("id"),
                                       schema::field<&TaxRate::tax_class_id>("taxClassId"),
                                       schema::flatten<&TaxRate::fields>(), schema::flatten<&TaxRate::meta>());
    }
};

namespace tables {
inline constexpr auto tax_classes = db::tenant_table<TaxClass>(
    "tax_classes", db::primary_key<&TaxClass::id>(errors::id_taken),
    db::unique<&TaxClassFields::code>("tax_classes_code", errors::tax_code_taken).where("deleted_at is null"),
    db::index<&RowMeta::updated_at, &TaxClass::id>("tax_classes_updated"));
inline constexpr auto tax_rates = db::tenant_table<TaxRate>(
    "tax_rates", db::primary_key<&TaxRate::id>(errors::id_taken),
    db::references<&TaxRate::tax_class_id>("tax_rates_class", tax_classes, errors::unknown_tax_class),
    db::check("tax_rates_range", "valid_to is null or valid_to > valid_from", errors::tax_rate_range),
    db::index<&TaxRate::tax_class_id, &TaxRateFields::valid_from, &TaxRate::id>("tax_rates_of_class"));
}  // namespace tables

}  // namespace pos
