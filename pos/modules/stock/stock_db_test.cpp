// Stock routes on the whole service: the ledger and the levels must agree whatever is sent how often.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "pos/modules/stock/adjustment.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class StockTest : public ShopTest {
protected:
    static std::string variant(std::string_view name) {
        const auto json = fmt::format(R"({{"name":"{0}","variants":[{{"name":"{0}","price":100}}]}})", name);
        return text(made<ProductDetails>(post("/v1/products", json)).variants->at(0).variant.id);
    }
    // Ids that differ in their last digits.
    static std::string request_id(int number) { return fmt::format("0197f0c2-0000-7000-8000-{:012}", number); }
    static std::string adjustment(int number, std::string_view reason, std::string_view lines) {
        return fmt::format(R"({{"clientRequestId":"{}","locationId":"{}","reason":"{}","lines":[{}]}})",
                           request_id(number), location(), reason, lines);
    }
    static std::string line(const std::string& of, std::string_view amount) {
        return fmt::format(R"({{"variantId":"{}","quantityDelta":"{}"}})", of, amount);
    }
    static StockLevel level(const std::string& of) {
        const auto page =
            body<db::Page<StockLevel>>(get("/v1/stock-levels?locationId=" + location() + "&variantId=" + of));
        if (page.data.size() != 1) throw std::runtime_error("no such level");
        return page.data[0];
    }
};

TEST_F(StockTest, MovesOnceWhateverIsSentHowOften) {
    const auto sugar = variant("Sugar");
    const auto json = adjustment(1, "opening", line(sugar, "10.5"));
    const auto first = post("/v1/stock-adjustments", json);
    ASSERT_EQ(first.status, 201) << first.body;
    const auto again = post("/v1/stock-adjustments", json);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
    EXPECT_EQ(level(sugar).on_hand.to_string(), "10.5");
    EXPECT_THAT(post("/v1/stock-adjustments", adjustment(1, "opening", line(sugar, "11"))).body,
                HasSubstr("idempotency.key_reused"));
    EXPECT_EQ(get("/v1/stock-adjustments/" + request_id(1)).body, first.body);

    // The key's row may go after its days; the ledger still refuses.
    app->database().execute("delete from idempotency_keys where key = '" + request_id(1) + "'");
    const auto late = post("/v1/stock-adjustments", json);
    EXPECT_EQ(late.status, 200);
    EXPECT_EQ(late.body, first.body);
    EXPECT_EQ(late.header("Idempotent-Replayed"), "resource");
    EXPECT_THAT(post("/v1/stock-adjustments", adjustment(1, "opening", line(sugar, "11"))).body,
                HasSubstr("idempotency.key_reused"));
    EXPECT_EQ(level(sugar).on_hand.to_string(), "10.5");
    EXPECT_THAT(feed("stock_levels", text(level(sugar).id)), HasSubstr(" u"));
}

TEST_F(StockTest, EachLineHasItsBalance) {
    const auto rice = variant("Rice");
    const auto salt = variant("Salt");
    ASSERT_EQ(post("/v1/stock-adjustments", adjustment(2, "opening", line(rice, "5"))).status, 201);
    ASSERT_EQ(post("/v1/stock-adjustments",
                   adjustment(3, "adjust", line(rice, "-1") + "," + line(salt, "2") + "," + line(rice, "-0.25")))
                  .status,
              201);
    std::vector<std::string> balances;
    for (const auto& movement : body<db::Page<StockMovement>>(get("/v1/stock-movements?variantId=" + rice)).data)
        balances.push_back(movement.balance_after.to_string());
    std::ranges::sort(balances);
    EXPECT_THAT(balances, ::testing::ElementsAre("3.75", "4", "5"));
    EXPECT_EQ(level(rice).on_hand.to_string(), "3.75");
    EXPECT_EQ(level(rice).version, 2);
    EXPECT_EQ(app->database().value("select count(*) from stock_levels l where on_hand <> (select sum(quantity_delta) "
                                    "from stock_movements m where m.tenant_id = l.tenant_id "
                                    "and m.location_id = l.location_id and m.variant_id = l.variant_id)"),
              "0");
}

