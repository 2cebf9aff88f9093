#pragma once
// From HTTP to another protocol on the same connection (RFC 9110 §7.8): the route takes its parts as ever, and what it answers
// with is the conversation. The connection then keeps nothing of the request: an idle one costs its socket and the frames
// of the conversation (docs/life-of-a-request.md).
//
//     async::Task<http::Upgrade> connect(auth::Caller caller, http::UpgradeRequest<"lines"> request) {
//         co_return request.accept(Conversation{caller.tenant_id});
//     }
//     routes.get("/lines", connect, {.id = "connectLines"});
//
//     struct Conversation {                                         // lives as long as it runs
//         base::Uuid tenant;
//         static async::Task<bool> repeat(http::RawConnection* peer) {   // its buffer is there while it runs, not while one waits
//             std::array<char, 1024> bytes;
//             const auto size = peer->read(bytes);
//             co_return co_await peer->write({bytes.data(), size});
//         }
//         async::Task<void> operator()(std::shared_ptr<http::RawConnection> peer) {
//             while (co_await peer->wait(async::Loop::now() + 60s) == http::RawConnection::Wake::bytes) {
//                 if (!co_await repeat(peer.get())) co_return;
//             }
//         }
//     };
//
// However fast the peer sends or reads, other connections have their turn: every 8 waits that find bytes at once, and every
// 128 KiB (or 32 small writes). What the request's Db is asked hangs on the request's trace. A conversation that returns has said
// its last: the peer has 2 s to read it and to close, and what it still sends is dropped; close() may lose what was written.
//
// Other requests are refused with 426 http.upgrade_required. Whether a browser's page may do this (Origin) is the protocol's to
// ask: cookies come from any page. A request with a body is no upgrade. Loop's thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "http/handler.h"

namespace http {

// The bytes of an upgraded connection. It buffers none: what is not read stays in the kernel, and a write ends when the kernel has
// taken it. Closed when its conversation ends; whoever else knows it holds a weak_ptr. One wait and one write at a time.
class RawConnection {
public:
    enum class Wake : std::uint8_t {
        bytes,     // read() may give some; none that once after the last
        ended,     // nothing comes any more: the peer's end, a close, a failure
        draining,  // said once: the server stops, and cuts what is left at its deadline
        timeout,   // the deadline passed
    };
    RawConnection() = default;
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;
    virtual ~RawConnection() = default;

    [[nodiscard]] virtual async::Task<Wake> wait(async::SteadyTime deadline) = 0;
    // What is here now, without waiting: how many bytes. Those that came behind the request's head are the first.
    [[nodiscard]] virtual std::size_t read(std::span<char> into) = 0;
    // False when the peer has gone, or took nothing for the server's `write_deadline` (then it is reset). `bytes` must stay valid
    // until the task ends.
    [[nodiscard]] virtual async::Task<bool> write(std::string_view bytes) = 0;
    // Ends waits and writes.
    virtual void close() = 0;
};

// What a handler answers an UpgradeRequest with.
class Upgrade {
public:
    // Of the 101: what the protocol wants there (Sec-WebSocket-Accept).
    Upgrade& header(std::string_view name, std::string value) {
        headers_.emplace_back(name, std::move(value));
        return *this;
    }

    static void send(Context& context, Upgrade&& upgrade);
    static void describe(Operation& operation);

private:
    template <FixedString>
    friend class UpgradeRequest;
    Upgrade(std::string_view protocol, Takeover takeover) : protocol_(protocol), takeover_(std::move(takeover)) {}

    std::string_view protocol_;
    Takeover takeover_;
    std::vector<std::pair<std::string_view, std::string>> headers_;
};

namespace detail {
void require_upgrade(Context& context, std::string_view protocol);
void describe_upgrade(Operation& operation);
}  // namespace detail

// A part: the request asks for this protocol.
template <FixedString Protocol>
class UpgradeRequest {
public:
    [[nodiscard]] Upgrade accept(Takeover takeover) const { return {Protocol.view(), std::move(takeover)}; }

    static UpgradeRequest read(Context& context, Findings&) {
        detail::require_upgrade(context, Protocol.view());
        return {};
    }
    static void describe(Operation& operation) { detail::describe_upgrade(operation); }

private:
    UpgradeRequest() = default;
};

}  // namespace http
