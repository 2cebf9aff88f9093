#include "http/connection.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cstring>
#include <stdexcept>

#include "base/strings.h"
#include "http/access.h"
#include "http/errors.h"
#include "http/problem.h"
#include "http/status.h"

namespace http {

namespace {

using boost::system::error_code;

constexpr std::size_t initial_input = 2048;
constexpr std::size_t read_behind_head = 4096;  // what may arrive beyond the longest head
constexpr std::size_t body_buffer_size = 16 * 1024;
constexpr std::size_t gathered_output = 64 * 1024;
constexpr std::size_t kept_output = 16 * 1024;  // capacity an idle connection may keep
constexpr std::size_t max_lingered = 256 * 1024;
constexpr unsigned flushes_before_yield = 16;
constexpr auto linger_time = std::chrono::seconds(2);
constexpr auto no_deadline = async::SteadyTime::max();

// The body's deadline moves by a second per 16 KiB that arrived: a large upload has its time, a trickle has not.
constexpr std::int64_t body_time_per_byte = 1'000'000'000 / (16 * 1024);

void append_hex(std::string& out, std::size_t value) {
    char digits[2 * sizeof value];
    const auto result = std::to_chars(digits, digits + sizeof digits, value, 16);
    out.append(digits, result.ptr);
}

}  // namespace

// ---- Awaiters -----------------------------------------------------------------------------------------------------

struct Connection::BodyArrival {
    Connection& connection;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        connection.body_waiter_ = awaiting;
        connection.start_body_read();
    }
    void await_resume() const noexcept {}
};

// Until everything written so far has been taken by the socket. Now and then a turn of the loop goes to the others, however
// fast this client reads.
struct Connection::OutputDrained {
    Connection& connection;
    [[nodiscard]] bool await_ready() const {
        return connection.flush() && ++connection.flushes_in_a_row_ < flushes_before_yield;
    }
    void await_suspend(std::coroutine_handle<> awaiting) const {
        connection.flushes_in_a_row_ = 0;
        connection.write_waiter_ = awaiting;
        if (!connection.writing_) connection.wake(connection.write_waiter_);
    }
    void await_resume() const noexcept {}
};

class StreamWriter final : public BodyWriter {
public:
    StreamWriter(Connection& connection, bool chunked, std::optional<std::uint64_t> length)
        : connection_(connection), chunked_(chunked), length_(length) {}

    async::Task<bool> write(std::string_view bytes) override {
        written_ += bytes.size();
        if (length_ && written_ > *length_) throw std::length_error("a stream wrote more than the length it announced");
        while (!bytes.empty() && is_open()) {
            const auto piece = bytes.substr(0, gathered_output);
            bytes.remove_prefix(piece.size());
            append(piece);
            if (connection_.out_.size() >= gathered_output) co_await Connection::OutputDrained{connection_};
        }
        co_return is_open();
    }
    async::Task<bool> flush() override {
        if (is_open()) co_await Connection::OutputDrained{connection_};
        co_return is_open();
    }
    [[nodiscard]] std::uint64_t written() const { return written_; }
    [[nodiscard]] bool is_whole() const { return !length_ || *length_ == written_; }

private:
    [[nodiscard]] bool is_open() const { return connection_.phase_ != Connection::Phase::closed; }
    void append(std::string_view piece) {
        auto& out = connection_.out_;
        if (!chunked_) {
            out.append(piece);
            return;
        }
        append_hex(out, piece.size());
        out.append("\r\n").append(piece).append("\r\n");
    }

    Connection& connection_;
    bool chunked_;
    std::optional<std::uint64_t> length_;
    std::uint64_t written_ = 0;
};

// ---- Life ---------------------------------------------------------------------------------------------------------

Connection::Connection(std::shared_ptr<Server::Impl> server, Socket socket, const boost::asio::ip::tcp::endpoint& peer)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      remote_port_(peer.port()),
      timer_(server_->loop, [this] { on_timer(); }),
      now_(async::Loop::now()),
      parser_({.max_head_bytes = server_->options.max_head_bytes,
               .max_target_bytes = server_->options.max_target_bytes,
               .max_header_count = server_->options.max_header_count}),
      context_(server_->loop, server_->services, server_->logger) {
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    }
    remote_address_ = address.to_string();
}

