#include "app/own_command_line.h"

#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>

namespace app {

namespace {

constexpr auto stop_time = std::chrono::seconds(5);

// The terminal shows nothing of what is typed, until this goes, or a signal ends the process. One at a time.
class NoEcho {
public:
    NoEcho() {
        ::tcgetattr(STDIN_FILENO, &before);
        struct sigaction show{};
        show.sa_handler = show_and_end;
        show.sa_flags = static_cast<int>(SA_RESETHAND);
        for (std::size_t i = 0; i < ending.size(); ++i) ::sigaction(ending[i], &show, &answers_[i]);
        auto silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    ~NoEcho() {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        for (std::size_t i = 0; i < ending.size(); ++i) ::sigaction(ending[i], &answers_[i], nullptr);
        std::cerr << '\n';
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;

private:
    // SA_RESETHAND: once this has returned, the signal does what it does to any process.
    static void show_and_end(int signal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        static_cast<void>(::raise(signal));
    }

    static constexpr std::array ending{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    static inline termios before{};
    std::array<struct sigaction, ending.size()> answers_{};
};

std::string typed_line(std::string_view prompt) {
    std::cerr << prompt << ": " << std::flush;
    const NoEcho no_echo;
    std::string line;
    std::getline(std::cin, line);
    return line;
}

std::vector<std::string> examples_of(const OwnCommand& command) {
    if (!command.examples.empty()) return command.examples;
    auto text = fmt::format("{} {}", command.group, command.name);
    for (const auto& option : command.options) {
        if (option.is_required) text += fmt::format(" {} …", option.name);
    }
    return {text};
}

async::Task<void> start_and_run(LoopHost* host, const App* app, const OwnCommand* command, CommandInput input) {
    co_await host->start();
    std::exception_ptr failure;
    try {
        // Away, or without its migrations: the reason says what to do.
        if (!app->database_check.passed()) throw std::runtime_error(app->database_check.stand().reason);
        co_await command->run(host, std::move(input));
    } catch (...) {
        failure = std::current_exception();
    }
    co_await host->stop(async::Loop::now() + stop_time);
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

std::string read_secret(std::string_view prompt) {
    std::string secret;
    if (::isatty(STDIN_FILENO) == 0) {
        std::getline(std::cin, secret);
        if (secret.ends_with('\r')) secret.pop_back();
    } else {
        secret = typed_line(prompt);
        if (typed_line("Again") != secret) throw std::runtime_error("the two are not the same");
    }
    if (secret.empty()) throw std::runtime_error("nothing was given on the standard input");
    return secret;
}

std::string examples_text(const std::string& program, const std::vector<std::string>& examples) {
    std::string text = "Examples:";
    for (const auto& example : examples) text += fmt::format("\n  {} {}", program, example);
    return text;
}

OwnCommandLine::OwnCommandLine(const Definition& definition, CLI::App& cli) : definition_(definition) {
    std::map<std::string, CLI::App*> groups;
    for (const auto& command : definition.commands) {
        auto*& group = groups[command.group];
        if (group == nullptr) {
            group = cli.add_subcommand(command.group, command.doc);
            group->require_subcommand(1);
        } else {
            group->description(fmt::format("{} …", group->get_description()));
        }
        auto& entry = entries_.emplace_back(Entry{&command, group->add_subcommand(command.name, command.doc)});
        for (const auto& option : command.options) {
            auto* added = option.is_flag ? entry.parser->add_flag(option.name, entry.flags[option.name], option.doc)
                                         : entry.parser->add_option(option.name, entry.values[option.name], option.doc);
            if (option.is_required) added->required();
            if (!option.values.empty()) added->check(CLI::IsMember(option.values));
        }
        entry.parser->footer(examples_text(cli.get_name(), examples_of(command)));
    }
}

bool OwnCommandLine::is_chosen(const Entry& entry) { return static_cast<bool>(*entry.parser); }

bool OwnCommandLine::chosen() const { return std::ranges::any_of(entries_, is_chosen); }

CommandInput OwnCommandLine::input_of(const Entry& entry) {
    CommandInput input{{}, &std::cout};
    for (const auto& [name, value] : entry.values) {
        if (entry.parser->count(name) > 0) input.options.emplace(name, value);
    }
    for (const auto& [name, is_set] : entry.flags) {
        if (is_set) input.options.emplace(name, "");
    }
    return input;
}

int OwnCommandLine::run(config::Environment environment) {
    const auto chosen = std::ranges::find_if(entries_, is_chosen);
    for (const auto& [variable, value] : chosen->command->settings) environment[variable] = value;
    auto configuration = load_configuration(definition_, environment);
    if (!configuration) throw config::Faults(std::move(configuration.error()));
    configuration->app.log_level = "warn";  // its own requests are no news
    App app(definition_, *std::move(configuration),
            std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    LoopHost host(app);
    async::run_until_done(host.loop(), start_and_run(&host, &app, chosen->command, input_of(*chosen)));
    return 0;
}

}  // namespace app
