#include "observe/traceparent.h"

#include <gtest/gtest.h>

#include <set>

namespace observe {
namespace {

constexpr std::string_view example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, ReadsAndWritesTheExampleOfTheRecommendation) {
    const auto context = parse_traceparent(example);
    ASSERT_TRUE(context);
    EXPECT_EQ(trace_id_text(*context), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(span_id_text(*context), "00f067aa0ba902b7");
    EXPECT_TRUE(context->sampled());
    EXPECT_EQ(write_traceparent(*context), example);
}

TEST(Traceparent, RefusesWhatTheRecommendationCallsInvalid) {
    for (const std::string_view header : {
             std::string_view(""),
             std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"),
             std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-"),
             std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what"),
             std::string_view("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
             std::string_view("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
             std::string_view("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
             std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
             std::string_view("00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01"),
             std::string_view("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
             std::string_view("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what"),
         })
        EXPECT_FALSE(parse_traceparent(header)) << header;
}

TEST(Traceparent, ReadsALaterVersionAsFarAsItKnowsIt) {
    const auto context = parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09-what-comes");
    ASSERT_TRUE(context);
    EXPECT_EQ(write_traceparent(*context), example);
}

TEST(Traceparent, AChildKeepsTheTraceAndTheFlags) {
    const auto parent = parse_traceparent(example);
    ASSERT_TRUE(parent);
    const TraceContext child = child_span(*parent, [] { return 0x0102030405060708U; });
    EXPECT_EQ(trace_id_text(child), trace_id_text(*parent));
    EXPECT_EQ(span_id_text(child), "0807060504030201");
    EXPECT_TRUE(child.sampled());
}

TEST(Traceparent, NeverMakesTheInvalidId) {
    const TraceContext context = start_trace([] { return 0U; }, true);
    EXPECT_TRUE(parse_traceparent(write_traceparent(context)));
}

TEST(Traceparent, RandomWordsDiffer) {
    std::set<std::uint64_t> words;
    for (int count = 0; count < 1000; ++count) words.insert(random_word());
    EXPECT_EQ(words.size(), 1000U);
}

}  // namespace
}  // namespace observe
