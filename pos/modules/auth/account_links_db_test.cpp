// Links in mails: each for one thing, once, for whoever reads the mails of the address and for nobody else.
#include <gmock/gmock.h>

#include "pos/testing/mail.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

constexpr std::string_view fresh = "chai-ya-tangawizi-saa-nne";

class AccountLinksTest : public MailTest {
protected:
    // A new owner's address, whose sign-up mail has come.
    static std::string someone() {
        static int number = 0;
        auto address = fmt::format("someone-{}@duka.example", ++number);
        sign_up(address);
        return address;
    }
    static std::string reset_token(const std::string& address) {
        EXPECT_EQ(post("/v1/auth/password/forgot", fmt::format(R"({{"email":"{}"}})", address), "").status, 204);
        return token_of(mail_to(address, "new password"));
    }
    static InjectedResponse reset(const std::string& token, std::string_view secret = fresh) {
        return post("/v1/auth/password/reset", fmt::format(R"({{"token":"{}","newPassword":"{}"}})", token, secret),
                    "");
    }
    static InjectedResponse verify(const std::string& token, std::string_view member, std::string_view secret) {
        return post("/v1/auth/email/verify", fmt::format(R"({{"token":"{}","{}":"{}"}})", token, member, secret), "");
    }
    static InjectedResponse confirm(const std::string& token) {
        return post("/v1/auth/email/confirm", fmt::format(R"({{"token":"{}"}})", token), "");
    }
    static std::string sessions_of(const std::string& address) {
        return rows(
            fmt::format("select count(*) from sessions s join users u on u.id = s.user_id where u.email = '{}' "
                        "and s.revoked_at is null",
                        address));
    }
};

TEST_F(AccountLinksTest, AForgottenPasswordIsChosenAnewAndNobodyStaysSignedIn) {
    const auto address = someone();
    const auto access = log_in(address);
    const auto token = reset_token(address);
    EXPECT_EQ(reset(token).status, 204);
    EXPECT_EQ(sessions_of(address), "0");
    EXPECT_EQ(get("/v1/auth/me", access).status, 401);
    EXPECT_EQ(log_in_with(address, password).status, 401);
    EXPECT_EQ(log_in_with(address, fresh).status, 200);
    EXPECT_THAT(mail_to(address, "password was changed").message.text, HasSubstr("was changed at"));
    // A form that is sent twice has the same good answer, another password none.
    EXPECT_EQ(reset(token).status, 204);
    EXPECT_EQ(reset(token, "mandazi-na-maharagwe-leo").status, 410);
    EXPECT_EQ(rows("select count(*) from audit_events where action = 'password.reset'"), "1");
}

TEST_F(AccountLinksTest, WhoHasNoAccountGetsTheSameAnswerAndNoMail) {
    const auto known = post("/v1/auth/password/forgot", R"({"email":"owner@duka.example"})", "");
    const auto unknown = post("/v1/auth/password/forgot", R"({"email":"nobody@duka.example"})", "");
    EXPECT_EQ(known.status, unknown.status);
    EXPECT_EQ(known.body, unknown.body);
    mail_to("owner@duka.example", "new password");
    for (const auto& entry : mailbox().newest())
        EXPECT_NE(entry.mail.message.to.at(0).mailbox(), "nobody@duka.example");
}

// Programs that look at links before people do.
TEST_F(AccountLinksTest, LookingAtAPageUsesNothingUp) {
    const auto address = someone();
    const auto link = link_of([&] {
        reset_token(address);
        return mail_to(address, "new password");
    }());
    const auto target = link.substr(link.find("/account/"));
    for (int i = 0; i < 10; ++i) {
        for (const auto method : {http::Method::get, http::Method::head})
            EXPECT_EQ(app->send(method, target, "").status, 200);
    }
    const auto token = target.substr(target.find("token=") + 6);
    EXPECT_THAT(get(target, "").body, HasSubstr(token));
    const auto form = [&](const std::string& body) {
        return app->send(http::Method::post, "/account/reset-password", body,
                         {.headers = {{"Content-Type", "application/x-www-form-urlencoded"}}});
    };
    const auto weak = form(fmt::format("token={}&newPassword=password", token));
    EXPECT_EQ(weak.status, 422) << weak.body;
    EXPECT_THAT(weak.body, HasSubstr("class=\"fault\""));
    EXPECT_EQ(form(fmt::format("token={}&newPassword={}", token, fresh)).status, 200);
    EXPECT_EQ(form(fmt::format("token={}&newPassword=another-long-password", token)).status, 410);
    EXPECT_EQ(log_in_with(address, fresh).status, 200);
}

