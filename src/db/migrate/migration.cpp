#include "db/migrate/migration.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/strings.h"

namespace db::migrate {

namespace {

constexpr std::size_t stamp_digits = 14;

bool is_migration_name(std::string_view name) {
    if (name.size() < stamp_digits + 2 || name[stamp_digits] != '_') return false;
    return std::ranges::all_of(name.substr(0, stamp_digits), base::is_ascii_digit) &&
           std::ranges::all_of(name.substr(stamp_digits + 1),
                               [](char c) { return (c >= 'a' && c <= 'z') || base::is_ascii_digit(c) || c == '_'; });
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return std::move(text).str();
}

using Folders = std::map<std::string, std::map<std::string, std::string>>;

std::vector<Migration> from_folders(Folders folders) {
    std::vector<Migration> migrations;
    for (auto& [name, files] : folders) {
        if (!is_migration_name(name)) {
            throw std::runtime_error(
                fmt::format("{} is no migration's name: <yyyymmddhhmmss>_<name>, name in lower case", name));
        }
        for (const auto* file : {"migration.sql", "snapshot.json"}) {
            if (!files.contains(file)) throw std::runtime_error(fmt::format("migration {} has no {}", name, file));
        }
        auto& sql = files["migration.sql"];
        if (sql.starts_with("\xEF\xBB\xBF")) sql.erase(0, 3);  // some editors write a byte order mark
        migrations.push_back({name, std::move(sql), std::move(files["snapshot.json"])});
    }
    return migrations;
}

}  // namespace

std::vector<Migration> load_migrations(const std::filesystem::path& folder) {
    Folders folders;
    if (!std::filesystem::exists(folder)) return {};
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (!entry.is_directory()) continue;
        auto& files = folders[entry.path().filename().string()];
        for (const auto* file : {"migration.sql", "snapshot.json"}) {
            if (std::filesystem::exists(entry.path() / file)) files[file] = read_file(entry.path() / file);
        }
    }
    return from_folders(std::move(folders));
}

std::vector<Migration> load_migrations(std::span<const base::EmbeddedFile> files) {
    Folders folders;
    for (const auto& file : files) {
        const auto slash = file.path.find('/');
        if (slash == std::string_view::npos) continue;
        folders[std::string(file.path.substr(0, slash))][std::string(file.path.substr(slash + 1))] = file.bytes;
    }
    return from_folders(std::move(folders));
}

std::string checksum_of(std::string_view sql) {
    std::string text(sql);
    std::erase(text, '\r');
    return base::hex_encode(base::as_chars(base::sha256(text)));
}

History::History(std::span<const Migration> migrations) {
    std::set<std::string> continued;
    std::set<std::string> names;
    for (const auto& migration : migrations) {
        try {
            snapshots_.push_back(parse_snapshot(migration.snapshot));
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(fmt::format("{}/snapshot.json: {}", migration.name, error.what()));
        }
        if (snapshots_.back().id != migration.name) {
            throw std::runtime_error(
                fmt::format("{}/snapshot.json has the id {}", migration.name, snapshots_.back().id));
        }
        names.insert(migration.name);
        continued.insert(snapshots_.back().previous.begin(), snapshots_.back().previous.end());
    }
    for (const auto& snapshot : snapshots_) {
        for (const auto& previous : snapshot.previous) {
            if (names.contains(previous)) continue;
            throw std::runtime_error(
                fmt::format("migration {} was made on top of {}, which is missing", snapshot.id, previous));
        }
        if (!continued.contains(snapshot.id)) leaves_.push_back(&snapshot);
    }
}

}  // namespace db::migrate
