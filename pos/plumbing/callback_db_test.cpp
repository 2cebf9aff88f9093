// A webhook: its bytes as they were sent, its signature, then its tenant; the handler sees that tenant's rows alone.
#include "auth/callback.h"

#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/strings.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

struct Account {
    base::Uuid tenant_id;
    std::string secret;

    friend constexpr auto describe(Account*) {
        return schema::object<Account>("Account", schema::field<&Account::tenant_id>("tenantId"),
                                       schema::field<&Account::secret>("secret"));
    }
};
constexpr db::UnverifiedQuery<Account(base::Uuid)> account_of{
    {"test.account", "select id as tenant_id, name || '!' as secret from tenants where id = $1"}};
constexpr db::Query<std::int64_t()> categories{
    {"test.categories", "select count(*) as rows from categories where tenant_id = $1"}};

struct Seen {
    base::Uuid tenant_id;
    std::int64_t bytes = 0;
    std::int64_t categories = 0;

    friend constexpr auto describe(Seen*) {
        return schema::object<Seen>("Seen", schema::field<&Seen::tenant_id>("tenantId"),
                                    schema::field<&Seen::bytes>("bytes"),
                                    schema::field<&Seen::categories>("categories"));
    }
};

std::string signature(std::string_view secret, std::string_view bytes) {
    return base::hex_encode(base::as_chars(base::hmac_sha256(secret, bytes)));
}

async::Task<base::Uuid> verify(auth::UnverifiedCallback sent) {
    const auto id = base::Uuid::from_string(sent.param("account"));
    if (!id) auth::refuse_callback();
    const auto account = co_await sent.db().one(account_of, *id);
    if (!account) auth::refuse_callback();
    const auto given = sent.header("X-Signature").value_or("");
    if (!base::constant_time_equal(given, signature(account->secret, sent.bytes()))) auth::refuse_callback();
    co_return account->tenant_id;
}

int handled = 0;

async::Task<Seen> receive(auth::Callback<verify, 200> callback) {
    ++handled;
    co_return Seen{callback.tenant(), std::ssize(callback.bytes()), co_await callback.db().only(categories)};
}

app::Definition with_callback() {
    auto service = definition();
    service.modules.push_back(
        {.name = "callbacks", .statements = db::statements(account_of, categories), .routes = [](http::Routes routes) {
             routes.post("/callbacks/test/{account}", receive, {.id = "receiveTest"});
         }});
    return service;
}

class CallbackTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(with_callback());
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        EXPECT_EQ(post("/v1/categories", R"({"name":"Dry goods"})").status, 201);
    }
    void SetUp() override { handled = 0; }

    static std::string tenant(const std::string& token) { return text(body<Tenant>(get("/v1/tenant", token)).id); }
    static InjectedResponse call(const std::string& account, std::string bytes, const std::string& signed_as) {
        return post("/v1/callbacks/test/" + account, std::move(bytes), "", {{"X-Signature", signed_as}});
    }
    static constexpr std::string_view secret = "Duka la Amani!";
};

TEST_F(CallbackTest, WhatIsSignedIsTheTenants) {
    const std::string bytes = R"({ "paid" : true,  "paid":1 })";
    for (const auto& token : {owner, other}) {
        const auto reply = call(tenant(token), bytes, signature(secret, bytes));
        EXPECT_EQ(reply.status, 200) << reply.body;
        const auto seen = body<Seen>(reply);
        EXPECT_EQ(seen.tenant_id.to_string(), tenant(token));
        EXPECT_EQ(seen.bytes, std::ssize(bytes));
        EXPECT_EQ(seen.categories, token == owner ? 1 : 0);
    }
}

TEST_F(CallbackTest, TheBytesAreThoseThatWereSent) {
    for (const std::string& bytes : {std::string(), std::string("\0\xff\r\n\t not JSON", 14), std::string(200, ' ')}) {
        const auto reply = call(tenant(owner), bytes, signature(secret, bytes));
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_EQ(body<Seen>(reply).bytes, std::ssize(bytes));
    }
}

TEST_F(CallbackTest, WhoCannotProveThemselvesAreRefusedAlike) {
    const std::string bytes = R"({"paid":true})";
    const auto good = signature(secret, bytes);
    const std::string unknown = "0197f0c2-0000-7000-8000-00000000dead";
    for (const auto& reply :
         {call(tenant(owner), R"({"paid":tru3})", good), call(tenant(owner), bytes, ""), call(unknown, bytes, good),
          call("nobody", bytes, good), call(tenant(owner), bytes, signature("another secret", bytes))}) {
        EXPECT_EQ(reply.status, 403) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.callback_refused"));
        EXPECT_THAT(reply.body, HasSubstr(R"("retriable":false,"action":"contact")"));
    }
    EXPECT_EQ(handled, 0);
}

TEST_F(CallbackTest, MoreThanTheLimitIsNotRead) {
    const std::string bytes(201, ' ');
    const auto reply = call(tenant(owner), bytes, signature(secret, bytes));
    EXPECT_EQ(reply.status, 413) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("http.body_too_large"));
    EXPECT_EQ(handled, 0);
}

// A caller's token neither helps nor harms: the tenant is the callback's.
TEST_F(CallbackTest, TheTenantIsTheCallbacksAndNotTheTokens) {
    const auto target = "/v1/callbacks/test/" + tenant(other);
    EXPECT_EQ(post(target, "x", owner, {{"X-Signature", "wrong"}}).status, 403);
    const auto reply = post(target, "x", owner, {{"X-Signature", signature(secret, "x")}});
    EXPECT_EQ(body<Seen>(reply).tenant_id.to_string(), tenant(other));
}

}  // namespace