TEST_F(AccountLinksTest, LinksBeginWithTheConfiguredAddress) {
    const auto address = someone();
    const Headers hostile{{"Host", "evil.example"},           {"X-Forwarded-Host", "evil.example"},
                          {"X-Forwarded-Proto", "https"},     {"Forwarded", "host=evil.example"},
                          {"Origin", "https://evil.example"}, {"Referer", "https://evil.example/"}};
    EXPECT_EQ(post("/v1/auth/password/forgot", fmt::format(R"({{"email":"{}"}})", address), "", hostile).status, 204);
    const auto mail = mail_to(address, "new password");
    EXPECT_THAT(link_of(mail), HasSubstr("http://localhost:"));
    EXPECT_EQ(mail.message.text.find("evil.example"), std::string::npos);
    EXPECT_EQ(mail.message.html.find("evil.example"), std::string::npos);
}

// kind × route: only the diagonal works.
TEST_F(AccountLinksTest, ATokenServesForItsKindAlone) {
    const auto address = someone();
    const auto verification = token_of(mail_to(address, "Confirm your e-mail"));
    const auto access = log_in(address);
    const auto next = "next-" + address;
    EXPECT_EQ(
        post("/v1/auth/email/change", fmt::format(R"({{"newEmail":"{}","password":"{}"}})", next, password), access)
            .status,
        204);
    const auto old_token = token_of(mail_to(address, "is to change"));
    const auto new_token = token_of(mail_to(next, "new e-mail address"));
    const auto forgotten = reset_token(address);
    for (const auto& token : {verification, old_token, new_token}) EXPECT_EQ(reset(token).status, 410) << token;
    for (const auto& token : {forgotten, old_token, new_token})
        EXPECT_EQ(verify(token, "password", password).status, 410) << token;
    for (const auto& token : {forgotten, verification}) EXPECT_EQ(confirm(token).status, 410) << token;
    for (const auto& token : {forgotten, verification, old_token, new_token}) {
        EXPECT_EQ(
            post("/v1/invites/accept", fmt::format(R"({{"token":"{}","name":"X","password":"{}"}})", token, fresh), "")
                .status,
            410)
            << token;
    }
    EXPECT_EQ(verify(verification, "password", password).status, 204);
    EXPECT_EQ(confirm(old_token).status, 200);
    EXPECT_EQ(reset(forgotten).status, 204);
}

TEST_F(AccountLinksTest, WhatEndsATokenEndsIt) {
    const auto address = someone();
    const auto verification = token_of(mail_to(address, "Confirm your e-mail"));
    const auto first = reset_token(address);
    mailbox().clear();
    const auto second = reset_token(address);
    EXPECT_EQ(reset(first).status, 410) << "a newer one was asked for";
    const auto access = log_in(address);
    EXPECT_EQ(post("/v1/auth/password/change",
                   fmt::format(R"({{"currentPassword":"{}","newPassword":"{}"}})", password, fresh), access)
                  .status,
              204);
    EXPECT_EQ(reset(second).status, 410) << "the password was changed";
    mailbox().clear();
    const auto third = reset_token(address);
    app->database().execute(fmt::format("update users set disabled_at = now() where email = '{}'", address));
    EXPECT_EQ(reset(third).status, 410) << "the user was disabled";
    app->database().execute(fmt::format("update users set disabled_at = null where email = '{}'", address));
    app->database().execute("update account_tokens set expires_at = now() where kind = 'password_reset'");
    EXPECT_EQ(reset(third).status, 410) << "it has expired";
    EXPECT_EQ(verify(verification, "password", fresh).status, 204) << "of the same address still";
}

