#pragma once
// What tasks of one loop wait on: Event (set once, everybody goes on), Semaphore (a bound, first come first served, with
// a deadline) and when_all. None is thread-safe; all stay on their loop's thread.
//
//     async::Semaphore slots(loop, {.permits = 8, .max_waiting = 1000});
//     auto permit = co_await slots.acquire(deadline);      // std::optional: nullopt past the deadline or when full

#include <deque>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "async/loop.h"

namespace async {

class Event {
public:
    explicit Event(Loop& loop) : loop_(loop) {}
    void set();
    void reset() { set_ = false; }
    [[nodiscard]] bool is_set() const noexcept { return set_; }

    struct Awaiter {
        Event& event;
        [[nodiscard]] bool await_ready() const noexcept { return event.set_; }
        void await_suspend(std::coroutine_handle<> awaiting) { event.waiting_.push_back(awaiting); }
        void await_resume() const noexcept {}
    };
    Awaiter operator co_await() noexcept { return {*this}; }

private:
    Loop& loop_;
    bool set_ = false;
    std::vector<std::coroutine_handle<>> waiting_;
};

class Semaphore {
public:
    struct Options {
        std::size_t permits = 1;
        std::size_t max_waiting = 1024;
    };

    // Gives its permit back when destroyed.
    class Permit {
    public:
        explicit Permit(Semaphore& owner) noexcept : owner_(&owner) {}
        Permit(Permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        Permit& operator=(Permit&& other) noexcept {
            std::swap(owner_, other.owner_);
            return *this;
        }
        ~Permit() {
            if (owner_ != nullptr) owner_->release();
        }

    private:
        Semaphore* owner_;
    };

    Semaphore(Loop& loop, Options options) : loop_(loop), options_(options), free_(options.permits) {}

    // nullopt when the deadline passes first or max_waiting others wait already.
    Task<std::optional<Permit>> acquire(SteadyTime deadline);
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
    [[nodiscard]] std::size_t available() const noexcept { return free_; }

private:
    struct Waiter;
    void release();

    Loop& loop_;
    Options options_;
    std::size_t free_;
    std::deque<Waiter*> waiting_;
};

namespace detail {

struct Countdown {
    std::size_t left;
    std::coroutine_handle<> awaiting;
    void arrive() {
        if (--left == 0) awaiting.resume();
    }
};

template <class T>
struct Slot {
    std::exception_ptr error;
    std::optional<T> value;
    T take() {
        if (error) std::rethrow_exception(std::move(error));
        return std::move(*value);
    }
};

template <class... Ts>
struct WhenAll {
    std::tuple<Task<Ts>...> tasks;
    std::tuple<Slot<Ts>...> slots;
    Countdown countdown{sizeof...(Ts) + 1, {}};

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
        countdown.awaiting = awaiting;
        start_all(std::index_sequence_for<Ts...>{});
        return --countdown.left != 0;
    }
    std::tuple<Ts...> await_resume() {
        return std::apply([](auto&... slot) { return std::tuple<Ts...>{slot.take()...}; }, slots);
    }

private:
    template <std::size_t... I>
    void start_all(std::index_sequence<I...>) {
        (start(std::move(std::get<I>(tasks)),
               [this](std::exception_ptr error, std::optional<Ts> value) {
                   std::get<I>(slots) = {std::move(error), std::move(value)};
                   countdown.arrive();
               }),
         ...);
    }
};

template <class T>
struct WhenAllOf {
    std::vector<Task<T>> tasks;
    std::vector<Slot<T>> slots;
    Countdown countdown{0, {}};

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
        slots.resize(tasks.size());
        countdown = {tasks.size() + 1, awaiting};
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            start(std::move(tasks[i]), [this, i](std::exception_ptr error, std::optional<T> value) {
                slots[i] = {std::move(error), std::move(value)};
                countdown.arrive();
            });
        }
        return --countdown.left != 0;
    }
    std::vector<T> await_resume() {
        std::vector<T> values;
        values.reserve(slots.size());
        for (auto& slot : slots) values.push_back(slot.take());
        return values;
    }
};

}  // namespace detail

// Runs all at once and ends when all have ended; the first error (in argument order) is thrown then.
template <class... Ts>
    requires(!std::is_void_v<Ts> && ...)
detail::WhenAll<Ts...> when_all(Task<Ts>... tasks) {
    return {{std::move(tasks)...}, {}};
}
template <class T>
detail::WhenAllOf<T> when_all(std::vector<Task<T>> tasks) {
    return {std::move(tasks), {}};
}

// Owner of detached work: spawn() it here, and await join() before what it uses goes away.
class TaskGroup {
public:
    explicit TaskGroup(Loop& loop) : empty_(loop) { empty_.set(); }
    // `on_error` receives what a task throws.
    void spawn(Task<void> task);
    void on_error(std::move_only_function<void(std::exception_ptr)> handler) { on_error_ = std::move(handler); }
    Task<void> join();
    [[nodiscard]] std::size_t running() const noexcept { return running_; }

private:
    Event empty_;
    std::size_t running_ = 0;
    std::move_only_function<void(std::exception_ptr)> on_error_;
};

}  // namespace async
