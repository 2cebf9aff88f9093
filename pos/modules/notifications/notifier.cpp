#include "pos/modules/notifications/notifier.h"

#include "pos/modules/notifications/send_job.h"
#include "pos/modules/notifications/statements.h"

namespace pos {

MailShared::MailShared(const MailSettings& own, const app::Settings& settings, base::RandomSource& random)
    : is_on(own.is_on(settings)),
      links(own, settings),
      from(own.transport.sender()),
      dkim(own.transport.dkim_keys()),
      sealed({.secret = settings.secret, .previous_secrets = {}}, random),
      values({.secret = settings.secret, .previous_secrets = {}}) {}

void Notifier::add_row(db::Batch& batch, NotificationKind kind, std::string given, To to) const {
    if (!is_on()) return;
    Notification row;
    row.id = runtime_.new_id<NotificationId>();
    row.idempotency_key = std::move(to.key);
    row.kind = kind;
    row.locale = to.locale;
    row.recipient = std::move(to.recipient);
    row.user_id = to.user;
    row.message_id = row.id.to_string() + "@" + shared_.from.domain();
    row.given = {std::move(given)};
    if (!to.secret.empty())
        row.secret = schema::Bytes{shared_.sealed.seal("notification", row.id.to_string(), to.secret)};
    row.created_at = runtime_.now();
    row.expires_at = to.expires_at;
    batch.add(mailing::add, row);
    runtime_.outbox().add(batch, send_notification, SendNotification{row.id});
}

std::unique_ptr<MailShared> make_mail_shared(const MailSettings& own, const app::Settings& settings,
                                             base::SecureRandom& random) {
    return std::make_unique<MailShared>(own, settings, random);
}

std::unique_ptr<Notifier> make_notifier(MailShared& shared, Runtime& runtime) {
    return std::make_unique<Notifier>(shared, runtime);
}

}  // namespace pos
