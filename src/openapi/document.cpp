#include "openapi/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "base/strings.h"
#include "http/errors.h"
#include "http/operation.h"
#include "http/router.h"
#include "http/status.h"
#include "openapi/examples.h"
#include "openapi/json_text.h"
#include "openapi/problem.h"
#include "openapi/problem_responses.h"
#include "openapi/servers.h"
#include "schema/json_schema.h"

namespace openapi {

namespace {

using schema::Direction;

// "/files/{path...}" → "/files/{path}": OpenAPI knows no tails.
std::string path_of(std::string_view pattern) {
    std::string path(pattern);
    if (path.ends_with("...}")) path.replace(path.size() - 4, 4, "}");
    return path;
}

// OpenAPI 3.1 §4.8.12.1: these are described by other means, and parameters of their names are ignored.
bool is_described_elsewhere(const http::ParameterDoc& parameter) {
    if (parameter.field->rules.internal) return true;
    if (parameter.in != "header") return false;
    const auto name = parameter.field->name;
    return base::iequals(name, "accept") || base::iequals(name, "content-type") || base::iequals(name, "authorization");
}

std::string info_object(const Info& info) {
    JsonObject object;
    object.text("title", info.title).text("version", info.version).text_unless_empty("description", info.description);
    if (info.contact) {
        JsonObject contact;
        contact.text_unless_empty("name", info.contact->name);
        contact.text_unless_empty("url", info.contact->url).text_unless_empty("email", info.contact->email);
        object.raw("contact", std::move(contact).take());
    }
    if (info.licence) {
        JsonObject licence;
        licence.text("name", info.licence->name).text_unless_empty("identifier", info.licence->identifier);
        object.raw("license", std::move(licence).take());
    }
    return std::move(object).take();
}

std::string security_schemes_object(const Info& info) {
    JsonObject schemes;
    for (const auto& scheme : info.security_schemes) {
        JsonObject object;
        if (scheme.kind == SchemeKind::bearer) {
            object.text("type", "http").text("scheme", "bearer").text_unless_empty("bearerFormat", scheme.detail);
        } else {
            object.text("type", "apiKey").text("in", "cookie").text("name", scheme.detail);
        }
        schemes.raw(scheme.name, std::move(object.text_unless_empty("description", scheme.description)).take());
    }
    return std::move(schemes).take();
}

std::string known_problems_object(const Info& info) {
    std::map<std::string_view, base::ErrorCode> sorted;
    for (const auto& code : info.known_errors) sorted.emplace(code.code, code);
    JsonObject problems;
    for (const auto& [name, code] : sorted) {
        JsonObject problem;
        problem.number("status", code.status).text("title", code.title).flag("retriable", code.retriable);
        problems.raw(name, std::move(problem.text("action", base::to_string(code.action))).take());
    }
    return std::move(problems).take();
}

// http::conditional_get() answers for whatever has a tag.
bool is_conditional(const http::RouteEntry& route) {
    return route.method == http::Method::get && std::ranges::any_of(route.operation->replies, [](const auto& reply) {
               return std::ranges::count(reply.headers, "ETag") > 0;
           });
}

bool answers_ranges(const http::RouteEntry& route) {
    return std::ranges::count(route.operation->replies, 206, &http::ReplyDoc::status) > 0;
}

// What a page fills in is sent at once; what a client may add stands in the schema, as a part of its description.
bool is_sent_at_once(const http::ParameterDoc& parameter) { return parameter.required || parameter.in != "query"; }

std::vector<const http::RouteEntry*> described(const http::Router& router) {
    std::vector<const http::RouteEntry*> routes;
    for (const auto& route : router.routes()) {
        if (route.operation) routes.push_back(&route);
    }
    return routes;
}

constexpr std::string_view sample_id = R"("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091")";

class DocumentWriter {
public:
    DocumentWriter(const http::Router& router, const Info& info)
        : info_(info),
          routes_(described(router)),
          examples_(info.examples, routes_),
          problems_(info.problem_type_base, info.challenges) {}

