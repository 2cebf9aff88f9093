#pragma once
// Exchange: one request to one address and its reply, by libcurl. Inside the library; what is decided about it (retries, redirects, which
// address) is call.cpp's. Loop's thread; it may be destroyed at any time, which closes its connection.
//
//     Exchange exchange(curl, loop, std::move(request));
//     co_await exchange.head();               // until there is a status, or it has ended
//     co_await exchange.finish();             // until it has ended: all of the body is there
//     exchange.end(); exchange.status(); exchange.take_body();

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "client/body.h"
#include "client/curl_loop.h"
#include "client/outcome.h"
#include "client/waiter.h"
#include "http/headers.h"

namespace client {

struct ExchangeRequest {
    std::string method;
    std::string url;
    std::string address;  // numeric; the peer is this one, or there is no exchange
    std::string proxy{};  // "http://192.0.2.1:3128", whose address it then is
    std::string proxy_credentials{};
    std::string ca_file{};
    std::vector<std::string> headers{};  // "Name: value"
    Body* body = nullptr;                // outlives the exchange
    std::size_t max_reply_bytes = 0;
    bool streamed = false;    // the body of the reply is read piece by piece, as it is on the wire
    bool fresh = false;       // on a connection of its own
    bool repeatable = false;  // may use a connection that has been idle for longer
    async::SteadyTime connect_by{};
    std::chrono::milliseconds first_byte{};
    async::SteadyTime deadline{};
    std::stop_token stop{};
};

class Exchange {
public:
    // How it ended. `cause` and `detail` of a failure.
    struct End {
        bool succeeded = false;
        bool sent = false;   // bytes of the request may have reached the server
        bool stale = false;  // a kept connection died without a reply, or was not fit: another one may be
        Cause cause = Cause::connection_lost;
        std::string detail{};
    };

    Exchange(CurlLoop& curl, async::Loop& loop, ExchangeRequest request);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // Throws what the source of the request's body throws.
    [[nodiscard]] async::Task<void> head();
    [[nodiscard]] async::Task<void> finish();
    // Of a streamed reply: what has come; "" when it has ended.
    [[nodiscard]] async::Task<std::string> next();

    [[nodiscard]] bool has_ended() const noexcept { return ended_.has_value(); }
    [[nodiscard]] const End& end() const noexcept { return *ended_; }
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] http::Headers& headers() noexcept { return headers_; }
    [[nodiscard]] std::string take_body() noexcept { return std::move(body_); }

private:
    struct Curl;  // the callbacks
    enum class Refusal : std::uint8_t { none, too_large, encoding, stale, dirty, wrong_peer };

    [[nodiscard]] async::Task<void> step();
    void wake();
    void on_end(Transfer::Result result);
    [[nodiscard]] End judge(Transfer::Result result) const;
    [[nodiscard]] End judge_refusal() const;

    CurlLoop& curl_;
    async::Loop& loop_;
    ExchangeRequest request_;
    std::unique_ptr<Curl> handle_;
    std::unique_ptr<Transfer> transfer_;
    Waiter* waiter_ = nullptr;

    int status_ = 0;
    http::Headers headers_;
    std::string body_;
    std::optional<End> ended_;
    std::string piece_;  // of the request's body
    std::size_t piece_sent_ = 0;
    std::size_t head_bytes_ = 0;
    std::size_t encodings_ = 0;
    Refusal refusal_ = Refusal::none;
    bool has_head_ = false;
    bool wants_piece_ = false;
    bool source_ended_ = false;
    bool is_paused_ = false;
    bool was_begun_ = false;  // the request was let out
    int opened_ = -1;         // the socket of a connection for it
};

}  // namespace client
