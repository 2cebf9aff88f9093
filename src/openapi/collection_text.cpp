#include "openapi/collection_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "openapi/collection_fresh.h"
#include "schema/schema.h"

namespace openapi {

namespace {

void new_line(std::string& out, std::size_t depth) { out.append("\n").append(2 * depth, ' '); }

std::string js_strings(const std::vector<std::string>& texts) {
    std::vector<std::string> all;
    for (const auto& text : texts) all.push_back(js_string(text));
    return fmt::format("{}", fmt::join(all, ", "));
}

// Members that may be missing on the way: "data[0].id" as "data?.[0]?.id".
std::string careful(std::string_view member) {
    std::string path = "reply?.";
    for (const char c : member) {
        if (c == '.' || c == '[') path += "?.";
        if (c != '.') path += c;
    }
    return path;
}

// What was made is there no more: what the example names is read again.
void add_loss(std::vector<std::string>& lines, const CollectionRequest& request, const ScriptWords& words) {
    if (!request.ended.empty()) lines.push_back("if (succeeded) " + set_line(request.ended, words));
    // Others answer 404 for other reasons, too.
    if (!request.missed.empty() && request.needs.empty())
        lines.push_back(fmt::format("if ({} === 404) {}", words.status, set_line(request.missed, words)));
}

// Where it lies, of what has no body.
void add_place(std::vector<std::string>& lines, const CollectionRequest& request, const ScriptWords& words) {
    std::vector<std::string> variables;
    for (const auto& kept : request.keeps) {
        if (kept.member.empty()) variables.push_back(kept.variable);
    }
    if (variables.empty()) return;
    lines.push_back(fmt::format("const madeAt = String({} || '').split('/').pop();", words.place));
    lines.push_back(fmt::format("if (succeeded && madeAt) for (const name of [{}]) {}(name, madeAt);",
                                js_strings(variables), words.set));
}

}  // namespace

std::size_t end_of_string(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        if (json[at] == '\\') ++at;
    }
    return std::min(at + 1, json.size());
}

std::string indented(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        const char after = at + 1 < json.size() ? json[at + 1] : '\0';
        if (c == '"') {
            const auto end = end_of_string(json, at);
            out.append(json.substr(at, end - at));
            at = end;
            continue;
        }
        ++at;
        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
        if (c == '}' || c == ']') new_line(out, depth > 0 ? --depth : 0);
        out += c;
        if ((c == '{' && after == '}') || (c == '[' && after == ']')) {
            out += after;
            ++at;
        } else if (c == '{' || c == '[') {
            new_line(out, ++depth);
        } else if (c == ',') {
            new_line(out, depth);
        } else if (c == ':') {
            out += ' ';
        }
    }
    return out;
}

std::string js_string(std::string_view text) {
    std::string out;
    schema::write_json_string(text, out);
    return out;
}

std::string with_colons(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (c == '{') out += ':';
        if (c != '{' && c != '}') out += c;
    }
    return out;
}

std::string query_of(const CollectionRequest& request) {
    std::string query;
    for (const auto& value : request.query) {
        if (value.is_sent) query.append(query.empty() ? "?" : "&").append(value.name).append("=").append(value.value);
    }
    return query;
}

std::string with_variables(std::string_view text, std::string_view open, std::string_view close) {
    std::string out;
    while (true) {
        const auto begin = text.find("{{");
        const auto end = begin == std::string_view::npos ? begin : text.find("}}", begin);
        if (end == std::string_view::npos) return out.append(text);
        out.append(text.substr(0, begin)).append(open).append(text.substr(begin + 2, end - begin - 2)).append(close);
        text.remove_prefix(end + 2);
    }
}

std::vector<std::string> tests_of(const CollectionRequest& request, const CollectionOptions& options,
                                  const ScriptWords& words) {
    std::vector<std::string> lines;
    const auto success = fmt::format("[{}]", fmt::join(request.success, ", "));
    lines.push_back(fmt::format("const succeeded = {}.includes({});", success, words.status));
    if (request.needs.empty()) {
        lines.push_back(fmt::format("{}({}, () => {{ {}({}).to.be.oneOf({}); }});", words.test,
                                    js_string(fmt::format("answers {}", fmt::join(request.success, " or "))),
                                    words.expect, words.status, success));
    } else {
        lines.push_back(fmt::format("// It needs more than this: {}", request.needs));
        lines.push_back(fmt::format("{}(\"answers as the document says\", () => {{ {}({}).to.be.oneOf([{}]); }});",
                                    words.test, words.expect, words.status, fmt::join(request.documented, ", ")));
    }
    // The next request logs in.
    if (std::ranges::count(options.ends_login, request.id) > 0)
        lines.push_back(fmt::format("if (succeeded) {}(\"token\", \"\");", words.set));
    add_loss(lines, request, words);
    add_place(lines, request, words);
    if (request.reply_types.empty()) return lines;
    // Some replies may do without a body.
    const auto when = request.reply_members.empty() ? fmt::format(" && {}", words.type) : std::string();
    lines.push_back(fmt::format("if (succeeded{}) {{", when));
    const bool takes_all =
        std::ranges::any_of(request.reply_types, [](const auto& type) { return type.contains('*'); });
    if (!takes_all)
        lines.push_back(fmt::format("  {}({}, () => {{ {}(({} || '').split(';')[0]).to.be.oneOf([{}]); }});",
                                    words.test, js_string(fmt::format("is {}", fmt::join(request.reply_types, " or "))),
                                    words.expect, words.type, js_strings(request.reply_types)));
    if (!request.reply_members.empty())
        lines.push_back(
            fmt::format("  {}(\"has every member of the document\", () => {{ {}({}).to.include.all.keys({}); }});",
                        words.test, words.expect, words.json, js_strings(request.reply_members)));
    const bool is_login = request.id == options.login;
    std::map<std::string, std::vector<std::string>> kept_of;
    for (const auto& kept : request.keeps) {
        if (!kept.member.empty()) kept_of[kept.member].push_back(kept.variable);
    }
    if (is_login || !kept_of.empty()) lines.push_back(fmt::format("  const reply = {};", words.json));
    if (is_login) {
        lines.push_back(fmt::format("  {}(\"token\", reply.{} || \"\");", words.set, options.token_member));
        lines.push_back(fmt::format("  if (reply.{}) {}(\"refused\", \"\");", options.token_member, words.run_set));
    }
    for (const auto& [member, variables] : kept_of)
        lines.push_back(fmt::format("  if ({0}) for (const name of [{2}]) {1}(name, String({0}));", careful(member),
                                    words.set, js_strings(variables)));
    lines.emplace_back("}");
    return lines;
}

