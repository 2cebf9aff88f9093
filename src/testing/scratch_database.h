#pragma once
// ScratchDatabase: a database of its own for one run of a test executable, on the server that TEST_POSTGRES_URL names
// (bin/with-servers sets it; the role must be allowed to create databases and roles). Dropped with its roles at the end. It blocks; any one thread.
//
//     testing::ScratchDatabase scratch;                       // throws a clear message when the variable is missing
//     scratch.execute("create table t (id int)");
//     const std::string app = scratch.create_role("app");    // test_<random>_app, may log in
//     db::Options options{.url = scratch.url_as(app)};

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace testing {

class ScratchDatabase {
public:
    ScratchDatabase();
    ~ScratchDatabase();
    ScratchDatabase(const ScratchDatabase&) = delete;
    ScratchDatabase& operator=(const ScratchDatabase&) = delete;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // As the role of TEST_POSTGRES_URL.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string url_as(std::string_view role) const;
    // The same database through another address (a proxy under test).
    [[nodiscard]] std::string url_through(std::string_view host, int port, std::string_view role = {}) const;
    // Through the pooler that bin/with-servers has started (TEST_PGBOUNCER_PORT); nullopt: there is none.
    [[nodiscard]] std::optional<std::string> url_through_pooler(std::string_view role) const;
    // Whether whole suites are to go through it (TEST_THROUGH_POOLER=1).
    [[nodiscard]] static bool goes_through_pooler();
    // Where the server listens: a host, an address or the directory of its socket.
    [[nodiscard]] std::string host() const;
    [[nodiscard]] std::string port() const;

    // Runs one or more statements; throws std::runtime_error with PostgreSQL's message.
    void execute(std::string_view sql);
    // The first column of the first row as text; nullopt for null or no row.
    [[nodiscard]] std::optional<std::string> value(std::string_view sql);
    // A login role that is dropped at the end.
    std::string create_role(std::string_view suffix);

private:
    using Settings = std::map<std::string, std::string>;
    [[nodiscard]] static std::string render(const Settings& settings);

    Settings server_;
    std::string name_;
    std::string password_;
    std::vector<std::string> roles_;
    std::string admin_url_;
};

}  // namespace testing
