#include "pos/modules/webhooks/reseal_command.h"

#include "pos/modules/webhooks/keys.h"
#include "pos/plumbing/reseal.h"

namespace pos {

namespace {

struct AnySecret {
    base::Uuid tenant_id;
    WebhookSecretId id;

    friend constexpr auto describe(AnySecret*) {
        return schema::object<AnySecret>("AnyWebhookSecret", schema::field<&AnySecret::tenant_id>("tenantId"),
                                         schema::field<&AnySecret::id>("id"));
    }
};
constexpr db::SystemQuery<AnySecret(WebhookSecretId, std::int64_t)> secrets_after{
    {"webhooks.secrets_after",
     "select tenant_id, id from webhook_secrets where id > $1 and (expires_at is null or expires_at > now()) "
     "order by id limit $2",
     db::Kind::read}};
constexpr auto lock_secret = db::find_for_update<tables::webhook_secrets>("webhooks.lock_secret");
constexpr db::Query<void(WebhookSecretId, schema::Bytes)> set_sealed{
    {"webhooks.set_sealed", "update webhook_secrets set sealed = $3 where tenant_id = $1 and id = $2",
     db::Kind::write}};

async::Task<WebhookKeys::Sealed> reseal(db::Db tx, WebhookSecretId id, const WebhookKeys* keys) {
    auto row = co_await tx.one(lock_secret, id);
    if (!row) co_return WebhookKeys::Sealed::by_first_key;  // it has expired in this moment
    const auto sealed = keys->reseal(tx.tenant(), row->id, row->sealed);
    if (sealed == WebhookKeys::Sealed::by_another_key) co_await tx.run(set_sealed, id, row->sealed);
    co_return sealed;
}

async::Task<void> reseal_all(app::LoopHost* host, app::CommandInput input) {
    const auto& keys = host->services().use<WebhookKeys>();
    keys.require_on();
    const auto counts = co_await reseal_rows(
        host, &secrets_after, [&keys](db::Db tx, const AnySecret& one) { return reseal(tx, one.id, &keys); });
    print(*input.out, counts, [](const AnySecret& one) { return "secret " + one.id.to_string(); });
}

}  // namespace

app::OwnCommand reseal_webhook_secrets_command() {
    return {.group = "webhooks",
            .name = "reseal",
            .doc = "Seal the secrets of webhook endpoints anew with the first of CREDENTIALS_KEYS",
            .options = {},
            .run = reseal_all};
}

std::vector<db::StatementView> reseal_webhook_secrets_statements() {
    return db::statements(secrets_after, lock_secret, set_sealed);
}

}  // namespace pos
