#include "http/router.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/failure.h"
#include "base/strings.h"
#include "base/uuid.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/operation.h"
#include "log/redaction.h"

namespace http {

namespace {

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
    throw std::invalid_argument("route pattern \"" + std::string(pattern) + "\": " + std::string(why));
}

bool is_identifier(std::string_view name) {
    const auto is_letter = [](char c) {
        return (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z') || c == '_';
    };
    return !name.empty() && is_letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || base::is_ascii_digit(c); });
}

std::vector<Middleware> joined(const std::vector<Middleware>& first, std::vector<Middleware> second) {
    second.insert(second.begin(), first.begin(), first.end());
    return second;
}

async::Task<void> answer_options(Context& context, MethodSet allowed) {
    context.response().status(204);
    if (!allowed.empty()) context.response().header("Allow", allowed.to_string());
    co_return;
}

// To the same path without its last slash, for any method: 308 keeps method and body. Relative ("../items" for "/v1/items/"),
// so that it is right behind a proxy that takes a prefix away, and cannot name another host.
async::Task<void> redirect_without_slash(Context& context) {
    const auto& request = context.request();
    const auto path = request.path().substr(0, request.path().size() - 1);
    auto location = "../" + base::percent_encode(path.substr(path.rfind('/') + 1));
    if (!request.query().empty()) location.append("?").append(request.query());
    context.response().status(308).header("Location", location);
    co_return;
}

// "/a/b" gives "a" and leaves "/b".
std::string_view take_segment(std::string_view& path) {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(1, end - 1);
    path.remove_prefix(end);
    return segment;
}

constexpr std::size_t shortest_secret = 20;
bool has_long_segment(std::string_view path) {
    for (auto rest = path; !rest.empty();) {
        if (take_segment(rest).size() >= shortest_secret) return true;
    }
    return false;
}

// As a proxy in front, and whoever copied the path, may have encoded it: at most three times.
std::string decoded_word(std::string_view segment) {
    std::string word(segment);
    for (int i = 0; i < 3 && word.contains('%'); ++i) {
        auto decoded = base::percent_decode(word);
        if (!decoded) break;
        word = *std::move(decoded);
    }
    return base::ascii_lower(word);
}

}  // namespace

struct Router::Node {
    struct Child {
        std::string segment;
        std::unique_ptr<Node> node;
    };
    std::vector<Child> statics;  // sorted by segment
    std::unique_ptr<Node> parameter;
    std::unique_ptr<Node> tail;
    std::array<const RouteEntry*, method_count> routes{};
    bool is_secret = false;     // the segment that leads here
    bool leads_to_one = false;  // … or one further down

    [[nodiscard]] Node* static_child(std::string_view segment) const {
        const auto at = std::ranges::lower_bound(statics, segment, {}, &Child::segment);
        return at != statics.end() && at->segment == segment ? at->node.get() : nullptr;
    }
    Node& static_child_or_new(std::string_view segment) {
        const auto at = std::ranges::lower_bound(statics, segment, {}, &Child::segment);
        if (at != statics.end() && at->segment == segment) return *at->node;
        return *statics.insert(at, {std::string(segment), std::make_unique<Node>()})->node;
    }
    [[nodiscard]] const RouteEntry* route_for(Method method) const {
        if (method == Method::other) return nullptr;
        const auto* own = routes[static_cast<std::size_t>(method)];
        if (own == nullptr && method == Method::head) return routes[static_cast<std::size_t>(Method::get)];
        return own;
    }
    void collect_methods(MethodSet& allowed) const {
        for (std::size_t i = 0; i < routes.size(); ++i) {
            if (routes[i] == nullptr) continue;
            allowed.insert(static_cast<Method>(i));
            allowed.insert(Method::options);
            if (static_cast<Method>(i) == Method::get) allowed.insert(Method::head);
        }
    }
};

struct Router::Search {
    Method method;
    MethodSet allowed{};
    std::array<std::string_view, max_path_parameters> values{};
    std::size_t count = 0;
};

struct Router::Secrets {
    std::vector<std::string_view> segments;  // of the target, from left to right
};

RouteGroup::RouteGroup(Router& router, std::string prefix, std::vector<Middleware> links)
    : router_(router), prefix_(std::move(prefix)), links_(std::move(links)) {}

void RouteGroup::add(Method method, std::string_view pattern, Route route) {
    router_.add_entry(method, prefix_ + std::string(pattern), std::move(route), links_);
}

RouteGroup RouteGroup::group(std::string_view prefix, std::vector<Middleware> links) const {
    RouteGroup inner(router_, prefix_ + std::string(prefix), joined(links_, std::move(links)));
    inner.descriptions_ = descriptions_;
    return inner;
}

RouteGroup RouteGroup::describing(Describe describe) const {
    auto group = *this;
    group.descriptions_.push_back(std::move(describe));
    return group;
}

RouteGroup RouteGroup::answering(std::vector<base::ErrorCode> errors) const {
    return describing([errors = std::move(errors)](Method, Operation& operation) {
        for (const auto& error : errors) operation.can_fail(error);
    });
}

