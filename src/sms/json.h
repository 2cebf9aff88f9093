#pragma once
// JSON of others, of which as much is read as can be. Internal.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "schema/phone.h"
#include "schema/schema.h"

namespace sms {

inline constexpr schema::PlainRules any_json{.defaulted = true};

template <class T>
std::optional<T> read(std::string_view json) {
    if (json.empty()) return std::nullopt;
    auto value = schema::parse<T>(json, {.max_bytes = json.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

// An object of which something can be read, or an empty one.
template <class T>
T part_of(const schema::Json& member) {
    return read<T>(member.text).value_or(T{});
}

// A text or a number as text, and "" of anything else.
inline std::string text_of(const schema::Json& member) {
    const auto& json = member.text;
    if (json.starts_with('"')) return read<std::string>(json).value_or("");
    const bool is_number = !json.empty() && (json.front() == '-' || base::is_ascii_digit(json.front()));
    return is_number ? json : std::string();
}

struct JsonItems {
    std::vector<schema::Json> all;

    friend constexpr auto describe(JsonItems*) {
        return schema::object<JsonItems>("JsonItems", schema::field<&JsonItems::all>("all", {.max_items = 1'000'000}));
    }
};

// All of a list, however long: whoever sends it has been bounded by the bytes of a body. nullopt: it is none that can be read. A
// member that is missing is an empty one.
inline std::optional<std::vector<schema::Json>> list_of(const schema::Json& member) {
    if (member.text.empty() || member.text == "null") return std::vector<schema::Json>{};
    if (!member.text.starts_with('[')) return std::nullopt;
    auto items = read<JsonItems>(R"({"all":)" + member.text + "}");
    if (!items) return std::nullopt;
    return std::move(items->all);
}

inline std::vector<schema::Json> items_of(const schema::Json& member) {
    return list_of(member).value_or(std::vector<schema::Json>{});
}

// What somebody else wrote, for people and logs: short, whole UTF-8, numbers masked.
inline std::string for_people(std::string_view text, std::size_t most = 300) {
    if (!base::is_utf8(text)) return {};
    if (text.size() > most) {
        while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) --most;
        text = text.substr(0, most);
    }
    auto shown = schema::mask_phones(text);
    std::erase(shown, '\0');
    return shown;
}

// What a provider calls a message or an error: printable ASCII without spaces, or "".
inline std::string id_of(std::string_view text) {
    const bool is_id = text.size() <= 255 && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    return is_id ? std::string(text) : std::string();
}

}  // namespace sms
