// What was verified is what is stored against: something changes between the judging of a request and its effect. The change is
// made by a transaction of the test's own, which commits when the request waits for it (or, were it not to wait, is through).

#include <gmock/gmock.h>

#include "async/sync.h"
#include "auth/password.h"
#include "base/random.h"
#include "pos/testing/open_transaction.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class RacesTest : public ShopTest {
protected:
    static http::InjectedRequest request(std::string target, std::string json, const std::string& token = "",
                                         Headers headers = {}) {
        headers.emplace_back("Content-Type", "application/json");
        if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
        return {.method = http::Method::post,
                .target = std::move(target),
                .headers = std::move(headers),
                .body = std::move(json),
                .remote_address = "127.0.0.1"};
    }
    static async::Task<InjectedResponse> send_and_tell(http::InjectedRequest asked, bool* done) {
        auto reply = co_await app->host().inject(std::move(asked));
        *done = true;
        co_return reply;
    }
    static async::Task<bool> commit_when_waited_for(OpenTransaction* change, const bool* done) {
        bool waited = false;
        while (!*done && !waited) {
            waited = app->database().value(fmt::format("select count(*) from pg_stat_activity where {} = any("
                                                       "pg_blocking_pids(pid))",
                                                       change->pid())) != "0";
            co_await async::sleep(&app->host().loop(), std::chrono::milliseconds(1));
        }
        change->commit();
        co_return waited;
    }
    static async::Task<InjectedResponse> both(http::InjectedRequest asked, OpenTransaction* change) {
        bool done = false;
        auto replies =
            co_await async::when_all(send_and_tell(std::move(asked), &done), commit_when_waited_for(change, &done));
        co_return std::get<0>(replies);
    }
    // The reply of a request that meets `sql` half-way.
    static InjectedResponse during(const std::string& sql, http::InjectedRequest asked) {
        OpenTransaction change(app->database().url(), sql);
        return app->run(both(std::move(asked), &change));
    }

    static std::string hash_of(std::string_view secret, auth::PasswordParameters parameters = {}) {
        base::SecureRandom random;
        return auth::hash_password(secret, parameters, random);
    }
    static std::string new_member(std::string_view role = "cashier") {
        const auto address = fmt::format("race{}@duka.example", ++people);
        std::ignore = member(address, role);
        // Their session of the beginning is not counted.
        app->database().execute(of_user("update sessions set revoked_at = now() where user_id = {0}", address));
        return address;
    }
    static http::InjectedRequest login(const std::string& address, std::string_view secret = password,
                                       const std::string& more = "") {
        return request("/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"{}}})", address, secret, more));
    }
    static std::string of_user(std::string_view sql, const std::string& address) {
        return fmt::format(fmt::runtime(sql), "(select id from users where email = '" + address + "')");
    }
    static std::string sessions_of(const std::string& address) {
        return *app->database().value(
            of_user("select count(*) from sessions where revoked_at is null and user_id = {}", address));
    }
    static std::string hash_in_row(const std::string& address) {
        return *app->database().value("select password_hash from users where email = '" + address + "'");
    }

    static constexpr auth::PasswordParameters weak{.memory_kib = 19'456, .iterations = 1, .parallelism = 1};
    static inline int people = 0;
};

TEST_F(RacesTest, APasswordThatWasChangedMeanwhileOpensNoSession) {
    const auto address = new_member();
    const auto changed = of_user("update users set password_hash = 'x', version = version + 1 where id = {}", address);
    const auto reply = during(changed, login(address));
    EXPECT_EQ(reply.status, 401) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("auth.invalid_credentials"));
    EXPECT_EQ(sessions_of(address), "0");
}

TEST_F(RacesTest, NorTheBrowsersSession) {
    const auto address = new_member();
    const auto reply = during(of_user("update users set password_hash = 'x' where id = {}", address),
                              login(address, password, R"(,"session":"cookie")"));
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.header("Set-Cookie"), std::nullopt);
    EXPECT_EQ(sessions_of(address), "0");
}

// The password was judged before there was a second factor.
TEST_F(RacesTest, ASecondFactorThatWasTurnedOnMeanwhileIsNotPassedBy) {
    const auto address = new_member();
    const auto turned_on = of_user("update users set second_factor_since = now() where id = {}", address);
    const auto reply = during(turned_on, login(address));
    EXPECT_EQ(reply.status, 401) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("auth.invalid_credentials"));
    EXPECT_EQ(sessions_of(address), "0");
    const auto again = app->run(app->host().inject(login(address)));
    EXPECT_THAT(again.body, HasSubstr("auth.second_factor_required"));
}

TEST_F(RacesTest, WhoIsShutOutMeanwhileGetsNoSession) {
    for (const std::string_view change : {"update users set disabled_at = now() where id = {}",
                                          "update memberships set status = 'disabled' where user_id = {}",
                                          "update memberships set deleted_at = now() where user_id = {}"}) {
        const auto address = new_member();
        EXPECT_EQ(during(of_user(change, address), login(address)).status, 401) << change;
        EXPECT_EQ(sessions_of(address), "0") << change;
    }
}

