#include "db/migrate/scratch.h"

#include <fmt/format.h>

#include "base/random.h"
#include "db/migrate/connection.h"

namespace db::migrate {

ScratchDatabase::ScratchDatabase(std::string server_url)
    : server_url_(std::move(server_url)),
      name_(fmt::format("scratch_{:016x}", base::SecureRandom().next_uint64())),
      url_(with_database(server_url_, name_)) {
    // template0 has nobody connected, and nothing that somebody put there.
    Connection(server_url_).execute("create database " + name_ + " template template0");
}

ScratchDatabase::~ScratchDatabase() {
    try {
        Connection(server_url_).execute("drop database if exists " + name_ + " with (force)");
    } catch (const SqlError&) {
        // The server is gone; an empty database that is left over harms nobody.
    }
}

}  // namespace db::migrate
