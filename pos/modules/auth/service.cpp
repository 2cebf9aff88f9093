#include "pos/modules/auth/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/opaque_token.h"
#include "auth/rate_limit.h"
#include "base/strings.h"
#include "http/context.h"
#include "pos/modules/auth/account_links.h"
#include "pos/modules/auth/account_tokens.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/refresh_token.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"

namespace pos {

namespace {

constexpr std::size_t max_user_agent = 400;

schema::Bytes bytes_of(const base::Digest256& digest) { return {std::string(base::as_chars(digest))}; }

struct PasswordStore {
    VerifiedPassword proof;
    std::string hash;
    SessionId session;
    base::Timestamp now;
    Runtime* runtime;
    const Notifier* notifier;
};

async::Task<void> store_password(db::SystemDb transaction, std::shared_ptr<const PasswordStore> what) {
    const auto user = what->proof.user();
    const auto now = what->now;
    co_await transaction.run(hold_off_everywhere, user);
    if (co_await transaction.run(sign_in::set_password, user, what->proof.hash(), what->hash, now, what->session) != 1)
        throw base::Failure(errors::invalid_credentials);
    const auto locale = co_await transaction.only(sign_in::locale_of_user, user);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    system.add(sign_in::end_other_sessions, user, what->session, now, "password changed");
    system.add(account::end_tokens, user,
               std::vector<std::string>{"password_reset", "email_change_old", "email_change_new"}, now);
    system.add(sign_in::announce, "user:" + user.to_string());
    audit(batch, *what->runtime, {.action = "password.change", .actor = user, .subject = user.uuid()});
    what->notifier->add(batch, PasswordChangedMail{what->proof.person().name, now},
                        {.key = "password_changed:" + what->runtime->new_id<NotificationId>().to_string(),
                         .recipient = what->proof.person().email,
                         .locale = locale,
                         .user = user});
    co_await batch.commit();
}

// ---- Notices -----------------------------------------------------------------------------------------------------

struct NewLogin {
    NewSession session;
    Locale locale;
    const AuthService* auth;
    const Notifier* notifier;
};

async::Task<void> store_new_login(db::SystemDb transaction, std::shared_ptr<const NewLogin> what) {
    const auto& row = what->session.opened.row;
    const auto& person = what->session.proof.person();
    const auto client = base::sha256(row.user_agent + "\n" + address_group(row.ip_address));
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto slot = what->auth->add_session(acting.system(batch), what->session);
    what->notifier->add(batch, NewLoginMail{person.name, row.user_agent, row.ip_address, row.created_at},
                        {.key = fmt::format("new_login:{}:{}:{}", person.id.to_string(),
                                            base::hex_encode(base::as_chars(client).substr(0, 8)),
                                            base::format_timestamp(row.created_at).substr(0, 10)),
                         .recipient = person.email,
                         .locale = what->locale,
                         .user = person.id});
    AuthService::require_stored(co_await batch.commit(), slot);
}

// ---- The second step ---------------------------------------------------------------------------------------------

constexpr std::string_view challenge_purpose = "second-factor-challenge";

// What a challenge carries. It is signed and can be read, so the password's hash stands in it as a tag under our secret.
struct Challenge {
    UserId user;
    TenantId tenant;
    std::optional<DeviceId> device;
    SessionKind kind = SessionKind::token;
    std::string password;

