#pragma once
// What the console shows of a table, and the statements that read it: made of the declaration alone, once at start. Whatever a
// request says is a parameter of one of them. Pure functions.
//
//     const auto tables = console::read_tables(app::tables_of(definition));    // those of tenants, by name
//     console::rows_sql(tables[0], {.filter = 2, .after = true});    // $1 tenant, then texts: the value, the key before the page
//
// A column is shown when its declaration says that clients may see it. One that is `internal` (never in JSON) is shown when its
// type holds no secret (a number, a time, a word of an enumeration, yes or no, an id). Withheld are write-only fields, passwords,
// JSON with such a member, and what the log redacts by its name, whatever the declaration says. Bytes are a length. What is withheld stands in no statement.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/table.h"

namespace app::console {

inline constexpr std::size_t rows_a_page = 50;
inline constexpr std::size_t shown_characters = 200;        // of a value in a list
inline constexpr std::size_t whole_characters = 1'000'000;  // of a value in its row
inline constexpr std::size_t counted_rows = 1'000;          // beyond it a count is "more than"

enum class Shown : std::uint8_t { value, length, withheld };

struct Column {
    std::string name;
    std::string type;  // "numeric(18,4)"
    bool is_nullable = false;
    Shown shown = Shown::withheld;
    bool can_filter = false;
    std::string text;  // SQL: the value as text
};

// Columns, by index, that together are the key of a row of `table`, by its index.
struct Link {
    std::vector<std::size_t> columns;
    std::size_t table = 0;
};

// A column of another table in which the key of one row stands.
struct BackLink {
    std::size_t table = 0;
    std::size_t column = 0;
};

struct Table {
    std::string name;
    db::Wall wall = db::Wall::tenant;
    std::vector<Column> columns;
    std::vector<std::size_t> keys;  // columns of the primary key, without the tenant
    bool has_rows = false;          // false: its key is withheld, and so is all of it
    std::vector<Link> links;
    std::vector<BackLink> back_links;

    [[nodiscard]] std::optional<std::size_t> find_column(std::string_view column_name) const;
};

// Those whose rows belong to tenants, by name. Tables of the whole installation are left out: row level security does not divide
// them.
[[nodiscard]] std::vector<Table> read_tables(std::span<const db::TableView> declared);

struct RowsOptions {
    std::optional<std::size_t> filter = std::nullopt;  // a column that equals a value
    bool after = false;                                // only rows behind a key
};

// The keys whole, then every column as text, cut by one character more than is shown; one row more than a page has. Null is null;
// so is what is withheld.
[[nodiscard]] std::string rows_sql(const Table& table, const RowsOptions& options);
// Every column of the row with a key.
[[nodiscard]] std::string row_sql(const Table& table);
// One row more than counted_rows at most.
[[nodiscard]] std::string count_sql(const Table& table);
// Of the table of tenants, across them: id and name.
[[nodiscard]] std::string tenants_sql(const Table& table);

}  // namespace app::console
