#include "app/dev/local_servers.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/dev/data_directory.h"
#include "app/dev/postgres_server.h"
#include "app/dev/redis_server.h"
#include "base/hash.h"

namespace app::dev {

namespace fs = std::filesystem;

namespace {

// Files of an earlier start by somebody else stay theirs when root starts the same environment.
User owner_or(const fs::path& path, const User& otherwise) {
    struct stat status{};
    if (geteuid() != 0 || stat(path.c_str(), &status) != 0 || status.st_uid == 0) return otherwise;
    return {status.st_uid, status.st_gid};
}

// Under root's home (mode 0700) PostgreSQL's user cannot reach the data directory: its files then live here.
fs::path outside_home(const fs::path& directory) {
    return fmt::format("/var/lib/backend-api-development/{:016x}", base::stable_hash64(directory.string()));
}

fs::path postgres_home(const fs::path& directory, const User& user) {
    return can_reach(user, directory) ? directory / "postgresql" : outside_home(directory);
}

}  // namespace

LocalServers::LocalServers(DataDirectory& directory, LocalServersOptions options)
    : directory_(directory), options_(std::move(options)) {}

LocalServers::~LocalServers() {
    stop([](std::chrono::milliseconds) { return false; });
}

void LocalServers::say(std::string_view text) const {
    if (options_.progress) options_.progress(text);
}

void LocalServers::begin_anew(const Pause& pause, const fs::path& postgres_home) {
    PostgresServer::end_leftover(postgres_home, pause);
    RedisServer::end_leftover(directory_.path() / "redis", pause);
    directory_.wipe();
    fs::remove_all(postgres_home);
}

void LocalServers::start(const Pause& pause) {
    const fs::path& root = directory_.path();
    User user = postgres_user();
    const fs::path home = postgres_home(root, user);
    // A new directory does not inherit a database that a deleted one at the same place had outside.
    if (options_.fresh || directory_.is_new()) begin_anew(pause, home);
    user = owner_or(home / "data", user);

    if (home.parent_path() != root) {
        fs::create_directories(home.parent_path());
        fs::permissions(home.parent_path(), fs::perms(0711));
    }
    postgres_ = std::make_unique<PostgresServer>(PostgresOptions{
        .home = home, .log_file = root / "postgresql.log", .user = user, .binaries = options_.postgres_binaries});
    redis_ = std::make_unique<RedisServer>(RedisOptions{.home = root / "redis",
                                                        .socket = postgres_->socket_directory() / "redis.sock",
                                                        .log_file = root / "redis.log"});

    say(fs::exists(home / "data") ? "starting PostgreSQL and Redis"
                                  : "creating the database cluster, starting PostgreSQL and Redis");
    postgres_->begin(pause);
    redis_->begin(pause);
    redis_->finish(pause);
    postgres_->finish(pause);
    addresses_ = {.database_owner_url = postgres_->url(PostgresServer::owner_role),
                  .database_url = postgres_->url(PostgresServer::app_role),
                  .database_system_url = postgres_->url(PostgresServer::system_role),
                  .redis_url = redis_->url(),
                  .redis_socket = redis_->socket()};
}

void LocalServers::stop(const Pause& pause) noexcept {
    if (redis_) redis_->stop(pause);
    if (postgres_) postgres_->stop(pause);
}

std::optional<std::string> LocalServers::failure() {
    if (postgres_ && !postgres_->running()) {
        return fmt::format("PostgreSQL ended ({}); see {}", postgres_->how_it_ended(),
                           (directory_.path() / "postgresql.log").string());
    }
    if (redis_ && !redis_->running()) {
        return fmt::format("Redis ended ({}); see {}", redis_->how_it_ended(),
                           (directory_.path() / "redis.log").string());
    }
    return std::nullopt;
}

std::optional<Addresses> running_database(const fs::path& data_directory) {
    std::error_code error;
    const auto root = fs::canonical(data_directory, error);
    if (error) return std::nullopt;
    const auto home = postgres_home(root, postgres_user());
    const auto url = [&home](std::string_view role) { return PostgresServer::running_url(home, role); };
    auto owner = url(PostgresServer::owner_role);
    auto app = url(PostgresServer::app_role);
    auto system = url(PostgresServer::system_role);
    if (!owner || !app || !system) return std::nullopt;
    return Addresses{.database_owner_url = *std::move(owner),
                     .database_url = *std::move(app),
                     .database_system_url = *std::move(system),
                     .redis_url = {},
                     .redis_socket = {}};
}

}  // namespace app::dev
