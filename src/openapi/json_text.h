#pragma once
// Inside the library: JSON objects and arrays as text, member by member. Names and texts are escaped; `raw` takes JSON. Values
// of one thread.
//
//     JsonObject contact;
//     contact.text("name", info.name).text_unless_empty("url", info.url);
//     document.raw("contact", std::move(contact).take());

#include <concepts>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "schema/schema.h"

namespace openapi {

class JsonObject {
public:
    JsonObject& raw(std::string_view name, std::string_view json) {
        text_.push_back(empty() ? '{' : ',');
        schema::write_json_string(name, text_);
        text_.append(":").append(json);
        return *this;
    }
    JsonObject& text(std::string_view name, std::string_view value) {
        raw(name, "");
        schema::write_json_string(value, text_);
        return *this;
    }
    JsonObject& text_unless_empty(std::string_view name, std::string_view value) {
        return value.empty() ? *this : text(name, value);
    }
    JsonObject& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
    JsonObject& number(std::string_view name, std::integral auto value) {
        raw(name, "");
        base::append_integer(text_, value);
        return *this;
    }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    [[nodiscard]] std::string take() && { return empty() ? "{}" : std::move(text_) + "}"; }

private:
    std::string text_;
};

class JsonArray {
public:
    JsonArray& raw(std::string_view json) {
        text_.append(empty() ? "[" : ",").append(json);
        return *this;
    }
    JsonArray& text(std::string_view value) {
        raw("");
        schema::write_json_string(value, text_);
        return *this;
    }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    [[nodiscard]] std::string take() && { return empty() ? "[]" : std::move(text_) + "]"; }

private:
    std::string text_;
};

}  // namespace openapi
