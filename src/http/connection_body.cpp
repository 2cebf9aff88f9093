// How a request's body comes in: behind its head, or into a buffer of its own, when the handler asks for it.

#include <cstring>

#include "http/connection.h"
#include "http/errors.h"

namespace http {

namespace {
constexpr std::size_t body_buffer_size = 16 * 1024;

// What each byte that arrives gives back of the time to wait for more: whoever sends 2 KiB a second, which the slowest of mobile
// networks carries (GPRS), comes to an end. Who sends just that to hold a place makes room when it is needed: SlowClients.
constexpr std::int64_t body_time_per_byte = 1'000'000'000 / (2 * 1024);
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
    if (decoder_.is_chunked() || body_cut_off_ || left > available.size()) return std::nullopt;
    const auto step = decoder_.decode(available);
    consume(step.consumed);
    return step.data;
}

async::Task<std::optional<std::string_view>> Connection::read_some() {
    for (;;) {
        note_body_deadline();
        if (body_timed_out_) throw base::Failure(errors::request_timeout, "the body did not arrive in time");
        if (decoder_.failed()) throw base::Failure(errors::body_malformed);
        if (decoder_.done()) co_return std::nullopt;
        if (body_cut_off_) throw base::Failure(errors::body_malformed);
        if (const auto available = unread(); !available.empty()) {
            const auto step = decoder_.decode(available);
            consume(step.consumed);
            body_received_ += step.data.size();
            // Bounded here too: a decoder in front could swallow bytes for ever and give none.
            if (body_received_ > context_.request().body_limit()) throw base::Failure(errors::body_too_large);
            if (!step.data.empty()) co_return step.data;
        } else if (peer_closed_ || phase_ == Phase::closed) {
            body_cut_off_ = true;
        } else {
            if (!in_body_buffer_ && !reading_ && !fits_behind_head())
                context_.request().hold_body_memory(body_buffer_size);
            co_await BodyArrival{*this};
            context_.mark_body_arrived(now_);
        }
    }
}

// However fast it comes, and however long the handler takes with each piece.
void Connection::note_body_deadline() {
    const auto deadline = context_.body_deadline();
    if (deadline == no_deadline || decoder_.done() || async::Loop::now() < deadline) return;
    body_timed_out_ = body_cut_off_ = true;
}

void Connection::start_body_read() {
    // RFC 9110 §10.1.1: only now is it certain that the body is wanted.
    if (std::exchange(head_.expects_continue, false)) {
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        if (!flush() && phase_ == Phase::closed) return;
    }
    begin_body_wait();
    if (reading_) return;
    if (fits_behind_head()) return start_read();
    if (!body_buffer_) body_buffer_ = std::make_unique_for_overwrite<char[]>(body_buffer_size);
    in_body_buffer_ = true;
    body_begin_ = body_end_ = 0;
    reading_body_buffer_ = true;
    read_into(body_buffer_.get(), body_buffer_size);
}

// Small bodies land behind their head; larger ones get a buffer, as the head must stay where it is.
bool Connection::fits_behind_head() const {
    return !in_body_buffer_ && !decoder_.is_chunked() && decoder_.remaining() <= capacity_ - end_;
}

// The client's time runs while it is waited for, not while a handler works on what has come.
void Connection::begin_body_wait() {
    body_wait_began_ = async::Loop::now();
    read_deadline_ = std::min(body_wait_began_ + body_time_left_, context_.body_deadline());
    note_waiting();
    arm();
}

void Connection::end_body_wait(std::size_t received) {
    read_deadline_ = no_deadline;
    const auto earned = std::chrono::nanoseconds(static_cast<std::int64_t>(received) * body_time_per_byte);
    body_time_left_ = std::min<std::chrono::nanoseconds>(body_time_left_ - (now_ - body_wait_began_) + earned,
                                                         server_->options.body_deadline);
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
