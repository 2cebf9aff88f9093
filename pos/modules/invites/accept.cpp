#include "pos/modules/invites/accept.h"

#include "auth/authenticator.h"
#include "auth/opaque_token.h"
#include "auth/rate_limit.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pos/modules/auth/account_links.h"
#include "pos/modules/auth/account_tokens.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/tenants/settings.h"
#include "pos/modules/users/events.h"
#include "pos/modules/users/module.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/plan_limits.h"

namespace pos {

namespace {

using db::Kind;
using db::SystemQuery;

// ---- Statements --------------------------------------------------------------------------------------------------

// An invitation with its shop, and the account that has its address, if there is one.
struct InviteRow {
    InviteId id;
    TenantId tenant_id;
    std::string shop;
    std::optional<std::string> email;
    std::optional<std::string> phone;
    RoleId role_id;
    std::optional<LocationId> location_id;
    Locale locale = Locale::english;
    std::optional<std::string> used_by;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> accepted_at;
    std::optional<UserId> accepted_by;
    bool is_withdrawn = false;
    std::optional<UserId> user_id;
    bool is_disabled = false;
    bool is_verified = false;
    std::optional<std::string> joined_email;  // of who has accepted it

    [[nodiscard]] const std::string& recipient() const { return email ? *email : *phone; }
    friend constexpr auto describe(InviteRow*) {
        using schema::field;
        return schema::object<InviteRow>(
            "InviteRow", field<&InviteRow::id>("id"), field<&InviteRow::tenant_id>("tenantId"),
            field<&InviteRow::shop>("shop"), field<&InviteRow::email>("email"), field<&InviteRow::phone>("phone"),
            field<&InviteRow::role_id>("roleId"), field<&InviteRow::location_id>("locationId"),
            field<&InviteRow::locale>("locale"), field<&InviteRow::used_by>("usedBy"),
            field<&InviteRow::expires_at>("expiresAt"), field<&InviteRow::accepted_at>("acceptedAt"),
            field<&InviteRow::accepted_by>("acceptedBy"), field<&InviteRow::is_withdrawn>("isWithdrawn"),
            field<&InviteRow::user_id>("userId"), field<&InviteRow::is_disabled>("isDisabled"),
            field<&InviteRow::is_verified>("isVerified"), field<&InviteRow::joined_email>("joinedEmail"));
    }
};

#define POS_INVITE_SQL                                                                                                 \
    "select i.id, i.tenant_id, t.name as shop, i.email, i.phone, i.role_id, i.location_id, i.locale, i.used_by, "      \
    "i.expires_at, i.accepted_at, i.accepted_by, i.revoked_at is not null or t.status = 'closed' or exists ("          \
    "select from users c where c.id = i.created_by and c.disabled_at is not null) as is_withdrawn, "                   \
    "u.id as user_id, u.disabled_at is not null as is_disabled, u.email_verified_at is not null as is_verified, "      \
    "(select j.email from users j where j.id = i.accepted_by) as joined_email "                                        \
    "from invites i join tenants t on t.id = i.tenant_id left join users u on u.email = i.email where i.token_hash = " \
    "$1"
constexpr SystemQuery<InviteRow(schema::Bytes)> by_token{{"invites.by_token", POS_INVITE_SQL, Kind::point}};
constexpr SystemQuery<InviteRow(schema::Bytes)> lock_by_token{
    {"invites.lock_by_token", POS_INVITE_SQL " for no key update of i", Kind::write}};
#undef POS_INVITE_SQL

constexpr db::Query<void(InviteId, UserId, base::Timestamp, std::string)> accept_row{
    {"invites.accept",
     "update invites set accepted_at = $4, accepted_by = $3, used_by = $5 where tenant_id = $1 and id = $2",
     Kind::write}};
// What is given lives still.
constexpr db::Query<void(RoleId, std::optional<LocationId>)> require_role{
    {"invites.require_role",
     "select violate(given.rule) from ("
     "  select 'invites_role' where not exists (select from roles r where r.tenant_id = $1 and r.id = $2 "
     "    and r.deleted_at is null) "
     "  union all select 'invites_location' where $3::uuid is not null and not exists ("
     "    select from locations l where l.tenant_id = $1 and l.id = $3 and l.deleted_at is null)) as given (rule)",
     Kind::write}};
constexpr auto add_user = db::insert<tables::users>("invites.add_user");
constexpr auto add_membership = db::insert<tables::memberships>("invites.add_membership");
constexpr auto add_role = db::insert<tables::membership_roles>("invites.add_role");
// Their number from now on, unless they have another, or somebody else has this one. It is written down and not proven: the message may
// have left by an account of the tenant's own, whose log has the token. With the hash that a password was judged by, where one was.
constexpr SystemQuery<void(UserId, std::optional<std::string>, std::string)> write_phone{
    {"invites.write_phone",
     "update users u set phone = case when u.phone is null and free.is_free then $3 else u.phone end "
     "from (select not exists (select from users o where o.phone = $3) as is_free) free "
     "where u.id = $1 and ($2::text is null or u.password_hash = $2) and u.disabled_at is null",
     Kind::write}};
// By somebody who is signed in: the address is theirs, as they had the mail, too.
constexpr SystemQuery<void(UserId, std::string, base::Timestamp)> prove_address{
    {"invites.prove_address",
     "update users set email_verified_at = coalesce(email_verified_at, $3) where id = $1 and email = $2 "
     "and disabled_at is null",
     Kind::write}};

// ---- Whose it is -------------------------------------------------------------------------------------------------

std::optional<schema::Bytes> hash_of(std::string_view token) {
    const auto digest = auth::opaque_token_digest("invite", token);
    if (!digest) return std::nullopt;
    return schema::Bytes{std::string(base::as_chars(*digest))};
}

// The same form again, a moment later.
Joined repeated(const InviteRow& row, const std::string& used_by, base::Timestamp now) {
    if (now - *row.accepted_at > repeat_grace || row.used_by != used_by) throw base::Failure(errors::link_dead);
    return {row.tenant_id, row.shop, *row.accepted_by, row.joined_email.value_or(row.email.value_or(""))};
}

bool is_alive(const InviteRow& row, base::Timestamp now) {
    return !row.is_withdrawn && !row.is_disabled && row.expires_at > now;
}

// What is written, and what proves that it may be.
struct Acceptance {
    enum class Way : std::uint8_t { signed_in, password, claim, new_account };

