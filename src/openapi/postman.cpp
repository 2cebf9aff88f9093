// Postman's collection format v2.1: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/
#include <fmt/format.h>

#include <iterator>

#include "base/strings.h"
#include "http/status.h"
#include "openapi/collection_text.h"
#include "openapi/json_text.h"
#include "schema/schema.h"

namespace openapi {

namespace {

constexpr ScriptWords words{.test = "pm.test",
                            .expect = "pm.expect",
                            .status = "pm.response.code",
                            .type = "pm.response.headers.get('Content-Type')",
                            .place = "pm.response.headers.get('Location')",
                            .json = "pm.response.json()",
                            .set = "pm.collectionVariables.set",
                            .get = "pm.variables.get",
                            .run_set = "pm.variables.set",
                            .uuid = "pm.variables.replaceIn('{{$guid}}')"};

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Nothing of an account goes to another one, or to another address.
std::vector<std::string> whose(const Collection& collection) {
    auto lines = whose_lines(collection, "pm.variables.replaceIn('{{' + name + '}}')");
    append(lines, {"if (pm.collectionVariables.get('whose') !== whose) {",
                   "  // Another account, or another address: nothing of the one before goes there.",
                   "  pm.collectionVariables.set('whose', whose);", "  pm.collectionVariables.set('token', '');",
                   "  pm.collectionVariables.set('versions', '');", "  " + set_line(collection.seeded, words), "}"});
    return lines;
}

// JSON of what the environment sets.
std::vector<std::string> sound_body(const Collection& collection) {
    return {"// A quote in a password does not end the text that it stands in. What is no JSON is sent as it is.",
            "const raw = (pm.request.body && pm.request.body.raw) || '';",
            fmt::format("if ({}.some((name) => raw.includes('{{{{' + name + '}}}}'))) {{", account_names(collection)),
            "  try {",
            "    const sent = JSON.parse(raw, (_, value) => (typeof value === 'string' ? pm.variables.replaceIn(value) "
            ": value));",
            "    pm.request.body.update({ mode: 'raw', raw: JSON.stringify(sent, null, 2), options: { raw: { language: "
            "'json' } } });",
            "  } catch (error) {",
            "    console.log('the body is no JSON: ' + error.message);",
            "  }",
            "}"};
}

std::string event(std::string_view listen, const std::vector<std::string>& lines) {
    JsonArray script;
    for (const auto& line : lines) script.text(line);
    JsonObject code;
    code.text("type", "text/javascript").raw("exec", std::move(script).take());
    return std::move(JsonObject().text("listen", listen).raw("script", std::move(code).take())).take();
}

// In front of every request.
std::vector<std::string> before(const Collection& collection) {
    std::vector<std::string> lines{
        "// As browsers copy it, with a slash at its end, or with variables in it. A run may have several.",
        "const base = [pm.iterationData, pm.environment, pm.collectionVariables].map((one) => "
        "one.get('baseUrl')).find(Boolean);",
        R"(pm.variables.set('baseUrl', pm.variables.replaceIn(String(base || '')).replace(/\/+$/, ''));)"};
    append(lines, fresh_lines(collection, words));
    const auto* login = find_login(collection);
    if (login != nullptr) append(lines, whose(collection));
    append(lines, {"// A change says which version it is of: the one that a reply of this path had last.",
                   "const versions = JSON.parse(pm.collectionVariables.get('versions') || '{}');",
                   "const path = pm.variables.replaceIn(pm.request.url.getPath());",
                   R"(pm.collectionVariables.set('ifMatch', versions[path] || '"1"');)"});
    if (login == nullptr) return lines;
    append(lines, sound_body(collection));
    append(
        lines,
        {"// A row that nobody has read yet is read first.",
         "const readVersion = () => {",
         "  if (versions[path] || !pm.collectionVariables.get('token') || !pm.request.headers.has('If-Match')) return;",
         "  const header = { Authorization: 'Bearer ' + pm.collectionVariables.get('token') };",
         "  pm.sendRequest({ url: pm.variables.get('baseUrl') + path, method: 'GET', header }, (error, reply) => {",
         "    const tag = !error && reply.code === 200 && reply.headers.get('ETag');",
         "    if (tag) pm.collectionVariables.set('ifMatch', tag);",
         "  });",
         "};",
         "// Nobody is logged in: the account of the environment is. One that was refused is not tried again in this "
         "run.",
         fmt::format("if (!pm.variables.get('token') && pm.variables.get('refused') !== account && "
                     "pm.info.requestName !== {}) {{",
                     js_string(login->id)),
         fmt::format("  const body = JSON.parse({}, (_, value) => (typeof value === 'string' ? "
                     "pm.variables.replaceIn(value) : value));",
                     js_string(login->body)),
         "  const login = {",
         fmt::format("    url: pm.variables.replaceIn({}),", js_string("{{baseUrl}}" + login->path)),
         fmt::format("    method: {},", js_string(login->method)),
         "    header: { 'Content-Type': 'application/json' },",
         "    body: { mode: 'raw', raw: JSON.stringify(body) },",
         "  };",
         "  pm.sendRequest(login, (error, reply) => {",
         "    if (error) return console.log('no log-in: ' + error);",
         "    let token = '';",
         "    try {",
         fmt::format("      if (reply.code < 300) token = reply.json().{} || '';", collection.options.token_member),
         "    } catch (unread) {",
         "      console.log('the log-in has no JSON: ' + unread.message);",
         "    }",
         "    pm.collectionVariables.set('token', token);",
         "    if (!token) {",
         fmt::format("      if ({}) pm.variables.set('refused', account);", is_refusal("reply.code")),
         fmt::format(
             "      return console.log('no log-in: ' + reply.code + ' ' + (reply.code < 300 ? 'without a token.' "
             ": reply.text()) + ' Change the account, or send ' + {} + ' by hand.');",
             js_string(login->id)),
         "    }",
         "    pm.variables.set('refused', '');",
         "    readVersion();",
         "  });",
         "} else {",
         "  readVersion();",
         "}"});
    return lines;
}

// Behind every reply.
std::vector<std::string> after() {
    return {"const type = pm.response.headers.get('Content-Type') || '';",
            "if (type.startsWith('application/problem+json')) {",
            "  pm.test('the problem says what to do next', () => {",
            "    pm.expect(pm.response.json()).to.include.all.keys('type', 'title', 'status', 'code', 'retriable', "
            "'action');",
            "  });",
            "}",
            "// A token that is no good any more: the next request logs in.",
            "if (pm.response.code === 401) pm.collectionVariables.set('token', '');",
            "const versions = JSON.parse(pm.collectionVariables.get('versions') || '{}');",
            "const path = pm.request.url.getPath();",
            "const tag = pm.response.headers.get('ETag');",
            "if (tag && pm.response.code < 300) {",
            "  const created = (pm.response.headers.get('Location') || '').replace(/^https?:\\/\\/[^/]+/, '');",
            "  versions[created || path] = tag;",
            "}",
            "// What was changed below a row, or with others, may have another version.",
            "for (const known of Object.keys(versions)) {",
            fmt::format("  if (pm.request.method !== 'GET' && {}) delete versions[known];", may_change),
            "}",
            "if (pm.response.code === 412) delete versions[path];",
            "pm.collectionVariables.set('versions', JSON.stringify(versions));"};
}

std::string variables(const std::vector<CollectionVariable>& all) {
    JsonArray array;
    for (const auto& variable : all) {
        JsonObject object;
        object.text("key", variable.name).text("value", variable.value);
        array.raw(std::move(object.text("type", variable.is_secret ? "secret" : "string")).take());
    }
    return std::move(array).take();
}

std::string values(const std::vector<CollectionValue>& all, bool can_be_off) {
    JsonArray array;
    for (const auto& value : all) {
        JsonObject object;
        object.text("key", value.name).text("value", value.value).text_unless_empty("description", value.doc);
        if (can_be_off && !value.is_sent) object.flag("disabled", true);
        array.raw(std::move(object).take());
    }
    return std::move(array).take();
}

std::string url_of(const CollectionRequest& request) {
    const auto raw = "{{baseUrl}}" + with_colons(request.path) + query_of(request);
    JsonArray path;
    for (const auto part : base::split(std::string_view(request.path).substr(1), '/')) path.text(with_colons(part));
    JsonObject url;
    url.text("raw", raw).raw("host", R"(["{{baseUrl}}"])").raw("path", std::move(path).take());
    if (!request.query.empty()) url.raw("query", values(request.query, true));
    if (!request.path_values.empty()) url.raw("variable", values(request.path_values, false));
    return std::move(url).take();
}

std::string body_of(const CollectionRequest& request) {
    JsonObject body;
    if (!request.body.empty()) {
        body.text("mode", "raw").text("raw", request.body);
        return std::move(body.raw("options", R"({"raw":{"language":"json"}})")).take();
    }
    if (request.form.empty()) return std::move(body.text("mode", "file").raw("file", "{}")).take();
    JsonArray form;
    for (const auto& value : request.form) {
        JsonObject part;
        part.text("key", value.name).text("type", "file").raw("src", "[]");
        if (!value.is_sent) part.flag("disabled", true);
        form.raw(std::move(part).take());
    }
    return std::move(body.text("mode", "formdata").raw("formdata", std::move(form).take())).take();
}

// `with_text`: beside a saved reply there is none.
std::string request_object(const CollectionRequest& request, bool with_text) {
    JsonObject object;
    object.text("method", request.method);
    if (request.is_public) object.raw("auth", R"({"type":"noauth"})");
    auto headers = request.headers;
    if (!request.media_type.empty() && request.form.empty())
        headers.push_back({.name = "Content-Type", .value = request.media_type});
    object.raw("header", values(headers, true)).raw("url", url_of(request));
    if (!request.media_type.empty()) object.raw("body", body_of(request));
    if (with_text) object.text_unless_empty("description", text_of(request));
    return std::move(object).take();
}

std::string saved_replies(const CollectionRequest& request) {
    if (request.reply.empty()) return "[]";
    const auto status = request.success.front();
    JsonObject reply;
    reply.text("name", fmt::format("{} of the demo data", status))
        .raw("originalRequest", request_object(request, false));
    reply.text("status", http::reason_phrase(status)).number("code", status);
    reply.text("_postman_previewlanguage", "json");
    reply.raw("header", R"([{"key":"Content-Type","value":"application/json"}])").raw("cookie", "[]");
    reply.text("body", request.reply);
    return std::move(JsonArray().raw(std::move(reply).take())).take();
}

std::string item_of(const CollectionRequest& request, const CollectionOptions& options) {
    JsonObject item;
    item.text("name", request.id);
    item.raw("event", std::move(JsonArray().raw(event("test", tests_of(request, options, words)))).take());
    return std::move(item.raw("request", request_object(request, true)).raw("response", saved_replies(request))).take();
}

std::string folder_of(const CollectionFolder& folder, const CollectionOptions& options) {
    JsonArray items;
    for (const auto& request : folder.requests) items.raw(item_of(request, options));
    JsonObject object;
    object.text("name", folder.name).text_unless_empty("description", folder.description);
    return std::move(object.raw("item", std::move(items).take())).take();
}

struct EnvironmentValue {
    std::string key;
    std::string value;
    bool enabled = true;
    friend constexpr auto describe(EnvironmentValue*) {
        using schema::field;
        return schema::object<EnvironmentValue>("EnvironmentValue", field<&EnvironmentValue::key>("key"),
                                                field<&EnvironmentValue::value>("value", {.defaulted = true}),
                                                field<&EnvironmentValue::enabled>("enabled", {.defaulted = true}));
    }
};

struct EnvironmentValues {
    std::vector<EnvironmentValue> values;
    friend constexpr auto describe(EnvironmentValues*) {
        return schema::object<EnvironmentValues>("EnvironmentValues",
                                                 schema::field<&EnvironmentValues::values>("values"));
    }
};

}  // namespace

std::optional<std::string> postman_base_url(std::string_view environment) {
    const auto read = schema::parse<EnvironmentValues>(environment, {.lenient = true});
    if (!read) return std::nullopt;
    for (const auto& value : read->values) {
        if (value.key == base_url_name && value.enabled) return value.value;
    }
    return std::nullopt;
}

std::string postman_collection(const Collection& collection) {
    JsonObject info;
    info.text("name", collection.title).text("version", collection.version);
    info.text_unless_empty("description", collection.description);
    info.text("schema", "https://schema.getpostman.com/json/collection/v2.1.0/collection.json");
    JsonArray items;
    for (const auto& folder : collection.folders) items.raw(folder_of(folder, collection.options));
    auto all = collection.account;
    all.insert(all.end(), collection.variables.begin(), collection.variables.end());
    JsonArray events;
    events.raw(event("prerequest", before(collection))).raw(event("test", after()));
    JsonObject object;
    object.raw("info", std::move(info).take()).raw("item", std::move(items).take());
    object.raw("auth", R"({"type":"bearer","bearer":[{"key":"token","value":"{{token}}","type":"string"}]})");
    object.raw("event", std::move(events).take()).raw("variable", variables(all));
    return indented(std::move(object).take()) + "\n";
}

std::string postman_environment(const Collection& collection) {
    JsonArray values;
    for (const auto& variable : collection.account) {
        JsonObject value;
        value.text("key", variable.name).text("value", variable.value);
        value.text("type", variable.is_secret ? "secret" : "default").flag("enabled", true);
        values.raw(std::move(value).take());
    }
    JsonObject object;
    object.text("name", collection.title + ", this machine").raw("values", std::move(values).take());
    return indented(std::move(object.text("_postman_variable_scope", "environment")).take()) + "\n";
}

}  // namespace openapi
