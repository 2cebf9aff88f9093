#pragma once
// What providers tell of the messages that they took, in any order, twice, and before their own replies. A report finds its message by
// the provider's id of it; one that comes too early is parked, and whoever stores that id takes it up. A refusal leads to the next
// message of the chain (WhatsApp's free text, then its template, then an SMS), each once.
//
//     co_await system.transaction([told](db::SystemDb tx) { return take_report(tx, told, parts); });
//
// All functions are part of a transaction of the system.

#include <memory>

#include "db/db.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/sms/statements.h"
#include "sms/callback.h"

namespace pos {

// A report as it is parked.
struct MessageReport {
    std::string delivery;
    std::string instead;
    bool is_opted_out = false;
    std::string code;
    std::string text;

    friend constexpr auto describe(MessageReport*) {
        using schema::field;
        return schema::object<MessageReport>("MessageReport", field<&MessageReport::delivery>("delivery"),
                                             field<&MessageReport::instead>("instead"),
                                             field<&MessageReport::is_opted_out>("isOptedOut"),
                                             field<&MessageReport::code>("code"), field<&MessageReport::text>("text"));
    }
};

// A report, of whose account, and what was said by the way about which message it is.
struct ToldReport {
    sms::DeliveryReport report;
    std::string provider;
    base::Uuid scope;
    std::optional<NotificationId> message{};  // of the callback's own URL
};

struct ReportParts {
    const MailShared* mail = nullptr;
    const Messaging* messaging = nullptr;
    Runtime* runtime = nullptr;
};

// Where a message is after the news; nullopt: where it was. Nothing goes back: not from its end, and not from `read`.
[[nodiscard]] std::optional<NotificationState> state_after(NotificationState known, sms::Delivery news);

// What may be sent in place of a message that was refused for good: nothing, or the channel and form of the next one.
struct NextMessage {
    Channel channel{};
    std::optional<MessageForm> form{};
    bool is_counted = false;  // for its number: by the message in whose place it is sent
};
[[nodiscard]] std::optional<NextMessage> next_message(const Notification& refused, sms::Instead instead);

// Writes that next message, with the same secret, once, and gives whether there is one. Where there is no more money for it, there is
// none.
[[nodiscard]] async::Task<bool> follow_up(db::ActingDb acting, std::shared_ptr<const Notification> refused,
                                          NextMessage next, ReportParts parts);

[[nodiscard]] async::Task<void> take_report(db::SystemDb transaction, std::shared_ptr<const ToldReport> told,
                                            ReportParts parts);
// What was parked under the id that a message has just got.
[[nodiscard]] async::Task<void> take_parked_reports(db::SystemDb transaction, std::string provider,
                                                    std::string provider_id, ReportParts parts);

// What a server said, for a column: one line of ASCII, 500 bytes at most.
[[nodiscard]] std::optional<std::string> message_detail(std::string_view code, std::string_view text);

}  // namespace pos
