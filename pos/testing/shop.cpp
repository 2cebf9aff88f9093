#include "pos/testing/shop.h"

#include "pos/testing/scripted_provider.h"

namespace pos::testing {

::testing::TestApp* ShopTest::app = nullptr;
std::string ShopTest::owner;
std::string ShopTest::other;
std::string ShopTest::viewer;

std::map<std::string, std::string, std::less<>> ShopTest::check(const std::vector<Case>& cases) {
    std::map<std::string, std::string, std::less<>> ids{{"location", location()}};
    for (const auto& one : cases) {
        auto headers = one.headers;
        const auto method = http::method_from(one.method);
        const bool names_version = method == http::Method::patch || method == http::Method::del;
        if (names_version && headers.empty()) headers = {{"If-Match", "*"}};
        const auto reply = send(method, filled(one.path, ids), filled(one.body, ids), std::string(one.who), headers);
        SCOPED_TRACE(fmt::format("{} {}, \"{}\" by {}: {} {}", one.method, one.path, one.name, name_of(one.who),
                                 reply.status, reply.body));
        EXPECT_EQ(reply.status, one.status);
        EXPECT_TRUE(reply.body.contains(filled(one.contains, ids))) << "without " << one.contains;
        const auto id = reply.body.find(R"("id":")");
        if (!one.keep.empty() && id != std::string::npos) ids[std::string(one.keep)] = reply.body.substr(id + 6, 36);
    }
    return ids;
}

void ShopTest::SetUpTestSuite() {
    app = new ::testing::TestApp(definition());
    ScriptedProvider::install(app->host());  // nobody is called
    ScriptedProvider::install(app->host(), "stripe");
    owner = sign_up("owner@duka.example");
    other = sign_up("owner@elsewhere.example");
    viewer = member("viewer@duka.example", "viewer");
}

void ShopTest::TearDownTestSuite() {
    delete app;
    app = nullptr;
}

InjectedResponse ShopTest::send(http::Method method, std::string target, std::string json, const std::string& token,
                                Headers headers) {
    return app->send(method, std::move(target), std::move(json), {.token = token, .headers = std::move(headers)});
}

InjectedResponse ShopTest::get(std::string target, const std::string& token) {
    return send(http::Method::get, std::move(target), {}, token);
}

InjectedResponse ShopTest::post(std::string target, std::string json, const std::string& token, Headers headers) {
    return send(http::Method::post, std::move(target), std::move(json), token, std::move(headers));
}

InjectedResponse ShopTest::patch(std::string target, std::string json, std::int32_t version, const std::string& token) {
    return send(http::Method::patch, std::move(target), std::move(json), token, if_match(version));
}

InjectedResponse ShopTest::del(std::string target, std::int32_t version, const std::string& token) {
    return send(http::Method::del, std::move(target), {}, token, if_match(version));
}

Headers ShopTest::if_match(std::int32_t version) { return {{"If-Match", fmt::format("\"{}\"", version)}}; }

std::int64_t ShopTest::version_in(const InjectedResponse& reply) {
    const auto tag = reply.header("ETag");
    return tag ? http::version_of(*tag).value_or(0) : 0;
}

std::string ShopTest::location() { return text(body<db::Page<Location>>(get("/v1/locations")).data.at(0).id); }
std::string ShopTest::feed(std::string_view collection, const std::string& id) {
    return app->database()
        .value(fmt::format("select seq || ' ' || op from change_pointers where collection = '{}' and row_id = '{}'",
                           collection, id))
        .value_or("");
}

std::string ShopTest::sign_up(const std::string& address) {
    const auto json = fmt::format(
        R"({{"tenant":{{"name":"Duka la Amani"}},"owner":{{"name":"Amina","email":"{}","password":"{}"}}}})", address,
        password);
    return *made<SignedIn>(post("/v1/tenants", json, "", {{"Idempotency-Key", address}})).credentials.access_token;
}

std::string ShopTest::member(const std::string& address, std::string_view built_in) {
    std::string role;
    for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
        if (one.built_in == built_in) role = text(one.id);
    }
    const auto json = fmt::format(R"({{"name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                                  address, password, role);
    EXPECT_EQ(post("/v1/users", json, owner, {{"Idempotency-Key", address}}).status, 201);
    return log_in(address);
}

std::string ShopTest::log_in(const std::string& address, const std::string& more) {
    const auto reply =
        post("/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"{}}})", address, password, more), "");
    return body<SignedIn>(reply).credentials.access_token.value();
}

std::string ShopTest::filled(std::string_view text, const std::map<std::string, std::string, std::less<>>& ids) {
    std::string result(text);
    for (const auto& [name, id] : ids) {
        const auto mark = "{" + name + "}";
        for (auto at = result.find(mark); at != std::string::npos; at = result.find(mark, at + id.size()))
            result.replace(at, mark.size(), id);
    }
    return result;
}

std::string_view ShopTest::name_of(std::string_view token) {
    if (token.empty()) return "nobody";
    if (token == owner) return "the owner";
    if (token == viewer) return "the viewer";
    return token == other ? "another shop's owner" : "somebody else";
}

}  // namespace pos::testing
