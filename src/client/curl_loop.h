#pragma once
// CurlLoop: libcurl's multi interface on an event loop. Easy handles run beside each other on the loop's thread, without a thread of
// their own; connections that stay open are kept for the next one. For whoever speaks a protocol through libcurl: HTTP (exchange.h),
// SMTP. Handles are `void*`, which is what libcurl calls CURL: its headers stay in .cpp files.
//
//     client::CurlLoop curl(loop, {});
//     void* easy = curl.take();                                                  // reset, or new
//     curl_easy_setopt(easy, CURLOPT_URL, "smtps://192.0.2.1:465"); ...
//     const auto result = co_await curl.run(easy, deadline, stop);               // result.code: a CURLcode, when it has ended by itself
//     curl.give_back(easy);
//
// Give it numeric addresses (CURLOPT_CONNECT_TO): libcurl resolves names on threads that it waits for.

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "async/loop.h"
#include "async/task.h"

namespace client {

class CurlLoop;

// One run of an easy handle. Destroyed before its end it takes the handle off, and closes its connection. Loop's thread, outside of
// libcurl's callbacks, but for expires_at().
class Transfer {
public:
    enum class End : std::uint8_t { done, expired, stopped };
    struct Result {
        End end = End::done;
        int code = 0;
    };

    // `on_end` is called once, in a turn of its own, and may destroy this.
    Transfer(CurlLoop& curl, void* easy, std::move_only_function<void(Result)> on_end);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    void start(async::SteadyTime deadline, std::stop_token stop = {});
    // Moves the deadline.
    void expires_at(async::SteadyTime deadline);
    // Ends it as `expired` or `stopped` at once: on_end is called as usual.
    void abort(End end);
    // A callback that has paused goes on.
    void unpause();

private:
    friend class CurlLoop;
    struct Expire {
        async::Timer* timer;
        void operator()() const { timer->expires_at(async::Loop::now()); }
    };
    void finish(Result result);

    CurlLoop& curl_;
    void* easy_;
    std::move_only_function<void(Result)> on_end_;
    async::Timer timer_;
    std::stop_token stop_;
    std::optional<std::stop_callback<Expire>> on_stop_;
    Result result_;
    bool running_ = false;
};

class CurlLoop {
public:
    struct Limits {
        long idle = 256;      // connections that are kept
        long total = 1024;    // connections at once; further transfers wait
        long per_host = 256;  // of them, to one address
    };

    CurlLoop(async::Loop& loop, Limits limits);
    // Transfers end first.
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    // An easy handle without options, but for what all have: no signals, no proxy of the environment, shared TLS sessions.
    [[nodiscard]] void* take();
    void give_back(void* easy);

    // The socket that is bound to a port of this machine; -1: none that is known. libcurl does not say it while it matters.
    void remember_socket(int own_port, int socket);
    [[nodiscard]] int socket_at(int own_port) const;

    [[nodiscard]] async::Task<Transfer::Result> run(void* easy, async::SteadyTime deadline, std::stop_token stop = {});

private:
    friend class Transfer;
    struct Impl;
    void add(Transfer& transfer);
    void remove(Transfer& transfer) noexcept;
    void forget(const Transfer& transfer) noexcept;
    void deliver_later(Transfer& transfer);

    async::Loop& loop_;
    std::shared_ptr<Impl> impl_;
};

}  // namespace client
