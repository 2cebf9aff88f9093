#pragma once
// Listener: one connection outside pipeline mode for every LISTEN of a Database. Reconnects by itself, listens anew, and then
// tells the subscribers that notifications may have been missed.

#include <map>
#include <memory>
#include <string>

#include "db/database.h"
#include "db/driver/link.h"

namespace db::detail {

struct DatabaseState;
class ListenLink;

class Listener {
public:
    explicit Listener(DatabaseState& state);
    ~Listener();

    [[nodiscard]] std::uint64_t add(std::string channel, ListenCallbacks callbacks);
    void remove(std::uint64_t id);
    void close();

    // Callbacks of the link.
    void on_connected();
    void on_readable(PGconn* native);
    void on_lost(const std::string& cause);

private:
    struct Subscriber {
        std::string channel;
        std::shared_ptr<ListenCallbacks> callbacks;  // kept by a dispatch that removes it
        bool missed = false;                         // on_reconnect is due once its LISTEN stands
    };

    void open();
    void send_next();
    void finish_command(bool succeeded);
    void notify(const std::string& channel, const std::string& payload);

    DatabaseState& state_;
    std::shared_ptr<ListenLink> link_;
    std::map<std::uint64_t, Subscriber> subscribers_;
    // Channel -> whether LISTEN has been confirmed on this connection.
    std::map<std::string, bool> channels_;
    std::string command_channel_;  // of the LISTEN under way
    bool command_running_ = false;
    bool was_connected_ = false;
    std::uint64_t next_id_ = 1;
    async::Milliseconds delay_{0};
    async::Timer retry_;
    bool closed_ = false;
};

}  // namespace db::detail
