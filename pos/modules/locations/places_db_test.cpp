// Locations, devices and taxes on the whole service.

#include <gmock/gmock.h>

#include "async/sync.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class PlacesTest : public ShopTest {
protected:
    static async::Task<std::vector<InjectedResponse>> all_at_once(std::vector<http::InjectedRequest> requests) {
        std::vector<async::Task<InjectedResponse>> replies;
        for (auto& request : requests) replies.push_back(app->worker().inject(std::move(request)));
        co_return co_await async::when_all(std::move(replies));
    }
    static Device till(std::string_view name) {
        return made<Device>(post("/v1/devices", fmt::format(R"({{"name":"{}","locationId":"{}"}})", name, location())));
    }
};

TEST_F(PlacesTest, LocationsLiveAndDie) {
    const auto reply =
        post("/v1/locations", R"({"code":"NRB2","name":"Westlands"})", owner, {{"Idempotency-Key", "westlands"}});
    const auto shop = made<Location>(reply);
    const auto path = "/v1/locations/" + text(shop.id);
    EXPECT_EQ(reply.header("Location"), path);
    EXPECT_EQ(
        post("/v1/locations", R"({"code":"NRB2","name":"Westlands"})", owner, {{"Idempotency-Key", "westlands"}}).body,
        reply.body);
    EXPECT_EQ(
        app->database().value("select last_receipt from location_counters where location_id = '" + text(shop.id) + "'"),
        "0");
    EXPECT_THAT(post("/v1/locations", R"({"code":"NRB2","name":"x"})").body, HasSubstr("location.code_taken"));
    EXPECT_EQ(post("/v1/locations", R"({"code":"NRB2","name":"x"})", other).status, 201)
        << "codes are the tenant's own";
    EXPECT_EQ(post("/v1/locations", R"({"code":"nrb 2","name":"x"})").status, 422);
    EXPECT_EQ(patch(path, R"({"address":"Ring Road"})", 1).status, 200);
    EXPECT_EQ(patch(path, R"({"address":"Ring Road"})", 1).status, 412);
    EXPECT_EQ(get(path, other).status, 404);
    EXPECT_EQ(patch(path, R"({"name":"Taken"})", 2, other).status, 404);
    EXPECT_EQ(patch(path, R"({"name":"Taken"})", 2, viewer).status, 403);
    EXPECT_EQ(get(path, "").status, 401);
    const auto left =
        made<Device>(post("/v1/devices", fmt::format(R"({{"name":"Left","locationId":"{}"}})", text(shop.id))));
    const auto elsewhere = till("Elsewhere");
    EXPECT_EQ(del(path, 2).status, 204);
    EXPECT_EQ(get(path).status, 404);
    EXPECT_THAT(feed("locations", text(shop.id)), HasSubstr(" d"));
    EXPECT_THAT(post("/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", text(shop.id))).body,
                HasSubstr("location.unknown"));
    EXPECT_THAT(
        patch("/v1/devices/" + text(elsewhere.id), fmt::format(R"({{"locationId":"{}"}})", text(shop.id)), 1).body,
        HasSubstr("location.unknown"));
    // What stands there may stay, and is taken elsewhere.
    const auto moved = "/v1/devices/" + text(left.id);
    EXPECT_EQ(patch(moved, R"({"name":"Left behind"})", 1).status, 200);
    EXPECT_EQ(patch(moved, fmt::format(R"({{"locationId":"{}"}})", location()), 2).status, 200);
}

TEST_F(PlacesTest, DevicesAreNumbered) {
    const auto first = till("Till 1");
    const auto second = till("Till 2");
    EXPECT_EQ(second.device_number, first.device_number + 1);
    // At once: each gets its own.
    const auto json = fmt::format(R"({{"name":"Till","locationId":"{}"}})", location());
    const auto request = [&] {
        return http::InjectedRequest{
            .method = http::Method::post,
            .target = "/v1/devices",
            .headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "application/json"}},
            .body = json};
    };
    std::vector<http::InjectedRequest> thirty(30, request());
    for (const auto& reply : app->run(all_at_once(std::move(thirty)))) EXPECT_EQ(reply.status, 201) << reply.body;
    // An instance of the release before numbers from the devices, not from the counter.
    app->database().execute("update devices set device_number = 1000 where id = '" + text(second.id) + "'");
    EXPECT_EQ(till("Till 1001").device_number, 1001);
    EXPECT_EQ(app->database().value("select count(*) - count(distinct (tenant_id, device_number)) from devices"), "0");
    const auto path = "/v1/devices/" + text(first.id);
    EXPECT_EQ(get(path, other).status, 404);
    EXPECT_EQ(patch(path, R"({"name":"Front till"})", 1).status, 200);
    EXPECT_EQ(patch(path, R"({"deviceNumber":7})", 2).status, 422);
    EXPECT_EQ(post(path + "/revoke", R"({"status":"lost"})", viewer).status, 403);
    EXPECT_EQ(post(path + "/revoke", R"({"status":"active"})").status, 422);
}

TEST_F(PlacesTest, ARepetitionOrARefusalTakesNoDeviceNumber) {
    const auto json = fmt::format(R"({{"id":"{}","name":"Once","locationId":"{}"}})",
                                  "0197f0c2-0000-7000-8000-0000000d0001", location());
    const Headers key{{"Idempotency-Key", "once"}};
    const auto first = post("/v1/devices", json, owner, key);
    const auto number = made<Device>(first).device_number;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post("/v1/devices", json, owner, key).body, first.body);
    for (int i = 0; i < 2; ++i) EXPECT_THAT(post("/v1/devices", json).body, HasSubstr("row.id_taken"));
    EXPECT_EQ(till("The next").device_number, number + 1);
}

