#include "pos/modules/webhooks/measures.h"

#include <algorithm>

namespace pos {

namespace {

constexpr std::int64_t most_queues = 100'000;

struct WaitingWebhooks {
    std::int64_t waiting = 0;
    std::int64_t failing = 0;
    double late_seconds = 0;

    friend constexpr auto describe(WaitingWebhooks*) {
        return schema::object<WaitingWebhooks>("WaitingWebhooks", schema::field<&WaitingWebhooks::waiting>("waiting"),
                                               schema::field<&WaitingWebhooks::failing>("failing"),
                                               schema::field<&WaitingWebhooks::late_seconds>("lateSeconds"));
    }
};
// Late is what is due and nobody sends: neither what is being sent, nor what waits for a turn that its tenant's other endpoints have. And
// what has happened, and has not been handed to the endpoints yet.
constexpr db::SystemQuery<WaitingWebhooks(std::int64_t)> waiting_webhooks{
    {"webhooks.count_waiting",
     "select coalesce(sum(pending), 0)::bigint as waiting, count(*) filter (where failing_since is not null) as "
     "failing, "
     "greatest("
     "  extract(epoch from now() - min(next_due_at) "
     "    filter (where waiting_since is null and (leased_until is null or leased_until < now()))), "
     "  (select extract(epoch from now() - min(recorded_at)) from webhook_events where fanned_out_at is null), "
     "  0)::double precision as late_seconds "
     "from (select pending, failing_since, next_due_at, waiting_since, leased_until from webhook_queues "
     "  where next_due_at is not null limit $1) as queues",
     db::Kind::read}};

}  // namespace

async::Task<void> measure_webhooks(db::SystemDb db, observe::Metrics* metrics) {
    const auto found = co_await db.only(waiting_webhooks, most_queues);
    metrics->gauge("webhooks_waiting", "Deliveries of webhooks that have not arrived yet.")
        .set(static_cast<double>(found.waiting));
    metrics->gauge("webhooks_failing_endpoints", "Endpoints whose last deliveries failed, and that have more to come.")
        .set(static_cast<double>(found.failing));
    metrics->gauge("webhooks_late_seconds", "How long the oldest event or delivery that could leave is late.")
        .set(found.late_seconds);
}

std::vector<db::StatementView> webhook_measure_statements() { return db::statements(waiting_webhooks); }

}  // namespace pos
