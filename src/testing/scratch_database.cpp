#include "testing/scratch_database.h"

#include <libpq-fe.h>
#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "base/random.h"
#include "base/strings.h"

namespace testing {

namespace {

struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ConnectionHandle = std::unique_ptr<PGconn, Finish>;
using ResultHandle = std::unique_ptr<PGresult, Finish>;

ConnectionHandle connect(const std::string& url) {
    ConnectionHandle connection(PQconnectdb(url.c_str()));
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw std::runtime_error(std::string("TEST_POSTGRES_URL: ") + PQerrorMessage(connection.get()));
    }
    PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
    return connection;
}

ResultHandle run(const std::string& url, const std::string& sql) {
    const auto connection = connect(url);
    ResultHandle result(PQexec(connection.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(PQresultErrorMessage(result.get()));
    return result;
}

std::string random_hex() {
    base::SecureRandom random;
    std::array<std::uint8_t, 6> bytes{};
    random.fill(bytes);
    return base::hex_encode(base::as_chars(bytes));
}

}  // namespace

ScratchDatabase::ScratchDatabase() : name_("test_" + random_hex()), password_(random_hex()) {
    const char* url = std::getenv("TEST_POSTGRES_URL");
    if (url == nullptr || *url == '\0') {
        throw std::runtime_error("TEST_POSTGRES_URL is not set: run the tests through bin/with-servers (or bin/test)");
    }
    admin_url_ = url;
    char* problem = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(PQconninfoParse(url, &problem),
                                                                                &PQconninfoFree);
    PQfreemem(problem);
    if (!parsed) throw std::runtime_error("TEST_POSTGRES_URL is not a PostgreSQL URL");
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) server_[option->keyword] = option->val;
    }
    run(admin_url_, "create database " + name_);
}

ScratchDatabase::~ScratchDatabase() {
    try {
        run(admin_url_, "drop database if exists " + name_ + " with (force)");
        for (const std::string& role : roles_) run(admin_url_, "drop role if exists " + role);
    } catch (const std::exception&) {
        // The server may be gone at the end of a test that stopped it.
    }
}

std::string ScratchDatabase::render(const Settings& settings) {
    std::string url = "postgresql:///" + settings.at("dbname");
    char separator = '?';
    for (const auto& [key, value] : settings) {
        if (key == "dbname") continue;
        url += separator + key + '=' + base::percent_encode(value);
        separator = '&';
    }
    return url;
}

std::string ScratchDatabase::url() const {
    auto settings = server_;
    settings["dbname"] = name_;
    return render(settings);
}

std::string ScratchDatabase::url_as(std::string_view role) const {
    auto settings = server_;
    settings["dbname"] = name_;
    settings["user"] = role;
    settings["password"] = password_;
    return render(settings);
}

std::optional<std::string> ScratchDatabase::url_through_pooler(std::string_view role) const {
    const char* port = std::getenv("TEST_PGBOUNCER_PORT");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (port == nullptr) return std::nullopt;
    return url_through("127.0.0.1", std::stoi(port), role);
}

bool ScratchDatabase::goes_through_pooler() {
    const char* wish = std::getenv("TEST_THROUGH_POOLER");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    return wish != nullptr && std::string_view(wish) == "1";
}

std::string ScratchDatabase::url_through(std::string_view host, int port, std::string_view role) const {
    auto settings = server_;
    settings.erase("hostaddr");
    settings["dbname"] = name_;
    settings["host"] = host;
    settings["port"] = std::to_string(port);
    if (!role.empty()) {
        settings["user"] = role;
        settings["password"] = password_;
    }
    return render(settings);
}

std::string ScratchDatabase::host() const {
    const auto found = server_.find("host");
    return found == server_.end() ? "/var/run/postgresql" : found->second;
}

std::string ScratchDatabase::port() const {
    const auto found = server_.find("port");
    return found == server_.end() ? "5432" : found->second;
}

void ScratchDatabase::execute(std::string_view sql) { run(url(), std::string(sql)); }

std::optional<std::string> ScratchDatabase::value(std::string_view sql) {
    const auto result = run(url(), std::string(sql));
    if (PQntuples(result.get()) == 0 || PQgetisnull(result.get(), 0, 0) != 0) return std::nullopt;
    return std::string(PQgetvalue(result.get(), 0, 0));
}

std::string ScratchDatabase::create_role(std::string_view suffix) {
    std::string role = name_ + "_" + std::string(suffix);
    run(admin_url_, "create role " + role + " login password '" + password_ + "'");
    roles_.push_back(role);
    return role;
}

}  // namespace testing