void RouteGroup::describe(Method method, Operation& operation) const {
    for (const auto& describe : descriptions_) describe(method, operation);
}

Router::Router() : root_(std::make_unique<Node>()) {}

Router::~Router() = default;

void Router::add(Method method, std::string_view pattern, Route route) {
    add_entry(method, std::string(pattern), std::move(route), {});
}

RouteGroup Router::group(std::string_view prefix, std::vector<Middleware> links) {
    return {*this, std::string(prefix), std::move(links)};
}

void Router::add_entry(Method method, std::string pattern, Route route, const std::vector<Middleware>& links) {
    if (method == Method::other) refuse(pattern, "has no method");
    if (!route.handler) refuse(pattern, "has no handler");
    std::vector<std::string> parameters;
    auto& slot = node_for(pattern, parameters).routes[static_cast<std::size_t>(method)];
    mark_secrets(pattern);
    if (slot != nullptr) refuse(pattern, "means the same as " + slot->pattern + ", which is registered already");
    slot = &routes_.emplace_back(RouteEntry{
        .method = method,
        .pattern = std::move(pattern),
        .parameters = std::move(parameters),
        .operation = std::move(route.operation),
        .options = route.options,
        .chain = Chain(joined(route.outermost, joined(links, std::move(route.middleware))), std::move(route.handler)),
    });
}

Router::Node& Router::node_for(std::string_view pattern, std::vector<std::string>& parameters) {
    if (!pattern.starts_with('/')) refuse(pattern, "must start with /");
    auto* node = root_.get();
    if (pattern == "/") return *node;
    for (auto rest = pattern; !rest.empty();) {
        const auto segment = take_segment(rest);
        if (segment.empty()) refuse(pattern, "has an empty segment");
        if (!segment.starts_with('{')) {
            if (segment.find_first_of("{}") != std::string_view::npos)
                refuse(pattern, "a parameter is a whole segment");
            node = &node->static_child_or_new(segment);
            continue;
        }
        if (!segment.ends_with('}')) refuse(pattern, "a parameter is a whole segment");
        auto name = segment.substr(1, segment.size() - 2);
        const bool tail = name.ends_with("...");
        if (tail) name.remove_suffix(3);
        if (tail && !rest.empty()) refuse(pattern, "a tail stands last");
        if (!is_identifier(name)) refuse(pattern, "a parameter's name is letters, digits and _");
        if (std::ranges::find(parameters, name) != parameters.end()) refuse(pattern, "names a parameter twice");
        if (parameters.size() == max_path_parameters) refuse(pattern, "has too many parameters");
        parameters.emplace_back(name);
        auto& child = tail ? node->tail : node->parameter;
        if (!child) child = std::make_unique<Node>();
        node = child.get();
    }
    return *node;
}

// The pattern is a good one, and its nodes are there.
void Router::mark_secrets(std::string_view pattern) {
    static const logging::Redaction names;
    std::vector<Node*> way{root_.get()};
    std::vector<std::string> words;
    auto last = std::size_t{0};
    for (auto rest = pattern == "/" ? std::string_view() : pattern; !rest.empty();) {
        const auto segment = take_segment(rest);
        if (!segment.starts_with('{')) {
            way.push_back(way.back()->static_child(segment));
            if (last == 0) words.push_back(base::ascii_lower(segment));
            continue;
        }
        auto name = segment.substr(1, segment.size() - 2);
        const bool tail = name.ends_with("...");
        if (tail) name.remove_suffix(3);
        way.push_back((tail ? way.back()->tail : way.back()->parameter).get());
        if (!names.matches(name)) continue;
        way.back()->is_secret = true;
        last = way.size();
    }
    for (std::size_t i = 0; i < last; ++i) way[i]->leads_to_one = true;
    if (last == 0) return;
    // The first one is the whole service's, mostly: "v1".
    if (words.size() > 1) words.erase(words.begin());
    for (auto& word : words) {
        if (std::ranges::find(secret_words_, word) == secret_words_.end()) secret_words_.push_back(std::move(word));
    }
}

// Every branch that may be meant, as it stands in the target.
void Router::find_secrets(const Node& node, std::string_view path, Secrets& found) {
    if (path.empty() || !node.leads_to_one) return;
    if (node.tail && node.tail->is_secret && path.size() > 1) found.segments.push_back(path.substr(1));
    auto rest = path;
    const auto segment = take_segment(rest);
    const auto decoded = segment.contains('%') ? base::percent_decode(segment) : std::nullopt;
    if (const auto* child = node.static_child(decoded ? std::string_view(*decoded) : segment)) {
        find_secrets(*child, rest, found);
        if (child->leads_to_one) return;
    }
    if (!node.parameter || segment.empty()) return;
    const bool may_be_one = node.parameter->leads_to_one && segment.size() >= shortest_secret &&
                            !base::Uuid::from_string(decoded ? std::string_view(*decoded) : segment);
    if (node.parameter->is_secret || may_be_one) found.segments.push_back(segment);
    find_secrets(*node.parameter, rest, found);
}

