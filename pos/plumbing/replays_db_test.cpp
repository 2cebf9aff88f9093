// What is asked again, several times at once: a finished request is answered to all of them, one that is under way to none.

#include <gmock/gmock.h>

#include "async/sync.h"
#include "pos/plumbing/idempotency.h"
#include "pos/testing/open_transaction.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

struct Request {
    std::string path;
    std::string json;
    std::string key;  // empty: the body has a clientRequestId
};

class ReplaysTest : public ShopTest {
protected:
    static http::InjectedRequest request_of(const Request& of) {
        http::InjectedRequest request{.method = http::Method::post, .target = of.path, .body = of.json};
        request.headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "application/json"}};
        if (!of.key.empty()) request.headers.emplace_back("Idempotency-Key", of.key);
        return request;
    }
    static InjectedResponse once(const Request& of) { return app->run(app->host().inject(request_of(of))); }
    static std::vector<InjectedResponse> three_at_once(const Request& of) {
        return app->run(all({request_of(of), request_of(of), request_of(of)}));
    }
    static async::Task<std::vector<InjectedResponse>> all(std::vector<http::InjectedRequest> requests) {
        std::vector<async::Task<InjectedResponse>> tasks;
        for (auto& request : requests) tasks.push_back(app->host().inject(std::move(request)));
        co_return co_await async::when_all(std::move(tasks));
    }
    static std::vector<Request> requests() {
        return {
            {"/v1/categories", R"({"name":"Dry goods"})", "category"},
            {"/v1/categories",
             fmt::format(R"({{"name":"Sugar","parentId":"{}"}})",
                         text(made<Category>(post("/v1/categories", R"({"name":"Staples"})")).id)),
             "category-below"},
            {"/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", location()), "device"},
            {"/v1/products/batch", R"({"items":[{"op":"create","data":{"name":"Salt"}}]})", "batch"},
            {"/v1/sales",
             fmt::format(
                 R"({{"clientRequestId":"0197f0c2-0000-7000-8000-000000000001","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
                 R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":5,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
                 R"("taxTotal":0,"total":5,"payments":[{{"method":"cash","amount":5,"tendered":5}}]}})",
                 location()),
             ""},
        };
    }
    // As begin_idempotent() takes it.
    static std::string lock_of(const std::string& path, const std::string& key) {
        const auto tenant = app->database().value(
            "select tenant_id from memberships m join users u on u.id = m.user_id "
            "where u.email = 'owner@duka.example'");
        const IdempotentRequest request{
            base::Uuid::from_string(tenant.value()).value(), "member", "POST " + path, key, {}};
        return fmt::format("select pg_advisory_xact_lock({})",
                           static_cast<std::int64_t>(base::stable_hash64(request.scope())));
    }
};

TEST_F(ReplaysTest, OfAFinishedRequestAreAnsweredAllAtOnce) {
    for (const auto& request : requests()) {
        const auto first = once(request);
        ASSERT_LT(first.status, 300) << request.path << ": " << first.body;
        for (const auto& again : three_at_once(request)) {
            EXPECT_EQ(again.status, first.status) << request.path << ": " << again.body;
            EXPECT_EQ(again.body, first.body) << request.path;
            EXPECT_EQ(again.header("Idempotent-Replayed"), "true") << request.path;
        }
    }
}

// Another instance is answering the same repetition, or is in the middle of the first request.
TEST_F(ReplaysTest, AKeyThatIsHeldElsewhereIsAnsweredWhenItsReplyIsThere) {
    const Request there{"/v1/categories", R"({"name":"Tea"})", "tea"};
    const Request missing{"/v1/categories", R"({"name":"Coffee"})", "coffee"};
    const Request batch{"/v1/products/batch", R"({"items":[{"op":"create","data":{"name":"Milk"}}]})", "milk"};
    const auto first = once(there);
    const auto first_batch = once(batch);
    const OpenTransaction holder(app->database().url(), lock_of(there.path, there.key));
    const OpenTransaction other_holder(app->database().url(), lock_of(missing.path, missing.key));
    const OpenTransaction batch_holder(app->database().url(), lock_of(batch.path, batch.key));
    EXPECT_EQ(once(there).body, first.body);
    EXPECT_EQ(once(batch).body, first_batch.body);
    const auto refused = once(missing);
    EXPECT_EQ(refused.status, 409) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("idempotency.in_progress"));
}

// … and another request under that key is told so, not sent the other one's reply.
TEST_F(ReplaysTest, AnotherRequestUnderAHeldKeyIsRefused) {
    const Request first{"/v1/categories", R"({"name":"Bread"})", "bread"};
    ASSERT_EQ(once(first).status, 201);
    const OpenTransaction holder(app->database().url(), lock_of(first.path, first.key));
    auto other = first;
    other.json = R"({"name":"Butter"})";
    const auto refused = once(other);
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("idempotency.key_reused"));
}

}  // namespace
