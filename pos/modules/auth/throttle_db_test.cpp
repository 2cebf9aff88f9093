// The throttle of sign-ins over simulated time: what docs/security.md promises to owners, and what it costs who guesses.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/sync.h"
#include "base/fake_clock.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/statements.h"
#include "pos/modules/auth/throttle.h"
#include "pos/service.h"
#include "testing/app/test_app.h"

namespace {

using namespace std::chrono_literals;
using pos::LoginGuard;

class ThrottleTest : public testing::Test {
protected:
    static void SetUpTestSuite() { app = new testing::TestApp(pos::definition()); }
    static void TearDownTestSuite() { delete app; }
    void SetUp() override { app->database().execute("truncate login_throttles"); }

    db::SystemDb db() { return db::system_db(app->host().databases(), async::Loop::now() + 60s); }

    enum class Outcome : std::uint8_t { wrong, right, busy };
    // One attempt; false: it was refused.
    static async::Task<bool> attempt(LoginGuard* guard, db::SystemDb db, pos::LoginOrigin origin, bool known,
                                     Outcome outcome) {
        LoginGuard::Attempt held;
        try {
            held = co_await guard->admit(db, std::move(origin), known);
        } catch (const base::Failure& failure) {
            if (failure.code() != pos::errors::throttled) throw;
            co_return false;
        }
        switch (outcome) {
            case Outcome::wrong: co_await guard->add_failure(db, held); break;
            case Outcome::busy: co_await guard->take_back(db, held); break;
            case Outcome::right: {
                auto batch = db.batch();
                LoginGuard::add_success(batch, held);
                co_await batch.commit();
            }
        }
        co_return true;
    }
    bool wrong(const std::string& login, const std::string& address, bool known = false) {
        return app->run(attempt(&guard, db(), {login, address}, known, Outcome::wrong));
    }
    bool right(const std::string& login, const std::string& address, bool known = false) {
        return app->run(attempt(&guard, db(), {login, address}, known, Outcome::right));
    }
    // How many of 25 were let in.
    static async::Task<int> burst(LoginGuard* guard, db::SystemDb db) {
        int let_in = 0;
        for (int i = 0; i < 25; ++i)
            let_in += co_await attempt(guard, db, {"owner", "192.0.2.1"}, false, Outcome::wrong) ? 1 : 0;
        co_return let_in;
    }
    static async::Task<int> bursts(LoginGuard* guard, db::SystemDb db) {
        auto counts = co_await async::when_all(burst(guard, db), burst(guard, db), burst(guard, db), burst(guard, db));
        co_return std::get<0>(counts) + std::get<1>(counts) + std::get<2>(counts) + std::get<3>(counts);
    }
    static async::Task<std::optional<pos::sign_in::LoginUser>> user_of(db::SystemDb db, std::string login) {
        co_return co_await db.one(pos::sign_in::user_by_login, std::move(login));
    }
    static std::string rows() { return *app->database().value("select count(*) from login_throttles"); }

