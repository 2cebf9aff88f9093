// The command line.

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>

#include "app/api_commands.h"
#include "app/app.h"
#include "app/background.h"
#include "app/completions.h"
#include "app/console/command.h"
#include "app/dev/supervisor.h"
#include "app/dev/throwaway_postgres.h"
#include "app/health_command.h"
#include "app/outbox_module.h"
#include "app/own_command_line.h"
#include "base/strings.h"
#include "base/uuid.h"
#include "bullmq_scripts.h"
#include "config/config.h"
#include "db/migrate/commands.h"
#include "embedded/cli11_notice.h"
#include "openapi/docs_routes.h"
#include "schema/schema.h"

namespace app {

namespace {

constexpr int failed = 1;

config::Environment read_env_file() {
    auto file = config::read_env_file(".env");
    if (!file) {
        std::cerr << config::report(".env", file.error());
        std::exit(config::exit_code);  // NOLINT(concurrency-mt-unsafe): no thread exists yet
    }
    return *std::move(file);
}

// .env beside the working directory, under the real environment.
config::Environment read_environment() { return config::merge(read_env_file(), config::environment_of(environ)); }

// For a command that reads all settings. The real environment is shared with other programs: of its names nothing is said.
config::Environment read_settings_environment(const Definition& definition) {
    auto file = read_env_file();
    if (const auto unread = unread_names(definition, file); !unread.empty())
        std::cerr << fmt::format(".env: no setting is called {}: misspelt? ignored\n", fmt::join(unread, ", "));
    return config::merge(std::move(file), config::environment_of(environ));
}

Configuration load_settings(const Definition& definition, const config::Environment& environment) {
    auto configuration = load_configuration(definition, environment);
    if (!configuration) throw config::Faults(std::move(configuration.error()));
    return *std::move(configuration);
}

Configuration load_settings(const Definition& definition) {
    return load_settings(definition, read_settings_environment(definition));
}

// What `db` commands need of the environment: the owner, and which roles the service will come as.
struct DatabaseSettings {
    std::string owner_url;
    db::migrate::Roles roles;
};

DatabaseSettings read_database_settings() {
    const auto environment = read_environment();
    schema::Issues issues("environment");
    const auto url_of = [&](std::string_view name) {
        const auto found = environment.find(name);
        if (found == environment.end() || found->second.empty()) return std::string();
        check_database_url(name, found->second, issues);
        return found->second;
    };
    DatabaseSettings settings{url_of("DATABASE_OWNER_URL"), {}};
    const auto app = url_of("DATABASE_URL");
    const auto system = url_of("DATABASE_SYSTEM_URL");
    if (!issues.empty()) throw config::Faults(std::move(issues).take());
    if (auto user = db::migrate::user_of(app); !user.empty()) settings.roles.app = std::move(user);
    if (auto user = db::migrate::user_of(system); !user.empty()) settings.roles.system = std::move(user);
    return settings;
}

DatabaseSettings load_database_settings() {
    auto settings = read_database_settings();
    if (settings.owner_url.empty()) {
        std::cerr << "DATABASE_OWNER_URL is not set: the URL of PostgreSQL as the owner of the schema\n";
        std::exit(config::exit_code);  // NOLINT(concurrency-mt-unsafe): no thread exists yet
    }
    return settings;
}

struct Command {
    int port = dev_port;
    std::string data_directory = ".data";
    bool fresh = false;
    std::string migration_name;
    bool empty_migration = false;
    bool allow_drops = false;
    bool no_verify = false;
    bool audit = false;
    NewModule module;
    std::vector<std::string> queues;
    int concurrency = 0;
    bool take_over = false;
    OutboxCommand outbox;
    Shell shell = Shell::bash;
    console::ConsoleCommand console;
};

int run_dev(const Definition& definition, const Command& command) {
    dev::Options options{.port = static_cast<std::uint16_t>(command.port),
                         .data_directory = command.data_directory,
                         .fresh = command.fresh,
                         // Read now: a build replaces the file, and /proc/self/exe would then name the deleted one.
                         .executable = std::filesystem::read_symlink("/proc/self/exe")};
    const auto given = read_settings_environment(definition);
    if (const auto host = given.find("HOST"); host != given.end()) options.host = host->second;
    if (definition.dev_environment) {
        for (const auto& [name, value] :
             definition.dev_environment(std::filesystem::absolute(command.data_directory))) {
            if (!given.contains(name)) options.environment.emplace_back(name, value);
        }
    }
    for (const auto& login : definition.demo_logins)
        options.demo_logins.push_back({login.role, login.login, login.password});
    return dev::run(std::move(options), std::cout);
}

int run_serve(const Definition& definition, const Command& command) {
    const auto environment = read_settings_environment(definition);
    ServeOptions options{.take_over = command.take_over, .supervisor = config::environment_of(environ)};
    for (const auto* name : {"HOST", "PORT", "MANAGEMENT_HOST", "MANAGEMENT_PORT"}) {
        if (const auto found = environment.find(name); found != environment.end() && !found->second.empty())
            options.set.emplace_back(name);
    }
    return serve(definition, load_settings(definition, environment), std::move(options));
}

// The options stand for the variables, so that their faults are told beside all others.
int run_worker(const Definition& definition, const Command& command) {
    auto environment = read_settings_environment(definition);
    auto& queues = environment["JOB_QUEUES"];
    if (!command.queues.empty()) queues = fmt::format("{}", fmt::join(command.queues, ","));
    if (queues.empty()) queues = "all";
    if (command.concurrency > 0) environment["JOB_CONCURRENCY"] = std::to_string(command.concurrency);
    auto configuration = load_configuration(definition, environment);
    if (configuration) return work(definition, *std::move(configuration));
    auto faults = std::move(configuration.error());
    constexpr std::string_view variable = "/JOB_QUEUES";
    for (auto& fault : faults) {
        const bool is_of_option = !command.queues.empty() && fault.pointer.starts_with(variable);
        if (is_of_option) fault.pointer.replace(0, variable.size(), "/--queues");
    }
    throw config::Faults(std::move(faults));
}

int run_seed(const Definition& definition) {
    if (!definition.seed) return 0;
    auto configuration = load_settings(definition);
    if (configuration.app.environment == Environment::production) {
        std::cerr << "seed makes demo data with published passwords: it refuses to run with APP_ENV=production\n";
        return failed;
    }
    configuration.app.log_level = "warn";  // its own requests are no news
    App app(definition, std::move(configuration),
            std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    LoopHost host(app);
    auto work = [](LoopHost* on, const Definition* of) -> async::Task<void> {
        co_await on->start();
        std::exception_ptr failure;
        try {
            co_await of->seed(on->parts());
        } catch (...) {
            failure = std::current_exception();
        }
        co_await on->stop(async::Loop::now() + std::chrono::seconds(5));
        if (failure) std::rethrow_exception(failure);
    };
    async::run_until_done(host.loop(), work(&host, &definition));
    return 0;
}

int print_openapi(const Definition& definition) {
    const App app(definition, configuration_of_nobody(definition), std::make_shared<logging::MemorySink>());
    auto info = openapi_info(definition, app.settings, app.router);
    // Nobody asks by an address here: that of `serve` on this machine.
    info.servers = {{.url = fmt::format("http://localhost:{}", app.settings.port)}};
    std::cout << openapi::document(app.router, info) << '\n';
    return 0;
}

int print_problems(const Definition& definition) {
    const App app(definition, configuration_of_nobody(definition), std::make_shared<logging::MemorySink>());
    std::map<std::string_view, base::ErrorCode> codes;
    for (const auto& code : problem_codes(definition, app.router)) codes.emplace(code.code, code);
    std::cout << "| Code | Status | Retriable | Action | Title |\n|---|---|---|---|---|\n";
    for (const auto& [name, code] : codes) {
        std::cout << "| `" << name << "` | " << code.status << " | " << (code.retriable ? "yes" : "no") << " | `"
                  << base::to_string(code.action) << "` | " << code.title << " |\n";
    }
    return 0;
}

// Of what is part of the binary and of no package beside it; their licences ask for the notices. Boost's asks for none.
int print_licenses() {
    std::cout << "bullmq, whose Lua scripts this program sends to Redis:\n\n"
              << jobs::bullmq::licence() << '\n'
              << openapi::notices() << '\n';
    for (const auto& file : embedded::cli11_notice())
        std::cout << "CLI11, which reads the command line (Debian's libcli11-dev):\n\n" << file.bytes;
    return 0;
}

int print_configuration(const Definition& definition) {
    std::cout << describe_configuration(definition);
    return 0;
}

class DatabaseCommands {
public:
    explicit DatabaseCommands(const Definition& definition)
        : definition_(definition),
          tables_(tables_of(definition)),
          objects_(database_objects_of(definition)),
          statements_(statements_of(definition)) {}

    int generate(const Command& command) const {
        // Lives until the migration is written.
        std::optional<dev::ThrowawayPostgres> postgres;
        db::migrate::GenerateOptions options{.folder = definition_.migrations_directory,
                                             .name = command.migration_name,
                                             .empty = command.empty_migration,
                                             .allow_drops = command.allow_drops,
                                             .now = base::system_clock().now()};
        if (!command.no_verify) {
            options.server = [&postgres] {
                auto settings = read_database_settings();
                if (settings.owner_url.empty()) settings.owner_url = postgres.emplace().owner_url();
                return db::migrate::ProofOptions{settings.owner_url, settings.roles};
            };
        }
        return db::migrate::generate(declarations(), options, std::cout);
    }
    int migrate() const {
        const auto settings = load_database_settings();
        return db::migrate::migrate(migrations(), {.owner_url = settings.owner_url, .roles = settings.roles},
                                    std::cout);
    }
    // What this program carries, not what lies in the folder: `db migrate` applies no more.
    int diff(std::string_view program) const {
        return db::migrate::diff(declarations(), migrations(), program, std::cout);
    }
    int status() const { return db::migrate::status(migrations(), load_database_settings().owner_url, std::cout); }
    int check(bool audits) const {
        const auto settings = load_database_settings();
        if (audits) return db::migrate::audit(declarations(), settings.owner_url, std::cout);
        return db::migrate::check(declarations(), migrations(),
                                  {.server_url = settings.owner_url, .roles = settings.roles}, std::cout);
    }

private:
    [[nodiscard]] db::migrate::Declarations declarations() const { return {tables_, objects_, statements_}; }
    [[nodiscard]] std::vector<db::migrate::Migration> migrations() const {
        return db::migrate::load_migrations(definition_.migrations);
    }

    const Definition& definition_;
    std::vector<db::TableView> tables_;
    std::vector<db::SqlObject> objects_;
    std::vector<db::StatementView> statements_;
};

// Null for a program without templates, which has no such command.
const CLI::App* add_new_module(const Definition& definition, CLI::App& cli, NewModule& wanted) {
    if (definition.module_templates.files.empty()) return nullptr;
    auto* write_new = cli.add_subcommand("new", "Write code out of the service's templates");
    write_new->require_subcommand(1);
    auto* module = write_new->add_subcommand("module", "A module: table, routes, permissions and tests");
    module->add_option("name", wanted.name, "Plural: lower case, digits, '_'")->required();
    module->add_option("--singular", wanted.singular, "One of them, where English has its own ways");
    module->add_flag("--dry-run", wanted.dry_run, "Say what would be written");
    return module;
}

int run_new_module(const Definition& definition, NewModule wanted) {
    for (const auto& table : tables_of(definition)) wanted.tables_there.emplace_back(table.name);
    return new_module(definition.module_templates, wanted, ".", std::cout);
}

// How this program is typed here: "build/local/pos/backend-api" below the working directory, however it was started.
std::string as_typed(std::string_view program) {
    if (!program.contains('/')) return std::string(program);
    const auto relative = std::filesystem::path(program).lexically_proximate(std::filesystem::current_path());
    const bool is_below = !relative.empty() && *relative.begin() != "..";
    if (!is_below || relative.is_absolute()) return std::string(program);
    return relative.has_parent_path() ? relative.string() : "./" + relative.string();
}

std::string joined_names(const std::vector<const CLI::App*>& commands) {
    std::string text;
    for (const auto* command : commands) text += " " + command->get_name();
    return text;
}

// What somebody typed, without the bytes that a terminal obeys.
std::string printable(std::string text) {
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) c = '?';
    }
    return text;
}

// What was wrong with the command line, and what it could have had there.
std::string complaint(const CLI::App& cli, const CLI::ParseError& error) {
    std::string name = cli.get_name();
    const CLI::App* at = &cli;
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().back();
        name += " " + at->get_name();
    }
    // The word that is no command is told sooner than that a command is missing.
    const auto unknown = cli.remaining(true);
    std::string text =
        unknown.empty() ? fmt::format("{}: {}\n", name, printable(error.what()))
                        : fmt::format("{}: unknown: {}\n", name, printable(fmt::format("{}", fmt::join(unknown, " "))));
    const auto commands = at->get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
    if (!commands.empty()) text += fmt::format("known commands:{}\n", joined_names(commands));
    text += "known options:";
    for (const auto* option : at->get_options([](const CLI::Option* one) { return one->nonpositional(); }))
        text += " " + option->get_name(false, true);
    return text + fmt::format("\nwhat they do: {} --help\n", name);
}

