#include "app/console/command.h"

#include <fmt/format.h>

#include <iostream>
#include <system_error>
#include <thread>

#include "app/app.h"
#include "app/console/console.h"
#include "app/dev/local_servers.h"
#include "app/signals.h"
#include "async/sync.h"
#include "config/config.h"
#include "log/log.h"

namespace app::console {

namespace {

constexpr auto connect_time = std::chrono::seconds(10);
constexpr auto stop_time = std::chrono::seconds(5);

std::string value_of(const config::Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

void require_development(const std::string& mode, bool names_database) {
    if (mode == "development" || (mode.empty() && !names_database)) return;
    throw config::Faults("APP_ENV",
                         mode.empty() ? "Not set, which means production. db console shows rows to whoever reaches its "
                                        "port: with DATABASE_URL it needs APP_ENV=development."
                                      : "db console shows rows to whoever reaches its port: it runs with "
                                        "APP_ENV=development alone.");
}

// A URL that leads past the pooler is better: sessions have their own limits there.
std::string service_url(const config::Environment& environment) {
    auto direct = value_of(environment, "DATABASE_DIRECT_URL");
    return direct.empty() ? value_of(environment, "DATABASE_URL") : direct;
}

void check_urls(const config::Environment& environment) {
    schema::Issues issues("environment");
    for (const std::string_view name : {"DATABASE_URL", "DATABASE_DIRECT_URL", "DATABASE_SYSTEM_URL"}) {
        if (const auto url = value_of(environment, name); !url.empty()) check_database_url(name, url, issues);
    }
    if (!issues.empty()) throw config::Faults(std::move(issues).take());
}

void listen(Console& console, int port) {
    try {
        console.listen();
    } catch (const std::system_error& error) {
        throw std::runtime_error(
            fmt::format("port {} cannot be had ({}): choose another with --port", port, error.code().message()));
    }
}

async::Task<void> serve(Console* console, async::Event* told, int port, std::ostream* out) {
    std::exception_ptr failure;
    try {
        co_await console->connect(async::Loop::now() + connect_time);
        listen(*console, port);
        *out << fmt::format("http://127.0.0.1:{}/  (Ctrl-C stops)\n", console->port()) << std::flush;
        co_await *told;
    } catch (...) {
        failure = std::current_exception();
    }
    co_await console->close(async::Loop::now() + stop_time);
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

Place place_of(const config::Environment& environment, const std::string& data_directory) {
    const auto url = value_of(environment, "DATABASE_URL");
    require_development(value_of(environment, "APP_ENV"), !url.empty());
    check_urls(environment);
    if (!url.empty()) return {service_url(environment), value_of(environment, "DATABASE_SYSTEM_URL")};
    const auto running = dev::running_database(data_directory);
    if (!running) {
        throw config::Faults(
            "DATABASE_URL",
            fmt::format("Not set, and no bin/dev runs with the data directory {}. Start it, or name another one with "
                        "--data-dir.",
                        data_directory));
    }
    return {running->database_url, running->database_system_url};
}

int run(const Definition& definition, const config::Environment& environment, const ConsoleCommand& command,
        std::ostream& out) {
    auto place = place_of(environment, command.data_directory);
    Signals signals;
    logging::Log log({.level = logging::Level::warn},
                     std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    async::Loop loop;
    async::Event told(loop);
    Console console(loop,
                    {.url = std::move(place.url),
                     .system_url = std::move(place.system_url),
                     .port = static_cast<std::uint16_t>(command.port),
                     .tenant = base::Uuid::from_string(command.tenant),
                     .tables = app::tables_of(definition)},
                    log.logger());
    std::thread waiting([&] {
        signals.wait();
        loop.post([&told] { told.set(); });
    });
    std::exception_ptr failure;
    try {
        async::run_until_done(loop, serve(&console, &told, command.port, &out));
    } catch (...) {
        failure = std::current_exception();
    }
    signals.end();  // when it was not told to end, but failed
    waiting.join();
    if (failure) std::rethrow_exception(failure);
    return 0;
}

}  // namespace app::console
