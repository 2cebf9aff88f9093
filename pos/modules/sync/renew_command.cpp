#include "pos/modules/sync/renew_command.h"

#include <fmt/format.h>

#include "app/app.h"

namespace pos {

namespace {

// The row's version stays: what devices have of the tenant is what it is.
constexpr db::SystemQuery<std::int64_t()> renew{
    {"sync.renew_feed",
     "with renewed as (update tenants set feed_epoch = gen_random_uuid() returning id) select count(*) from renewed",
     db::Kind::write}};

async::Task<void> renew_feed(app::LoopHost* host, app::CommandInput input) {
    const auto db = db::system_db(host->databases(), async::Loop::now() + std::chrono::minutes(1));
    const auto tenants = co_await db.only(renew);
    *input.out << fmt::format("the feeds of {} tenants have a new epoch: their devices take new snapshots\n", tenants)
               << std::flush;
}

}  // namespace

app::OwnCommand renew_feed_command() {
    return {.group = "sync",
            .name = "renew-feed",
            .doc = "After a restore: every device takes a new snapshot",
            .options = {},
            .run = renew_feed};
}

std::vector<db::StatementView> renew_feed_statements() { return db::statements(renew); }

}  // namespace pos
