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

// One request and what comes of it.
struct Case {
    std::string_view name;
    std::string_view method;
    std::string path;  // {shop} here, in the body and in what it contains: the id that an earlier row kept as `shop`
    std::string body = {};
    std::string who = {};  // a token: owner, viewer, other; none
    int status = 200;
    std::string contains = {};   // in the reply's body
    std::string_view keep = {};  // the reply's id under this name
    Headers headers = {};        // PATCH and DELETE have `If-Match: *` unless these say another version
};

class ShopTest : public ::testing::Test {
protected:
    // Gives the ids that were kept.
    static std::map<std::string, std::string, std::less<>> check(const std::vector<Case>& cases) {
        std::map<std::string, std::string, std::less<>> ids{{"location", location()}};
        for (const auto& one : cases) {
            auto headers = one.headers;
            const auto method = http::method_from(one.method);
            const bool names_version = method == http::Method::patch || method == http::Method::del;
            if (names_version && headers.empty()) headers = {{"If-Match", "*"}};
            const auto reply = send(method, filled(one.path, ids), filled(one.body, ids), one.who, headers);
            SCOPED_TRACE(fmt::format("{} {}, \"{}\" by {}: {} {}", one.method, one.path, one.name, name_of(one.who),
                                     reply.status, reply.body));
            EXPECT_EQ(reply.status, one.status);
            EXPECT_TRUE(reply.body.contains(filled(one.contains, ids))) << "without " << one.contains;
            const auto id = reply.body.find(R"("id":")");
            if (!one.keep.empty() && id != std::string::npos)
                ids[std::string(one.keep)] = reply.body.substr(id + 6, 36);
        }
        return ids;
    }

    static void SetUpTestSuite() {
        app = new ::testing::TestApp(definition());
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        viewer = member("viewer@duka.example", "viewer");
    }
    static void TearDownTestSuite() {
        delete app;
        app = nullptr;
    }

    static InjectedResponse send(http::Method method, std::string target, std::string json, const std::string& token,
                                 Headers headers = {}) {
        return app->send(method, std::move(target), std::move(json), {.token = token, .headers = std::move(headers)});
    }
    static InjectedResponse get(std::string target, const std::string& token = owner) {
        return send(http::Method::get, std::move(target), {}, token);
    }
    static InjectedResponse post(std::string target, std::string json, const std::string& token = owner,
                                 Headers headers = {}) {
        return send(http::Method::post, std::move(target), std::move(json), token, std::move(headers));
    }
    static InjectedResponse patch(std::string target, std::string json, std::int32_t version,
                                  const std::string& token = owner) {
        return send(http::Method::patch, std::move(target), std::move(json), token, if_match(version));
    }
    static InjectedResponse del(std::string target, std::int32_t version, const std::string& token = owner) {
        return send(http::Method::del, std::move(target), {}, token, if_match(version));
    }
    static Headers if_match(std::int32_t version) { return {{"If-Match", fmt::format("\"{}\"", version)}}; }

    // The version in a reply's ETag; 0 without one.
    static std::int64_t version_in(const InjectedResponse& reply) {
        const auto tag = reply.header("ETag");
        return tag ? http::version_of(*tag).value_or(0) : 0;
    }

    // The first shop's first location.
    static std::string location() { return text(body<db::Page<Location>>(get("/v1/locations")).data.at(0).id); }
    // Where the feed stands for a row: its number and kind, "12 u"; "" when it was never recorded.
    static std::string feed(std::string_view collection, const std::string& id) {
        return app->database()
            .value(fmt::format("select seq || ' ' || op from change_pointers where collection = '{}' and row_id = '{}'",
                               collection, id))
            .value_or("");
    }

    static std::string sign_up(const std::string& address) {
        const auto json = fmt::format(
            R"({{"tenant":{{"name":"Duka la Amani"}},"owner":{{"name":"Amina","email":"{}","password":"{}"}}}})",
            address, password);
        return *made<SignedIn>(post("/v1/tenants", json, "", {{"Idempotency-Key", address}})).credentials.access_token;
    }
    static std::string member(const std::string& address, std::string_view built_in) {
        std::string role;
        for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
            if (one.built_in == built_in) role = text(one.id);
        }
        const auto json = fmt::format(R"({{"name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                                      address, password, role);
        EXPECT_EQ(post("/v1/users", json, owner, {{"Idempotency-Key", address}}).status, 201);
        return log_in(address);
    }
    static std::string log_in(const std::string& address, const std::string& more = "") {
        const auto reply =
            post("/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"{}}})", address, password, more), "");
        return body<SignedIn>(reply).credentials.access_token.value();
    }

    static std::string filled(std::string text, const std::map<std::string, std::string, std::less<>>& ids) {
        for (const auto& [name, id] : ids) {
            const auto mark = "{" + name + "}";
            for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + id.size()))
                text.replace(at, mark.size(), id);
        }
        return text;
    }
    static std::string_view name_of(const std::string& token) {
        if (token.empty()) return "nobody";
        if (token == owner) return "the owner";
        if (token == viewer) return "the viewer";
        return token == other ? "another shop's owner" : "somebody else";
    }

    static constexpr std::string_view password = "kahawa-ya-asubuhi";
    static inline ::testing::TestApp* app = nullptr;
    static inline std::string owner;   // of the first shop
    static inline std::string other;   // of the second
    static inline std::string viewer;  // of the first, reads only
};

}  // namespace pos::testing