    std::string write() {
        announce_types();
        std::string paths = paths_object();
        // Referred to by every error reply, so it is there even when no route was.
        (void)components_.schema_of(schema::type_of<Problem>, Direction::output);
        JsonObject object;
        object.text("openapi", "3.1.0").raw("info", info_object(info_)).raw("servers", servers_array(info_.servers));
        object.raw("tags", tags_array()).raw("paths", paths);
        if (!info_.webhooks.empty()) object.raw("webhooks", webhooks_object());
        object.raw("components", components_object());
        if (!info_.known_errors.empty()) object.raw("x-problems", known_problems_object(info_));
        return std::move(object).take();
    }

private:
    // Names of components must not hang on the order in which routes ask for them.
    void announce_types() {
        components_.announce(schema::type_of<Problem>, Direction::output);
        for (const auto* route : routes_) {
            const auto& operation = *route->operation;
            if (operation.body != nullptr) components_.announce(*operation.body, Direction::input);
            for (const auto& reply : operation.replies) {
                if (reply.body != nullptr) components_.announce(*reply.body, Direction::output);
            }
        }
        for (const auto& webhook : info_.webhooks) components_.announce(*webhook.data, Direction::output);
    }

    std::string tags_array() const {
        JsonArray tags;
        std::set<std::string_view> seen;
        for (const auto* route : routes_) {
            const std::string_view name = route->operation->tag;
            if (name.empty() || !seen.insert(name).second) continue;
            JsonObject tag;
            tag.text("name", name);
            const auto doc = std::ranges::find(info_.tags, name, &TagDoc::name);
            if (doc != info_.tags.end()) tag.text_unless_empty("description", doc->description);
            tags.raw(std::move(tag).take());
        }
        return std::move(tags).take();
    }

    // In order of registration, the routes of one path together.
    std::string paths_object() {
        using Routes = std::vector<const http::RouteEntry*>;
        std::vector<std::pair<std::string, Routes>> paths;
        for (const auto* route : routes_) {
            auto path = path_of(route->pattern);
            auto known = std::ranges::find(paths, path, [](const auto& pair) { return pair.first; });
            if (known == paths.end()) known = paths.emplace(paths.end(), std::move(path), Routes{});
            for (const auto* other : known->second) {
                if (other->method == route->method) refuse_pair(*other, *route, "are one path in OpenAPI");
            }
            known->second.push_back(route);
        }
        JsonObject object;
        for (const auto& [path, routes] : paths) {
            JsonObject item;
            for (const auto* route : routes)
                item.raw(base::ascii_lower(http::to_string(route->method)), operation_object(*route));
            object.raw(path, std::move(item).take());
        }
        return std::move(object).take();
    }

    std::string operation_object(const http::RouteEntry& route) {
        const auto& operation = *route.operation;
        const auto [known, is_new] = ids_.try_emplace(operation.id, &route);
        if (!is_new) refuse_pair(*known->second, route, fmt::format("have the same operationId \"{}\"", operation.id));
        JsonObject object;
        object.text("operationId", operation.id).text_unless_empty("summary", operation.summary);
        object.text_unless_empty("description", description_of(operation));
        if (!operation.tag.empty()) object.raw("tags", std::move(JsonArray().text(operation.tag)).take());
        if (operation.deprecation) object.flag("deprecated", true);
        object.text_unless_empty("x-permission", operation.permission);
        if (const auto* example = examples_.find(operation.id); example != nullptr)
            object.text_unless_empty("x-needs", example->needs);
        if (auto parameters = parameters_array(route); parameters != "[]") object.raw("parameters", parameters);
        if (!operation.body_media_types.empty()) object.raw("requestBody", request_body_object(operation));
        object.raw("responses", responses_object(route)).raw("security", security_array(route));
        return std::move(object).take();
    }

    // What we send is what others read: the schemas are those of replies.
    std::string webhooks_object() {
        JsonObject webhooks;
        for (const auto& webhook : info_.webhooks) {
            JsonObject operation;
            operation.text("operationId", operation_id_of(webhook.name)).text("summary", webhook.summary);
            operation.text("description",
                           webhook.description.empty()
                               ? "Posted to each endpoint that asks for it, once its change is committed. Where the "
                                 "endpoint's payload is `thin`, `data` has the `id` of its subject alone."
                               : std::string_view(webhook.description));
            if (!webhook.tag.empty()) operation.raw("tags", std::move(JsonArray().text(webhook.tag)).take());
            operation.raw("parameters", webhook_parameters()).raw("requestBody", webhook_body(webhook));
            JsonObject taken;
            taken.text("description", "Taken. Anything but 2xx is sent again; 410 ends it.");
            operation.raw("responses", std::move(JsonObject().raw("2XX", std::move(taken).take())).take());
            operation.raw("security", "[]");
            webhooks.raw(webhook.name, std::move(JsonObject().raw("post", std::move(operation).take())).take());
        }
        return std::move(webhooks).take();
    }

