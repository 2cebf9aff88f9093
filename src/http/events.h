#pragma once
// A result that goes on for as long as its client listens: server-sent events (text/event-stream), for `EventSource` and the like.
//
//     async::Task<http::EventStream> follow(auth::Caller caller, http::LastEventId last, http::Service<OrderFeed> feed) {
//         co_return http::EventStream{feed->listen(caller.tenant_id, *last)};       // std::shared_ptr<http::EventQueue>
//     }
//
//     std::shared_ptr<http::EventQueue> OrderFeed::listen(base::Uuid tenant, const std::optional<std::string>& last) {
//         auto queue = std::make_shared<http::EventQueue>(loop_);
//         for (const auto& order : orders_since(tenant, last)) queue->push(event_of(order));     // what was missed
//         listeners_[tenant].push_back(queue);                                                   // std::weak_ptr
//         return queue;
//     }
//     // … and when something happens, by Redis' pub/sub say:
//     std::erase_if(listeners_[tenant], [&](auto& queue) { auto open = queue.lock(); return !open || !open->push(event); });
//
// The stream ends when the client goes, when the server drains (EventSource then connects anew, to the process that follows), when
// the queue is closed, and when a client takes less than comes: beyond 256 KiB that wait, push() is false and the client comes
// again, with the last id that it has seen. After 15 s without an event a comment is sent, so that no proxy takes the connection for
// a dead one. The route's deadline is that of the handler, not of the stream; it outlives the token that it was asked with, so whoever
// hands out the queue closes it when the caller's session ends. Loop's thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "async/sync.h"
#include "http/handler.h"

namespace http {

struct ServerSentEvent {
    std::string data{};                                // UTF-8, of any number of lines; JSON as a rule
    std::string id{};                                  // what the client says in Last-Event-ID when it comes again
    std::string type{};                                // "": "message"
    std::optional<std::chrono::milliseconds> retry{};  // after which the client comes again from now on
};

// A part of a handler: the id of the last event that the client has, when it comes again.
struct LastEventId {
    std::optional<std::string> value{};
    const std::optional<std::string>& operator*() const { return value; }

    static LastEventId read(Context& context, Findings& findings);
    static void describe(Operation& operation);
};

// What waits for one client.
class EventQueue {
public:
    static constexpr std::size_t most_bytes = std::size_t{256} * 1024;

    explicit EventQueue(async::Loop& loop) : changed_(loop) {}

    // False: nothing is sent any more. Throws std::invalid_argument for an id or a type that has a line break or a zero byte.
    bool push(const ServerSentEvent& event);
    // What waits is sent; then the stream ends.
    void close();
    // False: the client has gone, or nothing more is sent.
    [[nodiscard]] bool is_open() const noexcept { return !ended_; }

private:
    friend class EventReply;

    async::Event changed_;
    std::string waiting_;
    bool ended_ = false;
};

struct EventStream {
    std::shared_ptr<EventQueue> events;
    std::chrono::milliseconds heartbeat = std::chrono::seconds(15);

    static void send(Context& context, EventStream&& stream);
    static void describe(Operation& operation);
};

}  // namespace http