void Connection::start(const std::shared_ptr<Server::Impl>& server, Socket socket,
                       const boost::asio::ip::tcp::endpoint& peer) {
    const Ref connection(new Connection(server, std::move(socket), peer));
    error_code ignored;
    connection->socket_.non_blocking(true, ignored);
    connection->socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    server->connections.push_back(*connection);
    intrusive_ptr_add_ref(connection.get());
    connection->linked_ = true;
    Counters::add(server->counters->connections, 1);
    Counters::add(server->counters->accepted, 1);
    connection->read_deadline_ = connection->now_ + server->options.head_deadline;
    connection->arm();
    connection->start_read();
}

void Connection::cut() {
    if (phase_ == Phase::closed) return;
    const Ref self(this);
    phase_ = Phase::closed;
    context_.mark_client_gone();
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    wake(body_waiter_);
    wake(write_waiter_);
    if (!in_request_) leave();
}

void Connection::retire() {
    const bool idle = phase_ == Phase::reading_head && !in_request_ && !writing_ && begin_ == end_ && out_.empty();
    if (idle) close_quietly();
}

void Connection::close_quietly() {
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    cut();
}

void Connection::leave() {
    if (!linked_) return;
    linked_ = false;
    server_->remove(*this);
    intrusive_ptr_release(this);
}

// From a turn of its own: the caller may be inside the coroutine's own await, or far from done with its state.
void Connection::wake(std::coroutine_handle<>& waiter) {
    if (!waiter) return;
    server_->loop.post([self = Ref(this), handle = std::exchange(waiter, {})] { handle.resume(); });
}

// ---- Deadlines ----------------------------------------------------------------------------------------------------

// The timer is left alone when it fires early enough: it then finds the present deadline and sleeps on. So a busy connection
// sets one every idle_deadline, not one per request.
void Connection::arm() {
    const auto next = std::min(read_deadline_, write_deadline_);
    if (next == no_deadline || (timer_.is_set() && armed_ <= next)) return;
    armed_ = next;
    timer_.expires_at(next);
}

void Connection::on_timer() {
    const Ref self(this);
    const auto now = async::Loop::now();
    if (phase_ == Phase::closed) return;
    if (now >= write_deadline_) return cut();
    if (now < read_deadline_) return arm();
    read_deadline_ = no_deadline;
    arm();
    now_ = now;
    switch (phase_) {
        case Phase::handling:
            body_timed_out_ = body_broken_ = true;
            wake(body_waiter_);
            return;
        case Phase::reading_head:
            if (!parser_.started()) return close_quietly();
            reject(errors::request_timeout, "the head did not arrive in time");
            return after_processing();
        default: return cut();
    }
}

void Connection::set_read_deadline_between_requests() {
    const auto& options = server_->options;
    if (begin_ == end_) {
        head_under_way_ = false;
        if (requests_ > 0) read_deadline_ = now_ + options.idle_deadline;
    } else if (!head_under_way_) {
        head_under_way_ = true;
        if (requests_ > 0) read_deadline_ = now_ + options.head_deadline;
    }
}

// ---- Input --------------------------------------------------------------------------------------------------------

bool Connection::make_room() {
    if (phase_ != Phase::handling && begin_ == end_) begin_ = end_ = 0;
    if (end_ < capacity_) return true;
    // The request under way views this buffer: back-pressure.
    if (phase_ == Phase::handling) return false;
    const auto used = end_ - begin_;
    const auto max_capacity = server_->options.max_head_bytes + read_behind_head;
    if (used < capacity_ / 2 || used >= max_capacity) {
        if (begin_ == 0) return false;
        std::memmove(input_.get(), input_.get() + begin_, used);
    } else {
        capacity_ = std::min(std::max(initial_input, capacity_ * 2), max_capacity);
        auto grown = std::make_unique_for_overwrite<char[]>(capacity_);
        if (used != 0) std::memcpy(grown.get(), input_.get() + begin_, used);
        input_ = std::move(grown);
    }
    begin_ = 0;
    end_ = used;
    return end_ < capacity_;
}