    static inline testing::TestApp* app = nullptr;
    base::FakeClock clock{std::chrono::floor<std::chrono::seconds>(base::system_clock().now())};
    LoginGuard guard{{.slow_down = 0ms}, app->host().loop(), clock};
};

TEST_F(ThrottleTest, ATypoADayForAYearBlocksNobody) {
    for (int day = 0; day < 365; ++day) {
        ASSERT_TRUE(wrong("owner", "192.0.2.1")) << day;
        ASSERT_TRUE(right("owner", "192.0.2.1")) << day;
        clock.advance(24h);
    }
    // Nor two hundred people who each mistype once a day and give up.
    for (int day = 0; day < 1; ++day) {
        for (int person = 0; person < 200; ++person) {
            ASSERT_TRUE(wrong(fmt::format("person{}", person), "192.0.2.2", true));
            clock.advance(400s);
        }
        ASSERT_TRUE(right("a stranger here", "192.0.2.2")) << day;
    }
}

TEST_F(ThrottleTest, FailuresLeakAwayAlsoWhenTheyKeepComing) {
    // One each 14 minutes, where one leaks in 15: what has leaked in part is not lost.
    for (int i = 0; i < 60; ++i) {
        ASSERT_TRUE(wrong("owner", "192.0.2.1")) << i;
        clock.advance(14min);
    }
}

TEST_F(ThrottleTest, WaitsDoubleFromASecond) {
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(wrong("owner", "192.0.2.1"));
    for (auto wait = 1s; wait <= 512s; wait *= 2) {
        EXPECT_FALSE(right("owner", "192.0.2.1")) << wait.count();
        clock.advance(wait - 1s);
        if (wait > 1s) EXPECT_FALSE(right("owner", "192.0.2.1")) << wait.count();
        clock.advance(1s);
        EXPECT_TRUE(wrong("owner", "192.0.2.1")) << wait.count();
    }
    // Fifteen minutes at most, however long it goes on; a day later all is forgotten.
    for (int i = 0; i < 20; ++i) {
        clock.advance(15min);
        ASSERT_TRUE(wrong("owner", "192.0.2.1"));
    }
    clock.advance(24h);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(wrong("owner", "192.0.2.1"));
    EXPECT_TRUE(right("owner", "192.0.2.1"));
    EXPECT_EQ(app->database().value("select count(*) from login_throttles where subject like 'account+ip:%'"), "0");
}

TEST_F(ThrottleTest, TenThousandGuessesFromEverywhereLockNoOwnerOut) {
    for (int i = 0; i < 450; ++i) ASSERT_TRUE(wrong("owner", fmt::format("10.1.{}.{}", i / 250, i % 250)));
    EXPECT_EQ(app->database().value("select failures from login_throttles where subject like 'account:%'"), "400");
    // The others leave no more than rows of their own addresses: the account's bucket is full.
    app->database().execute(
        "insert into login_throttles select 'ip:10.2.' || n / 250 || '.' || n % 250, 1, now(), now() "
        "from generate_series(1, 9550) n");
    EXPECT_TRUE(right("owner", "192.0.2.1", true));  // where they signed in before
    EXPECT_TRUE(right("owner", "198.51.100.1"));     // and where they never did
}

TEST_F(ThrottleTest, OneWhoGuessesBehindANetworkAddressTranslatorStopsNobodyWhoWasThere) {
    const std::string shared = "100.64.0.1";
    int guesses = 0;
    for (int minute = 0; minute < 60; ++minute) {
        for (int i = 0; i < 20; ++i) guesses += wrong(fmt::format("victim{}", i), shared) ? 1 : 0;
        for (int i = 0; i < 3; ++i) {
            const auto person = fmt::format("person{}", minute * 3 + i);
            ASSERT_TRUE(wrong(person, shared, true));  // a typo
            ASSERT_TRUE(right(person, shared, true));
        }
        clock.advance(1min);
    }
    EXPECT_LT(guesses, 200);
    // Somebody new there waits a minute at most.
    if (!right("somebody new", shared)) {
        clock.advance(1min);
        EXPECT_TRUE(right("somebody new", shared));
    }
}

TEST_F(ThrottleTest, WhatWasNotJudgedIsNoAttempt) {
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(app->run(attempt(&guard, db(), {"owner", "192.0.2.1"}, false, Outcome::busy))) << i;
    EXPECT_EQ(rows(), "0") << "it leaves nothing behind";
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(wrong("owner", "192.0.2.1"));
    ASSERT_TRUE(app->run(attempt(&guard, db(), {"owner", "192.0.2.1"}, false, Outcome::busy)));
    EXPECT_EQ(app->database().value("select failures from login_throttles where subject like 'account+ip:%'"), "3");
    EXPECT_TRUE(right("owner", "192.0.2.1"));
}

// One whose sessions were ended by force may have been a thief's; who logs out before the password is changed gains nothing.
TEST_F(ThrottleTest, AnAddressIsKnownByWhatItsOwnerLeft) {
    app->database().execute(
        "insert into users (id, email, name, password_hash, password_changed_at, version, created_at, updated_at) "
        "values ('0197f0c2-0000-7000-8000-0000000000aa', 'known@duka.example', 'Amina', 'x', "
        "  now() - interval '1 hour', 1, now(), now()); "
        "insert into sessions (id, user_id, tenant_id, kind, user_agent, ip_address, created_at, last_seen_at, "
        "  expires_at, revoked_at, revoke_reason) "
        "select gen_random_uuid(), '0197f0c2-0000-7000-8000-0000000000aa', gen_random_uuid(), 'token', '', address, "
        "  now() - interval '2 days', now() - interval '2 days', now() + life, now() - ended, reason "
        "from (values "
        "  ('lives', interval '1 day', null, null), "
        "  ('expired', interval '-1 day', null, null), "
        "  ('left', interval '1 day', interval '1 minute', 'logout'), "
        "  ('left before the change', interval '1 day', interval '2 hours', 'logout'), "
        "  ('changed', interval '1 day', interval '1 minute', 'password changed'), "
        "  ('reused', interval '1 day', interval '1 minute', 'refresh token reused'), "
        "  ('device', interval '1 day', interval '1 minute', 'device_revoked'), "
        "  ('revoked', interval '1 day', interval '1 minute', 'revoked'), "
        "  ('surplus', interval '1 day', interval '1 minute', 'too many sessions'), "
        "  ('member', interval '1 day', interval '1 minute', 'member disabled')) "
        "  as ends (address, life, ended, reason)");
    const auto user = app->run(user_of(db(), "known@duka.example"));
    ASSERT_TRUE(user);
    EXPECT_THAT(user->addresses, testing::UnorderedElementsAre("lives", "expired", "left"));
}

TEST_F(ThrottleTest, AHundredAtOnceDoNotSlipIn) { EXPECT_EQ(app->run(bursts(&guard, db())), 6); }

struct Judging {
    LoginGuard guard;
    int at_once = 0;
    int most = 0;
};

// Whether it was judged.
async::Task<bool> judged_in_turn(Judging* all, db::SystemDb db, async::Loop* loop) {
    LoginGuard::Attempt held;
    try {
        held = co_await all->guard.admit(db, {"owner", "192.0.2.1"}, true);
    } catch (const base::Failure&) {
        co_return false;
    }
    all->most = std::max(all->most, ++all->at_once);
    co_await async::sleep(loop, 1ms);
    --all->at_once;
    co_return true;
}

async::Task<std::vector<bool>> twelve_at_once(Judging* all, db::SystemDb db, async::Loop* loop) {
    std::vector<async::Task<bool>> tasks;
    for (int i = 0; i < 12; ++i) tasks.push_back(judged_in_turn(all, db, loop));
    co_return co_await async::when_all(std::move(tasks));
}

// Where the account is known nobody is shut out, but guesses are judged one after the other.
TEST_F(ThrottleTest, AtAKnownAddressOneIsJudgedAtATime) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(wrong("owner", "192.0.2.1", true));
    Judging judging{.guard{{.slow_down = 1ms, .most_waiting = 3}, app->host().loop(), clock}};
    const auto judged = app->run(twelve_at_once(&judging, db(), &app->host().loop()));
    EXPECT_EQ(judging.most, 1);
    EXPECT_EQ(std::ranges::count(judged, true), 4);  // the first, and three by lot
    // The line is empty again.
    EXPECT_TRUE(app->run(judged_in_turn(&judging, db(), &app->host().loop())));
}

