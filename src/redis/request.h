#pragma once
// Request: what one task awaits of a Client: commands that travel together and their replies. It lives in the task's frame and
// is in at most one place: a queue, the flight, or the finished ones. Destroying it in any of these is safe: it leaves the queue,
// or its replies are dropped as they come.

#include <boost/intrusive/list.hpp>
#include <coroutine>
#include <exception>
#include <optional>
#include <span>
#include <string>

#include "async/loop.h"
#include "observe/span.h"
#include "redis/command.h"
#include "redis/value.h"

namespace redis::detail {

struct ClientState;

using Hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Request final : public Hook {
public:
    enum class Form : std::uint8_t { plain, transaction };

    // `replies`: as many as commands. Both must outlive the request.
    Request(ClientState& state, async::SteadyTime deadline, std::span<const Command> commands, std::span<Reply> replies,
            Form form = Form::plain);
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request();

    // Throws redis.overloaded or redis.unavailable.
    [[nodiscard]] bool await_ready();
    void await_suspend(std::coroutine_handle<> awaiting);
    void await_resume();
    void resume() { awaiting_.resume(); }

    // ---- Called by ClientState
    void encode(std::string& out) const;
    [[nodiscard]] std::size_t reply_count() const noexcept;
    void set_flight(std::uint64_t number) noexcept { flight_ = number; }
    void on_reply(std::size_t position, Reply reply);
    void on_end();
    void on_lost(const std::string& cause);
    void fail(std::exception_ptr failure);
    [[nodiscard]] async::SteadyTime deadline() const noexcept { return deadline_; }

private:
    [[nodiscard]] observe::Span begin_span() const;
    void finish();
    void expire();
    void on_transaction_reply(std::size_t position, Reply reply);
    void finish_transaction();
    [[nodiscard]] bool is_repeatable() const noexcept;
    // The error that kept all of it from being run.
    [[nodiscard]] std::string_view refusal() const;
    void leave_server();

    ClientState& state_;
    std::span<const Command> commands_;
    std::span<Reply> replies_;
    Reply exec_;                     // of a transaction
    std::optional<Reply> rejected_;  // its first command that was not queued
    Form form_;
    observe::Span span_;
    async::SteadyTime started_;
    async::SteadyTime deadline_;
    async::Timer timer_;
    std::coroutine_handle<> awaiting_;
    std::exception_ptr failure_;
    std::optional<std::uint64_t> flight_;
    std::size_t bytes_ = 0;
    std::uint8_t repeats_ = 0;
    bool counted_ = false;
    bool finished_ = false;
};

using RequestList = boost::intrusive::list<Request, boost::intrusive::constant_time_size<false>>;

}  // namespace redis::detail
