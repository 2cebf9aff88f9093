#include "pos/modules/files/part_uploads.h"

#include "pos/modules/files/stored_files.h"

namespace pos {

namespace {

using db::Kind;

constexpr std::int64_t portion = 100;
constexpr std::chrono::seconds of_a_statement{10};
constexpr std::chrono::seconds of_an_abort{30};

constexpr db::SystemQuery<void(std::string, std::string, std::string)> began{
    {"files.part_upload_began",
     "insert into storage_uploads (bucket, key, upload_id, began_at) values ($1, $2, $3, now()) on conflict do nothing",
     Kind::write}};
constexpr db::SystemQuery<void(std::string, std::string, std::string)> ended{
    {"files.part_upload_ended", "delete from storage_uploads where bucket = $1 and key = $2 and upload_id = $3",
     Kind::write}};
// Longer than any put takes.
constexpr db::SystemQuery<StorageUpload(std::int64_t)> left{
    {"files.part_uploads_left",
     "select bucket, key, upload_id, began_at from storage_uploads where began_at < now() - interval '2 hours' "
     "order by began_at limit $1",
     Kind::read}};

async::Task<void> note(const db::Databases* databases,
                       const db::SystemQuery<void(std::string, std::string, std::string)>* what,
                       storage::PendingUpload upload) {
    const auto db = db::system_db(*databases, async::Loop::now() + of_a_statement);
    co_await db.run(*what, upload.bucket, upload.key, upload.upload_id);
}

}  // namespace

storage::UploadHooks remember_parts(const db::Databases* databases) {
    return {.began = [databases](storage::PendingUpload upload) { return note(databases, &began, std::move(upload)); },
            .ended = [databases](storage::PendingUpload upload) { return note(databases, &ended, std::move(upload)); }};
}

async::Task<LeftParts> abort_left_parts(app::JobScope scope) {
    auto& store = scope.use<StoredFiles>().store();
    const auto db = scope.system_db(std::chrono::minutes(5));
    LeftParts done;
    const auto found = co_await db.all(left, portion);
    for (const auto& row : found) {
        const auto aborted = co_await store.abort_upload(
            {.bucket = row.bucket, .key = row.key, .upload_id = row.upload_id}, async::Loop::now() + of_an_abort);
        if (!aborted) {
            ++done.failed;
            continue;
        }
        co_await db.run(ended, row.bucket, row.key, row.upload_id);
        ++done.aborted;
    }
    co_return done;
}

std::vector<db::StatementView> part_upload_statements() { return db::statements(began, ended, left); }

}  // namespace pos
