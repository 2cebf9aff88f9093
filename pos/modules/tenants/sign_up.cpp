#include "pos/modules/tenants/sign_up.h"

#include "auth/rate_limit.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "pos/modules/auth/account_links.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/locations/module.h"
#include "pos/modules/taxes/module.h"
#include "pos/modules/tenants/module.h"
#include "pos/modules/users/tables.h"
#include "pos/permissions.h"
#include "pos/plumbing/feed.h"

namespace pos {

namespace {

constexpr auto add_user = db::insert<tables::users>("sign_up.add_user");
constexpr auto add_tenant = db::insert<tables::tenants>("sign_up.add_tenant");
constexpr auto add_counter = db::insert<tables::tenant_counters>("sign_up.add_counter");
constexpr auto add_location = db::insert<tables::locations>("sign_up.add_location");
constexpr auto add_location_counter = db::insert<tables::location_counters>("sign_up.add_location_counter");
constexpr auto add_role = db::insert<tables::roles>("sign_up.add_role");
constexpr auto add_membership = db::insert<tables::memberships>("sign_up.add_membership");
constexpr auto add_membership_role = db::insert<tables::membership_roles>("sign_up.add_membership_role");
constexpr auto add_tax_classes = db::insert_all<tables::tax_classes>("sign_up.add_tax_classes");
constexpr auto add_tax_rates = db::insert_all<tables::tax_rates>("sign_up.add_tax_rates");

// The taxes that a country's shops begin with; the fiscal code is the tax authority's (KRA eTIMS).
struct StartingTax {
    std::string_view country;
    std::string_view code;
    std::string_view name;
    std::int32_t rate_ppm;
    TaxKind kind;
    std::string_view fiscal_code;
};
constexpr StartingTax starting_taxes[] = {
    {"KE", "VAT16", "VAT 16 %", 160'000, TaxKind::standard, "B"},
    {"KE", "VAT8", "VAT 8 %", 80'000, TaxKind::reduced, "E"},
    {"KE", "ZERO", "Zero-rated", 0, TaxKind::zero, "C"},
    {"KE", "EXEMPT", "Exempt", 0, TaxKind::exempt, "A"},
};

// Everything that one sign-up writes.
struct SignUpRows {
    std::optional<User> user;  // none: the person exists
    Tenant tenant;
    Location location;
    std::vector<Role> roles;
    Membership membership;
    MembershipRole owner;
    std::vector<TaxClass> tax_classes;
    std::vector<TaxRate> tax_rates;
    std::optional<NewSession> session;
    IdempotentRequest request;
    StoredReply reply;
    // Who writes the mail that proves the address.
    AuthService* auth = nullptr;
    Runtime* runtime = nullptr;
    const Notifier* notifier = nullptr;
};

RowMeta meta_at(base::Timestamp now, UserId user) {
    RowMeta meta;
    meta.created_at = now;
    meta.updated_at = now;
    meta.created_by = user;
    return meta;
}

void add_people(SignUpRows& rows, UserId user, Runtime& runtime) {
    const auto meta = meta_at(runtime.now(), user);
    for (const auto& role : built_in_roles) {
        const RoleId id(*base::Uuid::from_string(role.id));
        rows.roles.push_back({id, std::string(role.title), std::string(role.name), {}, meta});
    }
    rows.membership = {runtime.new_id<MembershipId>(), user, MembershipStatus::active, rows.location.id, meta};
    rows.owner = {runtime.new_id<base::Id<struct MembershipRoleTag>>().uuid(), rows.membership.id,
                  rows.roles.front().id, std::nullopt};
}

void add_taxes(SignUpRows& rows, UserId user, Runtime& runtime) {
    const auto meta = meta_at(runtime.now(), user);
    for (const auto& tax : starting_taxes) {
        if (tax.country != rows.tenant.settings.country) continue;
        const TaxClass tax_class{runtime.new_id<TaxClassId>(), {std::string(tax.code), std::string(tax.name)}, meta};
        TaxRate rate;
        rate.id = runtime.new_id<TaxRateId>();
        rate.tax_class_id = tax_class.id;
        rate.fields.name = tax.name;
        rate.fields.rate_ppm = base::Rate{tax.rate_ppm};
        rate.fields.kind = tax.kind;
        rate.fields.fiscal_code = tax.fiscal_code;
        rate.meta = meta;
        rows.tax_classes.push_back(tax_class);
        rows.tax_rates.push_back(rate);
    }
}

// What the client would rather read, of what we write.
Locale locale_of(const http::Request& request) {
    return base::ascii_lower(request.header("accept-language").value_or("")).starts_with("sw") ? Locale::swahili
                                                                                               : Locale::english;
}

User new_user(const VerifiedPassword& proof, TenantId tenant, Runtime& runtime) {
    const auto now = runtime.now();
    return {.id = proof.user(),
            .email = proof.person().email,
            .phone = proof.person().phone,
            .name = proof.person().name,
            .password_hash = proof.hash(),
            .password_changed_at = now,
            .disabled_at = {},
            .default_tenant_id = tenant,
            .version = 1,
            .created_at = now,
            .updated_at = now};
}

std::vector<Change> changes_of(const SignUpRows& rows) {
    std::vector changes{change_of(tenant_rows, rows.tenant), change_of(location_rows, rows.location)};
    for (const auto& tax_class : rows.tax_classes) changes.push_back(change_of(tax_class_rows, tax_class));
    for (const auto& rate : rows.tax_rates) changes.push_back(change_of(tax_rate_rows, rate));
    return changes;
}

[[nodiscard]] db::BatchSlot<SessionId> add_rows(db::Batch& batch, db::SystemStatements system, const SignUpRows& rows,
                                                const AuthService& auth) {
    if (rows.user) system.add(add_user, *rows.user);
    batch.add(add_tenant, rows.tenant);
    batch.add(add_counter, TenantCounter{});
    batch.add(add_location, rows.location);
    batch.add(add_location_counter, LocationCounter{rows.location.id});
    for (const auto& role : rows.roles) batch.add(add_role, role);
    batch.add(add_membership, rows.membership);
    batch.add(add_membership_role, rows.owner);
    if (!rows.tax_classes.empty()) {
        batch.add(add_tax_classes, rows.tax_classes);
        batch.add(add_tax_rates, rows.tax_rates);
    }
    if (rows.user) {
        add_verification(batch, system, *rows.auth, *rows.runtime, *rows.notifier, rows.session->proof.person(),
                         rows.user->locale);
    }
    const auto session = auth.add_session(system, *rows.session);
    record_changes(batch, changes_of(rows), std::nullopt);
    return session;
}

// The key stands in the nil tenant, since there was none before.
async::Task<void> write(db::SystemDb transaction, std::shared_ptr<const SignUpRows> rows, const AuthService* auth,
                        base::Timestamp now) {
    auto key = transaction.as_tenant(base::Uuid::nil()).batch();
    begin_idempotent(key, rows->request);
    finish_idempotent(key, rows->request, rows->reply, now);
    co_await key.commit();
    const auto acting = transaction.as_tenant(rows->tenant.id.uuid());
    auto effect = acting.batch();
    const auto session = add_rows(effect, acting.system(effect), *rows, *auth);
    AuthService::require_stored(co_await effect.commit(), session);
}

// The body holds a password: its digests are stored under our secret, so that the table helps nobody guess.
IdempotentRequest request_of(const std::string& key, const Fingerprint& fingerprint, const auth::SignedValues& values) {
    const auto tagged = [&](const base::Digest256& digest) {
        return base::sha256(values.tag("sign-up", base::as_chars(digest)));
    };
    return {base::Uuid::nil(),
            "anonymous",
            "POST /v1/tenants",
            key,
            {.meaning = tagged(fingerprint.meaning), .text = tagged(fingerprint.text)}};
}

// ---- The reply and its repetition ---------------------------------------------------------------------------------

// What was sent: tokens and all. It is stored sealed (docs/decisions/0013-sign-up-replay.md), and only who sends the very
// request again, password included, has the salt to open it with.
struct SignUpReply {
    std::string body;
    std::vector<std::string> cookies;

    friend constexpr auto describe(SignUpReply*) {
        return schema::object<SignUpReply>("SignUpReply",
                                           schema::field<&SignUpReply::body>("body", {.max_length = 100'000}),
                                           schema::field<&SignUpReply::cookies>("cookies"));
    }
};

constexpr std::string_view reply_purpose = "sign-up-reply";

SignUpReply reply_of(AuthService& auth, const OpenedSession& session, Profile profile) {
    http::Response draft;
    SignUpReply reply{schema::to_json(auth.sign_in(draft, session, std::move(profile))), {}};
    for (const auto [name, value] : draft.headers()) {
        if (base::iequals(name, "set-cookie")) reply.cookies.emplace_back(value);
    }
    return reply;
}

// Without the tenant's id: the key's scope is all strangers', and one who comes by a used key is told what it made (resourceId).
StoredReply stored(const AuthService& auth, const Fingerprint& fingerprint, const SignUpReply& reply) {
    return {.status = 201,
            .body = auth.sealed().seal(reply_purpose, base::as_chars(fingerprint.meaning), schema::to_json(reply)),
            .etag = std::nullopt,
            .location = "/v1/tenant",
            .resource_type = "tenant",
            .resource_id = std::nullopt};
}

SignUpReply opened(const AuthService& auth, const Fingerprint& fingerprint, const StoredReply& first) {
    auto text = auth.sealed().open(reply_purpose, base::as_chars(fingerprint.meaning), first.body);
    // Sealed before there was a meaning.
    if (!text) text = auth.sealed().open(reply_purpose, base::as_chars(fingerprint.text), first.body);
    auto reply = text ? schema::parse<SignUpReply>(*text) : std::unexpected(schema::ReadError{});
    if (!reply) throw base::Failure(errors::sign_up_done);
    return *std::move(reply);
}

// ---- The person ---------------------------------------------------------------------------------------------------

// Somebody who has a user already proves it, and gets a further tenant.
async::Task<std::optional<VerifiedPassword>> find_person(http::Context& context, db::SystemDb db, AuthService* auth,
                                                         SignUpOwner owner) {
    const auto known = co_await db.one(sign_in::user_by_login, owner.email);
    if (!known) co_return std::nullopt;
    try {
        co_return co_await auth->authenticate(context, db, owner.email, owner.password);
    } catch (const base::Failure& failure) {
        if (failure.code() != errors::invalid_credentials) throw;
    }
    throw base::Failure(errors::email_taken, {{"body",
                                               "/owner/email",
                                               std::string(errors::email_taken.code),
                                               "give this user's password to add a tenant to it",
                                               {}}});
}

// The password alone opens no session: who has a second factor adds a tenant while signed in, by a session that has proved it.
async::Task<std::optional<base::Timestamp>> proved_second_factor(http::Context* context, db::SystemDb db,
                                                                 const VerifiedPassword* proof) {
    if (!proof->needs_second_factor()) co_return std::nullopt;
    std::optional<base::Timestamp> proved_at;
    if (context->request().header("authorization")) {
        http::Findings findings;
        const auto caller = co_await auth::Caller::read(*context, findings);
        if (UserId(caller.user_id) == proof->user())
            proved_at = co_await db.only(sign_in::second_factor_of_session, SessionId(caller.session_id));
    }
    if (!proved_at)
        throw base::Failure(errors::second_factor_required, "sign in, and send the token with this request");
    co_return proved_at;
}

Tenant new_tenant(const SignUp& input, UserId user, Runtime& runtime, TenantId id) {
    Tenant tenant;
    tenant.id = id;
    tenant.settings = input.tenant;
    tenant.feed_epoch = runtime.new_id<base::Id<struct FeedEpochTag>>().uuid();
    tenant.meta = meta_at(runtime.now(), user);
    return tenant;
}

Location first_location(const SignUp& input, UserId user, Runtime& runtime) {
    Location location;
    location.id = runtime.new_id<LocationId>();
    location.fields.code = input.location.code;
    location.fields.name = input.location.name;
    location.meta = meta_at(runtime.now(), user);
    return location;
}

// As they will be once this is stored.
async::Task<Profile> profile_of(db::SystemDb db, Person person, const SignUpRows* rows) {
    std::vector<sign_in::MembershipRow> memberships;
    if (!rows->user) memberships = co_await db.all(sign_in::memberships_of, person.id, rows->tenant.id);
    const auto& settings = rows->tenant.settings;
    memberships.push_back({{rows->tenant.id, settings.name, settings.country, settings.currency, settings.time_zone},
                           {rows->roles.front().name}});
    co_return Profile{std::move(person), std::move(memberships)};
}

http::JsonBytes<SignedIn, 201> send(http::Response& response, SignUpReply reply, bool replayed) {
    response.header("Cache-Control", "no-store");
    for (const auto& cookie : reply.cookies) response.headers().append("Set-Cookie", cookie);
    http::JsonBytes<SignedIn, 201> rendered{std::move(reply.body), 201, {{"Location", "/v1/tenant"}}};
    if (replayed) rendered.headers.emplace_back("Idempotent-Replayed", "true");
    return rendered;
}

// What was signed up before it was closed, for a client that has lost the reply.
async::Task<StoredReply> first_while_open(db::Db db, IdempotentRequest request) {
    try {
        const auto known = std::make_exception_ptr(base::Failure(errors::key_known));
        co_return co_await replay_of(db, std::move(request), known);
    } catch (const base::Failure& failure) {
        if (failure.code() != errors::key_in_progress) throw;
    }
    throw base::Failure(errors::sign_up_closed);
}

}  // namespace

async::Task<http::JsonBytes<SignedIn, 201>> sign_up(http::Context& context, IdempotencyKeyHeader key,
                                                    http::Body<SignUp> input, db::SystemDb db,
                                                    http::Service<AuthService> auth, http::Service<Runtime> runtime,
                                                    http::Service<const SignUpSettings> settings,
                                                    http::Service<const app::Settings> app_settings,
                                                    http::Service<Notifier> notifier) {
    // As at sign-in: a stranger's page signs nobody in.
    if (input->session == SessionKind::cookie) auth->cookies().require_own_page(context.request());
    const auto address = auth::rate_key_of(context.request().client_address());
    const auto email = base::hex_encode(base::as_chars(base::sha256(input->owner.email)).substr(0, 16));
    co_await auth::charge(context, {{"sign_up", email + ":" + address}, {"sign_up_address", address}});
    const auto fingerprint = fingerprint_of(input);
    const auto tenant = runtime->new_id<TenantId>();
    auto rows = std::make_shared<SignUpRows>();
    rows->request = request_of(*key.key, fingerprint, auth->values());
    rows->auth = auth.service;
    rows->runtime = runtime.service;
    rows->notifier = notifier.service;
    if (!settings->is_open(*app_settings)) {
        const auto first = co_await first_while_open(db.as_tenant(base::Uuid::nil()), rows->request);
        co_return send(context.response(), opened(*auth, fingerprint, first), true);
    }
    auto proof = co_await find_person(context, db, &*auth, input->owner);
    if (!proof) {
        const Person person{runtime->new_id<UserId>(), input->owner.email, input->owner.phone, input->owner.name};
        auth->require_good_password(input->owner.password, person, "/owner/password");
        proof = co_await auth->first_password(person, input->owner.password);
        rows->user = new_user(*proof, tenant, *runtime);
        rows->user->locale = locale_of(context.request());
    }
    const auto proved_at = co_await proved_second_factor(&context, db, &*proof);
    const auto user = proof->user();
    rows->tenant = new_tenant(*input, user, *runtime, tenant);
    rows->location = first_location(*input, user, *runtime);
    add_people(*rows, user, *runtime);
    add_taxes(*rows, user, *runtime);
    rows->session = auth->open_session(
        *proof, {.tenant = tenant, .device = {}, .kind = input->session, .second_factor_at = proved_at},
        context.request());
    auto reply = reply_of(*auth, rows->session->opened, co_await profile_of(db, proof->person(), rows.get()));
    rows->reply = stored(*auth, fingerprint, reply);

    std::exception_ptr failure;
    try {
        co_await db.transaction([rows, auth = auth.service, now = runtime->now()](db::SystemDb transaction) {
            return write(transaction, rows, auth, now);
        });
        co_return send(context.response(), std::move(reply), false);
    } catch (...) {
        failure = std::current_exception();
    }
    const auto first = co_await replay_of(db.as_tenant(base::Uuid::nil()), rows->request, failure);
    co_return send(context.response(), opened(*auth, fingerprint, first), true);
}

std::vector<db::StatementView> sign_up_statements() {
    return db::statements(add_user, add_tenant, add_counter, add_location, add_location_counter, add_role,
                          add_membership, add_membership_role, add_tax_classes, add_tax_rates);
}

}  // namespace pos
