#pragma once
// ClientState: what stands behind a Client: requests that wait, those in flight in the order of their replies, and their bounds.
// Tasks that wait hold it too, so it may outlive its Client.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/sync.h"
#include "redis/errors.h"
#include "redis/link.h"
#include "redis/request.h"

namespace redis::detail {

struct ClientState final : Link {
    ClientState(async::Loop& loop, Options options, const logging::Logger& logger, observe::Metrics& metrics);
    ~ClientState() override;

    // ---- For requests
    void check_room(std::size_t commands, std::size_t bytes) const;  // throws redis.overloaded, redis.unavailable
    void hold(std::size_t commands, std::size_t bytes);
    void release(std::size_t commands, std::size_t bytes);
    void submit(Request& request);
    // Ahead of all others: it was in flight.
    void submit_first(Request& request);
    // Ahead of all others, once there is another connection.
    void submit_again(Request& request);
    void abandon(std::uint64_t flight);
    // No more goes out on this connection; another takes its place when what is in flight has been answered. False when closing.
    bool retire(std::string cause);
    void add_finished(Request& request);
    void observe(std::string_view label, async::SteadyTime started);
    // What a reply says about the server.
    void heed(std::string_view label, Value reply);

    // ---- For the client
    void refuse_new_work() noexcept { closing_ = true; }
    [[nodiscard]] bool is_idle() const noexcept { return held_commands_ == 0; }
    [[nodiscard]] async::Event& idle() noexcept { return idle_; }
    [[nodiscard]] std::optional<Trouble> trouble() const;
    void end_trouble();
    void on_reconnect(std::function<void()> callback) { on_reconnect_ = std::move(callback); }
    void shutdown();

private:
    struct Flight {
        Request* request;  // none: its task is gone
        std::size_t left;  // replies to come
        async::SteadyTime due;
    };
    struct Refusing {
        Trouble trouble;
        std::string label;  // of the command that was refused
        bool is_logged = false;
    };
    struct Meter {
        observe::Counter commands;
        observe::Histogram seconds;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };

    void on_up() override;
    void on_down(const std::string& cause) override;
    void on_reply(Reply reply) override;
    void on_push(Reply /*reply*/) override {}  // nobody has asked for any here
    void on_read_end() override;
    void on_written() override;

    void schedule();
    void serve();
    void check_overdue();
    void watch_overdue();
    void fail_waiting(const std::string& cause);
    void fail_flight(const std::string& cause);
    void resume_finished();
    void begin_trouble(std::string_view label, std::string_view text);
    [[nodiscard]] bool is_unreachable() const noexcept;

    RequestList waiting_;
    RequestList again_;
    RequestList finished_;
    std::deque<Flight> flight_;
    std::uint64_t answered_ = 0;  // the number of the flight's first
    std::size_t abandoned_ = 0;   // in flight
    std::size_t held_commands_ = 0;
    std::size_t held_bytes_ = 0;
    std::string retire_cause_;  // not empty: this connection is being given up
    async::Timer overdue_;
    async::Timer unreachable_;
    async::Event idle_;
    async::SteadyTime now_{};  // of the replies being handled
    std::optional<Refusing> refusing_;
    logging::News trouble_news_;
    std::function<void()> on_reconnect_;
    bool was_connected_ = false;
    bool scheduled_ = false;
    bool resume_posted_ = false;
    bool closing_ = false;

    observe::Gauge waiting_gauge_;
    observe::CounterFamily commands_;
    observe::HistogramFamily seconds_;
    std::unordered_map<std::string, Meter, TextHash, std::equal_to<>> meters_;
};

}  // namespace redis::detail
