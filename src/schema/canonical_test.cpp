#include "schema/canonical.h"

#include <gtest/gtest.h>

#include <vector>

#include "schema/testing_types.h"

namespace schema {
namespace {

TEST(CanonicalJSON, OneTextForOneMeaning) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases = {
        {R"({"b":1,"a":2})", R"({"a":2,"b":1})"},
        {R"( { "b" : [ 1.0 , 1e0 , 10E-1 , 1 ] , "a" : { "d":null, "c":true } } )",
         R"({"a":{"c":true,"d":null},"b":[1,1,1,1]})"},
        {R"([2,1])", R"([2,1])"},
        {R"("\u0041\/\n")", R"("A/\n")"},
        {R"({"é":1,"z":2,"😀":3})", R"({"z":2,"é":1,"😀":3})"},
        {"0.1", "0.1"},
        {"-0", "0"},
        {"-0.0", "0"},
        {"1e17", "100000000000000000"},
        {"100000000000000000", "100000000000000000"},
        {"1e19", "10000000000000000000"},
        {"10000000000000000000", "10000000000000000000"},
        {"18446744073709551615.7", "1.8446744073709552e+19"},
        {"1.5e300", "1.5e+300"},
        {"9007199254740993", "9007199254740993"},
        {"{}", "{}"},
        {"[]", "[]"},
        {"null", "null"},
    };
    for (const auto& [json, canonical] : cases) EXPECT_EQ(canonical_json(json), canonical) << json;
}

TEST(CanonicalJSON, LeavesOutTopLevelMembers) {
    constexpr std::string_view noise[] = {"sentAt", "attempt"};
    EXPECT_EQ(canonical_json(R"({"x":{"attempt":1},"attempt":2,"sentAt":"now"})", noise), R"({"x":{"attempt":1}})");
    EXPECT_EQ(canonical_json(R"({"attempt":2})", noise), "{}");
    EXPECT_EQ(canonical_json(R"(["attempt"])", noise), R"(["attempt"])");
}

TEST(CanonicalJSON, RefusesWhatTheReaderRefuses) {
    for (const std::string_view json :
         {"", "{", "{}{}", R"({"a":1,"a":1})", R"([{"__proto__":1}])", "\"\xFF\"", "1e999"}) {
        EXPECT_EQ(canonical_json(json), std::nullopt) << json;
    }
    EXPECT_EQ(canonical_json(std::string(65, '[') + std::string(65, ']')), std::nullopt);
    EXPECT_TRUE(canonical_json(std::string(64, '[') + std::string(64, ']')));
}

TEST(CanonicalJSON, IsItsOwnCanonicalForm) {
    const auto once = canonical_json(R"({"b":[1.50,{"z":1,"a":"\u00e9"}],"a":1e2})");
    ASSERT_TRUE(once);
    EXPECT_EQ(canonical_json(*once), once);
}

// ---- Of values ----------------------------------------------------------------------------------------------------

template <class T>
std::string meaning(std::string_view json, std::span<const std::string_view> without = {}) {
    const auto value = parse<T>(json);
    EXPECT_TRUE(value) << json;
    return value ? canonical(*value, without) : "";
}

TEST(Canonical, OneTextForOneMeaning) {
    using samples::Everything;
    const auto once = meaning<Everything>(samples::everything_json);
    const auto with = [](std::string_view from, std::string_view to) {
        std::string json(samples::everything_json);
        EXPECT_NE(json.find(from), std::string::npos) << from;
        return meaning<Everything>(json.replace(json.find(from), from.size(), to));
    };
    EXPECT_EQ(once, R"({"active":true,"at":"2026-11-22T06:14:03.120Z","counts":{},"day":"2024-02-29",)"
                    R"("id":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01","large":9007199254740991,)"
                    R"("lines":[{"price":100,"quantity":"2","sku":"A"}],"medium":-70000,"name":"Sukari","price":15000,)"
                    R"("quantity":"1.5","rate":160000,"ratio":0.25,"small":7,"status":"closed","tags":[]})");
    EXPECT_EQ(with(R"("small":7)", R"("small":7.0)"), once);
    EXPECT_EQ(with(R"("small":7)", R"("small":7,"note":null,"gift":null,"extra":null,"tags":[])"), once);
    EXPECT_EQ(with("06:14:03.120Z", "09:14:03.12+03:00"), once);
    EXPECT_EQ(with("0197f0c2-7a5e-7c3b", "0197F0C2-7A5E-7C3B"), once);
    EXPECT_EQ(with(R"("1.5")", R"("1.5000")"), once);
    EXPECT_EQ(with("0.25", "25e-2"), once);
    EXPECT_EQ(with("Sukari", "  S\\u0075kari "), once);
    EXPECT_NE(with(R"("small":7)", R"("small":8)"), once);
    EXPECT_NE(with(R"("small":7)", R"("small":7,"discount":null)"), once) << "this member tells null from absent";
    EXPECT_EQ(with(R"("small":7)", R"("small":7,"extra":{"b":1.0,"a":2})"),
              with(R"("small":7)", R"("small":7,"extra":{"a":2,"b":1})"));
}

TEST(Canonical, LeavesOutWhatIsNotTheSenders) {
    constexpr std::string_view noise[] = {"attempt", "known"};
    EXPECT_EQ(meaning<samples::Tolerant>(R"({"known":1,"newer":2})"), R"({"known":1})");
    EXPECT_EQ(meaning<samples::Tolerant>(R"({"known":1,"newer":2})", noise), "{}");
    EXPECT_EQ(canonical(samples::Account{.email = "a@b.example", .password = "kahawa-ya"}),
              R"({"email":"a@b.example","locale":"en-KE","password":"kahawa-ya"})");
}

TEST(Canonical, OfAPatchIsWhatItSets) {
    EXPECT_EQ(meaning<Patch<samples::Everything>>(R"({"note":null,"small":1e0})"), R"({"note":null,"small":1})");
}

}  // namespace
}  // namespace schema
