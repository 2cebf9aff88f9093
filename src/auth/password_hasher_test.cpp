#include "auth/password_hasher.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "async/loop.h"

namespace auth {
namespace {

constexpr PasswordParameters cheap{.memory_kib = 256, .iterations = 1, .parallelism = 1};

class PasswordHasherTest : public testing::Test {
protected:
    base::SecureRandom random;
    async::Loop loop;
};

TEST_F(PasswordHasherTest, HashesAndVerifies) {
    PasswordHasher hasher({.threads = 1, .queue_limit = 4, .parameters = cheap}, random);
    const std::string stored = async::run_until_done(loop, hasher.hash(&loop, "mango tree"));
    const auto good = async::run_until_done(loop, hasher.verify(&loop, stored, "mango tree"));
    EXPECT_EQ(good.verdict, PasswordVerdict::match);
    EXPECT_FALSE(good.replacement);
    EXPECT_EQ(async::run_until_done(loop, hasher.verify(&loop, stored, "other")).verdict, PasswordVerdict::mismatch);
    EXPECT_EQ(async::run_until_done(loop, hasher.verify(&loop, "", "mango tree")).verdict, PasswordVerdict::mismatch);
    EXPECT_EQ(async::run_until_done(loop, hasher.verify(&loop, "broken", "mango tree")).verdict,
              PasswordVerdict::unusable_hash);
}

TEST_F(PasswordHasherTest, OffersAReplacementWhenParametersRose) {
    const std::string old = hash_password("mango tree", cheap, random);
    PasswordHasher hasher({.threads = 1, .queue_limit = 4, .parameters = {.memory_kib = 512, .iterations = 2}}, random);
    const auto check = async::run_until_done(loop, hasher.verify(&loop, old, "mango tree"));
    ASSERT_TRUE(check.replacement);
    EXPECT_EQ(verify_password(*check.replacement, "mango tree"), PasswordVerdict::match);
    EXPECT_FALSE(async::run_until_done(loop, hasher.verify(&loop, old, "wrong")).replacement);
}

TEST_F(PasswordHasherTest, PassesOnWhatHashingThrows) {
    PasswordHasher hasher({.threads = 1, .queue_limit = 4, .parameters = cheap}, random);
    EXPECT_THROW((void)async::run_until_done(loop, hasher.hash(&loop, std::string(2000, 'x'))), std::invalid_argument);
}

// A stopped pool refuses as a full one does, without racing against its threads.
TEST_F(PasswordHasherTest, RefusesWithRetryAfter) {
    PasswordHasher hasher({.threads = 1, .queue_limit = 1, .parameters = cheap}, random);
    hasher.stop();
    try {
        (void)async::run_until_done(loop, hasher.hash(&loop, "mango tree"));
        FAIL() << "accepted";
    } catch (const base::Failure& failure) {
        EXPECT_EQ(failure.code(), errors::busy);
        EXPECT_EQ(failure.code().status, 503);
        EXPECT_EQ(failure.retry_after_ms(), 1000);
    }
}

}  // namespace
}  // namespace auth
