#pragma once
// Who calls, and what they may do: the request parts that handlers take. Including this header is what makes db::Db a part.
//
//     async::Task<Product> show(auth::Permitted<"products.read"> caller, http::Path<"id", ProductId> id, db::Db db);
//     async::Task<Me> me(auth::Caller caller);
//
//     async::Task<db::Page<Sale>> list(auth::PermittedSomewhere<"sales.read"> caller, http::Query<SaleFilter> filter, db::Db db);
//
//     caller.may_everywhere("tenant.settings")     // by a role that no place limits
//     caller.may("sales.refund")                   // at one place at least
//     caller.may_at("sales.refund", place_id)      // there
//
// A role may be given for single places: what the service calls so (Places), a branch or a ward. What belongs to no place (settings)
// asks for Permitted, which such a role does not pass; what belongs to one asks for PermittedSomewhere, and then for the place. Routes that write may do so with
// permissions that are declared for it (acts_at_places); others do not compile.
//
// Caller proves an access token (Authorization: Bearer) or a cookie session with its CSRF token; the first part of a request
// that needs it does so, the others reuse it. Permissions and the session's state come from a per-loop cache, dropped by
// NOTIFY and at most 5 s old. A handler cannot get a tenant's Db without a caller: the Db is the caller's tenant's.

#include <bitset>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/uuid.h"
#include "db/db.h"
#include "http/handler.h"

namespace auth {

namespace errors {
inline constexpr base::ErrorCode missing_credentials{"auth.missing_credentials", 401, false, base::Action::refresh_auth,
                                                     "This needs a caller: send Authorization: Bearer"};
inline constexpr base::ErrorCode invalid_token{"auth.invalid_token", 401, false, base::Action::refresh_auth,
                                               "The access token is not valid"};
inline constexpr base::ErrorCode token_expired{"auth.token_expired", 401, true, base::Action::refresh_auth,
                                               "The access token has expired"};
inline constexpr base::ErrorCode session_revoked{"auth.session_revoked", 401, false, base::Action::refresh_auth,
                                                 "The session has ended"};
inline constexpr base::ErrorCode forbidden{"auth.forbidden", 403, false, base::Action::contact,
                                           "The caller may not do this"};
inline constexpr base::ErrorCode csrf_failed{"auth.csrf_failed", 403, false, base::Action::fix,
                                             "The CSRF token is missing or wrong"};
}  // namespace errors

inline constexpr std::size_t max_permissions = 128;
using PermissionSet = std::bitset<max_permissions>;

// What things belong to where permissions can be limited: `field` names it in JSON (a UUID, "wardId"), `noun` in sentences. Without a
// field nothing belongs anywhere.
struct Places {
    std::string_view field{};
    std::string_view noun = "place";
};

// The program's permissions in a fixed order, "resource.action"; the position is the bit.
class Permissions {
public:
    // `listed_in`: where a person writes another one.
    explicit Permissions(std::vector<std::string_view> names, Places places = {},
                         std::string_view listed_in = "the program's list of permissions");
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    [[nodiscard]] PermissionSet set_of(const std::vector<std::string>& names) const;  // unknown names are left out
    [[nodiscard]] const std::vector<std::string_view>& names() const noexcept { return names_; }
    [[nodiscard]] const Places& places() const noexcept { return places_; }
    [[nodiscard]] std::string_view listed_in() const noexcept { return listed_in_; }

private:
    std::vector<std::string_view> names_;  // sorted
    Places places_;
    std::string_view listed_in_;
};

// What a member may do: everywhere, and at single places.
struct Grants {
    PermissionSet everywhere;
    std::vector<std::pair<base::Uuid, PermissionSet>> by_place;
    // What is held back for now, whoever has it, and the error that says why: of a tenant who has to pay, say. Routes that ask for
    // such a permission answer with it.
    PermissionSet withheld{};
    const base::ErrorCode* withheld_by = nullptr;
    // What keeps the caller out for now, whatever they may do: of a member who has to set up a second factor, say. Every route that
    // asks for a caller answers with it, but for those that say otherwise (`.options = {.outside_wall = true}`).
    const base::ErrorCode* wall = nullptr;
    friend bool operator==(const Grants&, const Grants&) = default;
};

struct Caller {
    base::Uuid user_id;
    base::Uuid tenant_id;
    base::Uuid session_id;
    std::optional<base::Uuid> device_id;
    std::shared_ptr<const Grants> grants;
    const Permissions* permissions = nullptr;
    std::int32_t member_version = 0;  // of the membership that the grants were read from

