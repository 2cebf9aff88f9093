#pragma once
// Messaging: what all loops share of SMS and WhatsApp: the service's own accounts, prices and limits. Immutable but for the outbox of development and the paces of providers; any thread. A service of the process.
//
//     messaging.account_of(Channel::sms);                                // the service's own; nullptr: none
//     const auto price = messaging.price_of(Channel::sms, "+254712345678", text);      // throws sms.not_sent_there

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/app.h"
#include "pos/modules/notifications/messaging_settings.h"
#include "pos/modules/sms/tables.h"
#include "sms/account.h"
#include "sms/cost.h"
#include "sms/outbox.h"
#include "sms/pace.h"

namespace pos {

class Messaging {
public:
    Messaging(const MessagingSettings& own, const app::Settings& app, const base::Clock& clock);

    // The service's own account.
    [[nodiscard]] const sms::Account* account_of(Channel channel) const;

    struct Price {
        std::int32_t parts = 0;
        std::int64_t millionths = 0;
    };
    // Throws sms.not_sent_there where no price is known for the number, std::logic_error for a text that is longer than providers take.
    [[nodiscard]] Price price_of(Channel channel, std::string_view number, std::string_view text) const;
    [[nodiscard]] const std::string& currency() const { return sms_prices_.currency(); }

    // In millionths of the currency's unit.
    [[nodiscard]] std::int64_t daily_limit() const noexcept { return daily_limit_; }
    [[nodiscard]] std::int32_t per_number() const noexcept { return per_number_; }
    // Of these one tenant may send half: no tenant uses up alone what a number gets.
    [[nodiscard]] std::int32_t per_number_of_tenant() const noexcept { return (per_number_ + 1) / 2; }
    [[nodiscard]] std::int32_t per_source() const noexcept { return per_source_; }

    // Where an account's provider calls back to; `account`: "sms", "whatsapp", or the id of a tenant's own.
    [[nodiscard]] std::string callback_url(std::string_view account) const;
    // The public address of a request's target, for signatures over it.
    [[nodiscard]] std::string public_url(std::string_view target) const { return base_url_ + std::string(target); }

    [[nodiscard]] const sms::Endpoints& endpoints() const noexcept { return endpoints_; }
    [[nodiscard]] sms::Outbox& outbox() noexcept { return outbox_; }
    [[nodiscard]] sms::Paces& paces() noexcept { return paces_; }

private:
    std::optional<sms::Account> sms_;
    std::optional<sms::Account> whatsapp_;
    sms::Tariff sms_prices_;
    sms::Tariff whatsapp_prices_;
    sms::Endpoints endpoints_;
    std::int64_t daily_limit_;
    std::int32_t per_number_;
    std::int32_t per_source_;
    std::string base_url_;
    sms::Outbox outbox_;
    sms::Paces paces_;
};

[[nodiscard]] std::unique_ptr<Messaging> make_messaging(const MessagingSettings& own, const app::Settings& app,
                                                        const base::Clock& clock);

}  // namespace pos
