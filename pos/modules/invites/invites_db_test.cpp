// Invitations: one for each address, accepted once, by whom they are for.
#include <gmock/gmock.h>

#include "async/sync.h"
#include "pos/modules/tenants/settings.h"
#include "pos/testing/mail.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view fresh = "chai-ya-tangawizi-saa-nne";

class InvitesTest : public MailTest {
protected:
    static std::string role(std::string_view built_in) {
        for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
            if (one.built_in == built_in) return text(one.id);
        }
        return {};
    }
    static InjectedResponse invite(const std::string& address, const std::string& token = owner) {
        static int number = 0;
        return post(
            "/v1/invites",
            fmt::format(R"({{"email":"{}","roleId":"{}","locationId":"{}"}})", address, role("cashier"), location()),
            token, {{"Idempotency-Key", fmt::format("invite-{}", ++number)}});
    }
    static std::string id_of(const InjectedResponse& reply) {
        return reply.body.substr(reply.body.find("\"id\":\"") + 6, 36);
    }
    static InjectedResponse accept(const std::string& token, std::string_view more, const std::string& as = "") {
        return post("/v1/invites/accept", fmt::format(R"({{"token":"{}"{}}})", token, more), as);
    }
    static std::string new_person(std::string_view secret = fresh) {
        return fmt::format(R"(,"name":"Juma Kamau","password":"{}")", secret);
    }
    static async::Task<std::vector<InjectedResponse>> all(std::vector<async::Task<InjectedResponse>> asked) {
        co_return co_await async::when_all(std::move(asked));
    }
    static std::string token_for(const std::string& address) { return token_of(mail_to(address, "invites you")); }
};

TEST_F(InvitesTest, ANewPersonJoinsAndSignsIn) {
    const auto reply = invite("juma@duka.example");
    EXPECT_EQ(reply.status, 201) << reply.body;
    EXPECT_THAT(reply.body, Not(HasSubstr("token")));
    const auto mail = mail_to("juma@duka.example", "Amina invites you to Duka la Amani");
    const auto link = link_of(mail);
    EXPECT_THAT(get(link.substr(link.find("/account/")), "").body, HasSubstr("juma@duka.example"));
    const auto token = token_of(mail);
    EXPECT_EQ(accept(token, "").status, 422);
    EXPECT_EQ(accept(token, R"(,"name":"Juma","password":"password")").status, 422);
    const auto joined = accept(token, new_person());
    EXPECT_EQ(joined.status, 200) << joined.body;
    EXPECT_EQ(accept(token, new_person()).status, 200) << "the same form again";
    EXPECT_EQ(accept(token, new_person("another-long-password")).status, 410);
    EXPECT_EQ(log_in_with("juma@duka.example", fresh).status, 200);
    EXPECT_THAT(get("/v1/users").body, HasSubstr("juma@duka.example"));
    EXPECT_EQ(rows("select email_verified_at is not null from users where email = 'juma@duka.example'"), "t");
    EXPECT_EQ(invite("juma@duka.example").status, 409);
    EXPECT_EQ(rows("select count(*) from audit_events where action = 'invite.accept'"), "1");
}

TEST_F(InvitesTest, OneOpenInvitationAnAddress) {
    EXPECT_EQ(invite("Amina.W@Example.co.ke").status, 201);
    EXPECT_THAT(invite("amina.w@example.co.ke").body, HasSubstr("invite.open"));
    EXPECT_EQ(invite("amіna.w@example.co.ke").status, 422) << "a letter that only looks the same";
    app->database().execute("update invites set expires_at = now() where email = 'amina.w@example.co.ke'");
    EXPECT_EQ(invite("AMINA.W@example.co.ke").status, 201) << "what has expired makes room";
}

TEST_F(InvitesTest, SomebodyElseIsToldBothAddressesAndTheTokenStaysGood) {
    EXPECT_EQ(invite("wanjiku@duka.example").status, 201);
    const auto token = token_for("wanjiku@duka.example");
    const auto refused = accept(token, "", other);
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("wanjiku@duka.example"));
    EXPECT_THAT(refused.body, HasSubstr("owner@elsewhere.example"));
    EXPECT_EQ(accept(token, new_person()).status, 200);
}