    // "work_order.created": "onWorkOrderCreated", for generators that make a function of it.
    static std::string operation_id_of(std::string_view event) {
        std::string id = "on";
        bool begins = true;
        for (const char c : event) {
            const bool is_letter = base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z';
            if (is_letter) id += begins && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
            begins = !is_letter;
        }
        return id;
    }

    static std::string webhook_parameters() {
        struct Header {
            std::string_view name;
            std::string_view doc;
            std::string_view schema;
        };
        constexpr Header headers[] = {
            {"webhook-id", "The event's id, the same at each attempt.", R"({"type":"string","format":"uuid"})"},
            {"webhook-timestamp", "Of this attempt, in seconds since 1970.",
             R"({"type":"string","pattern":"^[0-9]+$"})"},
            {"webhook-signature", "A signature for each secret, with a space between: `v1,…` or `v1a,…`.",
             R"({"type":"string"})"}};
        JsonArray parameters;
        for (const auto& header : headers) {
            JsonObject object;
            object.text("name", header.name).text("in", "header").flag("required", true);
            parameters.raw(std::move(object.text("description", header.doc).raw("schema", header.schema)).take());
        }
        return std::move(parameters).take();
    }

    std::string webhook_body(const WebhookDoc& webhook) {
        JsonObject properties;
        properties.raw("id", R"({"type":"string","format":"uuid"})");
        properties.raw("type", fmt::format(R"({{"const":{}}})", schema::to_json(webhook.name)));
        properties.raw("occurredAt", R"({"type":"string","format":"date-time"})");
        properties.raw("data", components_.schema_of(*webhook.data, Direction::output));
        JsonObject schema;
        schema.text("type", "object").raw("required", R"(["id","type","occurredAt","data"])");
        schema.raw("properties", std::move(properties).take());
        JsonObject media;
        media.raw("schema", std::move(schema).take());
        media.raw("example", fmt::format(R"({{"id":{},"type":{},"occurredAt":"2026-11-22T06:14:03.120Z","data":{}}})",
                                         sample_id, schema::to_json(webhook.name), webhook.example));
        JsonObject body;
        body.flag("required", true);
        body.raw("content", std::move(JsonObject().raw("application/json", std::move(media).take())).take());
        return std::move(body).take();
    }

    static std::string description_of(const http::Operation& operation) {
        auto text = operation.description;
        const auto add = [&text](const std::string& more) { text.append(text.empty() ? "" : "\n\n").append(more); };
        if (!operation.permission.empty()) {
            add(fmt::format("Needs the permission `{}`{}.", operation.permission,
                            operation.permission_everywhere ? " everywhere" : ""));
        }
        if (operation.deprecation) {
            const auto& [since, sunset, instead] = *operation.deprecation;
            add(fmt::format("Deprecated since {}; it may be gone from {} on.", since, sunset));
            if (!instead.empty()) text += fmt::format(" Use `{}` instead.", instead);
        }
        return text;
    }

    std::string parameters_array(const http::RouteEntry& route) {
        JsonArray parameters;
        std::set<std::string_view> in_path;
        for (const auto& parameter : route.operation->parameters) {
            if (is_described_elsewhere(parameter)) continue;
            if (parameter.in == "path") in_path.insert(parameter.field->name);
            parameters.raw(parameter_object(route, parameter));
        }
        // Those that the handler reads from its Context, if at all.
        for (const auto& name : route.parameters) {
            if (in_path.contains(name)) continue;
            JsonObject object;
            object.text("name", name).text("in", "path").flag("required", true);
            object.text_unless_empty("description", path_text(route, name));
            object.raw("schema", R"({"type":"string","minLength":1})");
            if (const auto json = example_of(route, name); !json.empty()) object.raw("example", json);
            parameters.raw(std::move(object).take());
        }
        if (is_conditional(route)) parameters.raw(if_none_match_object());
        if (answers_ranges(route)) parameters.raw(range_object());
        return std::move(parameters).take();
    }

    static std::string if_none_match_object() {
        JsonObject object;
        object.text("name", "If-None-Match").text("in", "header").flag("required", false);
        object.text("description", "The `ETag` of the copy that the client has: 304 when it is the present one still.");
        return std::move(object.raw("schema", R"({"type":"string","examples":["\"7.k3f9qa\""]})")).take();
    }

