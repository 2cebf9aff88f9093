#pragma once
// Commands that say what the API has: `routes`, `postman`. They need no environment and no database.
//
//     ApiCommands api(cli);                                            // before cli.parse()
//     if (api.chosen()) return api.run(definition, std::cout);

#include <ostream>
#include <string>
#include <vector>

namespace openapi {
struct CollectionFile;
}

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace app {

inline constexpr int dev_port = 3000;  // where `dev` serves, unless it is told another one

struct Definition;

class ApiCommands {
public:
    explicit ApiCommands(CLI::App& cli);

    [[nodiscard]] bool chosen() const;
    // The exit code. Throws std::runtime_error for a file that cannot be written.
    int run(const Definition& definition, std::ostream& out) const;

private:
    int print_routes(const Definition& definition, std::ostream& out) const;
    int write_collection(const Definition& definition, std::ostream& out) const;
    void write_files(const std::vector<openapi::CollectionFile>& files, const std::string& base_url,
                     std::ostream& out) const;

    CLI::App* routes_;
    CLI::App* postman_;
    std::string wanted_;  // in a route's line
    std::string format_ = "postman";
    std::string base_url_;
    std::string to_;
    bool environment_ = false;
};

}  // namespace app
