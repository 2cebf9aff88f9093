#pragma once
// What is written to people. A message is a struct of its values, with what it says in English and Swahili; it is stored as
// JSON with its notification and written when it leaves. Secrets (links' tokens) are no values: they come sealed, beside them.
//
//     const PasswordResetMail message{.name = person.name, .minutes = 30};
//     notifier.add(batch, message, {.key = …, .recipient = person.email, .secret = token.text});
//
// One that also goes to phones has text(), too; one that goes nowhere else has no write().
//
// A further message: a NotificationKind, a struct here, and its name in `Messages` below; one of them that is missing does not compile.

#include <tuple>

#include "mail/content.h"
#include "pos/modules/notifications/tables.h"

namespace app {
struct Settings;
}

namespace pos {

struct MailSettings;

// Where the links of mails lead; made of settings alone, whatever host a request names.
class Links {
public:
    Links(const MailSettings& mail, const app::Settings& app);

    [[nodiscard]] std::string accept_invite(std::string_view token) const { return page("accept-invite", token); }
    [[nodiscard]] std::string reset_password(std::string_view token) const { return page("reset-password", token); }
    [[nodiscard]] std::string verify_email(std::string_view token) const { return page("verify-email", token); }
    [[nodiscard]] std::string confirm_email(std::string_view token) const { return page("confirm-email", token); }
    // Of this service, also where an app has the other pages: mail programs post to it.
    [[nodiscard]] std::string unsubscribe(std::string_view token) const;

private:
    [[nodiscard]] std::string page(std::string_view name, std::string_view token) const;

    std::string service_;
    std::string pages_;
};

// What a message is written with, besides its values.
struct Writing {
    mail::Say say;
    const Links* links;
    std::string secret;
};

// What an SMS says, and what stands in the places of the same text as Meta has approved it for WhatsApp: a template of the kind's name,
// in "en" and "sw" (docs/guides/sms.md).
struct PhoneText {
    std::string text;
    std::vector<std::string> values;
    std::string button{};  // the end of its button's URL
    bool is_code = false;  // of the category "authentication": values has the code alone
};

struct InviteMail {
    static constexpr auto kind = NotificationKind::invite;
    static constexpr std::optional<MailList> list = MailList::invites;
    std::string shop;
    std::string inviter;
    std::string role;
    std::int32_t days = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] PhoneText text(const Writing& with) const;
    [[nodiscard]] static InviteMail sample() { return {"Duka la Amani", "Amina Otieno", "Cashier", 7}; }
    friend constexpr auto describe(InviteMail*) {
        return schema::object<InviteMail>(
            "InviteMail", schema::field<&InviteMail::shop>("shop"), schema::field<&InviteMail::inviter>("inviter"),
            schema::field<&InviteMail::role>("role"), schema::field<&InviteMail::days>("days"));
    }
};

struct EmailVerifyMail {
    static constexpr auto kind = NotificationKind::email_verify;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    std::int32_t days = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static EmailVerifyMail sample() { return {"Amina Otieno", 3}; }
    friend constexpr auto describe(EmailVerifyMail*) {
        return schema::object<EmailVerifyMail>("EmailVerifyMail", schema::field<&EmailVerifyMail::name>("name"),
                                               schema::field<&EmailVerifyMail::days>("days"));
    }
};

// To the address that is to go.
struct EmailChangeOldMail {
    static constexpr auto kind = NotificationKind::email_change_old;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    std::string new_email;
    std::int32_t hours = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static EmailChangeOldMail sample() { return {"Amina Otieno", "amina@new.example", 24}; }
    friend constexpr auto describe(EmailChangeOldMail*) {
        return schema::object<EmailChangeOldMail>("EmailChangeOldMail",
                                                  schema::field<&EmailChangeOldMail::name>("name"),
                                                  schema::field<&EmailChangeOldMail::new_email>("newEmail"),
                                                  schema::field<&EmailChangeOldMail::hours>("hours"));
    }
};

// To the address that is to come.
struct EmailChangeNewMail {
    static constexpr auto kind = NotificationKind::email_change_new;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    std::string old_email;
    std::int32_t hours = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static EmailChangeNewMail sample() { return {"Amina Otieno", "amina@old.example", 24}; }
    friend constexpr auto describe(EmailChangeNewMail*) {
        return schema::object<EmailChangeNewMail>("EmailChangeNewMail",
                                                  schema::field<&EmailChangeNewMail::name>("name"),
                                                  schema::field<&EmailChangeNewMail::old_email>("oldEmail"),
                                                  schema::field<&EmailChangeNewMail::hours>("hours"));
    }
};

