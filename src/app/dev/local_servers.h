#pragma once
// The private PostgreSQL and Redis of a development environment, under its data directory. They end with us, however we end;
// what a kill -9 left running is found by its pid file and ended at the next start. One thread, which must outlive them.
//
//     DataDirectory directory(".data");
//     LocalServers servers(directory, {.fresh = false, .progress = say});
//     servers.start(pause);                               // StartFailure, Interrupted
//     servers.addresses().database_url                    // postgresql://app@localhost/backend_api?host=…
//     servers.stop(pause);                                // Redis, then PostgreSQL

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/dev/process.h"

namespace app::dev {

class DataDirectory;
class PostgresServer;
class RedisServer;

struct LocalServersOptions {
    bool fresh = false;  // begin with an empty directory
    std::function<void(std::string_view)> progress = {};
    std::filesystem::path postgres_binaries = {};  // empty: found
};

struct Addresses {
    std::string database_owner_url;   // DATABASE_OWNER_URL: migrations
    std::string database_url;         // DATABASE_URL: app, subject to row level security
    std::string database_system_url;  // DATABASE_SYSTEM_URL: app_system
    std::string redis_url;            // REDIS_URL
    std::filesystem::path redis_socket;
};

class LocalServers {
public:
    // `directory` outlives this.
    LocalServers(DataDirectory& directory, LocalServersOptions options);
    ~LocalServers();
    LocalServers(const LocalServers&) = delete;
    LocalServers& operator=(const LocalServers&) = delete;

    // Both at once; returns when both answer, with roles and database in place.
    void start(const Pause& pause);
    // In order, each with a deadline; when `pause` hurries, at once.
    void stop(const Pause& pause) noexcept;

    [[nodiscard]] const Addresses& addresses() const noexcept { return addresses_; }
    // Which of them has ended by itself and how; nullopt while all is well.
    [[nodiscard]] std::optional<std::string> failure();

private:
    void say(std::string_view text) const;
    void begin_anew(const Pause& pause, const std::filesystem::path& postgres_home);

    DataDirectory& directory_;
    LocalServersOptions options_;
    Addresses addresses_;
    std::unique_ptr<PostgresServer> postgres_;
    std::unique_ptr<RedisServer> redis_;
};

// The database of the environment in `data_directory`, if its PostgreSQL runs now, for another process of the same user, or root.
// Redis is left out. nullopt: none runs. It claims nothing.
[[nodiscard]] std::optional<Addresses> running_database(const std::filesystem::path& data_directory);

}  // namespace app::dev
