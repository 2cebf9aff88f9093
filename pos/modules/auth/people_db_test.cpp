// Sign-up, sign-in, members and the tenant, on the whole service.

#include "pos/modules/auth/people_for_test.h"
#include "pos/permissions.h"

namespace {

using namespace pos::people_test;

// ---- Sign-up -----------------------------------------------------------------------------------------------------

TEST_F(PeopleTest, SignUpMakesAShopThatWorks) {
    const auto owner = sign_up(email());
    EXPECT_EQ(owner.tenant.name, "Duka la Amani");
    EXPECT_EQ(owner.memberships.size(), 1U);
    EXPECT_EQ(me(owner), 200);
    const testing::With with{.token = *owner.credentials.access_token};
    const auto tenant = app->get("/v1/tenant", with);
    EXPECT_EQ(tenant.status, 200);
    EXPECT_EQ(http::version_of(*tenant.header("ETag")), 1);
    const auto id = owner.tenant.id.to_string();
    auto& database = app->database();
    EXPECT_EQ(database.value("select count(*) from roles where tenant_id = '" + id + "'"), "7");
    EXPECT_EQ(
        database.value("select string_agg(code, ',' order by code) from tax_classes where tenant_id = '" + id + "'"),
        "EXEMPT,VAT16,VAT8,ZERO");
    EXPECT_EQ(database.value("select count(*) from location_counters where tenant_id = '" + id + "'"), "1");
    // Tenant, location, four classes, four rates: numbered 1 to 10.
    EXPECT_EQ(database.value(
                  "select min(seq) || '-' || max(seq) || '/' || count(*) from change_pointers where tenant_id = '" +
                  id + "'"),
              "1-10/10");
}

TEST_F(PeopleTest, SignUpIsRepeatedToTheByte) {
    const auto address = email();
    const From from{.headers = {{"Idempotency-Key", "sign-up-" + address}}};
    const auto first = post("/v1/tenants", sign_up_json(address), from);
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(first.header("Idempotent-Replayed"), std::nullopt);
    const auto second = post("/v1/tenants", sign_up_json(address), from);
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.header("Location"), first.header("Location"));
    EXPECT_EQ(second.header("Cache-Control"), "no-store");
    EXPECT_EQ(second.header("Idempotent-Replayed"), "true");
    const auto session = body<pos::SignedIn>(second);
    EXPECT_EQ(me(session), 200);
    EXPECT_EQ(refresh(*session.credentials.refresh_token).status, 200);
    EXPECT_EQ(
        app->database().value("select count(*) from sessions where user_id = '" + session.user.id.to_string() + "'"),
        "1");
    // What is stored says nothing of what was sent.
    EXPECT_EQ(app->database().value("select count(*) from idempotency_keys where position('rt_'::bytea in response) > "
                                    "0 or position('accessToken'::bytea in response) > 0"),
              "0");

    auto other = sign_up_json(address);
    other.replace(other.find("Amani"), 5, "Upendo");
    const auto reused = post("/v1/tenants", other, {.headers = {{"Idempotency-Key", "sign-up-" + address}}}).body;
    EXPECT_THAT(reused, HasSubstr("idempotency.key_reused"));
    EXPECT_THAT(reused, Not(HasSubstr(session.tenant.id.to_string()))) << "a stranger asks";
    EXPECT_THAT(post("/v1/tenants", sign_up_json(email())).body, HasSubstr("idempotency.key_missing"));
}

TEST_F(PeopleTest, ARepeatedSignUpOfABrowserSetsTheSameCookies) {
    const auto address = email();
    auto json = sign_up_json(address);
    json.replace(json.rfind('}'), 1, R"(,"session":"cookie"})");
    const From from{.headers = {{"Idempotency-Key", "sign-up-" + address}}};
    const auto cookies_of = [](const InjectedResponse& reply) {
        std::vector<std::string> cookies;
        for (const auto& [name, value] : reply.headers) {
            if (name == "Set-Cookie") cookies.push_back(value);
        }
        return cookies;
    };
    const auto first = post("/v1/tenants", json, from);
    const auto second = post("/v1/tenants", json, from);
    ASSERT_EQ(first.status, 201) << first.body;
    EXPECT_EQ(cookies_of(first).size(), 2U);
    EXPECT_EQ(cookies_of(second), cookies_of(first));
    EXPECT_EQ(second.body, first.body);
}

