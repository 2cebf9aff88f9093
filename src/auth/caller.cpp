#include "auth/caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "auth/authenticator.h"
#include "db/cursor_error.h"
#include "db/error.h"
#include "http/context.h"
#include "http/router.h"

namespace auth {

// ---- Permissions -------------------------------------------------------------------------------------------------

Permissions::Permissions(std::vector<std::string_view> names, Places places, std::string_view listed_in)
    : names_(std::move(names)), places_(places), listed_in_(listed_in) {
    std::ranges::sort(names_);
    if (names_.size() > max_permissions) throw std::invalid_argument("auth: more permissions than max_permissions");
    if (std::ranges::adjacent_find(names_) != names_.end())
        throw std::invalid_argument("auth: a permission is listed twice");
}

std::optional<std::size_t> Permissions::find(std::string_view name) const {
    const auto found = std::ranges::lower_bound(names_, name);
    if (found == names_.end() || *found != name) return std::nullopt;
    return static_cast<std::size_t>(found - names_.begin());
}

PermissionSet Permissions::set_of(const std::vector<std::string>& names) const {
    PermissionSet set;
    for (const auto& name : names) {
        if (const auto index = find(name)) set.set(*index);
    }
    return set;
}

// ---- Caller ------------------------------------------------------------------------------------------------------

namespace {

std::size_t index_of(const Caller& caller, std::string_view permission) {
    const auto index = caller.permissions->find(permission);
    if (!index) throw std::logic_error(fmt::format("auth: \"{}\" is no permission of this program", permission));
    return *index;
}

// RFC 6750 §3.1: insufficient_scope.
base::Failure forbid(std::string_view permission, std::string detail) {
    return base::Failure(errors::forbidden, std::move(detail))
        .header("WWW-Authenticate", fmt::format(R"(Bearer error="insufficient_scope", scope="{}")", permission));
}

// Where an object belongs; nullptr: to no place.
const base::Uuid* place_of(const schema::Enclosing& object, const Places& places) {
    if (places.field.empty()) return nullptr;
    for (const auto* at = &object; at != nullptr; at = at->outer) {
        const auto* field = at->type->find(places.field);
        if (field == nullptr) continue;
        const auto* value = field->get(at->object);
        if (field->type->kind == schema::Kind::optional) value = field->type->peek(value);
        if (value != nullptr) return static_cast<const base::Uuid*>(value);
    }
    return nullptr;
}

bool may_see(const void* who, std::string_view permission, const schema::Enclosing& object) {
    const auto& caller = *static_cast<const Caller*>(who);
    if (caller.grants->everywhere.test(index_of(caller, permission))) return true;
    if (caller.grants->by_place.empty()) return false;
    const auto* place = place_of(object, caller.permissions->places());
    return place != nullptr ? caller.may_at(permission, *place) : caller.may(permission);
}

}  // namespace

schema::View Caller::view() const { return {.reader = {this, &may_see}}; }

bool Caller::may_everywhere(std::string_view permission) const {
    return grants->everywhere.test(index_of(*this, permission));
}

bool Caller::may(std::string_view permission) const {
    const auto index = index_of(*this, permission);
    return grants->everywhere.test(index) ||
           std::ranges::any_of(grants->by_place, [&](const auto& grant) { return grant.second.test(index); });
}

bool Caller::may_at(std::string_view permission, base::Uuid place) const {
    const auto index = index_of(*this, permission);
    return grants->everywhere.test(index) || std::ranges::any_of(grants->by_place, [&](const auto& grant) {
               return grant.first == place && grant.second.test(index);
           });
}

const base::ErrorCode* Caller::withheld_by(std::string_view permission) const {
    return grants->withheld_by != nullptr && grants->withheld.test(index_of(*this, permission)) ? grants->withheld_by
                                                                                                : nullptr;
}

void Caller::require_at(std::string_view permission, base::Uuid place) const {
    if (!may_at(permission, place))
        throw forbid(permission, fmt::format("this needs \"{}\" at the {}", permission, permissions->places().noun));
}

std::optional<std::vector<base::Uuid>> Caller::places_with(std::string_view permission) const {
    const auto index = index_of(*this, permission);
    if (grants->everywhere.test(index)) return std::nullopt;
    std::vector<base::Uuid> places;
    for (const auto& [place, set] : grants->by_place) {
        if (set.test(index)) places.push_back(place);
    }
    return places;
}

namespace {

// Before anything of the request is looked at: a route that nobody thought of is behind the wall.
void require_outside_wall(const http::Context& context, const Caller& caller) {
    const auto* wall = caller.grants->wall;
    if (wall == nullptr) return;
    const auto* route = context.route();
    if (route == nullptr || !route->options.outside_wall) throw base::Failure(*wall);
}

}  // namespace

// The way of nearly every request, token and session known, makes no call that suspends.
async::Task<Caller> Caller::read(http::Context& context, http::Findings& /*unused*/) {
    if (const auto* known = context.get<Caller>()) co_return *known;
    auto& authenticator = context.services().use<Authenticator>();
    const auto proof = authenticator.prove(context);
    SessionCache::Entry state;
    if (const auto* known = authenticator.find(proof)) {
        state = *known;
    } else {
        state = co_await authenticator.load(proof.key, context.deadline());
    }
    auto admitted = authenticator.admit(context, proof, state.get());
    require_outside_wall(context, admitted);
    const auto& caller = context.set(std::move(admitted));
    context.set(http::Reader{caller.view().reader, caller.tenant_id, &authenticator.tag_key()});
    context.request().charge_body_to(caller.tenant_id);
    co_return caller;
}

void Caller::describe(http::Operation& operation) {
    operation.security = {"bearer", "session"};
    for (const auto& error : {errors::missing_credentials, errors::invalid_token, errors::token_expired,
                              errors::session_revoked, errors::csrf_failed}) {
        operation.can_fail(error);
    }
    operation.need<Authenticator>();
}

namespace detail {

namespace {

// Whoever may not do it at all has heard of that before.
void require_not_withheld(const Caller& caller, std::string_view permission) {
    if (const auto* code = caller.withheld_by(permission)) throw base::Failure(*code);
}

}  // namespace

void require_everywhere(const Caller& caller, std::string_view permission) {
    if (caller.may_everywhere(permission)) return require_not_withheld(caller, permission);
    if (!caller.may(permission)) throw forbid(permission, fmt::format("this needs \"{}\"", permission));
    throw forbid(permission,
                 fmt::format("this needs \"{}\" at every {}", permission, caller.permissions->places().noun));
}

void require_somewhere(const Caller& caller, std::string_view permission) {
    if (!caller.may(permission)) throw forbid(permission, fmt::format("this needs \"{}\"", permission));
    require_not_withheld(caller, permission);
}

void describe_permission(http::Operation& operation, std::string_view permission, bool everywhere) {
    operation.permission = permission;
    operation.permission_everywhere = everywhere;
    operation.can_fail(errors::forbidden);
}

}  // namespace detail

}  // namespace auth