TEST_F(InvitesTest, WhoHasAnAccountJoinsWithIt) {
    sign_up("has-one@elsewhere.example");
    app->database().execute("update users set email_verified_at = now() where email = 'has-one@elsewhere.example'");
    EXPECT_EQ(invite("has-one@elsewhere.example").status, 201);
    const auto token = token_for("has-one@elsewhere.example");
    EXPECT_EQ(accept(token, R"(,"password":"not-the-password")").status, 401);
    EXPECT_EQ(accept(token, fmt::format(R"(,"password":"{}")", password)).status, 200);
    EXPECT_THAT(log_in_with("has-one@elsewhere.example", password).body, HasSubstr("Cashier"));

    const auto second = sign_up("signed-in@elsewhere.example");
    EXPECT_EQ(invite("signed-in@elsewhere.example").status, 201);
    EXPECT_EQ(accept(token_for("signed-in@elsewhere.example"), "", second).status, 200);
}

// The attacker had registered the address; its owner accepts an invitation.
TEST_F(InvitesTest, AnAccountThatNobodyHasProvenIsTheInvitedOnes) {
    const auto attackers = sign_up("victim@duka.example");
    EXPECT_EQ(invite("victim@duka.example").status, 201);
    EXPECT_EQ(accept(token_for("victim@duka.example"), new_person()).status, 200);
    EXPECT_EQ(get("/v1/auth/me", attackers).status, 401);
    EXPECT_EQ(log_in_with("victim@duka.example", password).status, 401);
    EXPECT_NE(log_in_with("victim@duka.example", fresh).status, 401);
}

TEST_F(InvitesTest, SentAgainAndWithdrawn) {
    const auto id = id_of(invite("again@duka.example"));
    const auto first = token_for("again@duka.example");
    mailbox().clear();
    const auto resend = [&](const std::string& key) {
        return post("/v1/invites/" + id + "/resend", "", owner, {{"Idempotency-Key", key}});
    };
    EXPECT_EQ(resend("once").status, 200);
    const auto second = token_for("again@duka.example");
    EXPECT_EQ(resend("once").status, 200) << "no second mail, and the link stays good";
    EXPECT_EQ(accept(first, new_person()).status, 410);
    EXPECT_EQ(post("/v1/invites/" + id + "/revoke", "").status, 200);
    EXPECT_EQ(post("/v1/invites/" + id + "/revoke", "").status, 200);
    EXPECT_EQ(accept(second, new_person()).status, 410);
    EXPECT_THAT(resend("twice").body, HasSubstr("invite.closed"));
    EXPECT_EQ(rows("select count(*) from notifications where recipient = 'again@duka.example'"), "2");
}

TEST_F(InvitesTest, OneInvitationIsOneMember) {
    EXPECT_EQ(invite("many@duka.example").status, 201);
    const auto token = token_for("many@duka.example");
    for (int i = 0; i < 3; ++i) {
        const auto status = accept(token, new_person(i == 0 ? fresh : "another-long-password")).status;
        EXPECT_EQ(status, i == 0 ? 200 : 410);
    }
    EXPECT_EQ(rows("select count(*) from memberships m join users u on u.id = m.user_id "
                   "where u.email = 'many@duka.example'"),
              "1");
}

// As many phones at once as have the link.
TEST_F(InvitesTest, TwentyAtOnceAreOneMember) {
    EXPECT_EQ(invite("rush@duka.example").status, 201);
    const auto token = token_for("rush@duka.example");
    std::vector<async::Task<InjectedResponse>> asked;
    for (int i = 0; i < 20; ++i) {
        asked.push_back(app->host().inject(
            {.method = http::Method::post,
             .target = "/v1/invites/accept",
             .headers = {{"Content-Type", "application/json"}},
             .body = fmt::format(R"({{"token":"{}"{}}})", token, new_person(fmt::format("kahawa-ya-saa-{}", i))),
             .remote_address = "127.0.0.1"}));
    }
    int joined = 0;
    for (const auto& reply : app->run(all(std::move(asked)))) {
        if (reply.status == 200) ++joined;
        // Hashing has a bound: who is beyond it may come again.
        EXPECT_THAT(reply.status, AnyOf(200, 410, 503)) << reply.body;
    }
    EXPECT_EQ(joined, 1);
    EXPECT_EQ(rows("select count(*) from users where email = 'rush@duka.example'"), "1");
    EXPECT_EQ(rows("select count(*) from memberships m join users u on u.id = m.user_id "
                   "where u.email = 'rush@duka.example'"),
              "1");
    EXPECT_EQ(accept(token, new_person("one-that-comes-late")).status, 410);
}

