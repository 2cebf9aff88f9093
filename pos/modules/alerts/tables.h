#pragma once
// What members are told of and no other table knows.

#include "pos/modules/notifications/tables.h"

namespace pos {

// A job of the tenant that was tried for the last time, if its people would miss what it did. Under the job's own id.
struct FailedJob {
    base::Uuid id;
    FailedWork work{};
    base::Timestamp failed_at;

    friend constexpr auto describe(FailedJob*) {
        return schema::object<FailedJob>("FailedJob", schema::field<&FailedJob::id>("id"),
                                         schema::field<&FailedJob::work>("work"),
                                         schema::field<&FailedJob::failed_at>("failedAt"));
    }
};

namespace tables {
inline constexpr auto failed_jobs = db::tenant_table<FailedJob>(
    "failed_jobs", db::primary_key<&FailedJob::id>(), db::index<&FailedJob::failed_at>("failed_jobs_newest"),
    db::expression_index("failed_jobs_age", "btree", "failed_at"));
}  // namespace tables

}  // namespace pos
