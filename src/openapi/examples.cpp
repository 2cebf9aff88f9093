#include "openapi/examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "http/operation.h"
#include "http/router.h"
#include "schema/schema.h"

namespace openapi {

namespace {

[[noreturn]] void refuse(const Example& example, std::string_view why) {
    throw std::logic_error(fmt::format("openapi: the example of \"{}\" {}", example.operation, why));
}

void require_json(const Example& example, std::string_view text) {
    if (!schema::parse<schema::Json>(text)) refuse(example, fmt::format("is no JSON: {}", text));
}

bool takes(const http::RouteEntry& route, std::string_view name) {
    return std::ranges::find(route.parameters, name) != route.parameters.end() ||
           std::ranges::any_of(route.operation->parameters,
                               [name](const http::ParameterDoc& one) { return one.field->name == name; });
}

void require_use(const Example& example, const std::vector<const http::RouteEntry*>& routes) {
    const auto is_meant = [&example](const http::RouteEntry* route) {
        return example.operation.empty() || route->operation->id == example.operation;
    };
    if (std::ranges::none_of(routes, is_meant)) refuse(example, "is of no operation");
    const auto takes_body = [&](const auto* route) { return is_meant(route) && route->operation->body != nullptr; };
    if (!example.body.empty() && std::ranges::none_of(routes, takes_body)) refuse(example, "has a body");
    for (const auto& [name, json] : example.parameters) {
        const auto takes_it = [&](const auto* route) { return is_meant(route) && takes(*route, name); };
        if (std::ranges::none_of(routes, takes_it)) refuse(example, fmt::format("has a parameter \"{}\"", name));
        require_json(example, json);
    }
    if (!example.body.empty()) require_json(example, example.body);
    if (!example.reply.empty()) require_json(example, example.reply);
    for (const auto& [name, source] : example.from) {
        if (std::ranges::none_of(routes, [&](const auto* route) { return is_meant(route) && takes(*route, name); }))
            refuse(example, fmt::format("has a parameter \"{}\"", name));
        if (std::ranges::none_of(routes, [&](const auto* route) { return route->operation->id == source.operation; }))
            refuse(example, fmt::format("is fed by \"{}\", which is no operation", source.operation));
    }
}

}  // namespace

Examples::Examples(const std::vector<Example>& examples, const std::vector<const http::RouteEntry*>& routes) {
    for (const auto& example : examples) {
        require_use(example, routes);
        if (!by_operation_.emplace(example.operation, &example).second) refuse(example, "is there twice");
    }
}

const Example* Examples::find(std::string_view operation) const {
    const auto found = by_operation_.find(operation);
    return found == by_operation_.end() ? nullptr : found->second;
}

std::string_view Examples::body_of(std::string_view operation) const {
    const auto* example = find(operation);
    return example == nullptr ? std::string_view() : std::string_view(example->body);
}

std::vector<Examples::Target> Examples::fed_by(std::string_view operation) const {
    std::vector<Target> targets;
    for (const auto& [name, example] : by_operation_) {
        for (const auto& [parameter, source] : example->from) {
            if (source.operation == operation) targets.push_back({name, parameter, source.pointer});
        }
    }
    return targets;
}

std::string_view Examples::value_of(std::string_view operation, std::string_view parameter) const {
    const auto found = by_operation_.find(operation);
    if (found == by_operation_.end()) return {};
    const auto value = found->second->parameters.find(parameter);
    return value == found->second->parameters.end() ? std::string_view() : std::string_view(value->second);
}

}  // namespace openapi
