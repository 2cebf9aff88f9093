#pragma once
// Fixture of endpoint tests: the whole service on a scratch database, with two shops that know nothing of each other and a
// viewer of the first. One service a suite. One thread.
//
//     class ProductsTest : public pos::testing::ShopTest {};
//     TEST_F(ProductsTest, Adds) {
//         const auto product = made<pos::Product>(post("/v1/products", R"({"name":"Sugar"})"));
//         EXPECT_EQ(get("/v1/products/" + text(product.id), other).status, 404);
//     }
//
// What needs no code between its requests is a table, one request a row, in order; a row that fails says which it is:
//
//     TEST_F(LocationsTest, Endpoints) {
//         check({{"add", "POST", "/v1/locations", R"({"code":"NRB2","name":"Westlands"})", owner, 201, "NRB2", "shop"},
//                {"taken", "POST", "/v1/locations", R"({"code":"NRB2","name":"x"})", owner, 409, "location.code_taken"},
//                {"show", "GET", "/v1/locations/{shop}", "", viewer, 200, "Westlands"},
//                {"not another's", "GET", "/v1/locations/{shop}", "", other, 404}});
//     }

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "http/middleware/conditional.h"
#include "pos/modules/auth/contract.h"
#include "pos/modules/catalogue/model.h"
#include "pos/modules/devices/tables.h"
#include "pos/modules/users/members.h"
#include "pos/service.h"
#include "testing/app/test_app.h"

namespace pos::testing {

using http::InjectedResponse;
using Headers = std::vector<std::pair<std::string, std::string>>;

template <class T>
T body(const InjectedResponse& reply) {
    auto value = schema::parse<T>(reply.body);
    if (!value) throw std::runtime_error(fmt::format("{} is not what was expected: {}", reply.status, reply.body));
    return std::move(*value);
}
template <class T>
T made(const InjectedResponse& reply) {
    EXPECT_EQ(reply.status, 201) << reply.body;
    return body<T>(reply);
}
template <class Id>
std::string text(const Id& id) {
    return id.to_string();
}

// One request and what comes of it. Views: the texts live as long as the call that has the row.
struct Case {
    std::string_view name;
    std::string_view method;
    std::string_view path;  // {shop} here, in the body and in what it contains: the id that a row before kept as `shop`
    std::string_view body = {};
    std::string_view who = {};  // a token: owner, viewer, other; none
    int status = 200;
    std::string_view contains = {};  // in the reply's body
    std::string_view keep = {};      // the reply's id under this name
    Headers headers = {};            // PATCH and DELETE have `If-Match: *` unless these say another version
};

class ShopTest : public ::testing::Test {
protected:
    // Gives the ids that were kept.
    static std::map<std::string, std::string, std::less<>> check(const std::vector<Case>& cases);

    static void SetUpTestSuite();
    static void TearDownTestSuite();

    static InjectedResponse send(http::Method method, std::string target, std::string json, const std::string& token,
                                 Headers headers = {});
    static InjectedResponse get(std::string target, const std::string& token = owner);
    static InjectedResponse post(std::string target, std::string json, const std::string& token = owner,
                                 Headers headers = {});
    static InjectedResponse patch(std::string target, std::string json, std::int32_t version,
                                  const std::string& token = owner);
    static InjectedResponse del(std::string target, std::int32_t version, const std::string& token = owner);
    static Headers if_match(std::int32_t version);

    // The version in a reply's ETag; 0 without one.
    static std::int64_t version_in(const InjectedResponse& reply);

    // The first shop's first location.
    static std::string location();
    // Where the feed stands for a row: its number and kind, "12 u"; "" when it was never recorded.
    static std::string feed(std::string_view collection, const std::string& id);

    static std::string sign_up(const std::string& address);
    static std::string member(const std::string& address, std::string_view built_in);
    static std::string log_in(const std::string& address, const std::string& more = "");

    static std::string filled(std::string_view text, const std::map<std::string, std::string, std::less<>>& ids);
    static std::string_view name_of(std::string_view token);

    static constexpr std::string_view password = "kahawa-ya-asubuhi";
    static ::testing::TestApp* app;
    static std::string owner;   // of the first shop
    static std::string other;   // of the second
    static std::string viewer;  // of the first, reads only
};

}  // namespace pos::testing
