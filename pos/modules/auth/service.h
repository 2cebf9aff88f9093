#pragma once
// AuthService: what the handlers of sign-in and sign-up share: judging passwords, opening sessions, making tokens. One per loop,
// a service: http::Service<AuthService>.
//
//     const auto proof = co_await auth->authenticate(context, db, login, password);                         // 401, 403, 429, 503
//     if (proof.needs_second_factor()) throw auth->second_factor_required(proof, {.tenant = id});            // 401, with a challenge
//     auto session = auth->open_session(proof, {.tenant = id}, context.request());
//     co_await auth->store_session(db, session);                                                            // 401: changed meanwhile
//     co_return auth->sign_in(context.response(), session.opened, std::move(profile));

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/jwt.h"
#include "auth/opaque_token.h"
#include "auth/password_hasher.h"
#include "auth/sealed_value.h"
#include "auth/session_cookies.h"
#include "auth/signed_value.h"
#include "pos/modules/auth/contract.h"
#include "pos/modules/auth/statements.h"
#include "pos/modules/auth/throttle.h"
#include "pos/modules/auth/verified_password.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/plumbing/runtime.h"

namespace http {
class Context;
class Request;
class Response;
}  // namespace http

namespace pos {

// A session with what only its client will know: the refresh token's text, or the cookie's.
struct OpenedSession {
    Session row;
    std::string secret;
};

// One that is about to be stored, and what it is stored against: so there is none without a proof.
struct NewSession {
    OpenedSession opened;
    std::optional<base::Digest256> refresh_token;
    VerifiedPassword proof;
};

struct SessionSubject {
    TenantId tenant;
    std::optional<DeviceId> device{};
    SessionKind kind = SessionKind::token;
    std::optional<base::Timestamp> second_factor_at{};  // when it was proved, by who has one
};

// A sign-in whose password was right, and whose second factor is asked for.
struct HalfSignedIn {
    VerifiedPassword proof;
    SessionSubject subject;
};

// How long the second step of a sign-in may take.
inline constexpr std::chrono::minutes challenge_life{5};

// Who signed in, and of what they are members.
struct Profile {
    Person user;
    std::vector<sign_in::MembershipRow> memberships;
};

class AuthService {
public:
    struct Options {
        std::string issuer;
        std::string audience;
        std::chrono::seconds access_token_life{600};
        std::chrono::days session_life{60};  // since it was used last
        // How long the predecessor of the newest refresh token still gives that token (docs/security.md: a reply that was lost).
        std::chrono::seconds replay_grace = std::chrono::hours(24);
        std::string service_name;  // that passwords must not contain
        std::string device_claim;  // of access tokens (auth::JwtSignerOptions)
        LoginGuard::Options throttling;
    };
    struct Parts {
        async::Loop& loop;
        const auth::KeySet& keys;
        const auth::SignedValues& values;
        const auth::SealedValues& sealed;
        const auth::SessionCookies& cookies;
        auth::PasswordHasher& hasher;
        const base::Clock& clock;
        base::RandomSource& random;
        Runtime& runtime;
        const Notifier& notifier;
    };

    AuthService(Options options, const Parts& parts);

    // ---- Passwords

    // Forgets the failures before, and hashes anew when the parameters have changed. At an address that the account does not
    // know, charges the rate limits "login" (the account there) and "login_address".
    // `device`: that the client says it is; `session`: that it has proved. Either tells it from its neighbours (throttle.h).
    [[nodiscard]] async::Task<VerifiedPassword> authenticate(http::Context& context, db::SystemDb db, std::string login,
                                                             std::string password, std::optional<DeviceId> device = {},
                                                             std::optional<SessionId> session = {});
    // Throws auth.weak_password with an issue for each fault, at `pointer`.
    void require_good_password(std::string_view password, const Person& person, std::string_view pointer) const;
    [[nodiscard]] async::Task<std::string> hash_password(std::string password);
    // Of somebody who chooses a first password in this very request, whose row is stored in the session's own transaction.
    [[nodiscard]] async::Task<VerifiedPassword> first_password(Person person, std::string password);
    // A user has 200 sessions at most; the one that was unused the longest ends for the next. Ends what is beyond, in
    // transactions of its own, so that what ends them all afterwards is small.
    [[nodiscard]] static async::Task<void> end_surplus_sessions(db::SystemDb db, UserId user, base::Timestamp now);
    // Stores `hash` and ends the user's other sessions; 401 when the password that was verified is not the present one any more.
    [[nodiscard]] async::Task<void> change_password(db::SystemDb db, VerifiedPassword proof, std::string hash,
                                                    SessionId session);

