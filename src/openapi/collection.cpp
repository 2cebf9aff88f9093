#include "openapi/collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "base/strings.h"
#include "http/operation.h"
#include "http/router.h"
#include "openapi/collection_text.h"
#include "openapi/problem_responses.h"
#include "schema/schema.h"

namespace openapi {

namespace {

using schema::Json;

template <class T>
using Members = std::map<std::string, T>;

constexpr std::uint32_t any_number = 1'000'000;

// ---- What is read of the document ------------------------------------------------------------------------------------------

struct LinkView {
    std::string operation;
    Members<std::string> parameters;
    friend constexpr auto describe(LinkView*) {
        using schema::field;
        return schema::object<LinkView>("LinkView", field<&LinkView::operation>("operationId"),
                                        field<&LinkView::parameters>("parameters", {.defaulted = true}));
    }
};

struct SchemaView {
    Json default_value;
    std::vector<Json> examples;
    Members<Json> properties;
    std::vector<std::string> required;
    friend constexpr auto describe(SchemaView*) {
        using schema::field;
        return schema::object<SchemaView>(
            "SchemaView", field<&SchemaView::default_value>("default", {.defaulted = true}),
            field<&SchemaView::examples>("examples", {.max_items = any_number, .defaulted = true}),
            field<&SchemaView::properties>("properties", {.max_items = any_number, .defaulted = true}),
            field<&SchemaView::required>("required", {.max_items = any_number, .defaulted = true}));
    }
};

struct MediaView {
    Json schema;
    Json example;
    friend constexpr auto describe(MediaView*) {
        using schema::field;
        return schema::object<MediaView>("MediaView", field<&MediaView::schema>("schema", {.defaulted = true}),
                                         field<&MediaView::example>("example", {.defaulted = true}));
    }
};

struct BodyView {
    Members<MediaView> content;
    friend constexpr auto describe(BodyView*) {
        return schema::object<BodyView>("BodyView", schema::field<&BodyView::content>("content", {.defaulted = true}));
    }
};

struct ReplyView {
    Members<MediaView> content;
    Members<LinkView> links;
    friend constexpr auto describe(ReplyView*) {
        using schema::field;
        return schema::object<ReplyView>(
            "ReplyView", field<&ReplyView::content>("content", {.defaulted = true}),
            field<&ReplyView::links>("links", {.max_items = any_number, .defaulted = true}));
    }
};

struct ParameterView {
    std::string name;
    std::string in;
    std::string description;
    SchemaView schema;
    Json example;
    friend constexpr auto describe(ParameterView*) {
        using schema::field;
        return schema::object<ParameterView>("ParameterView", field<&ParameterView::name>("name"),
                                             field<&ParameterView::in>("in"),
                                             field<&ParameterView::description>("description", {.defaulted = true}),
                                             field<&ParameterView::schema>("schema", {.defaulted = true}),
                                             field<&ParameterView::example>("example", {.defaulted = true}));
    }
};

struct OperationView {
    std::string id;
    std::string summary;
    std::string description;
    std::string needs;
    std::vector<std::string> tags;
    std::vector<ParameterView> parameters;
    BodyView body;
    Members<ReplyView> replies;
    std::vector<Json> security;
    friend constexpr auto describe(OperationView*) {
        using schema::field;
        return schema::object<OperationView>("OperationView", field<&OperationView::id>("operationId"),
                                             field<&OperationView::summary>("summary", {.defaulted = true}),
                                             field<&OperationView::description>("description", {.defaulted = true}),
                                             field<&OperationView::needs>("x-needs", {.defaulted = true}),
                                             field<&OperationView::tags>("tags", {.defaulted = true}),
                                             field<&OperationView::parameters>("parameters", {.defaulted = true}),
                                             field<&OperationView::body>("requestBody", {.defaulted = true}),
                                             field<&OperationView::replies>("responses", {.defaulted = true}),
                                             field<&OperationView::security>("security", {.defaulted = true}));
    }
};

struct PathView {
    schema::Maybe<OperationView> get;
    schema::Maybe<OperationView> put;
    schema::Maybe<OperationView> post;
    schema::Maybe<OperationView> patch;
    schema::Maybe<OperationView> remove;
    friend constexpr auto describe(PathView*) {
        using schema::field;
        return schema::object<PathView>("PathView", field<&PathView::get>("get"), field<&PathView::put>("put"),
                                        field<&PathView::post>("post"), field<&PathView::patch>("patch"),
                                        field<&PathView::remove>("delete"));
    }

