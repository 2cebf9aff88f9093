#include "app/service_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "async/sync.h"
#include "log/log.h"

namespace app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What happened, in its order; the tests' services note it.
struct Diary {
    std::vector<std::string> lines;
    bool clock_fails = false;
    async::Event* start_hangs_until = nullptr;
    std::function<void()> on_slow_start{};
    async::Event* stop_hangs_until = nullptr;
    async::Event* check_hangs_until = nullptr;
    Health mail_health{};
    int checks = 0;
};

struct Clock {
    explicit Clock(Diary& given) : diary(given) { diary.lines.emplace_back("clock made"); }
    ~Clock() { diary.lines.emplace_back("clock gone"); }
    async::Task<void> start() {
        if (diary.clock_fails) throw std::runtime_error("the clock has no battery");
        diary.lines.emplace_back("clock started");
        co_return;
    }
    async::Task<void> stop(async::SteadyTime) {
        diary.lines.emplace_back("clock stopped");
        co_return;
    }
    Diary& diary;
};

struct Mailer {
    static constexpr std::string_view health_name = "mail";

    Mailer(Clock&, Diary& given) : diary(given) { diary.lines.emplace_back("mailer made"); }
    ~Mailer() { diary.lines.emplace_back("mailer gone"); }
    async::Task<void> start() {
        diary.lines.emplace_back("mailer started");
        co_return;
    }
    async::Task<void> stop(async::SteadyTime) {
        if (diary.stop_hangs_until != nullptr) co_await *diary.stop_hangs_until;
        diary.lines.emplace_back("mailer stopped");
    }
    async::Task<Health> health(async::SteadyTime) {
        ++diary.checks;
        if (diary.check_hangs_until != nullptr) co_await *diary.check_hangs_until;
        co_return diary.mail_health;
    }
    Diary& diary;
};

std::unique_ptr<Clock> make_clock(Diary& diary) { return std::make_unique<Clock>(diary); }
std::unique_ptr<Mailer> make_mailer(Clock& clock, Diary& diary) { return std::make_unique<Mailer>(clock, diary); }

// ---- Needs that cannot be met

struct Egg {};
struct Hen {};
std::unique_ptr<Egg> make_egg(Hen&) { return std::make_unique<Egg>(); }
std::unique_ptr<Hen> make_hen(Egg&) { return std::make_unique<Hen>(); }

struct Owner {};
std::unique_ptr<Owner> make_owner(const Hen*) { return std::make_unique<Owner>(); }
std::unique_ptr<Owner> make_owner_of_a_hen(const Hen&) { return std::make_unique<Owner>(); }

struct SecondMail {
    static constexpr std::string_view health_name = "mail";
    static constexpr bool is_vital = true;
    async::Task<Health> health(async::SteadyTime) { co_return Health{.is_well = false, .reason = "no stamps"}; }
};
std::unique_ptr<SecondMail> make_second_mail() { return std::make_unique<SecondMail>(); }

struct RedisCheck {
    static constexpr std::string_view health_name = "redis";
    async::Task<Health> health(async::SteadyTime) { co_return Health{}; }
};
std::unique_ptr<RedisCheck> make_redis_check() { return std::make_unique<RedisCheck>(); }

class ServiceSetTest : public ::testing::Test {
protected:
    ServiceSetTest() { services_.add(diary_); }

    template <auto... Make>
    std::unique_ptr<ServiceSet> make_set() {
        std::vector<OwnedMaker> makers;
        for (auto& maker : services<Make...>()) makers.push_back({"post", std::move(maker)});
        return std::make_unique<ServiceSet>(std::move(makers), services_);
    }
    template <auto... Make>
    std::string refusal() {
        try {
            make_set<Make...>();
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "none";
    }
    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop_, std::move(task));
    }
    void start(ServiceSet& set) { run(set.start(&loop_, async::Loop::now() + 5s, log_.logger())); }
    void stop(ServiceSet& set, async::Milliseconds time) {
        run(set.stop(&loop_, async::Loop::now() + time, log_.logger()));
    }
    std::vector<ServiceSet::Check> check(ServiceSet& set, async::Milliseconds time = 5s) {
        return run(set.check(&loop_, async::Loop::now() + time));
    }
    std::string log() const {
        std::string text;
        for (const auto& line : sink_->lines()) text += line;
        return text;
    }

    async::Loop loop_;
    Diary diary_;
    http::Services services_;
    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_{{}, sink_};
};

