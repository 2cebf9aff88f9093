#pragma once
// BlockingPool: a bounded thread pool for work that would hold up a loop (argon2, files). A full queue refuses at once:
// the caller answers 503 with Retry-After instead of growing.
//
//     auto hash = co_await async::offload(loop, pool, [password] { return auth::hash_password(password); });
//
// offload() throws base::Failure(async::errors::overloaded) when the queue is full and rethrows what the work throws.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "async/loop.h"
#include "base/failure.h"

namespace async {

namespace errors {
inline constexpr base::ErrorCode overloaded{"server.overloaded", 503, true, base::Action::retry,
                                            "The server has more work than it may queue"};
}

class BlockingPool {
public:
    struct Options {
        std::size_t threads = 2;
        std::size_t queue_limit = 64;
    };

    explicit BlockingPool(Options options);
    ~BlockingPool();
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    // False when the queue is full or the pool has stopped. Thread-safe.
    [[nodiscard]] bool try_submit(std::move_only_function<void()> work);
    // Finishes what runs and what is queued, then joins the threads.
    void stop();
    [[nodiscard]] std::size_t queued() const;

private:
    void work_loop();

    Options options_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::move_only_function<void()>> queue_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

namespace detail {

template <class Work>
struct OffloadAwaiter {
    using Result = std::invoke_result_t<Work&>;
    Loop& loop;
    BlockingPool& pool;
    Work work;
    std::conditional_t<std::is_void_v<Result>, std::optional<bool>, std::optional<Result>> result;
    std::exception_ptr error;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
        const bool accepted = pool.try_submit([this, awaiting] {
            try {
                if constexpr (std::is_void_v<Result>) {
                    work();
                } else {
                    result.emplace(work());
                }
            } catch (...) {
                error = std::current_exception();
            }
            loop.post([awaiting] { awaiting.resume(); });
        });
        if (!accepted) {
            error = std::make_exception_ptr(base::Failure(errors::overloaded).retry_after(1000));
        }
        return accepted;
    }
    Result await_resume() {
        if (error) std::rethrow_exception(std::move(error));
        if constexpr (!std::is_void_v<Result>) return std::move(*result);
    }
};

}  // namespace detail

// Runs `work()` on the pool and resumes on `loop`. Both must outlive the call.
template <class Work>
detail::OffloadAwaiter<Work> offload(Loop& loop, BlockingPool& pool, Work work) {
    return {loop, pool, std::move(work), {}, {}};
}

}  // namespace async
