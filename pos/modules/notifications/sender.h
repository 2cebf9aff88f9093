#pragma once
// Sender: gives one notification to the transport and writes down what became of it. One a loop, a service.
//
//     co_await scope.use<Sender>().send(scope.db(), id);      // throws base::Failure mail.try_later to be called again
//
// A claim is a lease of five minutes and a number. Who holds the newest number may send, and asks once more right before the first byte
// leaves: a worker that slept longer than its lease finds its claim void and sends nothing. What had begun and was never
// answered (a crash, a cut) is of unknown outcome: it is sent once more, under the same Message-ID, and then counts as failed.

#include "app/app.h"
#include "client/client.h"
#include "mail/mailbox.h"
#include "mail/transport.h"
#include "pos/modules/notifications/notifier.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode mail_try_later{"mail.try_later", 503, true, base::Action::retry,
                                                "The mail was not taken now; it is tried again"};
}  // namespace errors

class Sender {
public:
    Sender(const MailShared& shared, db::Databases databases, std::unique_ptr<mail::Transport> transport)
        : shared_(shared), databases_(databases), transport_(std::move(transport)) {}

    [[nodiscard]] async::Task<void> send(db::Db db, NotificationId id);

    static constexpr std::chrono::seconds lease{300};
    static constexpr std::chrono::seconds most_sending{90};

private:
    async::Task<std::optional<NotificationFailure>> hindrance(db::Db db, const Notification* row);
    async::Task<void> settle(db::Db db, const Notification* row, mail::SendResult result);

    const MailShared& shared_;
    db::Databases databases_;
    std::unique_ptr<mail::Transport> transport_;
};

// What a mail consists of, with the link to leave its list; also shown by /dev/mail.
[[nodiscard]] mail::OutgoingMail write_mail(const MailShared& shared, const Notification& row, base::Uuid tenant);

// Whose mail of which list: in the link that ends it. Signed, and never stale: laws want such links to go on working.
struct Unsubscription {
    base::Uuid scope;
    MailList list = MailList::all;
    std::string address;

    [[nodiscard]] std::string token(const auth::SignedValues& values) const;
    [[nodiscard]] static std::optional<Unsubscription> read(const auth::SignedValues& values, std::string_view token,
                                                            base::Timestamp now);
    friend constexpr auto describe(Unsubscription*) {
        return schema::object<Unsubscription>("Unsubscription", schema::field<&Unsubscription::scope>("scope"),
                                              schema::field<&Unsubscription::list>("list"),
                                              schema::field<&Unsubscription::address>("address"));
    }
};

[[nodiscard]] std::unique_ptr<mail::Mailbox> make_mailbox(const base::Clock& clock);
[[nodiscard]] std::unique_ptr<Sender> make_sender(const MailSettings& own, MailShared& shared,
                                                  const client::Settings& calls, client::Client& http,
                                                  mail::Mailbox& mailbox, const app::LoopParts& parts);

}  // namespace pos
