#pragma once
// The server and the roles of the tests of migrations.

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "db/migrate/connection.h"
#include "db/migrate/script.h"

namespace db::migrate {

// The migrations run as a user that owns the database and is no superuser, as in production.
inline constexpr const char* owner = "migrate_test_owner";
inline const Roles roles{.app = "migrate_test_app", .system = "migrate_test_system"};

inline std::string server_url() {
    const char* url = std::getenv("TEST_POSTGRES_URL");
    if (url == nullptr)
        throw std::runtime_error("TEST_POSTGRES_URL is not set: run the tests through bin/with-servers");
    return url;
}

inline void make_owner() {
    Connection connection(server_url());
    if (!connection.query("select 1 from pg_roles where rolname = $1", {owner}).empty()) return;
    connection.execute(std::string("create role ") + owner + " login createdb createrole");
}

}  // namespace db::migrate
