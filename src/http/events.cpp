#include "http/events.h"

#include <fmt/format.h>

#include <stdexcept>
#include <stop_token>

namespace http {

namespace {

// Whatever ends a line there does so here (WHATWG HTML, 9.2.5).
void append_lines(std::string& out, std::string_view text) {
    for (;;) {
        const auto end = text.find_first_of("\r\n");
        out.append("data: ").append(text.substr(0, end)).append("\n");
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
        throw std::invalid_argument(fmt::format("http::ServerSentEvent: a line break or a zero byte in its {}", name));
    out.append(name).append(": ").append(value).append("\n");
}

std::string text_of(const ServerSentEvent& event) {
    std::string text;
    append_field(text, "id", event.id);
    append_field(text, "event", event.type);
    if (event.retry) text += fmt::format("retry: {}\n", event.retry->count());
    // One that says when to come again, and nothing else, is not heard by the page.
    if (!event.data.empty() || !event.type.empty()) append_lines(text, event.data);
    return text += '\n';
}

}  // namespace

bool EventQueue::push(const ServerSentEvent& event) {
    if (ended_) return false;
    const auto text = text_of(event);
    if (!waiting_.empty() && waiting_.size() + text.size() > most_bytes) {
        close();
        return false;
    }
    waiting_ += text;
    changed_.set();
    return true;
}

void EventQueue::close() {
    ended_ = true;
    changed_.set();
}

// The reply keeps it until the stream has ended.
class EventReply {
public:
    EventReply(Context& context, EventStream stream)
        : loop_(&context.loop()), gone_(context.gone()), draining_(context.draining()), stream_(std::move(stream)) {}

    async::Task<void> operator()(BodyWriter& out) {
        auto& changed = stream_.events->changed_;
        async::Timer heartbeat(*loop_, [&changed] { changed.set(); });
        const auto wake = [&changed] { changed.set(); };
        const std::stop_callback on_gone(gone_, wake);
        const std::stop_callback on_draining(draining_, wake);
        bool goes_on = co_await out.flush();  // the client is to know that it is heard
        while (goes_on) {
            heartbeat.expires_after(stream_.heartbeat);
            co_await changed;
            changed.reset();
            goes_on = co_await send_waiting(out);
        }
        stream_.events->close();  // whoever pushes hears of it
    }

private:
    // False when it was the last.
    async::Task<bool> send_waiting(BodyWriter& out) {
        auto& events = *stream_.events;
        const bool is_last = events.ended_ || gone_.stop_requested() || draining_.stop_requested();
        auto text = std::exchange(events.waiting_, {});
        if (text.empty() && !is_last) text = ":\n\n";
        co_return co_await out.write(text) && co_await out.flush() && !is_last;
    }

    async::Loop* loop_;
    std::stop_token gone_;
    std::stop_token draining_;
    EventStream stream_;
};

namespace {

constexpr schema::Field last_event_id = [] {
    auto field = detail::field_of_part<"Last-Event-ID", std::optional<std::string>>;
    field.rules.doc =
        "The `id` of the last event that came, when the client comes again. `EventSource` says it by itself.";
    return field;
}();

}  // namespace

LastEventId LastEventId::read(Context& context, Findings& findings) {
    LastEventId part;
    detail::read_parameter(last_event_id, "header", context.request().header("Last-Event-ID"), &part.value, findings);
    return part;
}

void LastEventId::describe(Operation& operation) {
    operation.parameters.push_back({"header", &last_event_id, false});
    operation.can_fail(errors::invalid);
}

void EventStream::send(Context& context, EventStream&& stream) {
    if (stream.events == nullptr) throw std::logic_error("http::EventStream: without a queue there are no events");
    context.response()
        .content_type("text/event-stream")
        .header("Cache-Control", "no-cache, no-transform")
        .header("X-Accel-Buffering", "no")  // nginx would gather some KiB first
        .stream(EventReply(context, std::move(stream)));
}

void EventStream::describe(Operation& operation) {
    operation.can_answer({.status = 200,
                          .media_type = "text/event-stream",
                          .doc =
                              "Events, for as long as the client listens (WHATWG HTML, Server-sent events). A comment "
                              "comes after 15 s without one. After an end, connect again with `Last-Event-ID`."});
}

}  // namespace http
