#include "db/migrate/connection.h"

#include <libpq-fe.h>

#include "base/strings.h"
#include "db/database_url.h"

namespace db::migrate {

namespace {

struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using OptionsHandle = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text != nullptr ? text : "";
}

[[noreturn]] void throw_error(const PGresult* result, const PGconn* connection) {
    auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = std::string(base::trim(PQerrorMessage(connection)));
    if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += " (" + detail + ")";
    if (const auto hint = field(result, PG_DIAG_MESSAGE_HINT); !hint.empty()) message += " Hint: " + hint;
    const auto position = base::parse_integer<std::size_t>(field(result, PG_DIAG_STATEMENT_POSITION));
    throw SqlError(message, field(result, PG_DIAG_SQLSTATE), position.value_or(0));
}

ResultHandle require(PGresult* raw, const PGconn* connection) {
    ResultHandle result(raw);
    const auto status = PQresultStatus(raw);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        throw_error(raw, connection);
    return result;
}

// Before libpq's own words can tell what stands in it.
void require_sound(const std::string& url) {
    if (const auto fault = url_fault(url); !fault.empty()) throw SqlError("the database URL " + fault, "", 0);
}

OptionsHandle parse_url(const std::string& url) {
    require_sound(url);
    return OptionsHandle(PQconninfoParse(url.c_str(), nullptr));
}

}  // namespace

struct Connection::State {
    PGconn* connection = nullptr;
    std::function<void(std::string_view)> notice;
};

void Connection::Close::operator()(State* state) const noexcept {
    PQfinish(state->connection);
    delete state;
}

Connection::Connection(const std::string& url) : state_(new State) {
    require_sound(url);
    // The URL is expanded by libpq and may override what stands before it.
    const char* keywords[] = {"connect_timeout", "application_name", "client_encoding", "dbname", nullptr};
    const char* values[] = {"10", "backend-api db", "UTF8", url.c_str(), nullptr};
    state_->connection = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(state_->connection) != CONNECTION_OK) {
        throw SqlError("no connection to the database: " + std::string(base::trim(PQerrorMessage(state_->connection))),
                       "", 0);
    }
    const auto receive = [](void* state, const PGresult* result) {
        const auto& notice = static_cast<State*>(state)->notice;
        if (notice) notice(field(result, PG_DIAG_MESSAGE_PRIMARY));
    };
    PQsetNoticeReceiver(state_->connection, receive, state_.get());
}

void Connection::execute(const std::string& sql) {
    (void)require(PQexec(state_->connection, sql.c_str()), state_->connection);
}

std::vector<Row> Connection::query(const std::string& sql, std::initializer_list<std::string_view> parameters) {
    const std::vector<std::string> texts(parameters.begin(), parameters.end());
    std::vector<const char*> values;
    for (const auto& text : texts) values.push_back(text.c_str());
    const auto result = require(PQexecParams(state_->connection, sql.c_str(), static_cast<int>(values.size()), nullptr,
                                             values.data(), nullptr, nullptr, 0),
                                state_->connection);
    std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result.get())));
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            const auto at = static_cast<int>(row);
            rows[row].push_back(PQgetisnull(result.get(), at, column) != 0
                                    ? std::nullopt
                                    : std::optional<std::string>(PQgetvalue(result.get(), at, column)));
        }
    }
    return rows;
}

Description Connection::prepare(const std::string& name, const std::string& sql,
                                const std::vector<std::uint32_t>& types) {
    auto* connection = state_->connection;
    if (!name.empty()) {
        for (const auto& row : query("select 1 from pg_prepared_statements where name = $1", {name})) {
            if (!row.empty()) execute("deallocate \"" + name + "\"");
        }
    }
    (void)require(PQprepare(connection, name.c_str(), sql.c_str(), static_cast<int>(types.size()), types.data()),
                  connection);
    const auto result = require(PQdescribePrepared(connection, name.c_str()), connection);
    Description description;
    for (int i = 0; i < PQnparams(result.get()); ++i) description.parameters.push_back(PQparamtype(result.get(), i));
    for (int i = 0; i < PQnfields(result.get()); ++i) {
        description.columns.push_back({PQfname(result.get(), i), PQftype(result.get(), i), PQftable(result.get(), i),
                                       PQftablecol(result.get(), i)});
    }
    return description;
}

void Connection::on_notice(std::function<void(std::string_view)> handler) { state_->notice = std::move(handler); }

std::string with_database(const std::string& url, std::string_view database) {
    const auto options = parse_url(url);
    std::string out;
    const auto add = [&out](std::string_view key, std::string_view value) {
        if (!out.empty()) out += ' ';
        out.append(key).append("='");
        for (const char c : value) {
            if (c == '\'' || c == '\\') out += '\\';
            out += c;
        }
        out += '\'';
    };
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr && std::string_view(option->keyword) != "dbname") add(option->keyword, option->val);
    }
    add("dbname", database);
    return out;
}

std::string user_of(const std::string& url) {
    const auto options = parse_url(url);
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr && std::string_view(option->keyword) == "user") return option->val;
    }
    return {};
}

}  // namespace db::migrate
