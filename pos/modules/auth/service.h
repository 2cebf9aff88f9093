#pragma once
// AuthService: what the handlers of sign-in and sign-up share: judging passwords, opening sessions, making tokens. One per loop,
// a service: http::Use<AuthService>.
//
//     auto user = co_await auth->authenticate(db, {.login = login, .address = address}, password);      // 401, 403, 429, 503
//     auto session = auth->open_session({.user = id, .tenant = tenant}, context.request());
//     auth->add_session(batch, session);
//     co_return auth->sign_in(context.response(), session, std::move(profile));

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/jwt.h"
#include "auth/password_hasher.h"
#include "auth/sealed_value.h"
#include "auth/session_cookies.h"
#include "auth/signed_value.h"
#include "pos/modules/auth/contract.h"
#include "pos/modules/auth/statements.h"
#include "pos/modules/auth/throttle.h"
#include "pos/plumbing/runtime.h"

namespace http {
class Request;
class Response;
}  // namespace http

namespace pos {

// A session that is about to be stored, with what only the client will know.
struct NewSession {
    Session row;
    std::optional<RefreshToken> refresh_token;
    std::string secret;  // the refresh token's text, or the cookie's
};

struct SessionSubject {
    UserId user;
    TenantId tenant;
    std::optional<DeviceId> device{};
    SessionKind kind = SessionKind::token;
};

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
        // How long the predecessor of the newest refresh token still gives that token (domain.md: a reply that was lost).
        std::chrono::seconds replay_grace{60};
        std::string service_name;  // that passwords must not contain
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
    };

    AuthService(Options options, const Parts& parts);

    // ---- Passwords

    // The user of a right password; forgets the failures before, and hashes anew when the parameters have changed.
    [[nodiscard]] async::Task<sign_in::LoginUser> authenticate(db::SystemDb db, LoginOrigin origin,
                                                               std::string password);
    // Throws auth.weak_password with an issue for each fault, at `pointer`.
    void require_good_password(std::string_view password, const Person& person, std::string_view pointer) const;
    [[nodiscard]] async::Task<std::string> hash_password(std::string password);

    // ---- Sessions

    [[nodiscard]] NewSession open_session(const SessionSubject& subject, const http::Request& request);
    static void add_session(db::Batch& batch, const NewSession& session);
    // The reply: tokens in it, or cookies beside it.
    [[nodiscard]] SignedIn sign_in(http::Response& response, const NewSession& session, Profile profile);

    // The session with its next refresh token, already stored; decided by the database in one transaction. Throws 401: not a token of ours, or a replay that ended the session.
    [[nodiscard]] async::Task<NewSession> rotate(db::SystemDb db, std::string refresh_token,
                                                 std::optional<DeviceId> device, std::string user_agent);

    [[nodiscard]] base::Timestamp now() const { return parts_.clock.now(); }
    [[nodiscard]] const auth::SessionCookies& cookies() const { return parts_.cookies; }
    [[nodiscard]] const auth::SignedValues& values() const { return parts_.values; }
    [[nodiscard]] const auth::SealedValues& sealed() const { return parts_.sealed; }

private:
    enum class Refusal : std::uint8_t { none, unknown, reused };
    struct Decision {
        Refusal refusal = Refusal::none;
        NewSession session;
    };
    struct Presented {
        std::string text;
        std::string successor;
        schema::Bytes successor_hash;
        std::optional<DeviceId> device;
        std::string user_agent;
    };
    [[nodiscard]] Presented present(std::string refresh_token, std::optional<DeviceId> device,
                                    std::string user_agent) const;
    async::Task<Decision> decide(db::SystemDb transaction, std::shared_ptr<const Presented> presented);
    async::Task<Decision> advance(db::SystemDb transaction, sign_in::RefreshRow row,
                                  std::shared_ptr<const Presented> presented);
    async::Task<Decision> end_family(db::SystemDb transaction, sign_in::RefreshRow row);
    [[nodiscard]] bool may_repeat(const sign_in::RefreshRow& row, const Presented& presented) const;
    [[nodiscard]] std::string access_token(const Session& session);

    Options options_;
    Parts parts_;
    auth::JwtSigner signer_;
    LoginGuard guard_;
};

// A header's text as a column takes it: UTF-8, at most 400 bytes, or empty.
[[nodiscard]] std::string user_agent_of(const http::Request& request);

}  // namespace pos
