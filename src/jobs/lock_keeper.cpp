#include "jobs/lock_keeper.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "async/loop.h"
#include "bullmq_scripts.h"
#include "jobs/alarm.h"
#include "jobs/msgpack.h"
#include "redis/client.h"

namespace jobs {
namespace detail {
namespace {

// Locks renewed by one call.
constexpr std::size_t max_batch = 500;
constexpr milliseconds retry_delay{500};

redis::Options lock_connection(redis::Options options) {
    options.role = "jobs-locks";
    options.resp3 = false;
    options.fail_fast_after = milliseconds{0};
    return options;
}

}  // namespace

class LockRenewal {
public:
    LockRenewal(redis::Options redis, const logging::Logger& logger, observe::Metrics& metrics)
        : redis_(lock_connection(std::move(redis))),
          logger_(logger.child({{"module", "jobs.locks"}})),
          metrics_(metrics),
          failed_(metrics.counter("jobs_lock_renewals_failed_total", "Renewals of job locks that got no answer.")),
          lost_(metrics.counter("jobs_locks_lost_total", "Locks that had expired or passed to another worker.")),
          thread_([this] { run(); }) {}

    ~LockRenewal() {
        {
            const std::scoped_lock guard(mutex_);
            stopping_ = true;
        }
        wake();
        thread_.join();
    }

    std::uint64_t add(LockKeeper::Lock lock) {
        const auto due = async::Loop::now() + lock.duration / 4;
        bool sooner = false;
        std::uint64_t id = 0;
        {
            const std::scoped_lock guard(mutex_);
            id = ++last_id_;
            locks_.emplace(id, Tracked{std::move(lock), due});
            sooner = due < next_wake_;
            if (sooner) next_wake_ = due;
        }
        if (sooner) wake();
        return id;
    }

    void remove(std::uint64_t id) {
        const std::scoped_lock guard(mutex_);
        locks_.erase(id);
    }

private:
    struct Tracked {
        LockKeeper::Lock lock;
        async::SteadyTime due;
    };
    struct Batch {
        std::string stalled_key;
        std::string base;
        milliseconds duration{0};
        std::vector<std::uint64_t> ids;
        std::vector<std::string> job_ids;
        std::vector<std::string> tokens;
    };

    void wake() {
        loop_.post([this] {
            if (alarm_) alarm_->ring();
        });
    }

    void run() { async::run_until_done(loop_, renew_until_stopped()); }

    async::Task<void> renew_until_stopped() {
        redis::Client client(loop_, redis_, logger_, metrics_);
        alarm_.emplace(loop_);
        while (const auto until = next_wake()) {
            co_await alarm_->wait_until(*until);
            for (auto& batch : due_batches()) co_await renew(&client, std::move(batch));
        }
        alarm_.reset();
        co_await client.close(async::Loop::now());
    }

    // When the next lock is due; nullopt when it is time to stop.
    std::optional<async::SteadyTime> next_wake() {
        const std::scoped_lock guard(mutex_);
        if (stopping_) return std::nullopt;
        next_wake_ = async::SteadyTime::max();
        for (const auto& [id, tracked] : locks_) next_wake_ = std::min(next_wake_, tracked.due);
        return next_wake_;
    }

    std::vector<Batch> due_batches() {
        const std::scoped_lock guard(mutex_);
        const auto now = async::Loop::now();
        std::vector<Batch> batches;
        for (auto& [id, tracked] : locks_) {
            if (tracked.due > now) continue;
            const auto& lock = tracked.lock;
            auto batch = std::ranges::find_if(batches, [&](const Batch& one) {
                return one.base == lock.base && one.duration == lock.duration && one.ids.size() < max_batch;
            });
            if (batch == batches.end()) {
                batches.push_back({lock.stalled_key, lock.base, lock.duration, {}, {}, {}});
                batch = batches.end() - 1;
            }
            batch->ids.push_back(id);
            batch->job_ids.push_back(lock.job_id);
            batch->tokens.push_back(lock.token);
        }
        return batches;
    }

    async::Task<void> renew(redis::Client* client, Batch batch) {
        try {
            const auto reply = co_await client->eval(
                bullmq::extend_locks(), {batch.stalled_key},
                {batch.base, packed(batch.tokens), packed(batch.job_ids), std::to_string(batch.duration.count())},
                true);
            settle(batch, *reply);
            co_return;
        } catch (const std::exception& failure) {
            failed_.increment();
            logger_.warn("job locks were not renewed", {{"count", batch.ids.size()}, {"err", logging::error(failure)}});
        }
        postpone(batch, retry_delay);
    }

    static std::string packed(const std::vector<std::string>& texts) {
        msgpack::Writer out;
        out.array(texts.size());
        for (const auto& text : texts) out.text(text);
        return std::move(out).take();
    }

    void settle(const Batch& batch, redis::Value lost) {
        std::set<std::string_view> lost_ids;
        for (const auto id : lost) lost_ids.insert(id.text());
        postpone(batch, batch.duration / 4);
        const std::scoped_lock guard(mutex_);
        for (std::size_t i = 0; i < batch.ids.size(); ++i) {
            if (!lost_ids.contains(batch.job_ids[i])) continue;
            const auto tracked = locks_.find(batch.ids[i]);
            // The job has ended in the meantime: its lock went with it.
            if (tracked == locks_.end()) continue;
            lost_.increment();
            if (tracked->second.lock.on_lost) tracked->second.lock.on_lost();
            locks_.erase(tracked);
        }
    }

    void postpone(const Batch& batch, milliseconds delay) {
        const std::scoped_lock guard(mutex_);
        const auto due = async::Loop::now() + delay;
        for (const auto id : batch.ids) {
            if (const auto tracked = locks_.find(id); tracked != locks_.end()) tracked->second.due = due;
        }
    }

    redis::Options redis_;
    logging::Logger logger_;
    observe::Metrics& metrics_;
    observe::Counter failed_;
    observe::Counter lost_;

    std::mutex mutex_;  // locks_, last_id_, next_wake_, stopping_; never held while waiting
    std::map<std::uint64_t, Tracked> locks_;
    std::uint64_t last_id_ = 0;
    async::SteadyTime next_wake_ = async::SteadyTime::max();
    bool stopping_ = false;

    async::Loop loop_;
    std::optional<Alarm> alarm_;  // of the thread
    std::thread thread_;
};

}  // namespace detail

LockKeeper::LockKeeper(redis::Options redis, const logging::Logger& logger, observe::Metrics& metrics)
    : renewal_(std::make_unique<detail::LockRenewal>(std::move(redis), logger, metrics)) {}

LockKeeper::~LockKeeper() = default;

LockKeeper::Lease LockKeeper::keep(Lock lock) { return {*this, renewal_->add(std::move(lock))}; }

void LockKeeper::Lease::release() noexcept {
    if (auto* keeper = std::exchange(keeper_, nullptr)) keeper->renewal_->remove(id_);
}

}  // namespace jobs
