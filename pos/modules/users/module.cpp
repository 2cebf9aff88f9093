#include "pos/modules/users/module.h"

#include <algorithm>

#include "auth/authenticator.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/users/events.h"
#include "pos/modules/users/members.h"
#include "pos/modules/users/role_rules.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/plan_limits.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace errors {
inline constexpr auto last_owner = base::conflict("membership.last_owner", "A tenant keeps one active owner at least");
}  // namespace errors

namespace {

// ---- Statements -------------------------------------------------------------------------------------------------

// Users belong to no tenant, so their names are read as app_system, with the tenant as a condition like everywhere.
#define POS_MEMBER_SQL                                                                                              \
    "select u.id, m.id as membership_id, u.name, u.email, u.phone, m.status, m.default_location_id, coalesce(("     \
    "  select jsonb_agg(jsonb_build_object('roleId', r.id, 'name', r.name, 'locationId', mr.location_id) order by " \
    "r.name, mr.id) "                                                                                               \
    "  from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id "                  \
    "  where mr.tenant_id = m.tenant_id and mr.membership_id = m.id), '[]'::jsonb) as roles, m.version, "           \
    "m.created_at, m.updated_at, u.second_factor_since is not null as has_second_factor "                           \
    "from memberships m join users u on u.id = m.user_id where m.tenant_id = $1 and m.deleted_at is null "

constexpr db::Query<Member(UserId)> member{
    {.name = "users.member", .sql = POS_MEMBER_SQL "and m.user_id = $2", .as_system = true}};
constexpr db::PageQuery<Member, std::tuple<MembershipId>> page{
    {{.name = "users.page", .sql = POS_MEMBER_SQL "order by m.id limit $2::int", .as_system = true}},
    {{.name = "users.page_after",
      .sql = POS_MEMBER_SQL "and m.id > $2 order by m.id limit $3::int",
      .as_system = true}},
    [](const Member& row) { return std::tuple(row.membership_id); }};
constexpr db::PageQuery<Member, std::tuple<base::Timestamp, MembershipId>, base::Timestamp> page_updated{
    {{.name = "users.page_updated",
      .sql = POS_MEMBER_SQL "and m.updated_at >= $2 order by m.updated_at, m.id limit $3::int",
      .as_system = true}},
    {{.name = "users.page_updated_after",
      .sql = POS_MEMBER_SQL
      "and m.updated_at >= $2 and (m.updated_at, m.id) > ($3, $4) order by m.updated_at, m.id limit $5::int",
      .as_system = true}},
    [](const Member& row) { return std::tuple(row.updated_at, row.membership_id); }};
constexpr SqlList all{page, page_updated};
#undef POS_MEMBER_SQL

constexpr auto add_user = db::insert<tables::users>("users.add");
constexpr auto add_roles = db::insert_all<tables::membership_roles>("users.add_roles");
constexpr auto clear_roles =
    db::remove<tables::membership_roles>().where<&MembershipRole::membership_id>().named("users.clear_roles");
constexpr auto lock =
    db::select<tables::memberships>().where<&Membership::user_id>().for_update().named("users.lock_membership");
// Roles are given, and defaults are set, at locations that live. What somebody has at one that was deleted since may stay.
constexpr db::Query<void(std::vector<LocationId>, std::optional<LocationId>)> locations_live{
    {"users.locations_live",
     "select violate(given.rule) from ("
     "  select id, 'membership_roles_location' from unnest($2::uuid[]) as role (id) "
     "  union all select $3::uuid, 'memberships_location' where $3::uuid is not null) as given (id, rule) "
     "where not exists ("
     "  select from locations l where l.tenant_id = $1 and l.id = given.id and l.deleted_at is null for key share)",
     db::Kind::write}};
constexpr auto assignments =
    db::select<tables::membership_roles>().where<&MembershipRole::membership_id>().named("users.assignments");

// Changes of owners take turns, or two owners could disable each other at once.
constexpr db::Query<RoleId()> lock_owners{
    {"users.lock_owners", "select id from roles where tenant_id = $1 and built_in = 'owner' for no key update",
     db::Kind::write}};
constexpr db::Query<bool()> has_owner{
    {"users.has_owner",
     "select exists (select from memberships m "
     "  join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id and mr.location_id is null "
     "  join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id "
     "  where m.tenant_id = $1 and m.status = 'active' and m.deleted_at is null and r.built_in = 'owner')",
     db::Kind::point}};

// ---- Who may give what ------------------------------------------------------------------------------------------

std::vector<MembershipRole> rows_of(const std::vector<RoleAssignment>& given, MembershipId membership,
                                    Runtime& runtime) {
    std::vector<MembershipRole> rows;
    for (const auto& assignment : given) {
        const MembershipRole row{runtime.new_id<base::Id<struct MembershipRoleTag>>().uuid(), membership,
                                 assignment.role_id, assignment.location_id};
        // The same role twice at one place; unique keys do not see it where the place is null.
        if (std::ranges::any_of(rows, [&](const auto& known) {
                return known.role_id == row.role_id && known.location_id == row.location_id;
            })) {
            throw base::Failure(errors::role_given);
        }
        rows.push_back(row);
    }
    return rows;
}

std::vector<RoleAssignment> assignments_of(const std::vector<MembershipRole>& rows) {
    std::vector<RoleAssignment> given;
    for (const auto& row : rows) given.push_back({row.role_id, row.location_id});
    return given;
}

// Where somebody gets a role, or works by default, and did not before.
void require_living_places(db::Batch& batch, const MemberFields& before, const MemberFields& after) {
    std::vector<LocationId> places;
    for (const auto& role : after.roles) {
        if (role.location_id && std::ranges::find(before.roles, role) == before.roles.end())
            places.push_back(*role.location_id);
    }
    const bool is_moved = after.default_location_id != before.default_location_id;
    batch.add(locations_live, places, is_moved ? after.default_location_id : std::nullopt);
}

// ---- Handlers ---------------------------------------------------------------------------------------------------

async::Task<db::Page<Member>> list(auth::PermittedSomewhere<"users.read"> caller, http::Query<ListFilter> filter,
                                   db::SystemDb db) {
    co_return co_await all.page(db.as_tenant(caller.tenant_id), *filter);
}

async::Task<Member> find_member(db::Db db, UserId id) {
    auto found = co_await db.one(member, id);
    if (!found) throw base::Failure(errors::row_not_found);
    co_return std::move(*found);
}

async::Task<Member> show(auth::PermittedSomewhere<"users.read"> caller, http::Path<"id", UserId> id, db::SystemDb db) {
    co_return co_await find_member(db.as_tenant(caller.tenant_id), *id);
}

Member member_of(const User& user, const Membership& membership, const std::vector<Role>& roles,
                 const std::vector<MembershipRole>& given) {
    Member shown{user.id,
                 membership.id,
                 user.name,
                 user.email,
                 user.phone,
                 membership.status,
                 membership.default_location_id,
                 {},
                 membership.meta.version,
                 user.created_at,
                 user.updated_at,
                 user.second_factor_since.has_value()};
    for (const auto& row : given)
        shown.roles.push_back({row.role_id, std::ranges::find(roles, row.role_id, &Role::id)->name, row.location_id});
    return shown;
}

User user_of(const NewMember& input, std::string password_hash, const auth::Caller& caller, Runtime& runtime) {
    const auto now = runtime.now();
    return {.id = input.id ? *input.id : runtime.new_id<UserId>(),
            .email = input.email,
            .phone = input.phone,
            .name = input.name,
            .password_hash = std::move(password_hash),
            .password_changed_at = now,
            .disabled_at = {},
            .default_tenant_id = TenantId(caller.tenant_id),
            .version = 1,
            .created_at = now,
            .updated_at = now};
}

// What stands for the request: its password only as a tag under our secret, so that the stored digest helps nobody guess.
std::string fingerprint_text(const NewMember& input, const auth::SignedValues& values) {
    return schema::to_json(input) + values.tag("new-member", input.password);
}

async::Task<Created<Member>> create(Create<"users.write", Held::as_declared, IdempotencyKeyHeader> write,
                                    http::Body<NewMember> input, db::SystemDb system, http::Service<AuthService> auth) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    const auto db = system.as_tenant(write.tenant_id);
    const auto roles = co_await db.all(roles_of_tenant);
    require_cover(write, roles, input->roles);
    auth->require_good_password(input->password, {{}, input->email, input->phone, input->name}, "/password");
    const auto digest = base::sha256(fingerprint_text(*input, auth->values()));
    const auto user = user_of(*input, co_await auth->hash_password(std::move(input->password)), write, write.runtime());
    const Membership membership{write.new_id<MembershipId>(), user.id, MembershipStatus::active,
                                input->default_location_id, write.first_version()};
    const auto given = rows_of(input->roles, membership.id, write.runtime());
    auto once = write.once(db, member_of(user, membership, roles, given), user.id.uuid(), Fingerprint{digest, digest});
    once.batch().add(caller_is_current, SessionId(write.session_id), write.member_version);
    require_living_places(once.batch(), {}, {membership.status, input->default_location_id, input->roles});
    db.system(once.batch()).add(add_user, user);
    once.batch().add(membership_rows.add, membership);
    once.batch().add(add_roles, given);
    require_seat(once.batch());
    write.runtime().outbox().emit(once.batch(), user_created, MemberTold::of(membership, input->roles));
    audit(once.batch(), write.runtime(),
          {.action = "user.create",
           .actor = UserId(write.user_id),
           .subject = user.id.uuid(),
           .address = std::string(write.context().request().client_address()),
           .detail = schema::to_json(MemberFields{membership.status, input->default_location_id, input->roles})});
    co_return co_await once.commit({change_of(membership_rows, membership)});
}

