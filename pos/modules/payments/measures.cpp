#include "pos/modules/payments/measures.h"

#include <algorithm>

#include "pos/modules/payments/tables.h"

namespace pos {

namespace {

// Nobody could say, and it is asked after once a day: by the index of what is asked after, which has few rows.
constexpr db::SystemQuery<UndecidedMoney(std::int64_t)> undecided_payments{
    {"payments.count_undecided",
     "select provider, count(*) as rows, extract(epoch from now() - min(created_at))::double precision as "
     "oldest_seconds "
     "from (select provider, created_at from payment_intents "
     "  where next_query_at is not null and state = 'unknown' limit $1) as undecided "
     "group by provider",
     db::Kind::read}};
// Sent, and neither done nor refused after ten minutes, when the first question was due.
constexpr db::SystemQuery<UndecidedMoney(std::int64_t)> undecided_refunds{
    {"payments.count_undecided_refunds",
     "select i.provider, count(*) as rows, "
     "  extract(epoch from now() - min(r.created_at))::double precision as oldest_seconds "
     "from (select tenant_id, intent_id, created_at from payment_refunds "
     "  where state in ('pending', 'unknown') and created_at < now() - interval '10 minutes' limit $1) as r "
     "join payment_intents i on i.tenant_id = r.tenant_id and i.id = r.intent_id "
     "group by i.provider",
     db::Kind::read}};

}  // namespace

void tell_undecided(observe::Metrics& metrics, std::string_view kind, const std::vector<UndecidedMoney>& found) {
    for (const auto& [value, provider] : schema::type_of<PaymentProvider>.enumeration->values) {
        const auto row = std::ranges::find(found, provider, &UndecidedMoney::provider);
        const observe::Labels labels{{"kind", std::string(kind)}, {"provider", std::string(provider)}};
        metrics.gauge("payments_undecided", "Money of which nobody knows whether it has moved.", labels)
            .set(row == found.end() ? 0 : static_cast<double>(row->rows));
        metrics.gauge("payments_undecided_oldest_seconds", "Since when the oldest of it is known.", labels)
            .set(row == found.end() ? 0 : row->oldest_seconds);
    }
}

async::Task<void> measure_payments(db::SystemDb db, observe::Metrics* metrics) {
    const auto payments = co_await db.all(undecided_payments, most_undecided);
    tell_undecided(*metrics, "payment", payments);
    const auto refunds = co_await db.all(undecided_refunds, most_undecided);
    tell_undecided(*metrics, "refund", refunds);
}

std::vector<db::StatementView> measure_statements() { return db::statements(undecided_payments, undecided_refunds); }

}  // namespace pos