    Way way{};
    schema::Bytes token_hash;
    std::string used_by;
    UserId user;
    std::string email;
    std::string password_hash;  // verified, or new
    std::optional<User> account;
    std::string address;
    base::Timestamp now;
    Runtime* runtime = nullptr;
    AuthService* auth = nullptr;
    const Notifier* notifier = nullptr;
};

// The address of a mail is proven; one that somebody types who has a phone is not.
User new_account(const InviteRow& row, std::string email, std::string name, std::string hash, Runtime& runtime) {
    const auto now = runtime.now();
    const bool is_proven = row.email.has_value();
    return {.id = runtime.new_id<UserId>(),
            .email = std::move(email),
            .phone = std::nullopt,
            .name = std::move(name),
            .password_hash = std::move(hash),
            .password_changed_at = now,
            .disabled_at = {},
            .default_tenant_id = row.tenant_id,
            .version = 1,
            .created_at = now,
            .updated_at = now,
            .email_verified_at = is_proven ? std::optional(now) : std::nullopt,
            .locale = row.locale};
}

base::Failure missing(std::string_view member, std::string message) {
    return base::Failure(http::errors::invalid,
                         {{"body", "/" + std::string(member), "required", std::move(message), {}}});
}

// The caller, if the request names one.
async::Task<std::optional<Person>> caller_of(http::Context* context, db::SystemDb db) {
    if (!context->request().header("authorization")) co_return std::nullopt;
    http::Findings findings;
    const auto caller = co_await auth::Caller::read(*context, findings);
    co_return co_await db.one(sign_in::person, UserId(caller.user_id));
}

// An invitation to a phone says nothing of an account: whoever accepts it names theirs, or the one that they want.
async::Task<void> find_account(db::SystemDb db, const InviteRow* row, const InviteAcceptance* request,
                               Acceptance* acceptance) {
    if (row->email) co_return;
    if (!request->email) throw missing("email", "the e-mail address that the account signs in with");
    acceptance->email = *request->email;
    const auto known = co_await db.one(sign_in::user_by_login, *request->email);
    if (known) acceptance->user = known->person.id;
}

async::Task<void> prove_by_password(http::Context* context, db::SystemDb db, const InviteRow* row,
                                    InviteAcceptance* request, Acceptance* acceptance) {
    auto& auth = context->services().use<AuthService>();
    if (!request->password) throw missing("password", "the account's password, or the one of a new account");
    co_await find_account(db, row, request, acceptance);
    const bool is_known = acceptance->user != UserId();
    // By a mail, an account that nobody has proven is taken over; by a phone, none is.
    if (is_known && (row->is_verified || !row->email)) {
        const auto proof = co_await auth.authenticate(*context, db, acceptance->email, *std::move(request->password));
        if (proof.user() != acceptance->user) throw base::Failure(errors::invalid_credentials);
        acceptance->way = Acceptance::Way::password;
        acceptance->password_hash = proof.hash();
        co_return;
    }
    const Person person{acceptance->user, acceptance->email, std::nullopt, request->name.value_or("")};
    if (!is_known) {
        const auto& sign_up = context->services().use<const SignUpSettings>();
        if (!sign_up.lets_invited_in(context->services().use<const app::Settings>()))
            throw base::Failure(errors::accounts_closed);
        if (!request->name) throw missing("name", "the name of the new account's person");
    }
    auth.require_good_password(*request->password, person, "/password");
    acceptance->password_hash = co_await auth.hash_password(*std::move(request->password));
    acceptance->way = Acceptance::Way::claim;
    if (!is_known) {
        acceptance->way = Acceptance::Way::new_account;
        acceptance->account = new_account(*row, acceptance->email, *std::move(request->name), acceptance->password_hash,
                                          *acceptance->runtime);
        acceptance->user = acceptance->account->id;
    }
}

// ---- Writing -----------------------------------------------------------------------------------------------------

db::BatchSlot<void> add_person_with_phone(db::Batch& batch, db::SystemStatements system, const Acceptance& what,
                                          const InviteRow& row) {
    using Way = Acceptance::Way;
    std::optional<std::string> judged;
    if (what.way == Way::password) judged = what.password_hash;
    if (what.way == Way::new_account) {
        system.add(add_user, *what.account);
        const auto& account = *what.account;
        add_verification(batch, system, *what.auth, *what.runtime, *what.notifier,
                         Person{account.id, account.email, std::nullopt, account.name}, account.locale);
    }
    return system.add(write_phone, what.user, judged, *row.phone);
}

db::BatchSlot<void> add_person(db::Batch& batch, db::SystemStatements system, const Acceptance& what,
                               const InviteRow& row) {
    using Way = Acceptance::Way;
    if (row.phone) return add_person_with_phone(batch, system, what, row);
    switch (what.way) {
        case Way::new_account: return system.add(add_user, *what.account);
        case Way::signed_in: return system.add(prove_address, what.user, what.email, what.now);
        case Way::password:
            return system.add(account::verify_user, what.user, what.email, what.password_hash, what.now);
        case Way::claim: break;
    }
    system.add(account::end_all_sessions, what.user, what.now, std::string("account claimed by its address"));
    system.add(account::end_tokens, what.user,
               std::vector<std::string>{"password_reset", "email_verify", "email_change_old", "email_change_new"},
               what.now);
    system.add(sign_in::announce, "user:" + what.user.to_string());
    return system.add(account::claim_user, what.user, what.email, what.password_hash, what.now);
}

Membership membership_of(const InviteRow& row, const Acceptance& what) {
    Membership membership{
        what.runtime->new_id<MembershipId>(), what.user, MembershipStatus::active, row.location_id, {}};
    membership.meta.created_at = what.now;
    membership.meta.updated_at = what.now;
    membership.meta.created_by = what.user;
    return membership;
}

async::Task<Joined> join(db::SystemDb transaction, std::shared_ptr<const Acceptance> what) {
    if (what->way != Acceptance::Way::new_account) co_await transaction.run(hold_off_everywhere, what->user);
    const auto row = co_await transaction.one(lock_by_token, what->token_hash);
    if (!row || !is_alive(*row, what->now)) throw base::Failure(errors::link_dead);
    if (row->accepted_at) co_return repeated(*row, what->used_by, what->now);
    const auto acting = transaction.as_tenant(row->tenant_id.uuid());
    auto batch = acting.batch();
    batch.add(require_role, row->role_id, row->location_id);
    const auto person = add_person(batch, acting.system(batch), *what, *row);
    const auto membership = membership_of(*row, *what);
    batch.add(add_membership, membership);
    batch.add(add_role, MembershipRole{what->runtime->new_id<base::Id<struct MembershipRoleTag>>().uuid(),
                                       membership.id, row->role_id, row->location_id});
    batch.add(accept_row, row->id, what->user, what->now, what->used_by);
    require_seat(batch);
    audit(batch, *what->runtime,
          {.action = "invite.accept", .actor = what->user, .subject = row->id.uuid(), .address = what->address});
    what->runtime->outbox().emit(batch, user_created, MemberTold::of(membership, {{row->role_id, row->location_id}}));
    record_changes(batch, {change_of(membership_rows, membership)}, std::nullopt);
    const auto results = co_await batch.commit();
    if (results.affected(person) != 1) throw base::Failure(errors::link_dead);
    co_return Joined{row->tenant_id, row->shop, what->user, what->email};
}

async::Task<Joined> accept_once(http::Context* context, db::SystemDb db, InviteAcceptance request) {
    auto& services = context->services();
    auto& runtime = services.use<Runtime>();
    const auto address = std::string(context->request().client_address());
    const auto now = runtime.now();
    const auto hash = hash_of(request.token);
    if (!hash) throw base::Failure(errors::link_dead);
    const auto row = co_await db.one(by_token, *hash);
    if (!row || !is_alive(*row, now)) throw base::Failure(errors::link_dead);
    auto used_by = services.use<AuthService>().values().tag(
        "link-use",
        fmt::format("{}\n{}\n{}", request.token, request.password.value_or(""), user_agent_of(context->request())));
    if (row->accepted_at) co_return repeated(*row, used_by, now);
    auto acceptance = std::make_shared<Acceptance>();
    acceptance->token_hash = *hash;
    acceptance->used_by = std::move(used_by);
    acceptance->user = row->user_id.value_or(UserId());
    acceptance->email = row->email.value_or("");
    acceptance->address = address;
    acceptance->now = now;
    acceptance->runtime = &runtime;
    acceptance->auth = &services.use<AuthService>();
    acceptance->notifier = &services.use<Notifier>();
    const auto caller = co_await caller_of(context, db);
    if (caller && row->email && caller->email != *row->email) {
        throw base::Failure(
            errors::invite_of_another,
            fmt::format("the invitation is for {}, and you are signed in as {}", *row->email, caller->email));
    }
    if (caller) {
        acceptance->way = Acceptance::Way::signed_in;
        acceptance->user = caller->id;
        acceptance->email = caller->email;
    } else {
        co_await prove_by_password(context, db, &*row, &request, acceptance.get());
    }
    const std::shared_ptr<const Acceptance> what = acceptance;
    auto joined = co_await db.transaction([what](db::SystemDb transaction) { return join(transaction, what); });
    services.use<auth::Authenticator>().invalidate_user(joined.user_id.uuid());
    co_return joined;
}

}  // namespace

async::Task<Joined> accept_invite(http::Context* context, db::SystemDb db, InviteAcceptance request) {
    const auto address = auth::rate_key_of(context->request().client_address());
    co_await auth::charge(*context, {{"recovery_address", address}});
    try {
        co_return co_await accept_once(context, db, request);
    } catch (const base::Failure& failure) {
        if (failure.code() != errors::email_taken) throw;
    }
    // The address got its account in this very moment, by another invitation: its password is judged now.
    co_return co_await accept_once(context, db, std::move(request));
}

async::Task<std::optional<InvitePreview>> preview_invite(db::SystemDb db, std::string token, base::Timestamp now) {
    const auto hash = hash_of(token);
    if (!hash) co_return std::nullopt;
    const auto row = co_await db.one(by_token, *hash);
    if (!row || row->accepted_at || !is_alive(*row, now)) co_return std::nullopt;
    co_return InvitePreview{row->shop, row->recipient(), row->is_verified, row->phone.has_value(), row->locale};
}

std::vector<db::StatementView> accept_statements() {
    return db::statements(by_token, lock_by_token, accept_row, require_role, add_user, add_membership, add_role,
                          prove_address, write_phone);
}

}  // namespace pos
