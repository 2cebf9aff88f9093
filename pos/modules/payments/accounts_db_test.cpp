// A shop's accounts at providers: typed in once, and never read back.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "pos/testing/payments.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;

class PaymentAccountsTest : public PaymentsTest {};

TEST_F(PaymentAccountsTest, Endpoints) {
    const Headers key{{"Idempotency-Key", next_id()}};
    check({
        {"add", "POST", "/v1/payment-accounts",
         R"({"provider":"mpesa","name":"Westlands","credentials":{"shortCode":"600123","passkey":"hush"}})", owner, 201,
         R"("shown":"600123")", "account", key},
        {"add again", "POST", "/v1/payment-accounts",
         R"({"provider":"mpesa","name":"Westlands","credentials":{"shortCode":"600123","passkey":"hush"}})", owner, 201,
         "{account}", "", key},
        {"another passkey is another request", "POST", "/v1/payment-accounts",
         R"({"provider":"mpesa","name":"Westlands","credentials":{"shortCode":"600123","passkey":"loud"}})", owner, 422,
         "idempotency.key_reused", "", key},
        {"the same once more", "POST", "/v1/payment-accounts",
         R"({"provider":"mpesa","name":"Again","credentials":{"shortCode":"600123"}})", owner, 409,
         "payment.account_exists"},
        {"of nobody", "POST", "/v1/payment-accounts", R"({"provider":"paypal","name":"x","credentials":{}})", owner,
         422, R"("pointer":"/provider")"},
        {"pasted with blanks", "POST", "/v1/payment-accounts",
         R"({"provider":"mpesa","name":"x","credentials":{"shortCode":" 600124\n","passkey":"\thush "}})", owner, 201,
         R"("shown":"600124")"},
        {"no object", "POST", "/v1/payment-accounts", R"({"provider":"mpesa","name":"x","credentials":"k"})", owner,
         422, "/credentials"},
        {"list", "GET", "/v1/payment-accounts", "", owner, 200, "Westlands"},
        {"show", "GET", "/v1/payment-accounts/{account}", "", owner, 200, "600123"},
        {"rename", "PATCH", "/v1/payment-accounts/{account}", R"({"name":"Kilimani"})", owner, 200, "Kilimani"},
        {"other credentials", "PATCH", "/v1/payment-accounts/{account}", R"({"credentials":{"shortCode":"700123"}})",
         owner, 200, "700123"},
        {"register", "POST", "/v1/payment-accounts/{account}/register-callbacks", "", owner, 200,
         R"("callbacksRegisteredAt":"20)"},
        {"callback URL", "GET", "/v1/payment-accounts/{account}/callback-url", "", owner, 200, "/v1/callbacks/m/"},
        {"a viewer has none", "GET", "/v1/payment-accounts/{account}/callback-url", "", viewer, 403},
        {"not another's", "GET", "/v1/payment-accounts/{account}", "", other, 404},
        {"not another's to change", "PATCH", "/v1/payment-accounts/{account}", R"({"name":"x"})", other, 404},
        {"not another's URL", "GET", "/v1/payment-accounts/{account}/callback-url", "", other, 404},
        {"not another's to register", "POST", "/v1/payment-accounts/{account}/register-callbacks", "", other, 404},
        {"not another's to delete", "DELETE", "/v1/payment-accounts/{account}", "", other, 404},
        {"delete", "DELETE", "/v1/payment-accounts/{account}", "", owner, 204},
        {"gone", "GET", "/v1/payment-accounts/{account}", "", owner, 404},
        {"may be added anew", "POST", "/v1/payment-accounts",
         R"({"provider":"mpesa","name":"Again","credentials":{"shortCode":"700123"}})", owner, 201},
    });
}

