#pragma once
// Migrations as files: <yyyymmddhhmmss>_<name>/migration.sql and snapshot.json, in a folder or embedded in the program, and the
// graph that their snapshots make. Values: any thread.
//
//     const auto migrations = db::migrate::load_migrations(embedded::migrations());
//     const db::migrate::History history(migrations);      // throws std::runtime_error when a snapshot is unreadable
//     if (history.leaves().size() > 1) ...                 // two branches were merged

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/embedded.h"
#include "db/migrate/snapshot.h"

namespace db::migrate {

struct Migration {
    std::string name;
    std::string sql;
    std::string snapshot;  // JSON
};

// Sorted by name. Throw std::runtime_error for a folder with another kind of name or without one of its two files; a folder
// that does not exist holds no migrations.
[[nodiscard]] std::vector<Migration> load_migrations(const std::filesystem::path& folder);
[[nodiscard]] std::vector<Migration> load_migrations(std::span<const base::EmbeddedFile> files);

// SHA-256 of the text as hexadecimal; the same for both line endings, since Git may change them.
[[nodiscard]] std::string checksum_of(std::string_view sql);

class History {
public:
    explicit History(std::span<const Migration> migrations);

    // Snapshots that no other was made on top of.
    [[nodiscard]] const std::vector<const Snapshot*>& leaves() const noexcept { return leaves_; }

private:
    std::vector<Snapshot> snapshots_;
    std::vector<const Snapshot*> leaves_;
};

}  // namespace db::migrate
