#pragma once
// The reply under construction. It belongs to its Context; nothing is sent before the handler chain has ended, so any link
// may still change all of it. Loop's thread only.
//
//     response.status(201).body(std::move(json)).content_type("application/json");
//     response.headers().set("Location", "/v1/products/" + id);
//     response.stream([rows](http::BodyWriter& out) -> async::Task<void> {      // a lambda may capture here: it is kept
//         for (auto& row : *rows) if (!co_await out.write(row)) co_return;      // until its stream has ended
//     });
//
// Made by the server: Date, Content-Length or Transfer-Encoding, Connection. HEAD sends the same head and no body; 1xx,
// 204 and 304 have neither body nor length. A stream that throws, or that writes other than the length it announced, has
// its connection cut without the last chunk, so that a truncated reply never looks whole.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "http/headers.h"

namespace http {

class Context;
class RawConnection;

// What a stream writes to.
class BodyWriter {
public:
    virtual ~BodyWriter() = default;
    // Ends when the bytes have been taken by the socket, or buffered below 64 KiB: that is the back-pressure. False when
    // the client has gone; then, and later, bytes are dropped. `bytes` must stay valid until the task ends.
    [[nodiscard]] virtual async::Task<bool> write(std::string_view bytes) = 0;
    // Sends what is buffered now (events, progress).
    [[nodiscard]] virtual async::Task<bool> flush() = 0;
};

using StreamBody = std::move_only_function<async::Task<void>(BodyWriter&)>;
// What a connection is for from now on, instead of requests (http/upgrade.h).
using Takeover = std::move_only_function<async::Task<void>(std::shared_ptr<RawConnection>)>;

// How a reply ended, for after_send() functions.
struct SendResult {
    std::uint16_t status = 0;
    std::uint64_t body_bytes = 0;  // without framing; of a HEAD reply 0
    bool complete = false;         // false: the client had gone or a stream failed
};

class Response {
public:
    using BeforeSend = std::function<void(Context&)>;
    using AfterSend = std::move_only_function<void(const SendResult&)>;

    [[nodiscard]] std::uint16_t status() const { return status_; }
    Response& status(std::uint16_t code) {
        status_ = code;
        return *this;
    }

    [[nodiscard]] Headers& headers() { return headers_; }
    [[nodiscard]] const Headers& headers() const { return headers_; }
    Response& header(std::string_view name, std::string_view value) {
        headers_.set(name, value);
        return *this;
    }
    Response& content_type(std::string_view type) { return header("Content-Type", type); }

    [[nodiscard]] std::string_view body() const { return body_view_; }
    // Replaces body and stream.
    Response& body(std::string bytes);
    // As body(), of bytes that outlive the reply (embedded files, literals, shared caches): not copied here.
    Response& static_body(std::string_view bytes);
    // As body(), kept alive by `owner`.
    Response& shared_body(std::shared_ptr<const std::string> bytes);

    // A body written piece by piece after the head; `length` when it is known, else chunked (HTTP/1.0: until close).
    Response& stream(StreamBody writer, std::optional<std::uint64_t> length = std::nullopt);
    [[nodiscard]] bool is_stream() const { return static_cast<bool>(stream_); }
    [[nodiscard]] std::optional<std::uint64_t> stream_length() const { return stream_length_; }
    // A reply that is not whole by then ends with a reset, whoever was slow. Without, whoever takes a little within each `write_deadline` is
    // served for ever, which is what events are for.
    Response& stream_deadline(async::SteadyTime deadline) {
        stream_deadline_ = deadline;
        return *this;
    }
    [[nodiscard]] async::SteadyTime stream_deadline() const { return stream_deadline_; }
    // For a link that wraps the stream (compression): takes the writer out; follow with stream().
    [[nodiscard]] StreamBody take_stream();

    // 101, and the connection is `takeover`'s. Of requests that ask for it alone: http/upgrade.h sees to that.
    Response& upgrade(std::string_view protocol, Takeover takeover);
    [[nodiscard]] bool is_upgrade() const { return static_cast<bool>(takeover_); }

    // Runs on the finished reply, whoever made it, right before it is serialised: security headers, CORS, ETag,
    // compression. Last added runs first, as the links of the chain unwind. It may change anything but must not throw: if it
    // does, the reply becomes a bare 500.
    void before_send(BeforeSend hook) { before_send_.push_back(std::move(hook)); }
    // Runs when the reply has been handed to the socket or dropped; the Context is still there.
    void after_send(AfterSend hook) { after_send_.push_back(std::move(hook)); }
    // Ends the connection after this reply.
    void close_connection() { close_ = true; }

    // Forgets status, headers and body, and keeps the hooks: what an error reply starts from.
    void reset();

private:
    friend struct ResponseAccess;

    std::uint16_t status_ = 200;
    bool close_ = false;
    Headers headers_;
    std::string body_;
    std::string_view body_view_;
    std::shared_ptr<const std::string> body_owner_;
    StreamBody stream_;
    std::optional<std::uint64_t> stream_length_;
    async::SteadyTime stream_deadline_ = async::SteadyTime::max();
    Takeover takeover_;
    std::vector<BeforeSend> before_send_;
    std::vector<AfterSend> after_send_;
};

}  // namespace http
