#pragma once
// The Asio inside a Loop, for the .cpp files that own sockets (http/, db/, app/). Nobody else includes this.

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <thread>

#include "async/loop.h"

namespace async {

struct Loop::Impl {
    boost::asio::io_context context{1};
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
    std::thread::id thread;

    // Hashed timing wheel (Varghese and Lauck, 1987): a timer sits in the slot of its expiry tick and is looked at once
    // per turn of the wheel.
    static constexpr auto tick = std::chrono::milliseconds(10);
    static constexpr std::uint32_t slots = 1024;
    std::array<Timer*, slots> wheel{};
    std::uint64_t current_tick = 0;
    std::size_t set_timers = 0;
    bool sweeping = false;
    boost::asio::steady_timer sweep{context};

    static std::uint64_t tick_of(SteadyTime when);
    void insert(Timer& timer, SteadyTime when);
    void remove(Timer& timer) noexcept;
    void schedule_sweep();
    void advance();
    void expire_slot(std::uint32_t slot, std::uint64_t now_tick);
};

inline boost::asio::io_context& native(Loop& loop) { return loop.impl().context; }

}  // namespace async
