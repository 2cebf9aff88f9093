#pragma once
// Settings as a struct: read once at start, checked as a whole, every fault listed with how to mend it. The field names are
// the variables' names, so one declaration is the reader, the check and the documentation. Values: any thread.
//
//     struct Settings {
//         std::string host;
//         std::string token;
//         friend constexpr auto describe(Settings*) {
//             return schema::object<Settings>("Settings",
//                 schema::field<&Settings::host>("HOST", {.defaulted = true, .doc = "Address to listen on."}),
//                 schema::field<&Settings::token>("TOKEN", {.min_length = 32, .write_only = true}),
//                 schema::refine<&check_settings>());
//         }
//     };
//     auto settings = config::load<Settings>(environment);
//     if (!settings) { std::cerr << config::report(settings.error()); return config::exit_code; }
//
// Secrets are marked `write_only`: they are read, and neither reports nor the documentation show one.

#include <expected>
#include <span>
#include <stdexcept>
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

struct LoadOptions {
    std::size_t max_issues = 100;
};

// Into a struct of `type`, as load() does; returns its faults.
[[nodiscard]] std::vector<base::Issue> load_into(const schema::ObjectType& type, void* out,
                                                 const Environment& environment, const LoadOptions& options = {});

// Variables that no field names are not looked at. A variable set to nothing counts as absent (as `FOO=` in a compose file
// is meant).
template <class T>
[[nodiscard]] std::expected<T, std::vector<base::Issue>> load(const Environment& environment,
                                                              const LoadOptions& options = {}) {
    T settings{};
    auto issues = load_into(schema::object_of<T>, &settings, environment, options);
    if (!issues.empty()) return std::unexpected(std::move(issues));
    return settings;
}

// For a person on a terminal: a line for each fault with its variable and how to mend it. Values are never shown.
[[nodiscard]] std::string report(std::span<const base::Issue> issues);
// The same for a .env file.
[[nodiscard]] std::string report(const std::filesystem::path& file, const FileFault& fault);

// What is found only when a setting is used (the server that a URL names is the wrong one, the port is taken): thrown, and reported
// like the rest; the program leaves with exit_code.
class Faults : public std::runtime_error {
public:
    explicit Faults(std::vector<base::Issue> issues) : std::runtime_error(report(issues)), issues_(std::move(issues)) {}
    Faults(std::string_view variable, std::string message)
        : Faults(
              std::vector<base::Issue>{{"environment", "/" + std::string(variable), "unfit", std::move(message), {}}}) {
    }

    [[nodiscard]] const std::vector<base::Issue>& issues() const noexcept { return issues_; }

private:
    std::vector<base::Issue> issues_;
};

// In a refinement, where it counts (production): an issue when the secret is a known placeholder or sample ("changeme", "your-256-bit-secret"),
// whatever its length; when it has fewer than ten different characters; and when it is a piece repeated or a row of the alphabet.
//     config::check_secret("APP_SECRET", settings.secret, issues);
void check_secret(std::string_view variable, std::string_view secret, schema::Issues& issues);

// A Markdown table: name, type, default, required, meaning. docs/configuration.md is made of it.
[[nodiscard]] std::string markdown_table(const schema::ObjectType& type);
template <class T>
[[nodiscard]] std::string markdown_table() {
    return markdown_table(schema::object_of<T>);
}

}  // namespace config
