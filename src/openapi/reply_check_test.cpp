#include "openapi/reply_check.h"

#include <gmock/gmock.h>

#include "http/handler.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace openapi {
namespace {

using testing::HasSubstr;

constexpr auto taken = base::conflict("item.taken", "Another item has this name");

struct Item {
    std::string name = "Sugar";

    friend constexpr auto describe(Item*) { return schema::object<Item>("Item", schema::field<&Item::name>("name")); }
};

async::Task<Item> show() { co_return Item{}; }
async::Task<Item> refuse() {
    throw base::Failure(taken);
    co_return Item{};
}
async::Task<http::JsonBytes<Item, 201, 200>> found() {
    co_return http::JsonBytes<Item, 201, 200>{R"({"name":"Salt"})", 200, {}};
}
async::Task<http::JsonBytes<Item, 201>> created_or_not() {
    co_return http::JsonBytes<Item, 201>{R"({"name":"Salt"})", 200, {}};
}
async::Task<Item> fail() {
    throw std::logic_error("a fault of ours");
    co_return Item{};
}
async::Task<Item> add(http::Body<Item> item) { co_return *item; }
async::Task<Item> refuse_with_a_row() {
    const std::string row = std::string(32, '[') + '"' + std::string(2U << 20U, 'a') + '"' + std::string(32, ']');
    throw base::Failure(taken).member("current", row);
    co_return Item{};
}
async::Task<void> raw(http::Context& context) {
    context.response().status(503).body("no");
    co_return;
}

class ReplyCheckTest : public testing::Test {
protected:
    ReplyCheckTest() {
        http::Routes routes(router.group(""), "items");
        routes.get("/show", show);
        routes.get("/refused", refuse, {.errors = {taken}});
        routes.get("/refused-in-silence", refuse);
        routes.post("/items", add);
        routes.get("/refused-with-a-row", refuse_with_a_row, {.errors = {taken}});
        routes.get("/found", found);
        routes.get("/created-or-not", created_or_not);
        routes.get("/fails", fail);
        routes.get("/raw", raw);
    }
    http::InjectedResponse get(std::string target) {
        return chain.run({reply_check(), http::problems()}, router.handler(), {.target = std::move(target)});
    }

    http::InjectedResponse post(std::string body, std::string media_type = "application/json") {
        return chain.run({reply_check(), http::problems()}, router.handler(),
                         {.method = http::Method::post,
                          .target = "/items",
                          .headers = {{"Content-Type", std::move(media_type)}},
                          .body = std::move(body)});
    }

    http::ChainForTest chain;
    http::Router router;
};

TEST_F(ReplyCheckTest, WhatTheDocumentHasPasses) {
    EXPECT_EQ(get("/show").status, 200);
    EXPECT_EQ(get("/show?nmae=x").status, 422);
    EXPECT_EQ(get("/refused").status, 409);
    EXPECT_EQ(get("/found").status, 200);
    EXPECT_EQ(get("/fails").status, 500);
    EXPECT_EQ(get("/raw").status, 503);
    EXPECT_EQ(get("/nowhere").status, 404);
}

TEST_F(ReplyCheckTest, WhatASenderWroteIsNoFaultOfTheReply) {
    const std::string long_name(10'001, 'a');
    EXPECT_EQ(post(R"({"name":"Salt"})").status, 200);
    const auto unknown = post(R"({"name":"Salt",")" + long_name + R"(":1})");
    EXPECT_EQ(unknown.status, 422) << unknown.body;
    EXPECT_LT(unknown.body.size(), 3'000U);
    EXPECT_EQ(post(R"({"name":"Salt","\u0000":1})").status, 422);
    EXPECT_EQ(post(R"({")" + long_name + R"(":1,")" + long_name + R"(":2})").status, 400);
    EXPECT_EQ(post("{}", "text/" + long_name).status, 415);
}

TEST_F(ReplyCheckTest, AProblemMayHoldARow) {
    const auto reply = get("/refused-with-a-row");
    EXPECT_EQ(reply.status, 409) << reply.body.substr(0, 1'000);
}

TEST_F(ReplyCheckTest, ACodeThatTheRouteDoesNotDescribeIsAFault) {
    const auto reply = get("/refused-in-silence");
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(reply.body, HasSubstr("GET /refused-in-silence answers item.taken (409)"));
    EXPECT_TRUE(chain.log_contains("a reply that the document lacks"));
}

TEST_F(ReplyCheckTest, AStatusThatTheResultDoesNotDescribeIsAFault) {
    const auto reply = get("/created-or-not");
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(reply.body, HasSubstr("GET /created-or-not answers 200"));
}

}  // namespace
}  // namespace openapi