    // Throws std::logic_error for a name that is no permission of the program.
    [[nodiscard]] bool may_everywhere(std::string_view permission) const;
    [[nodiscard]] bool may(std::string_view permission) const;
    [[nodiscard]] bool may_at(std::string_view permission, base::Uuid place) const;
    // What a permission that they have is held back by, for now; nullptr: by nothing.
    [[nodiscard]] const base::ErrorCode* withheld_by(std::string_view permission) const;
    // Throws 403 auth.forbidden.
    void require_at(std::string_view permission, base::Uuid place) const;
    // nullopt: at every place; else at these alone (perhaps none).
    [[nodiscard]] std::optional<std::vector<base::Uuid>> places_with(std::string_view permission) const;

    // What of a value they may read, for replies that are stored before they are sent; valid as long as this Caller. A member
    // with a permission is shown where they have it: at the place of the object or of one around it, if there is one.
    [[nodiscard]] schema::View view() const;

    static async::Task<Caller> read(http::Context& context, http::Findings& findings);
    static void describe(http::Operation& operation);
};

// The program's permissions that count at single places when something is written: because each thing they change belongs to
// a place, for which the handler asks, or because the program shares it on purpose. Specialised where the program lists
// its permissions; all others are held everywhere or not at all.
template <http::FixedString Permission>
inline constexpr bool acts_at_places = false;

namespace detail {
void require_everywhere(const Caller& caller, std::string_view permission);
void require_somewhere(const Caller& caller, std::string_view permission);
void describe_permission(http::Operation& operation, std::string_view permission, bool everywhere);
}  // namespace detail

// A caller who may do this at every place; 403 otherwise. Made by read() alone.
template <http::FixedString Permission>
class Permitted : public Caller {
public:
    static async::Task<Permitted> read(http::Context& context, http::Findings& findings) {
        Permitted permitted(co_await Caller::read(context, findings));
        detail::require_everywhere(permitted, Permission.view());
        co_return permitted;
    }
    static void describe(http::Operation& operation) {
        Caller::describe(operation);
        detail::describe_permission(operation, Permission.view(), true);
    }

private:
    explicit Permitted(Caller caller) : Caller(std::move(caller)) {}
};

// A caller who may do this at one place at least; 403 otherwise. The handler asks may_at() or places_with(), too.
template <http::FixedString Permission>
class PermittedSomewhere : public Caller {
public:
    static constexpr bool reads_only = !acts_at_places<Permission>;

    static async::Task<PermittedSomewhere> read(http::Context& context, http::Findings& findings) {
        PermittedSomewhere permitted(co_await Caller::read(context, findings));
        detail::require_somewhere(permitted, Permission.view());
        co_return permitted;
    }
    static void describe(http::Operation& operation) {
        Caller::describe(operation);
        detail::describe_permission(operation, Permission.view(), false);
    }

private:
    explicit PermittedSomewhere(Caller caller) : Caller(std::move(caller)) {}
};

}  // namespace auth

// The tenant's rows of the caller.
template <>
struct http::Part<db::Db> {
    static constexpr bool keeps_deadline = true;
    static async::Task<db::Db> read(Context& context, Findings& findings);
    static void describe(Operation& operation);
};

// Before a tenant is known. bin/lint lists the files that may take it.
template <>
struct http::Part<db::SystemDb> {
    static constexpr bool keeps_deadline = true;
    static db::SystemDb read(Context& context, Findings& findings);
    static void describe(Operation& operation);
};
