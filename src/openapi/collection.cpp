#include "openapi/collection.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <stdexcept>

#include "base/strings.h"
#include "http/operation.h"
#include "http/router.h"
#include "openapi/collection_fresh.h"
#include "openapi/collection_text.h"
#include "openapi/problem_responses.h"
#include "schema/schema.h"

namespace openapi {

namespace {

using schema::Json;

template <class T>
using Members = std::map<std::string, T>;

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

struct MediaView {
    Json schema;
    Json example;
    Members<Json> examples;
    friend constexpr auto describe(MediaView*) {
        using schema::field;
        return schema::object<MediaView>(
            "MediaView", field<&MediaView::schema>("schema", {.defaulted = true}),
            field<&MediaView::example>("example", {.defaulted = true}),
            field<&MediaView::examples>("examples", {.max_items = any_number, .defaulted = true}));
    }
};

struct BodyView {
    Members<MediaView> content;
    friend constexpr auto describe(BodyView*) {
        return schema::object<BodyView>("BodyView", schema::field<&BodyView::content>("content", {.defaulted = true}));
    }
};

struct ReplyView {
    Members<Json> headers;
    Members<MediaView> content;
    Members<LinkView> links;
    friend constexpr auto describe(ReplyView*) {
        using schema::field;
        return schema::object<ReplyView>(
            "ReplyView", field<&ReplyView::headers>("headers", {.defaulted = true}),
            field<&ReplyView::content>("content", {.defaulted = true}),
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
    Members<Json> replies;  // of ReplyView, or a reference to one
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
    Schemas schemas;
    Members<ReplyView> replies;
    friend constexpr auto describe(ComponentsView*) {
        using schema::field;
        return schema::object<ComponentsView>(
            "ComponentsView", field<&ComponentsView::schemas>("schemas", {.max_items = any_number, .defaulted = true}),
            field<&ComponentsView::replies>("responses", {.max_items = any_number, .defaulted = true}));
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
        for_each_operation(
            [this](const std::string&, std::string_view, const OperationView& operation) { read_replies(operation); });
    }

    Collection read() {
        for_each_operation([this](const std::string& path, std::string_view, const OperationView& operation) {
            note_links(path, operation);
        });
        for_each_operation([this](const std::string& path, std::string_view method, const OperationView& operation) {
            if (method == "POST") note_made(path, operation);
        });
        for_each_operation(
            [this](const std::string&, std::string_view, const OperationView& operation) { note_seeds(operation); });
        for_each_operation([this](const std::string& path, std::string_view method, const OperationView& operation) {
            if (ends(operation)) requests_.emplace(operation.id, request_of(path, method, operation));
        });
        for (const auto& tag : document_.tags) add_folder(tag);
        add_variables();
        return std::move(collection_);
    }

private:
    // Where the value of a parameter comes from, and the variable that has it.
    struct Source {
        std::string maker;
        std::string member;
        bool is_of_location = false;
        std::string variable{};
    };

    // What is shared stands in the place of its reference.
    void read_replies(const OperationView& operation) {
        auto& replies = replies_[operation.id];
        for (const auto& [status, reply] : operation.replies) {
            const auto shared = document_.components.replies.find(component_of(reply, "responses"));
            replies.emplace(status,
                            shared != document_.components.replies.end()
                                ? shared->second
                                : schema::parse<ReplyView>(reply.text, {.lenient = true}).value_or(ReplyView()));
        }
    }
    [[nodiscard]] const Members<ReplyView>& replies_of(const OperationView& operation) const {
        return replies_.at(operation.id);
    }

    void for_each_operation(const auto& use) const {
        for (const auto& [path, item] : document_.paths) {
            item.for_each([&use, &at = path](std::string_view method, const OperationView& operation) {
                use(at, method, operation);
            });
        }
    }

    void note_links(const std::string& path, const OperationView& operation) {
        for (const auto& [status, reply] : replies_of(operation)) {
            for (const auto& [name, link] : reply.links) {
                for (const auto& [parameter, expression] : link.parameters) {
                    const auto member = member_of(expression);
                    if (member.empty()) continue;
                    taken_[link.operation].emplace(parameter, Source{operation.id, member});
                    made_at_.emplace(operation.id, path);
                }
            }
        }
    }

    // POST /things makes what stands at /things/{id}, and at /things/by-name/{name}, where its reply has a `name`. A reply without
    // a body has the id at the end of its Location.
    void note_made(const std::string& path, const OperationView& maker) {
        const auto created = replies_of(maker).find("201");
        if (created == replies_of(maker).end()) return;
        const auto json = created->second.content.find("application/json");
        const auto members =
            json == created->second.content.end() ? std::vector<std::string>() : required_of(json->second.schema);
        const bool is_of_location = members.empty() && created->second.headers.contains("Location");
        if (std::ranges::count(members, "id") == 0 && !is_of_location) return;
        for_each_operation([&](const std::string& other, std::string_view, const OperationView& operation) {
            if (!other.starts_with(path + "/")) return;
            const auto parts = base::split(std::string_view(other).substr(path.size() + 1), '/');
            std::string member = "id";
            if (parts.size() > 1 && parts[0].starts_with("by-")) member = member_called(members, parts[0].substr(3));
            const auto parameter = parts[member == "id" ? 0 : 1];
            if (member.empty() || !parameter.starts_with('{')) return;
            taken_[operation.id].emplace(parameter.substr(1, parameter.size() - 2),
                                         Source{maker.id, member, is_of_location});
            made_at_.emplace(maker.id, path);
        });
    }

    // Of "client-request": "clientRequest" or "clientRequestId".
    static std::string member_called(const std::vector<std::string>& members, std::string_view words) {
        std::string name;
        for (const auto word : base::split(words, '-'))
            name.append(name.empty() ? std::string(word) : variable_of({}, word));
        for (const auto* end : {"", "Id"}) {
            if (std::ranges::count(members, name + end) > 0) return name + end;
        }
        return {};
    }

    // Requests whose examples agree share a variable. One that has another row in its example (what may be deleted) has a
    // variable of its own.
    void note_seeds(const OperationView& operation) {
        const auto sources = taken_.find(operation.id);
        if (sources == taken_.end()) return;
        for (const auto& parameter : operation.parameters) {
            const auto found = sources->second.find(parameter.name);
            if (found == sources->second.end()) continue;
            auto& source = found->second;
            const auto seed = as_text(example_of(parameter));
            source.variable = variable_of(source.maker, source.member);
            if (first_values_.emplace(source.variable, seed).first->second != seed) {
                source.variable = variable_of(operation.id, parameter.name);
                first_values_.emplace(source.variable, seed);
            }
            auto& kept = kept_[source.maker];
            if (std::ranges::find(kept, source.variable, &CollectionKept::variable) == kept.end())
                kept.push_back({source.variable, source.is_of_location ? std::string() : source.member});
        }
    }

    static Json example_of(const ParameterView& parameter) {
        if (is_there(parameter.example)) return parameter.example;
        const auto& schema = parameter.schema;
        return schema.examples.empty() ? schema.default_value : schema.examples.front();
    }

    // A stream of events does not, and a WebSocket (101) is opened by another kind of client.
    [[nodiscard]] bool ends(const OperationView& operation) const {
        bool streams = false;
        for (const auto& [status, reply] : replies_of(operation)) {
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
        add_body(request, operation);
        for (const auto& [status, reply] : replies_of(operation)) add_reply(request, status, reply);
        if (const auto kept = kept_.find(operation.id); kept != kept_.end()) request.keeps = kept->second;
        note_lost(request);
        return request;
    }

    // What was made is gone with this request, or is found to be gone: the examples are what there is.
    void note_lost(CollectionRequest& request) const {
        const auto sources = taken_.find(request.id);
        if (sources == taken_.end()) return;
        for (const auto& [parameter, source] : sources->second) {
            add_first_values(request.missed, source.maker);
            const auto item = fmt::format("{}/{{{}}}", made_at_.at(source.maker), parameter);
            if (request.method != "DELETE" || request.path != item) continue;
            add_first_values(request.ended, source.maker);
            for (const auto& [maker, path] : made_at_) {
                if (path.starts_with(item + "/")) add_first_values(request.ended, maker);
            }
        }
    }

    void add_first_values(std::vector<CollectionVariable>& all, const std::string& maker) const {
        const auto kept = kept_.find(maker);
        if (kept == kept_.end()) return;
        for (const auto& one : kept->second) {
            if (std::ranges::find(all, one.variable, &CollectionVariable::name) == all.end())
                all.push_back({one.variable, first_values_.at(one.variable)});
        }
    }

    void add_parameter(CollectionRequest& request, const ParameterView& parameter) {
        CollectionValue value{.name = parameter.name,
                              .value = as_text(example_of(parameter)),
                              .doc = parameter.description,
                              .is_sent = is_there(parameter.example)};
        if (parameter.in == "query" && !value.value.empty()) {
            const auto time = time_variable(parameter.name, parameter.schema.format);
            if (!time.empty()) value.value = time;
        }
        if (const auto chain = taken_.find(request.id); chain != taken_.end()) {
            if (const auto taken = chain->second.find(parameter.name); taken != chain->second.end()) {
                value.value = fmt::format("{{{{{}}}}}", taken->second.variable);
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

    void add_body(CollectionRequest& request, const OperationView& operation) const {
        const auto& body = operation.body;
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
            name_made_rows(text, request.path);
            const bool is_create = request.method == "POST" && replies_of(operation).contains("201");
            text = with_fresh_values(text, json->second.schema,
                                     {.schemas = document_.components.schemas,
                                      .taken = taken_members(operation),
                                      .is_create = is_create,
                                      .account = collection_.options.account});
            request.body = indented(text);
            return;
        }
        const auto form = body.content.find("multipart/form-data");
        if (form == body.content.end()) {
            request.media_type = body.content.begin()->first;
            return;
        }
        request.media_type = form->first;
        const auto schema = read_schema(form->second.schema, document_.components.schemas);
        for (const auto& [name, property] : schema.properties)
            request.form.push_back(
                {.name = name, .value = {}, .is_sent = std::ranges::count(schema.required, name) > 0});
    }

    // `POST /things/batch` changes what `POST /things` has made: that has the version 1 each time, and the row of the example has
    // it once.
    void name_made_rows(std::string& json, std::string_view path) const {
        const auto made = std::ranges::find(made_at_, path.substr(0, path.rfind('/')),
                                            [](const auto& one) -> const std::string& { return one.second; });
        if (!path.ends_with(batch_end) || made == made_at_.end()) return;
        const auto variable = variable_of(made->first, "id");
        if (!first_values_.contains(variable)) return;
        static const RE2 first_version(R"re("id":"[^"{]*","version":1([,}]))re");
        RE2::GlobalReplace(&json, first_version, fmt::format(R"("id":"{{{{{}}}}}","version":1\1)", variable));
    }

    // What one row alone may have: of "thing.code_taken" the "code".
    std::set<std::string, std::less<>> taken_members(const OperationView& operation) const {
        constexpr std::string_view end = "_taken";
        std::set<std::string, std::less<>> members;
        const auto reply = replies_of(operation).find("409");
        if (reply == replies_of(operation).end()) return members;
        for (const auto& [type, media] : reply->second.content) {
            for (const auto& [code, example] : media.examples) {
                if (!code.ends_with(end) || !code.contains('.')) continue;
                const auto words = code.substr(code.rfind('.') + 1);
                members.insert(words.substr(0, words.size() - end.size()));
            }
        }
        return members;
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
        return read_schema(schema, document_.components.schemas).required;
    }

    static constexpr int deletes = 6;
    static constexpr int last_rank = 7;
    // A row is made before it is read, then changed, then something is done with it, and it is deleted last.
    int rank(const CollectionRequest& request) const {
        const auto& options = collection_.options;
        if (request.id == options.login) return 0;
        if (std::ranges::count(options.ends_login, request.id) > 0) return last_rank;
        if (request.method == "DELETE") return deletes;
        if (request.method == "PATCH") return 4;
        if (request.method == "GET") return request.path_values.empty() ? 1 : 3;
        return request.path_values.empty() || std::ranges::count(request.success, 201) > 0 ? 2 : 5;
    }

    void add_folder(const TagView& tag) {
        CollectionFolder folder{.name = tag.name, .description = tag.description};
        for (int wanted = 0; wanted <= last_rank; ++wanted) {
            const auto from = folder.requests.size();
            for (const auto& id : order_) {
                const auto found = requests_.find(id);
                if (found == requests_.end() || found->second.tag != tag.name || rank(found->second) != wanted)
                    continue;
                folder.requests.push_back(std::move(found->second));
                requests_.erase(found);
            }
            // What was declared last belongs to what was declared before it.
            if (wanted == deletes) std::ranges::reverse(folder.requests | std::views::drop(from));
        }
        if (!folder.requests.empty()) collection_.folders.push_back(std::move(folder));
    }

    void add_variables() {
        const auto& options = collection_.options;
        collection_.account.push_back({std::string(base_url_name), options.base_url});
        collection_.account.insert(collection_.account.end(), options.account.begin(), options.account.end());
        collection_.variables = {{.name = "token", .value = "", .is_secret = true, .is_of_scripts = true},
                                 {.name = "key", .value = "", .is_of_scripts = true},
                                 {.name = "keepKey", .value = "false"},
                                 {.name = "ifMatch", .value = R"("1")"},
                                 {.name = "versions", .value = "{}", .is_of_scripts = true}};
        for (const auto name : {"fresh", "freshShort"}) add_variable_of_scripts(name);
        for (const auto& time : time_variables) add_variable_of_scripts(time.name);
        for (const auto& [name, value] : first_values_) collection_.seeded.push_back({name, value});
        collection_.variables.insert(collection_.variables.end(), collection_.seeded.begin(), collection_.seeded.end());
    }

    // Where a request has it.
    void add_variable_of_scripts(std::string_view name) {
        const auto written = fmt::format("{{{{{}}}}}", name);
        const auto has = [&](const CollectionRequest& request) {
            return request.body.contains(written) ||
                   std::ranges::any_of(request.query, [&](const auto& value) { return value.value == written; });
        };
        for (const auto& folder : collection_.folders) {
            if (std::ranges::none_of(folder.requests, has)) continue;
            collection_.variables.push_back({.name = std::string(name), .value = "", .is_of_scripts = true});
            return;
        }
    }

    const WholeDocument document_;
    const std::vector<std::string>& order_;
    Collection collection_;
    std::map<std::string, Members<ReplyView>> replies_;  // by operation
    std::map<std::string, CollectionRequest> requests_;  // that are in no folder yet
    std::map<std::string, std::map<std::string, Source, std::less<>>, std::less<>>
        taken_;                                   // by operation and parameter
    std::map<std::string, std::string> made_at_;  // by operation that makes something: its path
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
