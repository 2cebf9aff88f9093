#pragma once
// LockKeeper: renews the locks of running jobs on a thread, loop and connection of its own, so that a handler that burns a
// core cannot lose its job to another worker. One serves all workers of a process; it outlives them. keep() and Lease are
// thread-safe.
//
//     LockKeeper keeper(redis_options, logger, metrics);
//     auto lease = keeper.keep({.stalled_key = keys.stalled, .base = keys.base, .job_id = id, .token = token,
//                               .duration = 30s, .on_lost = [..] { loop.post(...); }});
//     // the lock is renewed until the lease goes away

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "jobs/job_options.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "redis/options.h"

namespace jobs {

namespace detail {
class LockRenewal;
}

class LockKeeper {
public:
    struct Lock {
        std::string stalled_key;
        std::string base;
        std::string job_id;
        std::string token;
        milliseconds duration{30'000};
        // Called on the keeper's thread, at most once, never after the lease is gone: it must be quick and must not use the
        // keeper.
        std::move_only_function<void()> on_lost;
    };

    class Lease {
    public:
        Lease() = default;
        Lease(LockKeeper& keeper, std::uint64_t id) noexcept : keeper_(&keeper), id_(id) {}
        Lease(Lease&& other) noexcept : keeper_(std::exchange(other.keeper_, nullptr)), id_(other.id_) {}
        Lease& operator=(Lease&& other) noexcept {
            std::swap(keeper_, other.keeper_);
            std::swap(id_, other.id_);
            return *this;
        }
        ~Lease() { release(); }
        void release() noexcept;

    private:
        LockKeeper* keeper_ = nullptr;
        std::uint64_t id_ = 0;
    };

    LockKeeper(redis::Options redis, const logging::Logger& logger, observe::Metrics& metrics);
    ~LockKeeper();
    LockKeeper(const LockKeeper&) = delete;
    LockKeeper& operator=(const LockKeeper&) = delete;

    [[nodiscard]] Lease keep(Lock lock);

private:
    std::unique_ptr<detail::LockRenewal> renewal_;
};

}  // namespace jobs
