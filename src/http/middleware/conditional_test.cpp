#include "http/middleware/conditional.h"

#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"
#include "http/tag_key.h"

namespace http {
namespace {

// What if_match() makes of a header: "absent", "any", the versions, or the problem's code.
std::string read_if_match(std::optional<std::string> header) {
    ChainForTest chain;
    std::string seen;
    const auto handler = [&seen](this auto, Context& context) -> async::Task<void> {
        const auto match = if_match(context);
        if (!match) {
            seen = "absent";
        } else if (match->any) {
            seen = "any";
        } else {
            for (const auto version : match->versions) seen += std::to_string(version) + ";";
        }
        co_return;
    };
    InjectedRequest request{.method = Method::patch};
    if (header) request.headers.emplace_back("If-Match", *header);
    const auto reply = chain.run({problems()}, handler, request);
    return reply.status == 200 ? seen : std::to_string(reply.status);
}

TEST(IfMatch, ReadsVersionsAndDropsTheSuffixOfACoding) {
    const std::vector<std::pair<std::optional<std::string>, std::string>> cases{{std::nullopt, "absent"},
                                                                                {"*", "any"},
                                                                                {"\"7\"", "7;"},
                                                                                {"\"7-br\"", "7;"},
                                                                                {"\"7-gzip\", \"8-zstd\"", "7;8;"},
                                                                                {"W/\"7\"", ""},
                                                                                {"\"abc\"", ""},
                                                                                {"7", "422"},
                                                                                {"\"7", "422"},
                                                                                {"", "422"},
                                                                                {"\"7\" \"8\"", "422"},
                                                                                {"\"7\",, \"8\"", "7;8;"},
                                                                                {"\"7-xz\"", ""},
                                                                                {"\"-1\"", "-1;"},
                                                                                {"\"99999999999999999999\"", ""},
                                                                                {"\"7.k3f9qa\"", "7;"},
                                                                                {"\"7.k3f9qa-br\"", "7;"},
                                                                                {"\"7.other2\", \"8\"", "7;8;"},
                                                                                {"W/\"7.k3f9qa\"", ""},
                                                                                {"\".k3f9qa\"", ""},
                                                                                {"\"k3f9qa.7\"", ""}};
    for (const auto& [header, expected] : cases)
        EXPECT_EQ(read_if_match(header), expected) << header.value_or("(none)");
}

TEST(IfMatch, MissingIs428AndStaleIs412WithTheCurrentRow) {
    ChainForTest chain;
    const auto handler = [](Context& context) -> async::Task<void> {
        const auto expected = require_if_match(context);
        if (!expected.matches(7)) throw expected.conflict(R"({"version":7})");
        context.response().header("ETag", etag_for(8));
        co_return;
    };
    const auto missing = chain.run({problems()}, handler, {.method = Method::patch});
    EXPECT_EQ(missing.status, 428);
    EXPECT_TRUE(missing.body.contains("request.if_match_missing"));
    const auto stale = chain.run({problems()}, handler, {.method = Method::patch, .headers = {{"If-Match", "\"6\""}}});
    EXPECT_EQ(stale.status, 412);
    EXPECT_TRUE(stale.body.contains(R"("code":"request.version_conflict")"));
    EXPECT_TRUE(stale.body.contains(R"("current":{"version":7})"));
    EXPECT_FALSE(stale.body.contains("weak"));
    const auto weak = chain.run({problems()}, handler, {.method = Method::patch, .headers = {{"If-Match", "W/\"7\""}}});
    EXPECT_EQ(weak.status, 412);
    EXPECT_TRUE(weak.body.contains("A weak tag")) << weak.body;
    EXPECT_EQ(chain.run({problems()}, handler, {.method = Method::patch, .headers = {{"If-Match", "\"7-br\""}}})
                  .header("ETag"),
              "\"8\"");
}

TEST(VersionMatch, SingleIsForOneVersionAlone) {
    EXPECT_EQ(VersionMatch{.versions = {7}}.single(), 7);
    EXPECT_FALSE((VersionMatch{.versions = {7, 8}}.single()));
    EXPECT_FALSE(VersionMatch{.any = true}.single());
    EXPECT_FALSE(VersionMatch{}.matches(7));
}

constexpr const char* changed_at = "Sun, 22 Nov 2026 06:14:03 GMT";
constexpr const char* before = "Sun, 22 Nov 2026 06:14:02 GMT";

struct GetCase {
    const char* name;
    std::vector<std::pair<std::string, std::string>> headers;
    int status;
    std::string etag = "\"7\"";
    Method method = Method::get;
};

TEST(ConditionalGet, FollowsTheOrderOfRfc9110) {
    const std::vector<GetCase> cases{
        {"plain", {}, 200},
        {"same tag", {{"If-None-Match", "\"7\""}}, 304},
        {"one of several", {{"If-None-Match", "\"5\", W/\"7\""}}, 304, "W/\"7\""},
        {"of a coding", {{"If-None-Match", "\"7-br\""}}, 304, "\"7-br\""},
        {"any", {{"If-None-Match", "*"}}, 304},
        {"HEAD", {{"If-None-Match", "\"7\""}}, 304, "\"7\"", Method::head},
        {"other tag", {{"If-None-Match", "\"6\""}}, 200},
        {"malformed", {{"If-None-Match", "7"}}, 200},
        {"two fields", {{"If-None-Match", "\"5\""}, {"If-None-Match", "\"7\""}}, 304},
        {"date", {{"If-Modified-Since", changed_at}}, 304},
        {"older date", {{"If-Modified-Since", before}}, 200},
        {"malformed date", {{"If-Modified-Since", "yesterday"}}, 200},
        {"tag beats date", {{"If-None-Match", "\"6\""}, {"If-Modified-Since", changed_at}}, 200},
        {"If-Match holds", {{"If-Match", "\"7-gzip\""}}, 200},
        {"If-Match fails", {{"If-Match", "\"6\""}}, 412, ""},
        {"If-Match weak", {{"If-Match", "W/\"7\""}}, 412, ""},
        {"If-Match before If-None-Match", {{"If-Match", "\"6\""}, {"If-None-Match", "\"7\""}}, 412, ""},
        {"unmodified since", {{"If-Unmodified-Since", changed_at}}, 200},
        {"modified since", {{"If-Unmodified-Since", before}}, 412, ""},
        {"If-Match beats If-Unmodified-Since", {{"If-Match", "\"7\""}, {"If-Unmodified-Since", before}}, 200},
        {"not for POST", {{"If-None-Match", "\"7\""}}, 200, "\"7\"", Method::post},
    };
    for (const auto& test : cases) {
        ChainForTest chain;
        const auto reply = chain.run(
            {conditional_get()},
            Replies{.headers = {{"ETag", "\"7\""}, {"Last-Modified", changed_at}, {"Cache-Control", "no-cache"}}},
            {.method = test.method, .headers = test.headers});
        EXPECT_EQ(reply.status, test.status) << test.name;
        EXPECT_EQ(reply.header("ETag").value_or(""), test.etag) << test.name;
        if (test.status != 304) continue;
        EXPECT_TRUE(reply.body.empty()) << test.name;
        EXPECT_FALSE(reply.header("Content-Type")) << test.name;
        EXPECT_EQ(reply.header("Cache-Control"), "no-cache") << test.name;
    }
}

// The version is what a change is based on; what somebody else saw of it is another representation.
TEST(ConditionalGet, ReadersPartsAreComparedByIfNoneMatchAlone) {
    const std::vector<GetCase> cases{
        {"same", {{"If-None-Match", "\"7.k3f9qa\""}}, 304, "\"7.k3f9qa\""},
        {"of a coding", {{"If-None-Match", "\"7.k3f9qa-br\""}}, 304, "\"7.k3f9qa-br\""},
        {"weak", {{"If-None-Match", "W/\"7.k3f9qa\""}}, 304, "W/\"7.k3f9qa\""},
        {"one of several", {{"If-None-Match", "\"7.aaaaaa\", \"7.k3f9qa\""}}, 304, "\"7.k3f9qa\""},
        {"another reader's", {{"If-None-Match", "\"7.aaaaaa\""}}, 200, "\"7.k3f9qa\""},
        {"another reader's coding", {{"If-None-Match", "\"7.aaaaaa-br\""}}, 200, "\"7.k3f9qa\""},
        {"the version alone", {{"If-None-Match", "\"7\""}}, 200, "\"7.k3f9qa\""},
        {"another version", {{"If-None-Match", "\"8.k3f9qa\""}}, 200, "\"7.k3f9qa\""},
        {"any", {{"If-None-Match", "*"}}, 304, "\"7.k3f9qa\""},
        {"If-Match of a version", {{"If-Match", "\"7\""}}, 200, "\"7.k3f9qa\""},
        {"If-Match of another reader", {{"If-Match", "\"7.aaaaaa-zstd\""}}, 200, "\"7.k3f9qa\""},
        {"If-Match of another version", {{"If-Match", "\"8.k3f9qa\""}}, 412, ""},
        {"If-Match of a weak tag", {{"If-Match", "W/\"7.k3f9qa\""}}, 412, ""},
    };
    for (const auto& test : cases) {
        ChainForTest chain;
        const auto reply = chain.run({conditional_get()}, Replies{.headers = {{"ETag", "\"7.k3f9qa\""}}},
                                     {.method = test.method, .headers = test.headers});
        EXPECT_EQ(reply.status, test.status) << test.name;
        EXPECT_EQ(reply.header("ETag").value_or(""), test.etag) << test.name;
    }
}

TEST(TagKey, TellsTenantsBodiesAndSecretsApart) {
    const auto tenant = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    const auto other = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a02");
    TagKey key("0123456789abcdef0123456789abcdef");
    const auto part = key.part(tenant, R"({"name":"Sugar"})");
    EXPECT_EQ(part.size(), 6U);
    EXPECT_EQ(part.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
    EXPECT_EQ(TagKey("0123456789abcdef0123456789abcdef").part(tenant, R"({"name":"Sugar"})"), part);
    EXPECT_NE(key.part(other, R"({"name":"Sugar"})"), part);
    EXPECT_NE(key.part(tenant, R"({"name":"Sugar","cost":1})"), part);
    EXPECT_NE(TagKey("another secret").part(tenant, R"({"name":"Sugar"})"), part);
    EXPECT_EQ(etag_for(7, part), "\"7." + part + "\"");
    EXPECT_EQ(version_of("\"7." + part + "-br\""), 7);
    EXPECT_FALSE(version_of("\"a-7\""));
}

TEST(NoStore, IsSaidBeforeTheHandlerDecides) {
    ChainForTest chain;
    EXPECT_EQ(chain.run({no_store()}, Replies{}).header("Cache-Control"), "no-store");
}

TEST(ConditionalGet, LeavesOtherRepliesAlone) {
    ChainForTest chain;
    EXPECT_EQ(chain
                  .run({conditional_get()}, Replies{.headers = {{"ETag", "\"7\""}}, .status = 404},
                       {.headers = {{"If-None-Match", "\"7\""}}})
                  .status,
              404);
    EXPECT_EQ(
        chain.run({conditional_get()}, Replies{}, {.headers = {{"If-None-Match", "*"}, {"If-Match", "*"}}}).status,
        200);
}

}  // namespace
}  // namespace http