const CLI::App* add_completions(CLI::App& cli, Command& command) {
    auto* print = cli.add_subcommand("completions", "Print what a shell completes: source <(… completions bash)");
    static const std::map<std::string, Shell, std::less<>> shells{
        {"bash", Shell::bash}, {"zsh", Shell::zsh}, {"fish", Shell::fish}};
    print
        ->add_option_function<std::string>(
            "shell", [&command](const std::string& name) { command.shell = shells.find(name)->second; },
            "bash, zsh or fish")
        ->required()
        ->check(CLI::Validator(
            [](const std::string& name) {
                return shells.contains(name) ? std::string() : printable(name) + " is none of bash, zsh, fish";
            },
            "{bash,zsh,fish}"));
    return print;
}

struct CommandExamples {
    std::string_view command;
    std::vector<std::string> lines;
};

// What people type most, below the options of `--help`.
std::vector<CommandExamples> built_in_examples() {
    return {
        {"", {"dev", "serve", "db migrate", "postman --to ."}},
        {"serve", {"serve", "serve --take-over"}},
        {"dev", {"dev", "dev --port 3001 --data-dir .data-two", "dev --fresh"}},
        {"worker", {"worker", "worker --queues mail,webhooks --concurrency 8"}},
        {"health", {"health"}},
        {"outbox", {"outbox", "outbox --retry all"}},
        {"seed", {"seed"}},
        {"openapi", {"openapi > openapi.json"}},
        {"problems", {"problems"}},
        {"licenses", {"licenses"}},
        {"config", {"config"}},
        {"routes", {"routes", "routes DELETE", "routes /v1/webhooks"}},
        {"postman",
         {"postman --to .", "postman --to . --format all", "postman --environment > local.json",
          "postman --to . --base-url https://api.example.com"}},
        {"completions",
         {"completions bash > ~/.local/share/bash-completion/completions/NAME",
          "completions fish > ~/.config/fish/completions/NAME.fish", "completions zsh"}},
        {"db", {"db status", "db migrate"}},
        {"db generate", {"db generate add_suppliers", "db generate fill_codes --empty"}},
        {"db diff", {"db diff"}},
        {"db migrate", {"db migrate"}},
        {"db status", {"db status"}},
        {"db check", {"db check", "db check --audit"}},
        {"db console",
         {"db console", "db console --port 4000", "db console --tenant 01980000-0000-7000-8000-000000000001"}},
        {"new", {"new module suppliers"}},
        {"new module", {"new module suppliers", "new module purchase_orders --dry-run"}},
    };
}

