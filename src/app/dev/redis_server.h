#pragma once
// A private Redis on 127.0.0.1, on a free port, and on a Unix socket. Keeps its data (one snapshot file) over restarts. One thread.
//
//     RedisServer redis({.home = directory / "redis", .socket = run / "redis.sock", .log_file = directory / "redis.log"});
//     redis.begin();
//     redis.finish(pause);                                // waits until it answers PING
//     redis.url()                                         // redis://127.0.0.1:41873/0
//     redis.stop(pause);

#include <cstdint>
#include <filesystem>
#include <string>

#include "app/dev/process.h"

namespace app::dev {

struct RedisOptions {
    std::filesystem::path home;
    std::filesystem::path socket;
    std::filesystem::path log_file;
    std::filesystem::path program = {};  // empty: PATH's redis-server
};

class RedisServer {
public:
    explicit RedisServer(RedisOptions options);
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    static void end_leftover(const std::filesystem::path& home, const Pause& pause);

    void begin(const Pause& pause);
    void finish(const Pause& pause);
    void stop(const Pause& pause) noexcept;

    [[nodiscard]] bool running() { return process_.running(); }
    [[nodiscard]] std::string how_it_ended() const { return process_.how_it_ended(); }
    [[nodiscard]] const std::filesystem::path& socket() const noexcept { return options_.socket; }
    [[nodiscard]] std::string url() const;

private:
    void launch();
    [[nodiscard]] bool answers_ping() const;
    [[nodiscard]] bool wait_until_ready(const Pause& pause);

    RedisOptions options_;
    std::uint16_t port_ = 0;
    Process process_;
};

}  // namespace app::dev
