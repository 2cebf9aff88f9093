#include "jobs/job.h"

#include "bullmq_scripts.h"
#include "jobs/errors.h"
#include "jobs/running_job.h"

namespace jobs {

std::string Cancellation::reason() const {
    const std::scoped_lock guard(mutex_);
    return reason_;
}

bool Cancellation::request(std::string reason) {
    const std::scoped_lock guard(mutex_);
    if (requested_.load(std::memory_order_relaxed)) return false;
    reason_ = std::move(reason);
    requested_.store(true, std::memory_order_release);
    return true;
}

const JobRecord& JobContext::record() const noexcept { return running_->record; }
const std::string& JobContext::token() const noexcept { return running_->token; }
const logging::Logger& JobContext::logger() const noexcept { return running_->logger; }
const observe::SpanContext* JobContext::span() const noexcept {
    return running_->trace ? running_->trace->context() : nullptr;
}
Queue& JobContext::queue() const noexcept { return *running_->queue; }
async::Loop& JobContext::loop() const noexcept { return queue().client().loop(); }
const std::shared_ptr<Cancellation>& JobContext::cancellation() const noexcept { return running_->cancellation; }

async::Task<std::int64_t> JobContext::log(std::string row) const {
    return queue().add_log(id(), std::move(row), record().options.keep_logs);
}

async::Task<void> JobContext::update_progress(schema::Json progress) const {
    running_->record.progress = progress.text;
    return queue().update_progress(id(), std::move(progress));
}

async::Task<void> JobContext::update_progress(int percent) const {
    return update_progress(schema::Json{std::to_string(percent)});
}

async::Task<void> JobContext::update_data(schema::Json data) const {
    running_->record.data = data.text;
    return queue().update_data(id(), std::move(data));
}

async::Task<std::map<std::string, std::string>> JobContext::children_values() const {
    return queue().children_values(id());
}

void JobContext::throw_if_cancelled() const {
    if (cancelled()) throw base::Failure(errors::cancelled, cancellation()->reason());
}

async::Task<void> JobContext::sleep(milliseconds time) const {
    throw_if_cancelled();
    co_await running_->stop.sleep(time);
    throw_if_cancelled();
}

namespace {

void require_success(redis::Value reply, const detail::RunningJob& running, std::string_view operation) {
    if (reply.kind() == redis::Kind::integer && reply.integer() < 0) {
        throw failure_of(reply.integer(), std::string(operation) + " of job " + running.record.id);
    }
}

}  // namespace

async::Task<void> JobContext::move_to_delayed(milliseconds delay) const {
    const auto& keys = queue().keys();
    const auto now = queue().now();
    const auto reply = co_await queue().client().eval(
        bullmq::move_to_delayed(),
        {keys.marker, keys.active, keys.prioritized, keys.delayed, keys.job(id()), keys.events, keys.meta, keys.stalled,
         keys.wait, keys.limiter, keys.priority_counter},
        {keys.base, std::to_string(now), id(), token(), std::to_string(delay.count()), "1", "", "0", ""});
    require_success(*reply, *running_, "delaying");
    running_->moved = true;
}

async::Task<void> JobContext::move_to_wait() const {
    const auto& keys = queue().keys();
    const auto reply = co_await queue().client().eval(bullmq::move_job_from_active_to_wait(),
                                                      {keys.active, keys.wait, keys.stalled, keys.paused, keys.meta,
                                                       keys.limiter, keys.prioritized, keys.marker, keys.events},
                                                      {id(), token(), keys.job(id())});
    require_success(*reply, *running_, "giving back");
    running_->moved = true;
}

async::Task<bool> JobContext::move_to_waiting_children() const {
    const auto& keys = queue().keys();
    const auto reply = co_await queue().client().eval(
        bullmq::move_to_waiting_children(),
        {keys.active, keys.waiting_children, keys.job(id()), keys.job(id(), "dependencies"),
         keys.job(id(), "unsuccessful"), keys.stalled, keys.events},
        {token(), "", std::to_string(queue().now()), id(), keys.base});
    require_success(*reply, *running_, "waiting for the children");
    running_->moved = reply->integer() == 0;
    co_return running_->moved;
}

async::Task<void> JobContext::rate_limit(milliseconds time) const {
    co_await queue().rate_limit(time);
    co_await move_to_wait();
}

}  // namespace jobs
