// How a request's body comes in: behind its head, or into a buffer of its own, when the handler asks for it.

#include <boost/asio/buffer.hpp>
#include <cstring>

#include "http/connection.h"
#include "http/errors.h"

namespace http {

namespace {
constexpr std::size_t body_buffer_size = 16 * 1024;
}  // namespace

struct Connection::BodyArrival {
    Connection& connection;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        connection.body_waiter_ = awaiting;
        connection.start_body_read();
    }
    void await_resume() const noexcept {}
};

std::string_view Connection::unread() const {
    if (in_body_buffer_) return {body_buffer_.get() + body_begin_, body_end_ - body_begin_};
    return {input_.get() + begin_, end_ - begin_};
}

void Connection::consume(std::size_t size) { (in_body_buffer_ ? body_begin_ : begin_) += size; }

std::optional<std::string_view> Connection::take_buffered() {
    const auto left = decoder_.remaining();
    const auto available = unread();
    if (decoder_.is_chunked() || body_broken_ || left > available.size()) return std::nullopt;
    const auto step = decoder_.decode(available);
    consume(step.consumed);
    return step.data;
}

async::Task<std::optional<std::string_view>> Connection::read_some() {
    for (;;) {
        if (body_timed_out_) throw base::Failure(errors::request_timeout, "the body did not arrive in time");
        if (decoder_.done()) co_return std::nullopt;
        if (body_broken_) throw base::Failure(errors::body_malformed);
        if (const auto available = unread(); !available.empty()) {
            const auto step = decoder_.decode(available);
            consume(step.consumed);
            body_broken_ = step.failed;
            body_received_ += step.data.size();
            // Bounded here too: a decoder in front could swallow bytes for ever and give none.
            if (body_received_ > context_.request().body_limit()) throw base::Failure(errors::body_too_large);
            if (!step.data.empty()) co_return step.data;
        } else if (peer_closed_ || phase_ == Phase::closed) {
            body_broken_ = true;
        } else {
            co_await BodyArrival{*this};
        }
    }
}

void Connection::start_body_read() {
    // RFC 9110 §10.1.1: only now is it certain that the body is wanted.
    if (std::exchange(head_.expects_continue, false)) {
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        if (!flush() && phase_ == Phase::closed) return;
    }
    begin_body_deadline();
    if (reading_) return;
    // Small bodies land behind their head; larger ones get a buffer, as the head must stay where it is.
    const bool fits = !in_body_buffer_ && !decoder_.is_chunked() && decoder_.remaining() <= capacity_ - end_;
    if (fits) return start_read();
    if (!body_buffer_) body_buffer_ = std::make_unique_for_overwrite<char[]>(body_buffer_size);
    in_body_buffer_ = true;
    body_begin_ = body_end_ = 0;
    reading_ = true;
    reading_body_buffer_ = true;
    socket_.async_read_some(
        boost::asio::buffer(body_buffer_.get(), body_buffer_size),
        [self = Ref(this)](const boost::system::error_code& error, std::size_t size) { self->on_read(error, size); });
}

void Connection::begin_body_deadline() {
    const auto now = async::Loop::now();
    if (!body_deadline_set_) {
        body_deadline_set_ = true;
        body_deadline_ = now + server_->options.body_deadline;
    }
    read_deadline_ = body_deadline_;
    arm();
}

// After a request: what came behind its body becomes the start of the input.
void Connection::settle_input() {
    if (!in_body_buffer_) return;
    const auto left = unread();
    if (left.size() > capacity_) {
        capacity_ = left.size();
        input_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    if (!left.empty()) std::memcpy(input_.get(), left.data(), left.size());
    begin_ = 0;
    end_ = left.size();
    in_body_buffer_ = false;
    body_buffer_.reset();
}

// Reads away what a handler left of its body, up to a bound: the next request begins behind it.
bool Connection::drain_some() {
    while (!decoder_.done() && begin_ != end_) {
        const auto step = decoder_.decode(unread());
        consume(step.consumed);
        drained_ += step.consumed;
        if (step.failed || drained_ > server_->options.max_drained_body) {
            close_after_write_ = linger_ = true;
            return false;
        }
    }
    if (!decoder_.done()) return false;
    phase_ = Phase::reading_head;
    return true;
}

}  // namespace http
