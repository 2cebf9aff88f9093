#pragma once
// Messages to people: one row for each message and recipient, and who wants which. What belongs to an account and to no tenant
// (a forgotten password) stands in the nil tenant.

#include "db/error.h"
#include "pos/modules/users/tables.h"

namespace pos {

using NotificationId = base::Id<struct NotificationTag>;

namespace errors {
inline constexpr auto notification_known = base::conflict("notification.known", "This message was written before");
}  // namespace errors

// `app`: shown to a member by the app itself, in their list (GET /v1/notifications/mine); nothing is sent.
enum class Channel : std::uint8_t { email, sms, whatsapp, app };
constexpr auto describe(Channel*) {
    return schema::enumeration<Channel>(
        "Channel",
        {{Channel::email, "email"}, {Channel::sms, "sms"}, {Channel::whatsapp, "whatsapp"}, {Channel::app, "app"}});
}

enum class NotificationKind : std::uint8_t {
    daily_summary,
    email_change_new,
    email_change_old,
    email_changed,
    email_verify,
    failed_jobs,
    invite,
    login_limit,
    low_stock,
    new_login,
    password_changed,
    password_reset,
    phone_code,
    receipt,
    second_factor,
    subscription,
    webhook_disabled,
};
constexpr auto describe(NotificationKind*) {
    return schema::enumeration<NotificationKind>("NotificationKind",
                                                 {{NotificationKind::daily_summary, "daily_summary"},
                                                  {NotificationKind::email_change_new, "email_change_new"},
                                                  {NotificationKind::email_change_old, "email_change_old"},
                                                  {NotificationKind::email_changed, "email_changed"},
                                                  {NotificationKind::email_verify, "email_verify"},
                                                  {NotificationKind::failed_jobs, "failed_jobs"},
                                                  {NotificationKind::invite, "invite"},
                                                  {NotificationKind::login_limit, "login_limit"},
                                                  {NotificationKind::low_stock, "low_stock"},
                                                  {NotificationKind::new_login, "new_login"},
                                                  {NotificationKind::password_changed, "password_changed"},
                                                  {NotificationKind::password_reset, "password_reset"},
                                                  {NotificationKind::phone_code, "phone_code"},
                                                  {NotificationKind::receipt, "receipt"},
                                                  {NotificationKind::second_factor, "second_factor"},
                                                  {NotificationKind::subscription, "subscription"},
                                                  {NotificationKind::webhook_disabled, "webhook_disabled"}});
}

// `unknown`: an SMS or a WhatsApp message that left, and nobody said what became of it. It is not sent again.
enum class NotificationState : std::uint8_t { queued, sent, delivered, failed, bounced, read, unknown };
constexpr auto describe(NotificationState*) {
    return schema::enumeration<NotificationState>("NotificationState", {{NotificationState::queued, "queued"},
                                                                        {NotificationState::sent, "sent"},
                                                                        {NotificationState::delivered, "delivered"},
                                                                        {NotificationState::failed, "failed"},
                                                                        {NotificationState::bounced, "bounced"},
                                                                        {NotificationState::read, "read"},
                                                                        {NotificationState::unknown, "unknown"}});
}

// Why a message was not delivered.
enum class NotificationFailure : std::uint8_t {
    address_bounced,    // the server of the address said later that it takes no mail
    complaint,          // the reader called it spam
    dropped,            // the provider's own list holds the address
    expired,            // its link would have been dead on arrival
    not_taken_in_time,  // refused for now, each time
    outcome_unknown,    // sent, and no answer: twice
    refused_message,
    refused_recipient,
    refused_sender,
    suppressed,   // our own list holds the address
    opted_out,    // the number has said STOP
    undelivered,  // taken, and the network said later that it did not arrive
};
constexpr auto describe(NotificationFailure*) {
    return schema::enumeration<NotificationFailure>("NotificationFailure",
                                                    {{NotificationFailure::address_bounced, "address_bounced"},
                                                     {NotificationFailure::complaint, "complaint"},
                                                     {NotificationFailure::dropped, "dropped"},
                                                     {NotificationFailure::expired, "expired"},
                                                     {NotificationFailure::not_taken_in_time, "not_taken_in_time"},
                                                     {NotificationFailure::outcome_unknown, "outcome_unknown"},
                                                     {NotificationFailure::refused_message, "refused_message"},
                                                     {NotificationFailure::refused_recipient, "refused_recipient"},
                                                     {NotificationFailure::refused_sender, "refused_sender"},
                                                     {NotificationFailure::suppressed, "suppressed"},
                                                     {NotificationFailure::opted_out, "opted_out"},
                                                     {NotificationFailure::undelivered, "undelivered"}});
}

// Of WhatsApp: free text, which is taken for a day after a person has written, or a template that Meta has approved.
enum class MessageForm : std::uint8_t { text, from_template };
constexpr auto describe(MessageForm*) {
    return schema::enumeration<MessageForm>("MessageForm",
                                            {{MessageForm::text, "text"}, {MessageForm::from_template, "template"}});
}

struct Notification {
    NotificationId id;
    std::string idempotency_key;
    Channel channel = Channel::email;
    NotificationKind kind{};
    Locale locale = Locale::english;
    std::string recipient;
    std::optional<UserId> user_id;
    NotificationState state = NotificationState::queued;
    std::optional<NotificationFailure> failure;
    std::optional<std::string> failure_detail;
    std::optional<std::string> provider;
    std::optional<std::string> provider_id;
    std::string message_id;
    std::int32_t attempts = 0;
    std::int32_t unknown_outcomes = 0;
    std::int32_t claim = 0;                       // who claimed it last may go on; a later claim makes this one void
    std::optional<base::Timestamp> leased_until;  // of that claim
    bool has_begun = false;                       // the claim's first byte may have left
    schema::Json given;                           // to the template; never a secret
    std::optional<schema::Bytes> secret;          // sealed; gone when the message is out
    base::Timestamp created_at;
    std::optional<base::Timestamp> expires_at;
    std::optional<base::Timestamp> sent_at;
    std::optional<base::Timestamp> finished_at;
    std::optional<NotificationId> follows;
    std::optional<MessageForm> form;
    std::optional<std::int32_t> parts;
    std::optional<std::int64_t> cost_millionths;
    std::optional<std::string>
        counted;  // for which number of the day it counts (charges.h); given back where it was not sent

