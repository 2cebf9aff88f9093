#include "app/dev/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <optional>
#include <ostream>
#include <system_error>

#include "app/dev/data_directory.h"
#include "app/dev/local_servers.h"
#include "app/dev/notices.h"
#include "app/dev/ports.h"
#include "app/dev/process.h"
#include "app/dev/secrets.h"
#include "app/dev/signals.h"
#include "base/random.h"
#include "base/strings.h"

namespace app::dev {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds look_interval{10};
constexpr seconds idle_interval{1};
constexpr std::int64_t longest_stop = 24L * 3600 * 1'000'000;  // microseconds
constexpr seconds pretty_printer_deadline{2};
// Seeding some thousand rows and migrating a demo database take seconds.
constexpr std::chrono::minutes step_deadline{10};

constexpr auto* address_row = "  {:<12}{}\n";

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

class Supervisor {
public:
    Supervisor(Options options, std::ostream& out)
        : began_(Clock::now()),
          options_(std::move(options)),
          out_(out),
          directory_(options_.data_directory),
          servers_(directory_, {.fresh = options_.fresh, .progress = [this](std::string_view text) { say(text); }}) {}

    int run();

private:
    void say(std::string_view text) { out_ << text << std::endl; }
    [[nodiscard]] Pause until_stopped();
    [[nodiscard]] Pause until_hurried();

    void choose_port();
    void choose_environment();
    [[nodiscard]] bool has_all_migrations();
    [[nodiscard]] bool migrate_and_seed();
    [[nodiscard]] std::string failure_of(const std::vector<std::string>& arguments);
    [[nodiscard]] bool run_step(std::string_view what, const std::vector<std::string>& arguments);
    [[nodiscard]] bool start_server();
    [[nodiscard]] bool wait_until_ready();
    void hear_server();
    [[nodiscard]] bool server_says_ready() const;
    [[nodiscard]] std::string address(std::string_view variable) const;
    [[nodiscard]] int server_output();
    [[nodiscard]] Command command(const std::vector<std::string>& arguments) const;

    void launch();
    void restart();
    void watch();
    void notice_ended_server();
    void stop_server();
    void shut_down();
    void introduce();
    [[nodiscard]] std::string addresses() const;
    [[nodiscard]] std::string introduction() const;
    [[nodiscard]] std::string console_command() const;

