#include "pos/modules/devices/module.h"

#include "pos/modules/devices/tables.h"
#include "pos/modules/users/tables.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

// ---- What clients send ------------------------------------------------------------------------------------------

enum class Revocation : std::uint8_t { lost, retired };
constexpr auto describe(Revocation*) {
    return schema::enumeration<Revocation>("Revocation",
                                           {{Revocation::lost, "lost"}, {Revocation::retired, "retired"}});
}

struct RevokeDevice {
    Revocation status = Revocation::lost;

    friend constexpr auto describe(RevokeDevice*) {
        return schema::object<RevokeDevice>("RevokeDevice", schema::field<&RevokeDevice::status>("status"));
    }
};

// ---- Statements -------------------------------------------------------------------------------------------------

constexpr List<tables::devices, By<&DeviceFields::name>, AnyOf<&DeviceFields::location_id>> device_list;

// A counter in a row, so that any number of creations at once get different numbers; one that fails takes none. Never below
// the highest: an instance of the release before takes its numbers from the devices. Those of deleted devices are not given
// again, as they stand on receipts.
constexpr db::Query<std::int32_t()> next_number{
    {"devices.next_number",
     "update tenant_counters set device_number = 1 + greatest(device_number, ("
     "  select coalesce(max(d.device_number), 0) from devices d where d.tenant_id = $1)) "
     "where tenant_id = $1 returning device_number",
     db::Kind::write}};

constexpr db::Query<void(LocationId)> location_lives{
    {"devices.location_lives",
     "select violate('devices_location') where not exists ("
     "  select from locations where tenant_id = $1 and id = $2 and deleted_at is null for key share)",
     db::Kind::write}};

// By sales_device_seq, from its end: what the device has given is known by its sales alone, and written nowhere else.
constexpr db::Query<std::int64_t(DeviceId)> last_number{
    {"devices.last_number", "select coalesce(max(device_seq), 0) from sales where tenant_id = $1 and device_id = $2",
     db::Kind::read}};

// Sessions belong to the installation, not to a tenant, so the app role cannot reach them; app_system's function ends those of
// one device of the tenant in the same transaction, and tells every instance: once, however many they are.
constexpr db::Query<void(DeviceId, base::Timestamp)> end_sessions{
    {"devices.end_sessions", "select from end_device_sessions($2, $3) where $1 is not null", db::Kind::write}};

constexpr std::string_view end_device_sessions_sql =
    "create or replace function end_device_sessions(device uuid, moment timestamptz) returns void\n"
    "language plpgsql security definer set search_path = public as $$\n"
    "declare\n"
    "  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "begin\n"
    "  update sessions set revoked_at = moment, revoke_reason = 'device_revoked'\n"
    "  where tenant_id = tenant and device_id = device and revoked_at is null;\n"
    "  if found then\n"
    "    perform pg_notify('auth_changes', 'tenant:' || tenant);\n"
    "  end if;\n"
    "end $$;\n"
    "grant create on schema public to {{app_system}};\n"
    "alter function end_device_sessions(uuid, timestamptz) owner to {{app_system}};\n"
    "revoke create on schema public from {{app_system}};\n";

// ---- Handlers ---------------------------------------------------------------------------------------------------

async::Task<db::Page<Device>> list(auth::PermittedSomewhere<"devices.read"> caller, http::Query<ListFilter> filter,
                                   db::Db db) {
    return device_list.page(db, *filter, locations_with<"devices.read">(caller));
}

// The guards first: the counter is held until the end, and whoever deletes the location waits for it.
async::Task<void> number(Device* device, db::Db tx, SessionId session, std::int32_t member_version) {
    auto batch = tx.batch();
    batch.add(caller_is_current, session, member_version);
    batch.add(location_lives, device->fields.location_id);
    co_await batch.commit();
    device->device_number = co_await tx.only(next_number);
}

// An instance of the release before may take the number meanwhile: then the unique key says so, and the next one is tried.
constexpr int number_attempts = 5;

async::Task<Created<Device>> create(Create<"devices.write"> write, http::Body<New<Device>> input) {
    for (int attempt = 1;; ++attempt) {
        try {
            co_return co_await write.create(device_rows, input, [&](Device& row, Writes& writes) {
                return number(&row, writes.tx, SessionId(write.session_id), write.member_version);
            });
        } catch (const base::Failure& failure) {
            if (failure.code() != errors::device_number_taken || attempt == number_attempts) throw;
        }
    }
}

async::Task<Device> show(auth::PermittedSomewhere<"devices.read"> caller, http::Path<"id", DeviceId> id, db::Db db) {
    auto device = live(co_await db.one(device_rows.by_id, *id));
    if (!caller.may_at("devices.read", device.fields.location_id.uuid())) throw base::Failure(errors::row_not_found);
    device.last_seq_seen = co_await db.only(last_number, *id);
    co_return device;
}

async::Task<Device> change(Edit<"devices.write"> write, http::Path<"id", DeviceId> id,
                           http::Body<PatchOf<Device>> patch) {
    co_return co_await write.edit(device_rows, *id, [&](Device& row, Writes& writes) {
        const auto before = row.fields.location_id;
        apply(*patch, row.fields);
        writes.batch.add(caller_is_current, SessionId(write.session_id), write.member_version);
        write.require_at("devices.write", row.fields.location_id.uuid());
        // It may stay where it stands, also where the location was deleted.
        if (row.fields.location_id != before) writes.batch.add(location_lives, row.fields.location_id);
    });
}

// No If-Match: a stolen till is shut out whatever else was changed, and shutting it out twice is no fault.
async::Task<Device> revoke(Edit<"devices.revoke", Held::as_declared, Versions::any> write,
                           http::Path<"id", DeviceId> id, http::Body<RevokeDevice> input) {
    co_return co_await write.edit(device_rows, *id, [&](Device& row, Writes& writes) {
        row.status = input->status == Revocation::lost ? DeviceStatus::lost : DeviceStatus::retired;
        writes.batch.add(caller_is_current, SessionId(write.session_id), write.member_version);
        writes.batch.add(end_sessions, row.id, write.now());
    });
}

void routes(http::Routes routes) {
    routes.get("/devices", list,
               {.id = "listDevices",
                .summary = "Devices by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/devices", create,
                {.id = "createDevice",
                 .summary = "Add a device",
                 .description = "The server gives it the next free number, which stands in its receipts.",
                 .errors = {errors::caller_changed}});
    routes.get(
        "/devices/{id}", show,
        {.id = "getDevice",
         .summary = "One device",
         .description = "Here alone `lastSeqSeen` is counted: the highest `deviceSeq` of its sales. In lists and in "
                        "the feed it is 0. A till that knows of fewer has lost numbers, and must not count on."});
    routes.patch("/devices/{id}", change,
                 {.id = "changeDevice", .summary = "Rename or move a device", .errors = {errors::caller_changed}});
    routes.post("/devices/{id}/revoke", revoke,
                {.id = "revokeDevice",
                 .summary = "Shut a lost or retired device out",
                 .description = "Its sessions end at once.",
                 .errors = {errors::caller_changed}});
}

}  // namespace

app::Module devices_module() {
    return {
        .name = "devices",
        .doc = "Tills and other devices.",
        .tables = {tables::devices.view()},
        .database_objects = {{"end_device_sessions", end_device_sessions_sql,
                              "drop function end_device_sessions(uuid, timestamptz)"}},
        .statements = db::statements(device_rows, device_list, next_number, location_lives, last_number, end_sessions),
        .routes = routes};
}

}  // namespace pos
