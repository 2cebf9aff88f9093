#include "jobs/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "jobs/add_job.h"
#include "jobs/msgpack_json.h"
#include "jobs/queue.h"
#include "jobs/telemetry.h"

namespace jobs {

namespace {

constexpr db::Query<void(std::string, std::string, schema::Json, schema::Json)> add_row{
    {"outbox.add",
     "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) "
     "values ($1, gen_random_uuid(), nextval('outbox_position'), $2, $3, $4, $5, now())",
     db::Kind::write}};

}  // namespace

void Outbox::add_job(db::Batch& batch, std::string_view queue, NewJob job) {
    check_queue_name(queue);
    detail::check_job(job, QueueOptions{}.max_data_bytes);
    detail::carry_trace(job.options, queue, batch.span());
    batch.add(add_row, std::string(queue), job.name, schema::Json{std::move(job.data)}, stored_options(job.options));
    batch.after_commit([this] { wake(); });
}

void Outbox::add_tenants_job(db::Batch& batch, std::string_view queue, NewJob job) {
    if (!job.data.starts_with('{')) throw base::Failure(errors::bad_data, "the data of a tenant's job is an object");
    // Behind the rest: of equal members jsonb keeps the last, which is ours.
    job.data.pop_back();
    job.data += fmt::format(R"({}"tenantId":"{}"}})", job.data.size() > 1 ? "," : "", batch.tenant().to_string());
    add_job(batch, queue, std::move(job));
}

void Outbox::subscribe(std::string_view event, std::string job) {
    for (const auto& [of, jobs] : jobs_) {
        if (std::ranges::find(jobs, job) != jobs.end())
            throw std::logic_error(
                fmt::format("two subscribers of \"{}\" and \"{}\" are called \"{}\"", of, event, job));
    }
    jobs_[std::string(event)].push_back(std::move(job));
}

void Outbox::wake() {
    if (woken_.exchange(true)) return;  // somebody has told the relay, and it has not looked yet
    const std::lock_guard lock(mutex_);
    if (relay_) relay_();
}

void Outbox::listen(std::function<void()> relay) {
    const std::lock_guard lock(mutex_);
    relay_ = std::move(relay);
    woken_ = false;
}

schema::Json stored_options(const JobOptions& options) { return {msgpack::to_json(encode(options))}; }

std::vector<db::StatementView> outbox_statements() { return db::statements(add_row); }

std::vector<db::SqlObject> outbox_objects() {
    return {
        {"outbox_position", outbox_position_sql, "drop sequence outbox_position", db::SqlObject::Stage::before_tables}};
}

}  // namespace jobs