CLI::App* find_command(CLI::App& cli, std::string_view path) {
    CLI::App* at = &cli;
    for (const auto word : base::split(path, ' ')) {
        if (at == nullptr || word.empty()) continue;
        const auto found = at->get_subcommands([word](CLI::App* one) { return one->get_name() == word; });
        at = found.empty() ? nullptr : found.front();
    }
    return at;
}

void add_examples(CLI::App& cli) {
    for (auto& [path, lines] : built_in_examples()) {
        auto* command = find_command(cli, path);
        if (command == nullptr) continue;
        for (auto& line : lines) {
            if (const auto at = line.find("NAME"); at != std::string::npos) line.replace(at, 4, cli.get_name());
        }
        command->footer(examples_text(cli.get_name(), lines));
    }
}

const CLI::App* add_console(CLI::App& database, console::ConsoleCommand& command) {
    auto* shown = database.add_subcommand("console", "Show tenants' tables in the browser, read-only, in development");
    shown->add_option("--port", command.port, "Of 127.0.0.1; 0: a free one")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    shown->add_option("--tenant", command.tenant, "Id of the one whose rows are shown; each by default")
        ->check(CLI::Validator(
            [](const std::string& text) {
                return base::Uuid::from_string(text) ? std::string() : text + " is no UUID";
            },
            "UUID"));
    shown->add_option("--data-dir", command.data_directory, "Of the running dev, where DATABASE_URL is not set")
        ->type_name("DIR")
        ->capture_default_str();
    return shown;
}

