// One job in a worker's hands, from the lock to the end of its handler.
#include <algorithm>

#include "base/strings.h"
#include "jobs/errors.h"
#include "jobs/json.h"
#include "jobs/scheduler_calls.h"
#include "jobs/telemetry.h"
#include "jobs/worker_state.h"
#include "log/exception_text.h"

namespace jobs::detail {
namespace {

constexpr std::size_t max_reason_bytes = 8 << 10;
constexpr std::size_t max_stack_bytes = 32 << 10;

// Redis' JSON and every reader of it want UTF-8; what an exception says may be anything.
std::string clean_text(std::string text, std::size_t max_bytes) {
    if (text.size() > max_bytes) {
        while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0U) == 0x80U) --max_bytes;
        text.resize(max_bytes);
    }
    if (!base::is_utf8(text)) {
        std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80U; }, '?');
    }
    return text;
}

Outcome failed(const std::exception& error, bool unrecoverable) {
    const auto text = logging::describe(error);
    return {.result = {},
            .failed = Outcome::Failed{.reason = clean_text(text.message, max_reason_bytes),
                                      .stack = clean_text(text.stack, max_stack_bytes),
                                      .unrecoverable = unrecoverable}};
}

double seconds_since(async::SteadyTime start) {
    return std::chrono::duration<double>(async::Loop::now() - start).count();
}

}  // namespace

template <>
schema::Json read_data<schema::Json>(const JobRecord& job) {
    if (!Json(job.data).valid()) throw Unrecoverable("invalid data of " + job.name + ": it is not JSON");
    return {job.data};
}

void refuse_data(const JobRecord& job, const schema::ReadError& error) {
    std::string text = "invalid data of " + job.name + ": " + error.detail;
    for (const auto& issue : error.issues) text += " " + issue.pointer + " " + issue.message;
    throw Unrecoverable(text);
}

async::Task<void> WorkerState::run_chain(std::shared_ptr<WorkerState> self, JobRecord record, std::string token) {
    std::optional<JobRecord> next(std::move(record));
    while (next) {
        auto job = std::move(*next);
        next = co_await run_job(std::move(job), token);
    }
    fetch_alarm_.ring();
    if (self->closing_.requested()) close_alarm_.ring();
}

async::Task<std::optional<JobRecord>> WorkerState::run_job(JobRecord record, std::string token) {
    auto trace = trace_of(record, keys().name, services_.tracer);
    auto logger = logger_.child({{"jobId", record.id}, {"job", record.name}});
    if (const auto* context = trace ? trace->context() : nullptr) {
        logger = logger.child(
            {{"trace_id", observe::trace_id_text(context->ids)}, {"span_id", observe::span_id_text(context->ids)}});
    }
    const auto running = std::make_shared<RunningJob>(
        RunningJob{&queue_, std::move(record), std::move(token), std::move(logger), std::move(trace)});
    running_.push_back(running);
    active_.add(1);
    running->lease = keep_lock(running);

    std::optional<JobRecord> next;
    const auto* handler = handler_of(running->record.name);
    if (!running->record.scheduler_id.empty()) co_await schedule_next_run(running);
    if (auto reason = refusal(running->record)) {
        running->finishing = true;
        next = co_await finish(running, {.result = {}, .failed = Outcome::Failed{*reason, *reason, true}});
    } else if (handler == nullptr) {
        running->finishing = true;
        next = co_await postpone(running);
    } else {
        auto outcome = co_await execute(running, handler);
        running->finishing = true;
        next = co_await finish(running, std::move(outcome));
    }
    running->lease.release();
    std::erase(running_, running);
    active_.add(-1);
    co_return next;
}

LockKeeper::Lease WorkerState::keep_lock(const RunningJobPtr& running) {
    std::weak_ptr<RunningJob> job = running;
    auto on_lost = [&loop = services_.loop, job] {
        loop.post([job] {
            const auto held = job.lock();
            if (!held || held->finishing) return;
            held->lost = true;
            held->cancel("the lock of the job was lost");
        });
    };
    return services_.locks.keep({.stalled_key = keys().stalled,
                                 .base = keys().base,
                                 .job_id = running->record.id,
                                 .token = running->token,
                                 .duration = options_.lock_duration,
                                 .on_lost = std::move(on_lost)});
}

const HandlerEntry* WorkerState::handler_of(const std::string& name) const {
    const auto handler = handlers_.find(name);
    if (handler != handlers_.end()) return &handler->second;
    return any_ ? &*any_ : nullptr;
}

// Why the job fails for good without being run.
std::optional<std::string> WorkerState::refusal(const JobRecord& job) const {
    if (job.deferred_failure) return job.deferred_failure;
    if (options_.max_started_attempts && *options_.max_started_attempts < job.attempts_started) {
        return "job started more than allowable limit";
    }
    return std::nullopt;
}

async::Task<void> WorkerState::schedule_next_run(RunningJobPtr running) {
    try {
        auto call = next_run_call(keys(), running->record, queue_.now());
        if (!call) co_return;
        co_await client_.eval(*call->script, std::move(call->keys), std::move(call->arguments), true);
    } catch (const std::exception& failure) {
        running->logger.error("the scheduler's next job was not added",
                              {{"scheduler", running->record.scheduler_id}, {"err", logging::error(failure)}});
    }
}

async::Task<Outcome> WorkerState::execute(RunningJobPtr running, const HandlerEntry* handler) {
    const auto timeout = handler->timeout.count() > 0 ? handler->timeout : options_.timeout;
    async::Timer deadline(services_.loop, [running] { running->cancel("the deadline of the job has passed"); });
    if (timeout.count() > 0) deadline.expires_after(timeout);
    const auto start = async::Loop::now();
    Outcome outcome;
    const auto fail_span = [&running] {
        if (running->trace) running->trace->span().fail(std::current_exception());
    };
    try {
        outcome.result = co_await handler->run(JobContext(*running));
    } catch (const Unrecoverable& error) {
        fail_span();
        outcome = failed(error, true);
    } catch (const std::exception& error) {
        fail_span();
        // What no further attempt can mend is not tried to death: a refusal that is final, a fault of the program.
        outcome = failed(error, base::outlook_of(error) == base::Outlook::stays);
    } catch (...) {
        fail_span();
        outcome.failed = Outcome::Failed{"unknown error", "unknown error", false};
    }
    if (running->trace) running->trace->span().end();
    metrics_of(running->record.name).duration.observe(seconds_since(start));
    co_return outcome;
}

}  // namespace jobs::detail
