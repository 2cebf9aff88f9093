#include "jobs/backoff.h"

#include <gtest/gtest.h>

#include "jobs/errors.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;

JobRecord job_with(Backoff backoff) {
    JobRecord job;
    job.options.backoff = std::move(backoff);
    return job;
}

TEST(Backoff, Formulas) {
    struct Case {
        Backoff backoff;
        std::int64_t attempt;
        milliseconds delay;
    };
    const Case cases[] = {
        {{"fixed", 100ms}, 1, 100ms},
        {{"fixed", 100ms}, 7, 100ms},
        {{"exponential", 100ms}, 1, 100ms},
        {{"exponential", 100ms}, 2, 200ms},
        {{"exponential", 100ms}, 5, 1'600ms},
        {{"exponential", 1ms}, 21, 1'048'576ms},
        {{"fixed", 0ms}, 1, 0ms},
        {{"exponential", 1'000ms}, 1'000, milliseconds(315'360'000'000)},
        {{"fixed", -5ms}, 1, 0ms},
    };
    base::SeededRandom random(1);
    for (const auto& expected : cases) {
        EXPECT_EQ(backoff_delay(job_with(expected.backoff), expected.attempt, "", {}, random), expected.delay)
            << expected.backoff.type << " " << expected.attempt;
    }
}

TEST(Backoff, NoneIsAtOnce) {
    base::SeededRandom random(1);
    EXPECT_EQ(backoff_delay(JobRecord{}, 3, "", {}, random), 0ms);
}

TEST(Backoff, JitterStaysInItsShare) {
    base::SeededRandom random(7);
    milliseconds least = 1h;
    milliseconds most = 0ms;
    for (int i = 0; i < 2'000; ++i) {
        const auto delay = *backoff_delay(job_with({"exponential", 1'000ms, 0.25}), 2, "", {}, random);
        least = std::min(least, delay);
        most = std::max(most, delay);
    }
    EXPECT_GE(least, 1'500ms);
    EXPECT_LT(least, 1'510ms);
    EXPECT_LT(most, 2'000ms);
    EXPECT_GT(most, 1'990ms);
}

TEST(Backoff, StrategiesOfTheWorker) {
    base::SeededRandom random(1);
    const BackoffStrategies strategies{
        {"by-reason",
         [](std::int64_t attempt, const JobRecord&, std::string_view reason) -> std::optional<milliseconds> {
             if (reason == "gone") return std::nullopt;
             return milliseconds(10 * attempt);
         }}};
    EXPECT_EQ(backoff_delay(job_with({"by-reason"}), 3, "busy", strategies, random), 30ms);
    EXPECT_EQ(backoff_delay(job_with({"by-reason"}), 3, "gone", strategies, random), std::nullopt);
    EXPECT_THROW(static_cast<void>(backoff_delay(job_with({"unheard of"}), 1, "", strategies, random)), base::Failure);
}

}  // namespace
}  // namespace jobs
