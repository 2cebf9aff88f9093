#include "auth/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/jwks_route.h"
#include "auth/opaque_token.h"
#include "base/fake_clock.h"
#include "base/random.h"
#include "http/inject.h"
#include "http/middleware/problems.h"
#include "http/router.h"

template <>
inline constexpr bool auth::acts_at_places<http::FixedString("stock.adjust")> = true;

namespace {

using namespace std::chrono_literals;
using auth::Authenticator;
using testing::HasSubstr;

base::Uuid id(std::uint8_t last) {
    base::Uuid::Bytes bytes{};
    bytes[15] = last;
    return base::Uuid(bytes);
}

const base::Uuid user = id(1);
const base::Uuid tenant = id(2);
const base::Uuid session = id(3);
const base::Uuid shop = id(4);
const base::Uuid other_shop = id(5);

// Answers when the test says so, or at once.
class FakeSource final : public auth::GrantSource {
public:
    explicit FakeSource(async::Loop& loop) : gate(loop) { gate.set(); }

    async::Task<std::optional<auth::SessionState>> load_by_session(base::Uuid session_id, async::SteadyTime) override {
        ++loads;
        co_await gate;
        if (meanwhile) std::exchange(meanwhile, nullptr)();
        if (fails) throw base::Failure(db::errors::unavailable);
        if (!state || state->session_id != session_id) co_return std::nullopt;
        co_return state;
    }
    async::Task<std::optional<auth::SessionState>> load_by_cookie(base::Digest256 digest, async::SteadyTime) override {
        ++loads;
        if (cookie == digest) co_return state;
        co_return std::nullopt;
    }

    async::Event gate;
    std::optional<auth::SessionState> state;
    std::optional<base::Digest256> cookie;
    std::function<void()> meanwhile;
    bool fails = false;
    int loads = 0;
};

struct Who {
    std::string user_id;
    std::string session_id;
    bool may_write = false;
    friend constexpr auto describe(Who*) {
        return schema::object<Who>("Who", schema::field<&Who::user_id>("userId"),
                                   schema::field<&Who::session_id>("sessionId"),
                                   schema::field<&Who::may_write>("mayWrite"));
    }
};

async::Task<Who> who(auth::Caller caller) {
    co_return Who{caller.user_id.to_string(), caller.session_id.to_string(), caller.may("products.write")};
}
async::Task<http::NoContent> write_product(auth::Permitted<"products.write"> /*unused*/) {
    co_return http::NoContent{};
}
async::Task<http::NoContent> adjust_all(auth::Permitted<"stock.adjust"> /*unused*/) { co_return http::NoContent{}; }
async::Task<http::NoContent> adjust(auth::PermittedSomewhere<"stock.adjust"> caller,
                                    http::Path<"shop", base::Uuid> at) {
    caller.require_at("stock.adjust", *at);
    co_return http::NoContent{};
}

class AuthenticatorTest : public testing::Test {
protected:
    AuthenticatorTest() {
        auto routes = http::Routes(router_.group(""), "test");
        routes.get("/who", who);
        routes.post("/products", write_product);
        routes.post("/shops/{shop}/adjust", adjust);
        routes.post("/adjust", adjust_all);
        auth::add_jwks_route(router_);
        services_.add(authenticator_);
        auth::Grants grants{permissions_.set_of({"products.write"}), {{shop, permissions_.set_of({"stock.adjust"})}}};
        source_.state = auth::SessionState{
            session, user, tenant, std::nullopt, std::make_shared<const auth::Grants>(grants), clock_.now() + 1h};
        require_services(router_, services_);
    }

    static Authenticator::Options options() {
        Authenticator::Options options;
        options.tokens = {.issuer = "us",
                          .audience = "us",
                          .type = std::string(auth::access_token_type),
                          .device_claim = "till",
                          .algorithms = {},
                          .leeway = 0s,
                          .max_age = {}};
        return options;
    }

    [[nodiscard]] auth::Claims claims() const {
        auth::Claims claims;
        claims.subject = user.to_string();
        claims.tenant_id = tenant;
        claims.session_id = session;
        claims.issuer = "us";
        claims.audience = {"us"};
        claims.expires_at = clock_.now() + 10min;
        return claims;
    }
    std::string bearer(const auth::Claims& of) {
        return "Bearer " + auth::JwtSigner(keys_, {.device_claim = "till"}).sign(of);
    }

