// From the handler to the bytes of its reply: one coroutine per request, the head, a body at once or as a stream.

#include <charconv>
#include <stdexcept>

#include "base/strings.h"
#include "http/access.h"
#include "http/connection.h"
#include "http/status.h"
#include "http/upgraded.h"

namespace http {

namespace {

constexpr unsigned flushes_before_yield = 2;

void append_hex(std::string& out, std::size_t value) {
    char digits[2 * sizeof value];
    const auto result = std::to_chars(digits, digits + sizeof digits, value, 16);
    out.append(digits, result.ptr);
}

}  // namespace

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
        // Whoever takes all at once never waits for the socket, where the timer looks.
        if (is_open() && async::Loop::now() >= connection_.stream_deadline_) connection_.abort();
        while (!bytes.empty() && is_open()) {
            const auto piece = bytes.substr(0, Connection::gathered_output);
            bytes.remove_prefix(piece.size());
            append(piece);
            if (connection_.out_.size() >= Connection::gathered_output) co_await Connection::OutputDrained{connection_};
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

// `app` is the server's.
async::detail::Detached Connection::run_request(Ref self, const Handler* app) {
    std::exception_ptr error;
    try {
        co_await (*app)(self->context_);
    } catch (...) {
        error = std::current_exception();
    }
    self->finish_handler(error);
    bool sent = self->phase_ != Phase::closed;
    if (self->stream_running_) {
        sent = co_await self->run_stream();
        self->now_ = async::Loop::now();
    } else if (sent && self->context_.response().is_upgrade()) {
        if (co_await self->prepare_handover()) co_return self->hand_over();
        sent = false;
    }
    self->finish_request(sent);
}

void Connection::finish_handler(const std::exception_ptr& error) {
    // Outside of process() the handler has waited, and the time of the last input is long ago: no deadline may begin there.
    if (!processing_) now_ = async::Loop::now();
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
    stream_deadline_ = context_.response().stream_deadline();
    StreamWriter writer(*this, chunked_reply_, stream_length_);
    bool ended = false;
    try {
        co_await stream(writer);
        ended = true;
    } catch (...) {
        context_.logger().error("a streamed reply failed", {{"err", logging::error(std::current_exception())}});
    }
    stream_running_ = false;
    stream_deadline_ = no_deadline;
    reply_body_bytes_ = writer.written();
    if (phase_ == Phase::closed) co_return false;
    if (!ended || !writer.is_whole()) {
        // What was buffered must not go either: with a known length it could look whole. Where the end of the connection ends the
        // body (HTTP/1.0), only a reset tells that this is no end.
        chunked_reply_ || stream_length_ ? cut() : abort();
        co_return false;
    }
    if (chunked_reply_) out_ += "0\r\n\r\n";
    co_return true;
}

// Though the client would go on. In a drain, what has come behind the request is answered too, as nobody else will.
bool Connection::is_last_reply() const {
    const auto& options = server_->options;
    if (options.max_requests_per_connection != 0 && requests_ >= options.max_requests_per_connection) return true;
    const bool more_came = decoder_.done() && !std::string_view("\r\n").starts_with(unread());
    return server_->last_replies && !more_came;
}

bool Connection::may_keep_alive() {
    const auto& options = server_->options;
    if (!head_.keep_alive || ResponseAccess(context_.response()).closes()) return false;
    if (is_last_reply()) {
        linger_ = true;  // its next request may be on its way
        return false;
    }
    if (decoder_.done()) return true;
    // A client that waits for 100 Continue may or may not send the body now: nobody can tell what comes next.
    linger_ = true;
    if (body_cut_off_ || decoder_.failed() || head_.expects_continue || decoder_.remaining() > options.max_drained_body)
        return false;
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
    // RFC 9110 §7.8: with whatever Upgrade is sent.
    if (response.is_upgrade() || response.status() == 426) out_ += "Connection: Upgrade\r\n";
    if (response.is_upgrade()) {
        keep_alive_ = true;
    } else if (!keep_alive_) {
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

void Connection::report_sent(bool sent) {
    ResponseAccess(context_.response())
        .run_after_send(context_,
                        {.status = context_.response().status(), .body_bytes = reply_body_bytes_, .complete = sent});
    Counters::subtract(server_->counters->in_flight, 1);
    in_request_ = false;
}

struct Connection::ReadCancelled {
    Connection& connection;
    [[nodiscard]] bool await_ready() const noexcept { return !connection.reading_; }
    void await_suspend(std::coroutine_handle<> awaiting) const {
        connection.body_waiter_ = awaiting;
        boost::system::error_code ignored;
        connection.socket_.cancel(ignored);
    }
    void await_resume() const noexcept {}
};

// The 101 is with the kernel, and nobody reads the socket any more. False when the client has gone before.
async::Task<bool> Connection::prepare_handover() {
    phase_ = Phase::handing_over;
    read_deadline_ = no_deadline;
    co_await OutputDrained{*this};
    if (phase_ != Phase::closed) co_await ReadCancelled{*this};
    co_return phase_ != Phase::closed;
}

// The socket, and what has come behind the head, move on; all that made a request of it ends.
void Connection::hand_over() {
    report_sent(true);
    auto takeover = ResponseAccess(context_.response()).take_takeover();
    std::string early(unread());
    UpgradedConnection::start(server_, {std::move(socket_), std::move(tls_), std::move(early), context_.take_trace()},
                              std::move(takeover));
    phase_ = Phase::closed;
    note_waiting();
    timer_.cancel();
    context_.reset();
    leave();
}

void Connection::finish_request(bool sent) {
    report_sent(sent);
    client_address_.assign(context_.request().client_address());
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

}  // namespace http
