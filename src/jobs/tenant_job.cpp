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

std::optional<base::Uuid> owner_of(const JobRecord& job) {
    const auto owned = schema::parse<Owned>(job.data, {.max_bytes = job.data.size(), .lenient = true});
    if (!owned) return std::nullopt;
    return owned->tenant_id;
}

base::Uuid tenant_of(const JobRecord& job) { return read_leniently<Owned>(job).tenant_id; }

}  // namespace jobs
