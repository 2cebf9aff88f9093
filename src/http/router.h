#pragma once
// Which handler a method and a path mean. Built once at start, then read-only: any number of loops may share one, as long
// as its links and handlers may be called from them. Looking up costs one step per path segment and no allocation.
//
//     http::Router router;
//     auto api = router.group("/v1", {authenticate});
//     api.add(http::Method::get, "/products/{id}", {.handler = show_product});
//     api.add(http::Method::post, "/imports", {.handler = import, .options = {.body_limit = 64 << 20}});
//     router.add(http::Method::get, "/assets/{path...}", {.handler = asset});
//     http::Chain app({errors, request_id, access_log}, router.handler());
//
// A static segment beats a parameter, a parameter beats a tail; a parameter never is empty, a tail has one segment at
// least. "/products/", which no route takes, is 308 to "/products", whatever the method. HEAD is answered by GET's handler,
// OPTIONS by 204 with Allow, other methods by 405 with Allow. add() throws std::invalid_argument for a bad or doubled pattern.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/failure.h"
#include "http/method.h"
#include "http/middleware.h"

namespace http {

class Context;
struct Operation;  // http/operation.h: what the OpenAPI document says about a route

// Who is refused first while more requests come than can be answered (http/load_shedder.h): what may wait, such as reports.
enum class Priority : std::uint8_t { high, normal, low };
inline constexpr std::size_t priorities = 3;

struct RouteOptions {
    std::optional<std::uint64_t> body_limit;      // bytes; Request::default_body_limit when not set
    std::optional<async::Milliseconds> deadline;  // for the handler; the server's when not set
    // For the whole body, however fast it comes: 408. Not set: as long as 2 KiB a second takes for `body_limit`.
    std::optional<async::Milliseconds> body_time{};
    std::string_view rate_class{};  // which rate limits (auth/rate_limit.h); the group's when empty
    bool outside_wall = false;      // answers also a caller who is kept out of the rest (auth::Grants::wall)
    Priority priority = Priority::normal;
};

struct Route {
    Handler handler;
    std::vector<Middleware> middleware = {};
    std::shared_ptr<const Operation> operation = {};
    RouteOptions options = {};
    std::vector<Middleware> outermost = {};  // in front of the groups' links: also of what those refuse
};

// A route as registered: what is enumerable.
struct RouteEntry {
    Method method = Method::get;
    std::string pattern;
    std::vector<std::string> parameters;  // in order of appearance
    std::shared_ptr<const Operation> operation;
    RouteOptions options;
    Chain chain;  // the outermost, the groups' links, the route's links, the handler
};

class Router;

// A prefix and links in front of every route added through it. Keeps a reference to its router.
class RouteGroup {
public:
    RouteGroup(Router& router, std::string prefix, std::vector<Middleware> links);
    void add(Method method, std::string_view pattern, Route route);
    [[nodiscard]] RouteGroup group(std::string_view prefix, std::vector<Middleware> links = {}) const;
    // What the document says of every typed route besides its own words, of groups inside this one too.
    using Describe = std::function<void(Method method, Operation& operation)>;
    [[nodiscard]] RouteGroup describing(Describe describe) const;
    // Problems that its links answer.
    [[nodiscard]] RouteGroup answering(std::vector<base::ErrorCode> errors) const;
    void describe(Method method, Operation& operation) const;
    [[nodiscard]] std::string_view prefix() const { return prefix_; }

private:
    Router& router_;
    std::string prefix_;
    std::vector<Middleware> links_;
    std::vector<Describe> descriptions_;
};

class Router {
public:
    Router();
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    void add(Method method, std::string_view pattern, Route route);
    [[nodiscard]] RouteGroup group(std::string_view prefix, std::vector<Middleware> links = {});

    // Finds the route, tells the context, and runs the route's chain. Throws base::Failure http.not_found (404) or
    // http.method_not_allowed (405, with Allow).
    async::Task<void> dispatch(Context& context) const;
    // dispatch() as the end of a chain; the router must outlive it.
    [[nodiscard]] Handler handler() const;

    // A request's target without what stands where a route has a parameter with a secret's name (log/redaction.h: `{token}`), also
    // where no route takes it whole or by this method. Where none does, whoever typed the path may have missed such a route by a
    // letter: behind a word of its pattern, in any case and encoding, each segment of 20 characters or more is left out. So is one
    // where a route goes on to its secret behind a parameter, unless it is a UUID. nullopt when it has none. One step per segment.
    [[nodiscard]] std::optional<std::string> scrub(std::string_view target) const;

    // In order of registration; addresses are stable.
    [[nodiscard]] const std::deque<RouteEntry>& routes() const { return routes_; }

private:
    friend class RouteGroup;
    struct Node;

    struct Search;
    struct Secrets;

    // `links` come before the route's own.
    void add_entry(Method method, std::string pattern, Route route, const std::vector<Middleware>& links);
    Node& node_for(std::string_view pattern, std::vector<std::string>& parameters);
    void mark_secrets(std::string_view pattern);
    static void find_secrets(const Node& node, std::string_view path, Secrets& found);
    static bool is_taken(const Node& node, std::string_view path);
    void find_missed(std::string_view path, Secrets& found) const;
    static const RouteEntry* find(const Node& node, std::string_view path, Search& search);

    std::deque<RouteEntry> routes_;
    std::unique_ptr<Node> root_;
    std::vector<std::string> secret_words_;  // of patterns with a secret, before it, in small letters
};

}  // namespace http
