#include "jobs/queue_watch.h"

#include <algorithm>
#include <charconv>

namespace jobs {

namespace {

// KEYS: wait, prioritized, failed. ARGV: what a job's key begins with, how many jobs to look at. In `wait` the next job is the last one.
// Replies how many wait, how many have died, and since when the oldest one waits, ms since 1970; 0: none does.
constexpr std::string_view look_script = R"lua(
local fresh, tried = 0, 0
local function earlier(known, since)
  if known == 0 or since < known then return since end
  return known
end
local function look(ids)
  for _, id in ipairs(ids) do
    local job = redis.call('HMGET', ARGV[1] .. id, 'timestamp', 'processedOn', 'opts')
    local since = tonumber(job[1])
    local last = tonumber(job[2])
    if last then
      tried = earlier(tried, last)
    elseif since then
      local ok, options = pcall(cjson.decode, job[3] or '{}')
      if ok and type(options) == 'table' then since = since + (tonumber(options['delay']) or 0) end
      fresh = earlier(fresh, since)
    end
  end
end
local most = tonumber(ARGV[2])
look(redis.call('LRANGE', KEYS[1], -most, -1))
look(redis.call('ZRANGE', KEYS[2], 0, most - 1))
local since = fresh
if since == 0 then since = tried end
return {redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]), string.format('%.0f', since)}
)lua";
constexpr std::string_view most_looked_at = "50";
// A look that is missed is no loss; a stop waits for one that is under way.
constexpr std::chrono::seconds look_time{2};

std::int64_t number_of(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

QueueWatch::QueueWatch(QueueWatchParts parts, const std::vector<std::string>& queues, QueueWatchOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      stop_(parts_.client.loop()),
      tasks_(parts_.client.loop()) {
    for (const auto& queue : queues) {
        const observe::Labels labels{{"queue", queue}};
        queues_.push_back(
            {QueueKeys(options_.prefix, queue),
             parts_.metrics.gauge("jobs_waiting", "Jobs in a queue that no worker has taken yet.", labels),
             parts_.metrics.gauge("jobs_oldest_waiting_seconds", "How long the oldest of them has waited.", labels),
             parts_.metrics.gauge("jobs_dead", "Jobs that have failed for the last time, and are still kept.",
                                  labels)});
    }
}

void QueueWatch::start() { tasks_.spawn(run()); }

async::Task<void> QueueWatch::stop() {
    stop_.request();
    co_await tasks_.join();
}

async::Task<void> QueueWatch::run() {
    do {
        try {
            co_await look();
        } catch (const std::exception& failure) {
            if (news_.is_news(failure.what()))
                parts_.logger.warn("queues were not looked at", {{"err", logging::error(failure)}});
        }
    } while (co_await stop_.sleep(options_.look_every));
}

async::Task<void> QueueWatch::look() {
    static const auto script = redis::script_of("watch_queue", look_script, 3);
    for (auto& queue : queues_) {
        if (stop_.requested()) co_return;
        const auto& keys = queue.keys;
        const auto reply =
            co_await parts_.client.eval(script, {keys.wait, keys.prioritized, keys.failed},
                                        {keys.base, std::string(most_looked_at)}, true, async::Loop::now() + look_time);
        queue.waiting.set(static_cast<double>(reply->at(0).integer()));
        queue.dead.set(static_cast<double>(reply->at(1).integer()));
        const auto since = number_of(reply->at(2).text());
        const auto now =
            std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.now().time_since_epoch()).count();
        queue.oldest.set(since > 0 ? static_cast<double>(std::max<std::int64_t>(now - since, 0)) / 1'000 : 0);
    }
}

}  // namespace jobs
