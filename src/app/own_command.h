#pragma once
// A command of the service's own, beside `serve` and the like, for what an operator does without a client: `backend-api GROUP NAME …`. It
// runs on a loop with databases and services, as a request does, and under settings that it may decide for itself.
//
//     definition.commands = {{.group = "tenants", .name = "create", .doc = "Make a business and its owner",
//                             .options = {{"--name", "Of the business", .is_required = true}},
//                             .settings = {{"SIGN_UP", "open"}}, .run = create_tenant}};
//
//     async::Task<void> create_tenant(app::LoopHost* host, app::CommandInput input);      // throws what it cannot do: exit code 1

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/task.h"

namespace app {

class LoopHost;

struct CommandOption {
    std::string name;  // "--name"
    std::string doc;
    bool is_required = false;
    bool is_flag = false;
    std::vector<std::string> values{};  // others are refused; shells complete these
};

struct CommandInput {
    std::map<std::string, std::string, std::less<>> options;  // what was given, by name
    std::ostream* out;

    [[nodiscard]] bool has(std::string_view option) const { return options.contains(option); }
    [[nodiscard]] std::string value(std::string_view option) const {
        const auto found = options.find(option);
        return found == options.end() ? std::string() : found->second;
    }
};

struct OwnCommand {
    std::string group;
    std::string name;
    std::string doc;
    std::vector<CommandOption> options;
    std::vector<std::pair<std::string, std::string>> settings{};  // variables, whatever the environment says
    async::Task<void> (*run)(LoopHost* host, CommandInput input) = nullptr;
    // What `--help` shows, as it is typed behind the program's name; without any: the command with the options that it needs.
    std::vector<std::string> examples{};
};

// A line that nobody is to see: asked for twice without an echo on a terminal, else the first line of the standard input. Throws
// std::runtime_error when there is none, or when the two differ.
[[nodiscard]] std::string read_secret(std::string_view prompt);

}  // namespace app
