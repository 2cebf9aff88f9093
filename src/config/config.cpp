#include "config/config.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"

namespace config {

namespace {

// A line feed of `echo`, or quotes that only a shell or a .env file takes away: both would make another secret, which the other instances
// do not have.
std::string slip_in_secret(std::string_view secret) {
    if (base::trim(secret).size() != secret.size())
        return "has white space at its beginning or end, a line feed perhaps; take it away";
    const char first = secret.front();
    const bool is_quoted =
        secret.size() > 1 && (first == '"' || first == '\'' || first == '`') && secret.back() == first;
    return is_quoted ? "stands in quotes, which would be part of it; take them away" : "";
}

void check_slips(const schema::ObjectType& type, std::span<const schema::TextField> given,
                 std::vector<base::Issue>& issues) {
    for (const auto& [name, text] : given) {
        const auto field = std::ranges::find(type.fields, name, &schema::Field::name);
        if (field == type.fields.end() || !field->rules.write_only) continue;
        if (auto slip = slip_in_secret(text); !slip.empty())
            issues.push_back({"environment", fmt::format("/{}", name), "format", std::move(slip), {}});
    }
}

}  // namespace

std::vector<base::Issue> load_into(const schema::ObjectType& type, void* out, const Environment& environment,
                                   const LoadOptions& options) {
    std::vector<schema::TextField> fields;
    for (const auto& field : type.fields) {
        const auto found = environment.find(field.name);
        if (found != environment.end() && !found->second.empty()) fields.push_back({field.name, found->second});
    }
    std::vector<base::Issue> slips;
    check_slips(type, fields, slips);
    auto error = schema::read_text(type, out, fields, {.in = "environment", .max_issues = options.max_issues});
    if (!error) return slips;
    if (error->malformed == schema::Malformed::none) {
        error->issues.insert(error->issues.end(), std::make_move_iterator(slips.begin()),
                             std::make_move_iterator(slips.end()));
        return std::move(error->issues);
    }
    return {{"environment",
             "",
             std::string(schema::to_string(error->malformed)),
             "Shorten the variables: together they are too long.",
             {}}};
}

namespace {

std::string_view variable_of(const base::Issue& issue) {
    std::string_view name = issue.pointer;
    if (name.starts_with('/')) name.remove_prefix(1);
    return name.substr(0, name.find('/'));
}

const schema::Type& inner_type(const schema::Type& type) {
    const bool holds_one = type.kind == schema::Kind::optional || type.kind == schema::Kind::maybe;
    return holds_one ? inner_type(*type.element) : type;
}

// The JSON text of a value as a person would set it: without quotes, nothing for null.
std::string value_text(const schema::Field& field, const void* settings) {
    const schema::Type& type = *field.type;
    if (type.kind == schema::Kind::maybe && type.peek(field.get(settings)) == nullptr) return {};
    std::string json;
    schema::write_json(type, field.get(settings), json);
    if (json == "null") return {};
    if (json.starts_with('"')) {
        if (auto text = schema::parse<std::string>(json)) return *text;
    }
    if (inner_type(type).kind == schema::Kind::array) {
        if (const auto items = schema::parse<std::vector<schema::Json>>(json)) {
            std::string text;
            for (const auto& item : *items) {
                const auto plain = schema::parse<std::string>(item.text);
                text.append(text.empty() ? "" : ",").append(plain ? *plain : item.text);
            }
            return text;
        }
    }
    return json;
}

// "`a`, `b`" of the pattern "a|b"; empty for any other pattern.
std::string alternatives_of(std::string_view pattern) {
    const auto is_plain = [](char c) { return c == '|' || c == '-' || (c >= 'a' && c <= 'z'); };
    if (!pattern.contains('|') || !std::ranges::all_of(pattern, is_plain)) return {};
    return fmt::format("`{}`", fmt::join(base::split(pattern, '|'), "`, `"));
}

std::string describe_type(const schema::Type& outer, const schema::Rules& rules) {
    using schema::Kind;
    const schema::Type& type = inner_type(outer);
    const auto bounded = [&](std::string_view name) {
        const bool has_min = rules.min > -schema::max_safe_integer;
        const bool has_max = rules.max < schema::max_safe_integer;
        if (has_min && has_max) return fmt::format("{}, {} to {}", name, rules.min, rules.max);
        if (has_min) return fmt::format("{}, at least {}", name, rules.min);
        if (has_max) return fmt::format("{}, at most {}", name, rules.max);
        return std::string(name);
    };
    switch (type.kind) {
        case Kind::boolean: return "`true` or `false`";
        case Kind::int16:
        case Kind::int32:
        case Kind::int64: return bounded("integer");
        case Kind::money: return bounded("integer (minor units)");
        case Kind::rate: return bounded("integer (parts per million)");
        case Kind::number: return "number";
        case Kind::quantity: return "decimal";
        case Kind::uuid: return "UUID";
        case Kind::timestamp: return "date and time (RFC 3339)";
        case Kind::date: return "date";
        case Kind::array: return describe_type(*type.element, rules) + ", several with commas";
        case Kind::enumeration: {
            std::string names;
            for (const auto& one : type.enumeration->values)
                names.append(names.empty() ? "" : ", ").append(fmt::format("`{}`", one.name));
            return names;
        }
        default: break;
    }
    if (auto values = alternatives_of(rules.pattern); !values.empty()) return values;
    std::string text = rules.format == schema::Format::none ? "text" : std::string(schema::to_string(rules.format));
    if (rules.min_length > 1) text += fmt::format(", at least {} characters", rules.min_length);
    return text;
}

// Texts from documentation, tutorials and development that end up in production. In 64 random letters and digits one of six letters
// comes up by chance once in ten million secrets.
bool looks_like_a_placeholder(std::string_view secret) {
    const auto lower = base::ascii_lower(secret);
    constexpr std::array words{"changeit",    "changeme", "change-",  "change_",      "default", "deadbeef",
                               "development", "example",  "insert-",  "keyboard cat", "letmein", "openssl",
                               "passphrase",  "password", "passw0rd", "placeholder",  "qwerty",  "replace",
                               "sample",      "secret",   "your-",    "your_"};
    return std::ranges::any_of(words, [&](std::string_view word) { return lower.contains(word); });
}

bool has_few_characters(std::string_view secret) {
    std::array<bool, 256> seen{};
    for (const char c : secret) seen[static_cast<unsigned char>(c)] = true;
    return std::ranges::count(seen, true) < 10;
}

// "0123456789abcdef0123456789abcdef".
bool is_repeated(std::string_view secret) {
    for (std::size_t period = 1; period <= secret.size() / 2; ++period) {
        if (secret.substr(period) == secret.substr(0, secret.size() - period)) return true;
    }
    return false;
}

// "abcdefgh" or "87654321" anywhere.
bool holds_a_row(std::string_view secret) {
    constexpr int longest = 7;
    int up = 0;
    int down = 0;
    for (std::size_t i = 1; i < secret.size(); ++i) {
        up = secret[i] == secret[i - 1] + 1 ? up + 1 : 0;
        down = secret[i] == secret[i - 1] - 1 ? down + 1 : 0;
        if (up >= longest || down >= longest) return true;
    }
    return false;
}

// Pipes end a cell, line breaks a table.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out.push_back('\\');
        out.push_back(c == '\n' ? ' ' : c);
    }
    return out;
}

