#include "auth/password_hasher.h"

#include <utility>

namespace auth {

namespace {

// The pool's own refusal names the server; a client that signs in is told what is busy and when to come back.
[[noreturn]] void rethrow_as_busy(const base::Failure& failure) {
    constexpr std::int64_t retry_after_ms = 1000;
    if (failure.code() == async::errors::overloaded) throw base::Failure(errors::busy).retry_after(retry_after_ms);
    throw base::Failure(failure);
}

}  // namespace

PasswordHasher::PasswordHasher(Options options, base::RandomSource& random)
    : options_(options), random_(&random), pool_({.threads = options.threads, .queue_limit = options.queue_limit}) {}

async::Task<std::string> PasswordHasher::hash(async::Loop* loop, std::string password) {
    try {
        co_return co_await async::offload(*loop, pool_,
                                          [&] { return hash_password(password, options_.parameters, *random_); });
    } catch (const base::Failure& failure) {
        rethrow_as_busy(failure);
    }
}

async::Task<PasswordCheck> PasswordHasher::verify(async::Loop* loop, std::string stored, std::string password) {
    try {
        co_return co_await async::offload(*loop, pool_, [&] { return check(stored, password); });
    } catch (const base::Failure& failure) {
        rethrow_as_busy(failure);
    }
}

PasswordCheck PasswordHasher::check(const std::string& stored, const std::string& password) const {
    if (stored.empty()) {
        dummy_verify(password, options_.parameters);
        return {};
    }
    PasswordCheck result{.verdict = verify_password(stored, password), .replacement = std::nullopt};
    if (result.verdict == PasswordVerdict::match && needs_rehash(stored, options_.parameters)) {
        result.replacement = hash_password(password, options_.parameters, *random_);
    }
    return result;
}

}  // namespace auth
