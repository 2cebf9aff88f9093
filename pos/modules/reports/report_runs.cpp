#include "pos/modules/reports/report_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"
#include "http/content_disposition.h"
#include "http/problem.h"
#include "pos/modules/files/stored_files.h"
#include "pos/modules/reports/report_days.h"
#include "pos/modules/reports/report_run_job.h"
#include "pos/modules/reports/report_run_statements.h"

namespace pos {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view content_type = "text/csv; charset=utf-8; header=present";
// Of statements that are short.
constexpr std::chrono::seconds soon{30};
constexpr std::chrono::minutes url_lifetime{15};
constexpr std::chrono::seconds first_pause{15};

// The row is another's by now.
class RunLost : public std::runtime_error {
public:
    RunLost() : std::runtime_error("the report is another worker's, or was cancelled") {}
};

class Counted {
public:
    explicit Counted(std::int32_t* count) : count_(count) { ++*count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*count_; }

private:
    std::int32_t* count_;
};

async::Task<std::optional<ReportRun>> take_run(db::Db db, ReportRunId id, ReportLimits limits) {
    auto batch = db.batch();
    batch.add(reports::lock_runs);
    batch.add(reports::give_up, id, limits.attempts);
    const auto slot = batch.add(reports::take, id, limits.first_lease.count());
    const auto results = co_await batch.commit();
    co_return results.one(slot);
}

async::Task<std::optional<ReportRunId>> send_next(db::Db tx, Runtime* runtime, ReportRunId ended) {
    const auto next = co_await tx.one(reports::next_waiting, ended);
    if (!next) co_return std::nullopt;
    auto batch = tx.batch();
    runtime->outbox().add(batch, run_report_job, RunReport{*next});
    co_await batch.commit();
    co_return next;
}

std::string file_name(const ReportRun& run) {
    std::string name(schema::name_of(run.report));
    for (const auto& day : {run.first_day, run.last_day}) {
        if (day) name += '-' + base::format_date(*day);
    }
    return name + ".csv";
}

// What became of an attempt, and whether another one can go better.
struct Verdict {
    std::string code;
    bool passes = false;
};

Verdict verdict_of(const std::exception_ptr& failure, bool is_out_of_time) {
    if (is_out_of_time) return {std::string(errors::report_too_slow.code)};
    // Whatever it was: unknown exceptions are faults of ours, server.internal.
    const auto code = http::failure_of(failure).code();
    if (code == storage::errors::too_large) return {std::string(errors::report_too_large.code)};
    // The worker stops, or was slower than its lock.
    if (code.code == "jobs.cancelled") return {std::string(errors::report_interrupted.code), true};
    return {std::string(code.code), code.retriable};
}

bool is_lost(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const RunLost&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

// One attempt; in the frame of perform().
struct ReportRuns::Writing {
    ReportRuns* runs;
    DbMaker db;
    Check check;
    ReportRun run;
    base::Uuid tenant;
    async::SteadyTime deadline;
    async::SteadyTime next_word;
    ReportLocale locale{};
    NextReportRows next{};
    ReportCount count{};
    std::int64_t expected_sales = 0;
    bool begun = false;

    [[nodiscard]] const ReportDefinition& report() const { return report_definition(run.report); }
    // 99 until the end: a sale may have come since they were counted.
    [[nodiscard]] std::optional<std::int32_t> percent() const {
        if (expected_sales <= 0) return std::nullopt;
        const auto part = static_cast<double>(count.sales) / static_cast<double>(expected_sales);
        return static_cast<std::int32_t>(std::clamp(part * 100, 0.0, 99.0));
    }
};

storage::Store& ReportRuns::store() const {
    if (store_ == nullptr || !store_->can(storage::Ability::any_bytes)) throw base::Failure(errors::reports_off);
    return *store_;
}

// ---- Writing -----------------------------------------------------------------------------------------------------

async::Task<void> ReportRuns::tell(Writing* writing) {
    const auto& limits = writing->runs->limits;
    writing->next_word = async::Loop::now() + limits.between_words;
    const auto& run = writing->run;
    const auto changed = co_await writing->db(soon).run(reports::tell, run.id, run.attempt, writing->count.rows,
                                                        writing->percent(), limits.lease.count());
    if (changed == 0) throw RunLost();
}

async::Task<std::string> ReportRuns::next_piece(Writing* writing) {
    writing->check();
    if (async::Loop::now() >= writing->next_word) co_await tell(writing);
    if (!std::exchange(writing->begun, true)) {
        std::string header(writing->run.format == ReportFormat::csv_bom ? byte_order_mark : "");
        write_report_header(*writing->report().row, header);
        co_return header;
    }
    auto text = co_await writing->next(&writing->locale, &writing->count);
    if (writing->count.rows > writing->runs->limits.rows) throw base::Failure(errors::report_too_large);
    co_return text;
}

async::Task<storage::Stored> ReportRuns::write(Writing* writing) {
    const auto& run = writing->run;
    const auto settings = (co_await writing->db(soon).only(reports::tenant, TenantId(writing->tenant))).settings;
    writing->locale = report_locale(settings.time_zone, settings.currency);
    const ReportQuestion question{run.first_day.value_or(base::Date()), run.last_day.value_or(base::Date()),
                                  run.location_id};
    if (writing->report().is_by_sale) {
        writing->expected_sales =
            co_await writing->db(soon).only(reports::expected_sales, question.from, question.to, question.location_id);
    }
    writing->next = writing->report().open(writing->db(limits.time), question);
    co_return co_await put_proved(&store(),
                                  {.key = report_key(writing->tenant, run.id, run.attempt),
                                   .source = [writing] { return next_piece(writing); },
                                   .content_type = std::string(content_type),
                                   .max_bytes = limits.bytes,
                                   .cache_control = "private, no-store",
                                   .content_disposition = http::content_disposition("attachment", file_name(run))},
                                  writing->deadline);
}

async::Task<RunOutcome> ReportRuns::end(Writing* writing, storage::Stored stored) {
    const auto& run = writing->run;
    const auto won = co_await writing->db(soon).run(reports::succeed, run.id, run.attempt, writing->count.rows,
                                                    static_cast<std::int64_t>(stored.size),
                                                    base::hex_encode(base::as_chars(stored.sha256)));
    if (won == 0) {
        co_await remove_quietly(writing->tenant, run.id, run.attempt);
        co_return RunOutcome::lost;
    }
    for (std::int32_t attempt = 1; attempt < run.attempt; ++attempt)
        co_await remove_quietly(writing->tenant, run.id, attempt);
    co_return RunOutcome::succeeded;
}

async::Task<RunOutcome> ReportRuns::end(Writing* writing, std::exception_ptr failure) {
    const auto& run = writing->run;
    if (is_lost(failure)) co_return RunOutcome::lost;
    const auto [code, passes] = verdict_of(failure, async::Loop::now() >= writing->deadline);
    const auto db = writing->db(soon);
    if (passes && run.attempt < limits.attempts) {
        const auto pause = first_pause * (1 << std::min(run.attempt, 5));
        const auto kept = co_await db.run(reports::put_back, run.id, run.attempt, code, pause.count());
        co_return kept > 0 ? RunOutcome::put_back : RunOutcome::lost;
    }
    const auto kept = co_await db.run(reports::fail, run.id, run.attempt, code);
    co_return kept > 0 ? RunOutcome::failed : RunOutcome::lost;
}

async::Task<RunOutcome> ReportRuns::perform(DbMaker db, ReportRunId id, Check check) {
    if (at_work_ >= limits.at_once) co_return RunOutcome::busy;
    const Counted counted(&at_work_);
    const auto first = db(soon);
    auto run = co_await take_run(first, id, limits);
    if (!run) co_return RunOutcome::not_now;
    const auto now = async::Loop::now();
    Writing writing{.runs = this,
                    .db = std::move(db),
                    .check = std::move(check),
                    .run = *std::move(run),
                    .tenant = first.tenant(),
                    .deadline = now + limits.time,
                    .next_word = now + limits.between_words};
    std::optional<storage::Stored> stored;
    std::exception_ptr failure;
    try {
        stored = co_await write(&writing);
    } catch (...) {
        failure = std::current_exception();
    }
    // The cursor's connection is given back before anything else is written.
    writing.next = {};
    const auto outcome =
        stored ? co_await end(&writing, *std::move(stored)) : co_await end(&writing, std::move(failure));
    co_await send_next_run(writing.db(soon), runtime_, id);
    co_return outcome;
}

// ---- Files -------------------------------------------------------------------------------------------------------

// What stays goes with the run.
async::Task<void> ReportRuns::remove_quietly(base::Uuid tenant, ReportRunId id, std::int32_t attempt) {
    std::ignore = co_await store().remove(report_key(tenant, id, attempt), async::Loop::now() + soon);
}

async::Task<bool> ReportRuns::remove_files(db::Db db, ReportRunId id) {
    const auto run = co_await db.one(reports::run_by_id, id);
    if (!run || !run->has_files) co_return true;
    const bool is_of_use = run->slot || (run->status == ReportRunStatus::succeeded && !run->deleted_at);
    if (is_of_use) co_return false;
    for (std::int32_t attempt = 1; attempt <= run->attempt; ++attempt) {
        const auto removed = co_await store().remove(report_key(db.tenant(), id, attempt), async::Loop::now() + soon);
        if (!removed) throw storage::failure(removed.error());
    }
    co_return co_await db.run(reports::forget_files, id, run->attempt) > 0;
}

storage::SignedUrl ReportRuns::sign(base::Uuid tenant, const ReportRun& run) const {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(*run.expires_at - runtime_->now());
    auto url =
        store().sign_get({.key = report_key(tenant, run.id, run.attempt),
                          .lifetime = std::clamp<std::chrono::seconds>(left, std::chrono::seconds(1), url_lifetime),
                          .content_disposition = http::content_disposition("attachment", file_name(run)),
                          .content_type = std::string(content_type)});
    if (!url) throw storage::failure(url.error());
    return *std::move(url);
}

std::string report_key(base::Uuid tenant, ReportRunId id, std::int32_t attempt) {
    return fmt::format("t/{}/reports/{}/{}.csv", tenant.to_string(), id.to_string(), attempt);
}

async::Task<void> send_next_run(db::Db db, Runtime* runtime, ReportRunId ended) {
    co_await db.transaction([&](db::Db tx) { return send_next(tx, runtime, ended); });
}

std::unique_ptr<ReportRuns> make_report_runs(Runtime& runtime, storage::Store* store, const app::Settings& settings) {
    auto runs = std::make_unique<ReportRuns>(runtime, store);
    runs->limits.at_once = std::max(settings.database_bulk_connections, 1);
    return runs;
}

std::vector<db::StatementView> report_run_statements() {
    using namespace reports;
    return db::statements(lock_runs, add_run, run_by_id, give_up, take, tell, succeed, fail, put_back, cancel,
                          next_waiting, forget_files, expected_sales);
}

}  // namespace pos
