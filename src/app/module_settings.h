#pragma once
// Settings that a module brings: a struct of its own, described by `schema` like app::Settings and read from the same environment.
// docs/configuration.md and `backend-api config` list it, and its faults are reported beside all others.
//
//     struct MailSettings { std::string host; friend constexpr auto describe(MailSettings*) {…} };      // "MAIL_HOST"
//     void check_mail(const MailSettings& mail, const app::Settings& app, schema::Issues& issues);      // over both structs
//
//     .settings = app::settings<MailSettings, check_mail>(),
//     std::unique_ptr<Mailer> make_mailer(const MailSettings& settings);                                // a maker of services takes it
//
// A variable is one struct's alone: a second one that names it stops the start.

#include <expected>
#include <memory>
#include <vector>

#include "app/settings.h"
#include "config/environment.h"
#include "http/services.h"

namespace app {

struct Definition;

// A struct of settings, erased; none without a type. Made by settings().
struct ModuleSettings {
    const schema::ObjectType* type = nullptr;
    std::shared_ptr<void> (*make)() = nullptr;
    void (*check)(const void* own, const Settings& app, schema::Issues& issues) = nullptr;
    void (*add)(http::Services& to, const void* own) = nullptr;
};

// `Check` is run when every variable was fine by itself.
template <class T, void (*Check)(const T&, const Settings&, schema::Issues&) = nullptr>
[[nodiscard]] ModuleSettings settings() {
    ModuleSettings settings{.type = &schema::object_of<T>,
                            .make = []() -> std::shared_ptr<void> { return std::make_shared<T>(); },
                            .add = [](http::Services& to, const void* own) { to.add(*static_cast<const T*>(own)); }};
    if constexpr (Check != nullptr) {
        settings.check = [](const void* own, const Settings& app, schema::Issues& issues) {
            Check(*static_cast<const T*>(own), app, issues);
        };
    }
    return settings;
}

// Everything that is set: the app's own, and what each module of a definition brings.
struct Configuration {
    Configuration(const Definition& definition, Settings own);  // the modules' as their structs are initialised

    Settings app;
    std::vector<std::shared_ptr<void>> modules;  // beside Definition::modules; null where a module has none
};

// All faults of all structs at once, or the settings: those of form, and when there are none those of sense. Throws
// std::runtime_error for a variable that two structs name.
[[nodiscard]] std::expected<Configuration, std::vector<base::Issue>> load_configuration(
    const Definition& definition, const config::Environment& environment);

// Markdown: a table of the app's own settings, then one of each module that has some.
[[nodiscard]] std::string describe_configuration(const Definition& definition);

}  // namespace app
