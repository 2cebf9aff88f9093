#pragma once
// Which fields never reach the log. A name matches at any depth, whatever its case and whether it is written apiKey, api_key or
// api-key; a name with a dot is a path from the top of the line ("req.headers.x-own"). The value becomes "[Redacted]".
// Immutable after construction, so shared by all threads.
//
//     logging::Redaction redaction;                       // the default names
//     redaction.add("mpesaPasskey").add("customer.phone");
//     redaction.matches("Set-Cookie");                    // true
//     redaction.scrub_url("/cb?%70assword=x&a=1");         // "/cb?%70assword=[Redacted]&a=1"
//     redaction.scrub("connecting to postgres://app:x@db");  // "connecting to postgres://app:[Redacted]@db"
//
// The lists are in redaction.cpp: names that are secret wherever they stand, and those that are so in queries alone ("code" is an
// authorisation code there, and an error's code elsewhere). Names are decoded before they are compared, as often as a server
// behind us might do it.

#include <bitset>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace logging {

class Redaction {
public:
    Redaction();                                                  // default_names()
    explicit Redaction(std::span<const std::string_view> names);  // these alone
    Redaction& add(std::string_view name);

    [[nodiscard]] static std::span<const std::string_view> default_names();
    [[nodiscard]] bool matches(std::string_view key) const noexcept;
    // The same for a name as it stands in a form or a query: "%70assword", "user[pass+word]", "db.password".
    [[nodiscard]] bool matches_encoded(std::string_view name, bool in_query) const;
    // The text without its secrets; nullopt when it has none. In texts: passwords of URLs, name=value pairs, members of JSON,
    // bearer tokens. In URLs (or their path and query): also whatever decodes to those.
    [[nodiscard]] std::optional<std::string> scrub(std::string_view text) const;
    [[nodiscard]] std::optional<std::string> scrub_url(std::string_view url) const;
    // A path without its keys: segments of 32 hex digits or more, which is what unguessable addresses are made of (ids have hyphens).
    // nullopt when it has none.
    [[nodiscard]] static std::optional<std::string> scrub_path(std::string_view path);
    [[nodiscard]] bool has_paths() const noexcept { return !paths_.empty(); }
    [[nodiscard]] bool matches_path(std::span<const std::string_view> path) const;

    static constexpr std::string_view replacement = "[Redacted]";
    static constexpr std::size_t longest_name = 48;

private:
    struct Span {
        std::size_t from;
        std::size_t to;
    };
    using Spans = std::vector<Span>;
    [[nodiscard]] Spans secrets_of(std::string_view text, int depth) const;
    [[nodiscard]] Spans secrets_of_url(std::string_view url, int depth) const;
    [[nodiscard]] static Spans keys_in(std::string_view path);
    [[nodiscard]] bool hides_secret(std::string_view encoded, int depth) const;
    void find_pairs(std::string_view text, int depth, Spans& found) const;
    void find_encoded(std::string_view text, int depth, Spans& found) const;
    void find_members(std::string_view text, Spans& found) const;
    static std::optional<std::string> replaced(std::string_view text, Spans found);

    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
    };

    std::bitset<1024> ends_;  // first and last letter of a name: most keys are told apart by these two
    std::unordered_set<std::string, NameHash, std::equal_to<>> names_;
    std::vector<std::string> paths_;
};

}  // namespace logging
