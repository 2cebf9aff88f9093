#include "http/body_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/failure.h"
#include "http/errors.h"

namespace http {
namespace {

bool grows(BodyLease& lease, BodyBudget& budget, const BodyOwner& owner, std::size_t bytes) {
    try {
        lease.grow(budget, owner, bytes);
        return true;
    } catch (const base::Failure& failure) {
        EXPECT_EQ(failure.code().code, errors::bodies_full.code);
        EXPECT_EQ(failure.retry_after_ms(), 1'000);
        return false;
    }
}

BodyOwner anybody(std::string_view address) {
    return {.caller = BodyCaller::of_address(address), .address = BodyCaller::of_address(address)};
}
BodyOwner tenant(std::uint8_t id, std::string_view address) {
    return {.caller = BodyCaller::of_identity(base::Uuid(base::Uuid::Bytes{id})),
            .address = BodyCaller::of_address(address)};
}

// Takes steps of 100 in leases of their own until one is refused; what it holds then.
std::size_t fill(std::vector<std::unique_ptr<BodyLease>>& leases, BodyBudget& budget, const BodyOwner& owner) {
    std::size_t held = 0;
    for (;; held += 100) {
        if (!grows(*leases.emplace_back(std::make_unique<BodyLease>()), budget, owner, 100)) return held;
    }
}

TEST(BodyBudget, BoundsEachCallerAndAll) {
    BodyBudget budget({.total = 100, .per_caller = 40});
    BodyLease first;
    BodyLease second;
    BodyLease third;
    BodyLease fourth;
    const auto caller = anybody("192.0.2.1");
    EXPECT_TRUE(grows(first, budget, caller, 30));
    EXPECT_TRUE(grows(first, budget, caller, 10));
    EXPECT_FALSE(grows(first, budget, caller, 1));
    EXPECT_FALSE(grows(second, budget, caller, 1));
    EXPECT_TRUE(grows(second, budget, anybody("192.0.2.2"), 40));
    EXPECT_FALSE(grows(third, budget, anybody("192.0.2.3"), 21));
    EXPECT_TRUE(grows(third, budget, anybody("192.0.2.3"), 20));
    EXPECT_FALSE(grows(fourth, budget, anybody("192.0.2.4"), 1));
    EXPECT_EQ(budget.held(), 100U);
    EXPECT_EQ(budget.refused(), 4U);
    first.release();
    first.release();
    EXPECT_EQ(budget.held(), 60U);
    EXPECT_TRUE(grows(fourth, budget, caller, 40));
}

constexpr BodyBudget::Limits shared_limits{.total = 64'000, .per_caller = 16'000, .small_caller = 500};

TEST(BodyBudget, TheTenantsOfOneAddressCannotFillItForAll) {
    BodyBudget budget(shared_limits);
    std::vector<std::unique_ptr<BodyLease>> leases;
    EXPECT_EQ(fill(leases, budget, tenant(1, "192.0.2.1")), 16'000U) << "of one caller";
    EXPECT_EQ(fill(leases, budget, tenant(2, "192.0.2.1")), 16'000U);
    EXPECT_EQ(fill(leases, budget, tenant(3, "192.0.2.1")), 500U)
        << "the address is full, but for those who hold little";
    for (std::uint8_t id = 4; id < 60; ++id) fill(leases, budget, tenant(id, "192.0.2.1"));
    EXPECT_EQ(budget.held(), 40'000U) << "half of the whole, and an eighth for those who hold little";
    EXPECT_EQ(fill(leases, budget, anybody("192.0.2.1")), 0U);
    EXPECT_EQ(fill(leases, budget, anybody("192.0.2.2")), 16'000U);
    leases.clear();
    EXPECT_EQ(budget.held(), 0U);
    EXPECT_EQ(fill(leases, budget, tenant(3, "192.0.2.1")), 16'000U) << "what was given back is there for all";
}

TEST(BodyBudget, WhoHoldsLittleFindsRoomWhenOthersHaveFilledTheRest) {
    BodyBudget budget(shared_limits);
    std::vector<std::unique_ptr<BodyLease>> leases;
    for (std::uint8_t id = 1; id <= 4; ++id) fill(leases, budget, tenant(id, id < 3 ? "192.0.2.1" : "192.0.2.2"));
    EXPECT_EQ(budget.held(), 56'000U) << "an eighth is kept";
    EXPECT_EQ(fill(leases, budget, tenant(5, "192.0.2.3")), 500U);
    EXPECT_EQ(fill(leases, budget, tenant(6, "192.0.2.1")), 500U) << "also behind a full address";
    EXPECT_EQ(fill(leases, budget, anybody("192.0.2.4")), 500U) << "also of those who have not signed in";
}

TEST(BodyBudget, ACallerThatMayHoldMoreThanHalfMay) {
    BodyBudget budget({.total = 16'000, .per_caller = 12'000, .small_caller = 500});
    std::vector<std::unique_ptr<BodyLease>> leases;
    EXPECT_EQ(fill(leases, budget, tenant(1, "192.0.2.1")), 12'000U);
}

TEST(BodyBudget, AHugeDemandOverflowsNothing) {
    BodyBudget budget({.total = 100, .per_caller = 100});
    BodyLease lease;
    const auto caller = anybody("192.0.2.1");
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
        ASSERT_TRUE(grows(lease, budget, anybody(address), 10));
        if (i % 2 == 0) kept.pop_back();
    }
    EXPECT_EQ(budget.held(), 25'000U);
    kept.clear();
    EXPECT_EQ(budget.held(), 0U);
}

}  // namespace
}  // namespace http