struct EmailChangedMail {
    static constexpr auto kind = NotificationKind::email_changed;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    std::string new_email;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static EmailChangedMail sample() { return {"Amina Otieno", "amina@new.example"}; }
    friend constexpr auto describe(EmailChangedMail*) {
        return schema::object<EmailChangedMail>("EmailChangedMail", schema::field<&EmailChangedMail::name>("name"),
                                                schema::field<&EmailChangedMail::new_email>("newEmail"));
    }
};

struct PasswordResetMail {
    static constexpr auto kind = NotificationKind::password_reset;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    std::int32_t minutes = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static PasswordResetMail sample() { return {"Amina Otieno", 30}; }
    friend constexpr auto describe(PasswordResetMail*) {
        return schema::object<PasswordResetMail>("PasswordResetMail", schema::field<&PasswordResetMail::name>("name"),
                                                 schema::field<&PasswordResetMail::minutes>("minutes"));
    }
};

struct PasswordChangedMail {
    static constexpr auto kind = NotificationKind::password_changed;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    base::Timestamp at;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static PasswordChangedMail sample() { return {"Amina Otieno", {}}; }
    friend constexpr auto describe(PasswordChangedMail*) {
        return schema::object<PasswordChangedMail>("PasswordChangedMail",
                                                   schema::field<&PasswordChangedMail::name>("name"),
                                                   schema::field<&PasswordChangedMail::at>("at"));
    }
};

struct NewLoginMail {
    static constexpr auto kind = NotificationKind::new_login;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;
    std::string client;  // its User-Agent
    std::string address;
    base::Timestamp at;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static NewLoginMail sample() { return {"Amina Otieno", "Firefox on Android", "192.0.2.7", {}}; }
    friend constexpr auto describe(NewLoginMail*) {
        return schema::object<NewLoginMail>(
            "NewLoginMail", schema::field<&NewLoginMail::name>("name"), schema::field<&NewLoginMail::client>("client"),
            schema::field<&NewLoginMail::address>("address"), schema::field<&NewLoginMail::at>("at"));
    }
};

struct LoginLimitMail {
    static constexpr auto kind = NotificationKind::login_limit;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string name;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static LoginLimitMail sample() { return {"Amina Otieno"}; }
    friend constexpr auto describe(LoginLimitMail*) {
        return schema::object<LoginLimitMail>("LoginLimitMail", schema::field<&LoginLimitMail::name>("name"));
    }
};

// To a phone alone. The code is the secret of its notification.
struct PhoneCodeMessage {
    static constexpr auto kind = NotificationKind::phone_code;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::int32_t minutes = 0;

    [[nodiscard]] PhoneText text(const Writing& with) const;
    [[nodiscard]] static PhoneCodeMessage sample() { return {10}; }
    friend constexpr auto describe(PhoneCodeMessage*) {
        return schema::object<PhoneCodeMessage>("PhoneCodeMessage",
                                                schema::field<&PhoneCodeMessage::minutes>("minutes"));
    }
};

// Amounts as they are printed: "KES 1,234.50".
struct ReceiptLine {
    std::string name;
    std::string quantity;
    std::string amount;

    friend constexpr auto describe(ReceiptLine*) {
        return schema::object<ReceiptLine>("ReceiptLine", schema::field<&ReceiptLine::name>("name"),
                                           schema::field<&ReceiptLine::quantity>("quantity"),
                                           schema::field<&ReceiptLine::amount>("amount"));
    }
};
struct ReceiptMail {
    static constexpr auto kind = NotificationKind::receipt;
    static constexpr std::optional<MailList> list = MailList::receipts;
    std::string shop;
    std::string number;
    std::string at;
    std::vector<ReceiptLine> lines;
    std::int32_t further_lines = 0;  // of a very long receipt
    std::string tax;
    std::string total;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] PhoneText text(const Writing& with) const;
    [[nodiscard]] static ReceiptMail sample() {
        return {"Duka la Amani",
                "NRB1-03-001042",
                "2026-11-22 09:14",
                {{"Sugar 1kg", "1.5", "KES 225.00"}, {"Unga 2kg", "1", "KES 180.00"}},
                0,
                "KES 55.86",
                "KES 405.00"};
    }
    friend constexpr auto describe(ReceiptMail*) {
        return schema::object<ReceiptMail>(
            "ReceiptMail", schema::field<&ReceiptMail::shop>("shop"), schema::field<&ReceiptMail::number>("number"),
            schema::field<&ReceiptMail::at>("at"), schema::field<&ReceiptMail::lines>("lines"),
            schema::field<&ReceiptMail::further_lines>("furtherLines"), schema::field<&ReceiptMail::tax>("tax"),
            schema::field<&ReceiptMail::total>("total"));
    }
};