TEST_F(RacesTest, ADeviceThatIsRevokedMeanwhileGetsNoSession) {
    const auto address = new_member();
    const auto till =
        text(made<Device>(post("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Till"}})", location()))).id);
    const auto reply = during("update devices set status = 'lost' where id = '" + till + "'",
                              login(address, password, fmt::format(R"(,"deviceId":"{}")", till)));
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(sessions_of(address), "0");
}

TEST_F(RacesTest, AnOldHashIsNotPutBackOverANewPassword) {
    const auto address = new_member();
    const auto fresh = hash_of("chai-ya-tangawizi");
    app->database().execute(
        of_user("update users set password_hash = '" + hash_of(password, weak) + "' where id = {}", address));
    const auto reply =
        during(of_user("update users set password_hash = '" + fresh + "' where id = {}", address), login(address));
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(hash_in_row(address), fresh);
    EXPECT_EQ(sessions_of(address), "0");
}

TEST_F(RacesTest, TwoWhoReplaceAnOldHashAtOnceBothSignIn) {
    const auto address = new_member();
    const auto old = hash_of(password, weak);
    app->database().execute(of_user("update users set password_hash = '" + old + "' where id = {}", address));
    const auto two = [](std::string who) -> async::Task<std::pair<int, int>> {
        auto replies = co_await async::when_all(app->host().inject(login(who)), app->host().inject(login(who)));
        co_return std::pair(std::get<0>(replies).status, std::get<1>(replies).status);
    };
    EXPECT_EQ(app->run(two(address)), std::pair(200, 200));
    EXPECT_NE(hash_in_row(address), old);
}

TEST_F(RacesTest, AChangeOfThePasswordDemandsTheOneThatItJudged) {
    const auto address = new_member();
    const auto one = log_in(address);
    const auto two = log_in(address);
    const auto change =
        request("/v1/auth/password/change",
                fmt::format(R"({{"currentPassword":"{}","newPassword":"chai-ya-tangawizi"}})", password), one);
    const auto stolen = hash_of("somebody-elses-word");
    const auto reply =
        during(of_user("update users set password_hash = '" + stolen + "' where id = {}", address), change);
    EXPECT_EQ(reply.status, 401) << reply.body;
    EXPECT_EQ(hash_in_row(address), stolen);
    EXPECT_EQ(sessions_of(address), "2");
}

// The entry as it was found: some of these sessions outlived the change.
TEST_F(RacesTest, NoSessionOfTheOldPasswordOutlivesIt) {
    for (int i = 0; i < 5; ++i) {
        const auto address = new_member();
        const auto token = log_in(address);
        const auto race = [](std::string who, std::string by) -> async::Task<int> {
            auto replies = co_await async::when_all(
                app->host().inject(login(who)), app->host().inject(login(who)),
                app->host().inject(request(
                    "/v1/auth/password/change",
                    fmt::format(R"({{"currentPassword":"{}","newPassword":"chai-ya-tangawizi"}})", password), by)),
                app->host().inject(login(who)));
            co_return std::get<2>(replies).status;
        };
        ASSERT_EQ(app->run(race(address, token)), 204);
        EXPECT_EQ(sessions_of(address), "1");
    }
}

TEST_F(RacesTest, AFurtherTenantNeedsThePasswordThatStillHolds) {
    const auto address = new_member();
    const auto json =
        fmt::format(R"({{"tenant":{{"name":"Second"}},"owner":{{"name":"Amina","email":"{}","password":"{}"}}}})",
                    address, password);
    const auto reply = during(of_user("update users set password_hash = 'x' where id = {}", address),
                              request("/v1/tenants", json, "", {{"Idempotency-Key", "second-" + address}}));
    EXPECT_EQ(reply.status, 401) << reply.body;
    EXPECT_EQ(app->database().value("select count(*) from tenants where name = 'Second'"), "0");
}

// Permissions are known from a cache; who gives roles, or lets devices in, is asked again when it is stored.
TEST_F(RacesTest, WhoLostTheirRoleMeanwhileGivesNone) {
    const auto address = new_member("admin");
    const auto token = log_in(address);
    const auto roles = body<RoleList>(get("/v1/roles", token)).data;  // the permissions are in the cache now
    const auto demoted = of_user("update memberships set version = version + 1 where user_id = {}", address);
    const auto user = request(
        "/v1/users",
        fmt::format(R"({{"name":"N","email":"given@duka.example","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                    password, text(std::ranges::find(roles, "cashier", &RoleView::built_in)->id)),
        token, {{"Idempotency-Key", "given"}});
    const auto refused = during(demoted, user);
    EXPECT_EQ(refused.status, 409) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("auth.caller_changed"));
    EXPECT_EQ(app->database().value("select count(*) from users where email = 'given@duka.example'"), "0");

    const auto device =
        request("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Late"}})", location()), token);
    const auto ended = of_user("update sessions set revoked_at = now() where user_id = {}", address);
    EXPECT_THAT(during(ended, device).body, HasSubstr("auth.caller_changed"));
    EXPECT_EQ(app->database().value("select count(*) from devices where name = 'Late'"), "0");
}

