#pragma once
// Settings as a struct: read once at start, checked as a whole, every fault listed with how to mend it. The field names are
// the variables' names, so one declaration is the reader, the check and the documentation. Values: any thread.
//
//     struct Settings {
//         config::Profile profile = config::Profile::development;
//         std::string database_url;
//         friend constexpr auto describe(Settings*) {
//             return schema::object<Settings>("Settings",
//                 schema::field<&Settings::profile>("APP_PROFILE", {.defaulted = true, .doc = "Which checks apply."}),
//                 schema::field<&Settings::database_url>("DATABASE_URL", {.min_length = 1, .write_only = true}),
//                 schema::refine<&check_settings>());
//         }
//     };
//     auto settings = config::load<Settings>(environment);
//     if (!settings) { std::cerr << config::report(settings.error()); return config::exit_code; }
//
// Secrets are marked `write_only`: they are read, and dump() and the documentation show none of them.

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/failure.h"
#include "config/environment.h"
#include "schema/schema.h"

namespace config {

// EX_CONFIG of <sysexits.h>: what the program exits with after report().
inline constexpr int exit_code = 78;

enum class Profile : std::uint8_t { development, test, production };
constexpr auto describe(Profile*) {
    return schema::enumeration<Profile>(
        "Profile",
        {{Profile::development, "development"}, {Profile::test, "test"}, {Profile::production, "production"}});
}

struct LoadOptions {
    std::size_t max_issues = 100;
};

namespace detail {
std::vector<base::Issue> load(const schema::ObjectType& type, void* out, const Environment& environment,
                              const LoadOptions& options);
}  // namespace detail

// Variables that no field names are not looked at. A variable set to nothing counts as absent (as `FOO=` in a compose file
// is meant).
template <class T>
[[nodiscard]] std::expected<T, std::vector<base::Issue>> load(const Environment& environment,
                                                              const LoadOptions& options = {}) {
    T settings{};
    auto issues = detail::load(schema::object_of<T>, &settings, environment, options);
    if (!issues.empty()) return std::unexpected(std::move(issues));
    return settings;
}

// For a person on a terminal: a line for each fault with its variable and how to mend it. Values are never shown.
[[nodiscard]] std::string report(std::span<const base::Issue> issues);
// The same for a .env file.
[[nodiscard]] std::string report(const std::filesystem::path& file, const FileFault& fault);

// In a refinement: adds an issue when `profile` is production and the rule does not hold.
//     config::require_in_production(settings.profile,
//         {.variable = "JWT_SECRET", .holds = !config::is_weak_secret(settings.jwt_secret),
//          .how_to_mend = "Make one with: openssl rand -base64 48."}, issues);
struct ProductionRule {
    std::string_view variable;
    bool holds = false;
    std::string_view how_to_mend;
};
void require_in_production(Profile profile, const ProductionRule& rule, schema::Issues& issues);
// Known placeholders ("changeme", "secret", one character repeated), whatever their length.
[[nodiscard]] bool is_weak_secret(std::string_view secret);

// NAME=value lines in the order of the declaration, secrets as [redacted], passwords in URLs as well: for the log.
[[nodiscard]] std::string dump(const schema::ObjectType& type, const void* settings);
template <class T>
[[nodiscard]] std::string dump(const T& settings) {
    return dump(schema::object_of<T>, &settings);
}

// A Markdown table: name, type, default, required, meaning. docs/configuration.md is made of it.
[[nodiscard]] std::string markdown_table(const schema::ObjectType& type);
template <class T>
[[nodiscard]] std::string markdown_table() {
    return markdown_table(schema::object_of<T>);
}

}  // namespace config
