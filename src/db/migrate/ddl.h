#pragma once
// The text of the statements that make and unmake what a snapshot names. Pure functions: any thread.
//
//     statements.push_back(db::migrate::create_table(table));
//     for (auto& statement : db::migrate::create_policies(table.name, table.guard)) ...

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/migrate/snapshot.h"

namespace db::migrate {

[[nodiscard]] bool is_index(const ConstraintSnapshot& constraint);
[[nodiscard]] bool is_reference(const ConstraintSnapshot& constraint);
// Whether the row that a reference names is there, as SQL over the row that names it.
[[nodiscard]] std::string row_exists(std::string_view table, const ConstraintSnapshot& reference);
// Restrictive: beside the walls, which say whose row it may be. A CHECK's expression is parsed anew by each statement, and a foreign
// key locks the other row; a policy is a part of the statement's plan.
[[nodiscard]] std::string create_insert_policy(std::string_view table, const ConstraintSnapshot& constraint);

// What follows `alter table … add` and `add column`.
[[nodiscard]] std::string definition_of(const ConstraintSnapshot& constraint);
[[nodiscard]] std::string definition_of(const ColumnSnapshot& column);

// Its primary key, unique keys and checks; no indexes, no foreign keys, and no key that another has the columns of: of two such,
// `create table` makes one.
[[nodiscard]] bool comes_with_table(const TableSnapshot& table, const ConstraintSnapshot& constraint);
[[nodiscard]] std::string create_table(const TableSnapshot& table);
[[nodiscard]] std::string create_index(const TableSnapshot& table, const ConstraintSnapshot& index);

// The new value of a column that changes its type, as SQL over the old one; nullopt where PostgreSQL has no way.
[[nodiscard]] std::optional<std::string> conversion(std::string_view column, std::string_view from,
                                                    std::string_view to);
// Whether that conversion rounds or cuts some values, which PostgreSQL does without a word.
[[nodiscard]] bool loses_data(std::string_view from, std::string_view to);

// Row level security and grants of one table (docs/database.md, "Who sees what").
[[nodiscard]] std::vector<std::string> create_policies(std::string_view table, const GuardSnapshot& guard);
[[nodiscard]] std::vector<std::string> drop_policies(std::string_view table, const GuardSnapshot& guard);
[[nodiscard]] std::vector<std::string> create_grants(std::string_view table, const GuardSnapshot& guard);
// Takes the grants on columns along.
[[nodiscard]] std::string revoke_grants(std::string_view table);

}  // namespace db::migrate
