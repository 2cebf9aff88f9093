// What holds for every route of the program, by what a test of its module says of it (pos/testing/walls.h): every built-in role,
// held everywhere and at one shop, may do what the rules say; and another tenant's rows are not there. A route or an
// id that no module has said anything of fails.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "pos/testing/samples.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;

// What asks for no caller.
constexpr std::string_view open_routes[] = {"POST /v1/auth/email/confirm",
                                            "POST /v1/auth/email/verify",
                                            "POST /v1/auth/login",
                                            "POST /v1/auth/password/forgot",
                                            "POST /v1/auth/password/reset",
                                            "POST /v1/auth/refresh",
                                            "POST /v1/auth/totp/login",
                                            "POST /v1/callbacks/flutterwave/{token}/events",
                                            "POST /v1/callbacks/mail/mailgun",
                                            "POST /v1/callbacks/m/{token}/balance",
                                            "POST /v1/callbacks/m/{token}/result/{payout}",
                                            "POST /v1/callbacks/m/{token}/status/{payout}",
                                            "POST /v1/callbacks/m/{token}/timeout/{payout}",
                                            "POST /v1/callbacks/paystack/{token}/events",
                                            "POST /v1/callbacks/pesapal/{token}/ipn",
                                            "POST /v1/callbacks/m/{token}/confirm",
                                            "POST /v1/callbacks/m/{token}/stk",
                                            "POST /v1/callbacks/m/{token}/stk/{attempt}",
                                            "POST /v1/callbacks/m/{token}/timeout",
                                            "POST /v1/callbacks/m/{token}/validate",
                                            "POST /v1/callbacks/mail/sendgrid",
                                            "GET /v1/callbacks/sms/{account}",
                                            "POST /v1/callbacks/s/{token}/events",
                                            "POST /v1/callbacks/sms/{account}",
                                            "POST /v1/callbacks/sms/{account}/{token}",
                                            "GET /v1/files/{tenantId}/{imageId}/{file}",
                                            "POST /v1/invites/accept",
                                            "GET /v1/storage/{key...}",
                                            "PUT /v1/storage/{key...}",
                                            "POST /v1/tenants",
                                            "GET /v1/ws"};
// What speaks a protocol of its own, whose headers are missing here: modules/uploads/tus_db_test.cpp asks as every role and
// as another tenant.
constexpr std::string_view routes_of_protocols[] = {"OPTIONS /v1/uploads/tus",    "OPTIONS /v1/uploads/tus/{id}",
                                                    "POST /v1/uploads/tus",       "GET /v1/uploads/tus/{id}",
                                                    "PATCH /v1/uploads/tus/{id}", "POST /v1/uploads/tus/{id}",
                                                    "DELETE /v1/uploads/tus/{id}"};

constexpr std::pair<char, std::string_view> letters[] = {{'o', "owner"},   {'a', "admin"},       {'m', "manager"},
                                                         {'c', "cashier"}, {'s', "stock_clerk"}, {'t', "accountant"},
                                                         {'v', "viewer"}};

class MatrixTest : public SampledTest {
protected:
    static void SetUpTestSuite() {
        SampledTest::SetUpTestSuite();
        // Before the roles use up what a shop may have of each.
        make_all();
        elsewhere = text(made<Location>(post("/v1/locations", R"({"code":"OTHER","name":"Other"})")).id);
        for (const auto& [letter, role] : letters) {
            tokens[std::string(role) + "/everywhere"] = member_at(role, "");
            tokens[std::string(role) + "/here"] = member_at(role, here);
            tokens[std::string(role) + "/elsewhere"] = member_at(role, elsewhere);
        }
    }

