#include "db/statement.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace db {

namespace {

// A lookup by index takes well under a millisecond, below prom-client's first bucket.
constexpr std::array seconds_buckets{0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0};

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::point: return "point";
        case Kind::read: return "read";
        case Kind::write: return "write";
    }
    return "write";
}

// PostgreSQL keeps the first 63 bytes of a prepared statement's name; the connection may append a version.
constexpr std::size_t max_name_length = 56;

bool is_valid_name(std::string_view name) {
    return !name.empty() && name.size() <= max_name_length && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
}

}  // namespace

StatementRegistry::StatementRegistry(observe::Metrics& metrics, std::initializer_list<const Statement*> statements)
    : set_tenant_{.name = "db.set_tenant",
                  .sql = "select set_config('app.tenant', $1, true)",
                  .parameter_types = {25},
                  .kind = Kind::point},
      ping_{.name = "db.ping", .sql = "select 1", .kind = Kind::point},
      takes_writes_{
          .name = "db.takes_writes", .sql = "select current_setting('transaction_read_only')", .kind = Kind::write},
      seconds_(metrics.histogram_family("db_statement_duration_seconds",
                                        "Time from submission to result, by kind of statement.", {"kind"},
                                        seconds_buckets)),
      runs_(metrics.counter_family("db_statements_total", "Results of statements.", {"statement"})),
      time_(metrics.counter_family("db_statement_seconds_total",
                                   "Time from submission to result, added up by statement.", {"statement"})),
      rows_(
          metrics.counter_family("db_statement_rows_total", "Rows returned or changed, by statement.", {"statement"})),
      errors_(metrics.counter_family("db_statement_errors_total",
                                     "Failed statements, by the class of the SQLSTATE (its first two characters).",
                                     {"statement", "class"})) {
    add(set_tenant_);
    add(ping_);
    add(takes_writes_);
    for (const Statement* statement : statements) add(*statement);
}

void StatementRegistry::add(const Statement& statement) {
    if (index_.contains(&statement)) return;
    if (!is_valid_name(statement.name)) {
        throw std::invalid_argument("statement name must be 1 to 56 of [a-z0-9_.]: " + std::string(statement.name));
    }
    if (names_.contains(statement.name)) {
        throw std::invalid_argument("two statements are called " + std::string(statement.name));
    }
    const auto index = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({&statement, seconds_.with({name_of(statement.kind)}), runs_.with({statement.name}),
                        time_.with({statement.name}), rows_.with({statement.name})});
    index_.emplace(&statement, index);
    names_.emplace(statement.name, index);
}

void StatementRegistry::add(std::span<const Statement* const> statements) {
    for (const Statement* statement : statements) add(*statement);
}

std::uint32_t StatementRegistry::index_of(const Statement& statement) const {
    const auto found = index_.find(&statement);
    if (found == index_.end()) throw std::logic_error("statement not in the registry: " + std::string(statement.name));
    return found->second;
}

void StatementRegistry::count_error(std::uint32_t index, std::string_view sqlstate) const {
    errors_.with({entries_[index].statement->name, sqlstate.substr(0, 2)}).increment();
}

}  // namespace db
