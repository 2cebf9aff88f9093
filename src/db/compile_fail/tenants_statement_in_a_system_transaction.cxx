// Expected: no matching member function for call to 'run'
#include "db/db.h"

constexpr db::Query<void(base::Uuid)> touch{
    {"products.touch", "update products set version = version + 1 where tenant_id = $1 and id = $2", db::Kind::write}};

async::Task<std::int64_t> change(db::SystemDb db, base::Uuid product) {
    return db.transaction([product](db::SystemDb tx) { return tx.run(touch, product); });
}
