#pragma once
// Fixture of the tests of people: the whole service with a clock of the test's own.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/users/members.h"
#include "pos/service.h"
#include "testing/app/test_app.h"

namespace pos::people_test {

using namespace std::chrono_literals;
using http::InjectedResponse;
using testing::HasSubstr;
using testing::Not;
using testing::TestApp;

constexpr std::string_view password = "kahawa-ya-asubuhi";

struct From {
    std::string address = "127.0.0.1";
    std::vector<std::pair<std::string, std::string>> headers = {};
};

class PeopleTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        clock = new base::FakeClock(std::chrono::floor<std::chrono::seconds>(base::system_clock().now()));
        auto definition = pos::definition();
        definition.clock = clock;
        app = new TestApp(std::move(definition));
    }
    static void TearDownTestSuite() {
        delete app;
        delete clock;
    }

    static http::InjectedRequest request(std::string target, std::string json, From from = {}) {
        from.headers.emplace_back("Content-Type", "application/json");
        return {.method = http::Method::post,
                .target = std::move(target),
                .headers = std::move(from.headers),
                .body = std::move(json),
                .remote_address = std::move(from.address)};
    }
    static InjectedResponse post(std::string target, std::string json, From from = {}) {
        return app->run(app->host().inject(request(std::move(target), std::move(json), std::move(from))));
    }
    template <class T>
    static T body(const InjectedResponse& reply) {
        auto value = schema::parse<T>(reply.body);
        if (!value) throw std::runtime_error("not what was expected: " + reply.body);
        return *value;
    }

    // A new e-mail address each time.
    static std::string email() { return fmt::format("person{}@duka.example", ++people); }
    static std::string sign_up_json(const std::string& address, std::string_view secret = password) {
        return fmt::format(
            R"({{"tenant":{{"name":"Duka la Amani"}},"owner":{{"name":"Amina Otieno","email":"{}","password":"{}"}}}})",
            address, secret);
    }
    static pos::SignedIn sign_up(const std::string& address) {
        const auto reply =
            post("/v1/tenants", sign_up_json(address), {.headers = {{"Idempotency-Key", "sign-up-" + address}}});
        EXPECT_EQ(reply.status, 201) << reply.body;
        return body<pos::SignedIn>(reply);
    }
    static std::string login_json(const std::string& address, std::string_view secret = password) {
        return fmt::format(R"({{"email":"{}","password":"{}"}})", address, secret);
    }
    static pos::SignedIn login(const std::string& address, std::string_view secret = password) {
        const auto reply = post("/v1/auth/login", login_json(address, secret));
        EXPECT_EQ(reply.status, 200) << reply.body;
        return body<pos::SignedIn>(reply);
    }
    static InjectedResponse refresh(const std::string& token, std::string_view more = "", From from = {}) {
        return post("/v1/auth/refresh", fmt::format(R"({{"refreshToken":"{}"{}}})", token, more), std::move(from));
    }
    static int me(const pos::SignedIn& session) {
        return app->get("/v1/auth/me", {.token = *session.credentials.access_token}).status;
    }
    // The announcement arrives in some turn of the loop.
    static void expect_ended(const pos::SignedIn& session) {
        for (int i = 0; i < 500 && me(session) != 401; ++i) app->run(async::sleep(&app->host().loop(), 5ms));
        EXPECT_EQ(me(session), 401);
    }
    static std::string role(const pos::SignedIn& owner, std::string_view built_in) {
        const auto list = body<pos::RoleList>(app->get("/v1/roles", {.token = *owner.credentials.access_token}));
        for (const auto& one : list.data) {
            if (one.built_in == built_in) return one.id.to_string();
        }
        throw std::runtime_error("no such role");
    }
    static InjectedResponse add_member(const pos::SignedIn& by, const std::string& address, const std::string& role_id,
                                       std::vector<std::pair<std::string, std::string>> headers = {}) {
        const auto json = fmt::format(R"({{"name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                                      address, password, role_id);
        if (headers.empty()) headers = {{"Idempotency-Key", fmt::format("added-{}", ++keys)}};
        return app->post("/v1/users", json, {.token = *by.credentials.access_token, .headers = std::move(headers)});
    }
    static InjectedResponse change_member(const pos::SignedIn& by, const pos::Member& member, const std::string& json) {
        return app->patch(
            "/v1/users/" + member.id.to_string(), json,
            {.token = *by.credentials.access_token, .headers = {{"If-Match", fmt::format("\"{}\"", member.version)}}});
    }

    static inline base::FakeClock* clock = nullptr;
    static inline TestApp* app = nullptr;
    static inline int people = 0;
    static inline int keys = 0;
};

}  // namespace pos::people_test
