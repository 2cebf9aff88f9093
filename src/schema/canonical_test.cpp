#include "schema/canonical.h"

#include <gtest/gtest.h>

#include <vector>

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

}  // namespace
}  // namespace schema
