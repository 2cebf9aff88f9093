#pragma once
// Password hashing away from the event loops: a few threads of their own, and a queue so short that a waiting login is
// still answered in time. Memory is bounded by threads × 19 MiB. Lives as long as the application; any thread may ask,
// and each caller resumes on the loop it named.
//
//     auth::PasswordHasher hasher{{.threads = 2, .queue_limit = 64}, random};
//     const std::string stored = co_await hasher.hash(&loop, std::move(password));
//     const auth::PasswordCheck check = co_await hasher.verify(&loop, user ? user->password_hash : "", std::move(given));
//     if (check.replacement) save(*check.replacement);
//
// A full queue throws base::Failure(auth::errors::busy): 503 with Retry-After.

#include <cstddef>
#include <optional>
#include <string>

#include "async/blocking_pool.h"
#include "async/task.h"
#include "auth/password.h"
#include "base/failure.h"
#include "base/random.h"

namespace auth {

namespace errors {
inline constexpr base::ErrorCode busy{"auth.busy", 503, true, base::Action::retry, "Too many sign-ins are waiting"};
}

struct PasswordCheck {
    PasswordVerdict verdict = PasswordVerdict::mismatch;
    // The same password under today's parameters, to be stored; only after a match that needs it.
    std::optional<std::string> replacement;
};

class PasswordHasher {
public:
    struct Options {
        std::size_t threads = 2;
        // 64 waiting × 20 ms / 2 threads: the last one waits two thirds of a second.
        std::size_t queue_limit = 64;
        PasswordParameters parameters;
    };

    // `random` must be thread-safe (base::SecureRandom) and outlive the hasher.
    PasswordHasher(Options options, base::RandomSource& random);

    [[nodiscard]] async::Task<std::string> hash(async::Loop* loop, std::string password);
    // An empty `stored` means "no such user": costs the same time and is a mismatch.
    [[nodiscard]] async::Task<PasswordCheck> verify(async::Loop* loop, std::string stored, std::string password);

    [[nodiscard]] std::size_t queued() const { return pool_.queued(); }
    // Finishes what was accepted; the loops must still run, since they resume the callers.
    void stop() { pool_.stop(); }

private:
    [[nodiscard]] PasswordCheck check(const std::string& stored, const std::string& password) const;

    Options options_;
    base::RandomSource* random_;
    async::BlockingPool pool_;
};

}  // namespace auth
