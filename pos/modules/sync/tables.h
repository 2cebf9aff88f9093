#pragma once
// What tills say of themselves: the newest of each.

#include "db/table.h"
#include "pos/modules/devices/tables.h"

namespace pos {

struct DeviceHeartbeat {
    DeviceId device_id;
    std::int32_t pending = 0;
    std::optional<base::Timestamp> oldest_pending_at;
    std::int64_t last_device_seq = 0;
    std::int32_t missing = 0;  // of its numbers, when it said this
    std::optional<std::int64_t> storage_free_mb;
    std::optional<std::string> app_version;
    std::optional<std::int64_t> clock_skew_ms;
    base::Timestamp seen_at;

    friend constexpr auto describe(DeviceHeartbeat*) {
        using schema::field;
        return schema::object<DeviceHeartbeat>(
            "DeviceHeartbeat", field<&DeviceHeartbeat::device_id>("deviceId"),
            field<&DeviceHeartbeat::pending>("pending", {.doc = "Operations that it has not sent yet."}),
            field<&DeviceHeartbeat::oldest_pending_at>("oldestPendingAt"),
            field<&DeviceHeartbeat::last_device_seq>("lastDeviceSeq", {.doc = "The last number it gave to a sale."}),
            field<&DeviceHeartbeat::missing>(
                "missing", {.doc = "Numbers up to `lastDeviceSeq`, of the last 10,000, of which no sale is here. More "
                                   "than `pending`: sales are lost."}),
            field<&DeviceHeartbeat::storage_free_mb>("storageFreeMb"),
            field<&DeviceHeartbeat::app_version>("appVersion", {.max_length = 40, .text = schema::Text::raw}),
            field<&DeviceHeartbeat::clock_skew_ms>("clockSkewMs",
                                                   {.doc = "Its clock less the server's; negative: it is behind."}),
            field<&DeviceHeartbeat::seen_at>("seenAt"));
    }
};

namespace tables {
inline constexpr auto device_heartbeats = db::tenant_table<DeviceHeartbeat>(
    "device_heartbeats", db::primary_key<&DeviceHeartbeat::device_id>(),
    db::references<&DeviceHeartbeat::device_id>("device_heartbeats_device", devices, errors::unknown_device),
    db::index<&DeviceHeartbeat::seen_at, &DeviceHeartbeat::device_id>("device_heartbeats_seen"));
}  // namespace tables

}  // namespace pos