TEST_F(InvitesTest, WhatHasExpiredIsDeadUntilItIsSentAgain) {
    const auto id = id_of(invite("late@duka.example"));
    const auto mail = mail_to("late@duka.example", "invites you");
    app->database().execute("update invites set expires_at = now() where email = 'late@duka.example'");
    EXPECT_THAT(accept(token_of(mail), new_person()).body, HasSubstr("auth.link_dead"));
    const auto link = link_of(mail);
    EXPECT_EQ(get(link.substr(link.find("/account/")), "").status, 410);
    EXPECT_EQ(rows("select count(*) from users where email = 'late@duka.example'"), "0");
    mailbox().clear();
    EXPECT_EQ(post("/v1/invites/" + id + "/resend", "", owner, {{"Idempotency-Key", "late"}}).status, 200);
    EXPECT_EQ(accept(token_for("late@duka.example"), new_person()).status, 200);
}

TEST_F(InvitesTest, AnInvitationServesForInvitationsAlone) {
    sign_up("one-kind@duka.example");
    EXPECT_EQ(invite("one-kind@duka.example").status, 201);
    const auto token = token_for("one-kind@duka.example");
    for (const std::string_view more : {"password/reset newPassword", "email/verify newPassword"}) {
        const auto route = more.substr(0, more.find(' '));
        const auto member = more.substr(more.find(' ') + 1);
        EXPECT_EQ(post(fmt::format("/v1/auth/{}", route),
                       fmt::format(R"({{"token":"{}","{}":"{}"}})", token, member, fresh), "")
                      .status,
                  410)
            << more;
    }
    EXPECT_EQ(post("/v1/auth/email/confirm", fmt::format(R"({{"token":"{}"}})", token), "").status, 410);
    EXPECT_EQ(accept(token, new_person()).status, 200) << "none of them has used it up";
}

// An invitation is to an address, whoever has it: another password changes nothing, and an account that has moved to another address
// is not the invited one any more.
TEST_F(InvitesTest, AnInvitationOutlivesAPasswordAndStaysWithItsAddress) {
    const std::string address = "moves@elsewhere.example";
    const std::string next = "moved@elsewhere.example";
    const auto access = sign_up(address);
    app->database().execute(fmt::format("update users set email_verified_at = now() where email = '{}'", address));
    EXPECT_EQ(invite(address).status, 201);
    const auto token = token_for(address);
    EXPECT_EQ(post("/v1/auth/password/change",
                   fmt::format(R"({{"currentPassword":"{}","newPassword":"{}"}})", password, fresh), access)
                  .status,
              204);
    EXPECT_EQ(accept(token, fmt::format(R"(,"password":"{}")", password)).status, 401) << "the password before";
    EXPECT_EQ(post("/v1/auth/email/change", fmt::format(R"({{"newEmail":"{}","password":"{}"}})", next, fresh), access)
                  .status,
              204);
    for (const auto& mail : {mail_to(address, "is to change"), mail_to(next, "new e-mail address")}) {
        EXPECT_EQ(post("/v1/auth/email/confirm", fmt::format(R"({{"token":"{}"}})", token_of(mail)), "").status, 200);
    }
    EXPECT_EQ(accept(token, fmt::format(R"(,"password":"{}")", fresh)).status, 422) << "nobody has the address now";
    EXPECT_EQ(accept(token, new_person("another-long-password")).status, 200) << "but whoever reads its mails";
    EXPECT_EQ(rows(fmt::format("select count(*) from memberships m join users u on u.id = m.user_id "
                               "join invites i on i.tenant_id = m.tenant_id and i.email = '{}' where u.email = '{}'",
                               address, next)),
              "0");

    const auto second = sign_up("keeps@elsewhere.example");
    app->database().execute("update users set email_verified_at = now() where email = 'keeps@elsewhere.example'");
    EXPECT_EQ(invite("keeps@elsewhere.example").status, 201);
    EXPECT_EQ(post("/v1/auth/password/change",
                   fmt::format(R"({{"currentPassword":"{}","newPassword":"{}"}})", password, fresh), second)
                  .status,
              204);
    EXPECT_EQ(accept(token_for("keeps@elsewhere.example"), fmt::format(R"(,"password":"{}")", fresh)).status, 200);
}

