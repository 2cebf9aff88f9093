#pragma once
// The service's own commands (own_command.h) on the command line.
//
//     OwnCommandLine own(definition, cli);                        // before cli.parse()
//     if (own.chosen()) return own.run(read_environment());

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "app/app.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace app {

// What stands below a command's options: each example behind the program's name.
[[nodiscard]] std::string examples_text(const std::string& program, const std::vector<std::string>& examples);

class OwnCommandLine {
public:
    OwnCommandLine(const Definition& definition, CLI::App& cli);

    [[nodiscard]] bool chosen() const;
    // The one that was chosen; the exit code.
    int run(config::Environment environment);

private:
    struct Entry {
        const OwnCommand* command;
        CLI::App* parser;
        std::map<std::string, std::string, std::less<>> values{};
        std::map<std::string, bool, std::less<>> flags{};
    };
    [[nodiscard]] static bool is_chosen(const Entry& entry);
    [[nodiscard]] static CommandInput input_of(const Entry& entry);

    const Definition& definition_;
    std::deque<Entry> entries_;
};

}  // namespace app
