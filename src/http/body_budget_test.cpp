#include "http/body_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/failure.h"
#include "http/errors.h"

namespace http {
namespace {

bool grows(BodyLease& lease, BodyBudget& budget, const BodyCaller& caller, std::size_t bytes) {
    try {
        lease.grow(budget, caller, bytes);
        return true;
    } catch (const base::Failure& failure) {
        EXPECT_EQ(failure.code().code, errors::bodies_full.code);
        EXPECT_EQ(failure.retry_after_ms(), 1'000);
        return false;
    }
}

TEST(BodyBudget, BoundsEachCallerAndAll) {
    BodyBudget budget({.total = 100, .per_caller = 40});
    BodyLease first;
    BodyLease second;
    BodyLease third;
    BodyLease fourth;
    const auto caller = BodyCaller::of_address("192.0.2.1");
    EXPECT_TRUE(grows(first, budget, caller, 30));
    EXPECT_TRUE(grows(first, budget, caller, 10));
    EXPECT_FALSE(grows(first, budget, caller, 1));
    EXPECT_FALSE(grows(second, budget, caller, 1));
    EXPECT_TRUE(grows(second, budget, BodyCaller::of_address("192.0.2.2"), 40));
    EXPECT_FALSE(grows(third, budget, BodyCaller::of_address("192.0.2.3"), 21));
    EXPECT_TRUE(grows(third, budget, BodyCaller::of_address("192.0.2.3"), 20));
    EXPECT_FALSE(grows(fourth, budget, BodyCaller::of_address("192.0.2.4"), 1));
    EXPECT_EQ(budget.held(), 100U);
    EXPECT_EQ(budget.refused(), 4U);
    first.release();
    first.release();
    EXPECT_EQ(budget.held(), 60U);
    EXPECT_TRUE(grows(fourth, budget, caller, 40));
}

TEST(BodyBudget, AHugeDemandOverflowsNothing) {
    BodyBudget budget({.total = 100, .per_caller = 100});
    BodyLease lease;
    const auto caller = BodyCaller::of_address("192.0.2.1");
    EXPECT_TRUE(grows(lease, budget, caller, 60));
    EXPECT_FALSE(grows(lease, budget, caller, ~std::size_t{0}));
    EXPECT_FALSE(grows(lease, budget, caller, ~std::size_t{0} - 60));
    EXPECT_EQ(budget.held(), 60U);
}

TEST(BodyBudget, CallersAreSubscribersAndIdentities) {
    EXPECT_EQ(BodyCaller::of_address("2001:db8:1:2::3"), BodyCaller::of_address("2001:db8:1:2:ffff::4"));
    EXPECT_NE(BodyCaller::of_address("2001:db8:1:2::3"), BodyCaller::of_address("2001:db8:1:3::3"));
    EXPECT_NE(BodyCaller::of_address("192.0.2.1"), BodyCaller::of_address("192.0.2.2"));
    EXPECT_NE(BodyCaller::of_address("::"), BodyCaller::of_identity(base::Uuid{}));
}

TEST(BodyBudget, ForgetsCallersThatHoldNothing) {
    BodyBudget budget({.total = 1'000'000, .per_caller = 10});
    std::vector<std::unique_ptr<BodyLease>> kept;
    for (int i = 0; i < 5'000; ++i) {
        auto& lease = *kept.emplace_back(std::make_unique<BodyLease>());
        const auto address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
        ASSERT_TRUE(grows(lease, budget, BodyCaller::of_address(address), 10));
        if (i % 2 == 0) kept.pop_back();
    }
    EXPECT_EQ(budget.held(), 25'000U);
    kept.clear();
    EXPECT_EQ(budget.held(), 0U);
}

}  // namespace
}  // namespace http
