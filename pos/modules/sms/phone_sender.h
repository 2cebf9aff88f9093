#pragma once
// PhoneSender: gives one notification to the provider of SMS or WhatsApp, and writes down what became of it. One a loop, a service.
//
//     co_await scope.use<PhoneSender>().send(scope.db(), id);      // throws base::Failure sms.try_later to be called again
//
// Claimed as a mail is (modules/notifications/sender.h). But no provider knows a repetition by our id: what may have left and was not
// answered is `unknown` and stays so, until a report says more. The one exception is a code by WhatsApp: its SMS has the same code.

#include "pos/modules/sms/accounts.h"
#include "pos/modules/sms/reports.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode sms_try_later{"sms.try_later", 503, true, base::Action::retry,
                                               "The message was not taken now; it is tried again"};
}  // namespace errors

class PhoneSender {
public:
    PhoneSender(ReportParts parts, db::Databases databases, const SenderAccounts& accounts)
        : parts_(parts), databases_(databases), accounts_(accounts) {}

    [[nodiscard]] async::Task<void> send(db::Db db, NotificationId id);

    static constexpr std::chrono::seconds lease{300};
    static constexpr std::chrono::seconds most_sending{40};

private:
    [[nodiscard]] db::SystemDb system(const db::Db& db) const {
        return db::system_db(databases_, db.deadline(), db.span());
    }
    async::Task<std::optional<NotificationFailure>> hindrance(db::Db db, const Notification* row, base::Uuid scope);
    async::Task<std::optional<MessageForm>> form_of(db::Db db, const Notification* row, base::Uuid scope);
    async::Task<void> settle(db::Db db, Notification row, SenderAccount from, sms::SendResult result);
    async::Task<void> fail(db::Db db, Notification row, NotificationFailure failure, std::optional<std::string> detail,
                           sms::Instead instead);

    ReportParts parts_;
    db::Databases databases_;
    const SenderAccounts& accounts_;
};

[[nodiscard]] std::unique_ptr<PhoneSender> make_phone_sender(MailShared& mail, Messaging& messaging, Runtime& runtime,
                                                             SenderAccounts& accounts, const app::LoopParts& parts);

}  // namespace pos
