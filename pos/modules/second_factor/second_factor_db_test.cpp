// Setting a second factor up, signing in with it, and what it guards.

#include "base/strings.h"
#include "pos/modules/second_factor/factor_for_test.h"

namespace {

using namespace pos::people_test;

class SecondFactorTest : public FactorTest {
protected:
    static std::string state(const AppUser& person) {
        return app->get("/v1/auth/totp", {.token = person.token()}).body;
    }
    // Their tokens live for ten minutes.
    static void renew_session(AppUser& person) {
        person.session = body<pos::SignedIn>(refresh(*person.session.credentials.refresh_token));
    }
};

TEST_F(SecondFactorTest, IsSetUpWithACodeOfTheApp) {
    auto person = someone();
    const auto elsewhere = login(person.email);
    EXPECT_THAT(state(person), HasSubstr(R"("enabled":false)"));
    EXPECT_THAT(ask(person, "/v1/auth/totp/confirm", R"({"code":"000000"})").body, HasSubstr("totp.not_begun"));
    EXPECT_EQ(ask(person, "/v1/auth/totp", R"({"password":"not-the-password"})").status, 401);

    const auto reply = ask(person, "/v1/auth/totp", fmt::format(R"({{"password":"{}"}})", password));
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.header("Cache-Control"), "no-store");
    const auto begun = body<pos::TotpSecret>(reply);
    EXPECT_THAT(begun.uri, HasSubstr("otpauth://totp/Point%20of%20sale:person"));
    EXPECT_THAT(begun.uri, HasSubstr("secret=" + begun.secret));
    person.secret = read_base32(begun.secret);
    EXPECT_THAT(ask(person, "/v1/auth/totp/confirm", fmt::format("{{{}}}", code(wrong_code(person)))).body,
                HasSubstr("auth.code_wrong"));
    EXPECT_EQ(login(person.email).user.email, person.email) << "nothing is asked for before it is confirmed";

    const auto digits = code_at(person, 0);
    const auto confirmed = ask(person, "/v1/auth/totp/confirm",
                               fmt::format(R"({{"code":"{} {}"}})", digits.substr(0, 3), digits.substr(3)));
    ASSERT_EQ(confirmed.status, 200) << confirmed.body;
    EXPECT_EQ(body<pos::RecoveryCodes>(confirmed).recovery_codes.size(), 10U);
    EXPECT_THAT(state(person), HasSubstr(R"("enabled":true)"));
    EXPECT_THAT(state(person), HasSubstr(R"("recoveryCodesLeft":10)"));
    EXPECT_EQ(me(person.session), 200);
    expect_ended(elsewhere);
    EXPECT_EQ(sessions_of(person), "1");
    EXPECT_THAT(ask(person, "/v1/auth/totp", fmt::format(R"({{"password":"{}"}})", password)).body,
                HasSubstr("totp.enabled"));
    EXPECT_EQ(*app->database().value("select count(*) from second_factors where position('" + begun.secret +
                                     "' in encode(secret, 'escape')) > 0"),
              "0");
}

// Else whoever registers somebody else's address would keep its owner out for good.
TEST_F(SecondFactorTest, NeedsAProvenAddress) {
    AppUser person;
    person.email = email();
    person.session = sign_up(person.email);
    EXPECT_THAT(ask(person, "/v1/auth/totp", fmt::format(R"({{"password":"{}"}})", password)).body,
                HasSubstr("auth.email_unproven"));
    prove_email(person.email);
    begin(person);
    // … also when it is not proven any more at the end.
    app->database().execute(fmt::format("update users set email_verified_at = null where email = '{}'", person.email));
    EXPECT_EQ(ask(person, "/v1/auth/totp/confirm", fmt::format("{{{}}}", code(code_at(person, 0)))).status, 409);
    EXPECT_EQ(login(person.email).user.email, person.email);
}

TEST_F(SecondFactorTest, ASetupWaitsForAnHour) {
    auto person = someone();
    begin(person);
    clock->advance(59min);
    renew_session(person);
    const auto first = person.secret;
    begin(person);
    EXPECT_NE(person.secret, first);
    AppUser with_the_first = person;
    with_the_first.secret = first;
    EXPECT_EQ(ask(person, "/v1/auth/totp/confirm", fmt::format("{{{}}}", code(code_at(with_the_first, 0)))).status,
              422);
    clock->advance(60min);
    renew_session(person);
    EXPECT_THAT(ask(person, "/v1/auth/totp/confirm", fmt::format("{{{}}}", code(code_at(person, 0)))).body,
                HasSubstr("totp.not_begun"));
}