// Three seats, one of them free, five invitations: whoever is first gets in, and the others' invitations are kept.
TEST_F(InvitesTest, SeatsAreCountedWhenAnInvitationIsAccepted) {
    std::vector<std::string> tokens;
    for (int i = 0; i < 5; ++i) {
        const auto address = fmt::format("seat{}@duka.example", i);
        EXPECT_EQ(invite(address).status, 201) << "an invitation takes no seat";
        tokens.push_back(token_for(address));
    }
    const auto used =
        std::stoi(rows("select count(*) from memberships where tenant_id = (select tenant_id from invites "
                       "order by created_at desc limit 1) and status = 'active' and deleted_at is null"));
    app->database().execute(fmt::format(
        "insert into subscriptions (tenant_id, id, plan_code, plan_name, price, currency, period, limits, state, "
        "anchor_day, period_start, period_end, grace_until, cancels_at_end, created_at, updated_at, version) "
        "select id, gen_random_uuid(), 'DUKA', 'Duka', 100, 'KES', 'month', '{{\"seats\":{}}}', 'active', 1, "
        "current_date, current_date + 30, current_date + 44, false, now(), now(), 1 "
        "from tenants where id = (select tenant_id from invites order by created_at desc limit 1)",
        used + 1));
    std::vector<async::Task<InjectedResponse>> asked;
    for (std::size_t i = 0; i < 20; ++i) {
        asked.push_back(
            app->host().inject({.method = http::Method::post,
                                .target = "/v1/invites/accept",
                                .headers = {{"Content-Type", "application/json"}},
                                .body = fmt::format(R"({{"token":"{}"{}}})", tokens[i % tokens.size()], new_person()),
                                .remote_address = "127.0.0.1"}));
    }
    for (const auto& reply : app->run(all(std::move(asked))))
        EXPECT_THAT(reply.status, AnyOf(200, 409, 503)) << reply.body;
    const auto accepted = [] {
        return rows("select count(*) from invites where email like 'seat%' and accepted_at is not null");
    };
    EXPECT_EQ(accepted(), "1");
    const auto again = accept(
        tokens.at(rows("select accepted_at is null from invites where email = 'seat0@duka.example'") == "t" ? 0 : 1),
        new_person());
    EXPECT_THAT(again.body, HasSubstr("plan.seats"));
    EXPECT_EQ(
        post("/v1/users",
             fmt::format(R"({{"email":"direct@duka.example","name":"D","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                         fresh, role("viewer")),
             owner, {{"Idempotency-Key", "direct"}})
            .status,
        409);
    const auto kept = rows("select id from invites where email like 'seat%' and accepted_at is null limit 1");
    EXPECT_EQ(post("/v1/invites/" + kept + "/resend", "", owner, {{"Idempotency-Key", "seat-again"}}).status, 200)
        << "at a full plan as well";
    // A larger plan: the invitation is as good as it was.
    app->database().execute(R"(update subscriptions set limits = '{"seats":100}')");
    for (std::size_t i = 0; i < 2; ++i) std::ignore = accept(tokens.at(i + 2), new_person());
    EXPECT_NE(accepted(), "1");
    app->database().execute("delete from subscriptions");
}

// SIGN_UP=closed: nobody new, and whoever has an account as before.
TEST_F(InvitesTest, WhereAccountsAreClosedOnlyThoseWhoHaveOneJoin) {
    sign_up("old-hand@elsewhere.example");
    app->database().execute("update users set email_verified_at = now() where email = 'old-hand@elsewhere.example'");
    EXPECT_EQ(invite("newcomer@duka.example").status, 201);
    EXPECT_EQ(invite("old-hand@elsewhere.example").status, 201);
    auto& settings = const_cast<SignUpSettings&>(app->app().parts().use<const SignUpSettings>());
    settings.sign_up = SignUpState::closed;
    const auto refused = accept(token_for("newcomer@duka.example"), new_person());
    const auto joined = accept(token_for("old-hand@elsewhere.example"), fmt::format(R"(,"password":"{}")", password));
    settings.sign_up = SignUpState::invite;
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("invite.accounts_closed"));
    EXPECT_EQ(joined.status, 200) << joined.body;
    EXPECT_EQ(accept(token_for("newcomer@duka.example"), new_person()).status, 200) << "the link stayed good";
    settings.sign_up = std::nullopt;
}