// Whether a route has it, by any method. Of a target: each segment is decoded by itself.
bool Router::is_taken(const Node& node, std::string_view path) {
    const auto has_route = [](const Node& one) {
        return std::ranges::any_of(one.routes, [](const auto* route) { return route != nullptr; });
    };
    if (path.empty() || path == "/") return has_route(node);
    auto rest = path;
    const auto segment = take_segment(rest);
    const auto decoded = segment.contains('%') ? base::percent_decode(segment) : std::nullopt;
    const auto* child = node.static_child(decoded ? std::string_view(*decoded) : segment);
    if (child != nullptr && is_taken(*child, rest)) return true;
    if (node.parameter && !segment.empty() && is_taken(*node.parameter, rest)) return true;
    return node.tail && has_route(*node.tail);
}

// What stands in a path that no route has, behind a word of those that have a secret.
void Router::find_missed(std::string_view path, Secrets& found) const {
    const auto is_word = [&](std::string_view word) {
        return std::ranges::find(secret_words_, word) != secret_words_.end();
    };
    std::vector<std::string_view> missed;
    bool is_behind = false;
    for (auto rest = path; !rest.empty();) {
        const auto segment = take_segment(rest);
        const auto word = decoded_word(segment);
        const auto parts = base::split(word, '/');
        const bool has_word = std::ranges::any_of(parts, is_word);
        is_behind = is_behind || has_word;
        const bool is_whole = has_word && parts.size() == 1;
        if (is_behind && !is_whole && segment.size() >= shortest_secret) missed.push_back(segment);
    }
    found.segments.insert(found.segments.end(), missed.begin(), missed.end());
    // Of two that begin at one place the longer one, which may be a tail.
    std::ranges::sort(found.segments, [](std::string_view one, std::string_view other) {
        if (one.data() == other.data()) return one.size() > other.size();
        return std::less<>()(one.data(), other.data());
    });
}

std::optional<std::string> Router::scrub(std::string_view target) const {
    if (!root_->leads_to_one || !target.starts_with('/')) return std::nullopt;
    Secrets found;
    const auto path = target.substr(0, target.find_first_of("?#"));
    find_secrets(*root_, path, found);
    if (has_long_segment(path) && !is_taken(*root_, path)) find_missed(path, found);
    if (found.segments.empty()) return std::nullopt;
    std::string shown;
    const auto* from = target.data();
    for (const auto segment : found.segments) {
        if (segment.data() < from) continue;  // within a tail
        shown.append(from, segment.data()).append(logging::Redaction::replacement);
        from = segment.data() + segment.size();
    }
    return shown.append(from, target.data() + target.size());
}

// Each node is tried at most once: static before parameter before tail, and back when the branch has no such method.
const RouteEntry* Router::find(const Node& node, std::string_view path, Search& search) {
    if (path.empty()) {
        node.collect_methods(search.allowed);
        return node.route_for(search.method);
    }
    auto rest = path;
    const auto segment = take_segment(rest);
    if (const auto* child = node.static_child(segment)) {
        if (const auto* found = find(*child, rest, search)) return found;
    }
    const auto count = search.count;
    if (node.parameter && !segment.empty()) {
        search.values[search.count++] = segment;
        if (const auto* found = find(*node.parameter, rest, search)) return found;
        search.count = count;
    }
    if (node.tail && path.size() > 1) {
        search.values[search.count++] = path.substr(1);
        node.tail->collect_methods(search.allowed);
        if (const auto* found = node.tail->route_for(search.method)) return found;
        search.count = count;
    }
    return nullptr;
}

async::Task<void> Router::dispatch(Context& context) const {
    const auto& request = context.request();
    Search search{.method = request.method()};
    const auto path = request.path();
    const RouteEntry* entry = nullptr;
    if (path.starts_with('/')) entry = find(*root_, path == "/" ? std::string_view() : path, search);
    if (entry == nullptr) {
        const bool everything = path == "*";
        if (request.method() == Method::options && (everything || !search.allowed.empty())) {
            return answer_options(context, search.allowed);
        }
        if (search.allowed.empty()) {
            Search bare{.method = request.method()};
            if (path.size() > 1 && path.ends_with('/')) find(*root_, path.substr(0, path.size() - 1), bare);
            if (!bare.allowed.empty()) return redirect_without_slash(context);
            throw base::Failure(errors::not_found);
        }
        throw base::Failure(errors::method_not_allowed).header("Allow", search.allowed.to_string());
    }
    context.clear_params();
    for (std::size_t i = 0; i < search.count; ++i) context.add_param(entry->parameters[i], search.values[i]);
    context.set_route(entry, entry->pattern);
    if (entry->options.body_limit) context.request().set_body_limit(*entry->options.body_limit);
    if (entry->options.deadline) context.set_handler_time(*entry->options.deadline);
    if (entry->options.body_time) context.set_body_time(*entry->options.body_time);
    return entry->chain(context);
}

Handler Router::handler() const {
    return [this](Context& context) { return dispatch(context); };
}

}  // namespace http
