#pragma once
// Uploads in parts at the storage, remembered before the first part and forgotten when they have ended; those that a killed process left
// are aborted by a job, again and again until the storage says that nothing is left.
//
//     storage::open_store(settings, {…, .hooks = remember_parts(&databases)});
//     co_await abort_left_parts(scope);

#include "app/jobs.h"
#include "pos/modules/files/tables.h"
#include "storage/storage.h"

namespace pos {

// `databases` outlives the store.
[[nodiscard]] storage::UploadHooks remember_parts(const db::Databases* databases);

struct LeftParts {
    std::int64_t aborted = 0;
    std::int64_t failed = 0;  // tried again at the next run
};
[[nodiscard]] async::Task<LeftParts> abort_left_parts(app::JobScope scope);

[[nodiscard]] std::vector<db::StatementView> part_upload_statements();

}  // namespace pos
