#include "base/failure.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <system_error>
#include <typeinfo>
#include <variant>

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

TEST(Outlook, OnlyWhatMayPassByItselfPasses) {
    EXPECT_EQ(outlook_of(Failure(busy)), Outlook::passes);
    EXPECT_EQ(outlook_of(std::bad_alloc()), Outlook::passes);
    EXPECT_EQ(outlook_of(std::system_error(std::make_error_code(std::errc::too_many_files_open))), Outlook::passes);
    EXPECT_EQ(outlook_of(std::runtime_error("who knows")), Outlook::unknown);
}

TEST(Outlook, WhatTheInputOrTheProgramCausedStays) {
    EXPECT_EQ(outlook_of(Failure(errors::out_of_range)), Outlook::stays);
    EXPECT_EQ(outlook_of(std::invalid_argument("stoi")), Outlook::stays);
    EXPECT_EQ(outlook_of(std::out_of_range("at")), Outlook::stays);
    EXPECT_EQ(outlook_of(std::length_error("reserve")), Outlook::stays);
    EXPECT_EQ(outlook_of(std::overflow_error("sum")), Outlook::stays);
    EXPECT_EQ(outlook_of(std::bad_optional_access()), Outlook::stays);
    EXPECT_EQ(outlook_of(std::bad_variant_access()), Outlook::stays);
    EXPECT_EQ(outlook_of(std::bad_array_new_length()), Outlook::stays) << "although it is a bad_alloc";
    EXPECT_EQ(outlook_of(std::bad_cast()), Outlook::stays);
}

TEST(Action, HasANameEach) {
    EXPECT_EQ(to_string(Action::none), "none");
    EXPECT_EQ(to_string(Action::refresh_auth), "refresh_auth");
    EXPECT_EQ(to_string(Action::pull_first), "pull_first");
    EXPECT_EQ(to_string(Action::contact), "contact");
}

}  // namespace
}  // namespace base
