#include "schema/json_schema.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "schema/formats.h"
#include "schema/rules.h"
#include "schema/schema.h"

namespace schema {

namespace {

// A JSON object, member by member.
class ObjectText {
public:
    void raw(std::string_view name, std::string_view json) {
        text_.push_back(text_.empty() ? '{' : ',');
        write_json_string(name, text_);
        text_.append(":").append(json);
    }
    void text(std::string_view name, std::string_view value) {
        std::string json;
        write_json_string(value, json);
        raw(name, json);
    }
    template <class Number>
    void number(std::string_view name, Number value) {
        raw(name, fmt::format("{}", value));
    }
    // Members that are text already: `"readOnly":true,"default":1`.
    void members(std::string_view json) {
        if (!json.empty()) text_.append(text_.empty() ? "{" : ",").append(json);
    }
    [[nodiscard]] std::string take() && { return text_.empty() ? "{}" : std::move(text_) + "}"; }

private:
    std::string text_;
};

bool holds_one(const Type& type) { return type.kind == Kind::optional || type.kind == Kind::maybe; }

// The type inside optionals, arrays and maps.
const Type& innermost(const Type& type) { return type.element == nullptr ? type : innermost(*type.element); }

bool is_required(const Field& field, Direction direction) {
    if (direction == Direction::input) return field.required();
    return field.type->kind != Kind::maybe && field.rules.permission.empty();
}

bool is_part_of(const Field& field, Direction direction) {
    if (field.rules.internal) return false;
    return direction == Direction::input ? !field.rules.read_only : !field.rules.write_only;
}

bool differs(const ObjectType& object, std::set<const ObjectType*>& visited) {
    if (!visited.insert(&object).second) return false;
    return std::ranges::any_of(object.fields, [&](const Field& field) {
        if (field.rules.internal) return false;
        if (field.rules.read_only || field.rules.write_only) return true;
        if (is_required(field, Direction::input) != is_required(field, Direction::output)) return true;
        const Type& inner = innermost(*field.type);
        return inner.kind == Kind::object && differs(*inner.object, visited);
    });
}

void add_type(ObjectText& schema, std::string_view type, bool nullable) {
    if (nullable) {
        schema.raw("type", fmt::format(R"(["{}","null"])", type));
    } else {
        schema.text("type", type);
    }
}

void add_integer(ObjectText& schema, Kind kind, const Rules& rules, bool nullable) {
    add_type(schema, "integer", nullable);
    std::int64_t least = rules.min;
    std::int64_t greatest = rules.max;
    if (kind == Kind::int16) {
        least = std::max<std::int64_t>(least, std::numeric_limits<std::int16_t>::min());
        greatest = std::min<std::int64_t>(greatest, std::numeric_limits<std::int16_t>::max());
    } else if (kind == Kind::int32 || kind == Kind::rate) {
        schema.text("format", "int32");
        least = std::max<std::int64_t>(least, std::numeric_limits<std::int32_t>::min());
        greatest = std::min<std::int64_t>(greatest, std::numeric_limits<std::int32_t>::max());
    } else {
        schema.text("format", "int64");
    }
    schema.number("minimum", least);
    schema.number("maximum", greatest);
}

void add_string(ObjectText& schema, const Rules& rules, bool nullable) {
    add_type(schema, "string", nullable);
    if (rules.format != Format::none) schema.text("format", to_string(rules.format));
    if (rules.own_format != nullptr) schema.text("format", rules.own_format->name);
    if (rules.min_length > 0) schema.number("minLength", rules.min_length);
    schema.number("maxLength", std::min(rules.max_length, detail::longest_of(rules.format)));
    if (!rules.pattern.empty()) {
        // Compiles it: a pattern that RE2 refuses is found here, at start-up.
        (void)detail::matches_pattern(rules.pattern, "");
        schema.text("pattern", fmt::format("^(?:{})$", rules.pattern));
    } else if (rules.own_format != nullptr && !rules.own_format->pattern.empty()) {
        schema.text("pattern", rules.own_format->pattern);
    } else if (const std::string_view pattern = detail::pattern_of(rules.format); !pattern.empty()) {
        schema.text("pattern", pattern);
    }
}

void add_number(ObjectText& schema, const Rules& rules, bool nullable) {
    add_type(schema, "number", nullable);
    if (rules.min_number != std::numeric_limits<double>::lowest()) schema.number("minimum", rules.min_number);
    if (rules.max_number != std::numeric_limits<double>::max()) schema.number("maximum", rules.max_number);
}

// JSON Schema cannot bound a decimal string: extensions say the bounds to programs, the description to people. Decimals; empty
// where there is no bound but the type's own.
struct QuantityBounds {
    std::string least;
    std::string greatest;
};

QuantityBounds quantity_bounds(const Rules& rules) {
    constexpr std::int64_t whole = base::Quantity::max_ten_thousandths / base::Quantity::scale * base::Quantity::scale;
    QuantityBounds bounds;
    if (rules.min > -whole && rules.min != -max_safe_integer) bounds.least = base::Quantity{rules.min}.to_string();
    if (rules.max < whole && rules.max != max_safe_integer) bounds.greatest = base::Quantity{rules.max}.to_string();
    return bounds;
}

std::string describe_bounds(const Rules& rules) {
    const auto bounds = quantity_bounds(rules);
    std::string text;
    if (!bounds.least.empty()) text += fmt::format(" At least {}.", bounds.least);
    if (!bounds.greatest.empty()) text += fmt::format(" At most {}.", bounds.greatest);
    if (rules.not_zero) text += " Not zero.";
    return text;
}

void add_quantity(ObjectText& schema, const Rules& rules, bool nullable) {
    add_type(schema, "string", nullable);
    schema.text("format", "decimal");
    schema.text("pattern", R"(^-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,4})?$)");
    const auto bounds = quantity_bounds(rules);
    if (!bounds.least.empty()) schema.text("x-minimum", bounds.least);
    if (!bounds.greatest.empty()) schema.text("x-maximum", bounds.greatest);
    if (rules.not_zero) schema.raw("x-not-zero", "true");
}

// What the server does to a text before it looks at it; trimming and NFC are the rule, and not said each time.
void append_text_rule(const Rules& rules, const auto& append) {
    const Text text = rules.text;
    if (text == Text::identifier && rules.format == Format::none) append("Invisible characters are dropped.");
    if (text == Text::code) append("Invisible characters are dropped, small letters become capitals.");
    if (text == Text::email) append("Invisible characters are dropped, capitals become small letters.");
    if (text == Text::phone) append("Read in any spelling, kept as E.164: `+254712345678`.");
}

std::string describe_value(Kind kind, const Rules& rules) {
    std::string text(rules.doc);
    const auto append = [&](std::string_view more) {
        if (!text.empty() && !text.ends_with('.')) text.push_back('.');
        text.append(text.empty() ? more : fmt::format(" {}", more));
    };
    if (kind == Kind::string) append_text_rule(rules, append);
    if (kind == Kind::money && text.find("inor units") == std::string::npos) append("Integer minor units.");
    if (kind == Kind::rate && text.find("per million") == std::string::npos) append("Parts per million.");
    if (!rules.permission.empty())
        append(fmt::format("Sent to readers with the permission `{}` alone.", rules.permission));
    if (kind == Kind::quantity) append("Decimal with at most 4 digits after the point." + describe_bounds(rules));
    return text;
}

void add_scalar(ObjectText& schema, const Type& type, const Rules& rules, bool nullable) {
    switch (type.kind) {
        case Kind::boolean: return add_type(schema, "boolean", nullable);
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::money:
        case Kind::rate: return add_integer(schema, type.kind, rules, nullable);
        case Kind::number: return add_number(schema, rules, nullable);
        case Kind::string: return add_string(schema, rules, nullable);
        case Kind::quantity: return add_quantity(schema, rules, nullable);
        case Kind::uuid:
        case Kind::timestamp:
        case Kind::date:
            add_type(schema, "string", nullable);
            return schema.text("format", type.kind == Kind::uuid   ? "uuid"
                                         : type.kind == Kind::date ? "date"
                                                                   : "date-time");
        default: return;  // json: any value, so no constraint
    }
}

std::string render_enumeration(const EnumType& enumeration) {
    std::string names = "[";
    for (const auto& one : enumeration.values) {
        if (names.size() > 1) names.push_back(',');
        write_json_string(one.name, names);
    }
    ObjectText schema;
    schema.text("type", "string");
    schema.raw("enum", names + "]");
    return std::move(schema).take();
}

// JSON text; "" where there is none, or it is nobody's to see.
std::string default_of(const ObjectType& object, const Field& field) {
    if (!field.rules.defaulted || field.rules.write_only || object.visit_default == nullptr) return {};
    std::pair<const Field&, std::string> state{field, {}};
    object.visit_default(&state, [](void* erased, const void* value) {
        auto& [of, json] = *static_cast<std::pair<const Field&, std::string>*>(erased);
        write_json(*of.type, of.get(value), json);
    });
    return std::move(state.second);
}

// Members that are text already.
std::string access_of(const Field& field) {
    if (field.rules.read_only) return R"("readOnly":true)";
    return field.rules.write_only ? R"("writeOnly":true)" : "";
}

std::string with_default(std::string_view doc, std::string_view json) {
    if (json.empty() || json == "null") return std::string(doc);
    std::string text(doc);
    if (!text.empty()) text += text.ends_with('.') ? " " : ". ";
    return text + fmt::format("When left out: `{}`.", json);
}

}  // namespace

Components::Names& Components::claim(std::string_view name, const void* owner) {
    Names& names = names_.try_emplace(std::string(name)).first->second;
    if (names.owner == nullptr) names.owner = owner;
    if (names.owner != owner) throw std::logic_error(fmt::format("schema: two types are named {}", name));
    return names;
}

void Components::announce(const Type& type, Direction direction) {
    const Type& inner = innermost(type);
    if (inner.kind != Kind::object || !announced_.emplace(inner.object, direction).second) return;
    if (!inner.patch) {
        Names& names = claim(inner.object->name, inner.object);
        (direction == Direction::input ? names.has_input : names.has_output) = true;
    }
    for (const Field& field : inner.object->fields) {
        if (is_part_of(field, direction)) announce(*field.type, direction);
    }
}

std::string Components::name_of(const ObjectType& object, Direction direction) {
    std::string name(object.name);
    Names& names = claim(name, &object);
    std::set<const ObjectType*> visited;
    if (!differs(object, visited)) return name;
    if (!names.is_given) {
        names.is_given = true;
        names.plain = names.has_input && names.has_output ? Direction::output : direction;
    }
    if (names.plain == direction) return name;
    return name + (direction == Direction::input ? "Input" : "Output");
}

std::string Components::reference(const Type& type, Direction direction) {
    std::string name;
    if (type.kind == Kind::enumeration) {
        name = type.enumeration->name;
        claim(name, type.enumeration);
        schemas_.try_emplace(name, render_enumeration(*type.enumeration));
    } else {
        name = type.patch ? std::string(type.object->name) + "Patch" : name_of(*type.object, direction);
        if (name != type.object->name) claim(name, type.object);
        // The place is taken before the object is rendered, so that one which contains itself comes to an end.
        if (schemas_.try_emplace(name).second) {
            std::string text = render_object(*type.object, direction, type.patch);
            schemas_[name] = std::move(text);
        }
    }
    return fmt::format("\"#/components/schemas/{}\"", name);
}

std::string Components::partial_of(const ObjectType& object) {
    const std::string name = std::string(object.name) + "Partial";
    claim(name, &object);
    if (schemas_.try_emplace(name).second) schemas_[name] = render_object(object, Direction::output, true);
    return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", name);
}

std::string Components::member_schema(const ObjectType& object, const Field& field, Direction direction,
                                      bool all_optional) {
    Rules rules = field.rules;
    // A patch sets what it names and nothing else: no default applies.
    const bool may_be_left_out = direction == Direction::input && !all_optional;
    const auto doc = with_default(rules.doc, may_be_left_out ? default_of(object, field) : std::string());
    rules.doc = doc;
    return render(*field.type, direction, rules, false, all_optional ? std::string() : access_of(field));
}

std::string Components::render_object(const ObjectType& object, Direction direction, bool all_optional) {
    ObjectText properties;
    std::string required;
    for (const Field& field : object.fields) {
        if (!is_part_of(field, direction)) continue;
        properties.raw(field.name, member_schema(object, field, direction, all_optional));
        if (all_optional || !is_required(field, direction)) continue;
        required.push_back(required.empty() ? '[' : ',');
        write_json_string(field.name, required);
    }
    ObjectText schema;
    schema.text("type", "object");
    if (!object.doc.empty()) schema.text("description", object.doc);
    schema.raw("properties", std::move(properties).take());
    if (!required.empty()) schema.raw("required", required + "]");
    schema.raw("additionalProperties", object.unknown_keys == UnknownKeys::keep ? "true" : "false");
    return std::move(schema).take();
}

std::string Components::render(const Type& type, Direction direction, const Rules& rules, bool nullable,
                               std::string_view extra) {
    if (holds_one(type)) {
        return render(*type.element, direction, rules, nullable || type.kind == Kind::optional, extra);
    }
    ObjectText schema;
    Rules item_rules = rules;
    item_rules.doc = {};
    item_rules.example = {};
    item_rules.permission = {};
    const Type& shown = type.kind == Kind::string && rules.one_of != nullptr ? *rules.one_of : type;
    if (shown.kind == Kind::object || shown.kind == Kind::enumeration) {
        const std::string target = reference(shown, direction);
        if (nullable) {
            schema.raw("anyOf", fmt::format(R"([{{"$ref":{}}},{{"type":"null"}}])", target));
        } else {
            schema.raw("$ref", target);
        }
    } else if (type.kind == Kind::array) {
        add_type(schema, "array", nullable);
        schema.raw("items", render(*type.element, direction, item_rules, false, {}));
        if (rules.min_items > 0) schema.number("minItems", rules.min_items);
        schema.number("maxItems", rules.max_items);
        if (rules.unique_items) schema.raw("uniqueItems", "true");
    } else if (type.kind == Kind::map) {
        add_type(schema, "object", nullable);
        schema.raw("additionalProperties", render(*type.element, direction, item_rules, false, {}));
        if (rules.min_items > 0) schema.number("minProperties", rules.min_items);
        schema.number("maxProperties", rules.max_items);
    } else {
        add_scalar(schema, type, rules, nullable);
    }
    if (!rules.permission.empty()) schema.text("x-permission", rules.permission);
    if (const std::string text = describe_value(shown.kind, rules); !text.empty()) schema.text("description", text);
    if (!rules.example.empty()) schema.raw("examples", fmt::format("[{}]", rules.example));
    schema.members(extra);
    return std::move(schema).take();
}

std::string Components::schema_of(const Type& type, Direction direction, const Rules& rules) {
    return render(type, direction, rules, false, {});
}

std::string Components::schema_of(const ObjectType& object, const Field& field, Direction direction) {
    auto more = access_of(field);
    const auto json = default_of(object, field);
    // An empty Maybe is no value at all.
    const bool is_value = !json.empty() && !(field.type->kind == Kind::maybe && json == "null");
    if (is_value) more += fmt::format(R"({}"default":{})", more.empty() ? "" : ",", json);
    return render(*field.type, direction, field.rules, false, more);
}

}  // namespace schema
