#include "app/outbox_module.h"

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

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
    std::int64_t position = 0;
    std::string tenant_id;
    std::string queue;
    std::string name;
    std::string created_at;
    std::string failure;

    friend constexpr auto describe(ParkedJob*) {
        return schema::object<ParkedJob>(
            "ParkedJob", schema::field<&ParkedJob::id>("id"), schema::field<&ParkedJob::position>("position"),
            schema::field<&ParkedJob::tenant_id>("tenantId"), schema::field<&ParkedJob::queue>("queue"),
            schema::field<&ParkedJob::name>("name"), schema::field<&ParkedJob::created_at>("createdAt"),
            schema::field<&ParkedJob::failure>("failure"));
    }
};

// Behind a position and an id, in whose order they are.
constexpr db::SystemQuery<ParkedJob(std::int64_t, std::string, std::int64_t)> parked_jobs{
    {"outbox.parked",
     "select id::text as id, position, tenant_id::text as tenant_id, queue, name, created_at::text as created_at, "
     "coalesce(failure, '') as failure from outbox_jobs where failure is not null "
     "and (position, id::text) > ($1::bigint, $2::text) order by position, id::text limit $3",
     db::Kind::read}};
// One at a time: the table refuses the row that is as it was.
constexpr db::SystemQuery<void(std::string)> retry_parked{
    {"outbox.retry", "update outbox_jobs set failure = null where id::text = $1 and failure is not null",
     db::Kind::write}};

// Behind the last one that was listed.
struct Cursor {
    std::int64_t position = std::numeric_limits<std::int64_t>::min();
    std::string id;
};

std::string quoted(const std::string& text) { return schema::to_json(text); }

// Quoted as JSON: a text of a row can neither begin a line nor command a terminal.
void list(const std::vector<ParkedJob>& parked, std::ostream& out) {
    for (const auto& job : parked)
        out << fmt::format("{} tenant {} queue {} job {} of {}: {}\n", job.id, job.tenant_id, quoted(job.queue),
                           quoted(job.name), job.created_at, quoted(job.failure));
    out << fmt::format("{} parked{}\n", parked.size(), parked.size() == most_listed ? ", or more" : "");
}

async::Task<bool> retry(db::SystemDb db, std::string id, std::ostream* out) {
    std::string fault = "no such job is parked";
    try {
        if (co_await db.run(retry_parked, id) > 0) fault.clear();
    } catch (const base::Failure& failure) {
        fault = fmt::format("{}: {}", failure.code().code, failure.code().title);
    }
    *out << quoted(id) << ": " << (fault.empty() ? "will be sent" : fault) << '\n';
    co_return fault.empty();
}

// What is refused stays parked, and is not asked again.
async::Task<int> retry_all(LoopHost* host, std::ostream* out) {
    bool all = true;
    Cursor behind;
    for (;;) {
        const auto db = db::system_db(host->databases(), async::Loop::now() + command_time);
        const auto parked = co_await db.all(parked_jobs, behind.position, behind.id, most_listed);
        for (const auto& job : parked) {
            const bool done = co_await retry(db, job.id, out);
            all = all && done;
        }
        if (std::cmp_less(parked.size(), most_listed)) co_return all ? 0 : 1;
        behind = {parked.back().position, parked.back().id};
    }
}

async::Task<int> work(LoopHost* host, OutboxCommand command, std::ostream* out) {
    const auto db = db::system_db(host->databases(), async::Loop::now() + command_time);
    const auto parked = co_await db.all(parked_jobs, Cursor{}.position, Cursor{}.id, most_listed);
    if (command.retry.empty()) {
        list(parked, *out);
        co_return 0;
    }
    if (std::ranges::find(command.retry, "all") != command.retry.end()) co_return co_await retry_all(host, out);
    bool all = true;
    for (const auto& id : command.retry) {
        const bool done = co_await retry(db, id, out);
        all = all && done;
    }
    co_return all ? 0 : 1;
}

async::Task<int> start_and_work(LoopHost* host, OutboxCommand command, std::ostream* out) {
    co_await host->start();
    std::exception_ptr failure;
    int code = 1;
    try {
        code = co_await work(host, std::move(command), out);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await host->stop(async::Loop::now() + std::chrono::seconds(5));
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

int run_outbox(const Definition& definition, Configuration configuration, OutboxCommand command, std::ostream& out) {
    configuration.app.log_level = "warn";
    App app(definition, std::move(configuration),
            std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    LoopHost host(app);
    return async::run_until_done(host.loop(), start_and_work(&host, std::move(command), &out));
}

}  // namespace app