std::string set_line(const std::vector<CollectionVariable>& variables, const ScriptWords& words) {
    std::vector<std::string> pairs;
    for (const auto& variable : variables)
        pairs.push_back(fmt::format("{}: {}", variable.name, js_string(variable.value)));
    return fmt::format("for (const [name, value] of Object.entries({{ {} }})) {}(name, value);", fmt::join(pairs, ", "),
                       words.set);
}

std::vector<std::string> fresh_lines(const Collection& collection, const ScriptWords& words) {
    const auto has = [&](std::string_view name) {
        return std::ranges::find(collection.variables, name, &CollectionVariable::name) != collection.variables.end();
    };
    std::vector<std::string> lines{
        "// Each request has a key of its own, and the present time. With keepKey = true it has the last ones: it is "
        "the same attempt, sent again.",
        fmt::format("if (!{0}('key') || {0}('keepKey') !== 'true') {{", words.get),
        fmt::format("  {}('key', {});", words.set, words.uuid)};
    if (has("fresh") || has("freshShort")) {
        lines.emplace_back("  // Digits, for what one row alone may have.");
        lines.push_back(fmt::format(
            "  const digits = String((parseInt({}('key').slice(-12), 16) || Date.now()) % 1e9).padStart(9, '0');",
            words.get));
        if (has("fresh")) lines.push_back(fmt::format("  {}('fresh', digits);", words.set));
        if (has("freshShort")) lines.push_back(fmt::format("  {}('freshShort', digits.slice(3));", words.set));
    }
    for (const auto& time : time_variables) {
        if (!has(time.name)) continue;
        const auto in_days = time.days == 0 ? std::string() : fmt::format(" + {} * 86400000", time.days);
        const auto moment =
            time.is_day
                ? fmt::format(
                      "new Date(Date.now(){} - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 10)",
                      in_days)
                : fmt::format("new Date(Date.now(){}).toISOString()", in_days);
        lines.push_back(fmt::format("  {}('{}', {});", words.set, time.name, moment));
    }
    lines.emplace_back("}");
    return lines;
}

std::string path_with_values(const CollectionRequest& request) {
    auto path = request.path;
    for (const auto& value : request.path_values) {
        const auto place = fmt::format("{{{}}}", value.name);
        if (const auto at = path.find(place); at != std::string::npos) path.replace(at, place.size(), value.value);
    }
    return path;
}

std::string text_of(const CollectionRequest& request) {
    std::string text = request.summary;
    const auto add = [&text](std::string_view more) {
        if (more.empty()) return;
        if (!text.empty()) text += "\n\n";
        text += more;
    };
    add(request.description);
    if (!request.needs.empty()) add(fmt::format("Needs more than this: {}.", request.needs));
    return text;
}

std::string account_names(const Collection& collection) {
    std::vector<std::string> names;
    for (const auto& variable : collection.account) names.push_back(variable.name);
    return fmt::format("[{}]", js_strings(names));
}

std::vector<std::string> whose_lines(const Collection& collection, std::string_view value) {
    std::vector<std::string> names;
    for (const auto& variable : collection.account) {
        if (!variable.is_secret) names.push_back(variable.name);
    }
    const auto values = [value](std::string_view array) {
        return fmt::format("JSON.stringify({}.map((name) => {}))", array, value);
    };
    return {fmt::format("const whose = {};", values(fmt::format("[{}]", js_strings(names)))),
            "// With the password: this run alone knows it.",
            fmt::format("const account = {};", values(account_names(collection)))};
}

std::string is_refusal(std::string_view status) {
    return fmt::format("{0} < 500 && ![408, 425, 429].includes({0})", status);
}

const CollectionRequest* find_login(const Collection& collection) {
    for (const auto& folder : collection.folders) {
        for (const auto& request : folder.requests) {
            if (request.id == collection.options.login) return &request;
        }
    }
    return nullptr;
}

}  // namespace openapi