// Its secret was changed, say: the tenant is there, and the owner can sign in.
TEST_F(PeopleTest, ASignUpWhoseReplyCannotBeOpenedSaysSo) {
    const auto address = email();
    sign_up(address);
    app->database().execute("update idempotency_keys set response = 'x' where key = 'sign-up-" + address + "'");
    const auto reply =
        post("/v1/tenants", sign_up_json(address), {.headers = {{"Idempotency-Key", "sign-up-" + address}}});
    EXPECT_EQ(reply.status, 409);
    EXPECT_THAT(reply.body, HasSubstr("tenant.sign_up_done"));
}

// A stranger's page opens no session in its reader's browser, neither by signing in nor by signing up.
TEST_F(PeopleTest, ASignUpByCookieDemandsOurOwnPage) {
    const auto address = email();
    auto json = sign_up_json(address);
    json.insert(1, R"("session":"cookie",)");
    const auto from = [&](std::string origin) {
        return post("/v1/tenants", json,
                    {.headers = {{"Idempotency-Key", "cookie-" + address},
                                 {"Origin", std::move(origin)},
                                 {"Sec-Fetch-Site", "cross-site"}}});
    };
    const auto refused = from("https://evil.example");
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("auth.csrf_failed"));
    EXPECT_EQ(post("/v1/auth/login", login_json(address)).status, 401);
}

// However many tenants a user has, the one that is asked for is found.
TEST_F(PeopleTest, TheTwoHundredAndFirstTenantIsEntered) {
    const auto address = email();
    const auto session = sign_up(address);
    app->database().execute(fmt::format(
        "with t as (insert into tenants select (jsonb_populate_record(t, jsonb_build_object('id', "
        "gen_random_uuid(), 'name', 'A ' || n))).* from tenants t, generate_series(1, 205) n where t.id = '{0}' "
        "returning id) "
        "insert into memberships select (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(), "
        "'tenant_id', t.id, 'default_location_id', null))).* from memberships m, t where m.tenant_id = '{0}'",
        session.tenant.id.to_string()));
    const auto mine = body<pos::Me>(app->get("/v1/auth/me", {.token = *session.credentials.access_token}));
    EXPECT_EQ(mine.tenant.id, session.tenant.id);
    EXPECT_EQ(mine.memberships.size(), 200);
    EXPECT_EQ(body<pos::SignedIn>(refresh(*session.credentials.refresh_token)).tenant.id, session.tenant.id);
    auto json = login_json(address);
    json.insert(1, fmt::format(R"("tenantId":"{}",)", session.tenant.id.to_string()));
    const auto entered = post("/v1/auth/login", json);
    ASSERT_EQ(entered.status, 200) << entered.body;
    EXPECT_EQ(body<pos::SignedIn>(entered).tenant.name, session.tenant.name);
}

// A till of a shop where somebody has no role is not theirs to sign in on.
TEST_F(PeopleTest, ADeviceIsOpenToThoseWhoWorkAtItsLocation) {
    const auto owner = sign_up(email());
    const auto token = *owner.credentials.access_token;
    const auto post_as_owner = [&](std::string target, std::string json) {
        const auto reply = app->post(std::move(target), std::move(json),
                                     {.token = token, .headers = {{"Idempotency-Key", fmt::format("d-{}", ++keys)}}});
        EXPECT_EQ(reply.status, 201) << reply.body;
        return reply.body;
    };
    const auto id_in = [](const std::string& json) {
        const auto at = json.find(R"("id":")") + 6;
        return json.substr(at, 36);
    };
    const auto here = id_in(post_as_owner("/v1/locations", R"({"code":"L1","name":"One"})"));
    const auto there = id_in(post_as_owner("/v1/locations", R"({"code":"L2","name":"Two"})"));
    const auto device_at = [&](const std::string& location) {
        return id_in(post_as_owner("/v1/devices", fmt::format(R"({{"locationId":"{}","name":"Till"}})", location)));
    };
    const auto cashier = email();
    const auto added = post_as_owner(
        "/v1/users",
        fmt::format(R"({{"name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}","locationId":"{}"}}]}})",
                    cashier, password, role(owner, "cashier"), here));
    const auto sign_in_at = [&](const std::string& device) {
        auto json = login_json(cashier);
        json.insert(1, fmt::format(R"("deviceId":"{}",)", device));
        return post("/v1/auth/login", json);
    };
    const auto till = device_at(here);
    const auto session = body<pos::SignedIn>(sign_in_at(till));
    const auto refused = sign_in_at(device_at(there));
    EXPECT_THAT(refused.body, HasSubstr("device.unknown"));
    EXPECT_GE(refused.status, 400);
    // Who is signed in stays so when the till, or their role, goes elsewhere: what was sold is still to be sent.
    const auto next = body<pos::SignedIn>(refresh(*session.credentials.refresh_token));
    auto member = *schema::parse<pos::Member>(added);
    const auto work_at = [&](const std::string& location) {
        const auto changed = change_member(
            owner, member,
            fmt::format(R"({{"roles":[{{"roleId":"{}","locationId":"{}"}}]}})", role(owner, "cashier"), location));
        member = body<pos::Member>(changed);
    };
    work_at(there);
    EXPECT_EQ(refresh(*next.credentials.refresh_token).status, 200);
    EXPECT_THAT(sign_in_at(till).body, HasSubstr("device.unknown"));
    work_at(here);
    EXPECT_EQ(sign_in_at(till).status, 200);
}

