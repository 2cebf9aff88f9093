#include "auth/authenticator.h"

#include <fmt/format.h>

#include "http/context.h"
#include "http/middleware/log_fields.h"
#include "http/router.h"

namespace auth {

// A read under way, and those who wait for it.
struct Authenticator::Flight {
    explicit Flight(async::Loop& loop) : landed(loop) {}

    async::Event landed;
    bool has_answer = false;
    bool outdated = false;  // something changed meanwhile: good for those who wait, not for those who come later
    SessionCache::Entry answer;
    std::exception_ptr error;
};

// Whoever leads lets the others go on whatever happens, also when its task is destroyed.
class Authenticator::Lead {
public:
    Lead(Authenticator& owner, const SessionKey& key)
        : owner_(owner), key_(key), flight_(std::make_shared<Flight>(owner.loop_)) {
        owner_.flights_.emplace(key_, flight_);
    }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;
    ~Lead() {
        const auto found = owner_.flights_.find(key_);
        if (found != owner_.flights_.end() && found->second == flight_) owner_.flights_.erase(found);
        flight_->landed.set();
    }
    [[nodiscard]] Flight& flight() const { return *flight_; }

private:
    Authenticator& owner_;
    SessionKey key_;
    std::shared_ptr<Flight> flight_;
};

Authenticator::Authenticator(Options options, const Parts& parts)
    : options_(std::move(options)),
      loop_(parts.loop),
      cookies_(parts.cookies),
      source_(parts.source),
      permissions_(parts.permissions),
      clock_(parts.clock),
      tag_key_(options_.tag_secret),
      verifier_(parts.keys, options_.tokens),
      tokens_(options_.verified_tokens),
      cache_(options_.sessions),
      public_keys_(parts.keys.public_jwks()),
      loads_(parts.metrics.counter("auth_session_reads_total",
                                   "Sessions read from the database because the cache had no fresh one.")),
      refusals_(parts.metrics.counter_family("auth_refusals_total", "Requests whose caller was refused, by error code.",
                                             {"code"})) {}

Authenticator::~Authenticator() = default;

// ---- Proving -----------------------------------------------------------------------------------------------------

// RFC 6750 §3: a request without credentials is told the scheme alone.
base::Failure Authenticator::refuse(const base::ErrorCode& code, std::string_view why) const {
    refusals_.with({code.code}).increment();
    auto challenge = fmt::format(R"(Bearer realm="{}")", options_.realm);
    if (code != errors::missing_credentials) {
        // The quotes around claim names would end the parameter (RFC 6750 §3: neither '"' nor '\').
        std::string description(why);
        std::ranges::replace(description, '"', '\'');
        challenge += fmt::format(R"(, error="invalid_token", error_description="{}")", description);
    }
    return base::Failure(code, std::string(why)).header("WWW-Authenticate", std::move(challenge));
}

Authenticator::Proof Authenticator::prove(const http::Context& context) {
    const auto& request = context.request();
    if (const auto authorization = request.headers().get(http::KnownHeader::authorization)) {
        if (request.headers().count("authorization") != 1)
            throw refuse(errors::invalid_token, "there are several Authorization headers");
        return prove_token(*authorization);
    }
    if (const auto credential = cookies_.credential(request)) return prove_cookie(*credential);
    throw refuse(errors::missing_credentials, "");
}

Authenticator::Proof Authenticator::prove_token(std::string_view authorization) {
    const auto token = bearer_token(authorization);
    if (!token) throw refuse(errors::invalid_token, "the Authorization header holds no bearer token");
    auto claims = verify_cached(verifier_, tokens_, *token, clock_.now());
    if (!claims) {
        const auto& error = claims.error();
        throw refuse(error.code == JwtErrorCode::jwt_expired ? errors::token_expired : errors::invalid_token,
                     error.message);
    }
    if (!(*claims)->session_id || !(*claims)->tenant_id)
        throw refuse(errors::invalid_token, "the token names no session");
    return {SessionKey::of_session(*(*claims)->session_id), std::move(*claims)};
}

Authenticator::Proof Authenticator::prove_cookie(std::string_view credential) const {
    const auto digest = SessionCookies::digest(credential);
    if (!digest) throw refuse(errors::session_revoked, "the session cookie is not one of ours");
    return {SessionKey::of_cookie(*digest), nullptr};
}

namespace {

bool agree(const Claims& claims, const SessionState& state) {
    return claims.tenant_id == state.tenant_id && claims.device_id == state.device_id &&
           base::Uuid::from_string(claims.subject) == state.user_id;
}

void add_log_fields(http::Context& context, const Caller& caller) {
    std::array<char, base::Uuid::text_size> text{};
    auto& fields = http::log_fields(context);
    caller.user_id.write_to(text);
    fields.add("userId", {text.data(), text.size()});
    caller.tenant_id.write_to(text);
    fields.add("tenantId", {text.data(), text.size()});
}

}  // namespace

Caller Authenticator::caller_of(const SessionState& state) const {
    return {state.user_id, state.tenant_id, state.session_id,    state.device_id,
            state.grants,  &permissions_,   state.member_version};
}

Authenticator::Proof Authenticator::prove_bearer(std::string_view token) {
    return prove_token("Bearer " + std::string(token));
}

Caller Authenticator::admit_bearer(const Proof& proof, const SessionState* state) const {
    if (state == nullptr || state->expires_at <= clock_.now())
        throw refuse(errors::session_revoked, "the session has ended");
    if (!proof.claims || !agree(*proof.claims, *state))
        throw refuse(errors::session_revoked, "the session is not the token's");
    return caller_of(*state);
}

Caller Authenticator::admit(http::Context& context, const Proof& proof, const SessionState* state) const {
    if (state == nullptr || state->expires_at <= clock_.now())
        throw refuse(errors::session_revoked, "the session has ended");
    if (proof.claims) {
        if (!agree(*proof.claims, *state)) throw refuse(errors::session_revoked, "the session is not the token's");
    } else {
        cookies_.require_intent(context.request(), state->session_id);
    }
    auto caller = caller_of(*state);
    add_log_fields(context, caller);
    return caller;
}

// ---- Sessions ----------------------------------------------------------------------------------------------------

async::Task<SessionCache::Entry> Authenticator::load(SessionKey key, async::SteadyTime deadline) {
    while (true) {
        const auto found = flights_.find(key);
        if (found == flights_.end()) co_return co_await lead(key, deadline);
        const auto flight = found->second;
        co_await flight->landed;
        if (flight->error) std::rethrow_exception(flight->error);
        if (flight->has_answer) co_return flight->answer;
        // Its leader was destroyed half-way.
    }
}

async::Task<SessionCache::Entry> Authenticator::lead(SessionKey key, async::SteadyTime deadline) {
    const Lead leadership(*this, key);
    auto& flight = leadership.flight();
    const auto read_at = async::Loop::now();
    loads_.increment();
    try {
        auto state = key.is_cookie() ? co_await source_.load_by_cookie(key.bytes(), deadline)
                                     : co_await source_.load_by_session(key.session_id(), deadline);
        if (state) flight.answer = std::make_shared<const SessionState>(std::move(*state));
        flight.has_answer = true;
    } catch (...) {
        flight.error = std::current_exception();
    }
    if (flight.error) std::rethrow_exception(flight.error);
    // A made-up cookie is not worth a place; a made-up session id cannot get here, as its token was signed by us.
    if (!flight.outdated && (flight.answer || !key.is_cookie())) cache_.insert(key, flight.answer, read_at);
    co_return flight.answer;
}

// ---- Changes -----------------------------------------------------------------------------------------------------

// Whose sessions are being read is not known yet.
void Authenticator::forget_flights() {
    for (const auto& [key, flight] : flights_) flight->outdated = true;
    flights_.clear();
}

void Authenticator::invalidate_session(const base::Uuid& id) {
    forget_flights();
    cache_.erase_session(id);
}

void Authenticator::invalidate_user(const base::Uuid& id) {
    forget_flights();
    cache_.erase_user(id);
}

void Authenticator::invalidate_tenant(const base::Uuid& id) {
    forget_flights();
    cache_.erase_tenant(id);
}

void Authenticator::invalidate_all() {
    forget_flights();
    cache_.clear();
}

void Authenticator::on_change(std::string_view payload) {
    const auto colon = payload.find(':');
    const auto kind = payload.substr(0, colon);
    const auto id = colon == std::string_view::npos ? std::nullopt : base::Uuid::from_string(payload.substr(colon + 1));
    if (id && kind == "session") return invalidate_session(*id);
    if (id && kind == "user") return invalidate_user(*id);
    if (id && kind == "tenant") return invalidate_tenant(*id);
    invalidate_all();
}

void Authenticator::listen(db::Database& database) {
    subscription_ = database.listen(std::string(changes_channel),
                                    {.on_notify = [this](std::string_view payload) { on_change(payload); },
                                     .on_reconnect = [this] { invalidate_all(); }});
}

void Authenticator::require_known_permissions(const http::Router& router) const {
    for (const auto& route : router.routes()) {
        if (!route.operation || route.operation->permission.empty()) continue;
        if (permissions_.find(route.operation->permission)) continue;
        throw std::logic_error(
            fmt::format("{} {} asks for \"{}\", which is no permission of the program: write the line \"{}\", into "
                        "{}, or mend its name",
                        to_string(route.method), route.pattern, route.operation->permission,
                        route.operation->permission, permissions_.listed_in()));
    }
}

}  // namespace auth