    static std::string range_object() {
        JsonObject object;
        object.text("name", "Range").text("in", "header").flag("required", false);
        object.text("description",
                    "Which bytes, when not all: one range, or several, which come as multipart/byteranges. With "
                    "`If-Range`, the `ETag` of the bytes that the "
                    "client has, the whole file comes where that has changed.");
        return std::move(object.raw("schema", R"({"type":"string","examples":["bytes=1024-"]})")).take();
    }

    // "/v1/items/{id}/parts": what `{id}` may be.
    std::string path_text(const http::RouteEntry& route, std::string_view name) const {
        if (route.pattern.ends_with(fmt::format("{{{}...}}", name))) return "The rest of the path, slashes included.";
        const auto collection = route.pattern.substr(0, route.pattern.find(fmt::format("/{{{}}}", name)));
        const bool is_listed = std::ranges::any_of(routes_, [&](const http::RouteEntry* other) {
            return other->method == http::Method::get && other->pattern == collection;
        });
        return is_listed ? fmt::format("An id that `GET {}` lists.", collection)
                         : fmt::format("Which one of `{}`.", collection);
    }

    std::string_view example_of(const http::RouteEntry& route, std::string_view name) const {
        const auto own = examples_.value_of(route.operation->id, name);
        return own.empty() ? examples_.usual_value_of(name) : own;
    }

    std::string_view example_of(const http::RouteEntry& route, const http::ParameterDoc& parameter) const {
        const auto& field = *parameter.field;
        if (const auto own = examples_.value_of(route.operation->id, field.name); !own.empty()) return own;
        if (!field.rules.example.empty()) return field.rules.example;
        if (const auto usual = examples_.usual_value_of(field.name); !usual.empty()) return usual;
        return parameter.in == "path" && field.type->kind == schema::Kind::uuid ? sample_id : std::string_view();
    }

    std::string parameter_object(const http::RouteEntry& route, const http::ParameterDoc& parameter) {
        const auto example = example_of(route, parameter);
        const bool is_beside = is_sent_at_once(parameter);
        schema::Field field = *parameter.field;
        const auto doc = field.rules.doc;
        field.rules.doc = {};
        field.rules.example = is_beside ? std::string_view() : example;
        JsonObject object;
        object.text("name", field.name).text("in", parameter.in).flag("required", parameter.required);
        const bool needs_text = doc.empty() && parameter.in == "path";
        object.text_unless_empty("description", needs_text ? path_text(route, field.name) : std::string(doc));
        if (parameter.members != nullptr) object.text("style", "form").flag("explode", false);
        object.raw("schema", parameter_schema(parameter, field));
        if (is_beside && !example.empty()) object.raw("example", example);
        return std::move(object).take();
    }

    static std::string members_schema(const schema::ObjectType& object) {
        JsonArray names;
        JsonArray first_two;
        std::size_t count = 0;
        for (const auto& field : object.fields) {
            if (field.rules.internal || field.rules.write_only) continue;
            names.text(field.name);
            if (++count <= 2) first_two.text(field.name);
        }
        const auto item = std::move(JsonObject().text("type", "string").raw("enum", std::move(names).take())).take();
        const auto examples = std::move(JsonArray().raw(std::move(first_two).take())).take();
        JsonObject schema;
        schema.text("type", "array").raw("items", item).raw("uniqueItems", "true").number("maxItems", count);
        schema.raw("examples", examples);
        return std::move(schema).take();
    }

    // A parameter is there or not, but never null.
    std::string parameter_schema(const http::ParameterDoc& parameter, const schema::Field& field) {
        if (parameter.members != nullptr) return members_schema(*parameter.members);
        if (field.type->kind == schema::Kind::optional) {
            return components_.schema_of(*field.type->element, Direction::input, field.rules);
        }
        if (parameter.object != nullptr) return components_.schema_of(*parameter.object, field, Direction::input);
        return components_.schema_of(*field.type, Direction::input, field.rules);
    }

    // Its own, and no component: the files stand beside the fields.
    std::string form_schema(const http::Operation& operation) {
        JsonObject properties;
        std::vector<std::string_view> required;
        for (const auto& field : operation.form->fields) {
            if (field.rules.internal || field.rules.read_only) continue;
            properties.raw(field.name, components_.schema_of(*field.type, Direction::input, field.rules));
            if (field.required()) required.push_back(field.name);
        }
        for (const auto& file : operation.form_files) {
            properties.raw(file.name, file_schema(file));
            if (file.required) required.push_back(file.name);
        }
        JsonObject schema;
        schema.text("type", "object").raw("properties", std::move(properties).take());
        if (!required.empty()) {
            JsonArray names;
            for (const auto name : required) names.text(name);
            schema.raw("required", std::move(names).take());
        }
        schema.raw("additionalProperties", "false");
        return std::move(schema).take();
    }