// ---- Databases as parts ------------------------------------------------------------------------------------------

namespace {
// Behind body and query, which a handler names before its database.
void describe_database(http::Operation& operation) {
    operation.need<db::Databases>();
    for (const auto& error : {db::errors::unavailable, db::errors::timeout, db::errors::overloaded,
                              db::errors::outcome_unknown, db::errors::serialization})
        operation.can_fail(error);
    if (!operation.body_media_types.empty()) {
        operation.can_fail(db::errors::value_refused);
        operation.can_fail(base::errors::out_of_range);
    }
    const bool is_list = std::ranges::any_of(operation.parameters, [](const http::ParameterDoc& parameter) {
        return parameter.in == "query" && parameter.field->name == "cursor";
    });
    if (is_list) operation.can_fail(db::errors::invalid_cursor);
}
}  // namespace

async::Task<db::Db> http::Part<db::Db>::read(Context& context, Findings& findings) {
    const auto caller = co_await auth::Caller::read(context, findings);
    co_return db::tenant_db(context.services().use<db::Databases>(), caller.tenant_id, context.deadline(),
                            context.span());
}

void http::Part<db::Db>::describe(Operation& operation) {
    auth::Caller::describe(operation);
    describe_database(operation);
}

db::SystemDb http::Part<db::SystemDb>::read(Context& context, Findings& /*unused*/) {
    return db::system_db(context.services().use<db::Databases>(), context.deadline(), context.span());
}

void http::Part<db::SystemDb>::describe(Operation& operation) { describe_database(operation); }
