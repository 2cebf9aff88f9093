#pragma once
// What nobody comes back for: uploads that have expired, images and documents that never became ready, files of deleted rows, files without
// a row, rows without a file. Each step may be cut off anywhere and is taken up by the next run; a file is removed before the row that
// would have led to it, and what has a row that is ready is never removed. Nor is anything from a place that is another's
// (modules/files/owner.h), nor what a tenant has that this database does not know.
//
//     handlers.on_system(clean_up_files, …); .schedules = clean_up_schedules()

#include "app/jobs.h"
#include "app/own_command.h"
#include "app/schedule.h"

namespace pos {

void clean_up_jobs(app::JobHandlers handlers);
// `backend-api files claim`
[[nodiscard]] app::OwnCommand claim_files_command();
[[nodiscard]] std::vector<app::Schedule> clean_up_schedules();
[[nodiscard]] std::vector<db::StatementView> clean_up_statements();

// One run each; how many rows or files it was about.
struct FilesCleanedUp {
    std::int64_t expired = 0;    // uploads
    std::int64_t abandoned = 0;  // images and documents that never became ready
    std::int64_t removed = 0;    // files of deleted rows: so many rows
    std::int64_t forgotten = 0;  // rows of uploads that ended a month ago

    friend constexpr auto describe(FilesCleanedUp*) {
        using schema::field;
        return schema::object<FilesCleanedUp>("FilesCleanedUp", field<&FilesCleanedUp::expired>("expired"),
                                              field<&FilesCleanedUp::abandoned>("abandoned"),
                                              field<&FilesCleanedUp::removed>("removed"),
                                              field<&FilesCleanedUp::forgotten>("forgotten"));
    }
};
[[nodiscard]] async::Task<FilesCleanedUp> clean_up_files(app::JobScope scope);

struct FilesSwept {
    std::int64_t orphans = 0;   // files that no row owned
    std::int64_t pieces = 0;    // uploads of which pieces were left
    std::int64_t lost = 0;      // rows whose file is not there any more
    std::int64_t found = 0;     // rows that were lost, and whose file is there again
    std::int64_t doubtful = 0;  // rows whose file is not there, as most are not: they stay as they are

    friend constexpr auto describe(FilesSwept*) {
        using schema::field;
        return schema::object<FilesSwept>("FilesSwept", field<&FilesSwept::orphans>("orphans"),
                                          field<&FilesSwept::pieces>("pieces"), field<&FilesSwept::lost>("lost"),
                                          field<&FilesSwept::found>("found"), field<&FilesSwept::doubtful>("doubtful"));
    }
};
// Files younger than `spared` are left alone: their rows may be on the way.
[[nodiscard]] async::Task<FilesSwept> sweep_files(app::JobScope scope,
                                                  std::chrono::hours spared = std::chrono::hours(24));

}  // namespace pos
