// The table of roles, route by route: every route, asked by every built-in role, held everywhere and at one shop. A
// route that is not in the table fails the test: whoever adds one says who may ask it.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "pos/modules/stock/tables.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;

// Who may: o(wner) a(dmin) m(anager) c(ashier) s(tock clerk) t (accountant) v(iewer). `everywhere`: the role for all shops;
// `here`: for the one that the request is about (or the request is about none); `elsewhere`: for another shop.
// Lists that need no place show less elsewhere, which other tests look at.
struct Rule {
    std::string_view route;
    std::string_view everywhere;
    std::string_view here;
    std::string_view elsewhere;
    std::string_view query = "";
    std::string_view body = "";
};

constexpr std::string_view all = "oamcstv";
constexpr std::string_view nobody = "";
// In bodies and queries: @here the shop, @variant a variant, @role the cashier's, @n a number that is new each time.
constexpr Rule rules[] = {
    // tenant.delete and settings: owner and admin, of the whole tenant
    {"GET /v1/tenant", all, all, all},
    {"PATCH /v1/tenant", "oa", nobody, nobody, "", R"({"name":"Duka"})"},
    // users.invite/role/disable: manager invites cashiers and clerks of the shop
    {"GET /v1/users", "oamt", "oamt", "oamt"},
    {"GET /v1/users/{id}", "oamt", "oamt", "oamt"},
    {"POST /v1/users", "oam", "oam", nobody, "",
     R"({"name":"N","email":"n@n@duka.example","password":"kahawa-ya-asubuhi","roles":[{"roleId":"@role","locationId":"@here"}]})"},
    {"PATCH /v1/users/{id}", "oam", "oam", nobody, "", R"({"defaultLocationId":null})"},
    {"GET /v1/roles", "oam", "oam", "oam"},
    {"GET /v1/devices", "oamc", "oamc", "oamc"},
    {"POST /v1/devices", "oam", "oam", nobody, "", R"({"locationId":"@here","name":"Till @n"})"},
    {"GET /v1/devices/{id}", "oamc", "oamc", nobody},
    {"PATCH /v1/devices/{id}", "oam", "oam", nobody, "", R"({"name":"Till"})"},
    {"POST /v1/devices/{id}/revoke", "oam", "oam", nobody, "", R"({"status":"lost"})"},
    // settings
    {"GET /v1/locations", all, all, all},
    {"POST /v1/locations", "oa", nobody, nobody, "", R"({"code":"L@n","name":"Shop @n"})"},
    {"GET /v1/locations/{id}", all, all, nobody},
    {"PATCH /v1/locations/{id}", "oa", "oa", nobody, "", R"({"name":"Shop"})"},
    {"DELETE /v1/locations/{id}", "oa", nobody, nobody},
    {"GET /v1/tax-classes", all, all, all},
    {"POST /v1/tax-classes", "oa", nobody, nobody, "", R"({"code":"T@n","name":"Tax"})"},
    {"GET /v1/tax-classes/{id}", all, all, all},
    {"PATCH /v1/tax-classes/{id}", "oa", nobody, nobody, "", R"({"name":"Tax"})"},
    {"DELETE /v1/tax-classes/{id}", "oa", nobody, nobody},
    {"GET /v1/tax-classes/{id}/rates", all, all, all},
    {"POST /v1/tax-classes/{id}/rates", "oa", nobody, nobody, "",
     R"({"name":"r","ratePpm":1,"kind":"standard","validFrom":"2090-01-01"})"},
    {"PATCH /v1/tax-classes/{id}/rates/{rateId}", "oa", nobody, nobody, "", R"({"name":"r"})"},
    // products.write / read: one catalogue for all shops, which the manager of one writes too
    {"GET /v1/categories", all, all, all},
    {"POST /v1/categories", "oam", "oam", "oam", "", R"({"name":"C@n"})"},
    {"GET /v1/categories/{id}", all, all, all},
    {"PATCH /v1/categories/{id}", "oam", "oam", "oam", "", R"({"name":"C"})"},
    {"DELETE /v1/categories/{id}", "oam", "oam", "oam"},
    {"GET /v1/products", all, all, all},
    {"POST /v1/products", "oam", "oam", "oam", "", R"({"name":"P@n"})"},
    {"POST /v1/products/batch", "oam", "oam", "oam", "", R"({"items":[]})"},
    {"GET /v1/products/{id}", all, all, all},
    {"PATCH /v1/products/{id}", "oam", "oam", "oam", "", R"({"name":"P"})"},
    {"DELETE /v1/products/{id}", "oam", "oam", "oam"},
    {"GET /v1/variants", all, all, all},
    {"POST /v1/variants", "oam", "oam", "oam", "", R"({"name":"V@n"})"},
    {"GET /v1/variants/lookup", all, all, all, "?barcode=1"},
    {"GET /v1/variants/{id}", all, all, all},
    {"PATCH /v1/variants/{id}", "oam", "oam", "oam", "", R"({"name":"V"})"},
    {"DELETE /v1/variants/{id}", "oam", "oam", "oam"},
    {"POST /v1/variants/{id}/barcodes", "oam", "oam", "oam", "", R"({"barcode":"77@n"})"},
    {"DELETE /v1/variants/{id}/barcodes/{barcodeId}", "oam", "oam", "oam"},
    // stock adjust, count
    {"GET /v1/stock-levels", all, all, nobody, "?locationId=@here"},
    {"GET /v1/stock-movements", all, all, nobody, "?locationId=@here"},
    {"POST /v1/stock-adjustments", "oams", "oams", nobody, "",
     R"({"locationId":"@here","reason":"adjust","lines":[{"variantId":"@variant","quantityDelta":"1"}]})"},
    {"GET /v1/stock-adjustments/{id}", all, all, nobody},
    // sales
    {"POST /v1/sales", "oamc", "oamc", nobody, "", "@sale"},
    {"POST /v1/sales/calculate", "oamc", "oamc", nobody, "", "@sale"},
    {"GET /v1/sales", "oamctv", "oamctv", nobody, "?locationId=@here"},
    {"GET /v1/sales/{id}", "oamctv", "oamctv", nobody},
    {"GET /v1/sales/by-client-request/{id}", "oamctv", "oamctv", nobody},
    // reports
    {"GET /v1/reports/sales-summary", "oamtv", "oamtv", nobody, "?locationId=@here"},
    // everybody's own
    {"POST /v1/auth/logout", all, all, all, "?x=1"},
    {"GET /v1/auth/me", all, all, all},
    {"GET /v1/auth/sessions", all, all, all},
    {"DELETE /v1/auth/sessions/{id}", all, all, all, "?x=1"},
    {"POST /v1/auth/password/change", all, all, all, "?x=1"},
};

