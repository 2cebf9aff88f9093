// Refresh tokens and sessions, on the whole service.

#include "pos/modules/auth/people_for_test.h"

namespace {

using namespace pos::people_test;

class SessionsTest : public PeopleTest {};

// ---- Refresh -----------------------------------------------------------------------------------------------------

TEST_F(SessionsTest, ALostReplyIsGivenAgain) {
    const auto session = sign_up(email());
    const auto first = body<pos::SignedIn>(refresh(*session.credentials.refresh_token));
    clock->advance(5s);
    const auto again = body<pos::SignedIn>(refresh(*session.credentials.refresh_token));
    EXPECT_NE(first.credentials.refresh_token, session.credentials.refresh_token);
    EXPECT_EQ(again.credentials.refresh_token, first.credentials.refresh_token);
    EXPECT_EQ(me(again), 200);
    EXPECT_EQ(refresh(*first.credentials.refresh_token).status, 200);
}

TEST_F(SessionsTest, TwoAtOnceGetTheSameSuccessor) {
    const auto session = sign_up(email());
    const auto both = [](std::string token) -> async::Task<std::pair<InjectedResponse, InjectedResponse>> {
        const auto json = fmt::format(R"({{"refreshToken":"{}"}})", token);
        auto replies = co_await async::when_all(app->host().inject(request("/v1/auth/refresh", json)),
                                                app->host().inject(request("/v1/auth/refresh", json)));
        co_return std::pair(std::get<0>(replies), std::get<1>(replies));
    };
    const auto replies = app->run(both(*session.credentials.refresh_token));
    EXPECT_EQ(body<pos::SignedIn>(replies.first).credentials.refresh_token,
              body<pos::SignedIn>(replies.second).credentials.refresh_token);
}

// A till that lost the reply, was updated, moved to another network and stood in a drawer over the night.
TEST_F(SessionsTest, ALostReplyIsGivenAgainForADay) {
    const auto till = sign_up(email());
    const auto lost = body<pos::SignedIn>(refresh(*till.credentials.refresh_token));
    clock->advance(24h);
    const auto again = refresh(*till.credentials.refresh_token, "",
                               {.address = "198.51.100.77", .headers = {{"User-Agent", "till/2.0"}}});
    ASSERT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(body<pos::SignedIn>(again).credentials.refresh_token, lost.credentials.refresh_token);
    clock->advance(1s);
    EXPECT_THAT(refresh(*till.credentials.refresh_token).body, HasSubstr("auth.refresh_reused"));
    EXPECT_EQ(refresh(*lost.credentials.refresh_token).status, 401);
    expect_ended(lost);
}

TEST_F(SessionsTest, ReuseEndsTheFamily) {
    // Once the successor was used, its predecessor serves no more.
    const auto used = sign_up(email());
    const auto second = body<pos::SignedIn>(refresh(*used.credentials.refresh_token));
    const auto third = body<pos::SignedIn>(refresh(*second.credentials.refresh_token));
    EXPECT_THAT(refresh(*used.credentials.refresh_token).body, HasSubstr("auth.refresh_reused"));
    EXPECT_THAT(refresh(*third.credentials.refresh_token).body, HasSubstr("auth.invalid_refresh_token"));
    expect_ended(third);

    const auto device = sign_up(email());
    EXPECT_THAT(
        refresh(*device.credentials.refresh_token, R"(,"deviceId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01")").body,
        HasSubstr("auth.refresh_reused"));
}

// The rows of spent tokens are not kept; that one comes back is noticed all the same.
TEST_F(SessionsTest, ATokenSpentLongAgoEndsTheFamily) {
    const auto session = sign_up(email());
    auto newest = *session.credentials.refresh_token;
    for (int i = 0; i < 10; ++i) newest = *body<pos::SignedIn>(refresh(newest)).credentials.refresh_token;
    EXPECT_EQ(app->database().value("select count(*) from refresh_tokens where session_id = '" +
                                    session.session_id.to_string() + "'"),
              "2");
    EXPECT_THAT(refresh(*session.credentials.refresh_token).body, HasSubstr("auth.refresh_reused"));
    EXPECT_EQ(refresh(newest).status, 401);
    expect_ended(session);
}

TEST_F(SessionsTest, TokensOfTheReleaseBeforeAreTaken) {
    const auto session = sign_up(email());
    const auto old = "rt_" + std::string(42, 'B') + 'A';  // 32 bytes
    app->database().execute(fmt::format("update refresh_tokens set token_hash = sha256('{}') where session_id = '{}'",
                                        old, session.session_id.to_string()));
    const auto next = refresh(old);
    ASSERT_EQ(next.status, 200) << next.body;
    EXPECT_EQ(body<pos::SignedIn>(refresh(old)).credentials.refresh_token,
              body<pos::SignedIn>(next).credentials.refresh_token);
}

// Both are rows of the release before: its reply was lost when it was stopped.
TEST_F(SessionsTest, ALostReplyOfTheReleaseBeforeIsGivenAgain) {
    const auto session = sign_up(email());
    const auto old = "rt_" + std::string(42, 'C') + 'A';
    const auto values = auth::SignedValues({.secret = app->app().settings.secret, .previous_secrets = {}});
    const auto next = "rt_" + values.tag("refresh-successor", old);
    const auto id = session.session_id.to_string();
    app->database().execute(fmt::format(
        "update refresh_tokens set token_hash = sha256('{0}'), used_at = '{3}' where session_id = '{1}'; "
        "insert into refresh_tokens (id, session_id, token_hash, issued_at, expires_at) values ('{1}', '{1}', "
        "sha256('{2}'), '{3}', '{3}'::timestamptz + interval '1 day'); "
        "update refresh_tokens set replaced_by = '{1}' where token_hash = sha256('{0}')",
        old, id, next, base::format_timestamp(clock->now() - 20s)));
    const auto reply = refresh(old);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(*body<pos::SignedIn>(reply).credentials.refresh_token, next);
    EXPECT_EQ(refresh(next).status, 200);
    // Its row is gone by then, and it does not name its session.
    EXPECT_THAT(refresh(old).body, HasSubstr("auth.invalid_refresh_token"));
}

// Whoever was shut out gets nothing, and keeps the token for when they are let in again.
TEST_F(SessionsTest, ARefreshDemandsWhatTheSessionDemands) {
    const auto session = sign_up(email());
    const auto set = [&](std::string_view sql) {
        app->database().execute(fmt::format(fmt::runtime(sql), session.user.id.to_string()));
    };
    set("update users set disabled_at = now() where id = '{}'");
    EXPECT_THAT(refresh(*session.credentials.refresh_token).body, HasSubstr("auth.user_disabled"));
    set("update users set disabled_at = null where id = '{}'");
    set("update memberships set status = 'disabled' where user_id = '{}'");
    EXPECT_THAT(refresh(*session.credentials.refresh_token).body, HasSubstr("auth.invalid_refresh_token"));
    set("update memberships set status = 'active' where user_id = '{}'");
    EXPECT_EQ(refresh(*session.credentials.refresh_token).status, 200);
}

TEST_F(SessionsTest, MadeUpRefreshTokens) {
    EXPECT_THAT(refresh("rt_" + std::string(43, 'A')).body, HasSubstr("auth.invalid_refresh_token"));
    EXPECT_THAT(refresh("nonsense").body, HasSubstr("auth.invalid_refresh_token"));
    // Somebody else's session with a made-up tag does it no harm.
    const auto session = sign_up(email());
    auto forged = *session.credentials.refresh_token;
    forged.replace(30, 4, "AAAA");
    EXPECT_THAT(refresh(forged).body, HasSubstr("auth.invalid_refresh_token"));
    EXPECT_EQ(refresh(*session.credentials.refresh_token).status, 200);
}

// ---- Sessions ----------------------------------------------------------------------------------------------------

TEST_F(SessionsTest, LogoutEndsTheSessionEverywhere) {
    const auto session = sign_up(email());
    EXPECT_EQ(app->post("/v1/auth/logout", "", {.token = *session.credentials.access_token}).status, 204);
    expect_ended(session);
    EXPECT_EQ(refresh(*session.credentials.refresh_token).status, 401);
}

TEST_F(SessionsTest, SessionsAreListedAndRevoked) {
    const auto address = email();
    const auto first = sign_up(address);
    const auto second = login(address);
    const testing::With with{.token = *second.credentials.access_token};
    const auto list = body<pos::SessionList>(app->get("/v1/auth/sessions", with));
    ASSERT_EQ(list.data.size(), 2U);
    for (const auto& session : list.data) EXPECT_EQ(session.current, session.id == second.session_id);
    EXPECT_EQ(app->del("/v1/auth/sessions/" + first.session_id.to_string(), with).status, 204);
    expect_ended(first);
    EXPECT_EQ(me(second), 200);
    EXPECT_EQ(app->del("/v1/auth/sessions/" + first.session_id.to_string(), with).status, 404);
    const auto stranger = sign_up(email());
    EXPECT_EQ(app->del("/v1/auth/sessions/" + stranger.session_id.to_string(), with).status, 404);
}

// However many there are: a copy of a row in every second of three days, as a client leaves that never refreshes.
TEST_F(SessionsTest, SessionsAreBounded) {
    const auto address = email();
    const auto first = sign_up(address);
    const auto user = first.user.id.to_string();
    const auto living = [&] {
        return *app->database().value("select count(*) from sessions where revoked_at is null and user_id = '" + user +
                                      "'");
    };
    app->database().execute(fmt::format(
        "insert into sessions (id, user_id, tenant_id, kind, user_agent, ip_address, created_at, last_seen_at, "
        "expires_at) select gen_random_uuid(), user_id, tenant_id, kind, '', '192.0.2.' || n % 9, "
        "created_at - interval '1 second' * n, last_seen_at - interval '1 second' * n, expires_at "
        "from sessions, generate_series(1, 299) n where user_id = '{}'",
        user));
    const auto last = login(address);
    EXPECT_EQ(living(), "200");
    EXPECT_EQ(me(first), 200);
    // Those that were unused the longest are gone.
    EXPECT_EQ(app->database().value("select count(*) from sessions where revoke_reason = 'too many sessions' and "
                                    "user_id = '" +
                                    user + "'"),
              "101");
    app->database().execute(fmt::format(
        "insert into sessions (id, user_id, tenant_id, kind, user_agent, ip_address, created_at, last_seen_at, "
        "expires_at) select gen_random_uuid(), user_id, tenant_id, kind, '', '192.0.2.1', created_at, "
        "last_seen_at - interval '1 hour', expires_at from sessions, generate_series(1, 12000) n where id = '{}'",
        first.session_id.to_string()));
    const auto changed =
        app->post("/v1/auth/password/change",
                  fmt::format(R"({{"currentPassword":"{}","newPassword":"chai-ya-jioni-moto"}})", password),
                  {.token = *last.credentials.access_token});
    EXPECT_EQ(changed.status, 204) << changed.body;
    EXPECT_EQ(living(), "1");
}

// Used, though never refreshed: a browser's, or an integration's.
TEST_F(SessionsTest, ASessionThatIsUsedIsNotTheOneUnusedTheLongest) {
    const auto address = email();
    const auto used = sign_up(address);
    const auto id = used.session_id.to_string();
    const auto seen = [&] {
        return app->database().value("select last_seen_at = '" + base::format_timestamp(clock->now()) +
                                     "' from sessions where id = '" + id + "'");
    };
    app->database().execute(fmt::format(
        "insert into sessions (id, user_id, tenant_id, kind, user_agent, ip_address, created_at, last_seen_at, "
        "expires_at) select gen_random_uuid(), user_id, tenant_id, kind, '', '192.0.2.1', created_at, "
        "last_seen_at + interval '1 second' * n, expires_at from sessions, generate_series(1, 205) n where id = '{}'",
        id));
    clock->advance(6min);
    EXPECT_EQ(me(used), 200);
    EXPECT_EQ(seen(), "t");
    login(address);
    EXPECT_EQ(app->database().value("select count(*) from sessions where revoked_at is null and user_id = '" +
                                    used.user.id.to_string() + "'"),
              "200");
    EXPECT_EQ(app->database().value("select revoked_at is null from sessions where id = '" + id + "'"), "t");
}

// Not at each request: a busy session is written once in some minutes, whichever instance it asks.
TEST_F(SessionsTest, ThatASessionIsUsedIsWrittenOnceInSomeMinutes) {
    const auto session = sign_up(email());
    const auto before =
        app->database().value("select last_seen_at from sessions where id = '" + session.session_id.to_string() + "'");
    clock->advance(4min);
    EXPECT_EQ(me(session), 200);
    EXPECT_EQ(
        app->database().value("select last_seen_at from sessions where id = '" + session.session_id.to_string() + "'"),
        before);
}

TEST_F(SessionsTest, ANewPasswordEndsTheOtherSessions) {
    const auto address = email();
    const auto first = sign_up(address);
    const auto second = login(address);
    const testing::With with{.token = *second.credentials.access_token};
    EXPECT_EQ(app->post("/v1/auth/password/change",
                        R"({"currentPassword":"wrong-one","newPassword":"chai-ya-tangawizi"})", with)
                  .status,
              401);
    EXPECT_EQ(app->post("/v1/auth/password/change",
                        fmt::format(R"({{"currentPassword":"{}","newPassword":"short"}})", password), with)
                  .status,
              422);
    EXPECT_EQ(app->post("/v1/auth/password/change",
                        fmt::format(R"({{"currentPassword":"{}","newPassword":"chai-ya-tangawizi"}})", password), with)
                  .status,
              204);
    expect_ended(first);
    EXPECT_EQ(me(second), 200);
    EXPECT_EQ(post("/v1/auth/login", login_json(address)).status, 401);
    login(address, "chai-ya-tangawizi");
}

TEST_F(SessionsTest, TheBrowsersSession) {
    const auto address = email();
    sign_up(address);
    const auto reply = post("/v1/auth/login",
                            fmt::format(R"({{"email":"{}","password":"{}","session":"cookie"}})", address, password));
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto session = body<pos::SignedIn>(reply);
    EXPECT_FALSE(session.credentials.access_token);
    std::string cookies;
    for (const auto& [name, value] : reply.headers) {
        if (name == "Set-Cookie") cookies += (cookies.empty() ? "" : "; ") + value.substr(0, value.find(';'));
    }
    EXPECT_EQ(app->get("/v1/auth/me", {.headers = {{"Cookie", cookies}}}).status, 200);
    EXPECT_THAT(app->post("/v1/auth/logout", "", {.headers = {{"Cookie", cookies}}}).body,
                HasSubstr("auth.csrf_failed"));
    EXPECT_EQ(app->post("/v1/auth/logout", "",
                        {.headers = {{"Cookie", cookies}, {"X-CSRF-Token", *session.credentials.csrf_token}}})
                  .status,
              204);
}

}  // namespace