    static std::string member_at(std::string_view role, const std::string& at) {
        const auto address = fmt::format("{}-{}@duka.example", role,
                                         at.empty()        ? "all"
                                         : at == here      ? "here"
                                         : at == elsewhere ? "there"
                                                           : "gone");
        const auto json =
            fmt::format(R"({{"name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}"{}}}]}})", address,
                        password, roles[std::string(role)], at.empty() ? "" : fmt::format(R"(,"locationId":"{}")", at));
        EXPECT_EQ(post("/v1/users", json, owner, {{"Idempotency-Key", address}}).status, 201);
        return log_in(address);
    }
    // If-Match of a version that no row has: what may be asked ends in 412, and nothing is changed.
    static InjectedResponse ask(const RouteRule& rule, const std::string& token) {
        return ask(rule, token, "\"999\"", filled(rule.query));
    }
    static InjectedResponse ask(const RouteRule& rule, const std::string& token, std::string_view version,
                                const std::string& query) {
        const auto space = rule.route.find(' ');
        const auto method = http::method_from(rule.route.substr(0, space));
        Headers headers{{"If-Match", std::string(version)}};
        if (method == http::Method::post && rule.body != "@sale")
            headers.emplace_back("Idempotency-Key", fmt::format("matrix-{}", ++number));
        return send(method, with_ids(rule.route.substr(space + 1)) + query, filled(rule.body), token, headers);
    }
    // 404: what is elsewhere is not there.
    static bool is_refused(const InjectedResponse& reply, bool elsewhere_hides) {
        return reply.status == 403 || (elsewhere_hides && reply.status == 404);
    }
    static void check_roles(const RouteRule& rule, std::string_view place, std::string_view allowed) {
        const bool hides =
            place == "elsewhere" && rule.elsewhere != everyone && !rule.route.contains("variants/lookup");
        for (const auto& [letter, role] : letters) {
            const auto reply = ask(rule, tokens.at(fmt::format("{}/{}", role, place)));
            const bool may = allowed.contains(letter);
            EXPECT_EQ(!is_refused(reply, hides && !may), may)
                << rule.route << " by a " << role << " " << place << ": " << reply.status << ' ' << reply.body;
            EXPECT_NE(reply.status, 401) << rule.route;
            EXPECT_LT(reply.status, 500) << rule.route << reply.body;
        }
    }

    static inline std::string elsewhere;
    static inline std::map<std::string, std::string> tokens;
};

TEST_F(MatrixTest, EveryRouteHasItsRule) {
    std::set<std::string> known;
    for (const auto& rule : all_rules())
        EXPECT_TRUE(known.emplace(rule.route).second) << rule.route << " is listed twice";
    for (const auto& route : app->app().router.routes()) {
        if (!route.pattern.starts_with("/v1/")) continue;
        const auto name = fmt::format("{} {}", http::to_string(route.method), route.pattern);
        if (std::ranges::find(open_routes, name) != std::end(open_routes)) continue;
        if (std::ranges::find(routes_of_protocols, name) != std::end(routes_of_protocols)) continue;
        EXPECT_EQ(known.erase(name), 1U) << "say in a test of its module who may ask: {\"" << name
                                         << "\", …} among the rules of its Walls (pos/testing/walls.h)";
    }
    EXPECT_TRUE(known.empty()) << *known.begin() << " is no route";
}

// Whose sample is an id, and no row that could be shown.
bool is_of_no_row(const RouteRule& rule) {
    bool found = false;
    Walls::each([&](const Walls& walls) {
        for (const auto& row : walls.rows)
            found |= rule.route.contains(row.parameter) && base::Uuid::from_string(row.path).has_value();
    });
    return found;
}

// Another tenant's rows are not there, whatever is asked of them, and stay what they are.
TEST_F(MatrixTest, AnotherTenantsIdsAreNotFound) {
    std::size_t asked = 0;
    for (const auto& rule : all_rules()) {
        if (!rule.route.contains('{')) continue;
        ++asked;
        const auto reply = ask(rule, other, "*", "");
        EXPECT_EQ(reply.status, 404) << rule.route << ": " << reply.body;
    }
    EXPECT_GT(asked, 15U);
    for (const auto& rule : all_rules()) {
        if (!rule.route.starts_with("GET ") || !rule.route.contains('{') || is_of_no_row(rule)) continue;
        const auto reply = ask(rule, owner, "*", filled(rule.query));
        EXPECT_EQ(reply.status, 200) << rule.route << ": " << reply.body;
    }
}

TEST_F(MatrixTest, RolesEverywhere) {
    for (const auto& rule : all_rules()) check_roles(rule, "everywhere", rule.everywhere);
}
TEST_F(MatrixTest, RolesOfTheShop) {
    for (const auto& rule : all_rules()) check_roles(rule, "here", rule.here);
}
TEST_F(MatrixTest, RolesOfAnotherShop) {
    for (const auto& rule : all_rules()) check_roles(rule, "elsewhere", rule.elsewhere);
}

TEST_F(MatrixTest, ListsShowTheShopsOwn) {
    const auto& manager = tokens.at("manager/elsewhere");
    for (const std::string list : {"/v1/devices", "/v1/locations"})
        EXPECT_THAT(get(list, manager).body, Not(HasSubstr(here)));
    for (const std::string list :
         {"/v1/sales", "/v1/stock-levels", "/v1/stock-movements", "/v1/reports/sales-summary"}) {
        EXPECT_EQ(get(list, manager).status, 403) << list;
        EXPECT_EQ(get(list + "?locationId=" + elsewhere, manager).status, 200) << list;
    }
    // A cursor is good for the list that it was cut from, whoever brings it.
    EXPECT_FALSE(id_of("/v1/devices/{id}").empty());
    std::ignore = made<Device>(post("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Till 2"}})", here)));
    const auto page = body<db::Page<Device>>(get("/v1/devices?limit=1"));
    ASSERT_TRUE(page.next_cursor);
    EXPECT_EQ(get("/v1/devices?limit=1&cursor=" + *page.next_cursor, manager).status, 422);
}

