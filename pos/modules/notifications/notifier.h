#pragma once
// Notifier: messages to people, written in the transaction that has the reason for them. The row and the job that sends it commit
// with the effect or not at all. One a loop, a service: http::Service<Notifier>.
//
//     if (!notifier->is_on()) throw base::Failure(errors::mail_off);
//     notifier->add(batch, PasswordResetMail{.name = person.name, .minutes = 30},
//                   {.key = "reset:" + id, .recipient = person.email, .locale = person.locale, .secret = token.text});
//     co_await batch.commit();
//
// What a member is told of their shop by e-mail stands in their list in the app, too (Channel::app).
//
// The batch's tenant owns the message; the nil tenant what belongs to an account alone. A key that was used before writes nothing.
// `secret` is stored sealed, and removed once the message has left (docs/security.md).
//
// The same to a phone, by SMS or WhatsApp; `source` is who asked, where anybody may ask (codes), and is counted. What a message costs is
// taken with its row (charges.h), so that the commit may fail with 429 sms.spending_limit, sms.number_limit, sms.source_limit:
//
//     co_await notifier->require_on(db, Channel::sms);            // 503 sms.off
//     notifier->add(batch, PhoneCodeMessage{.minutes = 10},       // throws 422 sms.not_sent_there
//                   {.key = …, .recipient = "+254712345678", .expires_at = …, .secret = "123456", .channel = Channel::sms,
//                    .source = address});

#include "auth/sealed_value.h"
#include "auth/signed_value.h"
#include "db/db.h"
#include "pos/modules/notifications/messages.h"
#include "pos/modules/notifications/messaging.h"
#include "pos/modules/notifications/settings.h"
#include "pos/plumbing/runtime.h"

namespace pos {

// Announced when a member's own list has changed (db::AnnouncedRows::kind; `row`: the user).
inline constexpr std::string_view notifications_changed = "notifications";

namespace errors {
inline constexpr base::ErrorCode mail_off{"mail.off", 503, false, base::Action::contact,
                                          "This service sends no mail: MAIL_URL is not set"};
}  // namespace errors

struct To {
    std::string key;
    std::string recipient;  // an address, or a number in E.164
    Locale locale = Locale::english;
    std::optional<UserId> user{};
    std::optional<base::Timestamp> expires_at{};  // it is not sent any more then
    std::string secret{};
    Channel channel = Channel::email;
    std::string source{};  // of a message to a phone: the address of the request that asks for it; "": nobody's
};

// What all loops share of mail.
struct MailShared {
    MailShared(const MailSettings& own, const app::Settings& settings, base::RandomSource& random);

    // Above each mail.
    [[nodiscard]] std::string sender_name() const { return from.name().empty() ? from.mailbox() : from.name(); }

    bool is_on;
    Links links;
    mail::Address from;
    std::vector<mail::DkimKey> dkim;
    auth::SealedValues sealed;
    auth::SignedValues values;
};

class Notifier {
public:
    Notifier(const MailShared& shared, const Messaging& messaging, Runtime& runtime)
        : shared_(shared), messaging_(messaging), runtime_(runtime) {}

    [[nodiscard]] bool is_on() const noexcept { return shared_.is_on; }
    void require_on() const {
        if (!is_on()) throw base::Failure(errors::mail_off);
    }
    // … for this tenant, which may have an account of its own: throws mail.off, sms.off.
    [[nodiscard]] async::Task<void> require_on(db::Db db, Channel channel) const;
    // … to a phone by the service's own account, for what no tenant's may carry (leaves_by_service): throws sms.off.
    void require_service_on(Channel channel) const {
        if (messaging_.account_of(channel) == nullptr) throw base::Failure(errors::sms_off);
    }

    // Writes nothing where there is no mail.
    template <class Message>
    void add(db::Batch& batch, const Message& message, To to) const {
        add_row(batch, Message::kind, schema::to_json(message), std::move(to));
    }

private:
    void add_row(db::Batch& batch, NotificationKind kind, std::string given, To to) const;
    void show(db::Batch& batch, const Notification& sent) const;
    void charge(db::Batch& batch, const Notification& row, const std::string& source) const;

    const MailShared& shared_;
    const Messaging& messaging_;
    Runtime& runtime_;
};

// What a message says on a phone. Throws std::logic_error for a kind that goes to none.
[[nodiscard]] PhoneText write_to_phone(const MailShared& shared, NotificationKind kind, Locale locale,
                                       std::string_view given, std::string secret);

[[nodiscard]] std::unique_ptr<MailShared> make_mail_shared(const MailSettings& own, const app::Settings& settings,
                                                           base::SecureRandom& random);
[[nodiscard]] std::unique_ptr<Notifier> make_notifier(MailShared& shared, Messaging& messaging, Runtime& runtime);

}  // namespace pos
