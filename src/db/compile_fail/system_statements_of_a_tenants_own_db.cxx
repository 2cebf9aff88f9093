// Expected: no member named 'system' in 'db::BasicDb<false>'
#include "db/db.h"

constexpr db::SystemQuery<void(std::string)> announce{{"auth.announce", "select pg_notify('auth_changes', $1)"}};

void add(db::Db db) {
    auto batch = db.batch();
    db.system(batch).add(announce, "user");
}
