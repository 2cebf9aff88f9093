#pragma once
// Configuration: everything that is set, read from `.env` and the environment at start. Values; read by any thread once made.
//
//     auto configuration = app::load_configuration(definition, environment);
//     if (!configuration) return tell(configuration.error());          // every fault, each with its variable
//     return app::serve(definition, std::move(*configuration));

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "app/settings.h"
#include "config/environment.h"

namespace app {

struct Definition;

// The app's own, and what each module of a definition brings.
struct Configuration {
    Configuration(const Definition& definition, Settings own);  // the modules' as their structs are initialised

    Settings app;
    std::vector<std::shared_ptr<void>> modules;  // beside Definition::modules; null where a module has none
};

// All faults of all structs at once, those of form and those of sense (and queues that no module handles), or the settings. Throws
// std::runtime_error for a variable that two structs name.
[[nodiscard]] std::expected<Configuration, std::vector<base::Issue>> load_configuration(
    const Definition& definition, const config::Environment& environment);

// For what the program says about itself: it needs no environment, and has no development routes.
[[nodiscard]] Configuration configuration_of_nobody(const Definition& definition);

// The names of a .env file that neither a setting of the app or of a module has nor compose.yaml: misspelt, most likely. By name.
[[nodiscard]] std::vector<std::string> unread_names(const Definition& definition, const config::Environment& file);

// Markdown: a table of the app's own settings, then one of each module that has some.
[[nodiscard]] std::string describe_configuration(const Definition& definition);

}  // namespace app