    void for_each(const auto& use) const {
        if (get) use("GET", *get);
        if (put) use("PUT", *put);
        if (post) use("POST", *post);
        if (patch) use("PATCH", *patch);
        if (remove) use("DELETE", *remove);
    }
};

struct TagView {
    std::string name;
    std::string description;
    friend constexpr auto describe(TagView*) {
        using schema::field;
        return schema::object<TagView>("TagView", field<&TagView::name>("name"),
                                       field<&TagView::description>("description", {.defaulted = true}));
    }
};

struct InfoView {
    std::string title;
    std::string version;
    std::string description;
    friend constexpr auto describe(InfoView*) {
        using schema::field;
        return schema::object<InfoView>("InfoView", field<&InfoView::title>("title"),
                                        field<&InfoView::version>("version"),
                                        field<&InfoView::description>("description", {.defaulted = true}));
    }
};

struct ComponentsView {
    Members<SchemaView> schemas;
    friend constexpr auto describe(ComponentsView*) {
        return schema::object<ComponentsView>(
            "ComponentsView",
            schema::field<&ComponentsView::schemas>("schemas", {.max_items = any_number, .defaulted = true}));
    }
};

struct WholeDocument {
    InfoView info;
    std::vector<TagView> tags;
    Members<PathView> paths;
    ComponentsView components;
    friend constexpr auto describe(WholeDocument*) {
        using schema::field;
        return schema::object<WholeDocument>(
            "WholeDocument", field<&WholeDocument::info>("info"),
            field<&WholeDocument::tags>("tags", {.max_items = any_number, .defaulted = true}),
            field<&WholeDocument::paths>("paths", {.max_items = any_number}),
            field<&WholeDocument::components>("components", {.defaulted = true}));
    }
};

// ---- Texts -------------------------------------------------------------------------------------------------------------------

bool is_there(const Json& json) { return !json.text.empty() && json.text != "null"; }

// As it stands in a URL or a header: a string without its quotes, a list with commas.
std::string as_text(const Json& json) {
    if (json.text.starts_with('"')) {
        const auto text = schema::parse<std::string>(json.text);
        return text ? *text : std::string();
    }
    if (!json.text.starts_with('[')) return json.text;
    std::string all;
    const auto items = schema::parse<std::vector<Json>>(json.text);
    if (!items) return all;
    for (const auto& item : *items) all.append(all.empty() ? "" : ",").append(as_text(item));
    return all;
}

// Every `"name":"…"` of a JSON text with another value.
void replace_member(std::string& json, std::string_view name, std::string_view value) {
    const auto begin = fmt::format("\"{}\":\"", name);
    for (auto at = json.find(begin); at != std::string::npos; at = json.find(begin, at)) {
        at += begin.size();
        const auto end = json.find('"', at);
        if (end == std::string::npos) return;
        json.replace(at, end - at, value);
    }
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

// "$response.body#/data/0/id": "data[0].id".
std::string member_of(std::string_view expression) {
    constexpr std::string_view body = "$response.body#/";
    if (!expression.starts_with(body)) return {};
    std::string member;
    for (const auto part : base::split(expression.substr(body.size()), '/')) {
        const bool is_index = !part.empty() && std::ranges::all_of(part, base::is_ascii_digit);
        if (is_index) {
            member += fmt::format("[{}]", part);
        } else {
            member.append(member.empty() ? "" : ".").append(part);
        }
    }
    return member;
}

// createWebhook, "id": "createWebhookId".
std::string variable_of(std::string_view operation, std::string_view member) {
    const auto last =
        member.substr(member.find_last_of('.') == std::string_view::npos ? 0 : member.find_last_of('.') + 1);
    std::string name(operation);
    name += static_cast<char>(last.front() >= 'a' && last.front() <= 'z' ? last.front() - 'a' + 'A' : last.front());
    return name.append(last.substr(1));
}

constexpr std::string_view key_variable = "{{key}}";
constexpr std::string_view version_variable = "{{ifMatch}}";

// ---- From one to the other -----------------------------------------------------------------------------------------------------

class CollectionReader {
public:
    CollectionReader(WholeDocument document, const std::vector<std::string>& order, CollectionOptions options)
        : document_(std::move(document)), order_(order) {
        collection_.title = document_.info.title;
        collection_.version = document_.info.version;
        collection_.description = document_.info.description;
        collection_.options = std::move(options);
    }

    Collection read() {
        for (const auto& [path, item] : document_.paths)
            item.for_each([this](std::string_view, const OperationView& operation) { note_links(operation); });
        for (const auto& [path, item] : document_.paths) {
            item.for_each([this, &at = path](std::string_view method, const OperationView& operation) {
                if (ends(operation)) requests_.emplace(operation.id, request_of(at, method, operation));
            });
        }
        for (const auto& tag : document_.tags) add_folder(tag);
        add_variables();
        return std::move(collection_);
    }

private:
    void note_links(const OperationView& operation) {
        for (const auto& [status, reply] : operation.replies) {
            for (const auto& [name, link] : reply.links) {
                for (const auto& [parameter, expression] : link.parameters) {
                    const auto member = member_of(expression);
                    if (member.empty()) continue;
                    const auto variable = variable_of(operation.id, member);
                    taken_[link.operation].emplace(parameter, variable);
                    auto& kept = kept_[operation.id];
                    if (std::ranges::find(kept, variable, &CollectionKept::variable) == kept.end())
                        kept.push_back({variable, member});
                }
            }
        }
    }

    // A stream of events does not, and a WebSocket (101) is opened by another kind of client.
    static bool ends(const OperationView& operation) {
        bool streams = false;
        for (const auto& [status, reply] : operation.replies) {
            if (status == "101") return false;
            if (!status.starts_with('2')) continue;
            for (const auto& [type, media] : reply.content) {
                if (type != "text/event-stream") return true;
                streams = true;
            }
        }
        return !streams;
    }

    CollectionRequest request_of(const std::string& path, std::string_view method, const OperationView& operation) {
        CollectionRequest request{.id = operation.id, .method = std::string(method), .path = path};
        request.tag = operation.tags.empty() ? std::string() : operation.tags.front();
        request.summary = operation.summary;
        request.description = operation.description;
        request.needs = operation.needs;
        request.is_public = operation.security.empty();
        for (const auto& parameter : operation.parameters) add_parameter(request, parameter);
        add_body(request, operation.body);
        for (const auto& [status, reply] : operation.replies) add_reply(request, status, reply);
        if (const auto kept = kept_.find(operation.id); kept != kept_.end()) request.keeps = kept->second;
        return request;
    }

    void add_parameter(CollectionRequest& request, const ParameterView& parameter) {
        const bool is_sent = is_there(parameter.example);
        const auto& schema = parameter.schema;
        auto json = parameter.example;
        if (!is_sent) json = schema.examples.empty() ? schema.default_value : schema.examples.front();
        CollectionValue value{
            .name = parameter.name, .value = as_text(json), .doc = parameter.description, .is_sent = is_sent};
        if (const auto chain = taken_.find(request.id); chain != taken_.end()) {
            if (const auto taken = chain->second.find(parameter.name); taken != chain->second.end()) {
                first_values_.emplace(taken->second, value.value);
                value.value = fmt::format("{{{{{}}}}}", taken->second);
                value.is_sent = true;
            }
        }
        if (parameter.name == "Idempotency-Key") value.value = key_variable;
        if (parameter.name == "If-Match") value.value = version_variable;
        auto& all = parameter.in == "path"    ? request.path_values
                    : parameter.in == "query" ? request.query
                                              : request.headers;
        all.push_back(std::move(value));
    }

    void add_body(CollectionRequest& request, const BodyView& body) const {
        if (body.content.empty()) return;
        if (const auto json = body.content.find("application/json"); json != body.content.end()) {
            request.media_type = json->first;
            auto text = json->second.example.text;
            // The two name one attempt, and each attempt is another.
            replace_member(text, "clientRequestId", key_variable);
            if (request.id == collection_.options.login) {
                for (const auto& variable : collection_.options.account)
                    replace_all(text, js_string(variable.value), fmt::format("\"{{{{{}}}}}\"", variable.name));
            }
            request.body = indented(text);
            return;
        }
        const auto form = body.content.find("multipart/form-data");
        if (form == body.content.end()) {
            request.media_type = body.content.begin()->first;
            return;
        }
        request.media_type = form->first;
        const auto schema = read_schema(form->second.schema);
        for (const auto& [name, property] : schema.properties)
            request.form.push_back(
                {.name = name, .value = {}, .is_sent = std::ranges::count(schema.required, name) > 0});
    }

    static SchemaView read_schema(const Json& json) {
        return schema::parse<SchemaView>(json.text, {.lenient = true}).value_or(SchemaView());
    }

    void add_reply(CollectionRequest& request, std::string_view status, const ReplyView& reply) const {
        const auto number = base::parse_integer<std::uint16_t>(status);
        if (!number) return;
        if (*number < 500) request.documented.push_back(*number);
        if (!status.starts_with('2')) return;
        request.success.push_back(*number);
        for (const auto& [type, media] : reply.content) {
            if (type == problem_media_type) continue;
            if (std::ranges::count(request.reply_types, type) == 0) request.reply_types.push_back(type);
            if (request.reply_members.empty() && type == "application/json")
                request.reply_members = required_of(media.schema);
            if (request.reply.empty() && is_there(media.example)) request.reply = indented(media.example.text);
        }
    }

    std::vector<std::string> required_of(const Json& schema) const {
        constexpr std::string_view reference = R"({"$ref":"#/components/schemas/)";
        if (!schema.text.starts_with(reference)) return read_schema(schema).required;
        const auto name =
            schema.text.substr(reference.size(), schema.text.find('"', reference.size()) - reference.size());
        const auto found = document_.components.schemas.find(name);
        return found == document_.components.schemas.end() ? std::vector<std::string>() : found->second.required;
    }

    static constexpr int last_rank = 6;
    // A row is made before it is read, and deleted last.
    int rank(const CollectionRequest& request) const {
        const auto& options = collection_.options;
        if (request.id == options.login) return 0;
        if (std::ranges::count(options.ends_login, request.id) > 0) return last_rank;
        if (request.method == "DELETE") return 5;
        if (request.method == "PATCH") return 4;
        if (request.method != "GET") return 2;
        return request.path_values.empty() ? 1 : 3;
    }

    void add_folder(const TagView& tag) {
        CollectionFolder folder{.name = tag.name, .description = tag.description};
        for (int wanted = 0; wanted <= last_rank; ++wanted) {
            for (const auto& id : order_) {
                const auto found = requests_.find(id);
                if (found == requests_.end() || found->second.tag != tag.name || rank(found->second) != wanted)
                    continue;
                folder.requests.push_back(std::move(found->second));
                requests_.erase(found);
            }
        }
        if (!folder.requests.empty()) collection_.folders.push_back(std::move(folder));
    }

    void add_variables() {
        const auto& options = collection_.options;
        collection_.account.push_back({"baseUrl", options.base_url});
        collection_.account.insert(collection_.account.end(), options.account.begin(), options.account.end());
        collection_.variables = {
            {"token", "", true}, {"key", ""}, {"keepKey", "false"}, {"ifMatch", R"("1")"}, {"versions", "{}"}};
        for (const auto& [name, value] : first_values_) collection_.variables.push_back({name, value});
    }

    const WholeDocument document_;
    const std::vector<std::string>& order_;
    Collection collection_;
    std::map<std::string, CollectionRequest> requests_;  // that are in no folder yet
    std::map<std::string, std::map<std::string, std::string>, std::less<>>
        taken_;  // by operation and parameter: a variable
    std::map<std::string, std::vector<CollectionKept>, std::less<>> kept_;
    std::map<std::string, std::string> first_values_;
};

}  // namespace

std::vector<std::string> operations_of(const http::Router& router) {
    std::vector<std::string> ids;
    for (const auto& route : router.routes()) {
        if (route.operation) ids.push_back(route.operation->id);
    }
    return ids;
}

Collection collection_of(std::string_view document, const std::vector<std::string>& order, CollectionOptions options) {
    auto whole =
        schema::parse<WholeDocument>(document, {.max_bytes = document.size() + 1, .max_depth = 256, .lenient = true});
    if (!whole) {
        const auto& error = whole.error();
        throw std::invalid_argument(fmt::format("openapi: no document to make a collection of: {}{}", error.detail,
                                                error.issues.empty() ? "" : error.issues.front().pointer));
    }
    return CollectionReader(*std::move(whole), order, std::move(options)).read();
}

}  // namespace openapi
