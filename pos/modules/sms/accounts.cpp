#include "pos/modules/sms/accounts.h"

#include "pos/modules/sms/statements.h"

namespace pos {

async::Task<std::optional<SenderAccount>> SenderAccounts::find(db::Db db, Channel channel) const {
    const auto row = co_await db.one(texting::account_of_tenant, channel);
    if (!row) co_return of_service(schema::name_of(channel));
    auto account = messaging_.open(db.tenant(), *row);
    // Sealed with a key that is gone: the service's own is not what they want to send by.
    if (!account) co_return std::nullopt;
    co_return SenderAccount{*std::move(account), row->id.to_string(), db.tenant()};
}

std::optional<SenderAccount> SenderAccounts::of_service(std::string_view name) const {
    for (const auto channel : {Channel::sms, Channel::whatsapp}) {
        const auto* account = messaging_.account_of(channel);
        if (account != nullptr && name == schema::name_of(channel))
            return SenderAccount{*account, std::string(name), base::Uuid::nil()};
    }
    return std::nullopt;
}

std::unique_ptr<SenderAccounts> make_sender_accounts(Messaging& messaging, client::Client& http,
                                                     const app::LoopParts& parts) {
    auto& loop = parts.loop;
    return std::make_unique<SenderAccounts>(messaging, [&messaging, &http, &loop](const sms::Account& account) {
        return sms::open_transport(account, {.loop = loop,
                                             .http = http,
                                             .outbox = messaging.outbox(),
                                             .paces = messaging.paces(),
                                             .endpoints = messaging.endpoints()});
    });
}

}  // namespace pos
