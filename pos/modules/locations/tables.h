#pragma once
// Shops and store rooms, and the counter of receipts that the server numbers itself.

#include "db/table.h"
#include "pos/plumbing/row.h"

namespace pos {

namespace errors {
inline constexpr auto location_code_taken = base::conflict("location.code_taken", "Another location has this code");
inline constexpr auto unknown_location = base::invalid("location.unknown", "There is no such location");
}  // namespace errors

struct LocationFields {
    std::string code;
    std::string name;
    std::optional<std::string> address;
    std::optional<std::string> tax_pin;
    bool is_warehouse = false;
    bool active = true;

    friend constexpr auto describe(LocationFields*) {
        return schema::object<LocationFields>(
            "Location",
            schema::field<&LocationFields::code>("code", {.format = schema::Format::code,
                                                          .doc = "Short, upper case; stands in receipt numbers.",
                                                          .example = R"("NRB1")"}),
            schema::field<&LocationFields::name>("name",
                                                 {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            schema::field<&LocationFields::address>("address", {.max_length = 500, .text = schema::Text::free}),
            schema::field<&LocationFields::tax_pin>("taxPin", {.max_length = 32, .text = schema::Text::code}),
            schema::field<&LocationFields::is_warehouse>("isWarehouse", {.defaulted = true}),
            schema::field<&LocationFields::active>("active", {.defaulted = true}));
    }
};

using Location = Row<LocationId, LocationFields>;

struct LocationCounter {
    LocationId location_id;
    std::int64_t last_receipt = 0;

    friend constexpr auto describe(LocationCounter*) {
        return schema::object<LocationCounter>("LocationCounter",
                                               schema::field<&LocationCounter::location_id>("locationId"),
                                               schema::field<&LocationCounter::last_receipt>("lastReceipt"));
    }
};

namespace tables {
inline constexpr auto locations = db::tenant_table<Location>(
    "locations", db::primary_key<&Location::id>(errors::id_taken), db::no_delete(),
    db::unique<&LocationFields::code>("locations_code", errors::location_code_taken).where("deleted_at is null"),
    db::index<&LocationFields::name, &Location::id>("locations_name"),
    db::index<&RowMeta::updated_at, &Location::id>("locations_updated"));
inline constexpr auto location_counters = db::tenant_table<LocationCounter>(
    "location_counters", db::primary_key<&LocationCounter::location_id>(),
    db::references<&LocationCounter::location_id>("location_counters_location", locations, errors::unknown_location));
}  // namespace tables

}  // namespace pos
