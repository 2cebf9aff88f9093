#pragma once
// `db console`: the console (console.h) until Ctrl-C, on the database of development. It needs nothing of the service's settings
// but where that is: DATABASE_URL with APP_ENV=development, or, without either, the private PostgreSQL that `dev` runs.
//
//     return console::run(definition, environment, {.port = 4983}, std::cout);     // throws config::Faults

#include <iosfwd>
#include <string>

#include "config/environment.h"

namespace app {
struct Definition;
}

namespace app::console {

struct ConsoleCommand {
    int port = 4983;
    std::string tenant{};                  // a UUID: no other's rows are shown, and tenants are not listed
    std::string data_directory = ".data";  // of `dev`
};

// Where the rows are, and as whom they are read.
struct Place {
    std::string url;
    std::string system_url;
};
// Throws config::Faults for another mode than development, and where there is no database.
[[nodiscard]] Place place_of(const config::Environment& environment, const std::string& data_directory);

int run(const Definition& definition, const config::Environment& environment, const ConsoleCommand& command,
        std::ostream& out);

}  // namespace app::console