// As of any row; users belong to the installation, so the id is taken for other tenants, too.
TEST_F(PeopleTest, APersonsIdMayBeTheClients) {
    const std::string id = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a77";
    const auto add = [&](const pos::SignedIn& owner) {
        const auto json =
            fmt::format(R"({{"id":"{}","name":"Juma","email":"{}","password":"{}","roles":[{{"roleId":"{}"}}]}})", id,
                        email(), password, role(owner, "cashier"));
        return app->post("/v1/users", json,
                         {.token = *owner.credentials.access_token,
                          .headers = {{"Idempotency-Key", fmt::format("own-id-{}", ++keys)}}});
    };
    const auto owner = sign_up(email());
    EXPECT_EQ(body<pos::Member>(add(owner)).id.to_string(), id);
    for (const auto& by : {owner, sign_up(email())}) {
        const auto refused = add(by);
        EXPECT_EQ(refused.status, 409);
        EXPECT_THAT(refused.body, HasSubstr("row.id_taken"));
    }
}

TEST_F(PeopleTest, BuiltInRolesHaveOneIdEverywhere) {
    const auto here = sign_up(email());
    const auto there = sign_up(email());
    for (const auto& one : pos::built_in_roles) {
        EXPECT_EQ(role(here, one.name), one.id);
        EXPECT_EQ(role(there, one.name), one.id);
    }
}

TEST_F(PeopleTest, SignUpTwiceAtOnceMakesOneTenant) {
    const auto address = email();
    const auto both = [](std::string of) -> async::Task<std::pair<InjectedResponse, InjectedResponse>> {
        const From from{.headers = {{"Idempotency-Key", "sign-up-" + of}}};
        auto replies = co_await async::when_all(app->host().inject(request("/v1/tenants", sign_up_json(of), from)),
                                                app->host().inject(request("/v1/tenants", sign_up_json(of), from)));
        co_return std::pair(std::get<0>(replies), std::get<1>(replies));
    };
    const auto replies = app->run(both(address));
    EXPECT_TRUE(replies.first.status == 201 || replies.second.status == 201);
    for (const auto& reply : {replies.first, replies.second})
        EXPECT_TRUE(reply.status == 201 || reply.status == 409) << reply.body;
    EXPECT_EQ(
        app->database().value("select count(*) from memberships m join users u on u.id = m.user_id where u.email = '" +
                              address + "'"),
        "1");
}

