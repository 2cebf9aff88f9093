// Events: in the transaction of what they tell of, each change told, and to whom.
#include "pos/modules/webhooks/webhooks_for_test.h"

namespace {

using namespace pos::webhooks_test;

class WebhookEventsTest : public WebhooksTest {};

TEST_F(WebhookEventsTest, AnEventIsOfItsTransaction) {
    happen();
    EXPECT_EQ(rows("select count(*) from webhook_events"), "0") << "nobody has asked";
    const auto made = add("https://93.184.216.34/");
    const auto jobs = rows("select count(*) from outbox_jobs");
    EXPECT_EQ(post("/v1/products", R"({"name":"Unga","categoryId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01"})").status,
              422);
    EXPECT_EQ(rows("select count(*) from webhook_events"), "0") << "rolled back with its product";
    EXPECT_EQ(rows("select count(*) from outbox_jobs"), jobs);
    const auto product = read(post("/v1/products", R"({"name":"Unga"})"));
    EXPECT_EQ(rows("select type || ' ' || subject from webhook_events"), "product.created " + product.id);
    EXPECT_EQ(rows("select data->>'tenantId' from outbox_jobs where name = 'webhooks.fan_out'"), tenant().to_string());
    const auto stored = rows("select convert_from(body, 'UTF8') from webhook_events");
    EXPECT_THAT(stored, HasSubstr(R"("type":"product.created")"));
    EXPECT_THAT(stored, HasSubstr(R"("name":"Unga")"));
    EXPECT_EQ(rows("select convert_from(thin_body, 'UTF8')::jsonb->'data' from webhook_events"),
              fmt::format(R"({{"id": "{}"}})", product.id));
    const auto id = product.id;
    EXPECT_EQ(patch("/v1/products/" + id, R"({"name":"Unga 2kg"})", 1).status, 200);
    EXPECT_EQ(del("/v1/products/" + id, 2).status, 204);
    EXPECT_EQ(rows("select string_agg(type || ' ' || (convert_from(body, 'UTF8')::jsonb->'data'->>'version'), ', ' "
                   "order by position) from webhook_events"),
              "product.created 1, product.changed 2, product.deleted 3");
    EXPECT_EQ(rows(fmt::format("select version from products where id = '{}'", id)), "3");
}

// The product is what an integrator keeps: whatever changes below it, it is told, as it is then.
TEST_F(WebhookEventsTest, AProductIsToldWithEachChangeBelowIt) {
    add("https://93.184.216.34/");
    const auto product = read(post("/v1/products", R"({"name":"Sugar"})"));
    const auto told = [&] {
        const auto names = rows(
            "select coalesce(string_agg(concat_ws(' ', type, convert_from(body, 'UTF8')::jsonb->'data'->>'version'), "
            "', ' "
            "order by position), '') from webhook_events");
        app->database().execute("truncate webhook_events cascade");
        return names;
    };
    const auto version = [&] { return rows(fmt::format("select version from products where id = '{}'", product.id)); };
    EXPECT_EQ(told(), "product.created 1");
    const auto variant =
        read(post("/v1/variants", fmt::format(R"({{"productId":"{}","name":"1kg","price":100}})", product.id)));
    EXPECT_EQ(told(), "product.changed 2, variant.created 1");
    EXPECT_EQ(patch("/v1/variants/" + variant.id, R"({"price":120})", 1).status, 200);
    EXPECT_EQ(told(), "variant.changed 2, product.changed 3");
    const auto barcode = read(post("/v1/variants/" + variant.id + "/barcodes", R"({"barcode":"6161100600017"})"));
    EXPECT_EQ(told(), "product.changed 4");
    EXPECT_EQ(del("/v1/variants/" + variant.id + "/barcodes/" + barcode.id, 1).status, 204);
    EXPECT_EQ(told(), "product.changed 5");
    EXPECT_EQ(version(), "5");
    EXPECT_EQ(patch("/v1/variants/" + variant.id, R"({"price":130})", 1).status, 412);
    EXPECT_EQ(
        post("/v1/variants", R"({"productId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091","name":"2kg","price":1})").status,
        422);
    EXPECT_EQ(told(), "") << "nothing has changed";
    EXPECT_EQ(
        del("/v1/variants/" + variant.id, static_cast<std::int32_t>(version_in(get("/v1/variants/" + variant.id))))
            .status,
        204);
    EXPECT_EQ(told(), fmt::format("variant.deleted {}, product.changed 6",
                                  rows(fmt::format("select version from variants where id = '{}'", variant.id))));
    EXPECT_EQ(version(), "6");
}

// Those that come and go with their product are told as all others are.
TEST_F(WebhookEventsTest, VariantsAreToldWithTheirProduct) {
    add("https://93.184.216.34/", "", R"(["variant.*"])");
    const auto told = [] {
        const auto names = rows(
            "select coalesce(string_agg(concat_ws(' ', type, data->>'name', data->>'price', data->>'version'), ', ' "
            "order by position), '') from (select type, position, convert_from(body, 'UTF8')::jsonb->'data' as data "
            "from webhook_events where type like 'variant.%') e");
        app->database().execute("truncate webhook_events cascade");
        return names;
    };
    const auto variants =
        R"("variants":[{"name":"Sabuni 1","price":5000,"unit":"pc"},{"name":"Sabuni 2","price":9000,"unit":"pc"}])";
    const auto product = read(post("/v1/products", fmt::format(R"({{"name":"Sabuni",{}}})", variants)));
    EXPECT_EQ(told(), "variant.created Sabuni 1 5000 1, variant.created Sabuni 2 9000 1");
    EXPECT_EQ(del("/v1/products/" + product.id, 1).status, 204);
    const auto deleted = told();
    EXPECT_THAT(deleted, HasSubstr("variant.deleted Sabuni 1 5000 2"));
    EXPECT_THAT(deleted, HasSubstr("variant.deleted Sabuni 2 9000 2"));
    const auto reply =
        post("/v1/products/batch", fmt::format(R"({{"onError":"abort","items":[{{"key":"a","op":"create","data":)"
                                               R"({{"name":"Sabuni",{}}}}}]}})",
                                               variants));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(told(), "variant.created Sabuni 1 5000 1, variant.created Sabuni 2 9000 1");
}

// A level that falls is told of once, at its location, whatever is sold below it and however often its job runs.
TEST_F(WebhookEventsTest, LowStockIsToldOncePerFall) {
    const auto here = location();
    const auto elsewhere = read(post("/v1/locations", R"({"code":"MSA1","name":"Mombasa"})")).id;
    add("https://93.184.216.34/here", fmt::format(R"(,"locationIds":["{}"])", here), R"(["stock.low"])");
    add("https://93.184.216.34/else", fmt::format(R"(,"locationIds":["{}"])", elsewhere), R"(["stock.*"])");
    const auto product = read(post("/v1/products", R"({"name":"Rice"})"));
    const auto variant =
        read(post("/v1/variants",
                  fmt::format(R"({{"productId":"{}","name":"Rice 1kg","price":100,"reorderLevel":"5"}})", product.id)))
            .id;
    int number = 0;
    const auto move = [&](std::string_view quantity) {
        const auto reply =
            post("/v1/stock-adjustments",
                 fmt::format(R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}",)"
                             R"("reason":"adjust","lines":[{{"variantId":"{}","quantityDelta":"{}"}}]}})",
                             ++number, here, variant, quantity));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return rows("select count(*) from outbox_jobs where name = 'stock.tell_low'");
    };
    EXPECT_EQ(move("3"), "0") << "it has not fallen";
    EXPECT_EQ(move("7.5"), "0");
    EXPECT_EQ(move("-5"), "0") << "above its level";
    EXPECT_EQ(move("-0.5"), "1") << "at it";
    EXPECT_EQ(move("-1"), "1") << "told before";
    EXPECT_EQ(move("-9"), "1");
    EXPECT_EQ(move("20"), "1");
    EXPECT_EQ(move("-15"), "2") << "again";
    EXPECT_EQ(
        rows(
            "select data - 'id' - 'tenantId' from outbox_jobs where name = 'stock.tell_low' order by position limit 1"),
        fmt::format(
            R"({{"sku": null, "name": "Rice 1kg", "onHand": "5", "productId": "{}", "variantId": "{}", "locationId": "{}", "reorderLevel": "5"}})",
            product.id, variant, here));
    const auto job = schema::parse<StockLow>(
        rows("select data - 'tenantId' from outbox_jobs where name = 'stock.tell_low' order by position limit 1"));
    ASSERT_TRUE(job.has_value());
    for (int i = 0; i < 2; ++i) {
        auto batch = tenant_db().batch();
        app->app().outbox.emit(batch, stock_low, *job);
        app->run(batch.commit());
    }
    EXPECT_EQ(rows("select string_agg(type || ' ' || subject || ' ' || id, ', ') from webhook_events where type = "
                   "'stock.low'"),
              fmt::format("stock.low {} {}", variant, job->id.to_string()));
    fan_out();
    EXPECT_EQ(rows("select string_agg(right(p.url, 4) || ' ' || d.event_type, ', ') from webhook_deliveries d "
                   "join webhook_endpoints p on p.id = d.endpoint_id"),
              "here stock.low");
}

