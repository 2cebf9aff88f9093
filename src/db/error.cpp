#include "db/error.h"

#include <utility>

#include "db/cursor_error.h"

namespace db {

namespace {

// The routine tells it from other uses of 0A000, whatever the language of the message.
bool is_stale(const ErrorFields& fields) {
    return fields.sqlstate == "26000" || (fields.sqlstate == "0A000" && fields.routine == "RevalidateCachedQuery");
}

const base::ErrorCode& code_of(const ErrorFields& fields) {
    if (fields.read_only_by_choice) return errors::failed;
    // A prepared statement that a migration or a pooler took away: parsed anew the next time.
    if (is_stale(fields)) return errors::unavailable;
    return code_for(fields.sqlstate);
}

std::string cause_text(const ErrorFields& fields) {
    std::string text = fields.sqlstate + ' ' + fields.message;
    const auto add = [&text](std::string_view label, const std::string& value) {
        if (!value.empty()) text.append("; ").append(label).append(" ").append(value);
    };
    add("statement", fields.statement);
    add("constraint", fields.constraint);
    add("table", fields.table);
    add("column", fields.column);
    // Not the detail: it quotes the row's values, which may be personal data.
    return text;
}

}  // namespace

// https://www.postgresql.org/docs/15/errcodes-appendix.html. Only what may pass by itself is retriable.
const base::ErrorCode& code_for(std::string_view sqlstate) noexcept {
    struct Meaning {
        std::string_view prefix;  // a class, or one code ahead of its class
        const base::ErrorCode& code;
    };
    static constexpr Meaning meanings[] =
        {
            // All of 08: poolers say 08P01 for what is over in a moment.
            {"08", errors::unavailable},
            {"22", errors::value_refused},
            {"23502", errors::value_refused},  // not null
            {"23514", errors::value_refused},  // check
            {"23", errors::conflict},
            {"25006", errors::unavailable},  // read-only: the connection is dropped, another may find the primary
            {"25P03", errors::timeout},
            {"25P04", errors::timeout},
            {"40003", errors::outcome_unknown},
            {"40", errors::serialization},
            {"44", errors::value_refused},  // with check option
            {"53", errors::unavailable},    // disk, memory, connections
            {"54", errors::value_refused},  // above a limit of PostgreSQL's: a text too long for its index
            {"55P03", errors::timeout},     // lock_timeout
            {"57014", errors::timeout},     // statement_timeout
            {"57P0", errors::unavailable},  // shutting down, starting up
        };
    for (const auto& meaning : meanings) {
        if (sqlstate.starts_with(meaning.prefix)) return meaning.code;
    }
    return errors::failed;
}

std::vector<base::ErrorCode> error_codes() {
    return {errors::unavailable,     errors::timeout,       errors::overloaded,
            errors::outcome_unknown, errors::serialization, errors::failed,
            errors::value_refused,   errors::conflict,      errors::invalid_cursor};
}

Error::Error(ErrorFields fields, std::size_t index, std::shared_ptr<std::vector<Result>> partial)
    : base::Failure(base::Failure(code_of(fields)).cause(cause_text(fields))),
      fields_(std::make_shared<const ErrorFields>(std::move(fields))),
      index_(index),
      partial_(std::move(partial)) {}

const std::vector<Result>& Error::partial_results() const noexcept {
    static const std::vector<Result> none;
    return partial_ ? *partial_ : none;
}

bool Error::is_serialization() const noexcept { return sqlstate() == "40001" || sqlstate() == "40P01"; }

bool Error::is_stale_statement() const noexcept { return is_stale(*fields_); }

bool Error::is_read_only_server() const noexcept { return sqlstate() == "25006" && !fields_->read_only_by_choice; }

ConnectionLost::ConnectionLost(std::string cause)
    : base::Failure(base::Failure(errors::outcome_unknown).cause(std::move(cause))) {}

}  // namespace db
