#pragma once
// Inside the library: the machinery of a Worker. Shared by the Worker and its running jobs, so that a handler that outlasts
// close() finds it still there. Its loop's thread alone.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/stopped.h"
#include "async/sync.h"
#include "base/random.h"
#include "jobs/alarm.h"
#include "jobs/running_job.h"
#include "jobs/worker.h"
#include "jobs/worker_scripts.h"
#include "log/news.h"

namespace jobs::detail {

using RunningJobPtr = std::shared_ptr<RunningJob>;

// How a run ended.
struct Outcome {
    std::string result;  // JSON, of success
    struct Failed {
        std::string reason;
        std::string stack;
        bool unrecoverable = false;
    };
    std::optional<Failed> failed;
};

class WorkerState : public std::enable_shared_from_this<WorkerState> {
public:
    WorkerState(WorkerServices services, std::string_view queue, WorkerOptions options);

    void add_handler(std::string_view queue, std::string_view name, HandlerEntry entry);
    void start();
    async::Task<bool> ready();
    async::Task<bool> close(async::SteadyTime deadline);
    void pause() { paused_ = true; }
    void resume();
    bool cancel(std::string_view job_id, std::string reason);
    [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }
    [[nodiscard]] const QueueKeys& keys() const noexcept { return queue_.keys(); }

private:
    struct Fetch {
        std::optional<JobRecord> job;
        std::string token;
    };
    struct JobMetrics {
        observe::Counter completed, failed, retried, lost, released;
        observe::Histogram duration;
    };

    // ---- worker.cpp: fetching
    async::Task<void> fetch_loop();
    async::Task<void> check_stalled_loop();
    async::Task<Fetch> fetch();
    async::Task<bool> wait_for_marker();
    async::Task<void> release(RunningJobPtr running);
    [[nodiscard]] bool may_fetch() const;
    [[nodiscard]] bool fetches_next() const;
    [[nodiscard]] std::optional<JobRecord> take(FetchReply reply);
    void wake_all();
    void note_poll() const;

    // ---- worker_run.cpp: running
    // Runs the job, and those that Redis hands out in the same breath as it takes the ended one.
    async::Task<void> run_chain(std::shared_ptr<WorkerState> self, JobRecord record, std::string token);
    async::Task<std::optional<JobRecord>> run_job(JobRecord record, std::string token);
    async::Task<void> schedule_next_run(RunningJobPtr running);
    async::Task<Outcome> execute(RunningJobPtr running, const HandlerEntry* handler);
    [[nodiscard]] const HandlerEntry* handler_of(const std::string& name) const;
    [[nodiscard]] std::optional<std::string> refusal(const JobRecord& job) const;
    [[nodiscard]] LockKeeper::Lease keep_lock(const RunningJobPtr& running);

    // ---- worker_finish.cpp: telling Redis how it ended
    async::Task<std::optional<JobRecord>> finish(RunningJobPtr running, Outcome outcome);
    async::Task<std::optional<JobRecord>> complete(RunningJobPtr running, std::string result);
    async::Task<std::optional<JobRecord>> fail(RunningJobPtr running, Outcome::Failed failed);
    async::Task<std::optional<JobRecord>> retry_later(RunningJobPtr running, Outcome::Failed failed,
                                                      milliseconds delay);
    async::Task<std::optional<JobRecord>> postpone(RunningJobPtr running);
    // Sends the call until Redis has answered it; the reply's code tells a job that an earlier try has moved (0).
    async::Task<FetchReply> persist(RunningJobPtr running, ScriptCall call);
    [[nodiscard]] std::optional<milliseconds> delay_before_retry(const RunningJob& running, Outcome::Failed& failed);
    [[nodiscard]] FinishDetails details(const RunningJob& running) const;
    [[nodiscard]] JobMetrics& metrics_of(const std::string& name);

    WorkerServices services_;
    WorkerOptions options_;
    logging::Logger logger_;
    redis::Client client_;
    redis::Client blocking_;
    Queue queue_;
    WorkerScripts scripts_;
    std::map<std::string, HandlerEntry, std::less<>> handlers_;
    std::optional<HandlerEntry> any_;

    base::SecureRandom random_;
    std::string worker_id_;
    std::uint64_t tokens_ = 0;
    std::vector<RunningJobPtr> running_;

    bool started_ = false;
    bool paused_ = false;
    std::optional<async::SteadyTime> give_up_;  // of persist(), once the worker closes
    bool drained_ = false;
    std::int64_t block_until_ = 0;  // ms since 1970
    std::int64_t limit_until_ = 0;
    logging::News fetch_news_;  // not for each try while Redis is away

    async::Stop closing_;
    async::Stop gave_up_;     // what persist() sleeps by: behind give_up_ it tries no more
    async::TaskGroup loops_;  // fetching, looking for stalled jobs
    async::TaskGroup chains_;
    Alarm fetch_alarm_;
    Alarm close_alarm_;
    async::Event fetching_;  // Redis has answered a fetch, or the worker closes

    observe::Gauge active_;
    observe::Gauge slots_;
    observe::Gauge polled_;
    observe::CounterFamily processed_;
    observe::HistogramFamily durations_;
    std::map<std::string, JobMetrics, std::less<>> job_metrics_;
    observe::Counter stalled_;
};

}  // namespace jobs::detail
