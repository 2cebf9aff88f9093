#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "schema/schema.h"
#include "schema/testing_types.h"

namespace schema {
namespace {

using samples::Account;
using samples::Everything;
using samples::everything_json;
using samples::Line;
using samples::Period;
using samples::Status;
using samples::Tolerant;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "pointer code param=json …", one a line.
std::vector<std::string> summary(const std::vector<base::Issue>& issues) {
    std::vector<std::string> lines;
    for (const auto& issue : issues) {
        std::string line = issue.pointer + " " + issue.code;
        for (const auto& param : issue.params) line += " " + param.name + "=" + param.json;
        lines.push_back(std::move(line));
        EXPECT_FALSE(issue.message.empty()) << issue.code;
        EXPECT_TRUE(issue.message.ends_with('.')) << issue.message;
    }
    return lines;
}

template <class T>
std::vector<std::string> issues_of(std::string_view json, const ReadOptions& options = {}) {
    auto result = parse<T>(json, options);
    if (result) return {};
    if (result.error().malformed != Malformed::none)
        return {"malformed " + std::string(to_string(result.error().malformed))};
    return summary(result.error().issues);
}

template <class T>
Malformed malformed_of(std::string_view json, const ReadOptions& options = {}) {
    auto result = parse<T>(json, options);
    return result ? Malformed::none : result.error().malformed;
}

// everything_json with one member replaced, or added when it is not there.
std::string with(std::string_view name, std::string_view value) {
    std::string text(everything_json);
    const std::string key = fmt::format("\"{}\":", name);
    const std::size_t at = text.find(key);
    if (at == std::string::npos) {
        text.insert(text.size() - 1, fmt::format(",{}{}", key, value));
        return text;
    }
    const std::size_t start = at + key.size();
    const std::size_t end = text[start] == '[' ? text.find(']', start) + 1 : text.find_first_of(",}", start);
    return text.replace(start, end - start, value);
}

TEST(ReadJSON, ReadsEveryKind) {
    const auto value = parse<Everything>(with(
        "note",
        R"("n","nickname":"MAMA","discount":null,"tags":["a","b"],"counts":{"x":1},"gift":{"sku":"G","quantity":"1","price":0},"extra":{"a":[1,2.50,"\u00e9"]})"));
    ASSERT_TRUE(value) << testing::PrintToString(summary(value.error().issues));
    EXPECT_TRUE(value->active);
    EXPECT_EQ(value->small, 7);
    EXPECT_EQ(value->medium, -70000);
    EXPECT_EQ(value->large, max_safe_integer);
    EXPECT_EQ(value->ratio, 0.25);
    EXPECT_EQ(value->name, "Sukari");
    EXPECT_EQ(value->id.to_string(), "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    EXPECT_EQ(base::format_timestamp(value->at), "2026-11-22T06:14:03.120Z");
    EXPECT_EQ(base::format_date(value->day), "2024-02-29");
    EXPECT_EQ(value->price.minor, 15000);
    EXPECT_EQ(value->quantity.ten_thousandths, 15000);
    EXPECT_EQ(value->rate.ppm, 160000);
    EXPECT_EQ(value->status, Status::closed);
    EXPECT_EQ(value->note, "n");
    EXPECT_EQ(value->nickname.value(), "mama");
    ASSERT_TRUE(value->discount.has_value());
    EXPECT_FALSE(value->discount->has_value());
    EXPECT_THAT(value->tags, ElementsAre("a", "b"));
    ASSERT_EQ(value->lines.size(), 1U);
    EXPECT_EQ(value->counts.at("x"), 1);
    EXPECT_EQ(value->gift->sku, "G");
    EXPECT_EQ(value->extra.text, R"({"a":[1,2.5,"é"]})");
}

TEST(ReadJSON, MembersComeInAnyOrder) {
    const auto line = parse<Line>(R"({"price":1,"sku":"A","quantity":"1"})");
    ASSERT_TRUE(line);
    EXPECT_EQ(*line, (Line{"A", base::Quantity{10000}, base::Money{1}}));
}

struct MemberCase {
    std::string_view name;
    std::string_view json;
    std::vector<std::string> issues;
};

TEST(ReadJSON, MemberRules) {
    const std::vector<MemberCase> cases = {
        {"active", "false", {}},
        {"active", "1", {R"(/active invalid_type expected="boolean" received="integer")"}},
        {"active", "\"true\"", {R"(/active invalid_type expected="boolean" received="string")"}},
        {"active", "null", {R"(/active not_null expected="boolean")"}},
        // Integers: integral numbers in any spelling.
        {"small", "1.0", {}},
        {"small", "1e2", {}},
        {"small", "-0", {}},
        {"small", "1.5", {R"(/small invalid_type expected="integer" received="number")"}},
        {"small", "\"1\"", {R"(/small invalid_type expected="integer" received="string")"}},
        {"small", "-6", {"/small too_small minimum=-5"}},
        {"small", "32767", {}},
        {"small", "32768", {"/small too_big maximum=32767"}},
        {"medium", "2147483647", {}},
        {"medium", "2147483648", {"/medium too_big maximum=2147483647"}},
        {"medium", "-2147483649", {"/medium too_small minimum=-2147483648"}},
        {"large", "9007199254740992", {"/large too_big maximum=9007199254740991"}},
        {"large", "-9007199254740992", {"/large too_small minimum=-9007199254740991"}},
        {"large", "18446744073709551615", {"/large too_big maximum=9007199254740991"}},
        {"large", "1e300", {"/large too_big maximum=9007199254740991"}},
        {"large", "-1e300", {"/large too_small minimum=-9007199254740991"}},
        {"price", "-1", {"/price too_small minimum=0"}},
        {"price", "1.0", {}},
        {"rate", "1000001", {"/rate too_big maximum=1000000"}},
        {"ratio", "3", {}},
        {"ratio", "-1.5", {}},
        {"ratio", "-1.6", {"/ratio too_small minimum=-1.5"}},
        {"ratio", "1e10", {"/ratio too_big maximum=1000000000"}},
        {"ratio", "\"1\"", {R"(/ratio invalid_type expected="number" received="string")"}},
        // Strings: trimmed first, lengths in code points.
        {"name", R"("  ab  ")", {}},
        {"name", R"("   a   ")", {"/name too_short minimum=2"}},
        {"name", R"("éééééééééé")", {}},
        {"name", R"("😀😀😀😀😀😀😀😀😀😀")", {}},
        {"name", R"("😀")", {"/name too_short minimum=2"}},
        {"name", R"("ééééééééééé")", {"/name too_long maximum=10"}},
        {"name", R"("a\u0000b")", {"/name nul_character"}},
        {"name", R"("forbidden")", {"/name not_permitted"}},
        {"name", "7", {R"(/name invalid_type expected="string" received="integer")"}},
        {"name", "[]", {R"(/name invalid_type expected="string" received="array")"}},
        {"nickname", R"("Juma")", {}},
        {"nickname", R"("juma1")", {R"(/nickname pattern pattern="[a-z]+")"}},
        {"nickname", R"("x\ny")", {R"(/nickname pattern pattern="[a-z]+")"}},
        {"nickname", "null", {R"(/nickname not_null expected="string")"}},
        {"note", "null", {}},
        {"note", "{}", {R"(/note invalid_type expected="string" received="object")"}},
        {"discount", "5", {}},
        {"discount", "null", {}},
        {"id", R"("0197F0C2-7A5E-7C3B-9D10-2F6F8F1F0A01")", {}},
        {"id", R"("nope")", {R"(/id invalid_format format="uuid")"}},
        {"at", R"("2026-11-22T09:14:03+03:00")", {}},
        {"at", R"("2026-11-22 09:14:03Z")", {R"(/at invalid_format format="date-time")"}},
        {"at", R"("2026-02-30T00:00:00Z")", {R"(/at invalid_format format="date-time")"}},
        {"at", "1", {R"(/at invalid_type expected="string" received="integer")"}},
        {"day", R"("2023-02-29")", {R"(/day invalid_format format="date")"}},
        {"quantity", R"("0.0001")", {}},
        {"quantity", R"("0.00001")", {R"(/quantity invalid_format format="decimal")"}},
        {"quantity", "1.5", {R"(/quantity invalid_type expected="string" received="number")"}},
        {"quantity", R"("1000.0001")", {R"(/quantity too_big maximum="1000")"}},
        {"quantity", R"("-1000.5")", {R"(/quantity too_small minimum="-1000")"}},
        {"status", R"("lost")", {R"(/status invalid_value allowed=["open","closed","voided"])"}},
        {"status", "0", {R"(/status invalid_type expected="string" received="integer")"}},
        {"tags", "[]", {}},
        {"tags", R"(["a","b","c","d"])", {"/tags too_many maximum=3"}},
        {"tags", R"(["a","b","a"])", {"/tags/2 not_unique firstIndex=0"}},
        {"tags", R"(["a",null])", {R"(/tags/1 not_null expected="string")"}},
        {"tags", R"(["a",""])", {"/tags/1 too_short minimum=1"}},
        {"tags", R"("a")", {R"(/tags invalid_type expected="array" received="string")"}},
        {"lines", "[]", {"/lines too_few minimum=1"}},
        {"lines", R"([{"sku":"A","quantity":"0","price":1}])", {"/lines/0/quantity not_zero"}},
        {"counts", R"({"a/b~c":"x"})", {R"(/counts/a~1b~0c invalid_type expected="integer" received="string")"}},
        {"counts", R"({"a":1,"b":2,"c":3,"d":4,"e":5})", {"/counts too_many maximum=4"}},
        {"counts", R"({"a\u0000":1})", {"/counts nul_character"}},
        {"gift", "null", {}},
        {"gift", "{}", {"/gift/sku required", "/gift/quantity required", "/gift/price required"}},
        {"extra", R"([{"deep":[]}])", {}},
        {"extra", R"(["a\u0000"])", {"/extra nul_character"}},
        {"extra", R"({"a\u0000":1})", {"/extra nul_character"}},
        {"surplus", "1", {R"(/surplus unknown_key key="surplus")"}},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(issues_of<Everything>(with(one.name, one.json)), one.issues) << one.name << " = " << one.json;
    }
}

TEST(ReadJSON, ReportsAllIssuesInOrder) {
    EXPECT_THAT(issues_of<Line>(R"({"sku":"","colour":"red","quantity":"-1"})"),
                ElementsAre("/sku too_short minimum=1", R"(/colour unknown_key key="colour")",
                            R"(/quantity too_small minimum="0")", "/price required"));
    EXPECT_THAT(issues_of<Line>("{}"), ElementsAre("/sku required", "/quantity required", "/price required"));
    EXPECT_THAT(issues_of<Line>("[]"), ElementsAre(R"( invalid_type expected="object" received="array")"));
    EXPECT_THAT(issues_of<Line>("null"), ElementsAre(R"( not_null expected="object")"));
    EXPECT_EQ(parse<Line>("{}", {.in = "message"}).error().issues[0].in, "message");
}

TEST(ReadJSON, StopsAtTheIssueLimit) {
    std::string text = "{";
    for (int i = 0; i < 5000; ++i) text += fmt::format("{}\"k{}\":{{}}", i == 0 ? "" : ",", i);
    text += "}";
    EXPECT_EQ(issues_of<Line>(text).size(), 100U);
    EXPECT_EQ(issues_of<Line>(text, {.max_issues = 7}).size(), 7U);
    std::vector<std::string> lines(50, "{}");
    EXPECT_EQ(issues_of<Everything>(with("lines", fmt::format("[{}]", fmt::join(lines, ",")))).size(), 100U);
}

TEST(ReadJSON, AbsentDefaultedMembersKeepTheirInitialiser) {
    const auto account = parse<Account>(R"({"email":" Amina@Example.COM ","password":"long enough"})");
    ASSERT_TRUE(account);
    EXPECT_EQ(account->email, "amina@example.com");
    EXPECT_EQ(account->locale, "en-KE");
    EXPECT_EQ(account->phone, std::nullopt);
}

TEST(ReadJSON, ReadOnlyAndInternalMembersAreRefused) {
    EXPECT_THAT(issues_of<Account>(R"({"email":"a@b.co","password":"long enough","createdAt":"2026-01-01T00:00:00Z"})"),
                ElementsAre("/createdAt read_only"));
    EXPECT_THAT(issues_of<Account>(R"({"email":"a@b.co","password":"long enough","version":2,"hash":"x"})"),
                ElementsAre(R"( unknown_key key="…")", R"( unknown_key key="…")"));
    // The message must not name what is not theirs.
    EXPECT_THAT(parse<Account>(R"({"x":1})").error().issues[0].message, Not(HasSubstr("hash")));
}

// A piece of a password may stand where a name should.
TEST(ReadJSON, NoNameIsRepeatedBesideASecret) {
    for (const std::string json :
         {R"({"hunter2":1})", R"({"hunter2":1,"hunter2":2})", R"({"email":{"hunter2":1}})",
          R"({"email":"a@b.co","password":{"hunter2":1}})", R"({"constructor":{"hunter2":1}})"}) {
        const auto error = parse<Account>(json).error();
        EXPECT_THAT(error.detail, Not(HasSubstr("hunter2"))) << json;
        for (const auto& issue : error.issues) {
            EXPECT_THAT(issue.pointer + issue.message, Not(HasSubstr("hunter2"))) << json;
            for (const auto& parameter : issue.params) EXPECT_THAT(parameter.json, Not(HasSubstr("hunter2"))) << json;
        }
    }
}

TEST(ReadJSON, OtherNamesAreRepeatedWhenTheyLookLikeNames) {
    const auto pointer_of = [](const std::string& name) {
        return parse<Line>("{\"" + name + "\":1}").error().issues[0].pointer;
    };
    for (const std::string name : {"colour", "first name", "größe", "user[name]", "x-own.member"})
        EXPECT_EQ(pointer_of(name), "/" + name);
    EXPECT_EQ(pointer_of(std::string(64, 'a')), "/" + std::string(64, 'a'));
    for (const std::string& name : {std::string(65, 'a'), std::string(R"({\"pin\":1})"), std::string("a=b&c"),
                                    std::string(R"(a\nb)"), std::string("<b>")})
        EXPECT_EQ(pointer_of(name), "") << name;
}

TEST(ReadJSON, RefinementsRunOnlyOnGoodFields) {
    EXPECT_THAT(issues_of<Period>(R"({"starts":"2026-01-02","ends":"2026-01-01"})"), ElementsAre("/ends before_start"));
    EXPECT_THAT(issues_of<Period>(R"({"starts":"x","ends":"2025-01-01"})"),
                ElementsAre(R"(/starts invalid_format format="date")"));
    EXPECT_THAT(issues_of<std::vector<Period>>(
                    R"([{"starts":"2026-01-01","ends":"2026-01-01"},{"starts":"2026-01-02","ends":"2026-01-01"}])"),
                ElementsAre("/1/ends before_start"));
}

struct StoredPeriod {
    Period period;
    std::int32_t version = 0;

    friend constexpr auto describe(StoredPeriod*) {
        return object<StoredPeriod>("StoredPeriod", flatten<&StoredPeriod::period>(),
                                    field<&StoredPeriod::version>("version"));
    }
};

TEST(ReadJSON, FlattenedFieldsAndTheirRefinements) {
    const auto stored = parse<StoredPeriod>(R"({"starts":"2026-01-01","ends":"2026-01-02","version":3})");
    ASSERT_TRUE(stored);
    EXPECT_EQ(base::format_date(stored->period.ends), "2026-01-02");
    EXPECT_EQ(to_json(*stored), R"({"starts":"2026-01-01","ends":"2026-01-02","version":3})");
    EXPECT_THAT(issues_of<StoredPeriod>(R"({"starts":"2026-01-02","ends":"2026-01-01","version":3})"),
                ElementsAre("/ends before_start"));
    EXPECT_EQ((field_of<StoredPeriod, &Period::ends>().name), "ends");
}

TEST(ReadJSON, KeepsUnknownMembers) {
    const auto value = parse<Tolerant>(R"({"a": [1, {"b": null}], "known": 1, "c\"": "d"})");
    ASSERT_TRUE(value);
    EXPECT_EQ(value->unknown.text, R"({"a":[1,{"b":null}],"c\"":"d"})");
    EXPECT_EQ(parse<Tolerant>(R"({"known":1})")->unknown.text, "");
    EXPECT_EQ(parse<Tolerant>(R"({"known":1,"a\u0000":["\u0000b"]})")->unknown.text, "{\"a\uFFFD\":[\"\uFFFDb\"]}");
    EXPECT_EQ(malformed_of<Tolerant>(R"({"known":1,"a":1,"a":2})"), Malformed::duplicate_key);
    EXPECT_EQ(malformed_of<Tolerant>(R"({"known":1,"a":{"b":1,"b":2}})"), Malformed::duplicate_key);
    EXPECT_EQ(malformed_of<Tolerant>(R"({"known":1,"__proto__":{}})"), Malformed::poisoned_key);
}

TEST(ReadJSON, MalformedText) {
    const std::vector<std::pair<std::string, Malformed>> cases = {
        {"", Malformed::invalid_json},
        {" \n", Malformed::invalid_json},
        {"{", Malformed::invalid_json},
        {"{}x", Malformed::invalid_json},
        {"{} {}", Malformed::invalid_json},
        {R"({"sku":})", Malformed::invalid_json},
        {R"({"sku":"A",})", Malformed::invalid_json},
        {R"({sku:"A"})", Malformed::invalid_json},
        {R"({'sku':"A"})", Malformed::invalid_json},
        {R"({"sku":NaN})", Malformed::invalid_json},
        {R"({"sku":01})", Malformed::invalid_json},
        {R"({"sku":1.})", Malformed::invalid_json},
        {R"({"sku":.5})", Malformed::invalid_json},
        {R"({"sku":-})", Malformed::invalid_json},
        {R"({"sku":1e})", Malformed::invalid_json},
        {R"({"sku":"\x41"})", Malformed::invalid_json},
        {R"({"sku":"\ud800"})", Malformed::invalid_json},
        {R"({"sku":"\udc00"})", Malformed::invalid_json},
        {R"({"sku":"\udc00\ud800"})", Malformed::invalid_json},
        {R"({"\udfff":1})", Malformed::invalid_json},
        {R"({"sku":"\ud800\u0041"})", Malformed::invalid_json},
        {"{\"sku\":\"a\nb\"}", Malformed::invalid_json},
        {std::string("{}\0", 3), Malformed::invalid_json},
        {"/* c */{}", Malformed::invalid_json},
        {"\xEF\xBB\xBF{}", Malformed::invalid_json},
        {"{\"sku\":\"\xFF\"}", Malformed::invalid_utf8},
        {"{\"sku\":\"\xC0\xAF\"}", Malformed::invalid_utf8},
        {"{\"sku\":\"\xED\xA0\x80\"}", Malformed::invalid_utf8},
        {R"({"sku":1e400,"x":01})", Malformed::invalid_json},
        {R"({"sku":1e400,"sku":"B"})", Malformed::duplicate_key},
        {R"({"sku":"A","sku":"B"})", Malformed::duplicate_key},
        {R"({"sku":"A","s\u006bu":"B"})", Malformed::duplicate_key},
        {R"({"x":{"y":1,"y":1}})", Malformed::duplicate_key},
        {R"({"x":1,"x":1})", Malformed::duplicate_key},
        {R"({"sku":[{"y":1,"y":1}]})", Malformed::duplicate_key},
        {R"({"__proto__":{"admin":true}})", Malformed::poisoned_key},
        {R"({"\u005f_proto__":1})", Malformed::poisoned_key},
        {R"({"sku":{"x":{"__proto__":1}}})", Malformed::poisoned_key},
        {R"({"constructor":{"prototype":{}}})", Malformed::poisoned_key},
    };
    for (const auto& [text, malformed] : cases) {
        EXPECT_EQ(to_string(malformed_of<Line>(text)), to_string(malformed)) << text;
    }
    EXPECT_FALSE(parse<Line>("{").error().detail.empty());
    EXPECT_THAT(parse<Line>(R"({"sku":"A","sku":"B"})").error().detail, HasSubstr("sku"));
    // Not poison: no prototype inside.
    EXPECT_THAT(issues_of<Json>(R"({"constructor":{"name":"x"},"proto":1})"), IsEmpty());
}

// It is JSON, and one member's fault.
TEST(ReadJSON, ANumberBeyond64BitsIsItsMembersFault) {
    const std::vector<std::tuple<std::string_view, std::string_view, std::string_view>> cases = {
        {"price", "1e400", "/price too_big"},
        {"price", "-123456789012345678901234567890", "/price too_small"},
        {"small", "123456789012345678901234567890", "/small too_big"},
        {"ratio", "-1e400", "/ratio too_small"},
        {"ratio", "1e400", "/ratio too_big"},
        {"name", "1e400", "/name invalid_type"},
        {"note", "1e400", "/note invalid_type"},
        {"status", "1e400", "/status invalid_type"},
        {"lines", "1e400", "/lines invalid_type"},
        {"extra", R"({"a":[1e400]})", "/extra too_big"},
    };
    for (const auto& [name, json, issue] : cases)
        EXPECT_THAT(issues_of<Everything>(with(name, json)), ElementsAre(testing::StartsWith(std::string(issue))))
            << name << json;
    EXPECT_THAT(issues_of<Everything>(with("extra", R"("\u0000#1")")), ElementsAre("/extra too_big"));
    EXPECT_THAT(issues_of<Line>(R"({"sku":1e400,"quantity":"x","price":1})"),
                ElementsAre(HasSubstr("/sku"), HasSubstr("/quantity")));
}

TEST(ReadJSON, PoisonAndDuplicatesInKeptParts) {
    const std::vector<std::pair<std::string_view, std::string_view>> members = {
        {"extra", R"({"a":{"__proto__":1}})"},
        {"extra", R"([{"constructor":{"prototype":1}}])"},
        {"extra", R"({"a":1,"a":1})"},
        {"counts", R"({"a":1,"a":2})"},
        {"counts", R"({"__proto__":2})"},
        {"counts", R"({"constructor":{"prototype":2}})"},
        {"counts", R"([{"a":1,"a":1}])"},
        {"tags", R"([1,2,3,4,{"a":1,"a":1}])"},
        {"counts", R"({"a":1,"b":2,"c":3,"d":4,"e":{"x":1,"x":2}})"},
    };
    for (const auto& [name, json] : members)
        EXPECT_NE(malformed_of<Everything>(with(name, json)), Malformed::none) << json;
}

TEST(ReadJSON, DepthAndSizeLimits) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_EQ(malformed_of<Json>(nested(32)), Malformed::none);
    EXPECT_EQ(malformed_of<Json>(nested(33)), Malformed::too_deep);
    EXPECT_EQ(malformed_of<Json>(nested(3), {.max_depth = 3}), Malformed::none);
    EXPECT_EQ(malformed_of<Json>(nested(4), {.max_depth = 3}), Malformed::too_deep);
    EXPECT_EQ(malformed_of<Json>(nested(500'000)), Malformed::too_deep);
    EXPECT_NE(malformed_of<Json>(std::string(500'000, '[')), Malformed::none);
    EXPECT_EQ(malformed_of<Json>("[1,2,3]", {.max_bytes = 6}), Malformed::too_big);
    EXPECT_EQ(malformed_of<Json>("[1,2,3]", {.max_bytes = 7}), Malformed::none);
    // Large texts have buffers of their own; small ones follow on those of the thread.
    const std::string large = "[\"" + std::string(500'000, 'x') + "\"]";
    EXPECT_EQ(parse<Json>(large)->text, large);
    EXPECT_EQ(parse<Json>("[1]")->text, "[1]");
}

struct Nesting {
    Json text;
    friend constexpr auto describe(Nesting*);
};
void parse_inside(const Nesting& nesting, Issues& issues) {
    if (!parse<Json>(nesting.text.text)) issues.add("/text", "not_json", "Give JSON.");
}
constexpr auto describe(Nesting*) {
    return object<Nesting>("Nesting", field<&Nesting::text>("text"), refine<&parse_inside>());
}

TEST(ReadJSON, ACheckMayParseMeanwhile) {
    const auto list = parse<std::vector<Nesting>>(R"([{"text":{"a":1}},{"text":{"b":"two"}}])");
    ASSERT_TRUE(list);
    EXPECT_EQ((*list)[1].text.text, R"({"b":"two"})");
}

TEST(ReadJSON, Patch) {
    const auto patch = parse<Patch<Everything>>(R"({"name":"Unga","note":null,"discount":null})");
    ASSERT_TRUE(patch);
    EXPECT_TRUE(patch->has<&Everything::name>());
    EXPECT_TRUE(patch->has<&Everything::note>());
    EXPECT_FALSE(patch->has<&Everything::price>());
    Everything target;
    target.note = "old";
    target.price.minor = 5;
    patch->apply_to(target);
    EXPECT_EQ(target.name, "Unga");
    EXPECT_EQ(target.note, std::nullopt);
    EXPECT_EQ(target.price.minor, 5);
    EXPECT_TRUE(parse<Patch<Everything>>("{}")->empty());
    EXPECT_THAT(issues_of<Patch<Everything>>(R"({"name":null,"price":-1,"surplus":1})"),
                ElementsAre(R"(/name not_null expected="string")", "/price too_small minimum=0",
                            R"(/surplus unknown_key key="surplus")"));
    EXPECT_THAT(issues_of<Patch<Account>>(R"({"createdAt":"2026-01-01T00:00:00Z","version":1})"),
                ElementsAre("/createdAt read_only", R"( unknown_key key="…")"));
    // Refinements wait until the patch is applied.
    const auto period = parse<Patch<Period>>(R"({"ends":"2025-01-01"})");
    ASSERT_TRUE(period);
    Period whole;
    period->apply_to(whole);
    EXPECT_THAT(summary(check(whole)), ElementsAre("/ends before_start"));
}

TEST(ReadJSON, TopLevelScalarsAndCollections) {
    EXPECT_EQ(*parse<std::int64_t>("7"), 7);
    EXPECT_EQ(*parse<std::string>("\"x\""), "x");
    EXPECT_EQ(*parse<std::optional<bool>>("null"), std::nullopt);
    EXPECT_THAT(*parse<std::vector<std::int32_t>>("[1,2]"), ElementsAre(1, 2));
    EXPECT_THAT(issues_of<std::vector<std::int32_t>>("[1,\"2\"]"),
                ElementsAre(R"(/1 invalid_type expected="integer" received="string")"));
}

}  // namespace
}  // namespace schema