void Connection::start_read() {
    if (reading_ || peer_closed_ || phase_ == Phase::closed || !make_room()) return;
    reading_ = true;
    reading_body_buffer_ = false;
    socket_.async_read_some(
        boost::asio::buffer(input_.get() + end_, capacity_ - end_),
        [self = Ref(this)](const error_code& error, std::size_t size) { self->on_read(error, size); });
}

void Connection::on_read(const error_code& error, std::size_t size) {
    reading_ = false;
    if (phase_ == Phase::closed) return;
    now_ = async::Loop::now();
    Counters::add(server_->counters->received_bytes, size);
    (reading_body_buffer_ ? body_end_ : end_) += size;
    if (reading_body_buffer_)
        body_deadline_ += std::chrono::nanoseconds(static_cast<std::int64_t>(size) * body_time_per_byte);
    if (error) {
        peer_closed_ = true;
        context_.mark_client_gone();
        if (error != boost::asio::error::eof) return cut();
    }
    on_input(static_cast<bool>(error));
}

void Connection::on_input(bool ended) {
    switch (phase_) {
        case Phase::handling:
            if (body_waiter_) {
                const auto waiter = std::exchange(body_waiter_, {});
                read_deadline_ = no_deadline;
                waiter.resume();
            }
            // Reading on is how a client that leaves is noticed, once its body is here.
            if (phase_ == Phase::handling && decoder_.done() && !in_body_buffer_) start_read();
            return;
        case Phase::lingering:
            drained_ += end_ - begin_;
            begin_ = end_ = 0;
            if (ended || drained_ > max_lingered) return cut();
            return start_read();
        case Phase::reading_head:
        case Phase::draining_body: return process();
        case Phase::closed: return;
    }
}

void Connection::process() {
    if (processing_) return;
    processing_ = true;
    while (step()) {}
    processing_ = false;
    after_processing();
}

// True when there may be more to do at once.
bool Connection::step() {
    if (close_after_write_ || writing_) return false;
    if (phase_ == Phase::draining_body) return drain_some();
    if (phase_ != Phase::reading_head) return false;
    const bool batch_full =
        batched_ >= server_->options.pipeline_depth || out_.size() >= gathered_output || !tail_.empty();
    if (batch_full && (!flush() || phase_ == Phase::closed)) return false;
    return next_request();
}

void Connection::after_processing() {
    if (phase_ == Phase::closed) return;
    const bool sent = flush();
    if (phase_ == Phase::closed) return;
    const bool between = phase_ == Phase::reading_head || phase_ == Phase::draining_body;
    if (close_after_write_ && between) {
        if (sent) end_after_reply();
        return arm();
    }
    if (between && sent) {
        if (peer_closed_) return close_quietly();
        if (phase_ == Phase::reading_head) set_read_deadline_between_requests();
        if (out_.capacity() > kept_output) std::string().swap(out_);
        start_read();
    }
    if (phase_ == Phase::handling && decoder_.done() && !in_body_buffer_) start_read();
    arm();
}

bool Connection::next_request() {
    if (begin_ == end_) return false;
    const std::string_view input(input_.get() + begin_, end_ - begin_);
    const auto head = parser_.parse(input, context_.request());
    if (head.state == Head::State::need_more) return false;
    if (head.state == Head::State::failed) {
        reject(*head.error, head.detail);
        return false;
    }
    begin_request(head);
    return true;
}

// Answers what never became a request, and ends the connection.
void Connection::reject(const base::ErrorCode& code, std::string_view detail) {
    Counters::add(server_->counters->rejected, 1);
    context_.reset();
    write_wire_problem(context_, base::Failure(code, std::string(detail)));
    context_.logger().info("request refused by the wire",
                           {{"code", code.code}, {"detail", detail}, {"remoteAddress", remote_address_}});
    keep_alive_ = false;
    write_head(framing_of(context_));
    write_body();
    close_after_write_ = true;
    linger_ = true;
}

