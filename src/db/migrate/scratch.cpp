#include "db/migrate/scratch.h"

#include <fmt/format.h>

#include "base/random.h"
#include "db/migrate/connection.h"

namespace db::migrate {

ScratchDatabase::ScratchDatabase(std::string server_url)
    : server_url_(std::move(server_url)),
      name_(fmt::format("scratch_{:016x}", base::SecureRandom().next_uint64())),
      url_(with_database(server_url_, name_)) {
    // template0 has nobody connected, nothing that somebody put there, and takes another encoding than the server's own.
    Connection(server_url_).execute("create database " + name_ + " template template0 encoding 'UTF8'");
}

ScratchDatabase::~ScratchDatabase() {
    try {
        Connection(server_url_).execute("drop database if exists " + name_ + " with (force)");
    } catch (const SqlError&) {
        // The server is gone; an empty database that is left over harms nobody.
    }
}

}  // namespace db::migrate
