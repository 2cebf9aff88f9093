#include "app/dev/redis_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "app/dev/data_directory.h"
#include "app/dev/ports.h"
#include "app/dev/server_process.h"
#include "base/strings.h"

namespace app::dev {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds ready_deadline{20};
constexpr seconds stop_deadline{10};
constexpr int start_attempts = 5;

fs::path find_program() {
    const char* path = std::getenv("PATH");
    for (const std::string_view directory : base::split(path == nullptr ? "/usr/bin" : path, ':')) {
        const fs::path program = fs::path(directory) / "redis-server";
        if (access(program.c_str(), X_OK) == 0) return program;
    }
    throw StartFailure("redis-server is not installed: run bin/setup");
}

}  // namespace

RedisServer::RedisServer(RedisOptions options) : options_(std::move(options)) {
    if (options_.program.empty()) options_.program = find_program();
}

RedisServer::~RedisServer() {
    stop([](milliseconds) { return false; });
}

void RedisServer::end_leftover(const fs::path& home, const Pause& pause) {
    dev::end_leftover(
        {.name = "Redis", .pid_file = home / "redis.pid", .directory = home, .signals = {SIGTERM, SIGKILL}}, pause);
}

void RedisServer::begin(const Pause& pause) {
    ensure_directory(options_.home, {geteuid(), getegid()}, 0700);
    end_leftover(options_.home, pause);
    launch();
}

void RedisServer::launch() {
    port_ = free_port();
    const Descriptor log = open_log(options_.log_file, O_TRUNC);
    process_ = Process::start(
        // noeviction: a queue must not lose jobs to make room (BullMQ insists on it).
        {.arguments = {options_.program.string(),
                       "--bind",
                       "127.0.0.1",
                       "--port",
                       std::to_string(port_),
                       "--unixsocket",
                       options_.socket.string(),
                       "--unixsocketperm",
                       "700",
                       "--dir",
                       options_.home.string(),
                       "--pidfile",
                       (options_.home / "redis.pid").string(),
                       "--appendonly",
                       "no",
                       "--save",
                       "60",
                       "1",
                       "--maxmemory",
                       "256mb",
                       "--maxmemory-policy",
                       "noeviction",
                       "--daemonize",
                       "no"},
         .environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"},
         .output = log.get(),
         .errors = log.get(),
         .working_directory = options_.home});
}

bool RedisServer::answers_ping() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = options_.socket.string();
    if (path.size() >= sizeof address.sun_path) throw StartFailure(fmt::format("{} is too long for a socket", path));
    path.copy(address.sun_path, sizeof address.sun_path - 1);

    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    constexpr std::string_view ping = "PING\r\n";
    if (send(socket.get(), ping.data(), ping.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(ping.size())) return false;
    std::array<char, 16> reply{};
    const ssize_t count = recv(socket.get(), reply.data(), reply.size(), 0);
    // While it reads its snapshot it says -LOADING.
    return count > 0 && std::string_view(reply.data(), static_cast<std::size_t>(count)).starts_with("+PONG");
}

bool RedisServer::wait_until_ready(const Pause& pause) {
    return dev::wait_until_ready(
        process_, {.name = "Redis", .deadline = ready_deadline, .log_file = options_.log_file},
        [this] { return answers_ping(); }, pause);
}

void RedisServer::finish(const Pause& pause) {
    // Between choosing the port and listening on it somebody else may take it: another one is tried then.
    for (int attempt = 1; !wait_until_ready(pause); ++attempt) {
        if (attempt == start_attempts) {
            throw StartFailure(
                fmt::format("Redis did not start ({}); see {}", process_.how_it_ended(), options_.log_file.string()));
        }
        launch();
    }
}

void RedisServer::stop(const Pause& pause) noexcept {
    try {
        if (!process_.running()) return;
        process_.signal(SIGTERM);
        if (!process_.wait(stop_deadline, pause)) process_.kill();
    } catch (const std::exception&) {
        process_.kill();
    }
}

std::string RedisServer::url() const { return fmt::format("redis://127.0.0.1:{}/0", port_); }

}  // namespace app::dev