std::string default_cell(const schema::ObjectType& type, const schema::Field& field) {
    if (!field.rules.defaulted || field.rules.write_only || type.visit_default == nullptr) return {};
    std::pair<const schema::Field&, std::string> state{field, {}};
    type.visit_default(&state, [](void* erased, const void* settings) {
        auto& [of, text] = *static_cast<std::pair<const schema::Field&, std::string>*>(erased);
        text = value_text(of, settings);
    });
    return state.second.empty() ? std::string() : fmt::format("`{}`", cell(state.second));
}

}  // namespace

std::string report(std::span<const base::Issue> issues) {
    std::size_t width = 0;
    for (const auto& issue : issues) width = std::max(width, variable_of(issue).size());
    std::string text = fmt::format("The configuration has {} fault{}:\n", issues.size(), issues.size() == 1 ? "" : "s");
    for (const auto& issue : issues) text += fmt::format("  {:<{}}  {}\n", variable_of(issue), width, issue.message);
    text += "Set these in the environment or in the .env file (docs/configuration.md lists all of them).\n";
    return text;
}

std::string report(const std::filesystem::path& file, const FileFault& fault) {
    if (fault.line == 0) return fmt::format("{}: {}\n", file.string(), fault.message);
    return fmt::format("{}:{}: {}\n", file.string(), fault.line, fault.message);
}

void check_secret(std::string_view variable, std::string_view secret, schema::Issues& issues) {
    if (!looks_like_a_placeholder(secret) && !has_few_characters(secret) && !is_repeated(secret) &&
        !holds_a_row(secret))
        return;
    issues.add(fmt::format("/{}", variable), "weak_secret",
               "is a weak or published secret; make one with: openssl rand -base64 48");
}

std::string markdown_table(const schema::ObjectType& type) {
    std::string text = "| Variable | Type | Default | Required | Meaning |\n|---|---|---|---|---|\n";
    for (const auto& field : type.fields) {
        if (field.rules.internal) continue;
        text += fmt::format("| `{}` | {}{} | {} | {} | {} |\n", field.name,
                            cell(describe_type(*field.type, field.rules)), field.rules.write_only ? ", secret" : "",
                            default_cell(type, field), field.required() ? "yes" : "", cell(field.rules.doc));
    }
    return text;
}

}  // namespace config
