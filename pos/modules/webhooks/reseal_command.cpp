#include "pos/modules/webhooks/reseal_command.h"

#include <fmt/format.h>

#include <ostream>

#include "app/app.h"
#include "db/db.h"
#include "pos/modules/webhooks/keys.h"

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

struct Counts {
    std::int64_t resealed = 0;
    std::int64_t current = 0;
    std::vector<AnySecret> lost{};
};

async::Task<WebhookKeys::Sealed> reseal(db::Db tx, WebhookSecretId id, const WebhookKeys* keys) {
    auto row = co_await tx.one(lock_secret, id);
    if (!row) co_return WebhookKeys::Sealed::by_first_key;  // it has expired in this moment
    const auto sealed = keys->reseal(tx.tenant(), row->id, row->sealed);
    if (sealed == WebhookKeys::Sealed::by_another_key) co_await tx.run(set_sealed, id, row->sealed);
    co_return sealed;
}

async::Task<void> reseal_one(db::SystemDb system, AnySecret one, const WebhookKeys* keys, Counts* counts) {
    const auto db = system.as_tenant(one.tenant_id);
    const auto sealed = co_await db.transaction([&](db::ActingDb tx) { return reseal(tx, one.id, keys); });
    switch (sealed) {
        case WebhookKeys::Sealed::by_first_key: ++counts->current; break;
        case WebhookKeys::Sealed::by_another_key: ++counts->resealed; break;
        case WebhookKeys::Sealed::lost: counts->lost.push_back(one); break;
    }
}

async::Task<void> reseal_all(app::LoopHost* host, app::CommandInput input) {
    constexpr std::int64_t at_once = 500;
    const auto& keys = host->services().use<WebhookKeys>();
    keys.require_on();
    Counts counts;
    WebhookSecretId last;
    for (;;) {
        const auto system = db::system_db(host->databases(), async::Loop::now() + std::chrono::minutes(1));
        const auto some = co_await system.all(secrets_after, last, at_once);
        for (const auto& one : some) co_await reseal_one(system, one, &keys, &counts);
        if (std::ssize(some) < at_once) break;
        last = some.back().id;
    }
    *input.out << fmt::format("{} sealed anew, {} were sealed by the first key, {} can be opened by no key\n",
                              counts.resealed, counts.current, counts.lost.size());
    for (const auto& one : counts.lost)
        *input.out << fmt::format("  secret {} of shop {}\n", one.id.to_string(), one.tenant_id.to_string());
    *input.out << std::flush;
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