TEST_F(SecondFactorTest, SignsInInTwoSteps) {
    const auto person = set_up();
    const auto asked = challenge(person);
    EXPECT_THAT(second_step(asked, code(code_at(person, 0))).body, HasSubstr("auth.code_used"))
        << "the code that it was set up with";
    EXPECT_THAT(second_step(asked, code(wrong_code(person))).body, HasSubstr("auth.code_wrong"));
    const auto digits = next_code(person);
    const auto reply = second_step(asked, code(digits));
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto session = body<pos::SignedIn>(reply);
    EXPECT_EQ(session.user.email, person.email);
    EXPECT_EQ(me(session), 200);
    EXPECT_EQ(refresh(*session.credentials.refresh_token).status, 200);
    // Neither the same code, nor an older one that nobody has used.
    EXPECT_THAT(second_step(asked, code(digits)).body, HasSubstr("auth.code_used"));
    EXPECT_THAT(log_in(person, code(code_at(person, -1))).body, HasSubstr("auth.code_used"));
    EXPECT_EQ(log_in(person, code(code_at(person, 1))).status, 200) << "a phone that is fast by a step";
    EXPECT_THAT(log_in(person, code(code_at(person, 1))).body, HasSubstr("auth.code_used"));
    EXPECT_THAT(log_in(person, code(code_at(person, 2))).body, HasSubstr("auth.code_wrong"));
}

TEST_F(SecondFactorTest, ACookieTakesTheSameTwoSteps) {
    const auto person = set_up();
    const auto first = post("/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}","session":"cookie"}})",
                                                          person.email, password));
    EXPECT_EQ(first.status, 401);
    EXPECT_EQ(first.header("Set-Cookie"), std::nullopt);
    const auto asked = challenge(person, R"(,"session":"cookie")");
    const auto stranger =
        second_step(asked, code(next_code(person)), {.headers = {{"Origin", "https://evil.example"}}});
    EXPECT_EQ(stranger.status, 403) << stranger.body;
    const auto reply = second_step(asked, code(code_at(person, 0)));
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.header("Set-Cookie").value_or(""), HasSubstr("sid="));
    EXPECT_FALSE(body<pos::SignedIn>(reply).credentials.access_token);
}

TEST_F(SecondFactorTest, AChallengeEndsWithItsTimeAndItsPassword) {
    auto person = set_up();
    const auto late = challenge(person);
    clock->advance(4min + 59s);
    EXPECT_EQ(second_step(late, code(code_at(person, 0))).status, 200);
    clock->advance(1s);
    EXPECT_THAT(second_step(late, code(next_code(person))).body, HasSubstr("auth.challenge_dead"));
    auto altered = challenge(person);
    altered[10] = altered[10] == 'A' ? 'B' : 'A';
    EXPECT_THAT(second_step(altered, code(next_code(person))).body, HasSubstr("auth.challenge_dead"));

    const auto before = challenge(person);
    renew_session(person);
    const auto changed = ask(person, "/v1/auth/password/change",
                             fmt::format(R"({{"currentPassword":"{}","newPassword":"chai-ya-tangawizi"}})", password));
    ASSERT_EQ(changed.status, 204) << changed.body;
    EXPECT_THAT(second_step(before, code(next_code(person))).body, HasSubstr("auth.challenge_dead"));
    EXPECT_EQ(second_step(challenge(person, "", "chai-ya-tangawizi"), code(next_code(person))).status, 200);
    const auto disabled = challenge(person, "", "chai-ya-tangawizi");
    app->database().execute(fmt::format("update users set disabled_at = now() where email = '{}'", person.email));
    EXPECT_THAT(second_step(disabled, code(next_code(person))).body, HasSubstr("auth.challenge_dead"));
}

