#pragma once
// Link: one PGconn whose socket the loop watches: asynchronous look-up and connect with a timeout, readiness, partial writes.
// Owned by a shared_ptr (its pool's); its handlers hold weak ones, so it may go away at any time. The socket belongs to libpq
// alone: the descriptor is released before libpq may close it.
//
// Names are looked up by the resolver and handed to libpq as `hostaddr` beside `host`, so that libpq never does. It tries all
// addresses of all hosts in turn; one that says nothing is left after the connect timeout, and the next one is tried.
//
//     auto link = std::make_shared<Connection>(state, pool);     // a class on top
//     link->open();                                              // on_connected() or on_lost() in a later turn

#include <libpq-fe.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/resolver.h"
#include "db/driver/targets.h"

namespace db::detail {

class Link : public std::enable_shared_from_this<Link> {
public:
    Link(async::Loop& loop, async::Milliseconds connect_timeout, async::Resolver& resolver);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link();

    void open(ConnectParameters parameters);
    // Ends the connection without a callback.
    void close() noexcept;
    // Ends it and calls on_lost(), once.
    void fail(const std::string& cause);
    // The same in a later turn, for callers who hold references into this link or run inside one of its timers.
    void fail_later(std::string cause);
    [[nodiscard]] bool is_connected() const noexcept { return connected_; }

protected:
    virtual void on_connected() = 0;
    virtual void on_readable() = 0;
    virtual void on_lost(const std::string& cause) = 0;

    // Sends what libpq holds; goes on when the socket takes more.
    void flush();
    [[nodiscard]] std::string error_text() const;

    async::Loop& loop_;
    PGconn* native_ = nullptr;

private:
    using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
    enum class Wait : bool { read, write };

    void resolve(std::size_t target);
    void resolved(std::size_t target, const async::Resolution& found);
    void dial();
    void connect_expired();
    [[nodiscard]] std::size_t current_target() const;
    void poll_connect();
    void finish_connect();
    void wait_for(Wait what, void (Link::*next)());
    void watch_reads();
    void readable();
    void writable();

    async::Milliseconds connect_timeout_;
    async::Resolver& resolver_;
    ConnectParameters parameters_;
    // Places to try, in order; `lookups_` are still to be answered, `at_` is the one that libpq is at.
    std::vector<std::vector<HostTarget>> targets_of_hosts_;
    std::vector<HostTarget> targets_;
    std::size_t lookups_ = 0;
    std::size_t at_ = 0;
    std::string lookup_failure_;
    Descriptor descriptor_;
    async::Timer connect_timer_;
    bool connected_ = false;
    bool waiting_to_write_ = false;
    bool failing_ = false;
};

}  // namespace db::detail