    static std::string file_schema(const http::FormFileDoc& file) {
        JsonObject one;
        one.text("type", "string").text("format", "binary");
        const auto type = file.media_type.empty() ? std::string_view("application/octet-stream") : file.media_type;
        one.text("contentMediaType", type);
        if (!file.doc.empty()) one.text("description", file.doc);
        if (file.most == 1) return std::move(one).take();
        JsonObject many;
        many.text("type", "array").raw("items", std::move(one).take()).raw("maxItems", std::to_string(file.most));
        return std::move(many).take();
    }

    std::string request_body_object(const http::Operation& operation) {
        const auto example = examples_.body_of(operation.id);
        JsonObject content;
        for (const auto type : operation.body_media_types) {
            // One that is taken piece by piece has no schema.
            JsonObject media;
            if (operation.body != nullptr)
                media.raw("schema", components_.schema_of(*operation.body, Direction::input));
            if (operation.form != nullptr && type == "multipart/form-data") media.raw("schema", form_schema(operation));
            if (!example.empty() && type == "application/json") media.raw("example", example);
            content.raw(type, std::move(media).take());
        }
        JsonObject object;
        object.flag("required", true).raw("content", std::move(content).take());
        return std::move(object).take();
    }

    std::string responses_object(const http::RouteEntry& route) {
        std::map<std::uint16_t, std::string> responses;
        auto problems = errors_by_status(*route.operation);
        for (const auto& reply : route.operation->replies) {
            const auto codes = problems.extract(reply.status);
            auto json = reply_object(route, reply, codes ? codes.mapped() : std::vector<base::ErrorCode>());
            if (!responses.try_emplace(reply.status, std::move(json)).second) refuse_status(route, reply.status);
        }
        if (is_conditional(route)) {
            JsonObject not_modified;
            not_modified.text("description", "Not Modified: the version in If-None-Match is the current one.");
            auto names = usual_headers(route);
            names.emplace_back("ETag");
            responses[304] = std::move(not_modified.raw("headers", problems_.headers(names))).take();
        }
        for (auto& [status, codes] : problems) responses.emplace(status, problems_.response(status, codes));
        JsonObject object;
        for (const auto& [status, json] : responses) object.raw(fmt::format("{}", status), json);
        return std::move(object).take();
    }

    std::map<std::uint16_t, std::vector<base::ErrorCode>> errors_by_status(const http::Operation& operation) const {
        std::map<std::string_view, base::ErrorCode> sorted;
        for (const auto& code : operation.errors) sorted.try_emplace(code.code, code);
        for (const auto& code : info_.common_errors) sorted.try_emplace(code.code, code);
        std::map<std::uint16_t, std::vector<base::ErrorCode>> by_status;
        for (const auto& [name, code] : sorted) by_status[code.status].push_back(code);
        return by_status;
    }

    // Of replies that are no problems.
    static std::vector<std::string_view> usual_headers(const http::RouteEntry& route) {
        std::vector<std::string_view> names{"X-Request-Id"};
        // Whoever counts requests says so with each reply.
        if (std::ranges::count(route.operation->errors, 429, &base::ErrorCode::status) > 0)
            names.insert(names.end(), {"RateLimit", "RateLimit-Policy"});
        return names;
    }

    // `codes`: the problems of this status, which then has two media types.
    std::string reply_object(const http::RouteEntry& route, const http::ReplyDoc& reply,
                             const std::vector<base::ErrorCode>& codes) {
        auto names = usual_headers(route);
        names.insert(names.end(), reply.headers.begin(), reply.headers.end());
        std::string_view text = reply.doc.empty() ? http::reason_phrase(reply.status) : reply.doc;
        const bool is_first = is_first_success(route, reply);
        JsonObject content;
        // No media type: no body, which a redirect may do without.
        if (!http::has_no_body(reply.status) && !reply.media_type.empty())
            content.raw(reply.media_type, reply_media(route, reply, is_first));
        if (!codes.empty()) {
            content.raw(problem_media_type, problems_.media(codes));
            const auto more = problems_.header_names(reply.status, codes);
            names.insert(names.end(), more.begin(), more.end());
        }
        JsonObject object;
        object.text("description", text.empty() ? "Done" : text).raw("headers", problems_.headers(names));
        if (!content.empty()) object.raw("content", std::move(content).take());
        if (auto links = is_first ? links_object(route.operation->id) : std::string(); !links.empty())
            object.raw("links", links);
        return std::move(object).take();
    }

