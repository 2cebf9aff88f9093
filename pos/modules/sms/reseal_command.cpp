#include "pos/modules/sms/reseal_command.h"

#include "pos/modules/sms/account_keys.h"
#include "pos/plumbing/reseal.h"

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
    {"sms.accounts_after", "select tenant_id, id, channel from message_accounts where id > $1 order by id limit $2",
     db::Kind::read}};
constexpr auto lock_account = db::find_for_update<tables::message_accounts>("sms.lock_account");
constexpr db::Query<void(Channel, schema::Bytes)> set_sealed{
    {"sms.set_sealed", "update message_accounts set credentials = $3 where tenant_id = $1 and channel = $2",
     db::Kind::write}};

async::Task<AccountKeys::Sealed> reseal(db::Db tx, Channel channel, const AccountKeys* keys) {
    auto row = co_await tx.one(lock_account, channel);
    if (!row) co_return AccountKeys::Sealed::by_first_key;  // put away in this moment
    const auto sealed = keys->reseal(tx.tenant(), *row);
    if (sealed == AccountKeys::Sealed::by_another_key) co_await tx.run(set_sealed, channel, row->credentials);
    co_return sealed;
}

async::Task<void> reseal_all(app::LoopHost* host, app::CommandInput input) {
    const auto& keys = host->services().use<AccountKeys>();
    const auto counts = co_await reseal_rows(
        host, &accounts_after, [&keys](db::Db tx, const AnyAccount& one) { return reseal(tx, one.channel, &keys); });
    print(*input.out, counts, [](const AnyAccount& one) { return schema::name_of(one.channel); });
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