    Clock::time_point began_;
    Options options_;
    std::ostream& out_;
    Signals signals_;
    DataDirectory directory_;
    LocalServers servers_;
    std::vector<std::string> environment_;
    Process pretty_printer_;
    Descriptor pretty_input_;
    Process server_;
    Notices notices_;
    std::map<std::string, std::string> server_says_;  // since it was started
    std::optional<std::string> introduced_;           // the addresses that were told last
};

int Supervisor::run() {
    int status = 0;
    try {
        choose_port();
        servers_.start(until_stopped());
        choose_environment();
        launch();
        watch();
    } catch (const Interrupted&) {
        say("interrupted while starting");
    } catch (const std::exception& error) {
        say(fmt::format("\n{}", error.what()));
        status = 1;
    }
    shut_down();
    return status;
}

Pause Supervisor::until_stopped() {
    return [this](milliseconds time) {
        if (signals_.stop_requests() == 0) signals_.pause(time);
        return signals_.stop_requests() == 0;
    };
}

// The first Ctrl-C asks for an orderly stop, the second for a short one.
Pause Supervisor::until_hurried() {
    return [this](milliseconds time) {
        if (signals_.stop_requests() < 2) signals_.pause(time);
        return signals_.stop_requests() < 2;
    };
}

void Supervisor::choose_port() {
    if (options_.port == 0) options_.port = free_port();
    // `serve` would refuse it, too, but only after the databases have started.
    if (!port_is_free({options_.host, options_.port}))
        throw StartFailure(fmt::format("port {} is in use: choose another with --port", options_.port));
}

void Supervisor::choose_environment() {
    base::SecureRandom random;
    const Secrets secrets = load_or_create_secrets(directory_.path() / "secrets", random);
    const Addresses& addresses = servers_.addresses();
    std::vector<std::pair<std::string, std::string>> variables{
        {"APP_ENV", "development"},
        {"PORT", std::to_string(options_.port)},
        {"DATABASE_OWNER_URL", addresses.database_owner_url},
        {"DATABASE_URL", addresses.database_url},
        {"DATABASE_SYSTEM_URL", addresses.database_system_url},
        // Of a .env, they would be of another database.
        {"DATABASE_POOLER", "none"},
        {"DATABASE_DIRECT_URL", addresses.database_url},
        {"REDIS_URL", addresses.redis_url},
        {"JOB_QUEUES", "all"},
        {"JWT_PRIVATE_KEY_FILE", secrets.jwt_key_file.string()},
        {"APP_SECRET", secrets.app_secret},
        {"NOTIFY_SOCKET", notices_.name()},
    };
    variables.insert(variables.end(), options_.environment.begin(), options_.environment.end());
    environment_ = environment_with(variables);
}

Command Supervisor::command(const std::vector<std::string>& arguments) const {
    Command command{.arguments = {options_.executable.string()}, .environment = environment_};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    return command;
}

// How the command ended; empty: well.
std::string Supervisor::failure_of(const std::vector<std::string>& arguments) {
    try {
        Process step = Process::start(command(arguments));
        const bool ended = step.wait(step_deadline, until_stopped());
        if (signals_.stop_requests() > 0) throw Interrupted();
        if (ended && step.succeeded()) return {};
        step.kill();
        return step.how_it_ended();
    } catch (const std::system_error& error) {
        return error.what();
    }
}

bool Supervisor::run_step(std::string_view what, const std::vector<std::string>& arguments) {
    say(what);
    const auto failure = failure_of(arguments);
    if (!failure.empty()) say(fmt::format("{} failed: {}", what, failure));
    return failure.empty();
}

// A table that no migration makes would answer 500. The command itself says what is missing, and what to type.
bool Supervisor::has_all_migrations() {
    const auto failure = failure_of({"db", "diff"});
    if (failure.empty()) return true;
    say(fmt::format("a migration is missing ({}); bin/dev builds and applies it as soon as it is written", failure));
    return false;
}

bool Supervisor::migrate_and_seed() {
    return has_all_migrations() && run_step("migrating", {"db", "migrate"}) && run_step("seeding", {"seed"});
}

int Supervisor::server_output() {
    if (isatty(STDOUT_FILENO) == 0 || access(options_.pretty_printer.c_str(), X_OK) != 0) return -1;
    if (pretty_printer_.running()) return pretty_input_.get();
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    const Descriptor reader(ends[0]);
    pretty_input_ = Descriptor(ends[1]);
    pretty_printer_ = Process::start(
        {.arguments = {options_.pretty_printer.string()}, .environment = environment_, .input = reader.get()});
    return pretty_input_.get();
}

bool Supervisor::start_server() {
    say("starting the server");
    if (!port_is_free({options_.host, options_.port})) {
        say(fmt::format("port {} has been taken by somebody else", options_.port));
        return false;
    }
    try {
        Command serve = command({"serve"});
        serve.output = server_output();
        server_says_.clear();
        server_ = Process::start(serve);
    } catch (const std::system_error& error) {
        say(error.what());
        return false;
    }
    return wait_until_ready();
}

void Supervisor::hear_server() {
    for (auto& [variable, value] : notices_.take(server_.id())) server_says_[variable] = std::move(value);
}

bool Supervisor::server_says_ready() const {
    const auto ready = server_says_.find("READY");
    return ready != server_says_.end() && ready->second == "1";
}

// It is not asked: only itself knows by HOST, TLS_CERTIFICATE, PROXY_PROTOCOL_FROM and what else there is how it could be.
bool Supervisor::wait_until_ready() {
    const auto deadline = Clock::now() + options_.ready_deadline;
    while (server_.running()) {
        hear_server();
        if (server_says_ready()) return true;
        if (Clock::now() >= deadline) {
            say(fmt::format("the server was not ready within {} ms", options_.ready_deadline.count()));
            stop_server();
            return false;
        }
        if (!until_stopped()(look_interval)) throw Interrupted();
    }
    say(fmt::format("the server ended while starting: {}", server_.how_it_ended()));
    server_ = {};
    return false;
}

void Supervisor::launch() {
    if (!migrate_and_seed() || !start_server()) {
        say("mend it and build: the server starts anew (SIGUSR1). Ctrl-C stops.");
        return;
    }
    introduce();
}

void Supervisor::restart() {
    const auto began = Clock::now();
    // As in a deployment: the old server goes on until the new one's migrations are in place.
    const bool was_running = server_.running();
    if (!migrate_and_seed()) {
        say(was_running ? "the server before it keeps running" : "still without a server; mend it and build");
        return;
    }
    stop_server();
    if (!start_server()) {
        say("mend it and build: the server starts anew (SIGUSR1). Ctrl-C stops.");
        return;
    }
    if (introduced_ == addresses()) {
        say(fmt::format("restarted in {:.1f} s", seconds_since(began)));
    } else {
        introduce();
    }
}

void Supervisor::watch() {
    while (signals_.stop_requests() == 0) {
        signals_.pause(idle_interval);
        if (signals_.stop_requests() > 0) return;
        if (const auto failure = servers_.failure()) throw StartFailure(*failure);
        notice_ended_server();
        if (signals_.take_restart()) restart();
    }
}

void Supervisor::notice_ended_server() {
    if (server_.id() < 0 || server_.running()) return;
    say(fmt::format("\nthe server ended by itself: {}. It starts anew after the next build (SIGUSR1). Ctrl-C stops.",
                    server_.how_it_ended()));
    server_ = {};
}

// As long as it asks for (EXTEND_TIMEOUT_USEC): its settings say how long it waits for a load balancer, and for its requests.
void Supervisor::stop_server() {
    if (!server_.running()) return;
    const Pause pause = until_hurried();
    server_says_.erase("EXTEND_TIMEOUT_USEC");
    server_.signal(SIGTERM);
    const auto began = Clock::now();
    auto deadline = began + options_.drain_deadline;
    while (server_.running() && Clock::now() < deadline && pause(look_interval)) {
        hear_server();
        const auto asked = base::parse_integer<std::int64_t>(server_says_["EXTEND_TIMEOUT_USEC"]);
        if (asked)
            deadline = std::max(deadline, began + std::chrono::microseconds(std::clamp(*asked, 0L, longest_stop)));
    }
    if (server_.running()) server_.kill();
    server_ = {};
}

void Supervisor::shut_down() {
    const Pause pause = until_hurried();
    if (server_.running()) say("\nstopping the server");
    stop_server();
    // End of file ends it, after the last line.
    pretty_input_.close();
    if (!pretty_printer_.wait(pretty_printer_deadline, pause)) pretty_printer_.kill();
    say("stopping Redis and PostgreSQL");
    servers_.stop(pause);
    say("stopped");
}

void Supervisor::introduce() {
    introduced_ = addresses();
    out_ << introduction() << std::flush;
}

// As it is typed where this was started.
std::string Supervisor::console_command() const {
    const auto program = options_.executable.lexically_proximate(std::filesystem::current_path());
    const auto& data = options_.data_directory;
    return fmt::format("{} db console{}", program.string(),
                       data == ".data" ? "" : fmt::format(" --data-dir '{}'", data.string()));
}

// Empty: there is none.
std::string Supervisor::address(std::string_view variable) const {
    const auto found = server_says_.find(std::string(variable));
    return found == server_says_.end() ? std::string() : found->second;
}

// As the server has told them (app/addresses.h).
std::string Supervisor::addresses() const {
    std::string text;
    const auto row = [&text](std::string_view name, std::string_view value) {
        if (!value.empty()) text += fmt::format(address_row, name, value);
    };
    const auto api = address("X_API_URL");
    const auto docs = address("X_DOCS_URL");
    const auto metrics = address("X_METRICS_URL");
    row("API", api);
    if (!docs.empty()) {
        row("Docs", fmt::format("{0}/docs  {0}/docs/reader", docs));
        row("OpenAPI", docs + "/openapi.json");
    }
    row("JWKS", api + "/.well-known/jwks.json");
    row("Health", fmt::format("{0}/health  {0}/ready{1}", metrics.empty() ? api : metrics,
                              metrics.empty() ? "" : fmt::format("  {}/metrics", metrics)));
    return text;
}

std::string Supervisor::introduction() const {
    std::string text = fmt::format("\n  ready in {:.1f} s\n\n{}", seconds_since(began_), addresses());
    const auto row = [&text](std::string_view name, std::string_view value) {
        text += fmt::format(address_row, name, value);
    };
    for (std::size_t index = 0; const DemoLogin& login : options_.demo_logins) {
        row(index++ == 0 ? "Log in as" : "", fmt::format("{:<12}{}  {}", login.role, login.login, login.password));
    }
    row("PostgreSQL", fmt::format("psql '{}'", servers_.addresses().database_owner_url));
    row("Tables", console_command());
    row("Redis", fmt::format("redis-cli -s '{}'", servers_.addresses().redis_socket.string()));
    row("Restart", fmt::format("kill -USR1 {}  (bin/dev does it after a build)", getpid()));
    row("Stop", "Ctrl-C");
    return text + "\n";
}

}  // namespace

int run(Options options, std::ostream& out) {
    // A terminal that is closed must not end us before the children are stopped.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return Supervisor(std::move(options), out).run();
    } catch (const std::exception& error) {
        out << error.what() << std::endl;
        return 1;
    }
}

}  // namespace app::dev
