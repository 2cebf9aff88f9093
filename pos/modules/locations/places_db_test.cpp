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
        for (auto& request : requests) replies.push_back(app->host().inject(std::move(request)));
        co_return co_await async::when_all(std::move(replies));
    }
    static Device till(std::string_view name) {
        return made<Device>(post("/v1/devices", fmt::format(R"({{"name":"{}","locationId":"{}"}})", name, location())));
    }
};

TEST_F(PlacesTest, LocationsLiveAndDie) {
    const std::string westlands = R"({"code":"NRB2","name":"Westlands"})";
    const std::string address = R"({"address":"Ring Road"})";
    const Headers key{{"Idempotency-Key", "westlands"}};
    const auto ids = check({
        {"add", "POST", "/v1/locations", westlands, owner, 201, "NRB2", "shop", key},
        {"add again", "POST", "/v1/locations", westlands, owner, 201, "{shop}", "", key},
        {"code taken", "POST", "/v1/locations", westlands, owner, 409, "location.code_taken"},
        {"codes are the tenant's own", "POST", "/v1/locations", westlands, other, 201},
        {"no code", "POST", "/v1/locations", R"({"code":"nrb 2","name":"x"})", owner, 422},
        {"change", "PATCH", "/v1/locations/{shop}", address, owner, 200, "Ring Road", "", if_match(1)},
        {"changed meanwhile", "PATCH", "/v1/locations/{shop}", address, owner, 412, "", "", if_match(1)},
        {"read", "GET", "/v1/locations/{shop}", "", other, 404},
        {"read", "GET", "/v1/locations/{shop}", "", "", 401},
        {"change", "PATCH", "/v1/locations/{shop}", address, other, 404},
        {"change", "PATCH", "/v1/locations/{shop}", address, viewer, 403},
        {"a till there", "POST", "/v1/devices", R"({"name":"Left","locationId":"{shop}"})", owner, 201, "", "left"},
        {"a till", "POST", "/v1/devices", R"({"name":"Till","locationId":"{location}"})", owner, 201, "", "till"},
        {"delete", "DELETE", "/v1/locations/{shop}", "", owner, 204, "", "", if_match(2)},
        {"deleted", "GET", "/v1/locations/{shop}", "", owner, 404, "row.not_found"},
        {"no till comes", "POST", "/v1/devices", R"({"name":"x","locationId":"{shop}"})", owner, 422,
         "location.unknown"},
        {"none moves in", "PATCH", "/v1/devices/{till}", R"({"locationId":"{shop}"})", owner, 422, "location.unknown"},
        {"what is there may stay", "PATCH", "/v1/devices/{left}", R"({"name":"Left behind"})", owner, 200},
        {"and moves out", "PATCH", "/v1/devices/{left}", R"({"locationId":"{location}"})", owner, 200},
    });
    const auto shop = ids.at("shop");
    EXPECT_EQ(app->database().value("select last_receipt from location_counters where location_id = '" + shop + "'"),
              "0");
    EXPECT_THAT(feed("locations", shop), HasSubstr(" d"));
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
    check({
        {"read", "GET", path, "", other, 404},
        {"change", "PATCH", path, R"({"name":"Front till"})", owner, 200},
        {"numbers stay", "PATCH", path, R"({"deviceNumber":7})", owner, 422},
        {"revoke", "POST", path + "/revoke", R"({"status":"lost"})", viewer, 403},
        {"revoke to what it was", "POST", path + "/revoke", R"({"status":"active"})", owner, 422},
    });
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

// Who follows the shop that it has left has to hear of it.
TEST_F(PlacesTest, AMovedDeviceIsTheFeedsOfAllLocations) {
    const auto device = text(till("Moving").id);
    const auto at = [&] {
        return app->database().value("select coalesce(location_id::text, 'all') from change_pointers where row_id = '" +
                                     device + "'");
    };
    EXPECT_EQ(at(), location());
    const auto branch = text(made<Location>(post("/v1/locations", R"({"code":"MOVE","name":"Branch"})")).id);
    ASSERT_EQ(patch("/v1/devices/" + device, fmt::format(R"({{"locationId":"{}"}})", branch), 1).status, 200);
    EXPECT_EQ(at(), "all");
    ASSERT_EQ(patch("/v1/devices/" + device, R"({"name":"Moved"})", 2).status, 200);
    EXPECT_EQ(at(), "all") << "for those who have not heard of the move yet";
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
        app->run(async::sleep(&app->host().loop(), std::chrono::milliseconds(5)));
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
    const std::string luxury = R"({"code":"LUX","name":"Luxury"})";
    const std::string twenty = R"({"name":"Luxury 20 %","ratePpm":200000,"validFrom":"2026-01-01"})";
    const std::string until = R"({"validTo":"2027-01-01"})";
    const std::string one = "/v1/tax-classes/{class}";
    const std::string rates = one + "/rates";
    const std::string rate = rates + "/{rate}";
    check({
        {"add", "POST", "/v1/tax-classes", luxury, owner, 201, "LUX", "class"},
        {"code taken", "POST", "/v1/tax-classes", luxury, owner, 409, "tax_class.code_taken"},
        {"add a rate", "POST", rates, twenty, owner, 201, "200000", "rate"},
        {"the class changes with its rates", "GET", one, "", owner, 200, R"("version":2)"},
        {"a rate is what it was", "PATCH", rate, R"({"ratePpm":1})", owner, 422},
        {"ends before it begins", "PATCH", rate, R"({"validTo":"2025-01-01"})", owner, 422, "tax_rate.range"},
        {"end it", "PATCH", rate, until, owner, 200, "2027-01-01", "", if_match(1)},
        {"ended meanwhile", "PATCH", rate, until, owner, 412, "", "", if_match(1)},
        {"change", "PATCH", rate, R"({"name":"x"})", other, 404},
        {"add", "POST", rates, R"({"name":"x","ratePpm":1})", other, 404},
        {"list", "GET", rates, "", other, 404},
        {"list", "GET", rates, "", viewer, 200, "{rate}"},
        {"a product of it", "POST", "/v1/products", R"({"name":"Perfume","taxClassId":"{class}"})", owner, 201},
        {"in use", "DELETE", one, "", owner, 409, "tax_class.in_use", "", if_match(3)},
    });
}

}  // namespace
