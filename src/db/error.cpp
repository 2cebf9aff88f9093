#include "db/error.h"

#include <utility>

namespace db {

namespace {

// Classes of https://www.postgresql.org/docs/15/errcodes-appendix.html.
const base::ErrorCode& code_for(std::string_view sqlstate) {
    if (sqlstate == "40001" || sqlstate == "40P01") return errors::serialization;
    if (sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25P03") return errors::timeout;
    const auto type = sqlstate.substr(0, 2);
    // 08 connection, 53 insufficient resources, 57P0x shutdown.
    if (type == "08" || type == "53" || sqlstate.starts_with("57P0")) return errors::unavailable;
    return errors::failed;
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

std::vector<base::ErrorCode> error_codes() {
    return {errors::unavailable,     errors::timeout,       errors::overloaded,
            errors::outcome_unknown, errors::serialization, errors::failed};
}

Error::Error(ErrorFields fields, std::size_t index, std::shared_ptr<std::vector<Result>> partial)
    : base::Failure(base::Failure(code_for(fields.sqlstate)).cause(cause_text(fields))),
      fields_(std::make_shared<const ErrorFields>(std::move(fields))),
      index_(index),
      partial_(std::move(partial)) {}

const std::vector<Result>& Error::partial_results() const noexcept {
    static const std::vector<Result> none;
    return partial_ ? *partial_ : none;
}

bool Error::is_serialization() const noexcept { return sqlstate() == "40001" || sqlstate() == "40P01"; }

bool Error::is_stale_statement() const noexcept {
    // The routine tells it from other uses of 0A000, whatever the language of the message.
    return sqlstate() == "26000" || (sqlstate() == "0A000" && fields_->routine == "RevalidateCachedQuery");
}

ConnectionLost::ConnectionLost(std::string cause)
    : base::Failure(base::Failure(errors::outcome_unknown).cause(std::move(cause))) {}

}  // namespace db
