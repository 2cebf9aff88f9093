#pragma once
// Which fields never reach the log. A name matches at any depth, whatever its case and whether it is written apiKey, api_key or
// api-key; a name with a dot is a path from the top of the line ("req.headers.x-shop"). The value becomes "[Redacted]".
// Immutable after construction, so shared by all threads.
//
//     logging::Redaction redaction;                       // the default names
//     redaction.add("mpesaPasskey").add("customer.phone");
//     redaction.matches("Set-Cookie");                    // true

#include <bitset>
#include <cstddef>
#include <functional>
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
    [[nodiscard]] bool has_paths() const noexcept { return !paths_.empty(); }
    [[nodiscard]] bool matches_path(std::span<const std::string_view> path) const;

    static constexpr std::string_view replacement = "[Redacted]";
    static constexpr std::size_t longest_name = 48;

private:
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
    };

    std::bitset<1024> ends_;  // first and last letter of a name: most keys are told apart by these two
    std::unordered_set<std::string, NameHash, std::equal_to<>> names_;
    std::vector<std::string> paths_;
};

}  // namespace logging
