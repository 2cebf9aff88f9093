#include "openapi/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "base/strings.h"
#include "http/operation.h"
#include "http/router.h"
#include "schema/schema.h"

namespace openapi {

namespace {

bool is_identifier(std::string_view name) {
    const auto is_letter = [](char c) { return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z'; };
    return !name.empty() && is_letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || base::is_ascii_digit(c) || c == '_'; });
}

// What somebody has to mend does not pass by itself.
bool contradicts_itself(const base::ErrorCode& code) {
    const bool is_mended = code.action == base::Action::fix || code.action == base::Action::contact;
    return code.retriable ? is_mended || code.status == 500 : code.action == base::Action::retry;
}

bool takes_parameter(const http::Operation& operation, std::string_view name) {
    return std::ranges::any_of(operation.parameters, [&](const http::ParameterDoc& parameter) {
        return parameter.in == "path" && parameter.field->name == name;
    });
}

// The part of the document that references lead to.
using Members = std::map<std::string, schema::Json>;
struct ComponentIndex {
    Members schemas, responses, examples, headers;
    schema::Json rest;
    friend constexpr auto describe(ComponentIndex*) {
        using schema::field;
        return schema::object<ComponentIndex>(
            "ComponentIndex", field<&ComponentIndex::schemas>("schemas", {.max_items = 1'000'000, .defaulted = true}),
            field<&ComponentIndex::responses>("responses", {.max_items = 1'000'000, .defaulted = true}),
            field<&ComponentIndex::examples>("examples", {.max_items = 1'000'000, .defaulted = true}),
            field<&ComponentIndex::headers>("headers", {.max_items = 1'000'000, .defaulted = true}),
            schema::keep_unknown<&ComponentIndex::rest>());
    }
};
struct DocumentIndex {
    ComponentIndex components;
    schema::Json rest;
    friend constexpr auto describe(DocumentIndex*) {
        return schema::object<DocumentIndex>("DocumentIndex", schema::field<&DocumentIndex::components>("components"),
                                             schema::keep_unknown<&DocumentIndex::rest>());
    }
};

std::set<std::string> targets_of(const ComponentIndex& components) {
    std::set<std::string> targets;
    const auto add = [&targets](std::string_view kind, const Members& members) {
        for (const auto& [name, json] : members) targets.insert(fmt::format("#/components/{}/{}", kind, name));
    };
    add("schemas", components.schemas);
    add("responses", components.responses);
    add("examples", components.examples);
    add("headers", components.headers);
    return targets;
}

}  // namespace

std::vector<std::string> lint(const http::Router& router) {
    std::vector<std::string> faults;
    std::set<std::string_view> ids;
    for (const auto& route : router.routes()) {
        if (!route.operation) continue;
        const auto& operation = *route.operation;
        const auto fault = [&](std::string_view text) {
            faults.push_back(fmt::format("{} {}: {}", http::to_string(route.method), route.pattern, text));
        };
        if (!is_identifier(operation.id))
            fault(fmt::format("\"{}\" is no operationId that clients can name a function by", operation.id));
        if (!ids.insert(operation.id).second) fault(fmt::format("the operationId {} is used before", operation.id));
        if (operation.summary.empty()) fault("has no summary");
        if (operation.tag.empty()) fault("has no tag");
        for (const auto& name : route.parameters) {
            if (!takes_parameter(operation, name)) fault(fmt::format("the path parameter {} is not described", name));
        }
        if (operation.deprecation && !operation.deprecation->instead.empty() &&
            std::ranges::none_of(router.routes(), [&](const http::RouteEntry& other) {
                return other.operation && other.operation->id == operation.deprecation->instead;
            }))
            fault(fmt::format("names {} in its place, which is no operation", operation.deprecation->instead));
        for (const auto& code : operation.errors) {
            if (code.status < 400 || code.status > 599)
                fault(fmt::format("{} has the status {}", code.code, code.status));
            if (code.action == base::Action::none)
                fault(fmt::format("{} does not say what a client does next", code.code));
            if (contradicts_itself(code))
                fault(fmt::format("{} is {} and says `{}`", code.code, code.retriable ? "retriable" : "not retriable",
                                  base::to_string(code.action)));
        }
    }
    return faults;
}

std::vector<std::string> unresolved_references(std::string_view document) {
    const auto index = schema::parse<DocumentIndex>(document, {.max_bytes = document.size() + 1, .max_depth = 256});
    if (!index) throw std::invalid_argument("openapi: not a document: " + index.error().detail);
    const auto targets = targets_of(index->components);
    // Inside a string the quotes would be escaped, so this finds members alone.
    constexpr std::string_view member = R"("$ref":")";
    std::set<std::string> unresolved;
    for (auto at = document.find(member); at != std::string_view::npos; at = document.find(member, at)) {
        at += member.size();
        std::string target(document.substr(at, document.find('"', at) - at));
        if (!targets.contains(target)) unresolved.insert(std::move(target));
    }
    return {unresolved.begin(), unresolved.end()};
}

}  // namespace openapi