void Connection::begin_request(const Head& head) {
    head_ = head;
    parser_.next();
    begin_ += head.size;
    ++requests_;
    head_under_way_ = false;
    body_broken_ = body_timed_out_ = body_deadline_set_ = false;
    body_received_ = 0;
    read_deadline_ = no_deadline;
    if (head.chunked) {
        decoder_ = BodyDecoder::chunked();
    } else {
        decoder_ = BodyDecoder::with_length(head.content_length.value_or(0));
    }
    RequestAccess access(context_.request());
    access.set_remote(remote_address_, remote_port_);
    access.set_body(this, !decoder_.done(), head.content_length);
    context_.mark_started(now_, server_->options.handler_deadline);
    if (peer_closed_) context_.mark_client_gone();
    phase_ = Phase::handling;
    in_request_ = true;
    Counters::add(server_->counters->in_flight, 1);
    Counters::add(server_->counters->requests, 1);
    run_request(Ref(this));
}

// ---- Body ---------------------------------------------------------------------------------------------------------

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
        [self = Ref(this)](const error_code& error, std::size_t size) { self->on_read(error, size); });
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

// ---- Request and reply --------------------------------------------------------------------------------------------

async::detail::Detached Connection::run_request(Ref self) {
    std::exception_ptr error;
    try {
        co_await self->server_->app(self->context_);
    } catch (...) {
        error = std::current_exception();
    }
    self->finish_handler(error);
    bool sent = self->phase_ != Phase::closed;
    if (self->stream_running_) sent = co_await self->run_stream();
    self->finish_request(sent);
}

void Connection::finish_handler(const std::exception_ptr& error) {
    finish_reply(context_, error);
    reply_body_bytes_ = 0;
    if (phase_ == Phase::closed) return;
    const auto framing = framing_of(context_);
    keep_alive_ = may_keep_alive();
    write_head(framing);
    if (!framing.sends_body) return;
    stream_running_ = context_.response().is_stream();
    if (!stream_running_) write_body();
}

async::Task<bool> Connection::run_stream() {
    auto stream = context_.response().take_stream();
    StreamWriter writer(*this, chunked_reply_, stream_length_);
    bool ended = false;
    try {
        co_await stream(writer);
        ended = true;
    } catch (...) {
        context_.server_logger().error("a streamed reply failed", {{"err", logging::error(std::current_exception())}});
    }
    stream_running_ = false;
    reply_body_bytes_ = writer.written();
    if (phase_ == Phase::closed) co_return false;
    if (!ended || !writer.is_whole()) {
        // What was buffered must not go either: with a known length it could look whole.
        cut();
        co_return false;
    }
    if (chunked_reply_) out_ += "0\r\n\r\n";
    co_return true;
}

bool Connection::may_keep_alive() {
    const auto& options = server_->options;
    const bool asked = head_.keep_alive && !server_->draining && !ResponseAccess(context_.response()).closes();
    const bool last = options.max_requests_per_connection != 0 && requests_ >= options.max_requests_per_connection;
    if (!asked || last) return false;
    if (decoder_.done()) return true;
    // A client that waits for 100 Continue may or may not send the body now: nobody can tell what comes next.
    linger_ = true;
    if (body_broken_ || head_.expects_continue || decoder_.remaining() > options.max_drained_body) return false;
    linger_ = false;
    return true;
}

void Connection::write_head(const Framing& framing) {
    const auto& response = context_.response();
    const bool http_1_0 = context_.request().version() == Version::http_1_0;
    chunked_reply_ = false;
    stream_length_ = framing.length;
    out_ += "HTTP/1.1 ";
    base::append_integer(out_, response.status());
    out_ += ' ';
    out_ += reason_phrase(response.status());
    out_ += "\r\n";
    for (const auto [name, value] : response.headers()) {
        if (is_server_header(name)) continue;
        out_.append(name).append(": ").append(value).append("\r\n");
    }
    out_ += server_->date_line(now_);
    if (framing.states_length) {
        out_ += "Content-Length: ";
        base::append_integer(out_, *framing.length);
        out_ += "\r\n";
    } else if (!framing.length && !has_no_body(response.status())) {
        // HTTP/1.0 knows no chunks: there the end of the connection ends the body.
        if (http_1_0) keep_alive_ = false;
        chunked_reply_ = !http_1_0;
        if (chunked_reply_) out_ += "Transfer-Encoding: chunked\r\n";
    }
    if (!keep_alive_) {
        out_ += "Connection: close\r\n";
    } else if (http_1_0) {
        out_ += "Connection: keep-alive\r\n";
    }
    out_ += "\r\n";
    ++batched_;
}