TEST_F(AccountLinksTest, AnAddressChangesWhenBothHaveAgreed) {
    const auto address = someone();
    const auto access = log_in(address);
    const auto next = "next-" + address;
    const auto ask = fmt::format(R"({{"newEmail":"{}","password":"{}"}})", next, password);
    EXPECT_EQ(post("/v1/auth/email/change", ask, access).status, 204);
    const auto old_token = token_of(mail_to(address, "is to change"));
    const auto new_token = token_of(mail_to(next, "new e-mail address"));
    const auto forgotten = reset_token(address);
    EXPECT_THAT(confirm(new_token).body, HasSubstr("false"));
    EXPECT_EQ(log_in_with(address, password).status, 200);
    EXPECT_EQ(log_in_with(next, password).status, 401);
    EXPECT_THAT(confirm(old_token).body, HasSubstr("true"));
    EXPECT_THAT(confirm(old_token).body, HasSubstr("true")) << "sent again";
    EXPECT_EQ(log_in_with(next, password).status, 200);
    EXPECT_EQ(log_in_with(address, password).status, 401);
    EXPECT_EQ(reset(forgotten).status, 410) << "it was for the address before";
    mail_to(address, "address was changed");
    mail_to(next, "address was changed");
}

// Who registers an address that is not theirs gets nothing of it once its owner has shown up.
TEST_F(AccountLinksTest, APreRegisteredAddressIsItsOwners) {
    for (const std::string_view way : {"reset", "link"}) {
        const auto victim = someone();
        const auto attackers = log_in(victim);
        if (way == "reset") {
            EXPECT_EQ(reset(reset_token(victim)).status, 204);
        } else {
            const auto token = token_of(mail_to(victim, "Confirm your e-mail"));
            EXPECT_EQ(verify(token, "password", "not-the-attackers").status, 401);
            EXPECT_EQ(verify(token, "newPassword", fresh).status, 204);
        }
        EXPECT_EQ(get("/v1/auth/me", attackers).status, 401) << way;
        EXPECT_EQ(log_in_with(victim, password).status, 401) << way;
        EXPECT_EQ(log_in_with(victim, fresh).status, 200) << way;
        EXPECT_EQ(rows(fmt::format("select email_verified_at is not null from users where email = '{}'", victim)), "t");
    }
}

TEST_F(AccountLinksTest, AskingAgainAndAgainMailsFiveTimesAnHour) {
    const auto address = someone();
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(post("/v1/auth/password/forgot", fmt::format(R"({{"email":"{}"}})", address), "").status, 204);
    EXPECT_TRUE(becomes(rows_left, "0"));
    const auto written = fmt::format(
        "select count(*) from account_tokens t join users u on u.id = t.user_id where u.email = '{}' "
        "and kind = 'password_reset'",
        address);
    EXPECT_TRUE(becomes(written, "5"));
    EXPECT_EQ(rows(written), "5");
}

TEST_F(AccountLinksTest, ANewDeviceIsTold) {
    const auto address = someone();
    const auto login = [&](const std::string& agent, const std::string& from) {
        const auto reply =
            app->run(app->host().inject({.method = http::Method::post,
                                         .target = "/v1/auth/login",
                                         .headers = {{"Content-Type", "application/json"}, {"User-Agent", agent}},
                                         .body = fmt::format(R"({{"email":"{}","password":"{}"}})", address, password),
                                         .remote_address = from}));
        EXPECT_EQ(reply.status, 200) << reply.body;
    };
    login("Known/1", "127.0.0.1");
    login("Another/1", "127.0.0.1");
    login("Known/1", "192.0.2.7");
    login("Stranger/1", "192.0.2.77");
    login("Stranger/1", "192.0.2.77");
    EXPECT_THAT(mail_to(address, "new device").message.text, HasSubstr("192.0.2.77"));
    EXPECT_EQ(
        rows(fmt::format("select count(*) from notifications where kind = 'new_login' and recipient = '{}'", address)),
        "1");
}

// Not locked out, and not left in the dark.
TEST_F(AccountLinksTest, WhoseFreeGuessesAreUsedUpIsToldOnceADay) {
    const auto address = someone();
    const auto guess = [](std::string_view at) { EXPECT_EQ(log_in_with(std::string(at), "a-guess").status, 401); };
    app->database().execute("delete from login_throttles");
    for (const std::string_view at : {std::string_view(address), std::string_view("nobody-at-all@duka.example")}) {
        guess(at);
        app->database().execute("update login_throttles set failures = 100 where subject like 'account:%'");
        for (int i = 0; i < 2; ++i) guess(at);
    }
    mail_to(address, "guesses your password");
    EXPECT_TRUE(becomes(rows_left, "0"));
    EXPECT_EQ(rows("select string_agg(recipient, ' ') from notifications where kind = 'login_limit'"), address);
    app->database().execute("delete from login_throttles");
}

}  // namespace
