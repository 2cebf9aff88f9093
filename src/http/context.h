#pragma once
// What a link of the chain and a handler work with: the request, the reply, and what the links before have found out. It
// outlives the handler's task (so a Context& may cross co_await), belongs to one connection, and is reused for its next
// request. Loop's thread only.
//
//     async::Task<void> show(http::Context& context) {
//         auto product = co_await find(context.services().use<Catalogue>(), context.param("id"), context.deadline());
//         context.response().body(to_json(product)).content_type("application/json");
//     }
//
//     context.set(Caller{...});                            // by a link
//     if (auto* caller = context.get<Caller>()) { ... }    // by a later one

#include <algorithm>
#include <array>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "http/request.h"
#include "http/response.h"
#include "http/services.h"
#include "log/logger.h"
#include "observe/span.h"

namespace http {

struct RouteEntry;

struct PathParameter {
    std::string_view name;   // of the route
    std::string_view value;  // decoded; of the request
};
inline constexpr std::size_t max_path_parameters = 8;

class Context {
public:
    Context(async::Loop& loop, const Services& services, logging::Logger logger);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    [[nodiscard]] Request& request() { return request_; }
    [[nodiscard]] const Request& request() const { return request_; }
    [[nodiscard]] Response& response() { return response_; }
    [[nodiscard]] const Response& response() const { return response_; }

    [[nodiscard]] async::Loop& loop() const { return loop_; }
    [[nodiscard]] const Services& services() const { return services_; }

    // Carries reqId, and trace_id and span_id when there is a trace; made when first asked for, as most requests log nothing but
    // their access line.
    [[nodiscard]] const logging::Logger& logger();
    // The server's own logger, without request fields.
    [[nodiscard]] const logging::Logger& server_logger() const { return server_logger_; }
    // For a link that adds fields (user, tenant): set_logger(context.logger().child({...})).
    void set_logger(logging::Logger logger);

    // Empty until the request-id link has run.
    [[nodiscard]] std::string_view request_id() const { return request_id_; }
    void set_request_id(std::string_view id);

    // The parent of whatever is done for this request: give it to every outside call. nullptr: no trace.
    [[nodiscard]] const observe::SpanContext* span() const { return trace_ ? trace_->context() : nullptr; }
    // By the tracing link; lines of the log carry its ids from then on.
    observe::EntrySpan& set_trace(std::unique_ptr<observe::EntrySpan> trace);

    // By the connection, when what the request began outlasts it: children look at their parent as long as they live.
    [[nodiscard]] std::unique_ptr<observe::EntrySpan> take_trace() { return std::move(trace_); }

    // When the request's head was complete.
    [[nodiscard]] async::SteadyTime started() const { return started_; }
    // Give this to every outside call. 30 s, unless the route says otherwise, after the request was complete: from its head,
    // or from the piece of its body that came last. Until then it is the body's own deadline that counts.
    // No later than what the client waits for, if it says so (middleware/request_timeout.h).
    [[nodiscard]] async::SteadyTime deadline() const { return std::min(deadline_, client_deadline_); }
    void set_client_deadline(async::SteadyTime when) { client_deadline_ = when; }
    void set_handler_time(async::Milliseconds time) {
        deadline_ += time - handler_time_;
        handler_time_ = time;
    }

    // "/v1/products/{id}", or "" while no route matched: the label of metrics and log lines.
    [[nodiscard]] std::string_view route_pattern() const { return route_pattern_; }
    [[nodiscard]] const RouteEntry* route() const { return route_; }
    void set_route(const RouteEntry* route, std::string_view pattern) {
        route_ = route;
        route_pattern_ = pattern;
    }

    // "" for a name the pattern does not have.
    [[nodiscard]] std::string_view param(std::string_view name) const;
    [[nodiscard]] std::size_t param_count() const { return parameter_count_; }
    [[nodiscard]] PathParameter param_at(std::size_t index) const { return parameters_[index]; }
    void clear_params() { parameter_count_ = 0; }
    // Routes have at most max_path_parameters; the router checks it at registration.
    void add_param(std::string_view name, std::string_view value) { parameters_[parameter_count_++] = {name, value}; }

    // One value per type, until the request ends. set() replaces.
    template <class T>
    T& set(T value) {
        auto owned = std::make_unique<Slot<T>>(std::move(value));
        auto& kept = owned->value;
        insert_slot(&detail::type_key<T>, std::move(owned));
        return kept;
    }
    template <class T>
    [[nodiscard]] T* get() const {
        auto* slot = find_slot(&detail::type_key<T>);
        return slot == nullptr ? nullptr : &static_cast<Slot<T>*>(slot)->value;
    }

    // When the whole body must be here, whatever the handler does with it meanwhile; the route says so.
    [[nodiscard]] async::SteadyTime body_deadline() const { return body_deadline_; }
    void set_body_time(async::Milliseconds time) { body_deadline_ = started_ + time; }

    // A hint: the client closed its side. The handler need not look at it; its reply is dropped if nobody is there.
    [[nodiscard]] bool client_gone() const { return client_gone_; }
    // The same to be waited for, with async/stopped.h or a std::stop_callback: by whoever waits for something else than the client.
    [[nodiscard]] std::stop_token gone();
    // The server drains: a reply that has no end of its own (events) ends now. One that has may go on.
    [[nodiscard]] std::stop_token draining() const { return draining_; }
    // By the connection, once.
    void set_draining(std::stop_token token) { draining_ = std::move(token); }

    // For the connection and inject(): makes the context ready for another request.
    void reset();
    void mark_started(async::SteadyTime now, async::Milliseconds handler_deadline) {
        started_ = now;
        handler_time_ = handler_deadline;
        deadline_ = now + handler_deadline;
        client_deadline_ = async::SteadyTime::max();
        body_deadline_ = async::SteadyTime::max();
    }
    // The handler has waited for a piece of the body until `now`, or has been given one.
    void mark_body_arrived(async::SteadyTime now) { deadline_ = now + handler_time_; }
    void mark_client_gone();

private:
    struct AnySlot {
        virtual ~AnySlot() = default;
    };
    template <class T>
    struct Slot final : AnySlot {
        explicit Slot(T initial) : value(std::move(initial)) {}
        T value;
    };
    void insert_slot(const void* key, std::unique_ptr<AnySlot> slot);
    [[nodiscard]] AnySlot* find_slot(const void* key) const;

    async::Loop& loop_;
    const Services& services_;
    logging::Logger server_logger_;
    logging::Logger logger_;
    bool has_logger_ = false;
    bool client_gone_ = false;
    Request request_;
    Response response_;
    std::string request_id_;
    std::unique_ptr<observe::EntrySpan> trace_;
    async::SteadyTime started_;
    async::SteadyTime deadline_;
    async::SteadyTime client_deadline_ = async::SteadyTime::max();
    async::SteadyTime body_deadline_ = async::SteadyTime::max();
    std::stop_source gone_{std::nostopstate};  // made when it is asked for
    std::stop_token draining_;
    async::Milliseconds handler_time_{0};
    const RouteEntry* route_ = nullptr;
    std::string_view route_pattern_;
    std::size_t parameter_count_ = 0;
    std::array<PathParameter, max_path_parameters> parameters_;
    std::vector<std::pair<const void*, std::unique_ptr<AnySlot>>> slots_;
};

}  // namespace http
