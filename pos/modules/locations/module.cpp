#include "pos/modules/locations/module.h"

#include "auth/authenticator.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/locations/tables.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/plan_limits.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

// ---- Statements -------------------------------------------------------------------------------------------------

constexpr auto add_counter = db::insert<tables::location_counters>("locations.add_counter");
constexpr List<tables::locations, By<&LocationFields::name>, AnyOf<&Location::id>> location_list;

// What is known of the tenant's callers is old: roles at a deleted location count for little.
constexpr db::Query<std::string()> announce{
    {"locations.announce", "select pg_notify('auth_changes', 'tenant:' || $1::uuid)::text", db::Kind::write}};

// ---- Handlers ---------------------------------------------------------------------------------------------------

async::Task<db::Page<Location>> list(auth::PermittedSomewhere<"locations.read"> caller, http::Query<ListFilter> filter,
                                     db::Db db) {
    return location_list.page(db, *filter, locations_with<"locations.read">(caller));
}

async::Task<Created<Location>> create(Create<"locations.write", Held::everywhere> write,
                                      http::Body<New<Location>> input) {
    co_return co_await write.create(location_rows, input, [](const Location& row, Writes& writes) {
        writes.batch.add(add_counter, LocationCounter{row.id});
        require_place_for_location(writes.batch);
    });
}

async::Task<Location> show(auth::PermittedSomewhere<"locations.read"> caller, http::Path<"id", LocationId> id,
                           db::Db db) {
    if (!caller.may_at("locations.read", id.value.uuid())) throw base::Failure(errors::row_not_found);
    co_return live(co_await db.one(location_rows.by_id, *id));
}

async::Task<Location> change(Edit<"locations.write"> write, http::Path<"id", LocationId> id,
                             http::Body<PatchOf<Location>> patch) {
    co_return co_await write.edit(location_rows, *id, *patch);
}

async::Task<http::NoContent> remove(Edit<"locations.write", Held::everywhere> write, http::Path<"id", LocationId> id,
                                    http::Service<auth::Authenticator> authenticator) {
    co_await write.remove(location_rows, *id, [](Location&, Writes& writes) { writes.batch.add(announce); });
    authenticator->invalidate_tenant(write.tenant_id);
    co_return http::NoContent{};
}

void routes(http::Routes routes) {
    routes.get("/locations", list,
               {.id = "listLocations",
                .summary = "Locations by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/locations", create,
                {.id = "createLocation", .summary = "Add a location", .errors = {errors::plan_locations}});
    routes.get("/locations/{id}", show, {.id = "getLocation", .summary = "One location"});
    routes.patch("/locations/{id}", change, {.id = "changeLocation", .summary = "Change a location"});
    routes.del("/locations/{id}", remove,
               {.id = "deleteLocation",
                .summary = "Delete a location; its sales and stock stay",
                .description = "Roles there count for late sales alone from then on."});
}

}  // namespace

app::Module locations_module() {
    return {.name = "locations",
            .doc = "Shops and store rooms.",
            .tables = {tables::locations.view(), tables::location_counters.view()},
            .statements = db::statements(location_rows, add_counter, location_list, announce),
            .routes = routes};
}

}  // namespace pos
