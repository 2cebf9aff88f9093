#include "jobs/once.h"

namespace jobs {

namespace {

constexpr db::Query<void(std::string, std::string)> mark{
    {"jobs.mark_handled", "insert into handled_jobs (tenant_id, queue, job_id, handled_at) values ($1, $2, $3, now())",
     db::Kind::write}};
constexpr db::SystemQuery<void(std::int64_t)> remove_old{
    {"jobs.remove_old_marks",
     "delete from handled_jobs where (tenant_id, queue, job_id) in ("
     "  select tenant_id, queue, job_id from handled_jobs where handled_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};

}  // namespace

namespace {

async::Task<bool> commit(db::Batch batch) {
    try {
        co_await batch.commit();
        co_return true;
    } catch (const base::Failure& failure) {
        if (!(failure.code() == errors::handled)) throw;
    }
    co_return false;
}

}  // namespace

async::Task<bool> commit_once(db::Batch batch, const JobContext& job) {
    batch.add(mark, job.queue().name(), job.id());
    return commit(std::move(batch));
}

async::Task<bool> commit_once(db::Batch batch, const JobContext& job, std::string effect) {
    batch.add(mark, job.queue().name(), std::move(effect));
    return commit(std::move(batch));
}

async::Task<std::int64_t> remove_old_marks(db::SystemDb db, std::int64_t most) { return db.run(remove_old, most); }

std::vector<db::StatementView> once_statements() { return db::statements(mark, remove_old); }

}  // namespace jobs
