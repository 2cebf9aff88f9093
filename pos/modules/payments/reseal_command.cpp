#include "pos/modules/payments/reseal_command.h"

#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/statements.h"
#include "pos/plumbing/reseal.h"

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

async::Task<PaymentKeys::Sealed> reseal(db::Db tx, PaymentAccountId id, const PaymentKeys* keys) {
    auto row = co_await tx.only(lock_account, id);
    const auto sealed = keys->sealed(tx.tenant(), row);
    if (sealed != PaymentKeys::Sealed::by_another_key) co_return sealed;
    keys->reseal(tx.tenant(), row);
    co_await tx.run(intents::set_sealed, id, row.credentials, row.callback_token, row.callback_token_hash,
                    row.former_token_hash);
    co_return sealed;
}

async::Task<void> reseal_all(app::LoopHost* host, app::CommandInput input) {
    const auto& keys = host->services().use<PaymentIntents>().keys();
    keys.require_on();
    const auto counts = co_await reseal_rows(
        host, &accounts_after, [&keys](db::Db tx, const AnyAccount& one) { return reseal(tx, one.id, &keys); });
    print(*input.out, counts, [](const AnyAccount& one) { return "account " + one.id.to_string(); });
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
