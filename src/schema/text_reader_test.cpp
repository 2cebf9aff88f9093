#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/form.h"
#include "schema/schema.h"
#include "schema/testing_types.h"

namespace schema {
namespace {

using samples::Account;
using samples::Everything;
using samples::PageQuery;
using samples::Status;
using samples::Tolerant;
using testing::ElementsAre;
using testing::IsEmpty;

template <class T>
std::expected<T, ReadError> read(std::string_view query, const ReadOptions& options = {.in = "query"}) {
    const auto pairs = parse_urlencoded(query);
    EXPECT_TRUE(pairs) << query;
    const auto fields = text_fields(*pairs);
    return parse_text<T>(fields, options);
}

template <class T>
std::vector<std::string> issues_of(std::string_view query) {
    const auto result = read<T>(query);
    std::vector<std::string> lines;
    if (result) return lines;
    for (const auto& issue : result.error().issues) {
        EXPECT_EQ(issue.in, "query");
        lines.push_back(issue.pointer + " " + issue.code);
    }
    return lines;
}

TEST(ReadText, ReadsAQuery) {
    const auto query = read<PageQuery>(
        "q=sugar+1%6bg&limit=20&ids=0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01&ids=0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a02"
        "&status=open,closed&archived=true&since=2026-11-22T09:14:03%2B03:00&weight=2.5");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->q, "sugar 1kg");
    EXPECT_EQ(query->limit, 20);
    EXPECT_EQ(query->ids.size(), 2U);
    EXPECT_THAT(query->status, ElementsAre(Status::open, Status::closed));
    EXPECT_EQ(query->archived.value(), true);
    EXPECT_EQ(base::format_timestamp(*query->since), "2026-11-22T06:14:03.000Z");
    EXPECT_EQ(query->weight, 2.5);
}

TEST(ReadText, NothingGivenMeansDefaults) {
    const auto query = read<PageQuery>("");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->limit, 50);
    EXPECT_EQ(query->q, std::nullopt);
    EXPECT_FALSE(query->archived.has_value());
    EXPECT_THAT(query->ids, IsEmpty());
}

TEST(ReadText, Issues) {
    const std::vector<std::pair<std::string_view, std::vector<std::string>>> cases = {
        {"limit=0", {"/limit too_small"}},
        {"limit=", {"/limit invalid_type"}},
        {"limit=+5", {"/limit invalid_type"}},  // '+' is a space here
        {"limit=%2B5", {"/limit invalid_type"}},
        {"limit=5.0", {"/limit invalid_type"}},
        {"limit=0x10", {"/limit invalid_type"}},
        {"limit=99999999999999999999", {"/limit too_big"}},
        {"limit=-99999999999999999999", {"/limit too_small"}},
        {"limit=1&limit=2", {"/limit duplicate"}},
        {"weight=nan", {"/weight invalid_type"}},
        {"weight=inf", {"/weight invalid_type"}},
        {"weight=1e1", {}},
        {"weight=1e999", {"/weight invalid_type"}},
        {"weight=11", {"/weight too_big"}},
        {"archived=1", {}},
        {"archived=0", {}},
        {"archived=TRUE", {"/archived invalid_type"}},
        {"archived=", {"/archived invalid_type"}},
        {"q=", {}},
        {"q=a%00b", {"/q nul_character"}},
        {"q=aaaaaaaaaaaaaaaaaaaaa", {"/q too_long"}},
        {"ids=", {}},
        {"ids=x", {"/ids/0 invalid_format"}},
        {"ids=,", {"/ids/0 invalid_format"}},
        {"status=open&status=lost", {"/status/1 invalid_value"}},
        {"status=open,open", {"/status/1 not_unique"}},
        {"since=yesterday", {"/since invalid_format"}},
        {"surplus=1", {"/surplus unknown_key"}},
        {"a%2Fb=1", {"/a~1b unknown_key"}},
        {"limit=0&q=aaaaaaaaaaaaaaaaaaaaa&x=1", {"/limit too_small", "/q too_long", "/x unknown_key"}},
    };
    for (const auto& [query, issues] : cases) EXPECT_EQ(issues_of<PageQuery>(query), issues) << query;
}