// Who is out, or may give less than before, has invited nobody.
TEST_F(InvitesTest, WhatADismissedMemberHasWrittenLetsNobodyIn) {
    EXPECT_EQ(invite("manager@duka.example").status, 201);
    EXPECT_EQ(accept(token_for("manager@duka.example"), new_person()).status, 200);
    const auto id = rows("select id::text from users where email = 'manager@duka.example'");
    app->database().execute(
        fmt::format("update membership_roles set role_id = '{}', location_id = null where membership_id = (select id "
                    "from memberships where user_id = '{}')",
                    role("admin"), id));
    const auto manager = *body<SignedIn>(log_in_with("manager@duka.example", fresh)).credentials.access_token;
    EXPECT_EQ(invite("backdoor@evil.example", manager).status, 201);
    EXPECT_EQ(invite("of-the-owner@duka.example").status, 201);
    const auto version = rows("select version from memberships where user_id = '" + id + "'");
    EXPECT_EQ(patch("/v1/users/" + id, R"({"status":"disabled"})", std::stoi(version)).status, 200);
    EXPECT_EQ(accept(token_for("backdoor@evil.example"), new_person()).status, 410);
    EXPECT_EQ(accept(token_for("of-the-owner@duka.example"), new_person()).status, 200);
}

// Nobody is told that a mail is on its way that will never be sent, and whoever unsubscribed by mistake has a way back.
TEST_F(InvitesTest, WhoHasUnsubscribedIsInvitedWhenTheyWantItAgain) {
    const auto id = id_of(invite("by-mistake@duka.example"));
    const auto mail = mail_to("by-mistake@duka.example", "invites you");
    const auto at = mail.message.text.find("/account/unsubscribe");
    const auto link = mail.message.text.substr(at, mail.message.text.find_first_of(" \n", at) - at);
    const auto done = app->send(http::Method::post, link, "");
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_THAT(done.body, HasSubstr("again=true"));
    const auto resend = [&](const std::string& key) {
        return post("/v1/invites/" + id + "/resend", "", owner, {{"Idempotency-Key", key}});
    };
    EXPECT_THAT(resend("while-out").body, HasSubstr("invite.unreachable"));
    EXPECT_EQ(post("/v1/invites/" + id + "/revoke", "").status, 200);
    EXPECT_THAT(invite("by-mistake@duka.example").body, HasSubstr("invite.unreachable"));
    EXPECT_EQ(app->send(http::Method::post, link + "&again=true", "").status, 200);
    EXPECT_EQ(invite("by-mistake@duka.example").status, 201);
}

// Two shops invite one new address: whichever is accepted second finds the account that the first has made.
TEST_F(InvitesTest, TwoInvitationsAcceptedAtOnceAreOneAccountInTwoShops) {
    EXPECT_EQ(invite("both@duka.example").status, 201);
    const auto first = token_for("both@duka.example");
    mailbox().clear();
    const auto role_there = [&] {
        for (const auto& one : body<RoleList>(get("/v1/roles", other)).data) {
            if (one.built_in == "cashier") return text(one.id);
        }
        return std::string();
    }();
    EXPECT_EQ(post("/v1/invites",
                   fmt::format(R"({{"email":"both@duka.example","roleId":"{}","locationId":null}})", role_there), other,
                   {{"Idempotency-Key", "both"}})
                  .status,
              201);
    const auto second = token_for("both@duka.example");
    std::vector<async::Task<InjectedResponse>> asked;
    for (const auto& token : {first, second}) {
        asked.push_back(app->host().inject({.method = http::Method::post,
                                            .target = "/v1/invites/accept",
                                            .headers = {{"Content-Type", "application/json"}},
                                            .body = fmt::format(R"({{"token":"{}"{}}})", token, new_person()),
                                            .remote_address = "127.0.0.1"}));
    }
    for (const auto& reply : app->run(all(std::move(asked)))) EXPECT_EQ(reply.status, 200) << reply.body;
}

}  // namespace
