#include "pos/modules/payments/reseal_command.h"

#include <fmt/format.h>

#include "db/db.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/statements.h"

namespace pos {

namespace {

struct AnyAccount {
    base::Uuid tenant_id;
    PaymentAccountId id;

    friend constexpr auto describe(AnyAccount*) {
        return schema::object<AnyAccount>("AnyAccount", schema::field<&AnyAccount::tenant_id>("tenantId"),
                                          schema::field<&AnyAccount::id>("id"));
    }
};
// Those that are deleted, too: what was begun with them is followed to its end.
constexpr db::SystemQuery<AnyAccount(PaymentAccountId, std::int64_t)> accounts_after{
    {"payments.accounts_after", "select tenant_id, id from payment_accounts where id > $1 order by id limit $2",
     db::Kind::read}};
constexpr auto lock_account = db::find_for_update<tables::payment_accounts>("payments.lock_account");

struct Counts {
    std::int64_t resealed = 0;
    std::int64_t current = 0;
    std::vector<AnyAccount> lost{};
};

async::Task<PaymentKeys::Sealed> reseal(db::Db tx, PaymentAccountId id, const PaymentKeys* keys) {
    auto row = co_await tx.only(lock_account, id);
    const auto sealed = keys->sealed(tx.tenant(), row);
    if (sealed != PaymentKeys::Sealed::by_another_key) co_return sealed;
    keys->reseal(tx.tenant(), row);
    co_await tx.run(intents::set_sealed, id, row.credentials, row.callback_token, row.callback_token_hash,
                    row.former_token_hash);
    co_return sealed;
}

async::Task<void> reseal_one(db::SystemDb system, AnyAccount one, const PaymentKeys* keys, Counts* counts) {
    const auto db = system.as_tenant(one.tenant_id);
    const auto sealed = co_await db.transaction([&](db::ActingDb tx) { return reseal(tx, one.id, keys); });
    switch (sealed) {
        case PaymentKeys::Sealed::by_first_key: ++counts->current; break;
        case PaymentKeys::Sealed::by_another_key: ++counts->resealed; break;
        case PaymentKeys::Sealed::lost: counts->lost.push_back(one); break;
    }
}

async::Task<void> reseal_all(app::LoopHost* host, app::CommandInput input) {
    constexpr std::int64_t at_once = 500;
    const auto& keys = host->services().use<PaymentIntents>().keys();
    keys.require_on();
    Counts counts;
    PaymentAccountId last;
    for (;;) {
        const auto system = db::system_db(host->databases(), async::Loop::now() + std::chrono::minutes(1));
        const auto some = co_await system.all(accounts_after, last, at_once);
        for (const auto& one : some) co_await reseal_one(system, one, &keys, &counts);
        if (std::ssize(some) < at_once) break;
        last = some.back().id;
    }
    *input.out << fmt::format("{} sealed anew, {} were sealed by the first key, {} can be opened by no key\n",
                              counts.resealed, counts.current, counts.lost.size());
    for (const auto& one : counts.lost)
        *input.out << fmt::format("  account {} of shop {}\n", one.id.to_string(), one.tenant_id.to_string());
    *input.out << std::flush;
}

}  // namespace

app::OwnCommand reseal_accounts_command() {
    return {.group = "payments",
            .name = "reseal",
            .doc = "Seal the credentials of all accounts anew with the first of CREDENTIALS_KEYS",
            .options = {},
            .run = reseal_all};
}

std::vector<db::StatementView> reseal_statements() { return db::statements(accounts_after, lock_account); }

}  // namespace pos
