#pragma once
// Link: keeps one connection to Redis up for ever, with back-off and jitter, and tells whom it carries when it comes and goes.
// Client and Subscriber are links. Owned by a shared_ptr; what it starts holds weak ones.

#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "log/logger.h"
#include "log/news.h"
#include "observe/metrics.h"
#include "redis/connection.h"
#include "redis/options.h"

namespace redis::detail {

class Link : public Connection::Owner, public std::enable_shared_from_this<Link> {
public:
    Link(async::Loop& loop, Options options, const logging::Logger& logger, observe::Metrics& metrics);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link();

    void open();
    void close_link() noexcept;
    // Gives the connection up for another.
    void drop(const std::string& cause);
    // The same in a later turn, for who runs inside of a timer.
    void drop_later(std::string cause);

    [[nodiscard]] bool is_up() const noexcept { return up_; }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    // Of the time without a connection.
    [[nodiscard]] async::SteadyTime down_since() const noexcept { return down_since_; }
    // Why there is no connection: what was heard last, or that nothing is heard.
    [[nodiscard]] std::string last_cause() const;
    [[nodiscard]] async::Loop& loop() const noexcept { return loop_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }

protected:
    virtual void on_up() = 0;
    // Also after an attempt to connect that failed.
    virtual void on_down(const std::string& cause) = 0;
    [[nodiscard]] Connection& connection() noexcept { return *connection_; }
    [[nodiscard]] const logging::Logger& logger() const noexcept { return logger_; }
    // Of the last attempt, for the log: "host:port", or the path of a Unix socket. Empty before the first.
    [[nodiscard]] const std::string& server() const noexcept { return server_; }

private:
    void on_connected() final;
    void on_lost(const std::string& cause) final;
    void on_not_ready(const std::string& cause) final;
    // However often connections come and go.
    [[nodiscard]] bool is_news(const std::string& cause);
    void connect();
    void dial(Endpoint endpoint, async::SteadyTime deadline);
    void connect_later(async::Milliseconds delay);
    [[nodiscard]] async::Milliseconds with_jitter(async::Milliseconds delay);

    async::Loop& loop_;
    Options options_;
    logging::Logger logger_;
    observe::Gauge connected_;
    observe::Counter reconnects_;
    std::shared_ptr<Connection> connection_;
    async::Timer retry_;
    base::SeededRandom random_;
    async::Milliseconds delay_{0};
    async::SteadyTime down_since_;
    async::SteadyTime up_since_{};
    std::string server_;
    std::string last_cause_ = "not connected yet";
    async::SteadyTime heard_{};  // an attempt to connect: its start, and what was said to it
    logging::News news_;
    bool loss_was_logged_ = false;
    bool up_ = false;
    bool was_up_ = false;
    bool closed_ = false;
};

}  // namespace redis::detail
