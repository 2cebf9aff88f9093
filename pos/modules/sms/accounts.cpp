#include "pos/modules/sms/accounts.h"

#include "pos/modules/notifications/messages.h"
#include "pos/modules/sms/statements.h"

namespace pos {

async::Task<std::optional<SenderAccount>> SenderAccounts::find(db::Db db, NotificationKind kind,
                                                               Channel channel) const {
    if (leaves_by_service(kind)) co_return of_service(schema::name_of(channel));
    const auto row = co_await db.one(texting::account_of_tenant, channel);
    if (!row) co_return of_service(schema::name_of(channel));
    co_return of_tenant(db.tenant(), *row);
}

std::optional<SenderAccount> SenderAccounts::of_tenant(base::Uuid tenant, const MessageAccount& row) const {
    auto account = keys_.open(tenant, row);
    if (!account) return std::nullopt;
    return SenderAccount{*std::move(account), row.id.to_string(), tenant};
}

std::optional<SenderAccount> SenderAccounts::of_service(std::string_view name) const {
    for (const auto channel : {Channel::sms, Channel::whatsapp}) {
        const auto* account = messaging_.account_of(channel);
        if (account != nullptr && name == schema::name_of(channel))
            return SenderAccount{*account, std::string(name), base::Uuid::nil()};
    }
    return std::nullopt;
}

std::unique_ptr<SenderAccounts> make_sender_accounts(Messaging& messaging, AccountKeys& keys, client::Client& http,
                                                     const app::LoopParts& parts) {
    auto& loop = parts.loop;
    return std::make_unique<SenderAccounts>(messaging, keys, [&messaging, &http, &loop](const sms::Account& account) {
        return sms::open_transport(account, {.loop = loop,
                                             .http = http,
                                             .outbox = messaging.outbox(),
                                             .paces = messaging.paces(),
                                             .endpoints = messaging.endpoints()});
    });
}

}  // namespace pos
