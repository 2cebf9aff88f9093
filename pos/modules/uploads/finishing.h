#pragma once
// Uploads in pieces whose bytes are all here while nobody is at work on them: the process died between the last byte and what
// becomes of it, and the client may never ask again. Every minute they are looked for, and each gets a job of its tenant.

#include "app/jobs.h"
#include "app/schedule.h"
#include "pos/modules/uploads/tus_rows.h"
#include "pos/plumbing/runtime.h"

namespace pos {

// Sends the jobs; of how many uploads. Those that were moved in the last two minutes are left to their requests.
[[nodiscard]] async::Task<std::int64_t> find_whole_uploads(db::SystemDb db, Runtime* runtime);
// What the job does. A file that is not taken ends its upload; throws what asking again may mend.
[[nodiscard]] async::Task<void> finish_upload(db::Db db, UploadId id, TusParts parts);

void finishing_jobs(app::JobHandlers handlers);
[[nodiscard]] app::Schedule finishing_schedule();
[[nodiscard]] std::vector<db::StatementView> finishing_statements();

}  // namespace pos
