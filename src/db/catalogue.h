#pragma once
// Catalogue: every table and statement of the program, put together once at start-up from the modules' lists, read-only
// afterwards and shared by all loops.
//
//     db::Catalogue catalogue(metrics, {.tables = tables, .statements = statements});
//     db::Databases databases{&app_database, &system_database, &catalogue};          // one per loop

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/failure.h"
#include "db/error.h"
#include "db/query.h"
#include "db/statement.h"

namespace db {

class Catalogue {
public:
    struct Parts {
        std::vector<TableView> tables;
        std::vector<StatementView> statements;
        std::string cursor_secret;  // signs list cursors; at least 32 bytes
    };

    // Throws std::invalid_argument for doubled names and for plans that make no statement.
    Catalogue(observe::Metrics& metrics, Parts parts);

    // Throws std::logic_error, naming the statement, when its module does not list it.
    [[nodiscard]] const Statement& statement(const void* identity, std::string_view name) const;
    // What a refused statement means to the client: the error that the violated constraint was declared with, with the
    // member it is about. Other refusals come back as they are.
    [[nodiscard]] std::exception_ptr explain(const Error& error) const;

    [[nodiscard]] const StatementRegistry& registry() const noexcept { return registry_; }
    [[nodiscard]] const std::vector<TableView>& tables() const noexcept { return parts_.tables; }
    [[nodiscard]] const std::vector<StatementView>& statements() const noexcept { return parts_.statements; }
    [[nodiscard]] std::string_view cursor_secret() const noexcept { return parts_.cursor_secret; }

private:
    struct Violation {
        const Constraint* constraint;
        const schema::ObjectType* row;
    };

    Parts parts_;
    StatementRegistry registry_;
    std::deque<std::string> names_;
    std::deque<Statement> owned_;
    std::unordered_map<const void*, const Statement*> by_identity_;
    std::unordered_map<std::string, Violation> violations_;  // by the constraint's name in PostgreSQL
};

}  // namespace db