TEST_F(StockTest, RefusesAndIsWalled) {
    const auto tea = variant("Tea");
    const struct {
        std::string_view name;
        std::string json;
        const std::string& token;
        int status;
        std::string_view says;
    } cases[] = {
        {"wrong sign", adjustment(10, "waste", line(tea, "1")), owner, 422, "/lines/0/quantityDelta"},
        {"nothing", adjustment(11, "adjust", line(tea, "0")), owner, 422, "/lines/0/quantityDelta"},
        {"no lines", adjustment(12, "adjust", ""), owner, 422, "/lines"},
        {"another document's reason", adjustment(13, "sale", line(tea, "1")), owner, 422, "/reason"},
        {"no such variant", adjustment(14, "adjust", line("0197f0c2-0000-7000-8000-0000000000bb", "1")), owner, 422,
         "variant.unknown"},
        {"another tenant's shelf", adjustment(15, "adjust", line(tea, "1")), other, 422, ".unknown"},
        {"reads only", adjustment(16, "adjust", line(tea, "1")), viewer, 403, "auth.forbidden"},
        {"nobody", adjustment(17, "adjust", line(tea, "1")), std::string(), 401, "auth."},
    };
    for (const auto& one : cases) {
        const auto reply = post("/v1/stock-adjustments", one.json, one.token);
        EXPECT_EQ(reply.status, one.status) << one.name << ": " << reply.body;
        EXPECT_THAT(reply.body, HasSubstr(std::string(one.says))) << one.name;
    }
    ASSERT_EQ(post("/v1/stock-adjustments", adjustment(18, "adjust", line(tea, "1"))).status, 201);
    EXPECT_EQ(get("/v1/stock-adjustments/" + request_id(18), other).status, 404);
    EXPECT_EQ(get("/v1/stock-adjustments/" + request_id(18), viewer).status, 200);
    EXPECT_EQ(body<db::Page<StockLevel>>(get("/v1/stock-levels", other)).data.size(), 0U);
    EXPECT_EQ(body<db::Page<StockMovement>>(get("/v1/stock-movements", other)).data.size(), 0U);
    EXPECT_THAT(
        post("/v1/stock-adjustments", adjustment(19, "adjust", line(tea, "1")), owner, {{"Idempotency-Key", "another"}})
            .body,
        HasSubstr("idempotency.key_mismatch"));
}

TEST_F(StockTest, TakesItsKeyFromTheHeaderToo) {
    const auto beans = variant("Beans");
    const auto json =
        fmt::format(R"({{"locationId":"{}","reason":"opening","lines":[{}]}})", location(), line(beans, "4"));
    EXPECT_THAT(post("/v1/stock-adjustments", json).body, HasSubstr("idempotency.key_missing"));
    const auto first = post("/v1/stock-adjustments", json, owner, {{"Idempotency-Key", "beans-1"}});
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(post("/v1/stock-adjustments", json, owner, {{"Idempotency-Key", "beans-1"}}).body, first.body);
    const auto uuid = post("/v1/stock-adjustments", json, owner, {{"Idempotency-Key", request_id(40)}});
    EXPECT_THAT(uuid.body, HasSubstr(request_id(40)));
    EXPECT_EQ(level(beans).on_hand.to_string(), "8");
    // The key's row may go after its days; the ledger knows the key still.
    app->database().execute("delete from idempotency_keys where key = 'beans-1'");
    const auto late = post("/v1/stock-adjustments", json, owner, {{"Idempotency-Key", "beans-1"}});
    EXPECT_EQ(late.status, 200);
    EXPECT_EQ(late.header("Idempotent-Replayed"), "resource");
    EXPECT_EQ(level(beans).on_hand.to_string(), "8");
}