// Else somebody who writes again and again keeps the change that shuts them out waiting, or ends it by a deadlock.
TEST_F(RacesTest, NoWriteBeginsWhileItsUserIsBeingChanged) {
    const auto address = new_member("admin");
    const auto token = *body<SignedIn>(app->run(app->host().inject(login(address)))).credentials.access_token;
    const auto device = [&](std::string name) {
        return app->run(app->host().inject(
            request("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"{}"}})", location(), name), token)));
    };
    ASSERT_EQ(device("Before").status, 201);
    {
        OpenTransaction change(app->database().url(),
                               of_user("select pg_advisory_xact_lock(hashtextextended({}::text, 1))", address));
        const auto reply = device("Meanwhile");
        EXPECT_EQ(reply.status, 409) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.caller_changed"));
        change.commit();
    }
    EXPECT_EQ(device("After").status, 201);
}

// What a change of a member and of a password take it for.
TEST_F(RacesTest, AChangeWaitsForTheWritesThatHaveBegun) {
    const auto address = new_member("admin");
    const auto open = of_user("select pg_advisory_xact_lock_shared(hashtextextended({}::text, 1))", address);
    const auto session = body<SignedIn>(app->run(app->host().inject(login(address))));
    OpenTransaction write(app->database().url(), open);
    const auto change =
        request("/v1/auth/password/change",
                fmt::format(R"({{"currentPassword":"{}","newPassword":"a wholly other sentence"}})", password),
                *session.credentials.access_token);
    const auto race = [](http::InjectedRequest asked, OpenTransaction* held) -> async::Task<std::pair<int, bool>> {
        bool done = false;
        auto both =
            co_await async::when_all(send_and_tell(std::move(asked), &done), commit_when_waited_for(held, &done));
        co_return std::pair(static_cast<int>(std::get<0>(both).status), std::get<1>(both));
    };
    EXPECT_EQ(app->run(race(change, &write)), std::pair(204, true)) << "it waited for the write";
}

// However many sessions it ends: one notice is enough for all, and a notice costs every instance.
TEST_F(RacesTest, ARevocationIsAnnouncedOnce) {
    const auto till =
        text(made<Device>(post("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Till"}})", location()))).id);
    const auto more = fmt::format(R"(,"deviceId":"{}")", till);
    for (int i = 0; i < 3; ++i) std::ignore = log_in("owner@duka.example", more);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> listener(PQconnectdb(app->database().url().c_str()), &PQfinish);
    PQclear(PQexec(listener.get(), "listen auth_changes"));
    ASSERT_EQ(post("/v1/devices/" + till + "/revoke", R"({"status":"lost"})").status, 200);
    EXPECT_EQ(app->database().value("select count(*) from sessions where revoke_reason = 'device_revoked' and "
                                    "device_id = '" +
                                    till + "'"),
              "3");
    // What was committed before a statement has arrived when it ends.
    PQclear(PQexec(listener.get(), "select 1"));
    std::vector<std::string> notices;
    while (auto* notice = PQnotifies(listener.get())) {
        notices.emplace_back(notice->extra);
        PQfreemem(notice);
    }
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_THAT(notices.front(), HasSubstr("tenant:"));
}

// Whichever comes first: afterwards the session is dead, and its token with it.
TEST_F(RacesTest, ARefreshDoesNotOutliveTheRevocationOfItsDevice) {
    for (int i = 0; i < 5; ++i) {
        const auto address = new_member();
        const auto till = text(
            made<Device>(post("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Till"}})", location()))).id);
        const auto session = body<SignedIn>(
            app->run(app->host().inject(login(address, password, fmt::format(R"(,"deviceId":"{}")", till)))));
        const auto race = [](std::string token, std::string device) -> async::Task<InjectedResponse> {
            const auto json = fmt::format(R"({{"refreshToken":"{}"}})", token);
            auto replies = co_await async::when_all(
                app->host().inject(request("/v1/auth/refresh", json)),
                app->host().inject(request("/v1/devices/" + device + "/revoke", R"({"status":"lost"})", owner)),
                app->host().inject(request("/v1/auth/refresh", json)));
            co_return std::get<0>(replies);
        };
        const auto reply = app->run(race(*session.credentials.refresh_token, till));
        EXPECT_EQ(sessions_of(address), "0");
        const auto token =
            reply.status == 200 ? *body<SignedIn>(reply).credentials.refresh_token : *session.credentials.refresh_token;
        EXPECT_EQ(
            app->run(app->host().inject(request("/v1/auth/refresh", fmt::format(R"({{"refreshToken":"{}"}})", token))))
                .status,
            401);
    }
}

}  // namespace