    // The one that an example is of.
    static bool is_first_success(const http::RouteEntry& route, const http::ReplyDoc& reply) {
        const auto is_success = [](const http::ReplyDoc& one) { return one.status >= 200 && one.status < 300; };
        const auto& replies = route.operation->replies;
        const auto first = std::ranges::find_if(replies, is_success);
        return first != replies.end() && first->status == reply.status;
    }

    // "" where no operation takes anything of this one's reply.
    std::string links_object(std::string_view operation) const {
        std::map<std::string_view, JsonObject> parameters;
        for (const auto& target : examples_.fed_by(operation))
            parameters[target.operation].text(target.parameter, fmt::format("$response.body#{}", target.pointer));
        JsonObject links;
        for (auto& [id, members] : parameters) {
            JsonObject link;
            link.text("operationId", id).raw("parameters", std::move(members).take());
            links.raw(id, std::move(link).take());
        }
        return links.empty() ? std::string() : std::move(links).take();
    }

    std::string reply_media(const http::RouteEntry& route, const http::ReplyDoc& reply, bool is_first) {
        JsonObject media;
        if (reply.body != nullptr) {
            media.raw("schema", components_.schema_of(*reply.body, Direction::output));
        } else if (reply.media_type.starts_with("text/")) {
            media.raw("schema", R"({"type":"string"})");
        }
        const auto& parameters = route.operation->parameters;
        const auto fields = std::ranges::find_if(parameters, [](const auto& one) { return one.members != nullptr; });
        if (fields != parameters.end() && reply.body != nullptr)
            media.raw("x-with-fields", components_.partial_of(*fields->members));
        if (const auto* example = examples_.find(route.operation->id);
            is_first && reply.body != nullptr && example != nullptr && !example->reply.empty())
            media.raw("example", example->reply);
        return std::move(media).take();
    }

    std::string security_array(const http::RouteEntry& route) const {
        JsonArray alternatives;
        for (const auto name : route.operation->security) {
            if (std::ranges::count(info_.security_schemes, name, &SecurityScheme::name) == 0) {
                throw std::logic_error(
                    fmt::format("openapi: {} {} names the security scheme \"{}\", which is not declared",
                                http::to_string(route.method), route.pattern, name));
            }
            alternatives.raw(std::move(JsonObject().raw(name, "[]")).take());
        }
        return std::move(alternatives).take();
    }

    std::string components_object() const {
        JsonObject schemas;
        for (const auto& [name, json] : components_.all()) schemas.raw(name, json);
        JsonObject object;
        object.raw("schemas", std::move(schemas).take()).raw("responses", problems_.responses());
        object.raw("examples", problems_.examples()).raw("headers", problems_.header_definitions());
        return std::move(object.raw("securitySchemes", security_schemes_object(info_))).take();
    }

    [[noreturn]] static void refuse_status(const http::RouteEntry& route, std::uint16_t status) {
        throw std::logic_error(fmt::format("openapi: {} {} describes the status {} twice",
                                           http::to_string(route.method), route.pattern, status));
    }

    [[noreturn]] static void refuse_pair(const http::RouteEntry& first, const http::RouteEntry& second,
                                         std::string_view why) {
        throw std::logic_error(fmt::format("openapi: {} {} and {} {} {}", http::to_string(first.method), first.pattern,
                                           http::to_string(second.method), second.pattern, why));
    }

    const Info& info_;
    const std::vector<const http::RouteEntry*> routes_;
    const Examples examples_;
    schema::Components components_;
    ProblemResponses problems_;
    std::map<std::string_view, const http::RouteEntry*> ids_;
};

}  // namespace

std::vector<SecurityScheme> default_security_schemes() {
    return {
        {"bearer", SchemeKind::bearer, "JWT",
         "An access token, such as the `accessToken` of a log-in: `Authorization: Bearer …`. Signed and checked by "
         "RFC8725; "
         "clients pass it on and read nothing of it."},
        {"session", SchemeKind::cookie, "__Host-sid",
         "The browser's session, which it sends by itself; changes need the CSRF token as well."},
    };
}

std::vector<base::ErrorCode> default_common_errors() {
    return {http::errors::headers_too_large, http::errors::internal, http::errors::overloaded};
}

std::string document(const http::Router& router, const Info& info) { return DocumentWriter(router, info).write(); }

}  // namespace openapi
