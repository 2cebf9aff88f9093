#pragma once
// Console: the rows of tenants' tables in a browser, for whoever develops on this machine. It only reads: each page is one
// transaction that is read-only, with the tenant set, as the role of the application, which row level security binds. The list of
// tenants alone is read as app_system. One loop's; it listens on 127.0.0.1 alone.
//
//     Console console(loop, {.url = url, .system_url = system_url, .tables = tables_of(definition)}, logger);
//     co_await console.connect(deadline);    // config::Faults: PostgreSQL is away, or the role is above row level security
//     console.listen(); console.port();
//     co_await console.close(deadline);
//
// Refused: a Host that is not this address (a name of somebody else's that leads here), requests that another site's page makes, and
// every method but GET and HEAD. There is no CORS. Every reply is a page, refusals too.
//
// A table that is missing, or that another transaction has locked, costs its own page alone, and half a second.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/console/pages.h"
#include "app/console/table.h"
#include "base/uuid.h"
#include "db/database.h"
#include "http/middleware.h"
#include "http/router.h"
#include "http/server.h"
#include "http/services.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace http {
class Context;
}

namespace app::console {

struct ConsoleOptions {
    std::string url;                                  // as the role of the application
    std::string system_url{};                         // for the list of tenants alone; empty: none is listed
    std::uint16_t port = 0;                           // 0: a free one
    std::optional<base::Uuid> tenant = std::nullopt;  // the one whose rows are shown; none: each
    std::vector<db::TableView> tables{};
};

// What of the program is asked: every statement is made at start out of the declared tables.
class Statements {
public:
    explicit Statements(observe::Metrics& metrics, std::span<const Table> tables);

    struct OfRows {
        const db::Statement* first = nullptr;
        const db::Statement* after = nullptr;
    };
    struct OfTable {
        const db::Statement* count = nullptr;
        const db::Statement* row = nullptr;
        OfRows all{};
        std::vector<OfRows> filtered{};  // by column; null where a column is no filter
    };

    [[nodiscard]] const db::StatementRegistry& registry() const noexcept { return registry_; }
    [[nodiscard]] const OfTable& of(std::size_t table) const { return tables_.at(table); }
    [[nodiscard]] const db::Statement& role() const noexcept { return *role_; }
    [[nodiscard]] const db::Statement* tenants() const noexcept { return tenants_; }

private:
    const db::Statement* add(std::string sql, std::size_t parameters);

    db::StatementRegistry registry_;
    std::deque<std::string> names_;
    std::deque<db::Statement> owned_;
    const db::Statement* role_ = nullptr;
    const db::Statement* tenants_ = nullptr;
    std::vector<OfTable> tables_;
};

class Console {
public:
    Console(async::Loop& loop, ConsoleOptions options, logging::Logger logger);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    async::Task<void> connect(async::SteadyTime deadline);
    // Throws std::system_error when the port is taken.
    void listen();
    [[nodiscard]] std::uint16_t port() const;
    async::Task<void> close(async::SteadyTime deadline);

    [[nodiscard]] const http::Chain& chain() const noexcept { return chain_; }
    [[nodiscard]] const http::Services& services() const noexcept { return services_; }
    [[nodiscard]] std::span<const Table> tables() const noexcept { return tables_; }

private:
    struct Answer {
        std::vector<db::Result> results;
        bool refuses_value = false;  // a text is no value of its column's type
        std::string failure{};       // else what failed
        bool is_of_table = false;    // of what was read, so that other tables may be there
    };
    struct Place {
        base::Uuid tenant;
        std::size_t table = 0;
    };
    using Query = std::vector<std::pair<std::string, std::string>>;

    static async::Task<Answer> ask(db::Database* database, db::Scope scope, std::vector<db::Call> calls,
                                   async::SteadyTime deadline);
    async::Task<std::optional<std::vector<Count>>> count_rows(base::Uuid tenant, std::string* failure);
    async::Task<void> count_one_by_one(base::Uuid tenant, std::vector<Count>* counts);
    async::Task<void> guard(http::Context& context, http::Next next);
    [[nodiscard]] bool is_local(std::string_view host) const;
    async::Task<void> show_tenants(http::Context& context);
    async::Task<void> show_tables(http::Context& context);
    async::Task<void> show_rows(http::Context& context);
    async::Task<void> show_row(http::Context& context);
    static void send_failure(http::Context& context, const Answer& answer, const Table& table, std::string_view tenant);
    [[nodiscard]] std::optional<base::Uuid> tenant_of(const http::Context& context) const;
    [[nodiscard]] std::optional<Place> place_of(const http::Context& context) const;
    void add_routes();

    async::Loop& loop_;
    ConsoleOptions options_;
    logging::Logger logger_;
    std::vector<Table> tables_;
    observe::Metrics metrics_;
    Statements statements_;
    db::Database database_;
    std::optional<db::Database> system_;
    http::Services services_;
    http::Router router_;
    http::Chain chain_;
    http::Chain refusals_;
    std::optional<http::Server> server_;
};

}  // namespace app::console