TEST_F(ServiceSetTest, NeedsGiveTheOrderAndTheEndGoesBackwards) {
    auto both = make_set<make_mailer, make_clock>();
    EXPECT_TRUE(services_.has<Mailer>() && services_.has<Clock>()) << "handlers use them";
    start(*both);
    stop(*both, 5s);
    both.reset();
    EXPECT_THAT(diary_.lines, ElementsAre("clock made", "mailer made", "clock started", "mailer started",
                                          "mailer stopped", "clock stopped", "mailer gone", "clock gone"));
}

TEST_F(ServiceSetTest, WhatCannotBeMadeIsASentence) {
    EXPECT_THAT(refusal<make_mailer>(), HasSubstr("Mailer (of the module post) needs"));
    EXPECT_THAT(refusal<make_mailer>(), HasSubstr("Clock, which no module makes"));
    const auto circle = refusal<make_egg, make_hen>();
    EXPECT_THAT(circle, HasSubstr("in a circle"));
    EXPECT_THAT(circle, ::testing::MatchesRegex(".*Egg.* → .*Hen.* → .*Egg.*"));
    EXPECT_THAT(refusal<make_owner_of_a_hen>(), HasSubstr("needs"));
    EXPECT_EQ(refusal<make_owner>(), "none") << "a pointer may be null";
    services_ = {};
    services_.add(diary_);
    EXPECT_THAT((refusal<make_clock, make_clock>()), HasSubstr("made twice"));
    EXPECT_THAT(diary_.lines, IsEmpty()) << "nothing is made before all of it can be";
}

TEST_F(ServiceSetTest, AServiceThatIsThereAlreadyIsNotMadeAgain) {
    Clock own(diary_);
    services_.add(own);
    EXPECT_THAT(refusal<make_clock>(), HasSubstr("is there already"));
}

TEST_F(ServiceSetTest, AStartThatFailsStopsWhatHasStarted) {
    diary_.clock_fails = true;
    const auto both = make_set<make_mailer, make_clock>();
    try {
        start(*both);
        FAIL() << "it started";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("Clock (of the module post) has not started: the clock has no battery"));
    }
    EXPECT_THAT(diary_.lines, ElementsAre("clock made", "mailer made")) << "the mailer's turn did not come";
}

struct Late {
    explicit Late(Clock&) {}
    async::Task<void> start() { throw std::runtime_error("no"); }
};
std::unique_ptr<Late> make_late(Clock& clock) { return std::make_unique<Late>(clock); }

TEST_F(ServiceSetTest, WhatStartedBeforeAFailureIsStopped) {
    const auto both = make_set<make_late, make_clock>();
    EXPECT_THROW(start(*both), std::runtime_error);
    EXPECT_THAT(diary_.lines, ElementsAre("clock made", "clock started", "clock stopped"));
}

struct Slow {
    Slow(Clock&, Diary& given) : diary(given) {}
    ~Slow() { diary.lines.emplace_back("slow gone"); }
    async::Task<void> start() {
        diary.lines.emplace_back("slow starting");
        diary.on_slow_start();
        co_await *diary.start_hangs_until;
        diary.lines.emplace_back("slow started");
    }
    async::Task<void> stop(async::SteadyTime) {
        diary.lines.emplace_back("slow stopped");
        co_return;
    }
    Diary& diary;
};
std::unique_ptr<Slow> make_slow(Clock& clock, Diary& diary) { return std::make_unique<Slow>(clock, diary); }

