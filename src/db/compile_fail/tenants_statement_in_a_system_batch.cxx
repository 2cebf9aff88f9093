// Expected: a tenant's statement goes into a Batch
#include "db/db.h"

constexpr db::Query<void(base::Uuid)> touch{
    {"products.touch", "update products set version = version + 1 where tenant_id = $1 and id = $2", db::Kind::write}};

void add(db::SystemDb db, base::Uuid product) {
    auto batch = db.batch();
    batch.add(touch, product);
}
