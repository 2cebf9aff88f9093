#pragma once
// JSON inside the library's .cpp files: parsing by simdjson, and JSON as MessagePack. One thread; elements die with their Json.
//
//     Json json(text);
//     if (auto object = json.object()) for (auto [key, value] : *object) ...

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jobs/msgpack.h"

namespace jobs::detail {

using Element = simdjson::dom::element;

class Json {
public:
    explicit Json(std::string_view text)
        : valid_(parser_.parse(text.data(), text.size()).get(root_) == simdjson::SUCCESS) {}
    [[nodiscard]] bool valid() const noexcept { return valid_; }
    [[nodiscard]] std::optional<Element> root() const { return valid_ ? std::optional<Element>(root_) : std::nullopt; }
    [[nodiscard]] std::optional<simdjson::dom::object> object() const { return as<simdjson::dom::object>(); }
    [[nodiscard]] std::optional<simdjson::dom::array> array() const { return as<simdjson::dom::array>(); }

private:
    template <class T>
    [[nodiscard]] std::optional<T> as() const {
        T value;
        if (!valid_ || root_.get(value) != simdjson::SUCCESS) return std::nullopt;
        return value;
    }

    simdjson::dom::parser parser_;
    Element root_;
    bool valid_;
};

// Whole numbers alone, also when they are spelt 1e3 or 1000.0, within what a double holds exactly.
[[nodiscard]] std::optional<std::int64_t> whole_number(Element element);
// Any number, cut to a whole one.
[[nodiscard]] std::optional<std::int64_t> truncated_number(Element element);
void write_msgpack(Element element, msgpack::Writer& out);
// `"key":value` with what separates it from the members before it; `object` lacks its braces.
void append_member(std::string& object, std::string_view key, Element value);

}  // namespace jobs::detail
