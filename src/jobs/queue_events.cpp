#include "jobs/queue_events.h"

#include <algorithm>

#include "bullmq_scripts.h"
#include "jobs/alarm.h"
#include "jobs/errors.h"
#include "redis/errors.h"

namespace jobs {
namespace detail {
namespace {

using namespace std::chrono_literals;

constexpr milliseconds block_time = 10s;
constexpr milliseconds retry_delay = 1s;

redis::Options event_connection(redis::Options options) {
    options.role = "jobs-events";
    options.resp3 = false;
    options.fail_fast_after = 0ms;
    return options;
}

QueueEvent read_event(redis::Value entry) {
    QueueEvent event{.id = std::string(entry.at(0).text()), .name = {}, .job_id = {}, .fields = {}};
    const auto fields = entry.at(1);
    for (auto at = fields.begin(); at != fields.end(); ++at) {
        std::string key((*at).text());
        if (++at == fields.end()) break;
        std::string value((*at).text());
        if (key == "event") event.name = value;
        if (key == "jobId") event.job_id = value;
        event.fields.emplace_back(std::move(key), std::move(value));
    }
    return event;
}

}  // namespace

class EventReader {
public:
    EventReader(async::Loop& loop, redis::Options redis, const logging::Logger& logger, observe::Metrics& metrics,
                std::string_view queue, const QueueOptions& options)
        : loop_(loop),
          logger_(logger.child({{"module", "jobs.events"}, {"queue", queue}})),
          client_(loop, event_connection(std::move(redis)), logger_, metrics),
          keys_(options.prefix, queue),
          tasks_(loop),
          alarm_(loop) {}

    void on_event(std::function<void(const QueueEvent&)> handler) { handlers_.push_back(std::move(handler)); }

    // "$" is made a fixed place first: between two blocking reads nothing may be missed.
    async::Task<void> start(std::string from) {
        if (from == "$") {
            const auto last = co_await client_.run(
                redis::Command("XREVRANGE").add(keys_.events).add("+").add("-").add("COUNT").add(1).repeatable());
            from = last->size() > 0 ? std::string(last->at(0).at(0).text()) : "0-0";
        }
        position_ = std::move(from);
        tasks_.spawn(read_loop());
    }

    async::Task<void> close() {
        closing_ = true;
        alarm_.ring();
        for (auto& [id, waiter] : waiting_) waiter->ring();
        co_await client_.close(async::Loop::now());
        co_await tasks_.join();
    }

    async::Task<std::optional<JobEnd>> wait(Queue queue, std::string job_id, async::SteadyTime deadline) {
        Alarm ended(loop_);
        // Before the look at the job, so that its end cannot fall in between.
        const auto place = waiting_.emplace(job_id, &ended);
        std::optional<JobEnd> end;
        std::exception_ptr error;
        try {
            for (;;) {
                end = co_await look(queue, job_id);
                if (end || closing_ || async::Loop::now() >= deadline) break;
                co_await ended.wait_until(deadline);
            }
        } catch (...) {
            error = std::current_exception();
        }
        waiting_.erase(place);
        if (error) std::rethrow_exception(error);
        co_return end;
    }

private:
    static async::Task<std::optional<JobEnd>> look(Queue queue, std::string job_id) {
        const auto& keys = queue.keys();
        const auto reply = co_await queue.client().eval(
            bullmq::is_finished(), {keys.completed, keys.failed, keys.job(job_id)}, {job_id, "1"}, true);
        const bool is_pair = reply->is_array();
        const auto code = is_pair ? reply->at(0).integer() : reply->integer();
        if (code < 0) throw failure_of(code, "waiting for job " + job_id);
        if (code == 0) co_return std::nullopt;
        std::string text = is_pair && !reply->at(1).is_null() ? std::string(reply->at(1).text()) : "";
        JobEnd end{.completed = code == 1, .result = {}, .failed_reason = {}};
        (end.completed ? end.result : end.failed_reason) = std::move(text);
        co_return end;
    }

    async::Task<void> read_loop() {
        while (!closing_) {
            try {
                const auto reply = co_await client_.run(redis::Command("XREAD")
                                                            .add("BLOCK")
                                                            .add(block_time.count())
                                                            .add("STREAMS")
                                                            .add(keys_.events)
                                                            .add(position_)
                                                            .blocks_for(block_time)
                                                            .repeatable());
                if (!reply->is_null()) deliver(*reply);
                continue;
            } catch (const std::exception& failure) {
                // A handler's too: its event has been passed, the others come.
                if (closing_) break;
                logger_.warn("events could not be read", {{"err", logging::error(failure)}});
            }
            co_await alarm_.wait_until(async::Loop::now() + retry_delay);
        }
    }

    // [[key, entries]], or in RESP3 {key: entries}.
    void deliver(redis::Value reply) {
        const auto entries = reply.at(0).is_array() ? reply.at(0).at(1) : reply.at(1);
        for (const auto entry : entries) {
            const auto event = read_event(entry);
            position_ = event.id;
            for (const auto& handler : handlers_) handler(event);
            if (event.name != "completed" && event.name != "failed") continue;
            const auto [first, last] = waiting_.equal_range(event.job_id);
            for (auto at = first; at != last; ++at) at->second->ring();
        }
    }

    async::Loop& loop_;
    logging::Logger logger_;
    redis::Client client_;
    QueueKeys keys_;
    async::TaskGroup tasks_;
    Alarm alarm_;
    std::vector<std::function<void(const QueueEvent&)>> handlers_;
    std::multimap<std::string, Alarm*> waiting_;
    std::string position_;
    bool closing_ = false;
};

}  // namespace detail

std::string_view QueueEvent::field(std::string_view key) const {
    const auto found = std::ranges::find(fields, key, &std::pair<std::string, std::string>::first);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

QueueEvents::QueueEvents(async::Loop& loop, redis::Options redis, const logging::Logger& logger,
                         observe::Metrics& metrics, std::string_view queue, const QueueOptions& options)
    : reader_(std::make_shared<detail::EventReader>(loop, std::move(redis), logger, metrics, queue, options)) {}

QueueEvents::~QueueEvents() = default;

void QueueEvents::on_event(std::function<void(const QueueEvent&)> handler) { reader_->on_event(std::move(handler)); }
async::Task<void> QueueEvents::start(std::string from) { return reader_->start(std::move(from)); }
async::Task<void> QueueEvents::close() { return reader_->close(); }

async::Task<std::optional<JobEnd>> QueueEvents::wait_until_finished(Queue queue, std::string job_id,
                                                                    async::SteadyTime deadline) {
    return reader_->wait(std::move(queue), std::move(job_id), deadline);
}

}  // namespace jobs
