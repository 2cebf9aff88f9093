#include "pos/modules/sync/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/strings.h"

namespace pos::sync {

namespace {

// Permissions without which some members are left out.
void add_permissions(const schema::Type& type, std::set<std::string_view>& names);
void add_permissions(const schema::ObjectType& object, std::set<std::string_view>& names) {
    for (const auto& field : object.fields) {
        if (!field.rules.permission.empty()) names.insert(field.rules.permission);
        add_permissions(*field.type, names);
    }
}
void add_permissions(const schema::Type& type, std::set<std::string_view>& names) {
    if (type.element != nullptr) add_permissions(*type.element, names);
    if (type.object != nullptr) add_permissions(*type.object, names);
}

// Where somebody has a permission, in one spelling.
std::string places_of(const auth::Caller& caller, std::string_view permission) {
    auto places = caller.places_with(permission);
    if (!places) return "everywhere";
    std::ranges::sort(*places);
    std::string text;
    for (const auto& place : *places) text += place.to_string() + ',';
    return text;
}

std::string hash_of(const auth::Caller& caller, const Scope& scope) {
    std::string text = scope.location ? scope.location->to_string() : "all";
    std::set<std::string_view> permissions;
    for (const auto* collection : scope.collections) {
        text += fmt::format("\n{}", collection->name);
        permissions.insert(collection->read);
        add_permissions(*collection->row, permissions);
    }
    for (const auto permission : permissions) text += fmt::format("\n{}={}", permission, places_of(caller, permission));
    const auto digest = base::sha256(text);
    return base::base64url_encode(base::as_chars(digest).substr(0, 12));
}

[[noreturn]] void throw_unknown(std::string_view name) {
    std::string known;
    for (const auto& collection : synced_collections()) {
        if (!known.empty()) known += ", ";
        known += collection.name;
    }
    throw base::Failure(
        http::errors::invalid,
        {{"query", "/collections", "unknown_collection", fmt::format("\"{}\" is none of {}", name, known), {}}});
}

}  // namespace

std::vector<std::string> Scope::names() const {
    std::vector<std::string> names;
    for (const auto* collection : collections) names.emplace_back(collection->name);
    return names;
}

bool Scope::may_see(const auth::Caller& caller, std::string_view name, const std::optional<LocationId>& at) const {
    const auto found = std::ranges::find(collections, name, &SyncedCollection::name);
    if (found == collections.end()) return false;
    if (!at) return true;
    return (!location || *at == *location) && caller.may_at((*found)->read, at->uuid());
}

bool Scope::concerns(const Poke& poke) const {
    return std::ranges::any_of(collections, [&](const auto* collection) {
        return location ? poke.is_about(collection->name, location->uuid()) : poke.is_about(collection->name);
    });
}

bool may_know(const auth::Caller& caller, const db::AnnouncedRows& rows) {
    const auto* collection = find_collection(rows.kind);
    if (collection == nullptr) return false;
    const bool may = rows.place ? caller.may_at(collection->read, *rows.place) : caller.may(collection->read);
    return may && caller.withheld_by(collection->read) == nullptr;
}

Scope scope_of(const auth::Caller& caller, const std::optional<std::string>& names,
               std::optional<LocationId> location) {
    Scope scope{.collections = {}, .location = location, .hash = {}};
    if (!names) {
        for (const auto& collection : synced_collections()) scope.collections.push_back(&collection);
    } else {
        for (const auto name : base::split(*names, ',')) {
            const auto* collection = find_collection(name);
            if (collection == nullptr) throw_unknown(name);
            scope.collections.push_back(collection);
        }
    }
    std::ranges::sort(scope.collections, {}, &SyncedCollection::name);
    const auto repeated = std::ranges::unique(scope.collections);
    scope.collections.erase(repeated.begin(), repeated.end());
    scope.hash = hash_of(caller, scope);
    return scope;
}

}  // namespace pos::sync