void Connection::write_body() {
    ResponseAccess access(context_.response());
    const auto body = context_.response().body();
    reply_body_bytes_ = body.size();
    if (body.size() <= gathered_output) {
        out_.append(body);
        return;
    }
    tail_ = body;
    if (access.owns_body()) {
        tail_bytes_ = access.take_body();
        tail_ = tail_bytes_;
    } else {
        tail_owner_ = access.take_owner();
    }
}

void Connection::finish_request(bool sent) {
    ResponseAccess(context_.response())
        .run_after_send(context_,
                        {.status = context_.response().status(), .body_bytes = reply_body_bytes_, .complete = sent});
    Counters::subtract(server_->counters->in_flight, 1);
    in_request_ = false;
    context_.reset();
    if (phase_ == Phase::closed) return leave();
    read_deadline_ = no_deadline;
    drained_ = 0;
    if (!keep_alive_) {
        close_after_write_ = true;
        phase_ = Phase::reading_head;
    } else {
        settle_input();
        phase_ = decoder_.done() ? Phase::reading_head : Phase::draining_body;
        if (phase_ == Phase::draining_body) read_deadline_ = now_ + server_->options.head_deadline;
    }
    process();
}

// ---- Output -------------------------------------------------------------------------------------------------------

// True when nothing waits to be sent. Tries the socket at once; what it does not take goes out by itself.
bool Connection::flush() {
    if (writing_) return false;
    if (phase_ == Phase::closed || (out_.empty() && tail_.empty())) return true;
    const std::array<boost::asio::const_buffer, 2> buffers{boost::asio::buffer(out_), boost::asio::buffer(tail_)};
    error_code error;
    const auto size =
        tail_.empty() ? socket_.send(boost::asio::buffer(out_), 0, error) : socket_.send(buffers, 0, error);
    if (error && error != boost::asio::error::would_block) {
        cut();
        return true;
    }
    Counters::add(server_->counters->sent_bytes, size);
    batched_ = 0;
    if (size == out_.size() + tail_.size()) {
        out_.clear();
        tail_ = {};
        tail_owner_.reset();
        if (!tail_bytes_.empty()) tail_bytes_ = {};
        return true;
    }
    sending_.swap(out_);
    sending_tail_bytes_.swap(tail_bytes_);
    sending_tail_owner_.swap(tail_owner_);
    sending_tail_ = std::exchange(tail_, {});
    sent_ = size;
    continue_write();
    return false;
}

void Connection::continue_write() {
    writing_ = true;
    write_deadline_ = async::Loop::now() + server_->options.write_deadline;
    arm();
    std::array<boost::asio::const_buffer, 2> buffers{boost::asio::buffer(sending_), boost::asio::buffer(sending_tail_)};
    const auto from_first = std::min(sent_, sending_.size());
    buffers[0] += from_first;
    buffers[1] += sent_ - from_first;
    socket_.async_write_some(
        buffers, [self = Ref(this)](const error_code& error, std::size_t size) { self->on_written(error, size); });
}

void Connection::on_written(const error_code& error, std::size_t size) {
    writing_ = false;
    if (phase_ == Phase::closed) return;
    if (error) return cut();
    Counters::add(server_->counters->sent_bytes, size);
    sent_ += size;
    if (sent_ < sending_.size() + sending_tail_.size()) return continue_write();
    write_deadline_ = no_deadline;
    sending_.clear();
    sending_tail_ = {};
    sending_tail_bytes_ = {};
    sending_tail_owner_.reset();
    now_ = async::Loop::now();
    after_write();
}

void Connection::after_write() {
    if (!flush() || phase_ == Phase::closed) return;
    if (write_waiter_) return std::exchange(write_waiter_, {}).resume();
    if (phase_ == Phase::reading_head || phase_ == Phase::draining_body) process();
}

// RFC 9112 §9.6: closing while the client still sends would reset the connection and could destroy our last reply on its
// way. So: no more output, read what comes for a moment, then close.
void Connection::end_after_reply() {
    if (!linger_ || peer_closed_) return close_quietly();
    phase_ = Phase::lingering;
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    begin_ = end_ = reading_ ? end_ : 0;
    drained_ = 0;
    read_deadline_ = now_ + linger_time;
    start_read();
}

}  // namespace http