// … without who they are: what left once is nobody's to take back.
TEST_F(WebhookEventsTest, MembersAreToldWithoutTheirNames) {
    add("https://93.184.216.34/", "", R"(["user.*"])");
    std::ignore = member("cashier@duka.example", "cashier");
    const auto id = rows("select id from users where email = 'cashier@duka.example'");
    const auto change = [&](std::string_view json, std::int32_t version) {
        const auto reply = patch("/v1/users/" + id, std::string(json), version);
        EXPECT_EQ(reply.status, 200) << reply.body;
    };
    change(fmt::format(R"({{"defaultLocationId":"{}"}})", location()), 1);
    EXPECT_EQ(patch("/v1/users/" + id, R"({"status":"disabled"})", 1).status, 412);
    change(R"({"status":"disabled"})", 2);
    EXPECT_EQ(rows("select string_agg(concat_ws(' ', type, subject = '" + id +
                   "', data->>'version', data->>'status', data->>'defaultLocationId', "
                   "jsonb_array_length(data->'roles')), ', ' order by position) "
                   "from (select *, convert_from(body, 'UTF8')::jsonb->'data' as data from webhook_events) e"),
              fmt::format("user.created t 1 active 1, user.changed t 2 active {0} 1, user.changed t 3 disabled {0} 1",
                          location()));
    EXPECT_EQ(rows("select count(*) from webhook_events where convert_from(body, 'UTF8') ~ 'Juma|duka.example'"), "0");
}

