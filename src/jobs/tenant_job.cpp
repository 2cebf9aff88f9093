#include "jobs/tenant_job.h"

namespace jobs {

namespace {

struct Owned {
    base::Uuid tenant_id;

    friend constexpr auto describe(Owned*) {
        return schema::object<Owned>("Owned", schema::field<&Owned::tenant_id>("tenantId"));
    }
};

}  // namespace

base::Uuid tenant_of(const JobRecord& job) { return read_leniently<Owned>(job).tenant_id; }

}  // namespace jobs