TEST_F(PlacesTest, ARateIsRepeatedAfterItsClassIsGone) {
    const auto klass = text(made<TaxClass>(post("/v1/tax-classes", R"({"code":"GONE","name":"Gone"})")).id);
    const auto path = "/v1/tax-classes/" + klass;
    const std::string json = R"({"name":"Gone","ratePpm":160000})";
    const Headers key{{"Idempotency-Key", "gone"}};
    const auto first = post(path + "/rates", json, owner, key);
    ASSERT_EQ(first.status, 201) << first.body;
    ASSERT_EQ(del(path, 2).status, 204);
    const auto again = post(path + "/rates", json, owner, key);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("Location"), first.header("Location"));
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
    EXPECT_THAT(post(path + "/rates", R"({"name":"Other","ratePpm":1})", owner, key).body,
                HasSubstr("idempotency.key_reused"));
    EXPECT_EQ(post(path + "/rates", json, owner, {{"Idempotency-Key", "another"}}).status, 404);
    EXPECT_EQ(post(path + "/rates", json).status, 404);
}

TEST_F(PlacesTest, ARevokedDeviceIsShutOut) {
    const auto device = till("Lost till");
    const auto token = log_in("owner@duka.example", fmt::format(R"(,"deviceId":"{}")", text(device.id)));
    ASSERT_EQ(get("/v1/auth/me", token).status, 200);
    const auto path = "/v1/devices/" + text(device.id);
    EXPECT_EQ(post(path + "/revoke", R"({"status":"lost"})", other).status, 404);
    const auto revoked = post(path + "/revoke", R"({"status":"lost"})");
    EXPECT_EQ(revoked.status, 200) << revoked.body;
    EXPECT_EQ(body<Device>(revoked).status, DeviceStatus::lost);
    EXPECT_EQ(post(path + "/revoke", R"({"status":"retired"})").status, 200) << "twice is no fault";
    // The announcement arrives in some turn of the loop.
    for (int i = 0; i < 500 && get("/v1/auth/me", token).status != 401; ++i)
        app->run(async::sleep(&app->worker().loop(), std::chrono::milliseconds(5)));
    EXPECT_EQ(get("/v1/auth/me", token).status, 401);
    EXPECT_EQ(get("/v1/auth/me").status, 200) << "sessions elsewhere stay";
}

// The path is part of a key's scope: in whatever spelling, it is one collection.
TEST_F(PlacesTest, AKeyIsOneInEverySpellingOfThePath) {
    const auto klass = text(made<TaxClass>(post("/v1/tax-classes", R"({"code":"SPELT","name":"Spelt"})")).id);
    auto upper = klass;
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
    const auto add = [](const std::string& id) {
        return post("/v1/tax-classes/" + id + "/rates", R"({"name":"16 %","ratePpm":160000})", owner,
                    {{"Idempotency-Key", "spelt"}});
    };
    const auto first = add(klass);
    const auto again = add(upper);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("Location"), "/v1/tax-classes/" + klass + "/rates/" + text(made<TaxRate>(first).id));
    EXPECT_EQ(body<db::Page<TaxRate>>(get("/v1/tax-classes/" + klass + "/rates")).data.size(), 1U);
}

TEST_F(PlacesTest, TaxRatesAreAppended) {
    const auto klass = made<TaxClass>(post("/v1/tax-classes", R"({"code":"LUX","name":"Luxury"})"));
    const auto path = "/v1/tax-classes/" + text(klass.id);
    const auto rate =
        made<TaxRate>(post(path + "/rates", R"({"name":"Luxury 20 %","ratePpm":200000,"validFrom":"2026-01-01"})"));
    const auto rate_path = path + "/rates/" + text(rate.id);
    EXPECT_EQ(version_in(get(path)), 2) << "the class changes with its rates";
    EXPECT_EQ(patch(rate_path, R"({"ratePpm":1})", 1).status, 422);
    EXPECT_THAT(patch(rate_path, R"({"validTo":"2025-01-01"})", 1).body, HasSubstr("tax_rate.range"));
    EXPECT_EQ(patch(rate_path, R"({"validTo":"2027-01-01"})", 1).status, 200);
    EXPECT_EQ(patch(rate_path, R"({"validTo":"2027-01-01"})", 1).status, 412);
    EXPECT_EQ(patch(rate_path, R"({"name":"x"})", 2, other).status, 404);
    EXPECT_EQ(post(path + "/rates", R"({"name":"x","ratePpm":1})", other).status, 404);
    EXPECT_EQ(get(path + "/rates", other).status, 404);
    EXPECT_EQ(body<db::Page<TaxRate>>(get(path + "/rates", viewer)).data.size(), 1U);
    EXPECT_THAT(post("/v1/tax-classes", R"({"code":"LUX","name":"x"})").body, HasSubstr("tax_class.code_taken"));
    ASSERT_EQ(post("/v1/products", fmt::format(R"({{"name":"Perfume","taxClassId":"{}"}})", text(klass.id))).status,
              201);
    EXPECT_THAT(del(path, 3).body, HasSubstr("tax_class.in_use"));
}

}  // namespace