TEST_F(PeopleTest, AFurtherTenantNeedsThePersonsPassword) {
    const auto address = email();
    const auto first = sign_up(address);
    EXPECT_THAT(
        post("/v1/tenants", sign_up_json(address, "something-else-1"), {.headers = {{"Idempotency-Key", "again-1"}}})
            .body,
        HasSubstr("user.email_taken"));
    const auto reply =
        post("/v1/tenants", sign_up_json(address), {.headers = {{"Idempotency-Key", "again-" + address}}});
    ASSERT_EQ(reply.status, 201) << reply.body;
    const auto second = body<pos::SignedIn>(reply);
    EXPECT_EQ(second.user.id, first.user.id);
    EXPECT_EQ(second.memberships.size(), 2U);
    // The first one is the default.
    EXPECT_EQ(login(address).tenant.id, first.tenant.id);
    app->database().execute("update users set default_tenant_id = null where email = '" + address + "'");
    const auto choice = post("/v1/auth/login", login_json(address));
    EXPECT_EQ(choice.status, 409);
    EXPECT_THAT(choice.body, HasSubstr(second.tenant.id.to_string()));
    const auto json = fmt::format(R"({{"email":"{}","password":"{}","tenantId":"{}"}})", address, password,
                                  second.tenant.id.to_string());
    EXPECT_EQ(body<pos::SignedIn>(post("/v1/auth/login", json)).tenant.id, second.tenant.id);
}

TEST_F(PeopleTest, WeakPasswordsAreRefusedWithReasons) {
    const auto reply =
        post("/v1/tenants", sign_up_json(email(), "password1"), {.headers = {{"Idempotency-Key", "weak"}}});
    EXPECT_EQ(reply.status, 422);
    EXPECT_THAT(reply.body, HasSubstr("/owner/password"));
}

// ---- Sign-in -----------------------------------------------------------------------------------------------------

TEST_F(PeopleTest, WrongPasswordAndUnknownUserLookAlike) {
    const auto address = email();
    sign_up(address);
    const auto wrong = post("/v1/auth/login", login_json(address, "not-the-password"));
    const auto unknown = post("/v1/auth/login", login_json(email(), "not-the-password"));
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(wrong.body.substr(0, wrong.body.find("requestId")),
              unknown.body.substr(0, unknown.body.find("requestId")));
    EXPECT_EQ(post("/v1/auth/login", R"({"password":"x"})").status, 422);
}

TEST_F(PeopleTest, FailuresSlowTheAddressTheyComeFrom) {
    const auto address = email();
    sign_up(address);
    const From attacker{.address = "203.0.113.7"};
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(post("/v1/auth/login", login_json(address, "not-the-password"), attacker).status, 401);
    const auto refused = post("/v1/auth/login", login_json(address), attacker);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.header("Retry-After"), "1");
    EXPECT_THAT(refused.body, HasSubstr("auth.throttled"));
    // The owner's own address goes on, and the attacker's after its second; the next wait is longer.
    EXPECT_EQ(post("/v1/auth/login", login_json(address)).status, 200);
    clock->advance(1s);
    EXPECT_EQ(post("/v1/auth/login", login_json(address, "not-the-password"), attacker).status, 401);
    clock->advance(1s);
    EXPECT_EQ(post("/v1/auth/login", login_json(address), attacker).status, 429);
    clock->advance(1s);
    EXPECT_EQ(post("/v1/auth/login", login_json(address), attacker).status, 200);
    // That success is a clean slate.
    EXPECT_EQ(post("/v1/auth/login", login_json(address, "not-the-password"), attacker).status, 401);
    EXPECT_EQ(post("/v1/auth/login", login_json(address), attacker).status, 200);
}

TEST_F(PeopleTest, AnAccountUnderAttackFromEverywhereStaysOpen) {
    const auto address = email();
    sign_up(address);
    post("/v1/auth/login", login_json(address, "not-the-password"), {.address = "198.51.100.1"});
    app->database().execute("update login_throttles set failures = 400 where subject like 'account:%'");
    const auto before = async::Loop::now();
    EXPECT_EQ(post("/v1/auth/login", login_json(address)).status, 200);
    EXPECT_LT(async::Loop::now() - before, 2s);
    app->database().execute("update login_throttles set failures = 400 where subject like 'account:%'");
    // A new address waits two seconds, and is let in.
    EXPECT_EQ(post("/v1/auth/login", login_json(address), {.address = "198.51.100.2"}).status, 200);
}

