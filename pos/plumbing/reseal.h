#pragma once
// What the commands have in common that seal rows anew with the first of CREDENTIALS_KEYS: the rows of all shops, a transaction each,
// counted by what had sealed them.
//
//     const auto counts = co_await reseal_rows(host, &secrets_after, [&](db::Db tx, const AnySecret& one) {
//         return reseal(tx, one.id, &keys);          // a Task<WebhookKeys::Sealed>
//     });
//     print(*input.out, counts, [](const AnySecret& one) { return "secret " + one.id.to_string(); });
//
// A Row has `tenant_id` and `id`; the query gives those behind an id, in their order. Run twice, it finds nothing to do.

#include <fmt/format.h>

#include <ostream>

#include "app/app.h"
#include "db/db.h"

namespace pos {

template <class Row>
struct Resealed {
    std::int64_t anew = 0;
    std::int64_t current = 0;  // by the first key before
    std::vector<Row> lost{};   // no key opens them
};

template <class Row, class Id, class Reseal>
async::Task<Resealed<Row>> reseal_rows(app::LoopHost* host, const db::SystemQuery<Row(Id, std::int64_t)>* after,
                                       Reseal reseal) {
    constexpr std::int64_t at_once = 500;
    Resealed<Row> counts;
    Id last;
    for (;;) {
        const auto system = db::system_db(host->databases(), async::Loop::now() + std::chrono::minutes(1));
        const auto some = co_await system.all(*after, last, at_once);
        for (const auto& row : some) {
            const auto db = system.as_tenant(row.tenant_id);
            const auto sealed = co_await db.transaction([&](db::ActingDb tx) { return reseal(tx, row); });
            using Sealed = std::remove_const_t<decltype(sealed)>;
            switch (sealed) {
                case Sealed::by_first_key: ++counts.current; break;
                case Sealed::by_another_key: ++counts.anew; break;
                case Sealed::lost: counts.lost.push_back(row); break;
            }
        }
        if (std::ssize(some) < at_once) co_return counts;
        last = some.back().id;
    }
}

template <class Row, class Name>
void print(std::ostream& out, const Resealed<Row>& counts, Name name) {
    out << fmt::format("{} sealed anew, {} were sealed by the first key, {} can be opened by no key\n", counts.anew,
                       counts.current, counts.lost.size());
    for (const auto& row : counts.lost) out << fmt::format("  {} of shop {}\n", name(row), row.tenant_id.to_string());
    out << std::flush;
}

}  // namespace pos