// Nor does whoever floods the line stop one who holds what a neighbour cannot know.
TEST_F(ThrottleTest, WhoHoldsADeviceOfTheAccountHasALineOfTheirOwn) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(wrong("owner", "192.0.2.1", true));
    LoginGuard guard({.slow_down = 1ms, .most_waiting = 1}, app->host().loop(), clock);
    const auto flood_and_owner = [](LoginGuard* at, db::SystemDb db) -> async::Task<bool> {
        const auto flood = co_await at->admit(db, {"owner", "192.0.2.1"}, true);  // holds its turn until the end
        const auto owner = co_await at->admit(db, {"owner", "192.0.2.1", "a till"}, true);
        co_return owner.turn != nullptr;
    };
    EXPECT_TRUE(app->run(flood_and_owner(&guard, db())));
}

TEST_F(ThrottleTest, InstancesShareWhatTheyKnowAndARestartKeepsIt) {
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(wrong("owner", "192.0.2.1"));
    LoginGuard other({.slow_down = 0ms}, app->host().loop(), clock);
    EXPECT_FALSE(app->run(attempt(&other, db(), {"owner", "192.0.2.1"}, false, Outcome::right)));
    EXPECT_TRUE(app->run(attempt(&other, db(), {"owner", "192.0.2.1"}, true, Outcome::right)));
}

TEST_F(ThrottleTest, TheStateIsBounded) {
    app->database().execute(
        "insert into login_throttles select 'ip:old' || n, 1, now(), now() - interval '2 days' from generate_series(1, "
        "400) n");
    LoginGuard small({.slow_down = 0ms, .most_buckets = 100}, app->host().loop(), clock);
    for (int i = 0; i < 64; ++i)
        ASSERT_TRUE(app->run(
            attempt(&small, db(), {fmt::format("p{}", i), fmt::format("10.0.0.{}", i)}, false, Outcome::wrong)));
    EXPECT_EQ(app->database().value("select count(*) from login_throttles where subject like 'ip:old%'"), "0");
    // Beyond the most, the oldest go whatever they hold.
    app->database().execute("analyze login_throttles");
    for (int i = 0; i < 64; ++i)
        ASSERT_TRUE(app->run(
            attempt(&small, db(), {fmt::format("q{}", i), fmt::format("10.0.1.{}", i)}, false, Outcome::wrong)));
    EXPECT_LE(std::stoll(rows()), 250);
}

// An IPv6 customer has a /64.
TEST(AddressGroup, IsWhatOneCustomerGets) {
    EXPECT_EQ(pos::address_group("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(pos::address_group("2001:db8::1"), pos::address_group("2001:db8::ffff:1"));
    EXPECT_NE(pos::address_group("2001:db8::1"), pos::address_group("2001:db8:0:1::1"));
}

}  // namespace
