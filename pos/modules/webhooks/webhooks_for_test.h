// The tests of webhooks: a shop with endpoints that a scripted server stands for, and what its tables say.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "pos/modules/stock/events.h"
#include "pos/modules/webhooks/events.h"
#include "pos/modules/webhooks/module.h"
#include "pos/modules/webhooks/sender.h"
#include "pos/testing/shop.h"
#include "testing/scripted_server.h"
#include "webhooks/plan.h"

namespace pos::webhooks_test {

using namespace pos;
using namespace pos::testing;
using ::testing::Answer;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::Not;
using ::testing::ScriptedServer;

// The members that tests look at, of any of the replies.
struct Reply {
    std::string id;
    std::int32_t version = 0;
    std::optional<std::string> secret;
    std::optional<std::string> public_key;
    std::int64_t pending = 0;
    std::int64_t missed = 0;
    std::int64_t count = 0;
    std::string delivery_id;

    friend constexpr auto describe(Reply*) {
        using schema::field;
        return schema::object<Reply>(
            "TestReply", field<&Reply::id>("id", {.defaulted = true}),
            field<&Reply::version>("version", {.defaulted = true}), field<&Reply::secret>("secret"),
            field<&Reply::public_key>("publicKey"), field<&Reply::pending>("pending", {.defaulted = true}),
            field<&Reply::missed>("missed", {.defaulted = true}), field<&Reply::count>("count", {.defaulted = true}),
            field<&Reply::delivery_id>("deliveryId", {.defaulted = true}));
    }
};

inline Reply read(const InjectedResponse& reply) {
    auto value = schema::parse<Reply>(reply.body, {.max_bytes = reply.body.size() + 1, .lenient = true});
    if (!value) throw std::runtime_error(reply.body);
    return *std::move(value);
}

class WebhooksTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(definition(), {},
                                     {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
                                      {"CLIENT_ALLOW_LOOPBACK", "true"},
                                      {"WEBHOOK_TIMEOUT_SECONDS", "1"},
                                      {"WEBHOOK_MAX_PENDING", "100"}});
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        viewer = member("viewer@duka.example", "viewer");
    }
    void SetUp() override {
        app->database().execute(
            "truncate webhook_attempts, webhook_deliveries, webhook_events, webhook_queues, webhook_secrets, "
            "webhook_endpoints, outbox_jobs, notifications cascade");
    }

    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }
    static base::Uuid tenant() { return *base::Uuid::from_string(text(body<Tenant>(get("/v1/tenant")).id)); }
    static db::Db tenant_db() {
        return db::tenant_db(app->host().databases(), tenant(), async::Loop::now() + std::chrono::seconds(30));
    }
    static Reply add(const std::string& url, std::string_view more = "", std::string_view types = R"(["*"])") {
        const auto reply = post("/v1/webhooks", fmt::format(R"({{"url":"{}","eventTypes":{}{}}})", url, types, more));
        EXPECT_EQ(reply.status, 201) << reply.body;
        return read(reply);
    }
    static void happen(std::string_view name = "Sugar") {
        const auto reply = post("/v1/products", fmt::format(R"({{"name":"{}"}})", name));
        EXPECT_EQ(reply.status, 201) << reply.body;
    }
    static void fan_out() { app->run(fan_out_events(tenant_db(), &app->app().outbox, 100)); }
    static void serve_among(bool is_fast, const std::string& id) {
        const WebhookEndpointId endpoint(*base::Uuid::from_string(id));
        app->run(app->host().services().use<WebhookSender>().serve(tenant_db(), endpoint, is_fast,
                                                                   std::make_shared<jobs::Cancellation>()));
    }
    static bool is_fast(const std::string& id) {
        return rows(fmt::format("select is_fast from webhook_queues where endpoint_id = '{}'", id)) == "t";
    }
    // Among those that it belongs to; and among the fast ones, when it has proved itself.
    static void serve(const std::string& id) {
        const bool was_fast = is_fast(id);
        serve_among(was_fast, id);
        if (!was_fast && is_fast(id)) serve_among(true, id);
    }
    static std::string jobs() {
        return rows(
            "select coalesce(string_agg(name, ' ' order by position), '') from outbox_jobs "
            "where name like 'webhooks.serve%'");
    }
    static void hasten() {
        app->database().execute(
            "update webhook_deliveries set next_attempt_at = now() where state = 'pending' "
            "and next_attempt_at is not null");
    }
    static std::string states() {
        return rows(
            "select string_agg(concat_ws(' ', event_type, state, attempts, last_outcome, last_status), ', ' "
            "order by position, endpoint_id) from webhook_deliveries");
    }
    static std::string queue(std::string_view columns = "concat_ws(' ', pending, missed, failing_since is not null)") {
        return rows(fmt::format("select {} from webhook_queues", columns));
    }
};

}  // namespace pos::webhooks_test
