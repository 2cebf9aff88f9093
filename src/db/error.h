#pragma once
// What the database layer throws. All are base::Failure, so an error that nobody branches on already has its status; what
// PostgreSQL said goes to the log (cause), never to the client.
//
//     try { co_await db.query(insert, std::move(parameters), scope, deadline); }
//     catch (const db::Error& error) { if (error.constraint() == "products_barcode_key") ...; throw; }

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "db/result.h"

namespace db {

namespace errors {
inline constexpr base::ErrorCode unavailable{"db.unavailable", 503, true, base::Action::retry,
                                             "The database cannot be reached"};
inline constexpr base::ErrorCode timeout{"db.timeout", 503, true, base::Action::retry, "The database took too long"};
inline constexpr base::ErrorCode overloaded{"db.overloaded", 503, true, base::Action::retry,
                                            "The database has more work than it may queue"};
inline constexpr base::ErrorCode outcome_unknown{
    "db.outcome_unknown", 503, true, base::Action::retry,
    "It is not known whether the change was made; repeat it with the same key"};
inline constexpr base::ErrorCode serialization{"db.serialization", 409, true, base::Action::retry,
                                               "Another change came in between"};
// Nobody but a programmer or an operator can mend it: a client parks the operation and never drops it.
inline constexpr base::ErrorCode failed{"db.failed", 500, false, base::Action::contact, "The server failed"};
// Data that no declared rule refused, yet the database did.
inline constexpr base::ErrorCode value_refused{"db.value_refused", 422, false, base::Action::fix,
                                               "A value is out of range, too long or not of its kind for the database"};
inline constexpr base::ErrorCode conflict{"db.conflict", 409, false, base::Action::fix,
                                          "The data contradicts other data that is stored"};
}  // namespace errors

// What a SQLSTATE means to a client. By class (the first two characters), and what is not named is final: `failed`.
[[nodiscard]] const base::ErrorCode& code_for(std::string_view sqlstate) noexcept;

// All of them, for docs and the service's table.
[[nodiscard]] std::vector<base::ErrorCode> error_codes();

// What PostgreSQL reports (https://www.postgresql.org/docs/15/protocol-error-fields.html).
struct ErrorFields {
    std::string sqlstate;
    std::string message;
    std::string detail;
    std::string hint;
    std::string schema;
    std::string table;
    std::string column;
    std::string constraint;
    std::string routine;
    std::string statement;  // its name; empty when the end of the transaction failed (deferred constraints)
    // 25006 where we asked for a read-only session ourselves: the statement is at fault, not the server's state.
    bool read_only_by_choice = false;
};

// PostgreSQL refused a statement, or the end of the transaction. Nothing of the implicit transaction or batch was kept.
class Error : public base::Failure {
public:
    static constexpr std::size_t at_commit = static_cast<std::size_t>(-1);

    explicit Error(ErrorFields fields, std::size_t index = 0, std::shared_ptr<std::vector<Result>> partial = nullptr);

    [[nodiscard]] const ErrorFields& fields() const noexcept { return *fields_; }
    [[nodiscard]] std::string_view sqlstate() const noexcept { return fields_->sqlstate; }
    [[nodiscard]] std::string_view constraint() const noexcept { return fields_->constraint; }
    [[nodiscard]] std::string_view message() const noexcept { return fields_->message; }
    // Which call of the batch failed; at_commit when all calls succeeded and the commit did not.
    [[nodiscard]] std::size_t index() const noexcept { return index_; }
    // What the calls before it gave; rolled back, so of use for a decision only.
    [[nodiscard]] const std::vector<Result>& partial_results() const noexcept;

    // 40001, 40P01: the transaction may be run again.
    [[nodiscard]] bool is_serialization() const noexcept;
    [[nodiscard]] bool is_unique_violation() const noexcept { return sqlstate() == "23505"; }
    [[nodiscard]] bool is_foreign_key_violation() const noexcept { return sqlstate() == "23503"; }
    // 25006 of a server that takes no writes: a standby, a demoted primary, one that was set read-only.
    [[nodiscard]] bool is_read_only_server() const noexcept;
    // The prepared statement no longer fits the connection (26000, or 0A000 "cached plan must not change result type").
    [[nodiscard]] bool is_stale_statement() const noexcept;

private:
    std::shared_ptr<const ErrorFields> fields_;  // shared: exceptions are copied
    std::size_t index_;
    std::shared_ptr<std::vector<Result>> partial_;
};

// The connection or the deadline was lost between sending a change and hearing of its commit. Look it up by its key.
class ConnectionLost : public base::Failure {
public:
    explicit ConnectionLost(std::string cause);
};

}  // namespace db