struct SummaryLine {
    std::string location;
    std::int64_t sales = 0;
    std::string total;

    friend constexpr auto describe(SummaryLine*) {
        return schema::object<SummaryLine>("SummaryLine", schema::field<&SummaryLine::location>("location"),
                                           schema::field<&SummaryLine::sales>("sales"),
                                           schema::field<&SummaryLine::total>("total"));
    }
};
struct DailySummaryMail {
    static constexpr auto kind = NotificationKind::daily_summary;
    static constexpr std::optional<MailList> list = MailList::daily_summary;
    std::string shop;
    std::string day;
    std::vector<SummaryLine> locations;
    std::int64_t sales = 0;
    std::string total;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static DailySummaryMail sample() {
        return {"Duka la Amani", "2026-11-22", {{"Westlands", 41, "KES 18,250.00"}}, 41, "KES 18,250.00"};
    }
    friend constexpr auto describe(DailySummaryMail*) {
        return schema::object<DailySummaryMail>(
            "DailySummaryMail", schema::field<&DailySummaryMail::shop>("shop"),
            schema::field<&DailySummaryMail::day>("day"), schema::field<&DailySummaryMail::locations>("locations"),
            schema::field<&DailySummaryMail::sales>("sales"), schema::field<&DailySummaryMail::total>("total"));
    }
};

struct LowStockLine {
    std::string name;
    std::string location;
    std::string on_hand;

    friend constexpr auto describe(LowStockLine*) {
        return schema::object<LowStockLine>("LowStockLine", schema::field<&LowStockLine::name>("name"),
                                            schema::field<&LowStockLine::location>("location"),
                                            schema::field<&LowStockLine::on_hand>("onHand"));
    }
};
struct LowStockMail {
    static constexpr auto kind = NotificationKind::low_stock;
    static constexpr std::optional<MailList> list = MailList::low_stock;
    std::string shop;
    std::vector<LowStockLine> items;
    std::int64_t further_items = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static LowStockMail sample() { return {"Duka la Amani", {{"Sugar 1kg", "Westlands", "3"}}, 0}; }
    friend constexpr auto describe(LowStockMail*) {
        return schema::object<LowStockMail>("LowStockMail", schema::field<&LowStockMail::shop>("shop"),
                                            schema::field<&LowStockMail::items>("items"),
                                            schema::field<&LowStockMail::further_items>("furtherItems"));
    }
};

struct FailedWorkLine {
    FailedWork work{};
    std::int64_t jobs = 0;

    friend constexpr auto describe(FailedWorkLine*) {
        return schema::object<FailedWorkLine>("FailedWorkLine", schema::field<&FailedWorkLine::work>("work"),
                                              schema::field<&FailedWorkLine::jobs>("jobs"));
    }
};
struct FailedJobsMail {
    static constexpr auto kind = NotificationKind::failed_jobs;
    static constexpr std::optional<MailList> list = MailList::failed_jobs;
    std::string shop;
    std::vector<FailedWorkLine> lines;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static FailedJobsMail sample() {
        return {"Duka la Amani", {{FailedWork::message, 1}, {FailedWork::sales_report, 3}}};
    }
    friend constexpr auto describe(FailedJobsMail*) {
        return schema::object<FailedJobsMail>("FailedJobsMail", schema::field<&FailedJobsMail::shop>("shop"),
                                              schema::field<&FailedJobsMail::lines>("lines"));
    }
};

enum class SecondFactorEvent : std::uint8_t { guessed, new_recovery_codes, recovery_code_used, removed, reset, set_up };
constexpr auto describe(SecondFactorEvent*) {
    return schema::enumeration<SecondFactorEvent>("SecondFactorEvent",
                                                  {{SecondFactorEvent::guessed, "guessed"},
                                                   {SecondFactorEvent::new_recovery_codes, "new_recovery_codes"},
                                                   {SecondFactorEvent::recovery_code_used, "recovery_code_used"},
                                                   {SecondFactorEvent::removed, "removed"},
                                                   {SecondFactorEvent::reset, "reset"},
                                                   {SecondFactorEvent::set_up, "set_up"}});
}

