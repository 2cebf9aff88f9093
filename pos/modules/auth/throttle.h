#pragma once
// How wrong passwords are slowed (docs/security.md, "Guessing"): leaky buckets on elapsed time.
//
//   bucket                 | free | one leaks in | then                          | refuses
//   account at an address  | 5    | 15 min       | 1 s, doubling, 15 min at most | attempts at the account from there
//   address                | 50   | 72 s         | 1 s, doubling every 5, 1 min  | attempts at accounts that are strangers there
//   account                | 100  | 36 s         | answers 2 s later             | nobody
//
// Wrong passwords alone count; a right one empties its pair's bucket, and what was not judged (auth.busy) is taken back. An
// address that the account knows (sign_in::user_by_login) is never refused for it, so nobody behind the same carrier-grade NAT
// can shut an owner out. There one attempt at the account is judged at a time once its pair's five are spent, 2 s after
// its turn has come, so that guessing is slow as well: at most `most_waiting` others wait, one of them by lot is next, and one by
// lot is refused when one more comes. Who holds what a neighbour cannot know (a device that the account has signed in on, a session)
// has a line of their own. An account is its user's id, whichever of its logins was given. Unknown accounts are treated alike. The
// buckets are rows, so that instances share them and a restart forgets nothing; dry ones are removed, and the oldest beyond
// `most_buckets`. One LoginGuard per loop.
//
//     const auto attempt = co_await guard.admit(db, {.login = user_id, .address = "192.0.2.7"}, known_address);   // throws 429
//     co_await guard.add_failure(db, attempt);     // the password was wrong
//     guard.add_success(batch, attempt);           // … right
//     co_await guard.take_back(db, attempt);       // … not judged

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "async/sync.h"
#include "base/time.h"
#include "db/db.h"

namespace pos {

struct LoginOrigin {
    std::string login;      // the user's id, or what was given when nobody has it
    std::string address;    // of the client
    std::string holding{};  // what nobody else at the address can know: the id of a device or session of the account
};

class LoginGuard {
public:
    struct Bucket {
        std::int32_t free = 0;
        std::int32_t doubling = 1;  // further failures that double the wait
        std::chrono::milliseconds leak{};
        std::int32_t most = 0;  // what it can hold, which bounds how long it takes to run dry
        std::chrono::milliseconds longest_wait{};
    };
    struct Options {
        Bucket account_at_address{5, 1, std::chrono::minutes(15), 16, std::chrono::minutes(15)};
        Bucket address{50, 5, std::chrono::seconds(72), 85, std::chrono::minutes(1)};
        Bucket account{100, 1, std::chrono::seconds(36), 400, {}};  // as such, it never has to wait
        std::chrono::milliseconds slow_down{2'000};
        std::size_t most_waiting = 64;  // for each account at an address that it knows
        std::size_t most_slowed = 256;  // at a time on this loop; beyond, the hashing's own queue is the limit
        std::int64_t most_buckets = 500'000;
    };

    LoginGuard(Options options, async::Loop& loop, const base::Clock& clock);

    // The subjects of one attempt in login_throttles.
    struct Attempt {
        std::string account_at_address;
        std::string account;
        std::string address;
        std::shared_ptr<const void> turn{};  // the next one's comes when all copies are gone
    };

    // Holds a place in the pair's bucket, so that a hundred at once cannot all slip in. Throws auth.throttled (429) with
    // Retry-After; may take options.slow_down.
    [[nodiscard]] async::Task<Attempt> admit(db::SystemDb db, LoginOrigin origin, bool known_address);
    // Whether the account has just used up what is free: its owner may want to know.
    [[nodiscard]] async::Task<bool> add_failure(db::SystemDb db, Attempt attempt);
    [[nodiscard]] async::Task<void> take_back(db::SystemDb db, Attempt attempt);
    static void add_success(db::SystemBatch& batch, const Attempt& attempt);

private:
    [[noreturn]] void refuse(base::Timestamp now, base::Timestamp until) const;
    async::Task<void> slow_down();
    // Those who wait for their turn; a line is there as long as somebody has it.
    class Turns;

    Options options_;
    async::Loop& loop_;
    const base::Clock& clock_;
    std::shared_ptr<Turns> turns_;
    std::size_t slowed_ = 0;
    std::uint32_t failed_ = 0;
};

// What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which is what one customer gets.
[[nodiscard]] std::string address_group(std::string_view address);

}  // namespace pos
