#include "pos/modules/uploads/finishing.h"

#include <map>

#include "pos/modules/uploads/routes.h"

namespace pos {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds of_an_upload{240};
constexpr std::int64_t most_at_once = 500;

struct FindWhole {
    friend constexpr auto describe(FindWhole*) { return schema::object<FindWhole>("FindWhole"); }
};
constexpr jobs::JobType<FindWhole> find_job{"maintenance", "files.find_whole", app::scheduled_job_defaults};

struct FinishUpload {
    UploadId id;

    friend constexpr auto describe(FinishUpload*) {
        return schema::object<FinishUpload>("FinishUpload", schema::field<&FinishUpload::id>("id"));
    }
};
// One attempt: whoever looks for them finds it again.
constexpr jobs::JobType<FinishUpload> finish_job{"maintenance",
                                                 "files.finish_upload",
                                                 {.attempts = 1,
                                                  .remove_on_complete = jobs::KeepJobs::last(100),
                                                  .remove_on_fail = jobs::KeepJobs::last(100),
                                                  .timeout = 5min}};

struct WholeUpload {
    base::Uuid tenant_id;
    UploadId id;

    friend constexpr auto describe(WholeUpload*) {
        return schema::object<WholeUpload>("WholeUpload", schema::field<&WholeUpload::tenant_id>("tenantId"),
                                           schema::field<&WholeUpload::id>("id"));
    }
};

constexpr db::SystemQuery<WholeUpload(std::int64_t)> take_whole{
    {"uploads.take_whole",
     "update uploads u set updated_at = now() from ("
     "  select tenant_id, id from uploads where state = 'open' and kind = 'tus' and received = bytes "
     "  and updated_at < now() - interval '2 minutes' and expires_at > now() order by updated_at limit $1 "
     "  for no key update skip locked) whole "
     "where u.tenant_id = whole.tenant_id and u.id = whole.id returning u.tenant_id, u.id",
     db::Kind::write}};

// Who is taken, and its job, are one transaction.
async::Task<std::int64_t> send_jobs(db::SystemDb tx, Runtime* runtime) {
    const auto rows = co_await tx.all(take_whole, most_at_once);
    std::map<base::Uuid, std::vector<UploadId>> by_tenant;
    for (const auto& row : rows) by_tenant[row.tenant_id].push_back(row.id);
    for (const auto& [tenant, ids] : by_tenant) {
        auto batch = tx.as_tenant(tenant).batch();
        for (const auto& id : ids) runtime->outbox().add(batch, finish_job, FinishUpload{id});
        co_await batch.commit();
    }
    co_return std::ssize(rows);
}

async::Task<void> find(jobs::Job<FindWhole>& job, app::JobScope scope) {
    const auto found = co_await find_whole_uploads(scope.system_db(), &scope.use<Runtime>());
    if (found > 0) job.logger().info("uploads that nobody has finished are finished", {{"count", found}});
}

async::Task<void> finish(jobs::Job<FinishUpload>& job, app::TenantScope scope) {
    const TusParts parts{.pieces = &scope.use<uploads::Pieces>(),
                         .options = scope.use<TusPlace>().options,
                         .upload = {.stored = &scope.use<StoredFiles>(),
                                    .maker = &scope.use<ImageMaker>(),
                                    .runtime = &scope.use<Runtime>(),
                                    .settings = &scope.use<const FileSettings>(),
                                    .device = {}}};
    return finish_upload(scope.db(of_an_upload), job.data().id, parts);
}

}  // namespace

async::Task<std::int64_t> find_whole_uploads(db::SystemDb db, Runtime* runtime) {
    co_return co_await db.transaction([runtime](db::SystemDb tx) { return send_jobs(tx, runtime); });
}

async::Task<void> finish_upload(db::Db db, UploadId id, TusParts parts) {
    const auto row = co_await db.one(uploading::by_id, id);
    // Expired, deleted or finished meanwhile.
    if (!row || row->kind != UploadKind::tus || row->state != UploadState::open || row->received != row->bytes)
        co_return;
    parts.upload.device = row->origin_device_id.transform([](auto device) { return device.uuid(); });
    std::exception_ptr failure;
    try {
        co_await finish_pieces(db, id, parts, async::Loop::now() + of_an_upload);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    const auto now = co_await db.one(uploading::by_id, id);
    if (now && now->state == UploadState::open) std::rethrow_exception(failure);
    co_await parts.pieces->remove(&db.loop(), id.uuid());
}

void finishing_jobs(app::JobHandlers handlers) {
    handlers.on_system(find_job, find);
    handlers.on(finish_job, finish);
}

app::Schedule finishing_schedule() {
    return app::schedule(find_job, FindWhole{}, {.pattern = "* * * * *", .time_zone = "UTC"},
                         "Finishes uploads in pieces whose bytes are all here.");
}

std::vector<db::StatementView> finishing_statements() { return db::statements(take_whole); }

}  // namespace pos
