#include "pos/modules/notifications/notifier.h"

#include <stdexcept>

#include "auth/rate_limit.h"
#include "pos/modules/notifications/charges.h"
#include "pos/modules/notifications/send_job.h"
#include "pos/modules/notifications/statements.h"
#include "sms/parts.h"

namespace pos {

MailShared::MailShared(const MailSettings& own, const app::Settings& settings, base::RandomSource& random)
    : is_on(own.is_on(settings)),
      links(own, settings),
      from(own.transport.sender()),
      dkim(own.transport.dkim_keys()),
      sealed({.secret = settings.secret, .previous_secrets = {}}, random),
      values({.secret = settings.secret, .previous_secrets = {}}) {}

namespace {

// What is about the shop, not about somebody's account.
bool is_shown(NotificationKind kind) {
    switch (kind) {
        case NotificationKind::daily_summary:
        case NotificationKind::failed_jobs:
        case NotificationKind::low_stock:
        case NotificationKind::subscription:
        case NotificationKind::webhook_disabled: return true;
        default: return false;
    }
}

}  // namespace

void Notifier::add_row(db::Batch& batch, NotificationKind kind, std::string given, To to) const {
    const bool is_mail = to.channel == Channel::email;
    if (is_mail && !is_on()) return;
    Notification row;
    row.id = runtime_.new_id<NotificationId>();
    row.idempotency_key = std::move(to.key);
    row.channel = to.channel;
    row.kind = kind;
    row.locale = to.locale;
    row.recipient = std::move(to.recipient);
    row.user_id = to.user;
    row.message_id = row.id.to_string();
    if (is_mail) row.message_id += "@" + shared_.from.domain();
    row.given = {std::move(given)};
    if (!to.secret.empty())
        row.secret = schema::Bytes{shared_.sealed.seal("notification", row.id.to_string(), to.secret)};
    row.created_at = runtime_.now();
    row.expires_at = to.expires_at;
    if (!is_mail) {
        const auto text = write_to_phone(shared_, kind, to.locale, row.given.text, std::move(to.secret)).text;
        const auto price = messaging_.price_of(to.channel, row.recipient, text);
        row.parts = price.parts;
        row.cost_millionths = price.millionths;
    }
    batch.add(mailing::add, row);
    if (!is_mail) charge(batch, row, to.source);
    runtime_.outbox().add(batch, send_job_of(row.channel), SendNotification{row.id});
    if (is_mail && row.user_id && is_shown(kind)) show(batch, row);
}

// The same in the member's list.
void Notifier::show(db::Batch& batch, const Notification& sent) const {
    Notification row;
    row.id = runtime_.new_id<NotificationId>();
    row.idempotency_key = "app:" + sent.idempotency_key;
    row.channel = Channel::app;
    row.kind = sent.kind;
    row.locale = sent.locale;
    row.recipient = sent.recipient;
    row.user_id = sent.user_id;
    row.state = NotificationState::delivered;
    row.message_id = row.id.to_string();
    row.given = sent.given;
    row.created_at = sent.created_at;
    row.finished_at = sent.created_at;
    batch.add(mailing::add, row);
    batch.announce({.kind = std::string(notifications_changed), .row = row.user_id->uuid()});
}

// Numbers before sources before the tenant's money, each time: whoever is charged in another order would wait for whom waits for him.
void Notifier::charge(db::Batch& batch, const Notification& row, const std::string& source) const {
    std::vector<std::string> subjects{texting::number_subject(row)};
    std::vector<std::int32_t> most{messaging_.per_number()};
    if (!source.empty()) {
        subjects.push_back("source " + auth::rate_key_of(source));
        most.push_back(messaging_.per_source());
    }
    const auto own = leaves_by_service(row.kind) ? std::nullopt : std::optional(row.channel);
    batch.add(texting::charge, row.id, *row.cost_millionths, subjects, most, messaging_.daily_limit(), own,
              messaging_.per_number_of_tenant());
}

async::Task<void> Notifier::require_on(db::Db db, Channel channel) const {
    if (channel == Channel::email) {
        require_on();
        co_return;
    }
    if (messaging_.account_of(channel) != nullptr) co_return;
    if (co_await db.one(texting::account_of_tenant, channel)) co_return;
    throw base::Failure(errors::sms_off);
}

PhoneText write_to_phone(const MailShared& shared, NotificationKind kind, Locale locale, std::string_view given,
                         std::string secret) {
    const auto& type = message_type(kind);
    if (type.text == nullptr) throw std::logic_error("this kind of message goes to no phone");
    auto text = type.text(given, {mail::Say(language_of(locale)), &shared.links, std::move(secret)});
    text.text = sms::plain(text.text);
    return text;
}

std::unique_ptr<MailShared> make_mail_shared(const MailSettings& own, const app::Settings& settings,
                                             base::SecureRandom& random) {
    return std::make_unique<MailShared>(own, settings, random);
}

std::unique_ptr<Notifier> make_notifier(MailShared& shared, Messaging& messaging, Runtime& runtime) {
    return std::make_unique<Notifier>(shared, messaging, runtime);
}

}  // namespace pos
