// Expected: one of the system into a SystemBatch
#include "db/db.h"

constexpr db::SystemQuery<void(std::string)> announce{{"auth.announce", "select pg_notify('auth_changes', $1)"}};

void add(db::Db db) {
    auto batch = db.batch();
    batch.add(announce, "user");
}
