#include "pos/modules/auth/service.h"

#include <fmt/format.h>

#include "auth/opaque_token.h"
#include "base/strings.h"
#include "http/context.h"
#include "pos/modules/auth/errors.h"

namespace pos {

namespace {

constexpr std::string_view refresh_type = "rt";
constexpr std::size_t max_user_agent = 400;

schema::Bytes bytes_of(const base::Digest256& digest) { return {std::string(base::as_chars(digest))}; }

}  // namespace

std::string user_agent_of(const http::Request& request) {
    auto text = request.header("user-agent").value_or("");
    text = text.substr(0, max_user_agent);
    return base::is_utf8(text) ? std::string(text) : std::string();
}

AuthService::AuthService(Options options, const Parts& parts)
    : options_(std::move(options)),
      parts_(parts),
      signer_(parts.keys),
      guard_(options_.throttling, parts.loop, parts.clock) {}

// ---- Passwords ---------------------------------------------------------------------------------------------------

// One answer, after one time, for a wrong password and an unknown user.
async::Task<sign_in::LoginUser> AuthService::authenticate(db::SystemDb db, LoginOrigin origin, std::string password) {
    auto user = co_await db.one(sign_in::user_by_login, origin.login, origin.address);
    const auto attempt = co_await guard_.admit(db, std::move(origin), user && user->known_address);
    const auto check =
        co_await parts_.hasher.verify(&parts_.loop, user ? user->password_hash : std::string(), std::move(password));
    if (!user || check.verdict != auth::PasswordVerdict::match) throw base::Failure(errors::invalid_credentials);
    if (user->disabled_at) throw base::Failure(errors::user_disabled);
    auto batch = db.batch();
    guard_.add_success(batch, attempt);
    if (check.replacement) batch.add(sign_in::rehash, user->person.id, user->password_hash, *check.replacement);
    co_await batch.commit();
    co_return std::move(*user);
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

// ---- Sessions ----------------------------------------------------------------------------------------------------

NewSession AuthService::open_session(const SessionSubject& subject, const http::Request& request) {
    const auto now = parts_.clock.now();
    NewSession session;
    session.row = {.id = parts_.runtime.new_id<SessionId>(),
                   .user_id = subject.user,
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
                   .revoke_reason = {}};
    auto token = auth::make_opaque_token(subject.kind == SessionKind::cookie ? auth::cookie_token_type : refresh_type,
                                         parts_.random);
    session.secret = std::move(token.text);
    if (subject.kind == SessionKind::cookie) {
        session.row.cookie_hash = bytes_of(token.digest);
    } else {
        session.refresh_token = RefreshToken{.id = parts_.runtime.new_id<base::Id<struct RefreshTokenTag>>().uuid(),
                                             .session_id = session.row.id,
                                             .token_hash = bytes_of(token.digest),
                                             .issued_at = now,
                                             .expires_at = session.row.expires_at,
                                             .used_at = {},
                                             .replaced_by = {}};
    }
    return session;
}

void AuthService::add_session(db::Batch& batch, const NewSession& session) {
    batch.add(sign_in::add_session, session.row);
    if (session.refresh_token) batch.add(sign_in::add_refresh_token, *session.refresh_token);
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

SignedIn AuthService::sign_in(http::Response& response, const NewSession& session, Profile profile) {
    SignedIn reply;
    reply.session_id = session.row.id;
    reply.user = std::move(profile.user);
    for (const auto& membership : profile.memberships) {
        if (membership.tenant.id == session.row.tenant_id) reply.tenant = membership.tenant;
        reply.memberships.push_back({membership.tenant.id, membership.tenant.name, membership.roles});
    }
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

// The successor is computed from the predecessor and the server's secret: whoever holds the one can be given the other again,
// though neither is stored.
AuthService::Presented AuthService::present(std::string refresh_token, std::optional<DeviceId> device,
                                            std::string user_agent) const {
    Presented presented;
    presented.successor = fmt::format("{}_{}", refresh_type, parts_.values.tag("refresh-successor", refresh_token));
    presented.successor_hash = bytes_of(*auth::opaque_token_digest(refresh_type, presented.successor));
    presented.text = std::move(refresh_token);
    presented.device = device;
    presented.user_agent = std::move(user_agent);
    return presented;
}

async::Task<NewSession> AuthService::rotate(db::SystemDb db, std::string refresh_token, std::optional<DeviceId> device,
                                            std::string user_agent) {
    if (!auth::opaque_token_digest(refresh_type, refresh_token)) throw base::Failure(errors::invalid_refresh_token);
    const auto presented =
        std::make_shared<const Presented>(present(std::move(refresh_token), device, std::move(user_agent)));
    auto decision =
        co_await db.transaction([this, presented](db::SystemDb transaction) { return decide(transaction, presented); });
    switch (decision.refusal) {
        case Refusal::none: break;
        case Refusal::unknown: throw base::Failure(errors::invalid_refresh_token);
        case Refusal::reused: throw base::Failure(errors::refresh_reused);
    }
    co_return std::move(decision.session);
}

async::Task<AuthService::Decision> AuthService::decide(db::SystemDb transaction,
                                                       std::shared_ptr<const Presented> presented) {
    const auto hash = bytes_of(*auth::opaque_token_digest(refresh_type, presented->text));
    auto reading = transaction.batch();
    reading.add(sign_in::lock_family, hash);
    const auto slot = reading.add(sign_in::refresh_token, hash);
    const auto results = co_await reading.commit();
    auto row = results.one(slot);
    const auto now = parts_.clock.now();
    if (!row || row->revoked_at || row->expires_at <= now) co_return Decision{Refusal::unknown, {}};
    const bool other_device = presented->device && presented->device != row->device_id;
    const bool repeats = row->used_at && may_repeat(*row, *presented);
    if (other_device || (row->used_at && !repeats)) co_return co_await end_family(transaction, std::move(*row));
    co_return co_await advance(transaction, std::move(*row), presented);
}

// The reply with the successor was lost, and nobody has used it since.
bool AuthService::may_repeat(const sign_in::RefreshRow& row, const Presented& presented) const {
    return parts_.clock.now() - *row.used_at <= options_.replay_grace &&
           row.successor_hash == presented.successor_hash && !row.successor_used_at &&
           row.user_agent == presented.user_agent;
}

async::Task<AuthService::Decision> AuthService::advance(db::SystemDb transaction, sign_in::RefreshRow row,
                                                        std::shared_ptr<const Presented> presented) {
    const auto now = parts_.clock.now();
    Decision decision;
    auto& session = decision.session;
    session.secret = presented->successor;
    session.row.id = row.session_id;
    session.row.user_id = row.user_id;
    session.row.tenant_id = row.tenant_id;
    session.row.device_id = row.device_id;
    session.row.expires_at = now + options_.session_life;
    if (row.used_at) co_return decision;
    const RefreshToken next{.id = parts_.runtime.new_id<base::Id<struct RefreshTokenTag>>().uuid(),
                            .session_id = row.session_id,
                            .token_hash = presented->successor_hash,
                            .issued_at = now,
                            .expires_at = session.row.expires_at,
                            .used_at = {},
                            .replaced_by = {}};
    auto batch = transaction.batch();
    batch.add(sign_in::add_refresh_token, next);
    batch.add(sign_in::use_refresh_token, row.id, next.id, now);
    batch.add(sign_in::prolong_session, row.session_id, now, session.row.expires_at);
    co_await batch.commit();
    co_return decision;
}

// RFC 9700 §4.14.2: who presents a used token may be the thief or the robbed; neither goes on.
async::Task<AuthService::Decision> AuthService::end_family(db::SystemDb transaction, sign_in::RefreshRow row) {
    auto batch = transaction.batch();
    batch.add(sign_in::end_session, row.session_id, row.user_id, parts_.clock.now(), "refresh token reused");
    batch.add(sign_in::announce, "session:" + row.session_id.to_string());
    co_await batch.commit();
    co_return Decision{Refusal::reused, {}};
}

}  // namespace pos
