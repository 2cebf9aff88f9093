// Expected: the outbox itself says whose event it is
#include "jobs/outbox.h"

struct Sold {
    base::Uuid tenant_id;

    friend constexpr auto describe(Sold*) {
        return schema::object<Sold>("Sold", schema::field<&Sold::tenant_id>("tenantId"));
    }
};

constexpr jobs::Event<Sold> sold{"sale.sold"};

void tell(jobs::Outbox& outbox, db::Batch& batch) { outbox.emit(batch, sold, Sold{}); }