TEST_F(SecondFactorTest, ARecoveryCodeTakesThePlaceOfACodeOnce) {
    const auto person = set_up();
    const auto& first = person.recovery_codes.front();
    EXPECT_EQ(log_in(person, fmt::format(R"("recoveryCode":"{}")", first)).status, 200);
    EXPECT_THAT(log_in(person, fmt::format(R"("recoveryCode":"{}")", first)).body, HasSubstr("auth.code_wrong"));
    auto typed = base::ascii_lower(person.recovery_codes.at(1));
    std::erase(typed, '-');
    EXPECT_EQ(log_in(person, fmt::format(R"("recoveryCode":"{}")", typed)).status, 200);
    EXPECT_THAT(state(person), HasSubstr(R"("recoveryCodesLeft":8)"));
    EXPECT_EQ(log_in(person, R"("recoveryCode":"123456")").status, 422);
    EXPECT_EQ(log_in(person, fmt::format(R"({},"recoveryCode":"{}")", code(code_at(person, 1)), first)).status, 422)
        << "one of the two";

    const auto renewed = ask(person, "/v1/auth/totp/recovery-codes", fmt::format("{{{}}}", code(next_code(person))));
    ASSERT_EQ(renewed.status, 200) << renewed.body;
    EXPECT_EQ(log_in(person, fmt::format(R"("recoveryCode":"{}")", person.recovery_codes.at(2))).status, 422);
    EXPECT_EQ(
        log_in(person, fmt::format(R"("recoveryCode":"{}")", body<pos::RecoveryCodes>(renewed).recovery_codes.at(2)))
            .status,
        200);
}

TEST_F(SecondFactorTest, IsTurnedOffByPasswordAndCode) {
    const auto person = set_up();
    const auto off = [&](std::string_view secret, const std::string& given) {
        return ask(person, "/v1/auth/totp/disable", fmt::format(R"({{"password":"{}",{}}})", secret, given));
    };
    EXPECT_EQ(off(password, code(wrong_code(person))).status, 422);
    EXPECT_EQ(off("not-the-password", code(next_code(person))).status, 401);
    const auto waiting = challenge(person);
    EXPECT_EQ(off(password, code(next_code(person))).status, 204);
    EXPECT_EQ(me(person.session), 200);
    EXPECT_THAT(second_step(waiting, code(next_code(person))).body, HasSubstr("auth.challenge_dead"));
    EXPECT_EQ(login(person.email).user.email, person.email);
    EXPECT_THAT(off(password, code(next_code(person))).body, HasSubstr("totp.off"));
    EXPECT_EQ(*app->database().value(fmt::format("select count(*) from recovery_codes c join users u on u.id = "
                                                 "c.user_id where u.email = '{}'",
                                                 person.email)),
              "0");
}

// ---- What asks for it again -----------------------------------------------------------------------------------------

TEST_F(SecondFactorTest, APasswordIsChangedByWhoHasProvedItLately) {
    auto person = set_up();
    const auto change = [&] {
        return ask(person, "/v1/auth/password/change",
                   fmt::format(R"({{"currentPassword":"{0}","newPassword":"{0}"}})", password));
    };
    EXPECT_EQ(change().status, 204) << "it was set up just now";
    clock->advance(15min + 1s);
    renew_session(person);
    EXPECT_THAT(change().body, HasSubstr("auth.step_up_needed"));
    EXPECT_EQ(ask(person, "/v1/auth/totp/step-up", fmt::format("{{{}}}", code(wrong_code(person)))).status, 422);
    EXPECT_THAT(change().body, HasSubstr("auth.step_up_needed"));
    EXPECT_EQ(ask(person, "/v1/auth/totp/step-up", fmt::format("{{{}}}", code(next_code(person)))).status, 204);
    EXPECT_EQ(change().status, 204);
    // Who has none is asked for none.
    auto other = someone();
    EXPECT_THAT(ask(other, "/v1/auth/totp/step-up", R"({"code":"000000"})").body, HasSubstr("totp.off"));
    clock->advance(16min);
    renew_session(other);
    EXPECT_EQ(ask(other, "/v1/auth/password/change",
                  fmt::format(R"({{"currentPassword":"{0}","newPassword":"{0}"}})", password))
                  .status,
              204);
}

// Signing up once more is a way to a session as well.
TEST_F(SecondFactorTest, AFurtherTenantIsAddedByWhoIsSignedIn) {
    const auto person = set_up();
    const auto other = set_up();
    const auto sign_up_again = [&](const std::string& token) {
        std::vector<std::pair<std::string, std::string>> headers{{"Idempotency-Key", fmt::format("again-{}", ++keys)}};
        if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
        return post("/v1/tenants", sign_up_json(person.email), {.headers = std::move(headers)});
    };
    EXPECT_THAT(sign_up_again("").body, HasSubstr("auth.second_factor_required"));
    EXPECT_THAT(sign_up_again(other.token()).body, HasSubstr("auth.second_factor_required"));
    const auto reply = sign_up_again(person.token());
    ASSERT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(me(body<pos::SignedIn>(reply)), 200);
}

