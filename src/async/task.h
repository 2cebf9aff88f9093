#pragma once
// Task<T>: the one coroutine type. Lazy (starts when awaited), single owner, resumes its awaiter by symmetric transfer,
// never leaves its event loop's thread. The header knows no Asio, so a handler file compiles in well under two seconds.
//
//     async::Task<Product> find(Db db, ProductId id) {
//         auto row = co_await db.one(product_by_id, id);
//         co_return row;
//     }
//
// A Task that is dropped before it was awaited never runs. A running one must be awaited or owned by a TaskGroup
// (async/sync.h). Frames are recycled per thread; AddressSanitizer builds allocate each one, so that a use after
// free is seen. Why not asio::awaitable: docs/decisions/0002-task.md.

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace async {

template <class T>
class Task;

namespace detail {

// Thread-local free lists in 64-byte classes up to max_recycled; larger frames go to operator new.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
        return finished.promise().continuation;
    }
    void await_resume() const noexcept {}
};

struct PromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr error;

    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;

    Task<T> get_return_object() noexcept;
    template <class U = T>  // the default lets `co_return {a, b};` through
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
    template <class U>
        requires(!std::is_constructible_v<T, Task<U> &&>)
    void return_value(Task<U>&& /*not awaited*/) {
        static_assert(!sizeof(U*), "async: this is a task, not what it gives: write `co_return co_await …`");
    }
    T take() {
        if (error) std::rethrow_exception(std::move(error));
        return std::move(*value);
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() {
        if (error) std::rethrow_exception(std::move(error));
    }
};

}  // namespace detail

template <class T = void>
class [[nodiscard("co_await it: a task that is dropped never runs")]] Task {
public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    struct Awaiter {
        Handle handle;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
            handle.promise().continuation = awaiting;
            return handle;
        }
        T await_resume() const { return handle.promise().take(); }
    };
    Awaiter operator co_await() const& noexcept { return {handle_}; }
    Awaiter operator co_await() && noexcept { return {handle_}; }

private:
    friend promise_type;
    explicit Task(Handle handle) noexcept : handle_(handle) {}
    Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// An eager coroutine that owns itself: the bridge from callbacks into tasks.
struct Detached {
    struct promise_type {
        static void* operator new(std::size_t size) { return allocate_frame(size); }
        static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
        Detached get_return_object() const noexcept { return {}; }
        [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
        [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

template <class T, class Done>
Detached run_detached(Task<T> task, Done done) {
    std::exception_ptr error;
    if constexpr (std::is_void_v<T>) {
        try {
            co_await task;
        } catch (...) {
            error = std::current_exception();
        }
        done(error);
    } else {
        std::optional<T> value;
        try {
            value.emplace(co_await task);
        } catch (...) {
            error = std::current_exception();
        }
        done(error, std::move(value));
    }
}

}  // namespace detail

// Starts `task` now and calls `done(std::exception_ptr)` (Task<void>) or `done(std::exception_ptr, std::optional<T>)`
// when it ends. The caller answers for everything the task refers to staying alive until then; `done` must not throw.
template <class T, class Done>
void start(Task<T> task, Done done) {
    detail::run_detached(std::move(task), std::move(done));
}

}  // namespace async
