#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "schema/schema.h"
#include "schema/testing_types.h"

namespace schema {
namespace {

using samples::Everything;
using samples::everything_json;
using samples::Line;
using samples::Period;
using samples::Status;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(const Everything& value) {
    std::vector<std::string> lines;
    for (const auto& issue : check(value)) lines.push_back(issue.pointer + " " + issue.code);
    return lines;
}

class CheckValue : public testing::Test {
protected:
    Everything value_ = *parse<Everything>(everything_json);
};

TEST_F(CheckValue, AGoodValueHasNoIssues) { EXPECT_THAT(found(value_), IsEmpty()); }

TEST_F(CheckValue, TheReadersRulesHold) {
    value_.small = -6;
    value_.large = std::numeric_limits<std::int64_t>::max();
    value_.ratio = std::numeric_limits<double>::quiet_NaN();
    value_.name = "forbidden";
    value_.quantity = base::Quantity{10'000'001};
    value_.status = static_cast<Status>(77);
    value_.nickname = "UPPER";
    value_.tags = {"a", "a"};
    value_.lines.clear();
    value_.gift = Line{"", base::Quantity{0}, base::Money{-1}};
    value_.discount = std::optional(base::Money{max_safe_integer + 1});
    EXPECT_THAT(found(value_),
                ElementsAre("/small too_small", "/large too_big", "/ratio too_small", "/name not_permitted",
                            "/quantity too_big", "/status invalid_value", "/nickname pattern", "/discount too_big",
                            "/tags/1 not_unique", "/lines too_few", "/gift/sku too_short", "/gift/quantity not_zero",
                            "/gift/price too_small"));
}

TEST_F(CheckValue, TextIsUTF8) {
    const std::string nul_key("k\0", 2);
    value_.name = "a\xFF";
    value_.counts[nul_key] = 1;
    EXPECT_THAT(found(value_), ElementsAre("/name invalid_format", "/counts/" + nul_key + " nul_character"));
    value_.name = std::string("a\0b", 3);
    value_.counts.clear();
    EXPECT_THAT(found(value_), ElementsAre("/name nul_character"));
}

TEST_F(CheckValue, IssuesAreBounded) {
    value_.lines.assign(50, Line{});
    value_.lines.resize(50);
    EXPECT_EQ(found(value_).size(), 100U);
    value_.lines.assign(51, Line{});
    EXPECT_THAT(found(value_), ElementsAre("/lines too_many"));
}

TEST(CheckRefinements, RunAndSayWhere) {
    Period period{std::chrono::year{2026} / 1 / 2, std::chrono::year{2026} / 1 / 1};
    const auto issues = check(std::vector<Period>{period}, "query");
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].pointer, "/0/ends");
    EXPECT_EQ(issues[0].in, "query");
}

TEST(CheckPatch, OnlyPresentFields) {
    const auto patch = parse<Patch<Everything>>(R"({"small":1})");
    ASSERT_TRUE(patch);
    EXPECT_THAT(check(*patch), IsEmpty());
}

TEST(Issues, PointersAreEscaped) {
    schema::Issues issues;
    const schema::Issues::Scope outer(issues, "a/b");
    {
        const schema::Issues::Scope inner(issues, 12);
        const schema::Issues::Scope last(issues, "~x");
        EXPECT_EQ(issues.path(), "/a~1b/12/~0x");
        issues.add("/end", "code", "Message.");
    }
    EXPECT_EQ(issues.path(), "/a~1b");
    EXPECT_EQ(issues.list()[0].pointer, "/a~1b/12/~0x/end");
}

}  // namespace
}  // namespace schema