    friend constexpr auto describe(Notification*) {
        using schema::field;
        return schema::object<Notification>(
            "Notification", field<&Notification::id>("id"),
            field<&Notification::idempotency_key>("idempotencyKey", {.text = schema::Text::raw, .internal = true}),
            field<&Notification::channel>("channel"), field<&Notification::kind>("kind"),
            field<&Notification::locale>("locale"),
            field<&Notification::recipient>("recipient", {.doc = "An e-mail address, or a phone number in E.164."}),
            field<&Notification::user_id>("userId", {.doc = "Of a member; null: whoever has the address."}),
            field<&Notification::state>("state"), field<&Notification::failure>("failure"),
            field<&Notification::failure_detail>(
                "failureDetail", {.max_length = 500, .doc = "What the mail server or the provider said."}),
            field<&Notification::provider>("provider"), field<&Notification::provider_id>("providerId"),
            field<&Notification::message_id>("messageId"), field<&Notification::attempts>("attempts"),
            field<&Notification::unknown_outcomes>(
                "unknownOutcomes", {.doc = "How often it was sent without an answer. After the second it has failed."}),
            field<&Notification::claim>("claim", {.internal = true}),
            field<&Notification::leased_until>("leasedUntil", {.internal = true}),
            field<&Notification::has_begun>("hasBegun", {.internal = true}),
            field<&Notification::given>("given", {.internal = true}),
            field<&Notification::secret>("secret", {.internal = true}), field<&Notification::created_at>("createdAt"),
            field<&Notification::expires_at>("expiresAt"), field<&Notification::sent_at>("sentAt"),
            field<&Notification::finished_at>("finishedAt"),
            field<&Notification::follows>(
                "follows", {.doc = "The message that was refused, and in whose place this one was sent."}),
            field<&Notification::form>("form"),
            field<&Notification::parts>("parts", {.doc = "Of an SMS: how many are paid for."}),
            field<&Notification::cost_millionths>(
                "costMillionths", {.doc = "Of an SMS or a WhatsApp message, in millionths of the currency's unit."}),
            field<&Notification::counted>("counted", {.text = schema::Text::raw, .internal = true}));
    }
};

// What can be unsubscribed from, each by itself. Messages of an account's safety are in no list.
enum class MailList : std::uint8_t { all, invites, receipts, daily_summary, low_stock, failed_jobs };
constexpr auto describe(MailList*) {
    return schema::enumeration<MailList>("MailList", {{MailList::all, "all"},
                                                      {MailList::invites, "invites"},
                                                      {MailList::receipts, "receipts"},
                                                      {MailList::daily_summary, "daily_summary"},
                                                      {MailList::low_stock, "low_stock"},
                                                      {MailList::failed_jobs, "failed_jobs"}});
}

enum class SuppressionReason : std::uint8_t { bounce, complaint, unsubscribe };
constexpr auto describe(SuppressionReason*) {
    return schema::enumeration<SuppressionReason>("SuppressionReason",
                                                  {{SuppressionReason::bounce, "bounce"},
                                                   {SuppressionReason::complaint, "complaint"},
                                                   {SuppressionReason::unsubscribe, "unsubscribe"}});
}

// An address that gets no more of a list. `scope` is the tenant whose list it is; the nil UUID: everybody's.
struct MailSuppression {
    base::Uuid scope;
    MailList list = MailList::all;
    std::string address;
    SuppressionReason reason{};
    std::optional<std::string> detail;
    base::Timestamp created_at;

