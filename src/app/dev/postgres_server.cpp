#include "app/dev/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "app/dev/data_directory.h"
#include "app/dev/server_process.h"
#include "base/hash.h"
#include "base/strings.h"

namespace app::dev {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds initialise_deadline{120};
// Crash recovery of a large database takes its time.
constexpr seconds ready_deadline{60};
constexpr seconds stop_deadline{20};
constexpr seconds immediate_stop_deadline{5};
constexpr milliseconds between_attempts{500};
constexpr int start_attempts = 4;
constexpr std::uintmax_t max_log_bytes = std::uintmax_t{16} << 20U;
constexpr std::size_t shown_log_bytes = 2000;
constexpr std::string_view superuser = "postgres";
constexpr std::string_view socket_name = "/.s.PGSQL.5432";

struct Finish {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Finish>;

bool has_programs(const fs::path& directory) {
    return access((directory / "postgres").c_str(), X_OK) == 0 && access((directory / "initdb").c_str(), X_OK) == 0;
}

std::optional<fs::path> debian_binaries(std::optional<int> major) {
    std::error_code error;
    std::optional<fs::path> found;
    int newest = 0;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
        const auto version = base::parse_integer<int>(entry.path().filename().string());
        if (!version || (major && *version != *major) || *version <= newest || !has_programs(entry.path() / "bin"))
            continue;
        newest = *version;
        found = entry.path() / "bin";
    }
    return found;
}

std::optional<fs::path> path_binaries() {
    const char* path = std::getenv("PATH");
    for (const std::string_view directory : base::split(path == nullptr ? "" : path, ':')) {
        if (!directory.empty() && has_programs(directory)) return fs::path(directory);
    }
    return std::nullopt;
}

std::optional<int> major_version(const fs::path& data) {
    std::string line;
    std::ifstream stream(data / "PG_VERSION");
    std::getline(stream, line);
    return base::parse_integer<int>(line);
}

// Only what its programs need: a PGDATA or an LC_ALL of the terminal must not reach them.
std::vector<std::string> server_environment() {
    return {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC"};
}

std::string log_from(const fs::path& file, std::uintmax_t begin) {
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(begin));
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (text.size() > shown_log_bytes) text.erase(0, text.size() - shown_log_bytes);
    return text;
}

fs::path short_enough_socket_directory(const fs::path& preferred, const User& user) {
    if (preferred.string().size() + socket_name.size() < sizeof(sockaddr_un::sun_path)) return preferred;
    // Foreseeable, so that the next start finds it again; ensure_directory() refuses one that a stranger has put there.
    return fmt::format("/tmp/backend-api-{}-{:016x}", user.user, base::stable_hash64(preferred.string()));
}

// RFC 3986 §3.4 lets a query hold slashes as they are; a person reads and copies this.
std::string encoded_path(const fs::path& path) {
    std::string encoded;
    for (const std::string_view part : base::split(path.native(), '/')) {
        if (!part.empty()) encoded += '/' + base::percent_encode(part);
    }
    return encoded;
}

std::string url_of(std::string_view role, std::string_view database, const fs::path& socket_directory) {
    // A host in the authority keeps it a valid URL for every parser; libpq and its kin take the query's (libpq §34.1.1.2).
    return fmt::format("postgresql://{}@localhost/{}?host={}", role, database, encoded_path(socket_directory));
}

Connection connect(const std::string& url) { return Connection(PQconnectdb((url + "&connect_timeout=5").c_str())); }

Result execute(const Connection& connection, const std::string& sql) {
    Result result(PQexec(connection.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw StartFailure(fmt::format("PostgreSQL refused `{}`: {}", sql, PQresultErrorMessage(result.get())));
    }
    return result;
}

bool exists(const Connection& connection, std::string_view catalogue_query, std::string_view name) {
    return PQntuples(execute(connection, fmt::format("{} = '{}'", catalogue_query, name)).get()) > 0;
}

}  // namespace

fs::path find_postgres_binaries(std::optional<int> major) {
    if (const auto found = debian_binaries(major)) return *found;
    if (major) {
        if (const auto other = debian_binaries(std::nullopt)) {
            throw StartFailure(
                fmt::format("the data were made by PostgreSQL {}, which is not installed ({} is): install "
                            "postgresql-{} or begin anew with --fresh",
                            *major, other->string(), *major));
        }
    }
    if (const auto found = path_binaries()) return *found;
    throw StartFailure("PostgreSQL's server is not installed: run bin/setup");
}

User postgres_user() {
    if (geteuid() != 0) return {geteuid(), getegid()};
    for (const char* name : {"postgres", "nobody"}) {
        if (const passwd* entry = getpwnam(name)) return {entry->pw_uid, entry->pw_gid};
    }
    throw StartFailure("neither a user `postgres` nor `nobody`: start as a user other than root");
}

PostgresServer::PostgresServer(PostgresOptions options)
    : options_(std::move(options)),
      socket_directory_(short_enough_socket_directory(options_.home / "run", options_.user)) {
    if (options_.binaries.empty()) options_.binaries = find_postgres_binaries(major_version(data()));
    if (!has_programs(options_.binaries)) {
        throw StartFailure(fmt::format("no PostgreSQL server in {}: run bin/setup", options_.binaries.string()));
    }
}

PostgresServer::~PostgresServer() {
    stop([](milliseconds) { return false; });
}

void PostgresServer::end_leftover(const fs::path& home, const Pause& pause) {
    const fs::path data = home / "data";
    dev::end_leftover(
        {.name = "PostgreSQL", .pid_file = data / "postmaster.pid", .directory = data, .signals = {SIGINT, SIGQUIT}},
        pause);
}

// postmaster.pid, by lines: the process, its directory, its start, the port, the socket's directory.
std::optional<std::string> PostgresServer::running_url(const fs::path& home, std::string_view role) {
    constexpr std::size_t socket_line = 5;
    const fs::path data = home / "data";
    const auto id = read_pid_file(data / "postmaster.pid");
    if (!id || !works_in(*id, data)) return std::nullopt;
    std::ifstream stream(data / "postmaster.pid");
    std::string line;
    for (std::size_t number = 0; number < socket_line; ++number) {
        if (!std::getline(stream, line)) return std::nullopt;
    }
    if (line.empty()) return std::nullopt;
    return url_of(role, database_name, line);
}

void PostgresServer::initialise(const Pause& pause) {
    const fs::path draft = options_.home / "data.new";
    const fs::path log_file = options_.log_file.parent_path() / "initdb.log";
    fs::remove_all(draft);
    const Descriptor log = open_log(log_file, O_TRUNC);
    Process initdb =
        Process::start({.arguments = {(options_.binaries / "initdb").string(), "--pgdata=" + draft.string(),
                                      "--username=" + std::string(superuser), "--encoding=UTF8", "--locale=C.UTF-8",
                                      "--auth-local=trust", "--auth-host=reject", "--no-instructions", "--no-sync"},
                        .environment = server_environment(),
                        .user = geteuid() == 0 ? std::optional(options_.user) : std::nullopt,
                        .output = log.get(),
                        .errors = log.get(),
                        .working_directory = options_.home});
    const bool ended = initdb.wait(initialise_deadline, pause);
    if (!ended && !pause(milliseconds{0})) throw Interrupted();
    if (!ended || !initdb.succeeded()) {
        throw StartFailure(
            fmt::format("PostgreSQL's initdb failed ({}):\n{}", initdb.how_it_ended(), log_from(log_file, 0)));
    }
    // One sync of the file system in place of initdb's one per file: 1.7 s against 6. The name comes last, so that an interrupted
    // initdb never looks like a database.
    const Descriptor directory(open(draft.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (syncfs(directory.get()) != 0) throw StartFailure(fmt::format("{}: {}", draft.string(), std::strerror(errno)));
    fs::rename(draft, data());
}

void PostgresServer::begin(const Pause& pause) {
    ensure_directory(options_.home, options_.user, 0700);
    ensure_directory(socket_directory_, options_.user, 0700);
    end_leftover(options_.home, pause);
    // Nobody serves there now; the lock names an id that may be another process's or a zombie's by now.
    for (const char* suffix : {"", ".lock"})
        fs::remove(socket_directory_ / (std::string(socket_name.substr(1)) + suffix));
    if (!fs::exists(data())) initialise(pause);
    launch();
}

void PostgresServer::launch() {
    std::error_code error;
    if (fs::file_size(options_.log_file, error) > max_log_bytes && !error)
        fs::rename(options_.log_file, options_.log_file.string() + ".old");
    const Descriptor log = open_log(options_.log_file, O_APPEND);
    log_begin_ = fs::file_size(options_.log_file);
    std::vector<std::string> arguments{(options_.binaries / "postgres").string(), "-D", data().string()};
    for (const std::string& setting :
         {std::string("listen_addresses="), "unix_socket_directories=" + socket_directory_.string(),
          std::string("unix_socket_permissions=0700"), std::string("max_connections=200"),
          std::string("shared_buffers=128MB"), std::string("fsync=on"), std::string("synchronous_commit=on"),
          std::string("timezone=UTC"), std::string("log_timezone=UTC"), std::string("log_line_prefix=%m [%p] %q%u "),
          std::string("logging_collector=off"), std::string("cluster_name=backend-api-dev")}) {
        arguments.insert(arguments.end(), {"-c", setting});
    }
    process_ = Process::start({.arguments = std::move(arguments),
                               .environment = server_environment(),
                               .user = geteuid() == 0 ? std::optional(options_.user) : std::nullopt,
                               .death_signal = SIGINT,
                               .output = log.get(),
                               .errors = log.get(),
                               .working_directory = options_.home});
}

bool PostgresServer::wait_until_ready(const Pause& pause) {
    const std::string url = url_of(superuser, "postgres", socket_directory_) + "&connect_timeout=5";
    return dev::wait_until_ready(
        process_, {.name = "PostgreSQL", .deadline = ready_deadline, .log_file = options_.log_file},
        [&] { return PQping(url.c_str()) == PQPING_OK; }, pause);
}

void PostgresServer::finish(const Pause& pause) {
    for (int attempt = 1; !wait_until_ready(pause); ++attempt) {
        const std::string text = log_from(options_.log_file, log_begin_);
        // After a kill -9 of the postmaster its children hold the shared memory for a moment longer.
        const bool passing = text.contains("shared memory block");
        if (!passing || attempt == start_attempts) {
            throw StartFailure(fmt::format("PostgreSQL did not start ({}):\n{}", process_.how_it_ended(), text));
        }
        if (!pause(between_attempts)) throw Interrupted();
        launch();
    }
    create_roles_and_database();
}

void PostgresServer::create_roles_and_database() {
    const Connection connection = connect(url_of(superuser, "postgres", socket_directory_));
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw StartFailure(fmt::format("PostgreSQL: {}", PQerrorMessage(connection.get())));
    for (const std::string_view role : {owner_role, app_role, system_role}) {
        if (!exists(connection, "select 1 from pg_roles where rolname", role))
            execute(connection, fmt::format("create role {} login", role));
    }
    // For the scratch databases of `db generate` and `db check`.
    execute(connection, fmt::format("alter role {} createdb", owner_role));
    // Migrations hand `security definer` functions to app_system, which takes membership. Repeated, it is a notice.
    PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
    execute(connection, fmt::format("grant {} to {}", system_role, owner_role));
    if (!exists(connection, "select 1 from pg_database where datname", database_name)) {
        execute(connection, fmt::format("create database {} owner {}", database_name, owner_role));
    }
}

void PostgresServer::stop(const Pause& pause) noexcept {
    try {
        if (!process_.running()) return;
        process_.signal(SIGINT);
        if (!process_.wait(stop_deadline, pause)) {
            process_.signal(SIGQUIT);
            if (!process_.wait(immediate_stop_deadline, sleep_pause)) process_.kill();
        }
        if (socket_directory_.parent_path() == "/tmp") fs::remove_all(socket_directory_);
    } catch (const std::exception&) {
        process_.kill();
    }
}

std::string PostgresServer::url(std::string_view role) const { return url_of(role, database_name, socket_directory_); }

}  // namespace app::dev
