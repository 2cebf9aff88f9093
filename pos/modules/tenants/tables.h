#pragma once
// The shop owner's business: its settings, and the counter that numbers every change of its rows.

#include "db/table.h"
#include "pos/modules/images/tables.h"
#include "pos/row_meta.h"

namespace pos {

enum class TaxRounding : std::uint8_t { rate_group, line };
constexpr auto describe(TaxRounding*) {
    return schema::enumeration<TaxRounding>("TaxRounding",
                                            {{TaxRounding::rate_group, "rate_group"}, {TaxRounding::line, "line"}});
}

enum class NegativeStock : std::uint8_t { allow, warn, block_online };
constexpr auto describe(NegativeStock*) {
    return schema::enumeration<NegativeStock>("NegativeStock", {{NegativeStock::allow, "allow"},
                                                                {NegativeStock::warn, "warn"},
                                                                {NegativeStock::block_online, "block_online"}});
}

enum class TenantStatus : std::uint8_t { active, suspended, closed };
constexpr auto describe(TenantStatus*) {
    return schema::enumeration<TenantStatus>(
        "TenantStatus",
        {{TenantStatus::active, "active"}, {TenantStatus::suspended, "suspended"}, {TenantStatus::closed, "closed"}});
}

struct TenantSettings {
    std::string name;
    std::string country = "KE";
    std::string currency = "KES";
    std::string time_zone = "Africa/Nairobi";
    std::int32_t business_day_cutoff = 0;
    TaxRounding tax_rounding = TaxRounding::rate_group;
    base::Money cash_rounding_unit{1};
    NegativeStock negative_stock = NegativeStock::warn;
    std::optional<ImageId> logo_image_id;

    friend constexpr auto describe(TenantSettings*) {
        return schema::object<TenantSettings>(
            "TenantSettings",
            schema::field<&TenantSettings::name>(
                "name",
                {.min_length = 1, .max_length = 120, .text = schema::Text::name, .example = R"("Duka la Amani")"}),
            schema::field<&TenantSettings::country>(
                "country", {.format = schema::Format::country, .defaulted = true, .doc = "ISO 3166-1 alpha-2."}),
            schema::field<&TenantSettings::currency>(
                "currency",
                {.format = schema::Format::currency, .defaulted = true, .doc = "ISO 4217; fixed once sales exist."}),
            schema::field<&TenantSettings::time_zone>(
                "timeZone", {.format = schema::Format::time_zone, .defaulted = true, .doc = "IANA name."}),
            schema::field<&TenantSettings::business_day_cutoff>(
                "businessDayCutoff", {.min = 0,
                                      .max = 719,
                                      .defaulted = true,
                                      .doc = "Minutes after midnight that still belong to the day before."}),
            schema::field<&TenantSettings::tax_rounding>("taxRounding", {.defaulted = true}),
            schema::field<&TenantSettings::cash_rounding_unit>(
                "cashRoundingUnit", {.min = 1,
                                     .max = 100'000,
                                     .defaulted = true,
                                     .doc = "Minor units to which cash amounts are rounded; 1: not at all."}),
            schema::field<&TenantSettings::negative_stock>("negativeStock", {.defaulted = true}),
            schema::field<&TenantSettings::logo_image_id>("logoImageId", {.doc = "Made by `POST /v1/images`."}));
    }
};

struct Tenant {
    TenantId id;
    TenantSettings settings;
    TenantStatus status = TenantStatus::active;
    base::Uuid feed_epoch;
    std::optional<std::string> logo_url;
    RowMeta meta;

    friend constexpr auto describe(Tenant*) {
        return schema::object<Tenant>(
            "Tenant", schema::field<&Tenant::id>("id"), schema::flatten<&Tenant::settings>(),
            schema::field<&Tenant::status>("status"),
            schema::field<&Tenant::feed_epoch>("feedEpoch", {.internal = true}),
            schema::field<&Tenant::logo_url>(
                "logoUrl", {.text = schema::Text::raw, .doc = "Public, of 320 pixels, WebP, made of `logoImageId`."}),
            schema::flatten<&Tenant::meta>());
    }
};

// One row a tenant: the last numbers given, in its change feed and to its devices.
struct TenantCounter {
    std::int64_t change_seq = 0;
    std::int32_t device_number = 0;

    friend constexpr auto describe(TenantCounter*) {
        return schema::object<TenantCounter>("TenantCounter", schema::field<&TenantCounter::change_seq>("changeSeq"),
                                             schema::field<&TenantCounter::device_number>("deviceNumber"));
    }
};

namespace tables {
inline constexpr auto tenants = db::tenant_root_table<Tenant>(
    "tenants", db::primary_key<&Tenant::id>(),
    // What the module refuses: an image that is not there, or not ready.
    db::check("tenants_logo", "logo_image_id is null or logo_url is not null", errors::unknown_image),
    db::expression_index("tenants_of_image", "btree", "logo_image_id").where("logo_image_id is not null"));
inline constexpr auto tenant_counters = db::tenant_table<TenantCounter>(
    "tenant_counters", db::primary_key<>(), db::column_default<&TenantCounter::device_number>("0"));
}  // namespace tables

}  // namespace pos