TEST_F(StockTest, ShowsCostsToThoseWhoMayReadThem) {
    const auto oil = variant("Oil");
    const auto cost = fmt::format(R"({{"variantId":"{}","quantityDelta":"5","unitCost":777}})", oil);
    ASSERT_EQ(post("/v1/stock-adjustments", adjustment(50, "purchase", cost)).status, 201);
    for (const auto role : {"admin", "manager", "cashier", "stock_clerk", "accountant", "viewer"}) {
        const bool sees = role != std::string_view("cashier") && role != std::string_view("viewer");
        const auto token = member(fmt::format("{}.stock@duka.example", role), role);
        for (const auto& target : {"/v1/stock-movements?variantId=" + oil, "/v1/stock-adjustments/" + request_id(50)}) {
            const auto reply = get(target, token);
            EXPECT_EQ(reply.status, 200) << role << reply.body;
            EXPECT_EQ(reply.body.contains(R"("unitCost":777)"), sees) << role << ' ' << target << reply.body;
            EXPECT_EQ(reply.body.contains("Cost"), sees) << role << ' ' << target << reply.body;
        }
        EXPECT_FALSE(get("/v1/stock-levels?variantId=" + oil, token).body.contains("Cost")) << role;
    }
}

// Nor by hand: one such row would fail every page that it is on.
TEST_F(StockTest, NoRowHoldsWhatNobodyCanRead) {
    const auto cocoa = variant("Cocoa");
    ASSERT_EQ(post("/v1/stock-adjustments", adjustment(70, "opening", line(cocoa, "5"))).status, 201);
    for (const auto* sql :
         {"update stock_levels set on_hand = 'NaN'", "update stock_levels set reserved = 'NaN'",
          "update variants set reorder_level = 'NaN'", "update roles set permissions = array[null]::text[]",
          "update roles set permissions = array[array['a'], array['b']]"})
        EXPECT_THROW(app->database().execute(sql), std::runtime_error) << sql;
    EXPECT_EQ(get("/v1/stock-levels").status, 200);
}

// A manager here who only looks on there: costs are shown here alone.
TEST_F(StockTest, ShowsCostsWhereTheRoleIsHeld) {
    const auto flour = variant("Flour");
    const auto here = location();  // before there are two
    const auto there = text(made<Location>(post("/v1/locations", R"({"code":"KSM","name":"Kisumu"})")).id);
    const auto moved = [&](int number, const std::string& at) {
        return fmt::format(
            R"({{"clientRequestId":"{}","locationId":"{}","reason":"purchase","lines":[{{"variantId":"{}","quantityDelta":"5","unitCost":777}}]}})",
            request_id(number), at, flour);
    };
    ASSERT_EQ(post("/v1/stock-adjustments", moved(60, here)).status, 201);
    ASSERT_EQ(post("/v1/stock-adjustments", moved(61, there)).status, 201);
    std::map<std::string, std::string> roles;
    for (const auto& role : body<RoleList>(get("/v1/roles")).data) roles[role.built_in.value_or("")] = text(role.id);
    const auto json = fmt::format(
        R"({{"name":"Otieno","email":"here@duka.example","password":"{}","roles":[{{"roleId":"{}","locationId":"{}"}},{{"roleId":"{}","locationId":"{}"}}]}})",
        password, roles["manager"], here, roles["viewer"], there);
    ASSERT_EQ(post("/v1/users", json, owner, {{"Idempotency-Key", "here"}}).status, 201);
    const auto token = log_in("here@duka.example");
    for (const auto& [id, at, sees] : {std::tuple(60, here, true), std::tuple(61, there, false)}) {
        const auto list = get("/v1/stock-movements?locationId=" + at, token);
        EXPECT_EQ(list.body.contains("unitCost"), sees) << list.body;
        const auto one = get("/v1/stock-adjustments/" + request_id(id), token);
        EXPECT_EQ(one.status, 200) << one.body;
        EXPECT_EQ(one.body.contains("unitCost"), sees) << "its lines stand where it stands: " << one.body;
    }
}

}  // namespace
