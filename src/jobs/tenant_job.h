#pragma once
// Whose job it is. The outbox writes the tenant of its row beside the job's data, as "tenantId", and who runs the job reads it
// there: no payload of a module names a tenant, so none can name a wrong one.
//
//     const base::Uuid tenant = tenant_of(job.record());
//     const auto sale = read_leniently<SaleCreated>(job.record());

#include "base/uuid.h"
#include "jobs/worker.h"

namespace jobs {

// Throws jobs::Unrecoverable when the data names none.
[[nodiscard]] base::Uuid tenant_of(const JobRecord& job);

// nullopt when it names none: a job of the system's.
[[nodiscard]] std::optional<base::Uuid> owner_of(const JobRecord& job);

// Members that we do not know are passed over: a newer release tells more. Throws jobs::Unrecoverable for what cannot be read.
template <class Data>
[[nodiscard]] Data read_leniently(const JobRecord& job) {
    auto data = schema::parse<Data>(job.data, {.in = "data", .max_bytes = job.data.size(), .lenient = true});
    if (!data) detail::refuse_data(job, data.error());
    return std::move(*data);
}

}  // namespace jobs
