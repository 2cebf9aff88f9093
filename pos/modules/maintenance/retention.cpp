#include "pos/modules/maintenance/retention.h"

#include "jobs/once.h"

namespace pos {

namespace {

// Rows of one statement: few enough for its deadline and for those who wait behind it.
constexpr std::int64_t portion = 5'000;

using Removal = db::SystemQuery<void(std::int64_t)>;

constexpr Removal remove_keys{
    {"maintenance.idempotency_keys",
     "delete from idempotency_keys where (tenant_id, principal_kind, route, key) in ("
     "  select tenant_id, principal_kind, route, key from idempotency_keys where expires_at < now() limit $1)",
     db::Kind::write}};
// An hour longer than the predecessor of the newest may be sent again. A spent token that comes back later is told by its tag.
constexpr Removal remove_tokens{{"maintenance.refresh_tokens",
                                 "delete from refresh_tokens where id in ("
                                 "  select t.id from refresh_tokens t join sessions s on s.id = t.session_id "
                                 "  where t.used_at < now() - interval '25 hours' "
                                 "  or coalesce(s.revoked_at, s.expires_at) < now() - interval '30 days' limit $1)",
                                 db::Kind::write}};
constexpr Removal remove_throttles{{"maintenance.login_throttles",
                                    "delete from login_throttles where subject in ("
                                    "  select subject from login_throttles where updated_at < now() - interval '1 day' "
                                    "  and blocked_until < now() limit $1)",
                                    db::Kind::write}};
// They are also the memory of the addresses from which a user has signed in, so revoked ones stay as long as the others.
constexpr Removal remove_sessions{
    {"maintenance.sessions",
     "delete from sessions where id in ("
     "  select id from sessions s where expires_at < now() - interval '30 days' "
     "  and not exists (select from refresh_tokens t where t.session_id = s.id) limit $1)",
     db::Kind::write}};

async::Task<std::int64_t> remove_marks(SystemDbMaker db) {
    std::int64_t removed = 0;
    for (std::int64_t last = portion; last == portion; removed += last)
        last = co_await jobs::remove_old_marks(db(), portion);
    co_return removed;
}

async::Task<std::int64_t> remove_all(SystemDbMaker db, const Removal* statement) {
    std::int64_t removed = 0;
    for (std::int64_t last = portion; last == portion; removed += last) last = co_await db().run(*statement, portion);
    co_return removed;
}

}  // namespace

async::Task<CleanedUp> remove_expired(SystemDbMaker db) {
    CleanedUp done;
    done.idempotency_keys = co_await remove_all(db, &remove_keys);
    done.refresh_tokens = co_await remove_all(db, &remove_tokens);
    done.sessions = co_await remove_all(db, &remove_sessions);
    done.login_throttles = co_await remove_all(db, &remove_throttles);
    done.handled_jobs = co_await remove_marks(db);
    co_return done;
}

std::vector<db::StatementView> retention_statements() {
    return db::statements(remove_keys, remove_tokens, remove_sessions, remove_throttles);
}

}  // namespace pos
