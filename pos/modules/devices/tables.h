#pragma once
// Tills. A device numbers its own sales, so that receipts are unique without a server.

#include "pos/modules/locations/tables.h"

namespace pos {

namespace errors {
inline constexpr auto device_number_taken = base::conflict("device.number_taken", "Another device has this number");
inline constexpr auto unknown_device = base::invalid("device.unknown", "There is no such device");
}  // namespace errors

enum class DeviceStatus : std::uint8_t { active, lost, retired };
constexpr auto describe(DeviceStatus*) {
    return schema::enumeration<DeviceStatus>(
        "DeviceStatus",
        {{DeviceStatus::active, "active"}, {DeviceStatus::lost, "lost"}, {DeviceStatus::retired, "retired"}});
}

enum class DeviceKind : std::uint8_t { till, tablet, phone, back_office, kiosk };
constexpr auto describe(DeviceKind*) {
    return schema::enumeration<DeviceKind>("DeviceKind", {{DeviceKind::till, "till"},
                                                          {DeviceKind::tablet, "tablet"},
                                                          {DeviceKind::phone, "phone"},
                                                          {DeviceKind::back_office, "back_office"},
                                                          {DeviceKind::kiosk, "kiosk"}});
}

struct DeviceFields {
    LocationId location_id;
    std::string name;
    DeviceKind kind = DeviceKind::till;

    friend constexpr auto describe(DeviceFields*) {
        return schema::object<DeviceFields>(
            "Device", schema::field<&DeviceFields::location_id>("locationId"),
            schema::field<&DeviceFields::name>("name", {.min_length = 1, .max_length = 80, .text = schema::Text::name}),
            schema::field<&DeviceFields::kind>("kind", {.defaulted = true}));
    }
};

struct Device {
    DeviceId id;
    DeviceFields fields;
    std::int32_t device_number = 0;
    DeviceStatus status = DeviceStatus::active;
    std::int64_t last_seq_seen = 0;
    std::optional<base::Timestamp> last_seen_at;
    std::optional<std::string> app_version;
    std::optional<std::int64_t> clock_skew_ms;
    RowMeta meta;

    friend constexpr auto describe(Device*) {
        return schema::object<Device>(
            "Device", schema::field<&Device::id>("id"), schema::flatten<&Device::fields>(),
            schema::field<&Device::device_number>("deviceNumber",
                                                  {.doc = "Unique in the tenant; stands in receipt numbers."}),
            schema::field<&Device::status>("status"), schema::field<&Device::last_seq_seen>("lastSeqSeen"),
            schema::field<&Device::last_seen_at>("lastSeenAt"), schema::field<&Device::app_version>("appVersion"),
            schema::field<&Device::clock_skew_ms>("clockSkewMs"), schema::flatten<&Device::meta>());
    }
};

namespace tables {
inline constexpr auto devices = db::tenant_table<Device>(
    "devices", db::primary_key<&Device::id>(errors::id_taken), db::no_delete(),
    db::unique<&Device::device_number>("devices_number", errors::device_number_taken),
    db::references<&DeviceFields::location_id>("devices_location", locations, errors::unknown_location),
    db::index<&DeviceFields::name, &Device::id>("devices_name"),
    db::index<&RowMeta::updated_at, &Device::id>("devices_updated"));
}  // namespace tables

}  // namespace pos
