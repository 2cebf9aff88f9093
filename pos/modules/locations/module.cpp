#include "pos/modules/locations/module.h"

#include "auth/authenticator.h"
#include "pos/modules/locations/tables.h"
#include "pos/plumbing/create.h"
#include "pos/plumbing/edit.h"
#include "pos/plumbing/list.h"

namespace pos {

namespace {

// ---- What clients send ------------------------------------------------------------------------------------------

struct NewLocation {
    std::optional<LocationId> id;
    LocationFields fields;

    friend constexpr auto describe(NewLocation*) {
        return schema::object<NewLocation>(
            "NewLocation", schema::field<&NewLocation::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::flatten<&NewLocation::fields>());
    }
};

// ---- Statements -------------------------------------------------------------------------------------------------

LocationId itself(const Location& row) { return row.id; }

constexpr auto by_id = db::find<tables::locations>("locations.by_id");
constexpr auto add = db::insert<tables::locations>("locations.add");
constexpr auto add_counter = db::insert<tables::location_counters>("locations.add_counter");
constexpr auto table = editable<tables::locations>("locations.lock", "locations.replace", itself);
constexpr auto living = db::select<tables::locations>().where<&RowMeta::deleted_at, db::Compare::is_null>();
constexpr List all{
    living.order_by<&LocationFields::name, &Location::id>().page("locations.page", "locations.page_after"),
    updated_since<&Location::id>(living).page("locations.page_updated", "locations.page_updated_after")};
constexpr auto given = living.where<&Location::id, db::Compare::any>();
constexpr List some{
    given.order_by<&LocationFields::name, &Location::id>().page("locations.page_of", "locations.page_of_after"),
    updated_since<&Location::id>(given).page("locations.page_of_updated", "locations.page_of_updated_after")};

// What is known of the tenant's callers is old: roles at a deleted location count for little.
constexpr db::Query<std::string()> announce{
    {"locations.announce", "select pg_notify('auth_changes', 'tenant:' || $1::uuid)::text", db::Kind::write}};

// ---- Handlers ---------------------------------------------------------------------------------------------------

async::Task<db::Page<Location>> list(auth::PermittedSomewhere<"locations.read"> caller, http::Query<ListFilter> filter,
                                     db::Db db) {
    const auto allowed = caller.locations_with("locations.read");
    if (!allowed) co_return co_await all.page(db, *filter);
    co_return co_await some.page(db, *filter, std::vector<LocationId>(allowed->begin(), allowed->end()));
}

async::Task<http::Rendered<Location, 201>> create(auth::Permitted<"locations.write"> caller, IdempotencyHeader key,
                                                  http::Body<NewLocation> input, db::Db db,
                                                  http::Use<Runtime> runtime) {
    const Location location{input->id.value_or(runtime->new_id<LocationId>()), input->fields,
                            first_version(caller, runtime->now())};
    Creation creation(location, location.id.uuid(), {"/v1/locations", caller, key, input, db, runtime});
    creation.batch().add(add, location);
    creation.batch().add(add_counter, LocationCounter{location.id});
    co_return co_await creation.commit({{"locations", location.id.uuid(), ChangeKind::updated, location.id}});
}

async::Task<Location> show(auth::PermittedSomewhere<"locations.read"> caller, http::Path<"id", LocationId> id,
                           db::Db db) {
    if (!caller.may_at("locations.read", id.value.uuid())) throw base::Failure(http::errors::not_found);
    co_return live(co_await db.one(by_id, *id));
}

async::Task<Location> change(auth::PermittedSomewhere<"locations.write"> caller, http::Path<"id", LocationId> id,
                             IfMatch if_match, http::Body<schema::Patch<LocationFields>> patch, db::Db db,
                             http::Use<Runtime> runtime) {
    co_return co_await edit<table>(db, *id, {caller, *if_match, runtime->now(), "locations.write"},
                                   [&](Location& row, Writes&) { apply(*patch, row.fields); });
}

async::Task<http::NoContent> remove(auth::Permitted<"locations.write"> caller, http::Path<"id", LocationId> id,
                                    IfMatch if_match, db::Db db, http::Use<Runtime> runtime,
                                    http::Use<auth::Authenticator> authenticator) {
    co_await pos::remove<table>(db, *id, {caller, *if_match, runtime->now(), "locations.write"},
                                [](Location&, Writes& writes) { writes.batch.add(announce); });
    authenticator->invalidate_tenant(caller.tenant_id);
    co_return http::NoContent{};
}

void routes(http::Routes routes) {
    routes.get("/locations", list,
               {.id = "listLocations",
                .summary = "Locations by name",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/locations", create,
                {.id = "createLocation",
                 .summary = "Add a location",
                 .errors = {errors::location_code_taken, errors::id_taken}});
    routes.get("/locations/{id}", show,
               {.id = "getLocation", .summary = "One location", .errors = {http::errors::not_found}});
    routes.patch("/locations/{id}", change,
                 {.id = "changeLocation", .summary = "Change a location", .errors = {errors::location_code_taken}});
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
            .statements = db::statements(by_id, add, add_counter, table.lock, table.replace, all.own, all.updated,
                                         some.own, some.updated, announce),
            .routes = routes,
            .errors = {errors::location_code_taken, errors::unknown_location}};
}

}  // namespace pos