    friend constexpr auto describe(Challenge*) {
        return schema::object<Challenge>(
            "Challenge", schema::field<&Challenge::user>("user"), schema::field<&Challenge::tenant>("tenant"),
            schema::field<&Challenge::device>("device"), schema::field<&Challenge::kind>("kind"),
            schema::field<&Challenge::password>("password", {.max_length = 64, .text = schema::Text::raw}));
    }
};

std::string password_mark(UserId user, std::string_view hash) { return user.to_string() + std::string(hash); }

// As many at once, which is a fraction of a second.
constexpr std::int64_t surplus_at_sign_in = 1'000;
constexpr std::int64_t surplus_at_once = 10'000;

// The tag proves without a look-up that the token is ours; what anybody can make up counts for where it comes from.
std::vector<auth::RateCharge> refresh_charges(const std::optional<SessionId>& session, std::string_view address) {
    if (session) return {{"refresh", session->to_string()}};
    return {{"refresh_address", auth::rate_key_of(address)}};
}

std::vector<auth::RateCharge> login_charges(const LoginOrigin& origin) {
    const auto address = auth::rate_key_of(origin.address);
    const auto account = base::sha256(base::ascii_lower(origin.login));
    return {{"login", base::hex_encode(base::as_chars(account).substr(0, 16)) + ":" + address},
            {"login_address", address}};
}

}  // namespace

TenantSummary tenant_of(const Profile& profile, TenantId tenant) {
    const auto found =
        std::ranges::find(profile.memberships, tenant, [](const auto& membership) { return membership.tenant.id; });
    // The membership ended just now.
    if (found == profile.memberships.end()) throw base::Failure(errors::no_membership);
    return found->tenant;
}

std::string user_agent_of(const http::Request& request) {
    auto text = request.header("user-agent").value_or("");
    text = text.substr(0, max_user_agent);
    return base::is_utf8(text) ? std::string(text) : std::string();
}

AuthService::AuthService(Options options, const Parts& parts)
    : options_(std::move(options)),
      parts_(parts),
      signer_(parts.keys, {.device_claim = options_.device_claim}),
      guard_(options_.throttling, parts.loop, parts.clock) {}

// ---- Passwords ---------------------------------------------------------------------------------------------------

// One answer, after one time, for a wrong password and an unknown user.
async::Task<VerifiedPassword> AuthService::authenticate(http::Context& context, db::SystemDb db, std::string login,
                                                        std::string password, std::optional<DeviceId> device,
                                                        std::optional<SessionId> session) {
    LoginOrigin origin{login, std::string(context.request().client_address())};
    const auto group = address_group(origin.address);
    auto user = co_await db.one(sign_in::user_by_login, login);
    const bool known = user && std::ranges::any_of(user->addresses, [&](const std::string& address) {
                           return address_group(address) == group;
                       });
    // One account, by whichever of its logins.
    if (user) origin.login = user->person.id.to_string();
    if (session) origin.holding = session->to_string();
    if (user && device && std::ranges::find(user->devices, *device) != user->devices.end())
        origin.holding = device->to_string();
    const auto origin_login = origin.login;
    // Not where the account was before: neither its neighbours there nor its name may shut it out.
    if (!known) co_await auth::charge(context, login_charges(origin));
    const auto attempt = co_await guard_.admit(db, std::move(origin), known);
    const auto check = co_await judge(db, attempt, user ? user->password_hash : std::string(), password);
    if (!user || check.verdict != auth::PasswordVerdict::match) {
        co_await fail(db, attempt, origin_login);
        throw base::Failure(errors::invalid_credentials);
    }
    const bool is_disabled = user->disabled_at.has_value();
    const bool has_second_factor = user->has_second_factor;
    Person person = user->person;
    const auto default_tenant = user->default_tenant_id;
    auto hash = co_await settle_success(db, attempt, std::move(*user), login, check.replacement, std::move(password));
    if (is_disabled) throw base::Failure(errors::user_disabled);
    co_return VerifiedPassword(std::move(person), std::move(hash), default_tenant, has_second_factor);
}

// The notice goes out by a job, which alone finds out whether there is an account.
async::Task<void> AuthService::fail(db::SystemDb db, LoginGuard::Attempt attempt, std::string login) {
    if (!co_await guard_.add_failure(db, std::move(attempt)) || !parts_.notifier.is_on()) co_return;
    auto batch = db.as_tenant(base::Uuid::nil()).batch();
    parts_.runtime.outbox().add(batch, limit_reached, LimitReached{std::move(login)});
    co_await batch.commit();
}

// What the hasher did not come to (auth.busy, a deadline) is no attempt.
async::Task<auth::PasswordCheck> AuthService::judge(db::SystemDb db, LoginGuard::Attempt attempt, std::string hash,
                                                    std::string password) {
    std::exception_ptr failure;
    try {
        co_return co_await parts_.hasher.verify(&parts_.loop, std::move(hash), std::move(password));
    } catch (...) {
        failure = std::current_exception();
    }
    co_await guard_.take_back(db, std::move(attempt));
    std::rethrow_exception(failure);
}

// The hash that the user's row holds for this password now. Two sign-ins at once may both want to replace an old hash: who
// comes second judges the first one's.
async::Task<std::string> AuthService::settle_success(db::SystemDb db, LoginGuard::Attempt attempt,
                                                     sign_in::LoginUser user, std::string login,
                                                     std::optional<std::string> replacement, std::string password) {
    auto batch = db.batch();
    LoginGuard::add_success(batch, attempt);
    if (!replacement) {
        co_await batch.commit();
        co_return std::move(user.password_hash);
    }
    const auto rehashed = batch.add(sign_in::rehash, user.person.id, user.password_hash, *replacement);
    const auto results = co_await batch.commit();
    if (results.affected(rehashed) == 1) co_return *std::move(replacement);
    const auto present = co_await db.one(sign_in::user_by_login, login);
    if (!present || present->person.id != user.person.id) throw base::Failure(errors::invalid_credentials);
    const auto check = co_await parts_.hasher.verify(&parts_.loop, present->password_hash, std::move(password));
    if (check.verdict != auth::PasswordVerdict::match) throw base::Failure(errors::invalid_credentials);
    co_return present->password_hash;
}

void AuthService::require_good_password(std::string_view password, const Person& person,
                                        std::string_view pointer) const {
    std::vector<base::Issue> issues;
    for (const auto fault : auth::check_password(
             password, {.email = person.email, .user_name = person.name, .service_name = options_.service_name})) {
        issues.push_back(
            {"body", std::string(pointer), std::string(code_text(fault)), std::string(explain(fault)), {}});
    }
    if (!issues.empty()) throw base::Failure(errors::weak_password, std::move(issues));
}

async::Task<std::string> AuthService::hash_password(std::string password) {
    return parts_.hasher.hash(&parts_.loop, std::move(password));
}

async::Task<VerifiedPassword> AuthService::first_password(Person person, std::string password) {
    auto hash = co_await hash_password(std::move(password));
    co_return VerifiedPassword(std::move(person), std::move(hash), std::nullopt, false);
}

async::Task<void> AuthService::end_surplus_sessions(db::SystemDb db, UserId user, base::Timestamp now) {
    while (co_await db.run(sign_in::end_surplus_sessions, user, now, surplus_at_once) == surplus_at_once) {}
}

// Two statements, so that the second sees the sessions that were stored while the first one waited.
async::Task<void> AuthService::change_password(db::SystemDb db, VerifiedPassword proof, std::string hash,
                                               SessionId session) {
    const auto now = parts_.clock.now();
    co_await end_surplus_sessions(db, proof.user(), now);
    const auto what = std::make_shared<const PasswordStore>(
        PasswordStore{std::move(proof), std::move(hash), session, now, &parts_.runtime, &parts_.notifier});
    co_await db.transaction([what](db::SystemDb transaction) { return store_password(transaction, what); });
}

// ---- The second step of a sign-in --------------------------------------------------------------------------------

base::Failure AuthService::second_factor_required(const VerifiedPassword& proof, const SessionSubject& subject) const {
    const Challenge challenge{
        .user = proof.user(),
        .tenant = subject.tenant,
        .device = subject.device,
        .kind = subject.kind,
        .password = parts_.values.tag(challenge_purpose, password_mark(proof.user(), proof.hash()))};
    const auto expires_at = parts_.clock.now() + challenge_life;
    const auto text = parts_.values.sign(challenge_purpose, schema::to_json(challenge), expires_at);
    return base::Failure(errors::second_factor_required)
        .member("challenge", schema::to_json(text))
        .member("expiresAt", schema::to_json(expires_at));
}

async::Task<HalfSignedIn> AuthService::open_challenge(db::SystemDb db, std::string challenge) const {
    const auto signed_text = parts_.values.verify(challenge_purpose, challenge, parts_.clock.now());
    const auto given = signed_text ? schema::parse<Challenge>(*signed_text) : std::unexpected(schema::ReadError{});
    if (!given) throw base::Failure(errors::challenge_dead);
    auto user = co_await db.one(sign_in::challenged_user, given->user);
    if (!user ||
        !parts_.values.check_tag(challenge_purpose, password_mark(given->user, user->password_hash), given->password))
        throw base::Failure(errors::challenge_dead);
    co_return HalfSignedIn{
        VerifiedPassword(std::move(user->person), std::move(user->password_hash), user->default_tenant_id, true),
        {.tenant = given->tenant, .device = given->device, .kind = given->kind}};
}

// ---- Sessions ----------------------------------------------------------------------------------------------------

NewSession AuthService::open_session(const VerifiedPassword& proof, const SessionSubject& subject,
                                     const http::Request& request) {
    const auto now = parts_.clock.now();
    NewSession session{.opened = {}, .refresh_token = {}, .proof = proof};
    auto& row = session.opened.row;
    row = {.id = parts_.runtime.new_id<SessionId>(),
           .user_id = proof.user(),
           .tenant_id = subject.tenant,
           .device_id = subject.device,
           .kind = subject.kind,
           .cookie_hash = {},
           .user_agent = user_agent_of(request),
           .ip_address = std::string(request.client_address().substr(0, 64)),
           .created_at = now,
           .last_seen_at = now,
           .expires_at = now + options_.session_life,
           .revoked_at = {},
           .revoke_reason = {},
           .second_factor_at = subject.second_factor_at};
    if (subject.kind == SessionKind::cookie) {
        auto token = auth::make_opaque_token(auth::cookie_token_type, parts_.random);
        row.cookie_hash = bytes_of(token.digest);
        session.opened.secret = std::move(token.text);
    } else {
        session.opened.secret = first_refresh_token(parts_.values, row.id, parts_.random);
        session.refresh_token = base::sha256(session.opened.secret);
    }
    return session;
}

db::BatchSlot<SessionId> AuthService::add_session(db::SystemStatements batch, const NewSession& session) const {
    std::optional<base::Uuid> token;
    std::optional<schema::Bytes> token_hash;
    if (session.refresh_token) {
        token = parts_.runtime.new_id<base::Id<struct RefreshTokenTag>>().uuid();
        token_hash = bytes_of(*session.refresh_token);
    }
    const auto slot = batch.add(sign_in::add_session, session.opened.row, session.proof.hash(), token, token_hash);
    const auto& row = session.opened.row;
    batch.add(sign_in::end_surplus_sessions, row.user_id, row.created_at, surplus_at_sign_in);
    return slot;
}

void AuthService::require_stored(const db::BatchResults& results, db::BatchSlot<SessionId> slot) {
    if (!results.one(slot)) throw base::Failure(errors::invalid_credentials);
}

async::Task<void> AuthService::store_session(db::SystemDb db, NewSession session) const {
    const auto& row = session.opened.row;
    if (parts_.notifier.is_on()) {
        const auto unknown =
            co_await db.one(sign_in::new_login_of, row.user_id, row.ip_address, row.user_agent, row.device_id);
        if (unknown) {
            const auto what =
                std::make_shared<const NewLogin>(NewLogin{std::move(session), *unknown, this, &parts_.notifier});
            co_await db.transaction([what](db::SystemDb transaction) { return store_new_login(transaction, what); });
            co_return;
        }
    }
    auto batch = db.batch();
    const auto slot = add_session(batch, session);
    require_stored(co_await batch.commit(), slot);
}

std::string AuthService::access_token(const Session& session) {
    const auto now = std::chrono::floor<std::chrono::seconds>(parts_.clock.now());
    auth::Claims claims;
    claims.subject = session.user_id.to_string();
    claims.tenant_id = session.tenant_id.uuid();
    claims.session_id = session.id.uuid();
    if (session.device_id) claims.device_id = session.device_id->uuid();
    claims.issued_at = now;
    claims.expires_at = now + options_.access_token_life;
    claims.token_id = parts_.runtime.new_id<base::Id<struct AccessTokenTag>>().to_string();
    claims.issuer = options_.issuer;
    claims.audience = {options_.audience};
    return signer_.sign(claims);
}

SignedIn AuthService::sign_in(http::Response& response, const OpenedSession& session, Profile profile) {
    SignedIn reply;
    reply.session_id = session.row.id;
    reply.user = std::move(profile.user);
    reply.tenant = tenant_of(profile, session.row.tenant_id);
    for (const auto& membership : profile.memberships)
        reply.memberships.push_back({membership.tenant.id, membership.tenant.name, membership.roles});
    response.header("Cache-Control", "no-store");
    if (session.row.kind == SessionKind::cookie) {
        reply.credentials.csrf_token = parts_.cookies.set(
            response, {.token = session.secret, .session_id = session.row.id.uuid(), .max_age = options_.session_life},
            parts_.random);
    } else {
        reply.credentials.access_token = access_token(session.row);
        reply.credentials.token_type = "Bearer";
        reply.credentials.expires_in.emplace(static_cast<std::int32_t>(options_.access_token_life.count()));
        reply.credentials.refresh_token = session.secret;
    }
    return reply;
}

// ---- Refresh tokens ----------------------------------------------------------------------------------------------

async::Task<OpenedSession> AuthService::rotate(http::Context& context, db::SystemDb db, std::string refresh_token,
                                               std::optional<DeviceId> device) {
    const auto digest = refresh_token_digest(refresh_token);
    if (!digest) throw base::Failure(errors::invalid_refresh_token);
    const auto session = session_of_refresh_token(parts_.values, refresh_token);
    co_await auth::charge(context, refresh_charges(session, context.request().client_address()));
    const auto presented =
        std::make_shared<const Presented>(Presented{std::move(refresh_token), *digest, session, device});
    auto decision =
        co_await db.transaction([this, presented](db::SystemDb transaction) { return decide(transaction, presented); });
    switch (decision.refusal) {
        case Refusal::none: break;
        case Refusal::unknown: throw base::Failure(errors::invalid_refresh_token);
        case Refusal::reused: throw base::Failure(errors::refresh_reused);
        case Refusal::disabled: throw base::Failure(errors::user_disabled);
    }
    co_return std::move(decision.session);
}

async::Task<AuthService::Decision> AuthService::decide(db::SystemDb transaction,
                                                       std::shared_ptr<const Presented> presented) {
    const auto hash = bytes_of(presented->digest);
    auto reading = transaction.batch();
    const auto locked = reading.add(sign_in::lock_family, hash, presented->session);
    const auto slot = reading.add(sign_in::refresh_token, hash);
    const auto results = co_await reading.commit();
    const auto family = results.one(locked);
    const auto now = parts_.clock.now();
    if (!family || family->revoked_at || family->expires_at <= now) co_return Decision{Refusal::unknown, {}};
    auto row = results.one(slot);
    // One that we issued for this session and have not kept: it was spent long ago.
    if (!row) co_return co_await end_family(transaction, family->id, family->user_id);
    if (row->expires_at <= now) co_return Decision{Refusal::unknown, {}};
    auto successor = successor_of(*presented, *row);
    const bool other_device = presented->device && presented->device != row->device_id;
    const bool is_reused = row->used_at && !may_repeat(*row, base::sha256(successor));
    if (other_device || is_reused) co_return co_await end_family(transaction, family->id, family->user_id);
    if (row->is_disabled) co_return Decision{Refusal::disabled, {}};
    if (!row->may_act) co_return Decision{Refusal::unknown, {}};
    co_return co_await advance(transaction, std::move(*row), std::move(successor));
}

// A token of the release before may have been spent there, for a successor in that release's form: its reply, too, is given again.
std::string AuthService::successor_of(const Presented& presented, const sign_in::RefreshRow& row) const {
    if (!presented.session && row.used_at) {
        auto untagged = untagged_successor(parts_.values, presented.text);
        if (row.successor_hash == bytes_of(base::sha256(untagged))) return untagged;
    }
    return next_refresh_token(parts_.values, row.session_id, presented.text);
}

// The reply with the successor was lost, and nobody has used it since. Not asked: the User-Agent, which an update of the app
// changes, and the address, which a mobile network does.
bool AuthService::may_repeat(const sign_in::RefreshRow& row, const base::Digest256& successor) const {
    return parts_.clock.now() - *row.used_at <= options_.replay_grace && row.successor_hash == bytes_of(successor) &&
           !row.successor_used_at;
}

async::Task<AuthService::Decision> AuthService::advance(db::SystemDb transaction, sign_in::RefreshRow row,
                                                        std::string successor) {
    const auto now = parts_.clock.now();
    Decision decision;
    auto& session = decision.session;
    session.row.id = row.session_id;
    session.row.user_id = row.user_id;
    session.row.tenant_id = row.tenant_id;
    session.row.device_id = row.device_id;
    session.row.expires_at = now + options_.session_life;
    session.secret = std::move(successor);
    if (row.used_at) co_return decision;
    const RefreshToken next{.id = parts_.runtime.new_id<base::Id<struct RefreshTokenTag>>().uuid(),
                            .session_id = row.session_id,
                            .token_hash = bytes_of(base::sha256(session.secret)),
                            .issued_at = now,
                            .expires_at = session.row.expires_at,
                            .used_at = {},
                            .replaced_by = {}};
    auto batch = transaction.batch();
    batch.add(sign_in::add_refresh_token, next);
    batch.add(sign_in::use_refresh_token, row.id, next.id, now);
    batch.add(sign_in::drop_spent_tokens, row.session_id, row.id);
    batch.add(sign_in::prolong_session, row.session_id, now, session.row.expires_at);
    co_await batch.commit();
    co_return decision;
}

// RFC 9700 §4.14.2: who presents a used token may be the thief or the robbed; neither goes on.
async::Task<AuthService::Decision> AuthService::end_family(db::SystemDb transaction, SessionId session, UserId user) {
    auto batch = transaction.batch();
    batch.add(sign_in::end_session, session, user, parts_.clock.now(), "refresh token reused");
    batch.add(sign_in::announce, "session:" + session.to_string());
    co_await batch.commit();
    co_return Decision{Refusal::reused, {}};
}

}  // namespace pos
