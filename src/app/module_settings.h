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

#include <memory>

#include "http/services.h"
#include "schema/schema.h"

namespace app {

struct Settings;  // app/settings.h

// A struct of settings, erased; none without a type. Made by settings().
struct ModuleSettings {
    const schema::ObjectType* type = nullptr;
    std::shared_ptr<void> (*make)() = nullptr;
    void (*check)(const void* own, const Settings& app, schema::Issues& issues) = nullptr;
    void (*add)(http::Services& to, const void* own) = nullptr;
};

// `Check` is run after all variables were read; one that has no form is as it was initialised, and what is said of it then is dropped.
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

}  // namespace app