// No session of a disabled member is taken any more; the rows end so many at once, however many there are.
constexpr std::int64_t sessions_at_once = 10'000;

async::Task<void> end_remaining_sessions(db::SystemDb system, UserId user, TenantId tenant, base::Timestamp now) {
    while (co_await system.run(sign_in::end_sessions_of_member, user, tenant, now, "member disabled",
                               sessions_at_once) == sessions_at_once) {}
}

// What they have invited others to, they might not give any more.
constexpr db::Query<void(UserId, base::Timestamp)> end_invites{
    {"users.end_invites",
     "update invites set revoked_at = $3 where tenant_id = $1 and created_by = $2 and accepted_at is null "
     "and revoked_at is null",
     db::Kind::write}};

// Their sessions end, or are judged anew.
void tell_sessions(db::SystemStatements system, const Editor& write, const Membership& membership) {
    if (membership.status == MembershipStatus::disabled) {
        system.add(sign_in::end_sessions_of_member, membership.user_id, TenantId(write.tenant_id), write.now(),
                   "member disabled", sessions_at_once);
    }
    system.add(sign_in::announce, "user:" + membership.user_id.to_string());
}

// The owners and the user first, and the member's own row behind them.
async::Task<void> change_locked(db::ActingDb transaction, const Editor* write, UserId user,
                                const schema::Patch<MemberFields>* patch, std::string address) {
    co_await transaction.run(lock_owners);
    co_await transaction.run(hold_off, user);
    auto membership = live(co_await transaction.one(lock, user));
    const auto roles = co_await transaction.all(roles_of_tenant);
    const auto current = co_await transaction.all(assignments, membership.id);
    const MemberFields present{membership.status, membership.default_location_id, assignments_of(current)};
    require_cover(*write, roles, present.roles);
    if (!write->expected().matches(membership.meta.version))
        throw write->expected().conflict(schema::to_json(co_await find_member(transaction, user)));

    auto fields = present;
    apply(*patch, fields);
    require_cover(*write, roles, fields.roles);
    membership.status = fields.status;
    membership.default_location_id = fields.default_location_id;
    auto batch = transaction.batch();
    // After the owners' lock: two members who change each other do not wait for one another.
    batch.add(caller_is_current, SessionId(write->session_id), write->member_version);
    require_living_places(batch, present, fields);
    tell_sessions(transaction.system(batch), *write, membership);
    if (membership.status == MembershipStatus::disabled || patch->has<&MemberFields::roles>())
        batch.add(end_invites, user, write->now());
    if (patch->has<&MemberFields::roles>()) {
        batch.add(clear_roles, membership.id);
        batch.add(add_roles, rows_of(fields.roles, membership.id, write->runtime()));
    }
    const bool takes_seat = present.status != MembershipStatus::active && fields.status == MembershipStatus::active;
    if (takes_seat) batch.add(plan_limits::hold);  // ahead of the feed
    auto told = MemberTold::of(membership, fields.roles);
    told.version = next_version(told.version);
    write->runtime().outbox().emit(batch, user_changed, told);
    write->replace(batch, membership_rows, membership);
    if (takes_seat) batch.add(plan_limits::seats_suffice);
    audit(batch, write->runtime(),
          {.action = "user.change",
           .actor = UserId(write->user_id),
           .subject = user.uuid(),
           .address = std::move(address),
           .detail = fmt::format(R"({{"before":{},"after":{}}})", schema::to_json(present), schema::to_json(fields))});
    co_await batch.commit();
    if (!co_await transaction.only(has_owner)) throw base::Failure(errors::last_owner);
}

