// Insomnia's collection format v5. Every text is a double-quoted scalar: JSON's strings are YAML's.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/hash.h"
#include "openapi/collection_text.h"
#include "openapi/json_text.h"

namespace openapi {

namespace {

constexpr ScriptWords words{.test = "insomnia.test",
                            .expect = "insomnia.expect",
                            .status = "insomnia.response.code",
                            .type = "insomnia.response.headers.get('Content-Type')",
                            .place = "insomnia.response.headers.get('Location')",
                            .json = "insomnia.response.json()",
                            .set = "insomnia.baseEnvironment.set",
                            .get = "insomnia.baseEnvironment.get",
                            .run_set = "insomnia.variables.set",
                            .uuid = "insomnia.variables.replaceIn('{{$randomUUID}}')"};

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Lines of a document, by their depth.
class YamlLines {
public:
    YamlLines& member(std::size_t depth, std::string_view name, std::string_view value) {
        text_.append(2 * depth, ' ')
            .append(name)
            .append(":")
            .append(value.empty() ? "" : " ")
            .append(value)
            .append("\n");
        return *this;
    }
    YamlLines& text(std::size_t depth, std::string_view name, std::string_view value) {
        return member(depth, name, js_string(value));
    }
    // The first member of an item of a list.
    YamlLines& item(std::size_t depth, std::string_view name, std::string_view value) {
        return member(depth, "- " + std::string(name), js_string(value));
    }
    [[nodiscard]] std::string take() && { return std::move(text_); }

private:
    std::string text_;
};

// Insomnia knows things by their ids; the same thing has the same in each collection that is made.
std::string id_of(std::string_view prefix, std::string_view name) {
    const auto digest = base::sha256(name);
    return fmt::format("{}_{:02x}", prefix, fmt::join(digest.begin(), digest.begin() + 16, ""));
}

std::string templated(std::string_view text) { return with_variables(text, "{{ _.", " }}"); }

// What the environment sets is a text of its own in JSON: a quote in a password does not end it.
std::string templated_body(const Collection& collection, const std::string& text) {
    auto body = templated(text);
    for (const auto& variable : collection.account) {
        const auto quoted = fmt::format("\"{{{{ _.{} }}}}\"", variable.name);
        const auto dumped = fmt::format("{{{{ _.{} | dump }}}}", variable.name);
        for (auto at = body.find(quoted); at != std::string::npos; at = body.find(quoted, at + dumped.size()))
            body.replace(at, quoted.size(), dumped);
    }
    return body;
}

void add_meta(YamlLines& out, std::size_t depth, const std::string& id, std::string_view description,
              std::size_t sort_key) {
    out.member(depth, "meta", "").text(depth + 1, "id", id);
    out.member(depth + 1, "created", "1").member(depth + 1, "modified", "1");
    out.text(depth + 1, "description", description).member(depth + 1, "sortKey", fmt::format("{}", sort_key));
}

void add_values(YamlLines& out, std::string_view name, const std::vector<CollectionValue>& values) {
    if (values.empty()) return;
    out.member(3, name, "");
    for (const auto& value : values) {
        out.item(4, "name", value.name).text(5, "value", templated(value.value)).text(5, "description", value.doc);
        out.member(5, "disabled", value.is_sent ? "false" : "true");
    }
}

void add_body(YamlLines& out, const Collection& collection, const CollectionRequest& request) {
    if (request.media_type.empty()) return;
    out.member(3, "body", "").text(4, "mimeType", request.media_type);
    if (!request.body.empty()) out.text(4, "text", templated_body(collection, request.body));
    if (request.form.empty()) return;
    out.member(4, "params", "");
    for (const auto& value : request.form) {
        out.item(5, "name", value.name).text(6, "type", "file").text(6, "fileName", "");
        out.member(6, "disabled", value.is_sent ? "false" : "true");
    }
}

std::vector<std::string> login_lines(const Collection& collection, const CollectionRequest& login) {
    return {
        "// Nobody is logged in: the account of the environment is. One that was refused is not tried again in this "
        "run.",
        "if (!insomnia.baseEnvironment.get('token') && insomnia.variables.get('refused') !== account) {",
        fmt::format("  const body = JSON.parse({}, (_, value) => (typeof value === 'string' ? "
                    "insomnia.variables.replaceIn(value) : value));",
                    js_string(login.body)),
        "  const reply = await new Promise((resolve) =>",
        "    insomnia.sendRequest({",
        fmt::format("      url: base + {},", js_string(login.path)),
        fmt::format("      method: {},", js_string(login.method)),
        "      header: { 'Content-Type': 'application/json' },",
        "      body: { mode: 'raw', raw: JSON.stringify(body) },",
        "    }, (error, answer) => resolve(error ? undefined : answer)));",
        "  let token = '';",
        "  try {",
        fmt::format("    if (reply && reply.code < 300) token = reply.json().{} || '';",
                    collection.options.token_member),
        "  } catch (unread) {",
        "    console.log('the log-in has no JSON: ' + unread.message);",
        "  }",
        "  insomnia.baseEnvironment.set('token', token);",
        "  if (token) insomnia.variables.set('refused', '');",
        fmt::format("  else if (reply && {}) insomnia.variables.set('refused', account);", is_refusal("reply.code")),
        fmt::format("  if (!token) console.log('no log-in: ' + (reply ? reply.code : 'no answer') + '. Change the "
                    "account, or send ' + {} + ' by hand.');",
                    js_string(login.id)),
        "}"};
}

// `path`: an expression.
std::vector<std::string> version_lines(std::string_view path) {
    return {
        "// A change says which version it is of: the one that a reply of this path had last. A row that nobody has "
        "read yet "
        "is read first.",
        "const versions = JSON.parse(insomnia.baseEnvironment.get('versions') || '{}');",
        fmt::format("const path = {};", path),
        "let version = versions[path];",
        "const token = insomnia.baseEnvironment.get('token');",
        "if (!version && token) {",
        "  const answer = await new Promise((resolve) =>",
        "    insomnia.sendRequest({",
        "      url: base + path,",
        "      method: 'GET',",
        "      header: { Authorization: 'Bearer ' + token },",
        "    }, (error, got) => resolve(error ? undefined : got)));",
        "  if (answer && answer.code === 200) version = answer.headers.get('ETag');",
        "}",
        R"(insomnia.baseEnvironment.set('ifMatch', version || '"1"');)"};
}

std::vector<std::string> before_of(const Collection& collection, const CollectionRequest& request) {
    std::vector<std::string> lines{
        "// As browsers copy it, with a slash at its end.",
        R"(const base = String(insomnia.variables.get('baseUrl') || '').replace(/\/+$/, '');)",
        "insomnia.baseEnvironment.set('base', base);"};
    append(lines, fresh_lines(collection, words));
    const auto path = fmt::format("insomnia.variables.replaceIn({})", js_string(path_with_values(request)));
    const auto* login = find_login(collection);
    const bool logs_in = login != nullptr && !request.is_public;
    if (logs_in) {
        append(lines, whose_lines(collection, "insomnia.variables.get(name)"));
        append(lines,
               {"// Another account, or another address: nothing of the one before goes there.",
                "if (insomnia.baseEnvironment.get('whose') !== whose) {",
                "  insomnia.baseEnvironment.set('whose', whose);", "  insomnia.baseEnvironment.set('token', '');",
                "  insomnia.baseEnvironment.set('versions', '{}');",
                "  for (const [name, value] of Object.entries(JSON.parse(insomnia.variables.get('seeded')))) "
                "insomnia.baseEnvironment.set(name, value);",
                "}"});
        append(lines, login_lines(collection, *login));
    }
    if (std::ranges::find(request.headers, "If-Match", &CollectionValue::name) != request.headers.end())
        append(lines, version_lines(path));
    return lines;
}

std::vector<std::string> after_of(const Collection& collection, const CollectionRequest& request) {
    const auto path = fmt::format("insomnia.variables.replaceIn({})", js_string(path_with_values(request)));
    std::vector<std::string> lines{
        fmt::format("const path = {};", path),
        "const versions = JSON.parse(insomnia.baseEnvironment.get('versions') || '{}');",
        "const tag = insomnia.response.headers.get('ETag');",
        "const created = (insomnia.response.headers.get('Location') || '').replace(/^https?:\\/\\/[^/]+/, '');",
        "if (tag && insomnia.response.code < 300) versions[created || path] = tag;"};
    if (request.method != "GET")
        append(lines,
               {"// What was changed below a row, or with others, may have another version.",
                fmt::format("for (const known of Object.keys(versions)) if {} delete versions[known];", may_change),
                "if (insomnia.response.code === 412) delete versions[path];"});
    append(lines, {"insomnia.baseEnvironment.set('versions', JSON.stringify(versions));",
                   "if (insomnia.response.code === 401) insomnia.baseEnvironment.set('token', '');"});
    append(lines, tests_of(request, collection.options, words));
    return lines;
}

void add_request(YamlLines& out, const Collection& collection, const CollectionRequest& request, std::size_t number) {
    auto path = request.path;
    // Its path parameters are `:name`, as Postman's.
    out.item(2, "url", templated("{{base}}" + with_colons(path))).text(3, "name", request.id);
    add_meta(out, 3, id_of("req", request.id), text_of(request), number);
    out.text(3, "method", request.method);
    add_body(out, collection, request);
    add_values(out, "parameters", request.query);
    auto headers = request.headers;
    if (!request.media_type.empty()) headers.push_back({.name = "Content-Type", .value = request.media_type});
    add_values(out, "headers", headers);
    if (!request.path_values.empty()) {
        out.member(3, "pathParameters", "");
        for (const auto& value : request.path_values)
            out.item(4, "name", value.name).text(5, "value", templated(value.value));
    }
    out.member(3, "authentication", "");
    if (request.is_public) {
        out.text(4, "type", "none");
    } else {
        out.text(4, "type", "bearer").text(4, "token", "{{ _.token }}");
    }
    out.member(3, "scripts", "");
    out.text(4, "preRequest", fmt::format("{}", fmt::join(before_of(collection, request), "\n")));
    out.text(4, "afterResponse", fmt::format("{}", fmt::join(after_of(collection, request), "\n")));
    out.member(3, "settings", "").member(4, "renderRequestBody", "true").member(4, "encodeUrl", "true");
    out.text(4, "followRedirects", "global").member(4, "rebuildPath", "true");
    out.member(4, "cookies", "").member(5, "send", "true").member(5, "store", "true");
}

}  // namespace

std::string insomnia_collection(const Collection& collection) {
    YamlLines out;
    out.text(0, "type", "collection.insomnia.rest/5.0").text(0, "schema_version", "5.1");
    out.text(0, "name", collection.title);
    add_meta(out, 0, id_of("wrk", collection.title), collection.description, 0);
    out.member(0, "collection", "");
    for (std::size_t number = 0; const auto& folder : collection.folders) {
        out.item(1, "name", folder.name);
        add_meta(out, 2, id_of("fld", folder.name), folder.description, number++);
        out.member(2, "children", "");
        for (std::size_t in_folder = 0; const auto& request : folder.requests)
            add_request(out, collection, request, in_folder++);
    }
    out.member(0, "cookieJar", "").text(1, "name", "Default Jar");
    add_meta(out, 1, id_of("jar", collection.title), "", 0);
    out.member(0, "environments", "").text(1, "name", "Base Environment");
    add_meta(out, 1, id_of("env", collection.title), "", 0);
    out.member(1, "data", "");
    for (const auto& variable : collection.account) out.text(2, variable.name, variable.value);
    out.text(2, "base", collection.options.base_url);
    for (const auto& variable : collection.variables) out.text(2, variable.name, variable.value);
    JsonObject seeded;
    for (const auto& variable : collection.seeded) seeded.text(variable.name, variable.value);
    out.text(2, "seeded", std::move(seeded).take());
    return std::move(out).take();
}

}  // namespace openapi
