#pragma once
// A blocking connection for the command line's work: migrations and checks, never requests. One thread, one statement at a
// time; closed when destroyed.
//
//     db::migrate::Connection connection("postgresql://owner@localhost/shop");
//     connection.execute("create table t (a int)");
//     auto rows = connection.query("select name from schema_migrations where name <> $1", {"init"});
//     if (!rows.empty()) std::string name = rows[0][0].value();

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace db::migrate {

// PostgreSQL refused, or cannot be reached (sqlstate is empty then).
class SqlError : public std::runtime_error {
public:
    SqlError(const std::string& message, std::string sqlstate, std::size_t position)
        : std::runtime_error(message), sqlstate_(std::move(sqlstate)), position_(position) {}

    [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }
    // Characters into the statement, from 1; 0 when PostgreSQL names none.
    [[nodiscard]] std::size_t position() const noexcept { return position_; }

private:
    std::string sqlstate_;
    std::size_t position_;
};

using Row = std::vector<std::optional<std::string>>;

// What PostgreSQL says of a prepared statement.
struct Description {
    struct Column {
        std::string name;
        std::uint32_t type = 0;
        std::uint32_t table = 0;  // 0: an expression
        int table_column = 0;
    };
    std::vector<std::uint32_t> parameters;
    std::vector<Column> columns;
};

class Connection {
public:
    // Waits at most ten seconds.
    explicit Connection(const std::string& url);

    // Statements without parameters; several are one transaction.
    void execute(const std::string& sql);
    // Text parameters; the rows as text.
    std::vector<Row> query(const std::string& sql, std::initializer_list<std::string_view> parameters = {});

    // Replaces what was prepared under that name. Types left out are inferred.
    Description prepare(const std::string& name, const std::string& sql, const std::vector<std::uint32_t>& types = {});

    // Where the server's notices go; without a handler they are dropped.
    void on_notice(std::function<void(std::string_view)> handler);

private:
    struct State;
    struct Close {
        void operator()(State* state) const noexcept;
    };
    std::unique_ptr<State, Close> state_;
};

// The same server and user, another database; a libpq connection string.
[[nodiscard]] std::string with_database(const std::string& url, std::string_view database);
// The user a URL names; empty when none.
[[nodiscard]] std::string user_of(const std::string& url);

}  // namespace db::migrate