// ---- Other people's -------------------------------------------------------------------------------------------------

class ResetTest : public SecondFactorTest {
protected:
    // A member of the owner's tenant, with a second factor.
    static AppUser staff(const AppUser& owner, std::string_view built_in) {
        AppUser person;
        person.email = email();
        EXPECT_EQ(add_member(owner.session, person.email, role(owner.session, built_in)).status, 201);
        prove_email(person.email);
        person.session = login(person.email);
        enable(person);
        return person;
    }
    static InjectedResponse reset(const AppUser& by, const AppUser& of) {
        return ask(by, fmt::format("/v1/users/{}/totp/reset", of.session.user.id.to_string()), "");
    }
};

TEST_F(ResetTest, AnAdministratorTakesALostOneAwayWithAllSessions) {
    const auto owner = set_up();
    const auto cashier = staff(owner, "cashier");
    const auto second = body<pos::SignedIn>(log_in(cashier, code(next_code(cashier))));
    EXPECT_EQ(sessions_of(cashier), "2");
    const auto reply = reset(owner, cashier);
    EXPECT_EQ(reply.status, 204) << reply.body;
    EXPECT_EQ(sessions_of(cashier), "0");
    expect_ended(cashier.session);
    expect_ended(second);
    EXPECT_EQ(refresh(*second.credentials.refresh_token).status, 401);
    EXPECT_EQ(login(cashier.email).user.email, cashier.email) << "by the password alone";
    EXPECT_THAT(reset(owner, cashier).body, HasSubstr("totp.off"));
    EXPECT_EQ(*app->database().value(fmt::format("select count(*) from audit_events where action = 'totp.reset' and "
                                                 "subject_id = '{}'",
                                                 cashier.session.user.id.to_string())),
              "1");
}

TEST_F(ResetTest, IsForWhoMayGiveTheirRoles) {
    const auto owner = set_up();
    const auto manager = staff(owner, "manager");
    const auto cashier = staff(owner, "cashier");
    const auto stranger = set_up();
    EXPECT_EQ(reset(cashier, manager).status, 403);
    EXPECT_EQ(reset(manager, owner).status, 403);
    EXPECT_EQ(reset(stranger, cashier).status, 404);
    EXPECT_THAT(reset(owner, owner).body, HasSubstr("totp.own_reset"));
    EXPECT_EQ(me(owner.session), 200);
    EXPECT_EQ(reset(manager, cashier).status, 204);
}

// Else the owner of any tenant would open those of others.
TEST_F(ResetTest, NotOfSomebodyWhoWorksForOthersToo) {
    const auto owner = set_up();
    const auto person = staff(owner, "cashier");
    const auto more =
        post("/v1/tenants", sign_up_json(person.email),
             {.headers = {{"Idempotency-Key", "more-" + person.email}, {"Authorization", "Bearer " + person.token()}}});
    ASSERT_EQ(more.status, 201) << more.body;
    EXPECT_THAT(reset(owner, person).body, HasSubstr("totp.member_elsewhere"));
    EXPECT_EQ(me(person.session), 200);
}

TEST_F(ResetTest, NeedsTheAdministratorsOwnProof) {
    auto owner = set_up();
    const auto cashier = staff(owner, "cashier");
    clock->advance(20min);
    renew_session(owner);
    EXPECT_THAT(reset(owner, cashier).body, HasSubstr("auth.step_up_needed"));
    EXPECT_EQ(ask(owner, "/v1/auth/totp/step-up", fmt::format("{{{}}}", code(next_code(owner)))).status, 204);
    EXPECT_EQ(reset(owner, cashier).status, 204);
}

// ---- Whom the tenant asks for one -----------------------------------------------------------------------------------