// What asks for no caller.
constexpr std::string_view open_routes[] = {"POST /v1/auth/login", "POST /v1/auth/refresh", "POST /v1/tenants"};

constexpr std::pair<char, std::string_view> letters[] = {{'o', "owner"},   {'a', "admin"},       {'m', "manager"},
                                                         {'c', "cashier"}, {'s', "stock_clerk"}, {'t', "accountant"},
                                                         {'v', "viewer"}};

class MatrixTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        ShopTest::SetUpTestSuite();
        here = location();
        elsewhere = text(made<Location>(post("/v1/locations", R"({"code":"OTHER","name":"Other"})")).id);
        for (const auto& role : body<RoleList>(get("/v1/roles")).data)
            roles[role.built_in.value_or("")] = text(role.id);
        for (const auto& [letter, role] : letters) {
            tokens[std::string(role) + "/everywhere"] = member_at(role, "");
            tokens[std::string(role) + "/here"] = member_at(role, here);
            tokens[std::string(role) + "/elsewhere"] = member_at(role, elsewhere);
        }
        make_rows();
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
    static std::string sale_json() {
        return fmt::format(
            R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
            R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":5,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
            R"("taxTotal":0,"total":5,"payments":[{{"method":"cash","amount":5,"tendered":5}}]}})",
            ++number, here);
    }
    static std::string id_in(const InjectedResponse& reply) {
        EXPECT_EQ(reply.status, 201) << reply.body;
        const auto at = reply.body.find(R"("id":")") + 6;
        return reply.body.substr(at, 36);
    }
    // One row of each kind, which belongs to the first shop where it belongs to one.
    static void make_rows() {
        const auto till = id_in(post("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Till"}})", here)));
        const auto member = fmt::format(
            R"({{"name":"C","email":"c@duka.example","password":"{}","roles":[{{"roleId":"{}","locationId":"{}"}}]}})",
            password, roles["cashier"], here);
        const auto classes = get("/v1/tax-classes").body;
        const auto tax_class = classes.substr(classes.find(R"("id":")") + 6, 36);
        const auto rates = get("/v1/tax-classes/" + tax_class + "/rates").body;
        const auto product = post("/v1/products", R"({"name":"Sugar","variants":[{"name":"1 kg","price":100}]})");
        const auto variants = get("/v1/variants").body;
        const auto sale = sale_json();
        const auto recorded = post("/v1/sales", sale);
        const auto variant = variants.substr(variants.find(R"("id":")") + 6, 36);
        const auto adjustment = post(
            "/v1/stock-adjustments",
            fmt::format(
                R"({{"clientRequestId":"0197f0c2-0000-7000-8000-999999999999","locationId":"{}","reason":"adjust","lines":[{{"variantId":"{}","quantityDelta":"1"}}]}})",
                here, variant));
        ids = {{"/v1/users", id_in(post("/v1/users", member, owner, {{"Idempotency-Key", "member"}}))},
               {"/v1/devices", till},
               {"/v1/locations", here},
               {"/v1/tax-classes", tax_class},
               {"rateId", rates.substr(rates.find(R"("id":")") + 6, 36)},
               {"/v1/categories", id_in(post("/v1/categories", R"({"name":"Staples"})"))},
               {"/v1/products", id_in(product)},
               {"/v1/variants", variant},
               {"barcodeId", std::string(nil)},
               {"/v1/stock-adjustments", id_in(adjustment)},
               {"/v1/sales", id_in(recorded)},
               {"/v1/sales/by-client-request", sale.substr(sale.find("0197f0c2"), 36)},
               {"/v1/auth/sessions", std::string(nil)}};
    }

    static std::string replace(std::string text, std::string_view from, std::string_view to) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
        return text;
    }
    static std::string filled(std::string_view pattern) {
        auto text = std::string(pattern);
        if (text == "@sale") return sale_json();
        text = replace(text, "n@n@", fmt::format("n{}@", ++number));
        text =
            replace(replace(replace(text, "@here", here), "@variant", ids["/v1/variants"]), "@role", roles["cashier"]);
        return replace(text, "@n", std::to_string(++number));
    }
    // If-Match of a version that no row has: what may be asked ends in 412, and nothing is changed.
    static InjectedResponse ask(const Rule& rule, const std::string& token) {
        const auto space = rule.route.find(' ');
        auto target = std::string(rule.route.substr(space + 1));
        const auto collection = target.substr(0, target.find("/{"));
        target =
            replace(replace(replace(target, "{id}", ids[collection]), "{rateId}", ids["rateId"]), "{barcodeId}", nil);
        const std::map<std::string_view, http::Method> methods{{"GET", http::Method::get},
                                                               {"POST", http::Method::post},
                                                               {"PATCH", http::Method::patch},
                                                               {"DELETE", http::Method::del}};
        const auto method = methods.at(rule.route.substr(0, space));
        Headers headers{{"If-Match", "\"999\""}};
        if (method == http::Method::post && rule.body != "@sale")
            headers.emplace_back("Idempotency-Key", fmt::format("matrix-{}", ++number));
        return send(method, target + filled(rule.query), filled(rule.body), token, headers);
    }
    // 404: what is elsewhere is not there.
    static bool is_refused(const InjectedResponse& reply, bool elsewhere_hides) {
        return reply.status == 403 || (elsewhere_hides && reply.status == 404);
    }
    static void check(const Rule& rule, std::string_view place, std::string_view allowed) {
        const bool hides = place == "elsewhere" && rule.elsewhere != all && !rule.route.contains("variants/lookup");
        for (const auto& [letter, role] : letters) {
            const auto reply = ask(rule, tokens.at(fmt::format("{}/{}", role, place)));
            const bool may = allowed.contains(letter);
            EXPECT_EQ(!is_refused(reply, hides && !may), may)
                << rule.route << " by a " << role << " " << place << ": " << reply.status << ' ' << reply.body;
            EXPECT_NE(reply.status, 401) << rule.route;
            EXPECT_LT(reply.status, 500) << rule.route << reply.body;
        }
    }

    static constexpr std::string_view nil = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
    static inline int number = 0;
    static inline std::string here;
    static inline std::string elsewhere;
    static inline std::map<std::string, std::string> roles;
    static inline std::map<std::string, std::string> tokens;
    static inline std::map<std::string, std::string, std::less<>> ids;
};

TEST_F(MatrixTest, EveryRouteIsInTheTable) {
    std::set<std::string> known;
    for (const auto& rule : rules) EXPECT_TRUE(known.emplace(rule.route).second) << rule.route << " is listed twice";
    for (const auto& route : app->app().router.routes()) {
        if (!route.pattern.starts_with("/v1/")) continue;
        const auto name = fmt::format("{} {}", http::to_string(route.method), route.pattern);
        if (std::ranges::find(open_routes, name) != std::end(open_routes)) continue;
        EXPECT_EQ(known.erase(name), 1U) << "add to the table who may ask: " << name;
    }
    EXPECT_TRUE(known.empty()) << *known.begin() << " is no route";
}

TEST_F(MatrixTest, RolesEverywhere) {
    for (const auto& rule : rules) check(rule, "everywhere", rule.everywhere);
}
TEST_F(MatrixTest, RolesOfTheShop) {
    for (const auto& rule : rules) check(rule, "here", rule.here);
}
TEST_F(MatrixTest, RolesOfAnotherShop) {
    for (const auto& rule : rules) check(rule, "elsewhere", rule.elsewhere);
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
    EXPECT_EQ(patch("/v1/variants/" + ids["/v1/variants"], R"({"price":1})", 1, manager).status, 403);
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