    [[nodiscard]] async::Task<http::InjectedResponse> send(http::InjectedRequest request) {
        const http::Injector injector(loop_, [this](http::Context& context) { return chain_(context); }, services_);
        co_return co_await injector.run(std::move(request));
    }
    http::InjectedResponse run(http::InjectedRequest request) {
        return async::run_until_done(loop_, send(std::move(request)));
    }
    http::InjectedResponse get_who(std::string authorization) {
        return run({.target = "/who", .headers = {{"Authorization", std::move(authorization)}}});
    }

    async::Loop loop_;
    base::FakeClock clock_;
    base::SeededRandom random_{1};
    observe::Metrics metrics_;
    auth::KeySet keys_{{{*auth::Key::from_secret("0123456789abcdef0123456789abcdef"), auth::KeyState::current}}};
    auth::SignedValues values_{{.secret = "fedcba9876543210fedcba9876543210", .previous_secrets = {}}};
    auth::SessionCookies cookies_{{.secure = true, .origins = {"https://app.example"}}, values_};
    auth::Permissions permissions_{{"products.write", "stock.adjust", "users.write"},
                                   {.field = "shopId", .noun = "shop"}};
    FakeSource source_{loop_};
    Authenticator authenticator_{options(), {loop_, keys_, cookies_, source_, permissions_, clock_, metrics_}};
    http::Services services_;
    http::Router router_;
    http::Chain chain_{{http::problems()}, router_.handler()};
};

TEST_F(AuthenticatorTest, ReadsTheSessionOnceForManyRequests) {
    const auto token = bearer(claims());
    for (int i = 0; i < 5; ++i) {
        const auto reply = get_who(token);
        ASSERT_EQ(reply.status, 200) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr(user.to_string()));
        EXPECT_THAT(reply.body, HasSubstr("\"mayWrite\":true"));
    }
    EXPECT_EQ(source_.loads, 1);
}

TEST_F(AuthenticatorTest, RequestsThatComeTogetherShareOneRead) {
    source_.gate.reset();
    const auto token = bearer(claims());
    const auto both = [&](this auto) -> async::Task<std::pair<int, int>> {
        loop_.post([&] { source_.gate.set(); });
        auto replies = co_await async::when_all(send({.target = "/who", .headers = {{"Authorization", token}}}),
                                                send({.target = "/who", .headers = {{"Authorization", token}}}));
        co_return std::pair{std::get<0>(replies).status, std::get<1>(replies).status};
    };
    EXPECT_EQ(async::run_until_done(loop_, both()), (std::pair{200, 200}));
    EXPECT_EQ(source_.loads, 1);
}

TEST_F(AuthenticatorTest, AChangeDuringTheReadIsNotCachedOver) {
    const auto token = bearer(claims());
    source_.meanwhile = [&] { authenticator_.on_change("user:" + user.to_string()); };
    EXPECT_EQ(get_who(token).status, 200);
    EXPECT_EQ(get_who(token).status, 200);
    EXPECT_EQ(source_.loads, 2);
}

TEST_F(AuthenticatorTest, EveryKindOfChangeDropsTheSession) {
    const auto token = bearer(claims());
    int expected = 1;
    EXPECT_EQ(get_who(token).status, 200);
    for (const auto& payload : {"tenant:" + tenant.to_string(), "session:" + session.to_string(),
                                "user:" + user.to_string(), std::string("?")}) {
        authenticator_.on_change(payload);
        EXPECT_EQ(get_who(token).status, 200);
        EXPECT_EQ(source_.loads, ++expected) << payload;
    }
    authenticator_.on_change("tenant:" + id(9).to_string());
    EXPECT_EQ(get_who(token).status, 200);
    EXPECT_EQ(source_.loads, expected);
}

TEST_F(AuthenticatorTest, ARevokedSessionIsRefusedAndRememberedAsRevoked) {
    source_.state.reset();
    const auto reply = get_who(bearer(claims()));
    EXPECT_EQ(reply.status, 401);
    EXPECT_THAT(reply.body, HasSubstr("auth.session_revoked"));
    EXPECT_THAT(std::string(reply.header("WWW-Authenticate").value_or("")), HasSubstr("error=\"invalid_token\""));
    EXPECT_EQ(get_who(bearer(claims())).status, 401);
    EXPECT_EQ(source_.loads, 1);
}

TEST_F(AuthenticatorTest, ADatabaseThatFailsIsNoVerdict) {
    source_.fails = true;
    EXPECT_EQ(get_who(bearer(claims())).status, 503);
    source_.fails = false;
    EXPECT_EQ(get_who(bearer(claims())).status, 200);
}