async::Task<Member> change(http::Context& context, Edit<"users.write"> write, http::Path<"id", UserId> id,
                           http::Body<schema::Patch<MemberFields>> patch, db::SystemDb system,
                           http::Service<auth::Authenticator> authenticator) {
    if (patch->has<&MemberFields::roles>() || patch->has<&MemberFields::status>())
        co_await require_step_up(system, SessionId(write.session_id), write.now());
    const auto db = system.as_tenant(write.tenant_id);
    const std::string address(context.request().client_address());
    co_await db.transaction(
        [&](db::ActingDb transaction) { return change_locked(transaction, &write, *id, &*patch, address); });
    authenticator->invalidate_user(id->uuid());
    if (patch->has<&MemberFields::status>() && patch->value().status == MembershipStatus::disabled)
        co_await end_remaining_sessions(system, *id, TenantId(write.tenant_id), write.now());
    co_return co_await find_member(db, *id);
}

async::Task<RoleList> list_roles(auth::PermittedSomewhere<"roles.read"> /*unused*/, db::Db db) {
    RoleList list;
    for (const auto& role : co_await db.all(roles_of_tenant))
        list.data.push_back({role.id, role.name, role.built_in, permissions_of(role)});
    co_return list;
}

void routes(http::Routes routes) {
    const std::vector assignment_errors{errors::unknown_role, errors::role_given, errors::unknown_location,
                                        errors::caller_changed, errors::step_up_needed};
    auto create_errors = assignment_errors;
    for (const auto& error : {errors::id_taken, errors::email_taken, errors::phone_taken, errors::weak_password,
                              errors::plan_seats, auth::errors::busy})
        create_errors.push_back(error);
    auto change_errors = assignment_errors;
    change_errors.insert(change_errors.end(), {errors::last_owner, errors::plan_seats});

    routes.get("/users", list,
               {.id = "listUsers",
                .summary = "Members of the tenant, in the order they joined",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/users", create,
                {.id = "createUser",
                 .summary = "Add a person with a first password",
                 .description = "A role may be given by who has all of its permissions.",
                 .errors = create_errors});
    routes.get("/users/{id}", show, {.id = "getUser", .summary = "One member"});
    routes.patch("/users/{id}", change,
                 {.id = "changeUser",
                  .summary = "Change a member's roles or status",
                  .description = "Takes effect within five seconds on every instance, at once as a rule.",
                  .errors = change_errors});
    routes.get("/roles", list_roles, {.id = "listRoles", .summary = "Roles and their permissions"});
}

#define POS_MEMBER_EXAMPLE(status, version)                                                                                   \
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8097","membershipId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8098","status":")" status \
    R"(","defaultLocationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094","roles":[{"roleId":)"                                     \
    R"("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8099","locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094"}],"version":)" version      \
    "}"

std::vector<app::WebhookEventType> told_events() {
    return {
        app::webhook_event<&MemberTold::id>(
            user_created, {"A person was added, or has accepted an invitation", POS_MEMBER_EXAMPLE("active", "1")}),
        app::webhook_event<&MemberTold::id>(
            user_changed, {"A member's roles, default location or status were changed: `disabled` is one who may do "
                           "nothing any more",
                           POS_MEMBER_EXAMPLE("disabled", "2")})};
}
#undef POS_MEMBER_EXAMPLE

}  // namespace

app::Module users_module() {
    return {.name = "users",
            .doc = "Members of the tenant and their roles.",
            .tables = {tables::users.view(), tables::memberships.view(), tables::roles.view(),
                       tables::membership_roles.view()},
            .database_objects = {{"require_current_caller", require_current_caller_sql,
                                  "drop function require_current_caller(uuid, integer)"}},
            .statements = db::statements(membership_rows, member, all, add_user, add_roles, clear_roles, end_invites,
                                         lock, roles_of_tenant, locations_live, assignments, lock_owners, has_owner,
                                         caller_is_current, hold_off),
            .routes = routes,
            .webhooks = told_events()};
}

}  // namespace pos
