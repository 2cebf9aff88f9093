#pragma once
// A PostgreSQL for one command: in a directory of its own under /tmp, reachable by us alone, gone with this object, also when
// Ctrl-C ends the waiting. One thread, and no other before it.
//
//     ThrowawayPostgres postgres;                         // StartFailure: not installed, no room; Interrupted
//     prove(migrations, snapshot, {postgres.owner_url(), roles});

#include <filesystem>
#include <memory>
#include <string>

#include "app/dev/signals.h"

namespace app::dev {

class PostgresServer;

class ThrowawayPostgres {
public:
    ThrowawayPostgres();
    ~ThrowawayPostgres();
    ThrowawayPostgres(const ThrowawayPostgres&) = delete;
    ThrowawayPostgres& operator=(const ThrowawayPostgres&) = delete;

    // Of the user who owns the database and has CREATEDB.
    [[nodiscard]] std::string owner_url() const;

private:
    struct Directory {
        std::filesystem::path path;
        Directory();
        ~Directory();
        Directory(const Directory&) = delete;
        Directory& operator=(const Directory&) = delete;
    };

    Signals signals_;  // held back until the directory is gone
    Directory directory_;
    std::unique_ptr<PostgresServer> server_;
};

}  // namespace app::dev