TEST_F(AuthenticatorTest, ExpiredAndForeignTokens) {
    const auto token = bearer(claims());
    clock_.advance(10min);
    const auto expired = get_who(token);
    EXPECT_EQ(expired.status, 401);
    EXPECT_THAT(expired.body, HasSubstr("auth.token_expired"));
    EXPECT_THAT(expired.body, HasSubstr("\"retriable\":true"));

    auto wrong = claims();
    wrong.tenant_id = id(7);
    EXPECT_THAT(get_who(bearer(wrong)).body, HasSubstr("auth.session_revoked"));
    wrong = claims();
    wrong.device_id = id(7);
    EXPECT_THAT(get_who(bearer(wrong)).body, HasSubstr("auth.session_revoked"));
    wrong = claims();
    wrong.session_id.reset();
    EXPECT_THAT(get_who(bearer(wrong)).body, HasSubstr("auth.invalid_token"));
    EXPECT_THAT(get_who("Basic dXNlcjpwYXNz").body, HasSubstr("auth.invalid_token"));
    EXPECT_THAT(get_who("Bearer a.b.c").body, HasSubstr("auth.invalid_token"));
}

TEST_F(AuthenticatorTest, WithoutCredentialsTheSchemeAloneIsNamed) {
    const auto reply = run({.target = "/who"});
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.header("WWW-Authenticate"), R"(Bearer realm="api")");
    EXPECT_THAT(reply.body, HasSubstr("auth.missing_credentials"));
    EXPECT_EQ(source_.loads, 0);
}

TEST_F(AuthenticatorTest, PermissionsEverywhereAndAtOnePlace) {
    const auto token = bearer(claims());
    EXPECT_EQ(run({.method = http::Method::post, .target = "/products", .headers = {{"Authorization", token}}}).status,
              204);
    EXPECT_EQ(run({.method = http::Method::post,
                   .target = "/shops/" + shop.to_string() + "/adjust",
                   .headers = {{"Authorization", token}}})
                  .status,
              204);
    const auto elsewhere = run({.method = http::Method::post,
                                .target = "/shops/" + other_shop.to_string() + "/adjust",
                                .headers = {{"Authorization", token}}});
    EXPECT_EQ(elsewhere.status, 403);
    EXPECT_THAT(std::string(elsewhere.header("WWW-Authenticate").value_or("")), HasSubstr("insufficient_scope"));
    const auto everywhere =
        run({.method = http::Method::post, .target = "/adjust", .headers = {{"Authorization", token}}});
    EXPECT_EQ(everywhere.status, 403);
    EXPECT_THAT(everywhere.body, HasSubstr("at every shop"));
}

TEST_F(AuthenticatorTest, ThePublishedSetHoldsNoSecret) {
    const auto reply = run({.target = "/.well-known/jwks.json"});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Cache-Control"), "public, max-age=600");
    EXPECT_EQ(reply.body, R"({"keys":[]})");
}

// ---- Cookies -----------------------------------------------------------------------------------------------------

class CookieTest : public AuthenticatorTest {
protected:
    CookieTest() {
        const auto token = auth::make_opaque_token(auth::cookie_token_type, random_);
        source_.cookie = token.digest;
        credential_ = token.text;
        csrf_ = auth::make_csrf_token(values_, session.to_string(), random_);
    }
    using Headers = std::vector<std::pair<std::string, std::string>>;
    [[nodiscard]] std::string cookie() const { return "__Host-sid=" + credential_ + "; __Host-csrf=" + csrf_; }
    http::InjectedResponse post(Headers headers) {
        headers.emplace_back("Host", "api.example");
        return run({.method = http::Method::post, .target = "/products", .headers = std::move(headers)});
    }

    std::string credential_;
    std::string csrf_;
};

TEST_F(CookieTest, ReadsNeedNoCsrfToken) {
    EXPECT_EQ(run({.target = "/who", .headers = {{"Cookie", cookie()}}}).status, 200);
    EXPECT_EQ(run({.target = "/who", .headers = {{"Cookie", cookie()}}}).status, 200);
    EXPECT_EQ(source_.loads, 1);
}

