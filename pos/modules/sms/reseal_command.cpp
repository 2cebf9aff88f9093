#include "pos/modules/sms/reseal_command.h"

#include <fmt/format.h>

#include <ostream>

#include "app/app.h"
#include "db/db.h"
#include "pos/modules/sms/account_keys.h"

namespace pos {

namespace {

struct AnyAccount {
    base::Uuid tenant_id;
    MessageAccountId id;
    Channel channel{};

    friend constexpr auto describe(AnyAccount*) {
        using schema::field;
        return schema::object<AnyAccount>("AnyMessageAccount", field<&AnyAccount::tenant_id>("tenantId"),
                                          field<&AnyAccount::id>("id"), field<&AnyAccount::channel>("channel"));
    }
};
constexpr db::SystemQuery<AnyAccount(MessageAccountId, std::int64_t)> accounts_after{
    {"sms.accounts_after",
     "select tenant_id, id, channel from message_accounts where id > $1 order by id limit $2", db::Kind::read}};
constexpr auto lock_account = db::find_for_update<tables::message_accounts>("sms.lock_account");
constexpr db::Query<void(Channel, schema::Bytes)> set_sealed{
    {"sms.set_sealed", "update message_accounts set credentials = $3 where tenant_id = $1 and channel = $2",
     db::Kind::write}};

struct Counts {
    std::int64_t resealed = 0;
    std::int64_t current = 0;
    std::vector<AnyAccount> lost{};
};

async::Task<AccountKeys::Sealed> reseal(db::Db tx, Channel channel, const AccountKeys* keys) {
    auto row = co_await tx.one(lock_account, channel);
    if (!row) co_return AccountKeys::Sealed::by_first_key;  // put away in this moment
    const auto sealed = keys->reseal(tx.tenant(), *row);
    if (sealed == AccountKeys::Sealed::by_another_key) co_await tx.run(set_sealed, channel, row->credentials);
    co_return sealed;
}

async::Task<void> reseal_one(db::SystemDb system, AnyAccount one, const AccountKeys* keys, Counts* counts) {
    const auto db = system.as_tenant(one.tenant_id);
    const auto sealed = co_await db.transaction([&](db::ActingDb tx) { return reseal(tx, one.channel, keys); });
    switch (sealed) {
        case AccountKeys::Sealed::by_first_key: ++counts->current; break;
        case AccountKeys::Sealed::by_another_key: ++counts->resealed; break;
        case AccountKeys::Sealed::lost: counts->lost.push_back(one); break;
    }
}

async::Task<void> reseal_all(app::LoopHost* host, app::CommandInput input) {
    constexpr std::int64_t at_once = 500;
    const auto& keys = host->services().use<AccountKeys>();
    Counts counts;
    MessageAccountId last;
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
        *input.out << fmt::format("  {} of shop {}\n", schema::name_of(one.channel), one.tenant_id.to_string());
    *input.out << std::flush;
}

}  // namespace

app::OwnCommand reseal_message_accounts_command() {
    return {.group = "messaging",
            .name = "reseal",
            .doc = "Seal the shops' accounts of SMS and WhatsApp anew with the first of CREDENTIALS_KEYS",
            .options = {},
            .run = reseal_all};
}

std::vector<db::StatementView> reseal_message_accounts_statements() {
    return db::statements(accounts_after, lock_account, set_sealed);
}

}  // namespace pos