TEST(ReadText, NoNameIsRepeatedBesideASecret) {
    EXPECT_THAT(issues_of<Account>("email=a%40b.co&password=long+enough&hunter2"), ElementsAre(" unknown_key"));
    EXPECT_THAT(issues_of<PageQuery>("hunter2=&%7B%22pin%22%3A1%7D"),
                ElementsAre("/hunter2 unknown_key", " unknown_key"));
}

TEST(ReadText, TooManyItems) {
    const std::string id = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
    EXPECT_THAT(issues_of<PageQuery>("ids=" + id + "," + id + "&ids=" + id + "&ids=" + id + "," + id),
                ElementsAre("/ids too_many"));
}

TEST(ReadText, StructuresAreNotText) {
    const auto issues = issues_of<Everything>("lines=1&counts=1&gift=%7B%7D&extra=%7B%22a%22:1%7D");
    EXPECT_THAT(issues, testing::Contains("/lines/0 invalid_type"));
    EXPECT_THAT(issues, testing::Contains("/counts invalid_type"));
    EXPECT_THAT(issues, testing::Contains("/gift invalid_type"));
    EXPECT_THAT(issues, testing::Not(testing::Contains(testing::StartsWith("/extra"))));
    EXPECT_THAT(issues_of<Everything>("extra=%7B"), testing::Contains("/extra invalid_format"));
}

TEST(ReadText, TextIsUTF8) {
    const TextField field{"q", "\xFF"};
    const auto query = parse_text<PageQuery>(std::span(&field, 1), {.in = "path"});
    ASSERT_FALSE(query);
    EXPECT_EQ(query.error().issues[0].code, "invalid_format");
    EXPECT_EQ(query.error().issues[0].in, "path");
}

TEST(ReadText, UnknownNamesOfATolerantStruct) {
    const auto value = read<Tolerant>("known=1&other=2");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->known, 1);
}

TEST(ReadText, Limits) {
    std::string many;
    for (int i = 0; i < 500; ++i) many += "x" + std::to_string(i) + "=&";
    EXPECT_EQ(read<PageQuery>(many).error().issues.size(), 100U);
    EXPECT_EQ(read<PageQuery>("q=12345", {.in = "query", .max_bytes = 5}).error().malformed, Malformed::too_big);
}

TEST(ParseUrlencoded, SplitsAndDecodes) {
    const auto pairs = parse_urlencoded("a=1&b=x+y%2B&&c&d=&a=2=3");
    ASSERT_TRUE(pairs);
    EXPECT_THAT(*pairs, ElementsAre(std::pair("a", "1"), std::pair("b", "x y+"), std::pair("c", ""), std::pair("d", ""),
                                    std::pair("a", "2=3")));
    EXPECT_THAT(*parse_urlencoded(""), IsEmpty());
    EXPECT_THAT(*parse_urlencoded("&"), IsEmpty());
}

TEST(ParseUrlencoded, Refuses) {
    const std::vector<std::pair<std::string_view, FormError>> cases = {
        {"a=%", FormError::invalid_encoding},
        {"a=%4", FormError::invalid_encoding},
        {"a=%zz", FormError::invalid_encoding},
        {"%=1", FormError::invalid_encoding},
        {"a=%FF", FormError::invalid_utf8},
        {"%C0%AF=1", FormError::invalid_utf8},
        {"a=\xED\xA0\x80", FormError::invalid_utf8},
        {"=1", FormError::nameless},
        {"a=1&=", FormError::nameless},
    };
    for (const auto& [text, error] : cases) {
        const auto pairs = parse_urlencoded(text);
        ASSERT_FALSE(pairs) << text;
        EXPECT_EQ(to_string(pairs.error()), to_string(error)) << text;
    }
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "a&";
    EXPECT_EQ(parse_urlencoded(many)->size(), 1000U);
    EXPECT_EQ(parse_urlencoded(many + "a").error(), FormError::too_many_parameters);
    EXPECT_EQ(parse_urlencoded("abc", {.max_bytes = 2}).error(), FormError::too_big);
}

}  // namespace
}  // namespace schema