TEST_F(CookieTest, ChangesNeedTheTokenInCookieAndHeader) {
    EXPECT_EQ(post({{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}}).status, 204);
    EXPECT_EQ(post({{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Origin", "https://api.example"}}).status, 204);
    EXPECT_EQ(post({{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Origin", "https://app.example"}}).status, 204);
    EXPECT_EQ(post({{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Sec-Fetch-Site", "same-origin"}}).status, 204);
}

TEST_F(CookieTest, ForgeriesAreRefused) {
    const auto other = auth::make_csrf_token(values_, id(8).to_string(), random_);
    const Headers forgeries[] = {
        {{"Cookie", cookie()}},
        {{"Cookie", cookie()}, {"X-CSRF-Token", csrf_ + "x"}},
        {{"Cookie", "__Host-sid=" + credential_}, {"X-CSRF-Token", csrf_}},
        {{"Cookie", "__Host-sid=" + credential_ + "; __Host-csrf=" + other}, {"X-CSRF-Token", other}},
        {{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Origin", "https://evil.example"}},
        {{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Origin", "http://api.example"}},
        {{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Origin", "null"}},
        {{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Sec-Fetch-Site", "cross-site"}},
        {{"Cookie", cookie()}, {"X-CSRF-Token", csrf_}, {"Sec-Fetch-Site", "same-site"}},
    };
    for (const auto& headers : forgeries) {
        const auto reply = post(headers);
        EXPECT_EQ(reply.status, 403) << headers.back().second;
        EXPECT_THAT(reply.body, HasSubstr("auth.csrf_failed"));
    }
}

TEST_F(CookieTest, UnknownCookiesAreNotCachedAndAnAuthorizationHeaderGoesFirst) {
    const auto stranger = auth::make_opaque_token(auth::cookie_token_type, random_).text;
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(run({.target = "/who", .headers = {{"Cookie", "__Host-sid=" + stranger}}}).status, 401);
    EXPECT_EQ(source_.loads, 2);
    EXPECT_EQ(run({.target = "/who", .headers = {{"Cookie", cookie()}, {"Authorization", "Bearer x"}}}).status, 401);
    EXPECT_EQ(source_.loads, 2);
    EXPECT_EQ(run({.target = "/who", .headers = {{"Cookie", "__Host-sid=short"}}}).status, 401);
    EXPECT_EQ(source_.loads, 2);
}

// A misspelt permission would else be a 500 at the first request.
async::Task<http::NoContent> misspelt(auth::PermittedSomewhere<"product.read"> /*caller*/) {
    co_return http::NoContent{};
}

TEST_F(AuthenticatorTest, APermissionThatTheProgramDoesNotHaveStopsItAtStart) {
    EXPECT_NO_THROW(authenticator_.require_known_permissions(router_));
    http::Router router;
    http::Routes(router.group("/v1"), "test").get("/products", misspelt);
    try {
        authenticator_.require_known_permissions(router);
        FAIL();
    } catch (const std::logic_error& error) {
        EXPECT_STREQ(
            error.what(),
            "GET /v1/products asks for \"product.read\", which is no permission of the program: write the line "
            "\"product.read\", into the program's list of permissions, or mend its name");
    }
}

// ---- Cache -------------------------------------------------------------------------------------------------------

auth::SessionCache::Entry state_of(const base::Uuid& of) {
    return std::make_shared<const auth::SessionState>(auth::SessionState{of, user, tenant, {}, {}, {}});
}

TEST(SessionCache, ServesUntilTheReadIsTooOld) {
    auth::SessionCache cache({.capacity = 10, .max_age = 5s});
    const async::SteadyTime start{};
    cache.insert(auth::SessionKey::of_session(session), state_of(session), start);
    EXPECT_NE(cache.find(auth::SessionKey::of_session(session), start + 4999ms), nullptr);
    EXPECT_EQ(cache.find(auth::SessionKey::of_session(session), start + 5s), nullptr);
}

TEST(SessionCache, IsBoundedAndLosesTheOldestFirst) {
    auth::SessionCache cache({.capacity = 3, .max_age = 5s});
    const async::SteadyTime start{};
    for (std::uint8_t i = 0; i < 10; ++i)
        cache.insert(auth::SessionKey::of_session(id(i)), state_of(id(i)), start + i * 1ms);
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_EQ(cache.find(auth::SessionKey::of_session(id(6)), start + 10ms), nullptr);
    EXPECT_NE(cache.find(auth::SessionKey::of_session(id(7)), start + 10ms), nullptr);
    // One session read again and again does not push the others' bookkeeping out of bounds.
    for (int i = 0; i < 100; ++i)
        cache.insert(auth::SessionKey::of_session(id(1)), state_of(id(1)), start + 20ms + i * 1ms);
    EXPECT_EQ(cache.size(), 1U);
    EXPECT_NE(cache.find(auth::SessionKey::of_session(id(1)), start + 200ms), nullptr);
}

}  // namespace
