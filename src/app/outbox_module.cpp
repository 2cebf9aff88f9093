#include "app/outbox_module.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "app/app.h"
#include "jobs/once.h"
#include "jobs/outbox_relay.h"

namespace app {

namespace {

constexpr std::int64_t most_listed = 1'000;
constexpr auto command_time = std::chrono::seconds(30);

// Texts, so that no row can fail to be read.
struct ParkedJob {
    std::string id;
    std::string tenant_id;
    std::string queue;
    std::string name;
    std::string created_at;
    std::string failure;

    friend constexpr auto describe(ParkedJob*) {
        return schema::object<ParkedJob>(
            "ParkedJob", schema::field<&ParkedJob::id>("id"), schema::field<&ParkedJob::tenant_id>("tenantId"),
            schema::field<&ParkedJob::queue>("queue"), schema::field<&ParkedJob::name>("name"),
            schema::field<&ParkedJob::created_at>("createdAt"), schema::field<&ParkedJob::failure>("failure"));
    }
};

constexpr db::SystemQuery<ParkedJob(std::int64_t)> parked_jobs{
    {"outbox.parked",
     "select id::text as id, tenant_id::text as tenant_id, queue, name, created_at::text as created_at, "
     "coalesce(failure, '') as failure from outbox_jobs where failure is not null order by position limit $1",
     db::Kind::read}};
// One at a time: the table refuses the row that is as it was.
constexpr db::SystemQuery<void(std::string)> retry_parked{
    {"outbox.retry", "update outbox_jobs set failure = null where id::text = $1 and failure is not null",
     db::Kind::write}};

void list(const std::vector<ParkedJob>& parked, std::ostream& out) {
    for (const auto& job : parked)
        out << fmt::format("{} tenant {} queue \"{}\" job \"{}\" of {}: {}\n", job.id, job.tenant_id, job.queue,
                           job.name, job.created_at, job.failure);
    out << fmt::format("{} parked{}\n", parked.size(), parked.size() == most_listed ? ", or more" : "");
}

async::Task<bool> retry(db::SystemDb db, std::string id, std::ostream* out) {
    std::string fault = "no such job is parked";
    try {
        if (co_await db.run(retry_parked, id) > 0) fault.clear();
    } catch (const base::Failure& failure) {
        fault = fmt::format("{}: {}", failure.code().code, failure.code().title);
    }
    *out << id << ": " << (fault.empty() ? "will be sent" : fault) << '\n';
    co_return fault.empty();
}

async::Task<int> work(Worker* worker, OutboxCommand command, std::ostream* out) {
    const auto db = db::system_db(worker->store(), async::Loop::now() + command_time);
    const auto parked = co_await db.all(parked_jobs, most_listed);
    if (command.retry.empty()) {
        list(parked, *out);
        co_return 0;
    }
    auto ids = command.retry;
    if (std::ranges::find(ids, "all") != ids.end()) {
        ids.clear();
        for (const auto& job : parked) ids.push_back(job.id);
    }
    bool all = true;
    for (const auto& id : ids) {
        const bool done = co_await retry(db, id, out);
        all = all && done;
    }
    co_return all ? 0 : 1;
}

async::Task<int> start_and_work(Worker* worker, OutboxCommand command, std::ostream* out) {
    co_await worker->start();
    std::exception_ptr failure;
    int code = 1;
    try {
        code = co_await work(worker, std::move(command), out);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await worker->stop(async::Loop::now() + std::chrono::seconds(5));
    if (failure) std::rethrow_exception(failure);
    co_return code;
}

}  // namespace

Module outbox_module() {
    auto statements = jobs::outbox_statements();
    for (const auto& more :
         {jobs::outbox_relay_statements(), jobs::once_statements(), db::statements(parked_jobs, retry_parked)})
        statements.insert(statements.end(), more.begin(), more.end());
    return {.name = "outbox",
            .tables = {jobs::tables::outbox_jobs.view(), jobs::tables::handled_jobs.view()},
            .database_objects = jobs::outbox_objects(),
            .statements = std::move(statements)};
}

int run_outbox(const Definition& definition, Settings settings, OutboxCommand command, std::ostream& out) {
    settings.log_level = "warn";
    Shared shared(definition, std::move(settings),
                  std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    Worker worker(shared);
    return async::run_until_done(worker.loop(), start_and_work(&worker, std::move(command), &out));
}

}  // namespace app
