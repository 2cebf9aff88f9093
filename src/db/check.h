#pragma once
// One statement against the migrated schema: prepared by PostgreSQL, then compared with its C++ declaration, and planned as the
// role that will run it. Blocking; one thread; changes nothing.
//
//     db::migrate::Connection connection(scratch_url);
//     db::StatementChecker checker(connection, {.app = "app", .system = "app_system"});
//     for (const std::string& finding : checker.check(statement)) out << finding << '\n';
//
// A statement whose kind is a read must not write: rows that it changes or locks, also in a WITH, and functions that are volatile
// (nextval(), pg_notify(), advisory locks; others say `stable` when they only read) are findings. So is what has no plan (`truncate`,
// `notify`, `call`), but for `show`, and what cannot be the body of a function, which tells what it calls.
//
// Nullability: a member that is not optional must come from a column that is not null and not on the optional side of an outer
// join; of an expression PostgreSQL cannot tell, so coalesce(sum(…), 0) is the author's to write. An optional member takes
// any column.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "db/migrate/connection.h"
#include "db/migrate/script.h"
#include "db/sql.h"

namespace db {

class StatementChecker {
public:
    // The connection must be the owner's, who may take on both roles. Outlives the checker.
    StatementChecker(migrate::Connection& connection, migrate::Roles roles);

    // What is wrong, a line each; empty: nothing.
    [[nodiscard]] std::vector<std::string> check(const StatementView& statement);

private:
    using Lines = std::vector<std::string>;

    void check_parameters(const StatementView& statement, const migrate::Description& description, Lines& findings);
    void check_columns(const StatementView& statement, const migrate::Description& description, Lines& findings);
    void check_column(const TypedName& expected, const migrate::Description::Column& column,
                      const std::vector<std::string>& outer_joined, Lines& findings);
    void check_reads_only(const StatementView& statement, const migrate::Description& description, Lines& findings);
    std::vector<std::string> volatile_functions(const StatementView& statement, const migrate::Description& description,
                                                Lines& findings);
    // The plan as JSON, made as the role that runs the statement; empty, with a finding, when it may not.
    std::string plan_as_role(const StatementView& statement, std::size_t parameter_count, Lines& findings);
    std::vector<std::string> outer_joined_tables(const std::string& plan);
    const std::string& type_name(std::uint32_t oid);

    migrate::Connection& connection_;
    migrate::Roles roles_;
    std::map<std::uint32_t, std::string> type_names_;
    std::string plan_;
};

}  // namespace db
