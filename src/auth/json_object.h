#pragma once
// Reads small JSON objects whose every byte may be hostile (JOSE headers, claims, JWKs): UTF-8 checked, at most
// max_depth levels and max_members members and items in all, a repeated key anywhere refused (RFC 8725 §2.6, RFC 7515 §4).
// For .cpp files of this library only: it pulls simdjson in. One per thread; an object read lives until the next read().
//
//     JsonObjectReader reader;
//     const std::optional<simdjson::dom::object> header = reader.read(bytes);
//     if (!header) return malformed();
//     const auto alg = string_member(*header, "alg");

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

class JsonObjectReader {
public:
    static constexpr std::size_t max_depth = 8;
    static constexpr std::size_t default_max_members = 64;
    static constexpr std::size_t max_bytes = 64 * 1024;

    [[nodiscard]] std::optional<simdjson::dom::object> read(std::string_view text,
                                                            std::size_t max_members = default_max_members);

private:
    simdjson::dom::parser parser_{max_bytes};
    bool allocated_ = false;
};

// nullopt when the member is missing.
[[nodiscard]] std::optional<simdjson::dom::element> member(const simdjson::dom::object& object, std::string_view name);
// nullopt when missing or no string.
[[nodiscard]] std::optional<std::string_view> string_member(const simdjson::dom::object& object, std::string_view name);

// Appends `text` as a JSON string, quotes included. `text` must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace auth