    friend constexpr auto describe(MailSuppression*) {
        return schema::object<MailSuppression>(
            "MailSuppression", schema::field<&MailSuppression::scope>("scope"),
            schema::field<&MailSuppression::list>("list"),
            schema::field<&MailSuppression::address>("address",
                                                     {.format = schema::Format::email, .text = schema::Text::email}),
            schema::field<&MailSuppression::reason>("reason"), schema::field<&MailSuppression::detail>("detail"),
            schema::field<&MailSuppression::created_at>("createdAt"));
    }
};

// A webhook that had its effect: Mailgun's token, or SendGrid's event. What comes again is told by it.
struct UsedWebhook {
    std::string token;
    schema::Bytes body_hash;
    base::Timestamp used_at;

    friend constexpr auto describe(UsedWebhook*) {
        return schema::object<UsedWebhook>(
            "UsedWebhook", schema::field<&UsedWebhook::token>("token", {.text = schema::Text::raw}),
            schema::field<&UsedWebhook::body_hash>("bodyHash"), schema::field<&UsedWebhook::used_at>("usedAt"));
    }
};

// Work behind the scenes that people of a shop miss when it is not done.
enum class FailedWork : std::uint8_t { message, sales_report };
constexpr auto describe(FailedWork*) {
    return schema::enumeration<FailedWork>(
        "FailedWork", {{FailedWork::message, "message"}, {FailedWork::sales_report, "sales_report"}});
}

// What a member wants to hear of, in this tenant. No row: nothing.
struct NotificationPreference {
    UserId user_id;
    bool daily_summary = false;
    bool low_stock = false;
    bool failed_jobs = false;

    friend constexpr auto describe(NotificationPreference*) {
        return schema::object<NotificationPreference>(
            "NotificationPreference", schema::field<&NotificationPreference::user_id>("userId"),
            schema::field<&NotificationPreference::daily_summary>("dailySummary"),
            schema::field<&NotificationPreference::low_stock>("lowStock"),
            schema::field<&NotificationPreference::failed_jobs>("failedJobs"));
    }
};

namespace tables {
inline constexpr auto notifications = db::tenant_table<Notification>(
    "notifications", db::primary_key<&Notification::id>(errors::id_taken),
    db::unique<&Notification::idempotency_key>("notifications_once", errors::notification_known),
    db::index<&Notification::created_at, &Notification::id>("notifications_newest"),
    db::index<&Notification::state, &Notification::created_at, &Notification::id>("notifications_by_state"),
    db::index<&Notification::user_id, &Notification::channel, &Notification::created_at, &Notification::id>(
        "notifications_of_user")
        .where("user_id is not null"),
    // Across tenants: providers tell of a message by our id of it.
    db::expression_index("notifications_by_id", "btree", "id"),
    db::expression_index("notifications_by_provider_id", "btree", "provider_id").where("provider_id is not null"),
    db::expression_index("notifications_age", "btree", "created_at"));
inline constexpr auto mail_suppressions = db::system_table<MailSuppression>(
    "mail_suppressions", db::primary_key<&MailSuppression::scope, &MailSuppression::list, &MailSuppression::address>(),
    db::index<&MailSuppression::address>("mail_suppressions_of_address"));
inline constexpr auto used_webhooks = db::system_table<UsedWebhook>(
    "used_webhooks", db::primary_key<&UsedWebhook::token>(), db::index<&UsedWebhook::used_at>("used_webhooks_age"));
inline constexpr auto notification_preferences = db::tenant_table<NotificationPreference>(
    "notification_preferences", db::primary_key<&NotificationPreference::user_id>(),
    db::references<&NotificationPreference::user_id>("notification_preferences_user", users, errors::unknown_user),
    db::column_default<&NotificationPreference::failed_jobs>("false"));
}  // namespace tables

}  // namespace pos
