#include "base/failure.h"

#include <gtest/gtest.h>

namespace base {
namespace {

constexpr ErrorCode busy{"service.busy", 503, true, Action::retry, "The service is busy"};

TEST(Failure, CarriesWhatTheClientMayKnow) {
    try {
        throw Failure(busy, "queue is full")
            .retry_after(1500)
            .member("depth", "12")
            .header("Retry-After", "2")
            .cause("pool of 8 is used up");
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.code(), busy);
        EXPECT_STREQ(failure.what(), "queue is full");
        EXPECT_EQ(failure.retry_after_ms(), 1500);
        ASSERT_EQ(failure.members().size(), 1U);
        EXPECT_EQ(failure.members()[0].json, "12");
        ASSERT_EQ(failure.headers().size(), 1U);
        EXPECT_EQ(failure.cause(), "pool of 8 is used up");
    }
}

TEST(Failure, WithoutDetailSaysItsCode) { EXPECT_STREQ(Failure(busy).what(), "service.busy"); }

TEST(Action, HasANameEach) {
    EXPECT_EQ(to_string(Action::none), "none");
    EXPECT_EQ(to_string(Action::refresh_auth), "refresh_auth");
    EXPECT_EQ(to_string(Action::pull_first), "pull_first");
    EXPECT_EQ(to_string(Action::contact), "contact");
}

}  // namespace
}  // namespace base