TEST_F(ServiceSetTest, AStopEndsTheWaitForAServiceThatStarts) {
    async::Event never(loop_);
    diary_.start_hangs_until = &never;
    auto all = make_set<make_clock, make_slow, make_mailer>();
    all->least_stop_time = 1ms;
    diary_.on_slow_start = [&] { all->end_start(); };
    run(all->start(&loop_, async::Loop::now() + 1h, log_.logger()));
    stop(*all, 5s);
    EXPECT_THAT(diary_.lines,
                ElementsAre("clock made", "mailer made", "clock started", "slow starting", "clock stopped"));
    EXPECT_THAT(log(), HasSubstr("has not started before the stop"));
    EXPECT_THAT(log(), HasSubstr("Slow"));
    all.reset();
    EXPECT_THAT(diary_.lines, ::testing::Not(::testing::Contains("slow gone"))) << "its start still refers to it";
    never.set();
    run([](async::Loop* loop) -> async::Task<void> { co_await async::next_turn(loop); }(&loop_));
    EXPECT_EQ(diary_.lines.back(), "slow gone");
}

// A service that needs a moment is started, and stopped as the others are.
TEST_F(ServiceSetTest, AServiceThatStartsInTimeIsStopped) {
    async::Event soon(loop_);
    diary_.start_hangs_until = &soon;
    const auto all = make_set<make_clock, make_slow>();
    all->least_stop_time = 1h;
    diary_.on_slow_start = [&] {
        all->end_start();
        soon.set();
    };
    run(all->start(&loop_, async::Loop::now() + 1h, log_.logger()));
    stop(*all, 5s);
    EXPECT_THAT(diary_.lines, ElementsAre("clock made", "clock started", "slow starting", "slow started",
                                          "slow stopped", "clock stopped"));
}

TEST_F(ServiceSetTest, AStopThatHangsIsLeftAtItsDeadline) {
    async::Event never(loop_);
    diary_.stop_hangs_until = &never;
    auto both = make_set<make_mailer, make_clock>();
    both->least_stop_time = 1ms;
    start(*both);
    stop(*both, 1ms);
    EXPECT_THAT(diary_.lines, ::testing::Contains("clock stopped")) << "the next one's turn comes all the same";
    EXPECT_THAT(log(), HasSubstr("a service did not stop in time"));
    EXPECT_THAT(log(), HasSubstr("Mailer"));
    both.reset();
    EXPECT_THAT(diary_.lines, ::testing::Not(::testing::Contains("mailer gone"))) << "its stop still refers to it";
    never.set();
    run([](async::Loop* loop) -> async::Task<void> { co_await async::next_turn(loop); }(&loop_));
    EXPECT_EQ(diary_.lines.back(), "mailer gone");
}

TEST_F(ServiceSetTest, HealthHasANameAndAReason) {
    const auto both = make_set<make_mailer, make_clock>();
    auto found = check(*both);
    ASSERT_EQ(found.size(), 1U) << "the clock tells none";
    EXPECT_EQ(found[0].name, "mail");
    EXPECT_TRUE(found[0].found.is_well);
    EXPECT_FALSE(found[0].is_vital);
    diary_.mail_health = {.is_well = false, .reason = "the post office is shut"};
    EXPECT_EQ(check(*both)[0].found.reason, "the post office is shut");
}

TEST_F(ServiceSetTest, ACheckThatHangsIsNotWellAndNotAskedAgain) {
    async::Event never(loop_);
    diary_.check_hangs_until = &never;
    const auto both = make_set<make_mailer, make_clock>();
    for (int i = 0; i < 3; ++i) {
        const auto found = check(*both, 1ms);
        EXPECT_FALSE(found[0].found.is_well);
        EXPECT_EQ(found[0].found.reason, "no answer");
    }
    EXPECT_EQ(diary_.checks, 1);
    never.set();
    diary_.check_hangs_until = nullptr;
    run([](async::Loop* loop) -> async::Task<void> { co_await async::next_turn(loop); }(&loop_));
    EXPECT_TRUE(check(*both)[0].found.is_well);
}

TEST_F(ServiceSetTest, ChecksHaveNamesOfTheirOwn) {
    EXPECT_THAT((refusal<make_clock, make_mailer, make_second_mail>()), HasSubstr("health check \"mail\""));
    EXPECT_THAT(refusal<make_redis_check>(), HasSubstr("health check \"redis\""));
}

}  // namespace
}  // namespace app