    // ---- The second step of a sign-in (modules/second_factor)

    // auth.second_factor_required, with the challenge that the client brings back beside its code. Nothing is stored: the challenge says
    // what was verified and asked for, and is good as long as the password and the account are what they were.
    [[nodiscard]] base::Failure second_factor_required(const VerifiedPassword& proof,
                                                       const SessionSubject& subject) const;
    // Throws auth.challenge_dead.
    [[nodiscard]] async::Task<HalfSignedIn> open_challenge(db::SystemDb db, std::string challenge) const;

    // ---- Sessions

    [[nodiscard]] NewSession open_session(const VerifiedPassword& proof, const SessionSubject& subject,
                                          const http::Request& request);
    // Throws 401 when what was verified has changed meanwhile.
    // Whoever signs in from a device and an address that the account does not know makes its owner hear of it, once a day.
    [[nodiscard]] async::Task<void> store_session(db::SystemDb db, NewSession session) const;
    // The same as part of a larger transaction, which is to be undone when no row comes back: require_stored().
    [[nodiscard]] db::BatchSlot<SessionId> add_session(db::SystemStatements batch, const NewSession& session) const;
    static void require_stored(const db::BatchResults& results, db::BatchSlot<SessionId> slot);
    // The reply: tokens in it, or cookies beside it.
    [[nodiscard]] SignedIn sign_in(http::Response& response, const OpenedSession& session, Profile profile);

    // The session with its next refresh token, already stored; decided by the database in one transaction. Throws 401: not a
    // token of ours, or a replay that ended the session; 403: the user was disabled.
    // Charges the rate limit "refresh" (the session of a token that we issued) or "refresh_address" (of any other).
    [[nodiscard]] async::Task<OpenedSession> rotate(http::Context& context, db::SystemDb db, std::string refresh_token,
                                                    std::optional<DeviceId> device);

    // Of a link in a mail: account_tokens.h.
    [[nodiscard]] auth::OpaqueToken new_token(std::string_view type) {
        return auth::make_opaque_token(type, parts_.random);
    }

    [[nodiscard]] base::Timestamp now() const { return parts_.clock.now(); }
    [[nodiscard]] const auth::SessionCookies& cookies() const { return parts_.cookies; }
    [[nodiscard]] const auth::SignedValues& values() const { return parts_.values; }
    [[nodiscard]] const auth::SealedValues& sealed() const { return parts_.sealed; }

private:
    enum class Refusal : std::uint8_t { none, unknown, reused, disabled };
    struct Decision {
        Refusal refusal = Refusal::none;
        OpenedSession session;
    };
    struct Presented {
        std::string text;
        base::Digest256 digest{};
        std::optional<SessionId> session;  // named by the token itself
        std::optional<DeviceId> device;
    };
    async::Task<void> fail(db::SystemDb db, LoginGuard::Attempt attempt, std::string login);
    async::Task<auth::PasswordCheck> judge(db::SystemDb db, LoginGuard::Attempt attempt, std::string hash,
                                           std::string password);
    async::Task<std::string> settle_success(db::SystemDb db, LoginGuard::Attempt attempt, sign_in::LoginUser user,
                                            std::string login, std::optional<std::string> replacement,
                                            std::string password);
    async::Task<Decision> decide(db::SystemDb transaction, std::shared_ptr<const Presented> presented);
    async::Task<Decision> advance(db::SystemDb transaction, sign_in::RefreshRow row, std::string successor);
    async::Task<Decision> end_family(db::SystemDb transaction, SessionId session, UserId user);
    [[nodiscard]] bool may_repeat(const sign_in::RefreshRow& row, const base::Digest256& successor) const;
    [[nodiscard]] std::string successor_of(const Presented& presented, const sign_in::RefreshRow& row) const;
    [[nodiscard]] std::string access_token(const Session& session);

    Options options_;
    Parts parts_;
    auth::JwtSigner signer_;
    LoginGuard guard_;
};

// The tenant of a session among its user's. Throws auth.no_membership when it is none of them any more.
[[nodiscard]] TenantSummary tenant_of(const Profile& profile, TenantId tenant);

// A header's text as a column takes it: UTF-8, at most 400 bytes, or empty.
[[nodiscard]] std::string user_agent_of(const http::Request& request);

}  // namespace pos
