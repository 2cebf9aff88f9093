// A basket in a cookie session that Redis keeps: what koa-session and koa-redis are to Node. See README.md.
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "async/loop_asio.h"
#include "async/sync.h"
#include "auth/cookie_session.h"
#include "config/config.h"
#include "embedded/session_page.h"
#include "http/middleware/default_chain.h"
#include "http/middleware/static_files.h"
#include "http/router.h"
#include "http/server.h"
#include "log/log.h"

namespace {

using schema::field;
using namespace std::chrono_literals;

// What the session holds. Whose it is stands beside it: Session::owner.
struct Basket {
    std::vector<std::string> items;
    friend constexpr auto describe(Basket*) {
        return schema::object<Basket>("Basket", field<&Basket::items>("items", {}));
    }
};

struct Named {
    std::string name;
    friend constexpr auto describe(Named*) {
        return schema::object<Named>("Named", field<&Named::name>("name", {.min_length = 1, .max_length = 80}));
    }
};

struct Visit {
    std::string name;  // empty: not signed in
    std::vector<std::string> items;
    friend constexpr auto describe(Visit*) {
        return schema::object<Visit>("Visit", field<&Visit::name>("name"), field<&Visit::items>("items", {}));
    }
};

using Sessions = auth::SessionStore<Basket>;
using Session = auth::CookieSession<Basket>;

Visit visit_of(http::Context& context, const auth::Session<Basket>& session) {
    context.response().header("Cache-Control", "no-store");
    return {session.owner, session.value.items};
}

// A token that the browser does not have yet goes with the reply.
Visit begin(http::Context& context, const auth::NewSession<Basket>& fresh) {
    const auto lifetime = context.services().use<Sessions>().options().lifetime;
    base::SecureRandom random;
    context.services().use<auth::SessionCookies>().set(
        context.response(), {fresh.token, fresh.session.id, std::chrono::floor<std::chrono::seconds>(lifetime)},
        random);
    return visit_of(context, fresh.session);
}

async::Task<Visit> show(http::Context& context, Session session) { co_return visit_of(context, session); }

async::Task<Visit> put_in(http::Context& context, std::optional<Session> session, http::Body<Named> item,
                          http::Service<Sessions> sessions) {
    if (!session) {
        const auto fresh = co_await sessions->create({{item->name}});
        co_return begin(context, fresh);
    }
    const auto after =
        co_await sessions->update(*session, [&item](Basket& basket) { basket.items.push_back(item->name); });
    if (!after) throw base::Failure(auth::errors::session_missing);
    co_return visit_of(context, *after);
}

// Whoever says a name is believed, which no service should do: this is about what comes after the password.
async::Task<Visit> sign_in(http::Context& context, std::optional<Session> session, http::Body<Named> who,
                           http::Service<Sessions> sessions) {
    std::optional<auth::NewSession<Basket>> fresh;
    if (session) fresh = co_await sessions->regenerate(*session, who->name);
    if (!fresh) fresh = co_await sessions->create({}, who->name);
    co_return begin(context, *fresh);
}

template <bool Everywhere>
async::Task<http::NoContent> sign_out(http::Context& context, Session session, http::Service<Sessions> sessions) {
    co_await sessions->destroy(session);
    if (Everywhere && !session.owner.empty()) co_await sessions->destroy_all(session.owner);
    context.services().use<auth::SessionCookies>().expire(context.response());
    co_return http::NoContent{};
}

void add_routes(http::Router& router) {
    http::Routes routes(router.group("/v1"), "basket");
    routes.get("/session", show);
    routes.post("/basket", put_in);
    routes.post("/sign-in", sign_in);
    routes.post("/sign-out", sign_out<false>);
    routes.post("/sign-out-everywhere", sign_out<true>);
}

struct Settings {
    std::string redis_url = "redis://127.0.0.1:6379/0";
    std::string secret;
    std::string public_url = "http://localhost:3003";
    std::int32_t port = 3003;
    friend constexpr auto describe(Settings*) {
        return schema::object<Settings>("Settings", field<&Settings::redis_url>("REDIS_URL", {.defaulted = true}),
                                        field<&Settings::secret>("APP_SECRET", {.min_length = 32, .write_only = true}),
                                        field<&Settings::public_url>("PUBLIC_URL", {.defaulted = true}),
                                        field<&Settings::port>("PORT", {.min = 0, .max = 65535, .defaulted = true}));
    }
};

async::Task<void> serve(async::Event* stop, http::Server* server, redis::Client* client) {
    co_await *stop;
    co_await server->drain(async::Loop::now() + 10s);
    co_await client->close(async::Loop::now() + 1s);
}

void run(const Settings& settings) {
    auto endpoint = redis::parse_url(settings.redis_url);
    if (!endpoint) throw std::invalid_argument("REDIS_URL: " + endpoint.error());
    logging::Log log({}, std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    observe::Metrics metrics;
    async::Loop loop;
    redis::Client client(loop, {.endpoints = redis::fixed_endpoint(*std::move(endpoint))}, log.logger(), metrics);
    const auth::SignedValues values({.secret = settings.secret, .previous_secrets = {}});
    // Plain HTTP is for this machine alone: browsers keep `__Host-` cookies only when they came by TLS.
    auth::SessionCookies cookies(
        {.secure = settings.public_url.starts_with("https://"), .origins = {settings.public_url}}, values);
    Sessions sessions(client, {.idle = 30min, .lifetime = 12h}, base::system_clock(), log.logger(), metrics);

    http::Services services;
    services.add(cookies);
    services.add(sessions);
    http::Router router;
    add_routes(router);
    http::require_services(router, services);
    std::vector<http::EmbeddedAsset> page;
    for (const auto& file : embedded::session_page()) page.push_back({file.path, file.bytes});
    auto links = http::default_chain({.cors = std::nullopt});
    links.push_back(http::static_files({.assets = std::move(page)}));
    const http::Chain chain(std::move(links), router.handler());
    http::Server server({.loop = loop,
                         .app = [&chain](http::Context& context) { return chain(context); },
                         .services = services,
                         .logger = log.logger(),
                         .metrics = metrics},
                        {.port = static_cast<std::uint16_t>(settings.port)});
    server.listen();
    std::cout << "sessions: http://localhost:" << server.port() << '/' << std::endl;

    async::Event stop(loop);
    boost::asio::signal_set signals(async::native(loop), SIGTERM, SIGINT);
    signals.async_wait([&stop](const boost::system::error_code& error, int) {
        if (!error) stop.set();
    });
    async::run_until_done(loop, serve(&stop, &server, &client));
}

}  // namespace

int main(int, char**, char** environment) {
    const auto settings = config::load<Settings>(config::environment_of(environment));
    if (!settings) {
        std::cerr << config::report(settings.error());
        return config::exit_code;
    }
    try {
        run(*settings);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
