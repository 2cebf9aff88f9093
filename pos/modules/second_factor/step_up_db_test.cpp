// What asks whoever has a second factor for it again: with a session whose proof is old, a thief gets no further.

#include "pos/modules/second_factor/factor_for_test.h"

namespace {

using namespace pos::people_test;

struct Guarded {
    http::Method method;
    std::string_view target;
    std::string_view json;
    int after;  // what it answers once the factor was proved again; 0: what this service has no account for is refused by its own code
};

constexpr std::string_view missing = "0197f0c2-0000-7000-8000-000000000001";

// {role}, {member}, {invite}, {missing} stand for ids, {email} for an address that nobody has.
constexpr Guarded guarded[] = {
    {http::Method::post, "/v1/invites", R"({"email":"{email}","roleId":"{role}"})", 201},
    {http::Method::post, "/v1/invites/{invite}/resend", "", 200},
    {http::Method::post, "/v1/users",
     R"({"name":"Juma","email":"{email}","password":"kahawa-ya-asubuhi","roles":[{"roleId":"{role}"}]})", 201},
    {http::Method::patch, "/v1/users/{member}", R"({"roles":[{"roleId":"{role}"}]})", 200},
    {http::Method::patch, "/v1/users/{missing}", R"({"status":"active"})", 404},
    {http::Method::post, "/v1/payment-accounts", R"({"provider":"mpesa","name":"Till","credentials":{}})", 0},
    {http::Method::patch, "/v1/payment-accounts/{missing}", R"({"name":"Till"})", 404},
    {http::Method::del, "/v1/payment-accounts/{missing}", "", 404},
    {http::Method::post, "/v1/messaging/accounts", R"({"provider":"twilio","credentials":{}})", 422},
    {http::Method::del, "/v1/messaging/accounts?channel=sms", "", 404},
    {http::Method::post, "/v1/messaging/limit", R"({"dailyLimit":100})", 200},
    {http::Method::get, "/v1/payment-accounts/{missing}/callback-url", "", 404},
    {http::Method::post, "/v1/payouts",
     R"({"clientRequestId":"{missing}","amount":100000,"phone":"0712345678","reason":"Wages"})", 0},
    {http::Method::post, "/v1/payouts/{missing}/send-again", "", 404},
    {http::Method::post, "/v1/payouts/{missing}/resolve", R"({"outcome":"not_paid","note":"the portal says so"})", 404},
    {http::Method::post, "/v1/payment-intents/{missing}/reverse",
     R"({"clientRequestId":"{missing}","amount":1000,"reason":"Broken"})", 404},
    {http::Method::post, "/v1/payment-intents/{missing}/resolve", R"({"outcome":"not_paid","note":"she says so"})",
     404},
    {http::Method::post, "/v1/c2b-payments/{missing}/match", R"({"intentId":"{missing}"})", 404},
    {http::Method::post, "/v1/webhooks", R"({"url":"https://93.184.216.34/","eventTypes":["*"]})", 0},
    {http::Method::patch, "/v1/webhooks/{missing}", R"({"url":"https://93.184.216.34/"})", 404},
    {http::Method::post, "/v1/webhooks/{missing}/rotate-secret", "{}", 0},
    {http::Method::post, "/v1/subscription/cancel", "", 0},
};

class StepUpTest : public FactorTest {
protected:
    struct Shop {
        AppUser owner;
        std::string role;
        std::string member;
        std::string version;
        std::string invite;
    };
    // Of an owner with an app, whose first proof is just done.
    static Shop shop(AppUser owner) {
        const auto role_id = role(owner.session, "cashier");
        const auto member = body<pos::Member>(add_member(owner.session, email(), role_id));
        const auto invited = send(owner, http::Method::post, "/v1/invites",
                                  fmt::format(R"({{"email":"{}","roleId":"{}"}})", email(), role_id), "1");
        EXPECT_EQ(invited.status, 201) << invited.body;
        const auto at = invited.body.find(R"("id":")") + 6;
        return {std::move(owner), role_id, member.id.to_string(), std::to_string(member.version),
                invited.body.substr(at, invited.body.find('"', at) - at)};
    }
    static std::string filled(std::string_view text, const Shop& shop) {
        std::string made(text);
        const auto put = [&](std::string_view name, std::string_view value) {
            for (auto at = made.find(name); at != std::string::npos; at = made.find(name))
                made.replace(at, name.size(), value);
        };
        put("{role}", shop.role);
        put("{member}", shop.member);
        put("{invite}", shop.invite);
        put("{missing}", missing);
        put("{email}", email());
        return made;
    }
    static InjectedResponse send(const AppUser& by, http::Method method, std::string target, std::string json,
                                 const std::string& version) {
        std::vector<std::pair<std::string, std::string>> headers;
        // One key alone: where the body has one as well, they would have to be the same.
        if (!json.contains("clientRequestId"))
            headers.emplace_back("Idempotency-Key", fmt::format("step-up-{}", ++keys));
        if (method != http::Method::post) headers.emplace_back("If-Match", '"' + version + '"');
        return app->send(method, std::move(target), std::move(json), {.token = by.token(), .headers = headers});
    }
    static InjectedResponse send(const Shop& shop, const Guarded& one) {
        return send(shop.owner, one.method, filled(one.target, shop), filled(one.json, shop), shop.version);
    }
    static void renew_session(AppUser& person) {
        person.session = body<pos::SignedIn>(refresh(*person.session.credentials.refresh_token));
    }
    static AppUser staff(const AppUser& owner, std::string_view built_in) {
        AppUser person;
        person.email = email();
        EXPECT_EQ(add_member(owner.session, person.email, role(owner.session, built_in)).status, 201);
        prove_email(person.email);
        person.session = login(person.email);
        return person;
    }
};

TEST_F(StepUpTest, AnOldProofGivesNoRolesMovesNoMoneyAndSendsNothingElsewhere) {
    auto duka = shop(set_up());
    clock->advance(15min + 1s);
    renew_session(duka.owner);
    for (const auto& one : guarded) {
        const auto reply = send(duka, one);
        EXPECT_EQ(reply.status, 403) << one.target << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.step_up_needed")) << one.target;
    }
    EXPECT_EQ(ask(duka.owner, "/v1/auth/totp/step-up", fmt::format("{{{}}}", code(next_code(duka.owner)))).status, 204);
    for (const auto& one : guarded) {
        const auto reply = send(duka, one);
        EXPECT_THAT(reply.body, Not(HasSubstr("auth.step_up_needed"))) << one.target;
        if (one.after != 0) {
            EXPECT_EQ(reply.status, one.after) << one.target << reply.body;
        }
    }
}

TEST_F(StepUpTest, WhoHasNoFactorIsNotAsked) {
    auto duka = shop(someone());
    clock->advance(20min);
    renew_session(duka.owner);
    for (const auto& one : guarded)
        EXPECT_THAT(send(duka, one).body, Not(HasSubstr("auth.step_up_needed"))) << one.target;
}

// What moves nobody's rights is not asked for.
TEST_F(StepUpTest, AMembersPlaceIsChangedWithoutIt) {
    auto duka = shop(set_up());
    clock->advance(20min);
    renew_session(duka.owner);
    const auto reply = send(duka.owner, http::Method::patch, "/v1/users/" + duka.member,
                            R"({"defaultLocationId":null})", duka.version);
    EXPECT_EQ(reply.status, 200) << reply.body;
}

// … nor for what takes nothing to a new place.
TEST_F(StepUpTest, AWebhookIsSwitchedOffWithoutIt) {
    auto duka = shop(set_up());
    clock->advance(20min);
    renew_session(duka.owner);
    const auto reply =
        send(duka.owner, http::Method::patch, fmt::format("/v1/webhooks/{}", missing), R"({"enabled":false})", "1");
    EXPECT_EQ(reply.status, 404) << reply.body;
}

// A refund goes back to whoever paid: the manager at a till, who signed in in the morning, gives it.
TEST_F(StepUpTest, ARefundIsGivenWithoutIt) {
    auto duka = shop(set_up());
    clock->advance(20min);
    renew_session(duka.owner);
    const auto reply = send(duka.owner, http::Method::post, fmt::format("/v1/payment-intents/{}/refund", missing),
                            fmt::format(R"({{"clientRequestId":"{}","amount":1000,"reason":"Broken"}})", missing), "");
    EXPECT_EQ(reply.status, 404) << reply.body;
}

// However they became an administrator.
TEST_F(StepUpTest, WhoHasNoFactorTakesNobodysAway) {
    const auto owner = set_up();
    auto second = staff(owner, "owner");
    auto cashier = staff(owner, "cashier");
    const auto reset = [&](const AppUser& by, const AppUser& of) {
        return ask(by, fmt::format("/v1/users/{}/totp/reset", of.session.user.id.to_string()), "");
    };
    EXPECT_THAT(reset(second, cashier).body, HasSubstr("totp.off")) << "there is none to take away";
    enable(cashier);
    for (const AppUser* of : std::initializer_list<const AppUser*>{&owner, &cashier}) {
        const auto reply = reset(second, *of);
        EXPECT_EQ(reply.status, 403) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.second_factor_needed"));
    }
    EXPECT_EQ(me(owner.session), 200);
    enable(second);
    EXPECT_EQ(reset(second, cashier).status, 204);
}

}  // namespace