// An address from which somebody came in with a stolen password is no more the account's once the password is another.
TEST_F(PeopleTest, AChangedPasswordForgetsTheAddressOfTheThief) {
    const auto address = email();
    const auto owner = sign_up(address);
    const From thief{.address = "203.0.113.50"};
    const auto stolen = body<pos::SignedIn>(post("/v1/auth/login", login_json(address), thief));
    const auto left = body<pos::SignedIn>(post("/v1/auth/login", login_json(address), thief));
    EXPECT_EQ(app->post("/v1/auth/logout", "", {.token = *left.credentials.access_token}).status, 204);
    clock->advance(1s);
    EXPECT_EQ(app->post("/v1/auth/password/change",
                        fmt::format(R"({{"currentPassword":"{}","newPassword":"chai-ya-tangawizi"}})", password),
                        {.token = *owner.credentials.access_token})
                  .status,
              204);
    expect_ended(stolen);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(post("/v1/auth/login", login_json(address), thief).status, 401);
    EXPECT_EQ(post("/v1/auth/login", login_json(address), thief).status, 429);
}

// The mail address and the phone number are one account.
TEST_F(PeopleTest, AnAccountIsOneByWhicheverLogin) {
    const auto address = email();
    const auto session = sign_up(address);
    const auto phone = fmt::format("+2547{:08}", people);
    app->database().execute(fmt::format("update users set phone = '{}', phone_verified_at = now() where id = '{}'",
                                        phone, session.user.id.to_string()));
    const auto by_phone = [&](std::string_view secret) {
        return post("/v1/auth/login", fmt::format(R"({{"phone":"{}","password":"{}"}})", phone, secret),
                    {.address = "198.51.100.77"})
            .status;
    };
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(post("/v1/auth/login", login_json(address, "wrong"), {.address = "198.51.100.77"}).status, 401);
    EXPECT_EQ(by_phone("wrong"), 429);
    EXPECT_EQ(by_phone(password), 429);
}

TEST_F(PeopleTest, AHundredGuessesAtOnceAreCountedBeforeTheyAreJudged) {
    const auto address = email();
    sign_up(address);
    const auto all = [](std::string of) -> async::Task<int> {
        std::vector<async::Task<InjectedResponse>> guesses;
        for (int i = 0; i < 30; ++i)
            guesses.push_back(app->host().inject(
                request("/v1/auth/login", login_json(of, "not-the-password"), {.address = "203.0.113.99"})));
        int judged = 0;
        for (const auto& reply : co_await async::when_all(std::move(guesses))) judged += reply.status == 401 ? 1 : 0;
        co_return judged;
    };
    EXPECT_EQ(app->run(all(address)), 6);
}

// ---- Members -----------------------------------------------------------------------------------------------------

TEST_F(PeopleTest, MembersAreAddedOnceAndBoundByTheirRole) {
    const auto owner = sign_up(email());
    const auto address = email();
    const std::vector<std::pair<std::string, std::string>> key{{"Idempotency-Key", "member-1"}};
    const auto reply = add_member(owner, address, role(owner, "cashier"), key);
    ASSERT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(body<pos::Member>(reply).roles.front().name, "Cashier");
    EXPECT_EQ(add_member(owner, address, role(owner, "cashier"), key).body, reply.body);
    EXPECT_THAT(add_member(owner, address, role(owner, "cashier")).body, HasSubstr("user.email_taken"));
    EXPECT_THAT(
        app->post("/v1/users", R"({"name":"x","email":"x@duka.example","password":"kahawa-ya-asubuhi","roles":[]})",
                  {.token = *owner.credentials.access_token})
            .body,
        HasSubstr("idempotency.key_missing"));
    EXPECT_EQ(
        body<pos::Member>(app->get(std::string(*reply.header("Location")), {.token = *owner.credentials.access_token}))
            .email,
        address);

    const auto cashier = login(address);
    EXPECT_EQ(app->get("/v1/users", {.token = *cashier.credentials.access_token}).status, 403);
    EXPECT_EQ(add_member(cashier, email(), role(owner, "viewer")).status, 403);
    const auto list =
        body<db::Page<pos::Member>>(app->get("/v1/users?limit=1", {.token = *owner.credentials.access_token}));
    ASSERT_TRUE(list.next_cursor);
    const auto rest = body<db::Page<pos::Member>>(
        app->get("/v1/users?limit=1&cursor=" + *list.next_cursor, {.token = *owner.credentials.access_token}));
    EXPECT_EQ(rest.data.front().email, address);
    EXPECT_FALSE(rest.next_cursor);
}

