#pragma once
// SecondFactors: codes of an authenticator app as a second factor of accounts. One a loop, a service: http::Service<SecondFactors>.
//
//     const auto secret = co_await factors->begin(db, {.user = user, .session = session});          // 409 totp.enabled, auth.email_unproven
//     const auto codes = co_await factors->confirm(db, {user, session, address}, "492039");          // ends the other sessions
//     co_await factors->prove(db, {user, session, address}, given);                                  // 422 auth.code_wrong, auth.code_used …
//
// A code is judged under the lock of its factor's row: it works once, also for fifty at a time and on several instances, as the newest
// step that was taken is stored. Wrong codes are counted for the account, from wherever they come, whatever was asked for again: `most_guesses`
// in any 24 hours. Beyond, two codes that follow each other are asked for: an owner has them after half a minute, and they are out of
// reach for guessing. So nobody shuts an owner out.

#include <memory>

#include "auth/authenticator.h"
#include "auth/caller.h"
#include "db/db.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/second_factor/contract.h"
#include "pos/modules/second_factor/settings.h"
#include "pos/modules/second_factor/statements.h"

namespace pos {

class SecondFactors {
public:
    static constexpr std::int64_t most_guesses = 20;
    static constexpr std::chrono::hours guess_window{24};
    static constexpr std::chrono::minutes setup_life{60};
    static constexpr std::size_t recovery_code_count = 10;

    struct Parts {
        const SecondFactorSettings& settings;
        AuthService& auth;
        auth::Authenticator& authenticator;
        Runtime& runtime;
        const Notifier& notifier;
        base::RandomSource& random;
    };
    explicit SecondFactors(const Parts& parts) : parts_(parts) {}

    // Whose factor a request is about.
    struct Subject {
        UserId user;
        std::optional<SessionId> session{};  // of the request; none: of a sign-in that is under way
        std::string address{};               // of the client, for the audit
    };

    // A new secret, which takes the place of one that was not confirmed.
    [[nodiscard]] async::Task<TotpSecret> begin(db::SystemDb db, Subject subject) const;
    // Turns it on and ends the other sessions, which were opened without it.
    [[nodiscard]] async::Task<RecoveryCodes> confirm(db::SystemDb db, Subject subject, std::string code) const;
    // Returning means proved, and the code is spent.
    [[nodiscard]] async::Task<void> prove(db::SystemDb db, Subject subject, GivenCode given) const;
    // In place of those before.
    [[nodiscard]] async::Task<RecoveryCodes> renew_codes(db::SystemDb db, Subject subject) const;
    [[nodiscard]] async::Task<void> remove(db::SystemDb db, Subject subject) const;
    // By somebody who may give and take the person's roles. Ends all of the person's sessions.
    [[nodiscard]] async::Task<void> reset(db::SystemDb db, auth::Caller caller, UserId user, std::string address) const;
    // The same by whoever runs the service, of anybody; reset_command.h.
    [[nodiscard]] async::Task<void> reset_by_operator(db::SystemDb db, UserId user) const;

    struct Trial;
    struct NewCodes;

private:
    [[nodiscard]] NewCodes new_codes(UserId user) const;

    Parts parts_;
};

[[nodiscard]] std::unique_ptr<SecondFactors> make_second_factors(const SecondFactorSettings& settings,
                                                                 AuthService& auth, auth::Authenticator& authenticator,
                                                                 Runtime& runtime, Notifier& notifier,
                                                                 base::SecureRandom& random);
[[nodiscard]] std::vector<db::StatementView> second_factor_statements();

}  // namespace pos
