#pragma once
// SenderAccounts: by which account a tenant's messages leave: its own, or the service's. One a loop, a service.
//
//     const auto from = co_await accounts.find(db, row.kind, Channel::sms);          // nullopt: by none
//     auto transport = accounts.open(from->account);

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "db/db.h"
#include "pos/modules/notifications/messaging.h"
#include "pos/modules/sms/account_keys.h"
#include "sms/open_transport.h"

namespace pos {

struct SenderAccount {
    sms::Account account;
    std::string name;  // in the URL of its callbacks: "sms", "whatsapp", or the id of a tenant's own
    base::Uuid scope;  // the tenant; nil: the service
};

class SenderAccounts {
public:
    using Opener = std::function<std::unique_ptr<sms::Transport>(const sms::Account& account)>;
    SenderAccounts(const Messaging& messaging, const AccountKeys& keys, Opener open)
        : messaging_(messaging), keys_(keys), open_(std::move(open)) {}

    // What proves an account's number leaves by the service's alone, whatever the tenant has (leaves_by_service).
    [[nodiscard]] async::Task<std::optional<SenderAccount>> find(db::Db db, NotificationKind kind,
                                                                 Channel channel) const;
    // By the name in a URL: "sms", "whatsapp".
    [[nodiscard]] std::optional<SenderAccount> of_service(std::string_view name) const;
    // nullopt: its key is gone. The service's own is not what they want to send by.
    [[nodiscard]] std::optional<SenderAccount> of_tenant(base::Uuid tenant, const MessageAccount& row) const;
    [[nodiscard]] std::unique_ptr<sms::Transport> open(const sms::Account& account) const { return open_(account); }

private:
    const Messaging& messaging_;
    const AccountKeys& keys_;
    Opener open_;
};

[[nodiscard]] std::unique_ptr<SenderAccounts> make_sender_accounts(Messaging& messaging, AccountKeys& keys,
                                                                   client::Client& http, const app::LoopParts& parts);

}  // namespace pos
