// Queue: what is done to the queue as a whole.
#include <algorithm>

#include "bullmq_scripts.h"
#include "jobs/errors.h"
#include "jobs/queue.h"

namespace jobs {
namespace {

// Jobs that one call of a script moves or removes: it holds up Redis meanwhile.
constexpr std::int64_t batch = 1'000;
// What bullmq sets `limiter` to, so that no more jobs start.
constexpr std::int64_t limit_reached = 9'007'199'254'740'991;

}  // namespace

async::Task<void> Queue::pause() {
    co_await client_->eval(
        bullmq::pause(),
        {keys_.wait, keys_.paused, keys_.meta, keys_.prioritized, keys_.events, keys_.delayed, keys_.marker},
        {"paused", "1"}, true);
}

async::Task<void> Queue::resume() {
    std::string first = "1";
    for (std::int64_t left = 1; left > 0; first = "0") {
        const auto reply = co_await client_->eval(
            bullmq::pause(),
            {keys_.paused, keys_.wait, keys_.meta, keys_.prioritized, keys_.events, keys_.delayed, keys_.marker},
            {"resumed", first}, true);
        left = reply->is_null() ? 0 : reply->integer();
    }
}

async::Task<bool> Queue::is_paused() {
    const auto reply = co_await client_->run(redis::Command("HEXISTS").add(keys_.meta).add("paused").repeatable());
    co_return reply->integer() == 1;
}

async::Task<void> Queue::drain(bool delayed) {
    co_await client_->eval(bullmq::drain(), {keys_.wait, keys_.paused, keys_.delayed, keys_.prioritized, keys_.repeat},
                           {keys_.base, delayed ? "1" : "0"}, true);
}

async::Task<std::vector<std::string>> Queue::clean(CleanOptions options) {
    const std::string state(key_suffix(options.state));
    const auto older_than = std::to_string(now() - options.grace.count());
    std::vector<std::string> removed;
    for (;;) {
        const auto left = options.limit - static_cast<std::int64_t>(removed.size());
        const auto limit = options.limit == 0 ? batch : std::min(batch, left);
        if (limit <= 0) break;
        const auto reply =
            co_await client_->eval(bullmq::clean_jobs_in_set(), {keys_.of(state), keys_.events, keys_.repeat},
                                   {keys_.base, older_than, std::to_string(limit), state}, true);
        for (const auto id : *reply) removed.emplace_back(id.text());
        if (static_cast<std::int64_t>(reply->size()) < limit) break;
    }
    co_return removed;
}

async::Task<void> Queue::obliterate(bool force) {
    for (std::int64_t more = 1; more > 0;) {
        const auto reply = co_await client_->eval(bullmq::obliterate(), {keys_.meta, keys_.base},
                                                  {std::to_string(batch), force ? "force" : ""}, true);
        more = reply->integer();
        if (more == -1) throw base::Failure(errors::not_paused, "queue " + keys_.name + " is not paused");
        if (more < 0) throw base::Failure(errors::not_paused, "queue " + keys_.name + " has jobs that run");
    }
}

async::Task<void> Queue::retry_all(JobState from) {
    const std::string state(key_suffix(from));
    const auto up_to = std::to_string(now());
    for (std::int64_t more = 1; more > 0;) {
        const auto reply = co_await client_->eval(bullmq::move_jobs_to_wait(),
                                                  {keys_.base, keys_.events, keys_.of(state), keys_.wait, keys_.paused,
                                                   keys_.meta, keys_.active, keys_.marker},
                                                  {std::to_string(batch), up_to, state}, true);
        more = reply->integer();
    }
}

async::Task<void> Queue::promote_all() {
    const auto whenever = std::to_string(limit_reached);
    for (std::int64_t more = 1; more > 0;) {
        const auto reply = co_await client_->eval(
            bullmq::move_jobs_to_wait(),
            {keys_.base, keys_.events, keys_.delayed, keys_.wait, keys_.paused, keys_.meta, keys_.active, keys_.marker},
            {std::to_string(batch), whenever, "delayed"}, true);
        more = reply->integer();
    }
}

async::Task<void> Queue::set_global_concurrency(std::optional<std::int64_t> jobs) {
    if (jobs) {
        co_await client_->run(redis::Command("HSET").add(keys_.meta).add("concurrency").add(*jobs).repeatable());
    } else {
        co_await client_->run(redis::Command("HDEL").add(keys_.meta).add("concurrency").repeatable());
    }
}

async::Task<std::optional<std::int64_t>> Queue::global_concurrency() {
    const auto reply = co_await client_->run(redis::Command("HGET").add(keys_.meta).add("concurrency").repeatable());
    if (reply->is_null()) co_return std::nullopt;
    co_return reply->integer();
}

async::Task<bool> Queue::is_maxed() {
    const auto reply = co_await client_->eval(bullmq::is_maxed(), {keys_.meta, keys_.active}, {}, true);
    co_return !reply->is_null() && reply->integer() == 1;
}

async::Task<void> Queue::set_global_rate_limit(std::optional<RateLimit> limit) {
    if (limit) {
        co_await client_->run(redis::Command("HSET")
                                  .add(keys_.meta)
                                  .add("max")
                                  .add(limit->max)
                                  .add("duration")
                                  .add(limit->duration.count())
                                  .repeatable());
    } else {
        co_await client_->run(redis::Command("HDEL").add(keys_.meta).add("max").add("duration").repeatable());
    }
}

async::Task<std::optional<RateLimit>> Queue::global_rate_limit() {
    const auto reply =
        co_await client_->run(redis::Command("HMGET").add(keys_.meta).add("max").add("duration").repeatable());
    if (reply->at(0).is_null() || reply->at(1).is_null()) co_return std::nullopt;
    co_return RateLimit{reply->at(0).integer(), milliseconds(reply->at(1).integer())};
}

async::Task<void> Queue::rate_limit(milliseconds time) {
    if (time.count() > 0) {
        co_await client_->run(
            redis::Command("SET").add(keys_.limiter).add(limit_reached).add("PX").add(time.count()).repeatable());
    } else {
        co_await client_->run(redis::Command("DEL").add(keys_.limiter).repeatable());
    }
}

async::Task<milliseconds> Queue::rate_limit_left() {
    const auto reply = co_await client_->eval(bullmq::get_rate_limit_ttl(), {keys_.limiter, keys_.meta}, {"0"}, true);
    co_return milliseconds(std::max<std::int64_t>(0, reply->integer()));
}

async::Task<std::int64_t> Queue::trim_events(std::int64_t keep) {
    const auto reply =
        co_await client_->run(redis::Command("XTRIM").add(keys_.events).add("MAXLEN").add("~").add(keep).repeatable());
    co_return reply->integer();
}

}  // namespace jobs
