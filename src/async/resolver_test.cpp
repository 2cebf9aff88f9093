#include "async/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

namespace {

using async::Resolution;
using Names = std::vector<std::string>;

class ResolverTest : public testing::Test {
protected:
    // Turns of the loop until `done`.
    void run_until(const std::function<bool()>& done) {
        loop.keep_alive();
        async::Timer look(loop, [&] { check(done, look_again); });
        look_again = [&] { look.expires_after(std::chrono::milliseconds(1)); };
        look_again();
        loop.run();
        loop.release();
    }
    void check(const std::function<bool()>& done, const std::function<void()>& again) {
        if (done()) return loop.stop();
        again();
    }
    std::function<void()> look_again;
    async::Loop loop;
};

TEST_F(ResolverTest, AddressesNeedNoLookUp) {
    EXPECT_EQ(async::numeric_address("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(async::numeric_address("::1"), "::1");
    EXPECT_EQ(async::numeric_address("localhost"), std::nullopt);
    EXPECT_EQ(async::numeric_address("db.internal"), std::nullopt);
}

TEST_F(ResolverTest, TheSystemKnowsLocalhost) {
    const auto found = async::system_lookup("localhost");
    EXPECT_FALSE(found.addresses.empty()) << found.failure;
    EXPECT_FALSE(async::system_lookup("no such host").failure.empty());
}

TEST_F(ResolverTest, TheLoopGoesOnMeanwhileAndCallersShareALookUp) {
    std::promise<void> release;
    std::atomic<int> lookups = 0;
    std::atomic<bool> on_the_loop = false;
    auto lookup = [&, released = release.get_future().share()](const std::string&) {
        ++lookups;
        on_the_loop = loop.is_current_thread();
        released.wait();
        return Resolution{{"10.0.0.1", "10.0.0.2"}, {}};
    };
    async::Resolver resolver(loop, lookup);
    int answers = 0;
    for (int i = 0; i < 3; ++i) {
        resolver.resolve("db", [&](const Resolution& found) {
            EXPECT_EQ(found.addresses, (Names{"10.0.0.1", "10.0.0.2"}));
            ++answers;
        });
    }
    // The name server says nothing, and the loop turns all the same.
    int turns = 0;
    run_until([&] { return ++turns > 20 && lookups == 1; });
    EXPECT_EQ(answers, 0);
    release.set_value();
    run_until([&] { return answers == 3; });
    EXPECT_FALSE(on_the_loop);
    // The answer is good for a while: no attempt comes too late for ever.
    resolver.resolve("db", [&](const Resolution&) { ++answers; });
    EXPECT_EQ(answers, 3) << "in a later turn";
    run_until([&] { return answers == 4; });
    EXPECT_EQ(lookups, 1);
}

TEST_F(ResolverTest, FailuresAreNotKept) {
    std::atomic<int> lookups = 0;
    async::Resolver resolver(loop, [&](const std::string& host) -> Resolution {
        if (++lookups == 1) throw std::runtime_error("no memory for " + host);
        return {{"10.0.0.1"}, {}};
    });
    std::vector<Resolution> found;
    resolver.resolve("db", [&](const Resolution& answer) { found.push_back(answer); });
    run_until([&] { return found.size() == 1; });
    EXPECT_TRUE(found[0].addresses.empty());
    EXPECT_TRUE(found[0].failure.contains("no memory for db"));
    resolver.resolve("db", [&](const Resolution& answer) { found.push_back(answer); });
    run_until([&] { return found.size() == 2; });
    EXPECT_EQ(found[1].addresses, Names{"10.0.0.1"});
}

TEST_F(ResolverTest, ALookUpThatComesTooLateIsHeardByNobody) {
    std::promise<void> release;
    auto ended = std::make_shared<std::promise<void>>();
    bool heard = false;
    {
        async::Resolver resolver(loop, [released = release.get_future().share(), ended](const std::string&) {
            released.wait();
            ended->set_value_at_thread_exit();
            return Resolution{{"10.0.0.1"}, {}};
        });
        resolver.resolve("db", [&](const Resolution&) { heard = true; });
        int turns = 0;
        run_until([&] { return ++turns > 3; });
    }
    // Its end waited for nobody.
    release.set_value();
    ended->get_future().wait();
    int turns = 0;
    run_until([&] { return ++turns > 3; });
    EXPECT_FALSE(heard);
}

TEST_F(ResolverTest, LookUpsAtOnceAndNamesThatWaitAreBounded) {
    std::promise<void> release;
    std::atomic<int> lookups = 0;
    auto silent = [&, released = release.get_future().share()](const std::string&) {
        ++lookups;
        released.wait();
        return Resolution{{"10.0.0.1"}, {}};
    };
    async::Resolver resolver(loop, silent, {.at_once = 2, .waiting = 3, .kept = 100});
    std::map<std::string, Resolution> found;
    for (const std::string name : {"a", "b", "c", "d", "e", "f", "a"}) {
        resolver.resolve(name, [&found, name](const Resolution& answer) { found[name] = answer; });
    }
    run_until([&] { return lookups == 2 && !found.empty(); });
    // The one too many hears so at once, and that it may try again.
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found["f"].failure.contains("too many"));
    EXPECT_TRUE(found["f"].may_pass);
    release.set_value();
    run_until([&] { return found.size() == 6; });
    EXPECT_EQ(lookups, 5);
    EXPECT_EQ(found["e"].addresses, Names{"10.0.0.1"});
}

TEST_F(ResolverTest, NamesThatOthersChooseDoNotPileUp) {
    async::Resolver resolver(loop,
                             [](const std::string& host) {
                                 return host.starts_with("gone") ? Resolution{{}, "no such host"}
                                                                 : Resolution{{"10.0.0.1"}, {}};
                             },
                             {.at_once = 4, .waiting = 1000, .kept = 10});
    int answers = 0;
    for (int i = 0; i < 50; ++i) {
        resolver.resolve("gone" + std::to_string(i), [&](const Resolution&) { ++answers; });
        resolver.resolve("there" + std::to_string(i), [&](const Resolution& found) {
            EXPECT_EQ(found.addresses, Names{"10.0.0.1"});
            ++answers;
        });
    }
    run_until([&] { return answers == 100; });
    EXPECT_LE(resolver.names(), 10U);
}

TEST_F(ResolverTest, ATaskHasWhatThereIsByItsDeadline) {
    std::promise<void> release;
    async::Resolver resolver(loop, [released = release.get_future().share()](const std::string& host) {
        if (host == "slow") released.wait();
        return Resolution{{"10.0.0.1"}, {}};
    });
    const auto soon = async::Loop::now() + std::chrono::milliseconds(30);
    const auto late = async::run_until_done(loop, resolver.resolve_by("slow", soon));
    EXPECT_TRUE(late.addresses.empty());
    EXPECT_TRUE(late.failure.contains("in time"));
    EXPECT_TRUE(late.may_pass);
    const auto in_time =
        async::run_until_done(loop, resolver.resolve_by("quick", async::Loop::now() + std::chrono::hours(1)));
    EXPECT_EQ(in_time.addresses, Names{"10.0.0.1"});
    // The answer of the first attempt serves the second.
    release.set_value();
    const auto again =
        async::run_until_done(loop, resolver.resolve_by("slow", async::Loop::now() + std::chrono::hours(1)));
    EXPECT_EQ(again.addresses, Names{"10.0.0.1"});
}

}  // namespace
