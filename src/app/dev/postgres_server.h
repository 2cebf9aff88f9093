#pragma once
// A private PostgreSQL: made at first use, reachable through a socket in a directory that only its owner may enter, and
// not at all over TCP. One thread. Never runs as root.
//
//     PostgresServer postgres({.home = directory / "postgresql", .log_file = directory / "postgresql.log", .user = user});
//     postgres.begin(pause);                              // initdb if need be, then starts it
//     postgres.finish(pause);                             // waits until it answers; roles and database
//     postgres.url("app")                                 // postgresql://app@localhost/backend_api?host=/…/run
//     postgres.stop(pause);

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "app/dev/process.h"

namespace app::dev {

struct PostgresOptions {
    std::filesystem::path home;  // holds data/ and run/
    std::filesystem::path log_file;
    User user;
    std::filesystem::path binaries = {};  // empty: Debian's newest, or PATH's
};

class PostgresServer {
public:
    static constexpr std::string_view database_name = "backend_api";
    static constexpr std::string_view owner_role = "backend_owner";
    static constexpr std::string_view app_role = "app";
    static constexpr std::string_view system_role = "app_system";

    explicit PostgresServer(PostgresOptions options);
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    // A server that lost its parent (kill -9) and has not gone yet: waits for it, then ends it.
    static void end_leftover(const std::filesystem::path& home, const Pause& pause);

    // Of a server that runs in `home`, whoever started it; nullopt: none does, or it is another user's.
    [[nodiscard]] static std::optional<std::string> running_url(const std::filesystem::path& home,
                                                                std::string_view role);

    void begin(const Pause& pause);
    void finish(const Pause& pause);
    // Fast shutdown: clients are cut off, everything is on disk. When `pause` hurries, immediate shutdown.
    void stop(const Pause& pause) noexcept;

    [[nodiscard]] bool running() { return process_.running(); }
    [[nodiscard]] std::string how_it_ended() const { return process_.how_it_ended(); }
    // Mode 0700, of the user that PostgreSQL runs as. Redis puts its socket there too when it runs as the same user or root.
    [[nodiscard]] const std::filesystem::path& socket_directory() const noexcept { return socket_directory_; }
    [[nodiscard]] std::string url(std::string_view role) const;

private:
    [[nodiscard]] std::filesystem::path data() const { return options_.home / "data"; }
    void initialise(const Pause& pause);
    void launch();
    [[nodiscard]] bool wait_until_ready(const Pause& pause);
    void create_roles_and_database();

    PostgresOptions options_;
    std::filesystem::path socket_directory_;
    std::uintmax_t log_begin_ = 0;
    Process process_;
};

// PostgreSQL refuses to run as root: Debian's own user for it then, or the one that has nothing.
[[nodiscard]] User postgres_user();

// /usr/lib/postgresql/<newest>/bin, or the one of `major` when data of that version exist; else where PATH has both programs.
[[nodiscard]] std::filesystem::path find_postgres_binaries(std::optional<int> major);

}  // namespace app::dev