// Goods have left: what a deleted shop's tills sold is kept. Nothing else is done by roles there, and none is given.
TEST_F(MatrixTest, RolesAtADeletedShopCountForLateSalesAlone) {
    const auto gone = text(made<Location>(post("/v1/locations", R"({"code":"GONE","name":"Gone"})")).id);
    const auto manager = member_at("manager", gone);
    const auto accountant = member_at("accountant", gone);
    ASSERT_EQ(get("/v1/users", accountant).status, 200);
    ASSERT_EQ(del("/v1/locations/" + gone, 1).status, 204);

    EXPECT_EQ(post("/v1/products", R"({"name":"P"})", manager).status, 403);
    EXPECT_EQ(patch("/v1/variants/" + id_of("/v1/variants/{id}"), R"({"price":1})", 1, manager).status, 403);
    EXPECT_EQ(get("/v1/variants", manager).status, 403);
    EXPECT_EQ(get("/v1/users", accountant).status, 403);
    const auto me = body<Me>(get("/v1/auth/me", manager));
    ASSERT_EQ(me.location_permissions.size(), 1U);
    EXPECT_THAT(me.location_permissions.front().permissions, ::testing::ElementsAre("sales.create"));
    const auto late = replace(sale_json(), here, gone);
    EXPECT_EQ(post("/v1/sales", late, accountant).status, 403);
    EXPECT_EQ(post("/v1/sales", late, manager).status, 201);
    EXPECT_EQ(post("/v1/sales", sale_json(), manager).status, 403) << "at another shop";

    const auto role_at = [](std::string_view role, const std::string& at) {
        return fmt::format(R"({{"roleId":"{}","locationId":"{}"}})", roles[std::string(role)], at);
    };
    const auto add = [](const std::string& rest) {
        const auto json =
            fmt::format(R"({{"name":"N","email":"n{}@duka.example","password":"{}",{}}})", ++number, password, rest);
        return post("/v1/users", json, owner, {{"Idempotency-Key", fmt::format("gone-{}", number)}});
    };
    EXPECT_THAT(add(fmt::format(R"("roles":[{}])", role_at("cashier", gone))).body, HasSubstr("location.unknown"));
    const auto by_default =
        add(fmt::format(R"("roles":[{}],"defaultLocationId":"{}")", role_at("cashier", here), gone));
    EXPECT_EQ(by_default.status, 422);
    EXPECT_THAT(by_default.body, HasSubstr("/defaultLocationId"));
    // What somebody has there may stay when the rest is changed.
    const auto path = "/v1/users/" + text(me.user.id);
    const auto kept = fmt::format(R"({{"roles":[{},{}]}})", role_at("manager", gone), role_at("cashier", here));
    EXPECT_EQ(patch(path, kept, 1).status, 200);
    EXPECT_THAT(patch(path, fmt::format(R"({{"roles":[{}]}})", role_at("viewer", gone)), 2).body,
                HasSubstr("location.unknown"));
    EXPECT_THAT(patch(path, fmt::format(R"({{"defaultLocationId":"{}"}})", gone), 2).body,
                HasSubstr("location.unknown"));
    EXPECT_EQ(patch(path, fmt::format(R"({{"roles":[{}]}})", role_at("cashier", here)), 2).status, 200);
}

// Whoever may give roles at one shop makes nobody more than that.
TEST_F(MatrixTest, RolesAreGivenWithinOnesOwn) {
    const auto give = [](const std::string& token, std::string_view role, const std::string& at) {
        return post("/v1/users",
                    fmt::format(
                        R"({{"name":"N","email":"g{}@duka.example","password":"{}","roles":[{{"roleId":"{}"{}}}]}})",
                        ++number, password, roles[std::string(role)],
                        at.empty() ? "" : fmt::format(R"(,"locationId":"{}")", at)),
                    token, {{"Idempotency-Key", fmt::format("give-{}", number)}})
            .status;
    };
    const auto& admin = tokens.at("admin/here");
    EXPECT_EQ(give(admin, "cashier", ""), 403);
    EXPECT_EQ(give(admin, "cashier", elsewhere), 403);
    EXPECT_EQ(give(admin, "admin", here), 201);
    EXPECT_EQ(give(admin, "owner", here), 403);
    const auto& manager = tokens.at("manager/everywhere");
    EXPECT_EQ(give(manager, "cashier", ""), 201);
    EXPECT_EQ(give(manager, "stock_clerk", here), 201);
    for (const std::string_view role : {"manager", "viewer", "accountant", "admin", "owner"})
        EXPECT_EQ(give(manager, role, here), 403) << role;
}

}  // namespace
