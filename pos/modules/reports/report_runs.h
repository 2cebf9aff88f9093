#pragma once
// ReportRuns: reports that a job writes into a file of the storage. The service is one a loop, and that loop's alone.
//
//     // POST /v1/report-runs: the row and its job are one transaction (report_run_routes.cpp)
//     // the job reports.run:
//     const auto outcome = co_await runs.perform(db_maker, id, [&job] { job.throw_if_cancelled(); });
//     // GET /v1/report-runs/{id}:
//     const auto url = runs.sign(tenant, row);
//
// One result. Whoever begins counts `attempt` up and has a lease that it renews while it writes; it writes into a file of that
// number, and ends the run with that number alone, by one update that the database decides. A worker that is killed leaves a
// lease that runs out: the sweep sends another job. One that was only slow finds another number in the row, and takes its own
// file back. So a file that is half, or second, is never what the row names. What is left over goes with the run's other files.
// One report of a tenant at a time; the others wait in their order, and all tenants' turns come.

#include <functional>
#include <memory>

#include "app/settings.h"
#include "pos/modules/reports/report_queries.h"
#include "pos/plumbing/runtime.h"
#include "storage/storage.h"

namespace pos {

namespace errors {
// What `failure` of a run can be, besides the codes of the database and of the storage; too_large and too_slow stay as they are
// when the same is asked again.
inline constexpr auto report_too_large = base::invalid("report.too_large", "The report has more rows than a file may");
inline constexpr auto report_too_slow = base::invalid("report.too_slow", "The report took longer than one may");
inline constexpr base::ErrorCode report_interrupted{"report.interrupted", 503, true, base::Action::retry,
                                                    "The report was begun several times and never ended"};
inline constexpr base::ErrorCode report_cancelled{"report.cancelled", 409, false, base::Action::none,
                                                  "The report was cancelled"};
inline constexpr base::ErrorCode reports_off{"report.off", 503, false, base::Action::contact,
                                             "This service has no storage that keeps reports"};
}  // namespace errors

// How many runs of a tenant are under way at most, those that wait included.
inline constexpr std::int32_t most_open_runs = 5;
// How long a file is kept. SQL says it, too.
inline constexpr std::chrono::days report_days_kept{7};

struct ReportLimits {
    std::int64_t rows = 5'000'000;
    std::uint64_t bytes = std::uint64_t{2} << 30U;
    std::chrono::seconds time = std::chrono::minutes(20);  // of one attempt
    std::int32_t attempts = 5;
    std::int32_t at_once = 2;  // on one loop: each holds a connection for streams (DATABASE_BULK_CONNECTIONS)
    std::chrono::seconds first_lease{150};  // until the first piece is there, which may be a sum over all rows
    std::chrono::seconds lease{60};
    std::chrono::seconds between_words{3};  // how often the row is told, and the lease renewed
};

enum class RunOutcome : std::uint8_t {
    succeeded,
    failed,    // for good; the row says why
    put_back,  // another try comes
    lost,      // it was cancelled, or another worker has it
    not_now,   // nothing was begun: it is not there, is over, is another worker's, or its tenant has one under way
    busy,      // nothing was begun: this loop has as many as it may
};

class ReportRuns {
public:
    // A Db of the tenant whose statements end so long from now at the latest.
    using DbMaker = std::function<db::Db(std::chrono::seconds time)>;
    // Throws when the work is to stop.
    using Check = std::function<void()>;

    ReportRuns(Runtime& runtime, storage::Store* store) : runtime_(&runtime), store_(store) {}

    // Writes the report. Failures of its own are in the row; one of the database while the row is written is thrown, and the
    // lease runs out.
    [[nodiscard]] async::Task<RunOutcome> perform(DbMaker db, ReportRunId id, Check check);
    // Removes what attempts have left of a run that has no use for it any more; does nothing for another one. Whether nothing
    // is left.
    async::Task<bool> remove_files(db::Db db, ReportRunId id);

    // Of a run that has succeeded. Throws report.off, and the storage's codes.
    [[nodiscard]] storage::SignedUrl sign(base::Uuid tenant, const ReportRun& run) const;
    // Throws report.off where nothing keeps files.
    void require_storage() const { std::ignore = store(); }

    [[nodiscard]] Runtime& runtime() const { return *runtime_; }
    void use_store(storage::Store* store) { store_ = store; }
    ReportLimits limits{};

private:
    struct Writing;
    [[nodiscard]] storage::Store& store() const;
    static async::Task<std::string> next_piece(Writing* writing);
    static async::Task<void> tell(Writing* writing);
    [[nodiscard]] async::Task<storage::Stored> write(Writing* writing);
    [[nodiscard]] async::Task<RunOutcome> end(Writing* writing, storage::Stored stored);
    [[nodiscard]] async::Task<RunOutcome> end(Writing* writing, std::exception_ptr failure);
    async::Task<void> remove_quietly(base::Uuid tenant, ReportRunId id, std::int32_t attempt);

    Runtime* runtime_;
    storage::Store* store_;
    std::int32_t at_work_ = 0;
};

[[nodiscard]] std::unique_ptr<ReportRuns> make_report_runs(Runtime& runtime, storage::Store* store,
                                                           const app::Settings& settings);

// "t/<tenant>/reports/<run>/1.csv": attempts count from 1.
[[nodiscard]] std::string report_key(base::Uuid tenant, ReportRunId id, std::int32_t attempt);

// The next run of the tenant that waits, if there is one, has a job sent; `ended` is none.
async::Task<void> send_next_run(db::Db db, Runtime* runtime, ReportRunId ended);

[[nodiscard]] std::vector<db::StatementView> report_run_statements();

}  // namespace pos