struct SecondFactorMail {
    static constexpr auto kind = NotificationKind::second_factor;
    static constexpr std::optional<MailList> list = std::nullopt;
    SecondFactorEvent event{};
    std::string name{};
    std::int32_t codes_left = 0;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static SecondFactorMail sample() {
        return {SecondFactorEvent::recovery_code_used, "Amina Otieno", 9};
    }
    friend constexpr auto describe(SecondFactorMail*) {
        return schema::object<SecondFactorMail>("SecondFactorMail", schema::field<&SecondFactorMail::event>("event"),
                                                schema::field<&SecondFactorMail::name>("name"),
                                                schema::field<&SecondFactorMail::codes_left>("codesLeft"));
    }
};

// The steps of the dunning plan (modules/billing/lifecycle.h), in its order.
enum class SubscriptionNotice : std::uint8_t { upcoming, due_tomorrow, due, overdue, grace, last_days, suspended };
constexpr auto describe(SubscriptionNotice*) {
    return schema::enumeration<SubscriptionNotice>("SubscriptionNotice",
                                                   {{SubscriptionNotice::upcoming, "upcoming"},
                                                    {SubscriptionNotice::due_tomorrow, "due_tomorrow"},
                                                    {SubscriptionNotice::due, "due"},
                                                    {SubscriptionNotice::overdue, "overdue"},
                                                    {SubscriptionNotice::grace, "grace"},
                                                    {SubscriptionNotice::last_days, "last_days"},
                                                    {SubscriptionNotice::suspended, "suspended"}});
}

// To the owners of a shop, about what it pays for this service.
struct SubscriptionMail {
    static constexpr auto kind = NotificationKind::subscription;
    static constexpr std::optional<MailList> list = std::nullopt;
    SubscriptionNotice notice{};
    std::string shop;
    std::string plan;
    std::string amount;
    std::string due_on;
    std::string suspended_on;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static SubscriptionMail sample() {
        return {SubscriptionNotice::overdue, "Duka la Amani", "Duka", "KES 1,500.00", "2026-12-01", "2026-12-15"};
    }
    friend constexpr auto describe(SubscriptionMail*) {
        return schema::object<SubscriptionMail>(
            "SubscriptionMail", schema::field<&SubscriptionMail::notice>("notice"),
            schema::field<&SubscriptionMail::shop>("shop"), schema::field<&SubscriptionMail::plan>("plan"),
            schema::field<&SubscriptionMail::amount>("amount"), schema::field<&SubscriptionMail::due_on>("dueOn"),
            schema::field<&SubscriptionMail::suspended_on>("suspendedOn"));
    }
};

// To the owners of a shop: nothing more is sent to an address of theirs.
struct WebhookDisabledMail {
    static constexpr auto kind = NotificationKind::webhook_disabled;
    static constexpr std::optional<MailList> list = std::nullopt;
    std::string shop;
    std::string url;
    bool has_gone = false;

    [[nodiscard]] mail::Content write(const Writing& with) const;
    [[nodiscard]] static WebhookDisabledMail sample() {
        return {"Duka la Amani", "https://example.com/hooks/shop", false};
    }
    friend constexpr auto describe(WebhookDisabledMail*) {
        return schema::object<WebhookDisabledMail>(
            "WebhookDisabledMail", schema::field<&WebhookDisabledMail::shop>("shop"),
            schema::field<&WebhookDisabledMail::url>("url"), schema::field<&WebhookDisabledMail::has_gone>("hasGone"));
    }
};

using Messages = std::tuple<DailySummaryMail, EmailChangeNewMail, EmailChangeOldMail, EmailChangedMail, EmailVerifyMail,
                            FailedJobsMail, InviteMail, LoginLimitMail, LowStockMail, NewLoginMail, PasswordChangedMail,
                            PasswordResetMail, PhoneCodeMessage, ReceiptMail, SecondFactorMail, SubscriptionMail,
                            WebhookDisabledMail>;

// A message by its kind.
struct MessageType {
    NotificationKind kind;
    std::optional<MailList> list;  // none: of an account's safety, which nobody unsubscribes from
    // Throw std::logic_error for values that this release cannot read. nullptr: it goes by no mail, to no phone.
    mail::Content (*write)(std::string_view given, const Writing& with);
    PhoneText (*text)(std::string_view given, const Writing& with);
    std::string (*sample)();  // values, as JSON
};
[[nodiscard]] const MessageType& message_type(NotificationKind kind);
[[nodiscard]] std::span<const MessageType> message_types();

// What proves something of a person's account, which belongs to no tenant: never by a tenant's own account, whose log its owner reads.
[[nodiscard]] constexpr bool leaves_by_service(NotificationKind kind) { return kind == NotificationKind::phone_code; }

[[nodiscard]] constexpr mail::Language language_of(Locale locale) {
    return locale == Locale::swahili ? mail::Language::swahili : mail::Language::english;
}

}  // namespace pos
