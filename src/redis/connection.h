#pragma once
// Connection: one socket to Redis, from the look-up of its name through TLS and the greeting to replies. It knows nothing of
// commands: bytes go out, replies come in. Its handlers keep it alive and it forgets its owner in close(), so the owner may go
// away at any time, while buffers stay where a read under way will write.
//
//     auto connection = std::make_shared<Connection>(loop, owner, endpoint, settings);
//     connection->open(deadline);                    // owner.on_connected() or on_lost() in a later turn
//     command.encode(connection->outgoing());
//     connection->send();                            // owner.on_written() once the kernel has all of it

#include <memory>
#include <optional>
#include <string>

#include "async/loop.h"
#include "redis/greeting.h"
#include "redis/reply_reader.h"

namespace redis::detail {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    class Owner {
    public:
        virtual void on_connected() = 0;
        virtual void on_reply(Reply reply) = 0;
        virtual void on_push(Reply reply) = 0;
        virtual void on_read_end() = 0;  // after the replies that came together
        virtual void on_written() = 0;
        virtual void on_not_ready(const std::string& cause) = 0;  // it answers, and takes no commands yet
        virtual void on_lost(const std::string& cause) = 0;       // the last call; none after close()

    protected:
        ~Owner() = default;
    };
    struct Settings {
        Greeting::Settings greeting;
        std::size_t max_reply_bytes;
    };

    Connection(async::Loop& loop, Owner& owner, Endpoint endpoint, const Settings& settings);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    void open(async::SteadyTime deadline);
    void close() noexcept;

    // Belongs to the caller while nothing is being written.
    [[nodiscard]] std::string& outgoing() noexcept { return outgoing_; }
    [[nodiscard]] bool is_writing() const noexcept { return writing_; }
    void send();

private:
    struct Wire;

    void resolve();
    void connect_next();
    void start_tls();
    void begin_greeting();
    void greet();
    void read();
    void on_read(std::size_t size);
    void take(Reply reply);
    void take_greeting(const Reply& reply);
    void wait_until_ready();
    void fail(const std::string& cause);
    void on_deadline();

    async::Loop& loop_;
    Owner* owner_;
    Endpoint endpoint_;
    std::unique_ptr<Wire> wire_;
    ReplyReader reader_;
    Greeting greeting_;
    async::Timer deadline_;
    async::Timer pause_;
    std::string outgoing_;
    std::string last_cause_;
    async::SteadyTime told_not_ready_{};
    bool writing_ = false;
    bool greet_again_ = false;
    bool ready_ = false;
};

}  // namespace redis::detail
