#pragma once
// What a shell completes of this program's command line: commands, options, and options' values. Pure.
//
//     command->add_option("--format", format)->check(CLI::IsMember({"postman", "bruno"}));     // these words
//     command->add_option("--to", folder)->type_name("DIR");                                   // folders; "FILE": files
//
//     std::cout << completions(cli, Shell::bash);        // source <(backend-api completions bash)

#include <cstdint>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace app {

enum class Shell : std::uint8_t { bash, zsh, fish };

// Of all commands and options that `cli` has by now.
[[nodiscard]] std::string completions(const CLI::App& cli, Shell shell);

}  // namespace app