TEST_F(PeopleTest, NobodyGivesWhatTheyDoNotHave) {
    const auto owner = sign_up(email());
    const auto address = email();
    const auto manager_row = body<pos::Member>(add_member(owner, address, role(owner, "manager")));
    const auto manager = login(address);
    EXPECT_EQ(add_member(manager, email(), role(owner, "cashier")).status, 201);
    EXPECT_EQ(add_member(manager, email(), role(owner, "admin")).status, 403);
    EXPECT_EQ(add_member(manager, email(), role(owner, "viewer")).status, 403);  // cashiers and clerks alone
    EXPECT_EQ(
        change_member(manager, manager_row, fmt::format(R"({{"roles":[{{"roleId":"{}"}}]}})", role(owner, "owner")))
            .status,
        403);
    const auto self = body<pos::Member>(
        app->get("/v1/users/" + owner.user.id.to_string(), {.token = *owner.credentials.access_token}));
    EXPECT_EQ(change_member(manager, self, R"({"status":"disabled"})").status, 403);
    EXPECT_THAT(change_member(owner, self, R"({"status":"disabled"})").body, HasSubstr("membership.last_owner"));
    EXPECT_THAT(add_member(owner, email(), "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01").body, HasSubstr("role.unknown"));
}

TEST_F(PeopleTest, ARoleChangeReachesRunningInstances) {
    const auto owner = sign_up(email());
    const auto address = email();
    const auto member = body<pos::Member>(add_member(owner, address, role(owner, "cashier")));
    const auto session = login(address);
    const testing::With with{.token = *session.credentials.access_token};
    EXPECT_EQ(app->get("/v1/users", with).status, 403);
    const auto json = fmt::format(R"({{"roles":[{{"roleId":"{}"}}]}})", role(owner, "manager"));
    const auto changed = change_member(owner, member, json);
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(http::version_of(*changed.header("ETag")), 2);
    for (int i = 0; i < 500 && app->get("/v1/users", with).status != 200; ++i)
        app->run(async::sleep(&app->host().loop(), 5ms));
    EXPECT_EQ(app->get("/v1/users", with).status, 200);
    EXPECT_EQ(change_member(owner, member, json).status, 412);
    EXPECT_EQ(change_member(owner, body<pos::Member>(changed), R"({"status":"disabled"})").status, 200);
    expect_ended(session);
    EXPECT_THAT(post("/v1/auth/login", login_json(address)).body, HasSubstr("auth.no_membership"));
}

TEST_F(PeopleTest, OtherTenantsMembersAreNotThere) {
    const auto owner = sign_up(email());
    const auto other = sign_up(email());
    EXPECT_EQ(app->get("/v1/users/" + owner.user.id.to_string(), {.token = *other.credentials.access_token}).status,
              404);
    const pos::Member member{.id = owner.user.id,
                             .membership_id = {},
                             .name = {},
                             .email = {},
                             .phone = {},
                             .default_location_id = {},
                             .roles = {},
                             .created_at = {},
                             .updated_at = {}};
    EXPECT_EQ(change_member(other, member, R"({"status":"disabled"})").status, 404);
    EXPECT_THAT(app->get("/v1/users", {.token = *other.credentials.access_token}).body,
                Not(HasSubstr(owner.user.email)));
}

// ---- Tenant ------------------------------------------------------------------------------------------------------

TEST_F(PeopleTest, SettingsChangeByVersion) {
    const auto owner = sign_up(email());
    const testing::With with{.token = *owner.credentials.access_token, .headers = {{"If-Match", "\"1\""}}};
    const auto reply = app->patch("/v1/tenant", R"({"name":"Duka Mpya","currency":"UGX"})", with);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("Duka Mpya"));
    EXPECT_EQ(app->patch("/v1/tenant", R"({"name":"Duka"})", with).status, 412);
    EXPECT_EQ(app->patch("/v1/tenant", R"({"name":"Duka"})", {.token = *owner.credentials.access_token}).status, 428);
    EXPECT_EQ(app->patch("/v1/tenant", R"({"timeZone":"Mars/Olympus"})",
                         {.token = *owner.credentials.access_token, .headers = {{"If-Match", "\"2\""}}})
                  .status,
              422);
}

TEST_F(PeopleTest, KeysArePublishedWithoutSecrets) {
    EXPECT_EQ(app->get("/.well-known/jwks.json").body, R"({"keys":[]})");
}

}  // namespace
