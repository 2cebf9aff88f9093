#include "pos/modules/sync/heartbeat.h"

#include "auth/caller.h"
#include "pos/modules/devices/module.h"
#include "pos/modules/sync/errors.h"
#include "pos/modules/sync/tables.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/runtime.h"

namespace pos::sync {

namespace {

constexpr std::int64_t numbers_looked_at = 10'000;
constexpr std::size_t most_missing = 100;  // of the reply

struct Heartbeat {
    DeviceId device_id;
    std::int32_t pending = 0;
    std::optional<base::Timestamp> oldest_pending_at;
    std::int64_t last_device_seq = 0;
    std::optional<std::int64_t> storage_free_mb;
    std::optional<std::string> app_version;
    std::optional<base::Timestamp> sent_at;

    friend constexpr auto describe(Heartbeat*) {
        using schema::field;
        return schema::object<Heartbeat>(
            "Heartbeat", field<&Heartbeat::device_id>("deviceId"),
            field<&Heartbeat::pending>("pending",
                                       {.min = 0, .max = 1'000'000, .doc = "Operations that wait to be sent."}),
            field<&Heartbeat::oldest_pending_at>("oldestPendingAt", {.doc = "When the oldest of them was made."}),
            field<&Heartbeat::last_device_seq>("lastDeviceSeq",
                                               {.min = 0,
                                                .max = schema::max_safe_integer,
                                                .doc = "The last `deviceSeq` that it gave to a sale; 0: none yet."}),
            field<&Heartbeat::storage_free_mb>("storageFreeMb", {.min = 0, .max = 1'000'000'000}),
            field<&Heartbeat::app_version>(
                "appVersion", {.min_length = 1, .max_length = 40, .text = schema::Text::raw, .example = R"("4.2.0")"}),
            field<&Heartbeat::sent_at>("sentAt", {.doc = "The device's clock; tells how wrong it is."}));
    }
};

struct HeartbeatReply {
    base::Timestamp server_time;
    std::optional<std::int64_t> clock_skew_ms;
    std::int32_t missing = 0;
    std::vector<std::int64_t> missing_device_seqs;

    friend constexpr auto describe(HeartbeatReply*) {
        using schema::field;
        return schema::object<HeartbeatReply>(
            "HeartbeatReply", field<&HeartbeatReply::server_time>("serverTime"),
            field<&HeartbeatReply::clock_skew_ms>("clockSkewMs",
                                                  {.doc = "The device's clock less the server's; null without "
                                                          "`sentAt`."}),
            field<&HeartbeatReply::missing>(
                "missing", {.doc = "How many of its last 10,000 numbers have no sale here: those that it has not sent "
                                   "yet, and those that are lost."}),
            field<&HeartbeatReply::missing_device_seqs>("missingDeviceSeqs",
                                                        {.max_items = most_missing, .doc = "The first of them."}));
    }
};

// An older one that comes late changes nothing: `seen_at` is the server's, so this is the order of arrival.
constexpr auto keep = db::upsert<tables::device_heartbeats>("sync.keep_heartbeat");

// By (tenant_id, device_id, device_seq): one scan of a range.
constexpr db::Query<std::int64_t(DeviceId, std::int64_t, std::int64_t)> missing_numbers{
    {"sync.missing_numbers",
     "select n as device_seq from generate_series($3::bigint, $4::bigint) n "
     "left join sales s on s.tenant_id = $1 and s.device_id = $2 and s.device_seq = n "
     "and s.device_seq between $3 and $4 "
     "where s.id is null order by n",
     db::Kind::read}};

struct SeenDevice {
    DeviceId id;
    LocationId location_id;
    std::string name;
    DeviceHeartbeat heartbeat;

    friend constexpr auto describe(SeenDevice*) {
        using schema::field;
        return schema::object<SeenDevice>("SeenDevice", field<&SeenDevice::id>("id"),
                                          field<&SeenDevice::location_id>("locationId"),
                                          field<&SeenDevice::name>("name"), schema::flatten<&SeenDevice::heartbeat>());
    }
};
struct SeenDevices {
    std::vector<SeenDevice> data;

    friend constexpr auto describe(SeenDevices*) {
        return schema::object<SeenDevices>("SeenDevices",
                                           schema::field<&SeenDevices::data>("data", {.max_items = 1'000}));
    }
};
using Locations = std::optional<std::vector<LocationId>>;
constexpr db::Query<SeenDevice(Locations)> seen_devices{
    {"sync.seen_devices",
     "select d.id, d.location_id, d.name, h.device_id, h.pending, h.oldest_pending_at, h.last_device_seq, h.missing, "
     "h.storage_free_mb, h.app_version, h.clock_skew_ms, h.seen_at "
     "from device_heartbeats h join devices d on d.tenant_id = h.tenant_id and d.id = h.device_id "
     "where h.tenant_id = $1 and d.deleted_at is null and ($2::uuid[] is null or d.location_id = any($2)) "
     "order by h.seen_at, h.device_id limit 1000",
     db::Kind::read}};

async::Task<HeartbeatReply> heartbeat(auth::Caller caller, http::Body<Heartbeat> said, db::Db db,
                                      http::Service<Runtime> runtime) {
    const auto device = co_await db.one(device_rows.by_id, said->device_id);
    if (!device || device->meta.deleted_at || device->status != DeviceStatus::active)
        throw base::Failure(errors::unknown_sync_device);
    if (caller.device_id != said->device_id.uuid())
        caller.require_at("sales.push_for_device", device->fields.location_id.uuid());
    HeartbeatReply reply{.server_time = runtime->now()};
    if (said->sent_at)
        reply.clock_skew_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(*said->sent_at - reply.server_time).count();
    const auto last = said->last_device_seq;
    if (last > 0) {
        const auto first = std::max<std::int64_t>(1, last - numbers_looked_at + 1);
        reply.missing_device_seqs = co_await db.all(missing_numbers, said->device_id, first, last);
    }
    reply.missing = static_cast<std::int32_t>(reply.missing_device_seqs.size());
    if (reply.missing_device_seqs.size() > most_missing) reply.missing_device_seqs.resize(most_missing);
    co_await db.run(keep, DeviceHeartbeat{.device_id = said->device_id,
                                          .pending = said->pending,
                                          .oldest_pending_at = said->oldest_pending_at,
                                          .last_device_seq = last,
                                          .missing = reply.missing,
                                          .storage_free_mb = said->storage_free_mb,
                                          .app_version = said->app_version,
                                          .clock_skew_ms = reply.clock_skew_ms,
                                          .seen_at = reply.server_time});
    co_return reply;
}

async::Task<SeenDevices> show(auth::PermittedSomewhere<"devices.read"> caller, db::Db db) {
    co_return SeenDevices{co_await db.all(seen_devices, locations_with<"devices.read">(caller))};
}

}  // namespace

void heartbeat_routes(http::Routes routes) {
    routes.post("/sync/heartbeat", heartbeat,
                {.id = "sendHeartbeat",
                 .summary = "Say what a device has not sent yet",
                 .description = "By the device's own session, or by whoever has `sales.push_for_device` at its "
                                "location. Once a minute is enough. The newest is kept; it is no change of the feed.",
                 .errors = {errors::unknown_sync_device, auth::errors::forbidden}});
    routes.get("/sync/heartbeats", show,
               {.id = "listHeartbeats",
                .summary = "Devices by their last heartbeat, the oldest first",
                .description = "Who has sales that are not here yet, and whose numbers have holes."});
}

std::vector<db::StatementView> heartbeat_statements() { return db::statements(keep, missing_numbers, seen_devices); }

}  // namespace pos::sync