// For --help and the shells alone: a name that no module handles is refused where JOB_QUEUES is.
CLI::Validator one_of_queues(const Definition& definition) {
    return {[](const std::string&) { return std::string(); },
            fmt::format("{{all,{}}}", fmt::join(queues_of(definition), ","))};
}

int dispatch(const Definition& definition, int argc, char** argv) {
    Command command;
    CLI::App cli(definition.description, definition.name);
    cli.require_subcommand(1);
    cli.set_version_flag("--version", definition.version);

    auto* serve_command = cli.add_subcommand("serve", "Serve HTTP until SIGTERM");
    serve_command->add_flag("--take-over", command.take_over,
                            "Take the port from the process that serves it, which then drains; no request is refused");
    auto* dev_command = cli.add_subcommand("dev", "Serve beside a private PostgreSQL and Redis, with demo data");
    dev_command->add_option("--port", command.port, "Port of the API")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    dev_command->add_option("--data-dir", command.data_directory, "Where the databases live")
        ->type_name("DIR")
        ->capture_default_str();
    dev_command->add_flag("--fresh", command.fresh, "Wipe the data directory first");
    auto* worker_command = cli.add_subcommand("worker", "Run background jobs until SIGTERM");
    worker_command->add_option("--queues", command.queues, "Names, comma-separated; all by default")
        ->delimiter(',')
        ->check(one_of_queues(definition));
    worker_command->add_option("--concurrency", command.concurrency, "Jobs of a queue at a time")
        ->check(CLI::Range(1, 1000));
    auto* health_command = cli.add_subcommand(
        "health", "Ask the process that has these settings whether it answers; exit code 0: it does");
    auto* outbox_command = cli.add_subcommand("outbox", "List the jobs of the outbox that can never be sent");
    outbox_command->add_option("--retry", command.outbox.retry, "Ids of them, comma-separated, or all: send them again")
        ->delimiter(',');
    auto* seed_command = cli.add_subcommand("seed", "Make the demo data; repeatable");
    auto* openapi_command = cli.add_subcommand("openapi", "Print the OpenAPI 3.1 document");
    auto* problems_command = cli.add_subcommand("problems", "Print the error codes as a Markdown table");
    auto* licenses_command = cli.add_subcommand("licenses", "Print the notices of what the program embeds");
    auto* config_command = cli.add_subcommand("config", "Print the settings as a Markdown table");

    auto* database = cli.add_subcommand("db", "The database's schema");
    database->require_subcommand(1);
    auto* generate = database->add_subcommand("generate", "Write a migration out of what changed in the C++ tables");
    generate->add_option("name", command.migration_name, "Lower case, digits, '_'")->required();
    generate->add_flag("--empty", command.empty_migration, "An empty one, to be written by hand");
    generate->add_flag("--allow-drops", command.allow_drops, "Let it drop tables and columns");
    generate->add_flag("--no-verify", command.no_verify, "Write it without trying it out on a scratch database");
    auto* difference =
        database->add_subcommand("diff", "List what the C++ tables have and no migration makes; exit code 1 then");
    auto* migrate = database->add_subcommand("migrate", "Apply what is missing");
    auto* status = database->add_subcommand("status", "List migrations and their state");
    auto* check =
        database->add_subcommand("check", "Prove migrations, tables and statements against a scratch database");
    check->add_flag("--audit", command.audit,
                    "Look in the database itself instead: for rows that are against what their insert proved");

    const auto* console_command = add_console(*database, command.console);

    const ApiCommands api_commands(cli);
    const auto* module = add_new_module(definition, cli, command.module);
    const auto* completions_command = add_completions(cli, command);
    OwnCommandLine own_commands(definition, cli);
    add_examples(cli);

    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return cli.exit(error);  // --help, --version
        std::cerr << complaint(cli, error);
        return 64;  // EX_USAGE
    }
    if (api_commands.chosen()) return api_commands.run(definition, std::cout);
    if (*completions_command) {
        std::cout << completions(cli, command.shell);
        return 0;
    }
    if (*console_command) return console::run(definition, read_environment(), command.console, std::cout);
    const DatabaseCommands commands(definition);
    if (*serve_command) return run_serve(definition, command);
    if (*dev_command) return run_dev(definition, command);
    if (*worker_command) return run_worker(definition, command);
    if (*health_command) return run_health(read_environment(), std::cerr);
    if (*outbox_command) return run_outbox(definition, load_settings(definition), command.outbox, std::cout);
    if (*seed_command) return run_seed(definition);
    if (*openapi_command) return print_openapi(definition);
    if (*problems_command) return print_problems(definition);
    if (*licenses_command) return print_licenses();
    if (*config_command) return print_configuration(definition);
    if (module != nullptr && *module) return run_new_module(definition, command.module);
    if (own_commands.chosen()) return own_commands.run(read_environment());
    if (*generate) return commands.generate(command);
    if (*difference) return commands.diff(as_typed(argv[0]));
    if (*migrate) return commands.migrate();
    if (*status) return commands.status();
    if (*check) return commands.check(command.audit);
    return 64;
}

// A closed one would be given to the next file or socket, whose bytes would be read as a password, or written over by the log. What is
// written to these fails, as it does where the disk is full.
// Gives whether somebody reads what is printed.
bool hold_standard_descriptors() {
    const bool is_read = ::fcntl(STDOUT_FILENO, F_GETFD) != -1;
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) == -1) static_cast<void>(::open("/dev/null", O_RDONLY | O_NOCTTY));
    }
    return is_read;
}

// A file that was cut by a full disk is not to pass for a whole one.
int when_printed(const Definition& definition, int code, bool is_read) {
    if (!is_read) return code;
    std::cout.flush();
    if (std::cout && std::ferror(stdout) == 0) return code;
    std::cerr << definition.name << ": what was printed could not be written\n";
    return code == 0 ? failed : code;
}

}  // namespace

int run(const Definition& definition, int argc, char** argv) {
    const bool is_read = hold_standard_descriptors();
    try {
        return when_printed(definition, dispatch(definition, argc, argv), is_read);
    } catch (const config::Faults& faults) {
        std::cerr << faults.what();
        return config::exit_code;
    } catch (const std::exception& error) {
        std::cerr << definition.name << ": " << error.what() << '\n';
        return failed;
    }
}

}  // namespace app