// A repetition and a refusal tell nothing more; what the goods cost, and what was noted, nobody is told.
TEST_F(WebhookEventsTest, CorrectedStockIsToldOnceAtItsLocation) {
    const auto here = location();
    const auto elsewhere = read(post("/v1/locations", R"({"code":"KSM1","name":"Kisumu"})")).id;
    add("https://93.184.216.34/here", fmt::format(R"(,"locationIds":["{}"])", here), R"(["stock.adjusted"])");
    add("https://93.184.216.34/else", fmt::format(R"(,"locationIds":["{}"])", elsewhere), R"(["stock.*"])");
    const auto product = read(post("/v1/products", R"({"name":"Beans"})"));
    const auto variant =
        read(post("/v1/variants", fmt::format(R"({{"productId":"{}","name":"1kg","price":100}})", product.id))).id;
    const auto json = [&](std::string_view of) {
        return fmt::format(R"({{"clientRequestId":"0197f0c2-1111-7000-8000-000000000001","locationId":"{}",)"
                           R"("reason":"purchase","lines":[{{"variantId":"{}","quantityDelta":"2.5","unitCost":7777,)"
                           R"("note":"from Wanjiku"}}]}})",
                           here, of);
    };
    EXPECT_EQ(post("/v1/stock-adjustments", json("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091")).status, 422);
    EXPECT_EQ(post("/v1/stock-adjustments", json(variant)).status, 201);
    EXPECT_EQ(post("/v1/stock-adjustments", json(variant)).status, 201);
    EXPECT_EQ(rows("select type || ' ' || subject || ' ' || (convert_from(body, 'UTF8')::jsonb->'data'->'lines') "
                   "from webhook_events where type like 'stock.%'"),
              fmt::format("stock.adjusted 0197f0c2-1111-7000-8000-000000000001 "
                          R"([{{"variantId": "{}", "quantityDelta": "2.5"}}])",
                          variant));
    EXPECT_EQ(rows("select count(*) from webhook_events where convert_from(body, 'UTF8') ~ '7777|Wanjiku'"), "0");
    fan_out();
    EXPECT_EQ(rows("select string_agg(right(p.url, 4), ' ') from webhook_deliveries d "
                   "join webhook_endpoints p on p.id = d.endpoint_id where d.event_type like 'stock.%'"),
              "here");
}

TEST_F(WebhookEventsTest, WhoAskedForWhatGetsIt) {
    const auto here = location();
    add("https://93.184.216.34/all");
    add("https://93.184.216.34/products", "", R"(["product.*"])");
    add("https://93.184.216.34/sales", "", R"(["sale.created","payment.*"])");
    add("https://93.184.216.34/off", R"(,"enabled":false)");
    happen();
    fan_out();
    fan_out();
    EXPECT_EQ(rows("select count(*) from webhook_deliveries"), "2");
    EXPECT_EQ(rows("select string_agg(right(p.url, 3) || ' ' || pending || ' ' || missed, ', ' order by p.url) "
                   "from webhook_queues q join webhook_endpoints p on p.id = q.endpoint_id"),
              "all 1 0, off 0 1, cts 1 0, les 0 0");
    EXPECT_EQ(jobs(), "webhooks.serve_failing webhooks.serve_failing");
}

}  // namespace
