#pragma once
// How failed sign-ins are slowed (domain.md, "Security baseline"): after five free ones, one second, doubling to an hour, for an
// account from one address; the same later and slower for the whole address. An account that is attacked from everywhere is
// only slowed: attempts from addresses that never signed in to it wait two seconds, and nobody is locked out. Unknown accounts
// are treated alike. One per loop.
//
//     const auto attempt = co_await throttle.admit(db, {.login = "a@b.example", .address = "192.0.2.7"}, known_address);   // throws 429
//     ... the password was right:
//     throttle.add_success(batch, attempt);

#include <chrono>
#include <string>
#include <vector>

#include "async/sync.h"
#include "base/random.h"
#include "base/time.h"
#include "db/db.h"

namespace pos {

struct LoginOrigin {
    std::string login;    // e-mail address or phone number
    std::string address;  // of the client
};

class LoginGuard {
public:
    struct Options {
        std::int32_t free_failures = 5;
        std::int32_t free_failures_of_address = 50;  // a shop's tills and an office share one
        std::int32_t doubling_of_address = 5;        // further failures that double the wait of an address
        std::chrono::milliseconds longest_wait = std::chrono::hours(1);
        std::int32_t free_failures_of_account = 100;
        std::chrono::milliseconds slow_down{2'000};
        std::size_t most_slowed = 256;  // at a time on this loop; beyond, the hashing's own queue is the limit
    };

    LoginGuard(Options options, async::Loop& loop, const base::Clock& clock)
        : options_(options), loop_(loop), clock_(clock) {}

    // The subjects of one attempt in login_throttles.
    struct Attempt {
        std::string account_at_address;
        std::string account;
        std::string address;
    };

    // Counts the attempt as failed. Throws auth.throttled (429) with Retry-After; may take options.slow_down.
    [[nodiscard]] async::Task<Attempt> admit(db::SystemDb db, LoginOrigin origin, bool known_address);
    // Takes the attempt back and forgets the account's failures.
    void add_success(db::Batch& batch, const Attempt& attempt) const;

private:
    async::Task<void> slow_down();

    Options options_;
    async::Loop& loop_;
    const base::Clock& clock_;
    std::size_t slowed_ = 0;
    std::uint32_t admitted_ = 0;
};

// What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which is what one customer gets.
[[nodiscard]] std::string address_group(std::string_view address);

}  // namespace pos
