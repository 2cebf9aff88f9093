#include "schema/rules.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"
#include "base/text.h"
#include "schema/formats.h"
#include "schema/json_writer.h"
#include "schema/phone.h"

namespace schema {

std::string_view shown_name(std::string_view name) {
    const auto is_of_name = [](char c) {
        const bool is_letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
        return is_letter || base::is_ascii_digit(c) || std::string_view(" -_.$@~/[]:+").contains(c);
    };
    const bool is_name = name.size() <= longest_shown_name && std::ranges::all_of(name, is_of_name);
    return is_name && base::is_utf8(name) ? name : hidden_name;
}

}  // namespace schema

namespace schema::detail {

namespace {

constexpr int deepest_secret = 8;  // a type may hold itself

bool holds_secret_within(const Type& type, int depth);

bool holds_secret_within(const ObjectType& object, int depth) {
    return std::ranges::any_of(object.fields, [&](const Field& field) {
        return field.rules.write_only || field.rules.format == Format::password ||
               holds_secret_within(*field.type, depth);
    });
}

bool holds_secret_within(const Type& type, int depth) {
    if (depth == 0) return false;
    if (type.kind == Kind::object) return holds_secret_within(*type.object, depth - 1);
    return type.element != nullptr && holds_secret_within(*type.element, depth - 1);
}

std::string json_text(std::string_view text) {
    std::string json;
    write_json_string(text, json);
    return json;
}

base::IssueParameter text_parameter(std::string_view name, std::string_view value) {
    return {std::string(name), json_text(value)};
}
template <class Number>
base::IssueParameter number_parameter(std::string_view name, Number value) {
    return {std::string(name), fmt::format("{}", value)};
}

std::string_view plural(std::uint64_t count) { return count == 1 ? "" : "s"; }

// Bounds of the rules within those of the C++ type.
std::pair<std::int64_t, std::int64_t> integer_bounds(Kind kind, const Rules& rules) {
    std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
    if (kind == Kind::int16) {
        least = std::numeric_limits<std::int16_t>::min();
        greatest = std::numeric_limits<std::int16_t>::max();
    } else if (kind == Kind::int32 || kind == Kind::rate) {
        least = std::numeric_limits<std::int32_t>::min();
        greatest = std::numeric_limits<std::int32_t>::max();
    }
    return {std::max(least, rules.min), std::min(greatest, rules.max)};
}

void add_too_small(std::string minimum, std::string parameter, Issues& issues) {
    issues.add("", "too_small", fmt::format("Give {} or more.", minimum), {{"minimum", std::move(parameter)}});
}
void add_too_big(std::string maximum, std::string parameter, Issues& issues) {
    issues.add("", "too_big", fmt::format("Give {} or less.", maximum), {{"maximum", std::move(parameter)}});
}

// Code points; counted only where the number of bytes does not settle it: n bytes are n / 4 to n characters.
std::size_t length_within(std::string_view text, const Rules& rules) {
    const std::size_t at_least = (text.size() + 3) / 4;
    if (text.size() <= rules.max_length && at_least >= rules.min_length) return at_least;
    return base::utf8_length(text).value_or(text.size());
}

bool check_length(std::string_view text, const Rules& rules, Issues& issues) {
    const std::size_t length = length_within(text, rules);
    if (length < rules.min_length) {
        issues.add("", "too_short",
                   rules.min_length == 1 ? "Must not be empty."
                                         : fmt::format("Give at least {} characters.", rules.min_length),
                   {number_parameter("minimum", rules.min_length)});
        return false;
    }
    if (length > rules.max_length) {
        issues.add("", "too_long",
                   fmt::format("Give at most {} character{}.", rules.max_length, plural(rules.max_length)),
                   {number_parameter("maximum", rules.max_length)});
        return false;
    }
    return true;
}

bool is_shown(Text text) { return text != Text::unsaid && text != Text::raw && text != Text::free; }

void add_invalid_value(const EnumType& enumeration, Issues& issues) {
    std::string allowed = "[";
    std::string readable;
    for (const auto& one : enumeration.values) {
        if (allowed.size() > 1) {
            allowed.push_back(',');
            readable.append(", ");
        }
        write_json_string(one.name, allowed);
        readable.append(one.name);
    }
    allowed.push_back(']');
    issues.add("", "invalid_value", fmt::format("Use one of: {}.", readable), {{"allowed", std::move(allowed)}});
}

template <class Value>
void store_or(void* out, const std::optional<Value>& value, Issues& issues, std::string_view format,
              std::string_view hint) {
    if (value) {
        *static_cast<Value*>(out) = *value;
    } else {
        add_invalid_format(issues, format, hint);
    }
}

void read_enumeration(const EnumType& enumeration, void* out, std::string_view text, Issues& issues) {
    for (const auto& one : enumeration.values) {
        if (one.name == text) return enumeration.set(out, one.value);
    }
    add_invalid_value(enumeration, issues);
}

bool is_name_of(const EnumType& enumeration, std::string_view text) {
    return std::ranges::any_of(enumeration.values, [&](const auto& one) { return one.name == text; });
}

void read_quantity(void* out, std::string_view text, const Rules& rules, Issues& issues) {
    const auto quantity = base::Quantity::from_string(text);
    store_or(out, quantity, issues, "decimal",
             R"(a decimal number in a string, at most 14 digits before the point and 4 after it, such as "1.5")");
    if (quantity) check_quantity(*quantity, rules, issues);
}

void normalise_text(std::string& text, Text kind) {
    switch (kind) {
        case Text::unsaid:
        case Text::raw: return;
        case Text::free: return base::normalise_free(text);
        case Text::name: return base::normalise_name(text);
        case Text::identifier: return base::normalise_identifier(text);
        case Text::code: base::normalise_identifier(text); return base::ascii_upper(text);
        case Text::email:
            base::normalise_identifier(text);
            std::ranges::transform(text, text.begin(), [](char c) { return base::ascii_lower(c); });
            return;
        case Text::phone:
            if (auto number = normalise_phone(text)) {
                text = *std::move(number);
            } else {
                base::normalise_identifier(text);
            }
            return;
    }
}

}  // namespace

std::string_view json_type_of(Kind kind) {
    switch (kind) {
        case Kind::boolean: return "boolean";
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::money:
        case Kind::rate: return "integer";
        case Kind::number: return "number";
        case Kind::array: return "array";
        case Kind::map:
        case Kind::object: return "object";
        case Kind::json: return "any";
        default: return "string";
    }
}

void add_invalid_type(Issues& issues, Kind expected, std::string_view received) {
    const std::string_view wanted = json_type_of(expected);
    const bool vowel = wanted.starts_with('a') || wanted.starts_with('i') || wanted.starts_with('o');
    issues.add("", "invalid_type", fmt::format("Give a{} {} instead of this {}.", vowel ? "n" : "", wanted, received),
               {text_parameter("expected", wanted), text_parameter("received", received)});
}

void add_not_null(Issues& issues, Kind expected) {
    issues.add("", "not_null", "Must not be null: give a value or leave the member out if it is not required.",
               {text_parameter("expected", json_type_of(expected))});
}

void add_required(Issues& issues, std::string_view name) {
    issues.add("", "required", fmt::format("Add {}: it is required.", name));
}

bool holds_secret(const ObjectType& object) { return holds_secret_within(object, deepest_secret); }

bool holds_secret(const Type& type) { return holds_secret_within(type, deepest_secret); }

void add_unknown_key(Issues& issues, const ObjectType& object, std::string_view shown) {
    std::string known;
    for (const auto& field : object.fields) {
        if (field.rules.internal || field.rules.read_only) continue;
        known.append(known.empty() ? "" : ", ").append(field.name);
    }
    auto message = fmt::format("Leave this out: {} has no such member.", object.name);
    if (!known.empty()) message += fmt::format(" It has: {}.", known);
    issues.add("", "unknown_key", std::move(message), {text_parameter("key", shown)});
}

void add_read_only(Issues& issues, std::string_view name) {
    issues.add("", "read_only", fmt::format("Leave {} out: the server sets it.", name));
}

void add_nul_character(Issues& issues) {
    issues.add("", "nul_character", "Remove the character U+0000: it cannot be stored.");
}

void add_invalid_format(Issues& issues, std::string_view format, std::string_view hint) {
    issues.add("", "invalid_format", fmt::format("Give {}.", hint), {text_parameter("format", format)});
}

void normalise_string(std::string& text, const Rules& rules) {
    normalise_text(text, rules.text);
    if (rules.own_format != nullptr && rules.own_format->normalise != nullptr) rules.own_format->normalise(text);
}

void check_string(std::string_view text, const Rules& rules, Encoding encoding, Issues& issues) {
    if (encoding == Encoding::unverified && !base::is_utf8(text)) {
        return add_invalid_format(issues, "utf-8", "text in UTF-8");
    }
    if (text.find('\0') != std::string_view::npos) add_nul_character(issues);
    if (!check_length(text, rules, issues)) return;
    if (is_shown(rules.text) && !text.empty() && !base::has_visible(text)) {
        issues.add("", "nothing_visible", "Give a text of which something can be seen.");
    }
    if (rules.format != Format::none && !matches_format(rules.format, text)) {
        add_invalid_format(issues, to_string(rules.format), describe_format(rules.format));
    }
    if (rules.own_format != nullptr && !rules.own_format->fits(text)) {
        add_invalid_format(issues, rules.own_format->name, rules.own_format->meaning);
    }
    if (!rules.pattern.empty() && !matches_pattern(rules.pattern, text)) {
        issues.add("", "pattern", fmt::format("Must match {} as a whole.", rules.pattern),
                   {text_parameter("pattern", rules.pattern)});
    }
    if (rules.one_of != nullptr && !is_name_of(*rules.one_of->enumeration, text))
        add_invalid_value(*rules.one_of->enumeration, issues);
    if (rules.check == nullptr) return;
    if (const std::string_view code = rules.check(text); !code.empty()) {
        issues.add("", code, fmt::format("This value is not accepted: {}.", code));
    }
}

void check_integer(std::int64_t value, Kind kind, const Rules& rules, Issues& issues) {
    const auto [least, greatest] = integer_bounds(kind, rules);
    if (value < least) add_too_small(fmt::format("{}", least), fmt::format("{}", least), issues);
    if (value > greatest) add_too_big(fmt::format("{}", greatest), fmt::format("{}", greatest), issues);
}

void add_integer_too_big(bool negative, Kind kind, const Rules& rules, Issues& issues) {
    const auto [least, greatest] = integer_bounds(kind, rules);
    if (negative) {
        add_too_small(fmt::format("{}", least), fmt::format("{}", least), issues);
    } else {
        add_too_big(fmt::format("{}", greatest), fmt::format("{}", greatest), issues);
    }
}

void check_number(double value, const Rules& rules, Issues& issues) {
    // Negated, so that NaN fails.
    if (!(value >= rules.min_number)) {
        add_too_small(fmt::format("{}", rules.min_number), fmt::format("{}", rules.min_number), issues);
    } else if (!(value <= rules.max_number)) {
        add_too_big(fmt::format("{}", rules.max_number), fmt::format("{}", rules.max_number), issues);
    }
}

void check_quantity(base::Quantity value, const Rules& rules, Issues& issues) {
    // Never beyond what PostgreSQL's numeric(18,4) holds.
    const auto bound = [](std::int64_t ten_thousandths) {
        return base::Quantity{
            std::clamp(ten_thousandths, -base::Quantity::max_ten_thousandths, base::Quantity::max_ten_thousandths)};
    };
    const base::Quantity least = bound(rules.min);
    const base::Quantity greatest = bound(rules.max);
    if (value < least) add_too_small(least.to_string(), json_text(least.to_string()), issues);
    if (value > greatest) add_too_big(greatest.to_string(), json_text(greatest.to_string()), issues);
    if (rules.not_zero && value == base::Quantity{}) issues.add("", "not_zero", "Give a quantity other than zero.");
}

bool check_count(std::size_t count, const Rules& rules, Issues& issues) {
    if (count < rules.min_items) {
        issues.add("", "too_few", fmt::format("Give at least {} item{}.", rules.min_items, plural(rules.min_items)),
                   {number_parameter("minimum", rules.min_items)});
    }
    if (count > rules.max_items) {
        issues.add("", "too_many", fmt::format("Give at most {} item{}.", rules.max_items, plural(rules.max_items)),
                   {number_parameter("maximum", rules.max_items)});
        return false;
    }
    return true;
}

void check_unique(const Type& array, const void* value, Issues& issues) {
    const std::size_t size = array.size(value);
    std::vector<std::pair<std::string, std::size_t>> texts(size);
    for (std::size_t i = 0; i < size; ++i) {
        write_json(*array.element, array.at(value, i), texts[i].first, Members::all);
        texts[i].second = i;
    }
    std::ranges::sort(texts);
    std::vector<std::pair<std::size_t, std::size_t>> repeated;  // position, first position
    for (std::size_t i = 1, first = 0; i < size; ++i) {
        if (texts[i].first != texts[first].first) {
            first = i;
        } else {
            repeated.emplace_back(texts[i].second, texts[first].second);
        }
    }
    std::ranges::sort(repeated);
    for (const auto& [position, first] : repeated) {
        const Issues::Scope scope(issues, position);
        issues.add("", "not_unique", fmt::format("Remove this item: it repeats item {} of the list.", first + 1),
                   {number_parameter("firstIndex", first)});
    }
}

void run_refinements(const ObjectType& object, const void* value, Issues& issues) {
    for (const auto refinement : object.refinements) refinement(value, issues);
}

void check_enumeration(const EnumType& enumeration, const void* value, Issues& issues) {
    if (enumeration.name_of(value).empty()) add_invalid_value(enumeration, issues);
}

void store_integer(Kind kind, void* out, std::int64_t value) {
    switch (kind) {
        case Kind::int16: *static_cast<std::int16_t*>(out) = static_cast<std::int16_t>(value); return;
        case Kind::int32: *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(value); return;
        case Kind::money: static_cast<base::Money*>(out)->minor = value; return;
        case Kind::rate: static_cast<base::Rate*>(out)->ppm = static_cast<std::int32_t>(value); return;
        default: *static_cast<std::int64_t*>(out) = value; return;
    }
}

std::int64_t load_integer(Kind kind, const void* value) {
    switch (kind) {
        case Kind::int16: return *static_cast<const std::int16_t*>(value);
        case Kind::int32: return *static_cast<const std::int32_t*>(value);
        case Kind::money: return static_cast<const base::Money*>(value)->minor;
        case Kind::rate: return static_cast<const base::Rate*>(value)->ppm;
        default: return *static_cast<const std::int64_t*>(value);
    }
}

void read_string_like(const Type& type, void* out, std::string_view text, const Rules& rules, Encoding encoding,
                      Issues& issues) {
    switch (type.kind) {
        case Kind::string: {
            auto& target = *static_cast<std::string*>(out);
            target.assign(text);
            normalise_string(target, rules);
            return check_string(target, rules, encoding, issues);
        }
        case Kind::uuid:
            return store_or(out, base::Uuid::from_string(text), issues, "uuid",
                            "a UUID such as 0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
        case Kind::timestamp:
            return store_or(out, base::parse_timestamp(text), issues, "date-time",
                            "a date and time with an offset (RFC 3339) such as 2026-11-22T09:14:03Z");
        case Kind::date:
            return store_or(out, base::parse_date(text), issues, "date", "a calendar date such as 2026-11-22");
        case Kind::quantity: return read_quantity(out, text, rules, issues);
        case Kind::enumeration: return read_enumeration(*type.enumeration, out, text, issues);
        default: return add_invalid_type(issues, type.kind, "string");
    }
}

}  // namespace schema::detail
