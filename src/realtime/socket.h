#pragma once
// Socket: one WebSocket on an upgraded connection: frames in and out, heartbeats, bounds, the closing handshake. What is said on it
// is a Dialect's. Loop's thread; owned by its conversation, so whoever else knows it holds a weak_ptr or is told when it ends.
//
//     auto socket = std::make_shared<realtime::Socket>(parts, deflate);
//     upgrade = request.accept(realtime::conversation(socket, std::make_unique<MyDialect>(…)));
//     socket->send(realtime::text_frame(R"({"t":"poke","seq":7})"));           // shared: one text for any number of sockets
//     socket->close(realtime::CloseCode::unauthorised, "the session has ended");
//
// An open socket misses nothing: what is sent is either written, in order, or the socket is closed as a slow consumer. What waits for it
// is at most `max_queued` bytes and one message. Nothing is sent behind close(). An idle one holds no buffer.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/sync.h"
#include "base/random.h"
#include "http/upgrade.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "realtime/deflate.h"
#include "realtime/frame.h"
#include "realtime/handshake.h"

namespace realtime {

// A whole frame as it goes out. For many sockets: as it is, and compressed for those that have agreed to it.
class Frame {
public:
    explicit Frame(std::string text, Opcode opcode = Opcode::text) : text_(std::move(text)), opcode_(opcode) {}
    // Made when first asked for. `deflater`: nullptr for as it is.
    [[nodiscard]] std::shared_ptr<const std::string> bytes(MessageDeflater* deflater) const;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    Opcode opcode_;
    mutable std::shared_ptr<const std::string> plain_;
    mutable std::shared_ptr<const std::string> compressed_;
};

struct SocketLimits {
    std::size_t max_message = std::size_t{64} * 1024;  // bytes of what a client sends, also when it was compressed
    std::size_t max_queued = std::size_t{256} * 1024;  // bytes that wait for a client
    std::uint32_t messages_per_second = 20;            // of a client, its pings too
    std::uint32_t burst = 100;                         // at once
    std::chrono::milliseconds ping_every{25'000};      // when nothing is heard
    std::chrono::milliseconds pong_within{10'000};
    std::chrono::milliseconds close_within{2'000};  // for the client's half of the closing handshake
    std::chrono::milliseconds drain_over{5'000};    // when the server stops, closes are spread over so much
};

// How a dialect closes for reasons of the socket's own.
struct CloseCodes {
    CloseCode slow = CloseCode::slow_consumer;
    CloseCode fast = CloseCode::too_fast;
    CloseCode idle = CloseCode::idle;
    CloseCode drain = CloseCode::service_restart;
};

struct SocketMetrics {
    explicit SocketMetrics(observe::Metrics& metrics);
    observe::Gauge open;
    observe::Counter received;  // messages
    observe::Counter sent;
    observe::CounterFamily closed;  // by code; "1006" for those without a handshake
};

class Socket;

// What is said on a socket. Made with it, gone when it has ended.
class Dialect {
public:
    Dialect() = default;
    Dialect(const Dialect&) = delete;
    Dialect& operator=(const Dialect&) = delete;
    virtual ~Dialect() = default;

    [[nodiscard]] virtual CloseCodes codes() const { return {}; }
    // The connection is there; nothing was read yet.
    virtual void on_open() = 0;
    // One at a time: the next message is read when this has ended. `text` is valid until then.
    [[nodiscard]] virtual async::Task<void> on_message(std::string_view text) = 0;
    // Binary messages are closed with 1003, unless.
    [[nodiscard]] virtual bool takes_binary() const { return false; }
    [[nodiscard]] virtual async::Task<void> on_binary(std::string_view bytes);
    // It takes less than comes, and is closed for that; on_closed() follows.
    virtual void on_slow() {}
    // Also when the server closes; nothing is called behind it.
    virtual void on_closed(CloseCode code) = 0;
};

class Socket : public std::enable_shared_from_this<Socket> {
public:
    // What outlives all sockets of a loop.
    struct Parts {
        async::Loop& loop;
        const SocketLimits& limits;
        const SocketMetrics& metrics;
        MessageDeflater& deflater;
        MessageInflater& inflater;
        base::RandomSource& random;
    };
    Socket(const Parts& parts, std::optional<Deflate> deflate);
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    void send(const Frame& frame);
    // The frame's bytes, which were made before.
    void send_bytes(std::shared_ptr<const std::string> bytes);
    // What was sent before still goes out. The first one counts.
    void close(CloseCode code, std::string_view reason);
    [[nodiscard]] bool is_open() const noexcept { return peer_ != nullptr && !closing_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queued_; }
    [[nodiscard]] const Parts& parts() const noexcept { return parts_; }

    // The conversation of the connection.
    static async::Task<void> run(std::shared_ptr<Socket> self, std::shared_ptr<http::RawConnection> peer,
                                 std::unique_ptr<Dialect> dialect);

private:
    using Bytes = std::shared_ptr<const std::string>;

    static async::Task<bool> take(std::shared_ptr<Socket> self);
    static async::Task<bool> handle(std::shared_ptr<Socket> self, MessageReader::Item item);
    static async::Task<bool> handle_message(std::shared_ptr<Socket> self, MessageReader::Item item);
    static async::Task<void> write_all(std::shared_ptr<Socket> self);
    bool answer_close(const MessageReader::Item& item);
    [[nodiscard]] bool admit_message();
    [[nodiscard]] async::SteadyTime next_deadline() const;
    void on_deadline(async::SteadyTime now);
    void begin_drain(async::SteadyTime now);
    void push(Bytes bytes);
    void push_close(CloseCode code, std::string_view reason);
    [[nodiscard]] Bytes next_write();

    Parts parts_;
    std::shared_ptr<http::RawConnection> peer_;
    std::unique_ptr<Dialect> dialect_;
    MessageReader reader_;
    std::vector<Bytes> queue_;
    std::size_t queue_at_ = 0;
    std::size_t queued_ = 0;
    std::unique_ptr<async::Timer> closer_;   // while it closes
    std::unique_ptr<async::Event> written_;  // while it ends
    async::SteadyTime heard_;
    async::SteadyTime pinged_{};
    async::SteadyTime drain_at_ = async::SteadyTime::max();
    async::SteadyTime allowance_from_;
    double allowance_;
    CloseCode closed_with_{1006};
    bool is_pinged_ = false;
    bool closing_ = false;  // our close frame was put behind what waits
    bool heard_close_ = false;
    bool writing_ = false;
    bool deflates_ = false;
};

[[nodiscard]] inline Frame text_frame(std::string text) { return Frame(std::move(text)); }
// For UpgradeRequest::accept.
[[nodiscard]] http::Takeover conversation(std::shared_ptr<Socket> socket, std::unique_ptr<Dialect> dialect);

}  // namespace realtime
