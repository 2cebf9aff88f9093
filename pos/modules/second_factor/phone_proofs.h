#pragma once
// PhoneProofs: that a number is a person's, by a code that is sent to it. One a loop, a service: http::Service<PhoneProofs>.
//
//     const auto sent = co_await phones->send(db, {user, tenant, address}, "+254712345678");      // 429 phone.code_limit, 503 sms.off, …
//     const auto proven = co_await phones->prove(db, {user, tenant, address}, "+254712345678", "730516");   // 422 auth.code_wrong, …
//
// Codes that are sent and wrong codes are both counted for the account over a day, so that asking again gives no further guesses. Asked for
// again within resend_after, nothing is sent; later, as long as it is open, the same code: whichever SMS comes is right.

#include <memory>

#include "db/db.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/second_factor/contract.h"

namespace pos {

class PhoneProofs {
public:
    static constexpr std::chrono::minutes code_life{10};
    static constexpr std::chrono::seconds resend_after{60};
    static constexpr std::int64_t most_codes = 5;  // in day_window
    static constexpr std::int64_t most_guesses = 10;
    static constexpr std::chrono::hours day_window{24};

    struct Parts {
        AuthService& auth;
        Runtime& runtime;
        const Notifier& notifier;
    };
    explicit PhoneProofs(const Parts& parts) : parts_(parts) {}

    struct Subject {
        UserId user;
        TenantId tenant;        // which pays for the SMS
        std::string address{};  // of the client
    };
    [[nodiscard]] async::Task<PhoneCodeSent> send(db::SystemDb db, Subject subject, std::string phone) const;
    // The number is the account's from then on. 409 user.phone_taken: another account has proven it.
    [[nodiscard]] async::Task<ProvenPhone> prove(db::SystemDb db, Subject subject, std::string phone,
                                                 std::string code) const;

    struct Request;

private:
    Parts parts_;
};

[[nodiscard]] std::unique_ptr<PhoneProofs> make_phone_proofs(AuthService& auth, Runtime& runtime, Notifier& notifier);
[[nodiscard]] std::vector<db::StatementView> phone_proof_statements();

}  // namespace pos
