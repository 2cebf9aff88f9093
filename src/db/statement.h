#pragma once
// Statement: one SQL text of the program, with the name it has in logs, metrics and PostgreSQL. Plain data at a stable address
// (a constant of its module); StatementRegistry: all of them, built once at start-up, read-only afterwards, so any thread may
// read it. Both outlive every Database.
//
//     const db::Statement product_by_id{.name = "products.by_id", .sql = "select ... where tenant_id = $1 and id = $2",
//                                       .kind = db::Kind::point};
//     db::StatementRegistry statements(metrics, {&product_by_id, &insert_sale});

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/kind.h"
#include "observe/metrics.h"

namespace db {

struct Statement {
    std::string_view name;  // "module.what": [a-z0-9_.], at most 56 characters, unique in the program
    std::string sql;
    std::vector<std::uint32_t> parameter_types = {};  // type OIDs (db/types.h); empty: PostgreSQL infers them
    Kind kind = Kind::read;
    std::chrono::milliseconds timeout{0};  // 0: the default of its kind (Options)
};

class StatementRegistry {
public:
    struct Entry {
        const Statement* statement;
        observe::Histogram
            duration;  // db_statement_duration_seconds{kind}; for each statement, it would be thousands of lines
        observe::Counter runs;     // db_statements_total{statement}
        observe::Counter seconds;  // db_statement_seconds_total{statement}
        observe::Counter rows;     // db_statement_rows_total{statement}

        void count(double took, double row_count) const {
            duration.observe(took);
            runs.increment();
            seconds.increment(took);
            rows.increment(row_count);
        }
    };

    explicit StatementRegistry(observe::Metrics& metrics, std::initializer_list<const Statement*> statements = {});
    StatementRegistry(const StatementRegistry&) = delete;
    StatementRegistry& operator=(const StatementRegistry&) = delete;

    // Start-up only. Throws std::invalid_argument on a bad name or one that another statement has; adding one twice is no error.
    void add(const Statement& statement);
    void add(std::span<const Statement* const> statements);

    // Dense, from 0. Throws std::logic_error for a statement that was never added.
    [[nodiscard]] std::uint32_t index_of(const Statement& statement) const;
    [[nodiscard]] const Entry& entry(std::uint32_t index) const { return entries_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    // In the order of addition; the driver's own come first.
    [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }
    void count_error(std::uint32_t index,
                     std::string_view sqlstate) const;  // db_statement_errors_total{statement,class}

    // The driver's own statements.
    [[nodiscard]] const Statement& set_tenant() const noexcept { return set_tenant_; }
    [[nodiscard]] const Statement& ping() const noexcept { return ping_; }
    [[nodiscard]] const Statement& takes_writes() const noexcept { return takes_writes_; }
    static constexpr std::uint32_t set_tenant_index = 0;

private:
    Statement set_tenant_;
    Statement ping_;
    Statement takes_writes_;
    observe::HistogramFamily seconds_;
    observe::CounterFamily runs_;
    observe::CounterFamily time_;
    observe::CounterFamily rows_;
    observe::CounterFamily errors_;
    std::vector<Entry> entries_;
    std::unordered_map<const Statement*, std::uint32_t> index_;
    std::unordered_map<std::string_view, std::uint32_t> names_;
};

}  // namespace db
