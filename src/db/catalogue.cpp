#include "db/catalogue.h"

#include <fmt/format.h>

#include <stdexcept>

#include "db/sql.h"

namespace db {

namespace {

// Declared types, not inferred ones: binary parameters must be of the very type, and PostgreSQL then says at Parse what does
// not fit.
std::vector<std::uint32_t> parameter_types(const StatementView& view) {
    std::vector<std::uint32_t> types;
    for (const auto& parameter : parameters_of(view)) types.push_back(parameter.oid);
    return types;
}

}  // namespace

Catalogue::Catalogue(observe::Metrics& metrics, Parts parts) : parts_(std::move(parts)), registry_(metrics) {
    for (const auto& view : parts_.statements) {
        auto& statement = owned_.emplace_back(Statement{.name = names_.emplace_back(view.full_name()),
                                                        .sql = render(view),
                                                        .parameter_types = parameter_types(view),
                                                        .kind = view.kind,
                                                        .timeout = std::chrono::milliseconds(view.timeout_ms)});
        registry_.add(statement);
        by_identity_.emplace(view.identity, &statement);
    }
    for (const auto& table : parts_.tables) {
        for (const auto& constraint : table.constraints) {
            if (!constraint.error.code.empty())
                violations_.emplace(constraint_name(table, constraint), Violation{&constraint, table.row});
        }
    }
}

const Statement& Catalogue::statement(const void* identity, std::string_view name) const {
    const auto found = by_identity_.find(identity);
    if (found == by_identity_.end()) {
        throw std::logic_error(
            fmt::format("statement \"{}\" is not listed: write its constant into db::statements(…) of its module "
                        "(app::Module::statements)",
                        name));
    }
    return *found->second;
}

std::exception_ptr Catalogue::explain(const Error& error) const {
    const auto found = violations_.find(std::string(error.constraint()));
    if (found == violations_.end()) return std::make_exception_ptr(error);
    const auto& [constraint, row] = found->second;
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < constraint->column_count; ++i) {
        const auto* field = find_field(*row, constraint->columns[i]);
        if (field == nullptr || field->rules.internal) continue;
        issues.push_back({"body",
                          fmt::format("/{}", field->name),
                          std::string(constraint->error.code),
                          std::string(constraint->error.title),
                          {}});
    }
    return std::make_exception_ptr(
        base::Failure(constraint->error, std::move(issues)).cause(std::string(error.message())));
}

}  // namespace db
