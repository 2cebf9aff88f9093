#pragma once
// AccountLinks: what the links in mails do, for the routes of the API and for the pages alike. One a loop, a service:
// http::Service<AccountLinks>.
//
//     co_await links->forget_password(context, db, email);              // the same for every address
//     co_await links->reset_password(context, db, {token, password});   // 410 auth.link_dead, 422 auth.weak_password
//
// Whoever reads the mails of an address may take its account over, and nobody else: a new password that comes by a link ends every
// session, and with it whoever had registered the address before (docs/security.md, "Links in mails").

#include "auth/authenticator.h"
#include "jobs/job_type.h"
#include "pos/modules/auth/account_contract.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/notifications/notifier.h"

namespace app {
class JobHandlers;
}

namespace pos {

class AccountLinks {
public:
    struct Parts {
        AuthService& auth;
        auth::Authenticator& authenticator;
        Runtime& runtime;
        const Notifier& notifier;
    };
    explicit AccountLinks(const Parts& parts) : parts_(parts) {}

    // Takes the same time whether somebody has the address or not: a job looks.
    [[nodiscard]] async::Task<void> forget_password(http::Context& context, db::SystemDb db, std::string email) const;
    [[nodiscard]] async::Task<void> reset_password(http::Context& context, db::SystemDb db,
                                                   PasswordReset request) const;
    [[nodiscard]] async::Task<void> verify_email(http::Context& context, db::SystemDb db,
                                                 EmailVerification request) const;
    // Asked for by whoever signed up. Nothing for an address that is proven.
    [[nodiscard]] async::Task<void> send_verification(http::Context& context, db::SystemDb db, UserId user) const;
    [[nodiscard]] async::Task<void> change_email(http::Context& context, db::SystemDb db, UserId user,
                                                 SessionId session, EmailChange request) const;
    [[nodiscard]] async::Task<EmailConfirmed> confirm_email(http::Context& context, db::SystemDb db,
                                                            EmailConfirmation request) const;

    struct Claim;

private:
    async::Task<void> claim(http::Context& context, db::SystemDb db, AccountTokenKind kind, std::string token,
                            std::string new_password) const;
    [[nodiscard]] std::string use_tag(const http::Context& context, std::string_view token,
                                      std::string_view secret) const;

    Parts parts_;
};

// The mail with which a new account's address is proven, in the batch that makes the account.
void add_verification(db::Batch& batch, db::SystemStatements system, AuthService& auth, Runtime& runtime,
                      const Notifier& notifier, const Person& person, Locale locale);

[[nodiscard]] std::unique_ptr<AccountLinks> make_account_links(AuthService& auth, auth::Authenticator& authenticator,
                                                               Runtime& runtime, Notifier& notifier);

// The jobs behind forgotten passwords and guessed ones.
struct ForgotPassword {
    std::string email;

    friend constexpr auto describe(ForgotPassword*) {
        return schema::object<ForgotPassword>("ForgotPassword", schema::field<&ForgotPassword::email>("email"));
    }
};
struct LimitReached {
    std::string login;  // the user's id, or what somebody tried

    friend constexpr auto describe(LimitReached*) {
        return schema::object<LimitReached>("LimitReached", schema::field<&LimitReached::login>("login"));
    }
};
inline constexpr jobs::JobDefaults account_job_defaults{.attempts = 8,
                                                        .backoff = {"exponential", std::chrono::seconds(2), 0.5},
                                                        .remove_on_complete = jobs::KeepJobs::last(100),
                                                        .remove_on_fail = jobs::KeepJobs::last(1'000)};
inline constexpr jobs::JobType<ForgotPassword> forgot_password{"mail", "auth.forgot_password", account_job_defaults};
inline constexpr jobs::JobType<LimitReached> limit_reached{"mail", "auth.limit_reached", account_job_defaults};

void handle_account_jobs(app::JobHandlers handlers);
[[nodiscard]] std::vector<db::StatementView> account_link_statements();

}  // namespace pos
