#include "openapi/collection_fresh.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/strings.h"
#include "openapi/collection_text.h"

namespace openapi {

namespace {

using schema::Json;

constexpr std::string_view fresh = "{{fresh}}";
constexpr std::string_view fresh_short = "{{freshShort}}";
// As long as scripts make them.
constexpr std::string_view like_fresh = "482913706";
constexpr std::string_view like_fresh_short = "913706";

bool takes(const SchemaView& schema, std::string_view text) {
    if (schema.max_length > 0 && text.size() > static_cast<std::uint64_t>(schema.max_length)) return false;
    if (schema.pattern.empty()) return true;
    RE2::Options quiet;
    quiet.set_log_errors(false);
    const RE2 pattern(schema.pattern, quiet);
    return pattern.ok() && RE2::PartialMatch(text, pattern);
}

bool is_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && std::ranges::all_of(text, base::is_ascii_digit);
}

// One that fits with digits in the variable's place; else `text`.
std::string if_it_fits(std::string_view text, const SchemaView& schema, std::string_view before, std::string_view after,
                       bool is_short = false) {
    if (!takes(schema, fmt::format("{}{}{}", before, is_short ? like_fresh_short : like_fresh, after)))
        return std::string(text);
    return fmt::format("{}{}{}", before, is_short ? fresh_short : fresh, after);
}

// The end of a number is another.
std::string fresh_number(std::string_view text, const SchemaView& schema) {
    constexpr std::size_t kept = 3;
    if (text.size() >= like_fresh.size() + kept && schema.format != "phone")
        return if_it_fits(text, schema, text.substr(0, text.size() - like_fresh.size()), {});
    if (text.size() < like_fresh_short.size() + kept) return std::string(text);
    return if_it_fits(text, schema, text.substr(0, text.size() - like_fresh_short.size()), {}, true);
}

bool begins(std::string_view name, std::string_view with) { return base::ascii_lower(name).starts_with(with); }
bool ends(std::string_view name, std::string_view with) { return base::ascii_lower(name).ends_with(with); }

// A JSON text again, with other strings in it.
class FreshWriter {
public:
    FreshWriter(std::string_view json, const FreshRules& rules) : json_(json), rules_(rules) {}

    std::string write(const Json& schema) {
        add_value(schema, {});
        return std::move(out_);
    }

private:
    void add_value(const Json& schema, std::string_view name) {
        add_blanks();
        const char c = peek();
        if (c == '{') {
            add_object(schema);
        } else if (c == '[') {
            add_list(schema, name);
        } else if (c == '"') {
            out_ += value_of(take_string(), schema, name);
        } else {
            while (at_ < json_.size() && std::string_view(",]}").find(json_[at_]) == std::string_view::npos) add();
        }
    }

    void add_object(const Json& schema) {
        const auto view = read_schema(schema, rules_.schemas);
        add();
        for (add_blanks(); at_ < json_.size() && peek() == '"'; add_blanks()) {
            const auto quoted = take_string();
            out_ += quoted;
            const auto name = schema::parse<std::string>(quoted).value_or(std::string());
            add_blanks();
            if (peek() == ':') add();
            const auto property = view.properties.find(name);
            add_value(property == view.properties.end() ? Json() : property->second, name);
            add_blanks();
            if (peek() != ',') break;
            add();
        }
        add_blanks();
        add();
    }

    // Its items have the name of the list.
    void add_list(const Json& schema, std::string_view name) {
        const auto view = read_schema(schema, rules_.schemas);
        add();
        add_blanks();
        while (at_ < json_.size() && peek() != ']') {
            add_value(view.items, name);
            add_blanks();
            if (peek() != ',') break;
            add();
        }
        add();
    }

    std::string value_of(std::string_view quoted, const Json& schema, std::string_view name) const {
        const auto text = schema::parse<std::string>(quoted);
        if (!text || text->empty() || text->contains("{{")) return std::string(quoted);
        const auto view = read_schema(schema, rules_.schemas);
        if (const auto time = time_variable(name, view.format); !time.empty()) return js_string(time);
        for (const auto& variable : rules_.account) {
            if (*text == variable.value && ends(name, base::ascii_lower(variable.name)))
                return fmt::format("\"{{{{{}}}}}\"", variable.name);
        }
        const bool is_of_one = rules_.taken.contains(name) || view.format == "email";
        return rules_.is_create && is_of_one ? js_string(fresh_text(*text, view)) : std::string(quoted);
    }

    std::string_view take_string() {
        const auto begin = at_;
        at_ = end_of_string(json_, at_);
        return json_.substr(begin, at_ - begin);
    }
    [[nodiscard]] char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
    void add() {
        if (at_ < json_.size()) out_ += json_[at_++];
    }
    void add_blanks() {
        while (at_ < json_.size() && std::string_view(" \t\r\n").contains(json_[at_])) add();
    }

    std::string_view json_;
    const FreshRules& rules_;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string component_of(const Json& json, std::string_view place) {
    if (!json.text.contains("\"$ref\"")) return {};
    const auto members = schema::parse<std::map<std::string, Json>>(json.text, {.lenient = true});
    if (!members) return {};
    const auto reference = members->find("$ref");
    if (reference == members->end()) return {};
    const auto text = schema::parse<std::string>(reference->second.text).value_or(std::string());
    const auto begin = fmt::format("#/components/{}/", place);
    return text.starts_with(begin) ? text.substr(begin.size()) : std::string();
}

SchemaView read_schema(const Json& json, const Schemas& schemas) {
    if (json.text.empty()) return {};
    const auto name = component_of(json, "schemas");
    if (name.empty()) return schema::parse<SchemaView>(json.text, {.lenient = true}).value_or(SchemaView());
    const auto found = schemas.find(name);
    return found == schemas.end() ? SchemaView() : found->second;
}

std::string with_fresh_values(std::string_view json, const Json& schema, const FreshRules& rules) {
    return FreshWriter(json, rules).write(schema);
}

std::string fresh_text(std::string_view text, const SchemaView& schema) {
    // What is made of such a name is no other one's.
    if (schema.format == "uuid" || schema.format == "uri" || schema.format == "password") return std::string(text);
    if (is_number(text)) return fresh_number(text, schema);
    if (schema.format == "phone") return std::string(text);
    if (const auto at = text.rfind('@'); at != std::string_view::npos)
        return if_it_fits(text, schema, fmt::format("{}.", text.substr(0, at)), text.substr(at));
    const bool is_ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const auto most = schema.max_length > 0 ? static_cast<std::size_t>(schema.max_length) : std::string_view::npos;
    const auto stem = is_ascii && most > like_fresh.size() + 1 ? text.substr(0, most - like_fresh.size() - 1) : text;
    auto made = if_it_fits(text, schema, fmt::format("{}-", stem), {});
    if (made == text) made = if_it_fits(text, schema, stem, {});
    return made == text ? if_it_fits(text, schema, stem, {}, true) : made;
}

std::string time_variable(std::string_view name, std::string_view format) {
    const bool is_day = format == "date";
    if (!is_day && format != "date-time") return {};
    const bool is_first = ends(name, "from") || ends(name, "since") || begins(name, "start");
    if (begins(name, "valid") || begins(name, "expire") || begins(name, "due")) {
        if (!is_day) return "{{inADay}}";
        return is_first ? "{{tomorrow}}" : "{{nextYear}}";
    }
    if (is_first) return is_day ? "{{lastWeek}}" : "{{aWeekAgo}}";
    return is_day ? "{{today}}" : "{{now}}";
}

}  // namespace openapi