class RulesTest : public ResetTest {
protected:
    static InjectedResponse set_rules(const AppUser& by, const std::string& json) {
        return ask(by, "/v1/tenant/second-factor", json);
    }
    static AppUser without_factor(const AppUser& owner, std::string_view built_in) {
        AppUser person;
        person.email = email();
        EXPECT_EQ(add_member(owner.session, person.email, role(owner.session, built_in)).status, 201);
        person.session = login(person.email);
        return person;
    }
    static InjectedResponse products(const AppUser& person) {
        return app->get("/v1/products", {.token = person.token()});
    }
    // The announcement arrives in some turn of the loop.
    static void expect_products(const AppUser& person, int status) {
        for (int i = 0; i < 500 && products(person).status != status; ++i)
            app->run(async::sleep(&app->host().loop(), 5ms));
        EXPECT_EQ(products(person).status, status) << products(person).body;
    }
};

TEST_F(RulesTest, WhoIsAskedForOneAndHasNoneMaySetItUpAndSendSales) {
    const auto owner = set_up();
    auto cashier = without_factor(owner, "cashier");
    const auto clerk = without_factor(owner, "stock_clerk");
    EXPECT_EQ(products(cashier).status, 200);
    const auto set =
        set_rules(owner, fmt::format(R"({{"everyone":false,"roleIds":["{}"]}})", role(owner.session, "cashier")));
    ASSERT_EQ(set.status, 200) << set.body;
    EXPECT_EQ(app->get("/v1/tenant/second-factor", {.token = owner.token()}).body, set.body);
    expect_products(cashier, 403);
    EXPECT_THAT(products(cashier).body, HasSubstr("auth.second_factor_needed"));
    EXPECT_EQ(products(clerk).status, 200) << "another role";
    EXPECT_EQ(ask(cashier, "/v1/sales", "{}").status, 422) << "it is looked at";
    EXPECT_THAT(app->post(fmt::format("/v1/sales/{}/receipt", cashier.session.user.id.to_string()),
                          R"({"email":"thief@evil.example"})",
                          {.headers = {{"Idempotency-Key", "receipt"}, {"Authorization", "Bearer " + cashier.token()}}})
                    .body,
                HasSubstr("auth.second_factor_needed"))
        << "by the permission of a sale, and none";
    EXPECT_THAT(state(cashier), HasSubstr(R"("askedFor":true)"));
    EXPECT_THAT(state(clerk), HasSubstr(R"("askedFor":false)"));
    const auto members = app->get("/v1/users", {.token = owner.token()}).body;
    EXPECT_THAT(members, HasSubstr(R"("hasSecondFactor":false)"));

    prove_email(cashier.email);
    enable(cashier);
    expect_products(cashier, 200);
    auto manager = without_factor(owner, "manager");
    const auto uploads = [&] { return app->get("/v1/uploads", {.token = manager.token()}); };
    EXPECT_EQ(uploads().status, 200);
    EXPECT_EQ(set_rules(owner, R"({"everyone":true})").status, 200);
    expect_products(clerk, 403);
    expect_products(owner, 200);
    expect_products(manager, 403);
    EXPECT_THAT(uploads().body, HasSubstr("auth.second_factor_needed")) << "asks for a permission by its purpose alone";
    // A sign-in is no way around it.
    auto again = clerk;
    again.session = login(clerk.email);
    EXPECT_EQ(products(again).status, 403);
    EXPECT_EQ(set_rules(owner, R"({"everyone":false})").status, 200);
    expect_products(clerk, 200);
}

TEST_F(RulesTest, WhoAsksOthersHasOne) {
    auto owner = someone();
    EXPECT_THAT(set_rules(owner, R"({"everyone":true})").body, HasSubstr("totp.own_first"));
    EXPECT_EQ(set_rules(owner, R"({"everyone":false})").status, 200);
    enable(owner);
    EXPECT_EQ(set_rules(owner, R"({"everyone":true})").status, 200);
    EXPECT_THAT(set_rules(owner, R"({"everyone":false,"roleIds":["0197f0c2-0000-7000-8000-000000000001"]})").body,
                ::testing::AllOf(HasSubstr("role.unknown"), HasSubstr(R"("pointer":"/roleIds/0")")));
    clock->advance(16min);
    renew_session(owner);
    EXPECT_THAT(set_rules(owner, R"({"everyone":false})").body, HasSubstr("auth.step_up_needed"));
    // What a tenant asks for binds its own members alone.
    const auto stranger = someone();
    EXPECT_EQ(products(stranger).status, 200);
}

}  // namespace