TEST_F(PaymentAccountsTest, CredentialsAreInNoReplyAndInNoRow) {
    const auto reply = get("/v1/payment-accounts/" + account);
    EXPECT_THAT(reply.body, Not(HasSubstr("s3cret-")));
    EXPECT_THAT(reply.body, Not(HasSubstr("redentials\":")));
    const auto url = member_in(get("/v1/payment-accounts/" + account + "/callback-url").body, "url");
    const auto token = url.substr(url.rfind('/') + 1);
    EXPECT_EQ(token.size(), 32U);
    EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos);
    for (const auto* table : {"payment_accounts", "idempotency_keys", "outbox_jobs", "change_pointers"}) {
        const auto all = rows(fmt::format("select coalesce(string_agg(t::text, ' '), '') from {} t", table));
        EXPECT_THAT(all, Not(HasSubstr("s3cret-"))) << table;
        EXPECT_THAT(all, Not(HasSubstr(token))) << table;
    }
    EXPECT_EQ(rows("select count(*) from payment_accounts where encode(credentials, 'escape') like '%s3cret-%'"), "0");
}

// Typed in, or come with a copy of production's database.
TEST_F(PaymentAccountsTest, KeysThatMoveMoneyAreNotUsedOutsideOfProduction) {
    const auto intent = start(order(10'000, next_id()));
    const auto asked = mpesa->queries;
    mpesa->live = true;
    const auto typed = post("/v1/payment-accounts",
                            R"({"provider":"mpesa","name":"x","credentials":{"shortCode":"600777","passkey":"p"}})");
    EXPECT_EQ(typed.status, 422);
    EXPECT_THAT(typed.body, HasSubstr("payment.live_credentials"));
    EXPECT_THAT(typed.body, HasSubstr(R"("pointer":"/credentials")"));
    EXPECT_EQ(patch("/v1/payment-accounts/" + account, R"({"credentials":{"shortCode":"600778"}})", 1).status, 422);
    const auto started = mpesa->started.size();
    const auto refused = post("/v1/payment-intents", order(20'000, next_id()));
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.body, HasSubstr("payment.live_credentials"));
    EXPECT_EQ(mpesa->started.size(), started);
    EXPECT_EQ(post(path(intent) + "/query", "").status, 200);
    EXPECT_EQ(mpesa->queries, asked) << "nor is anybody asked by them";
    EXPECT_EQ(state(intent), "pending");
    mpesa->live = false;
    EXPECT_EQ(post(path(intent) + "/query", "").status, 200);
    EXPECT_EQ(mpesa->queries, asked + 1);
}

TEST_F(PaymentAccountsTest, ARefusalToRegisterSaysWhy) {
    mpesa->register_finding = ::payments::Finding::refused;
    const auto reply = post("/v1/payment-accounts/" + account + "/register-callbacks", "");
    EXPECT_EQ(reply.status, 422);
    EXPECT_THAT(reply.body, HasSubstr("payment.register_refused"));
    EXPECT_EQ(rows("select count(*) from payment_accounts where callbacks_registered_at is not null"), "0");
}

TEST_F(PaymentAccountsTest, ADeletedAccountsPaymentsAreFollowedToTheirEnd) {
    const auto intent = start(order(10'000, next_id()));
    const auto row = body<PaymentAccount>(get("/v1/payment-accounts/" + account));
    EXPECT_EQ(del("/v1/payment-accounts/" + account, row.meta.version).status, 204);
    EXPECT_EQ(post(path(intent) + "/query", "").status, 200);
    EXPECT_EQ(mpesa->queries, 1);
}

// Keys are changed by saving each account once; and what no key opens is typed in again.
TEST_F(PaymentAccountsTest, AreSealedAnewWhenTheyAreSaved) {
    base::SecureRandom random;
    const auto keys_of = [&](const std::string& ring) {
        return PaymentKeys(*auth::CredentialKeys::parse(ring, random), random);
    };
    const std::string old_key = "old:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    const std::string new_key = "new:MTEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    const auto tenant = base::Uuid::from_string(rows("select tenant_id from payment_accounts limit 1")).value();
    const auto old_keys = keys_of(old_key);
    PaymentAccount row;
    row.id = PaymentAccountId(*base::Uuid::from_string(account));
    row.credentials = old_keys.seal_credentials(tenant, row.id, "{}");
    auto token = old_keys.new_callback_token(tenant, row.id);
    row.callback_token = token.sealed;
    row.callback_token_hash = token.hash;
    const auto both_keys = keys_of(new_key + ',' + old_key);
    EXPECT_EQ(both_keys.sealed(tenant, row), PaymentKeys::Sealed::by_another_key);
    both_keys.reseal(tenant, row);
    EXPECT_EQ(both_keys.sealed(tenant, row), PaymentKeys::Sealed::by_first_key);
    const auto new_keys = keys_of(new_key);
    EXPECT_EQ(new_keys.credentials_of(tenant, row), "{}");
    EXPECT_EQ(new_keys.callback_token_of(tenant, row), token.text);
    EXPECT_THROW(std::ignore = old_keys.credentials_of(tenant, row), base::Failure);
    EXPECT_EQ(old_keys.sealed(tenant, row), PaymentKeys::Sealed::lost);
    const auto unread = row.credentials->value;
    old_keys.reseal(tenant, row);
    EXPECT_EQ(row.credentials->value, unread) << "the key may come back";
    row.credentials = old_keys.seal_credentials(tenant, row.id, "{}");
    EXPECT_NE(old_keys.callback_token_of(tenant, row), token.text);
    EXPECT_EQ(row.former_token_hash->value, token.hash.value) << "the provider calls where it was told to";
}

// With the real providers, which know their own members alone. Nobody is called.
class RealProvidersTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(definition());
        owner = sign_up("owner@duka.example");
    }
    void SetUp() override { app->database().execute("truncate payment_accounts cascade"); }

    using Members = std::vector<std::pair<std::string_view, std::string_view>>;
    static InjectedResponse add(std::string_view provider, const Members& members) {
        std::string credentials;
        for (const auto& [name, value] : members)
            credentials += fmt::format(R"({}"{}":{})", credentials.empty() ? "" : ",", name, value);
        return post("/v1/payment-accounts",
                    fmt::format(R"({{"provider":"{}","name":"Till","credentials":{{{}}}}})", provider, credentials));
    }
    static const std::map<std::string_view, Members>& own_members() {
        static const std::map<std::string_view, Members> all{
            {"mpesa",
             {{"environment", R"("sandbox")"},
              {"kind", R"("paybill")"},
              {"shortCode", R"("174379")"},
              {"consumerKey", R"("key")"},
              {"consumerSecret", R"("secret")"},
              {"passkey", R"("passkey")"}}},
            {"stripe",
             {{"secretKey", R"("sk_test_0123456789abcdef")"},
              {"webhookSecrets", R"(["whsec_0123456789abcdef"])"},
              {"publishableKey", R"("pk_test_0123456789abcdef")"}}},
            {"flutterwave",
             {{"secretKey", R"("FLWSECK_TEST-0123456789abcdef-X")"},
              {"secretHashes", R"(["hash-of-the-tests-0"])"},
              {"email", R"("shop@duka.example")"}}},
            {"paystack", {{"secretKey", R"("sk_test_0123456789abcdef")"}, {"email", R"("shop@duka.example")"}}},
            {"pesapal",
             {{"environment", R"("sandbox")"}, {"consumerKey", R"("key")"}, {"consumerSecret", R"("secret")"}}}};
        return all;
    }
};

TEST_F(RealProvidersTest, TakeTheirOwnMembersAndNoOthers) {
    for (const auto& [provider, members] : own_members()) {
        const auto added = add(provider, members);
        EXPECT_EQ(added.status, 201) << provider << added.body;
        // A form sends all that it has: what is null was not typed in.
        app->database().execute("truncate payment_accounts cascade");
        auto with_nulls = members;
        for (const auto& [_, others] : own_members())
            for (const auto& [name, value] : others) {
                const auto has = [&](const auto& member) { return member.first == name; };
                if (std::ranges::none_of(with_nulls, has)) with_nulls.emplace_back(name, "null");
            }
        EXPECT_GT(with_nulls.size(), members.size());
        const auto again = add(provider, with_nulls);
        EXPECT_EQ(again.status, 201) << provider << again.body;
        auto with_foreign = members;
        with_foreign.emplace_back("nominatedNumber", R"("254712345678")");
        if (provider != "mpesa") {
            const auto refused = add(provider, with_foreign);
            EXPECT_EQ(refused.status, 422) << provider << refused.body;
            EXPECT_THAT(refused.body, HasSubstr("/credentials/nominatedNumber")) << provider;
        }
    }
}

}  // namespace
