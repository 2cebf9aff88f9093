#pragma once
// SMS and WhatsApp: a shop's own accounts and limit, what was spent and counted, and what providers and people have told us.

#include "pos/modules/notifications/tables.h"

namespace pos {

using MessageAccountId = base::Id<struct MessageAccountTag>;

namespace errors {
inline constexpr base::ErrorCode sms_off{"sms.off", 503, false, base::Action::contact,
                                         "This service sends no messages of this kind: no provider is set"};
inline constexpr auto sms_not_sent_there =
    base::invalid("sms.not_sent_there", "No messages are sent to numbers of this country");
inline constexpr auto sms_not_mobile =
    base::invalid("sms.not_mobile", "This number is of no mobile phone: it gets no messages");
inline constexpr base::ErrorCode sms_number_limit{"sms.number_limit", 429, false, base::Action::contact,
                                                  "This number has got as many messages as it may today"};
inline constexpr base::ErrorCode sms_source_limit{"sms.source_limit", 429, false, base::Action::contact,
                                                  "As many messages as may be were asked for from this address today"};
inline constexpr base::ErrorCode sms_spending_limit{"sms.spending_limit", 429, false, base::Action::contact,
                                                    "What may be spent on messages today is spent"};
// Of a route that sends a message to a phone.
inline constexpr base::ErrorCode of_phone_messages[] = {sms_off,          sms_not_mobile,   sms_not_sent_there,
                                                        sms_number_limit, sms_source_limit, sms_spending_limit};
}  // namespace errors

enum class MessageProvider : std::uint8_t { africastalking, twilio, whatsapp };
constexpr auto describe(MessageProvider*) {
    return schema::enumeration<MessageProvider>("MessageProvider", {{MessageProvider::africastalking, "africastalking"},
                                                                    {MessageProvider::twilio, "twilio"},
                                                                    {MessageProvider::whatsapp, "whatsapp"}});
}

// A tenant's own account at a provider, one for each channel. Without one the service's own is used.
struct MessageAccount {
    Channel channel{};
    MessageAccountId id;  // in the URL of its callbacks
    std::string provider;
    std::string shown;
    schema::Bytes credentials;  // sealed
    base::Timestamp created_at;
    base::Timestamp updated_at;

    friend constexpr auto describe(MessageAccount*) {
        using schema::field;
        return schema::object<MessageAccount>(
            "MessageAccount", field<&MessageAccount::channel>("channel"), field<&MessageAccount::id>("id"),
            field<&MessageAccount::provider>("provider", {.one_of = &schema::type_of<MessageProvider>}),
            field<&MessageAccount::shown>("shown", {.doc = "What tells it from others: part of its name."}),
            field<&MessageAccount::credentials>("credentials", {.internal = true}),
            field<&MessageAccount::created_at>("createdAt"), field<&MessageAccount::updated_at>("updatedAt"));
    }
};

// What a tenant lets itself spend a day. No row: what the service lets it.
struct MessageLimit {
    base::Money daily_limit;

    friend constexpr auto describe(MessageLimit*) {
        return schema::object<MessageLimit>("MessageLimit", schema::field<&MessageLimit::daily_limit>("dailyLimit"));
    }
};

// Of a day (UTC): taken before a message is sent, given back where it was refused for good.
struct MessageSpending {
    base::Date day;
    std::int64_t messages = 0;
    std::int64_t spent_millionths = 0;

    friend constexpr auto describe(MessageSpending*) {
        return schema::object<MessageSpending>("MessageSpending", schema::field<&MessageSpending::day>("day"),
                                               schema::field<&MessageSpending::messages>("messages"),
                                               schema::field<&MessageSpending::spent_millionths>("spentMillionths"));
    }
};

// How many messages went to a number, or were asked for from an address, on a day: of all tenants together.
struct MessageCount {
    std::string subject;  // "number +254712345678", "number +254712345678 for codes", "source 192.0.2.1" (charges.h)
    base::Date day;
    std::int32_t messages = 0;

    friend constexpr auto describe(MessageCount*) {
        return schema::object<MessageCount>(
            "MessageCount", schema::field<&MessageCount::subject>("subject", {.text = schema::Text::raw}),
            schema::field<&MessageCount::day>("day"), schema::field<&MessageCount::messages>("messages"));
    }
};

// What a person has last said: STOP, or START again. `scope` is the tenant whose own account it was said to; the nil UUID: the
// service's. Of two that come out of order the later one counts.
struct PhoneWish {
    base::Uuid scope;
    std::string phone;
    bool is_opted_out = false;
    base::Timestamp at;

    friend constexpr auto describe(PhoneWish*) {
        return schema::object<PhoneWish>("PhoneWish", schema::field<&PhoneWish::scope>("scope"),
                                         schema::field<&PhoneWish::phone>("phone", {.text = schema::Text::identifier}),
                                         schema::field<&PhoneWish::is_opted_out>("isOptedOut"),
                                         schema::field<&PhoneWish::at>("at"));
    }
};

// When a person has last written to a WhatsApp number of ours: free text is taken for a day.
struct WhatsappWindow {
    base::Uuid scope;
    std::string phone;
    base::Timestamp written_at;

    friend constexpr auto describe(WhatsappWindow*) {
        return schema::object<WhatsappWindow>(
            "WhatsappWindow", schema::field<&WhatsappWindow::scope>("scope"),
            schema::field<&WhatsappWindow::phone>("phone", {.text = schema::Text::identifier}),
            schema::field<&WhatsappWindow::written_at>("writtenAt"));
    }
};

// A delivery report whose message is not known yet: it came before the send's reply, or its message's reply was lost.
struct ParkedReport {
    std::string provider;
    std::string provider_id;
    std::string delivery;
    std::optional<std::string> recipient;
    schema::Json report;  // MessageReport (reports.h)
    base::Uuid scope;
    base::Timestamp received_at;

    friend constexpr auto describe(ParkedReport*) {
        using schema::field;
        return schema::object<ParkedReport>(
            "ParkedReport", field<&ParkedReport::provider>("provider", {.text = schema::Text::raw}),
            field<&ParkedReport::provider_id>("providerId", {.text = schema::Text::raw}),
            field<&ParkedReport::delivery>("delivery", {.text = schema::Text::raw}),
            field<&ParkedReport::recipient>("recipient"), field<&ParkedReport::report>("report"),
            field<&ParkedReport::scope>("scope"), field<&ParkedReport::received_at>("receivedAt"));
    }
};

namespace tables {
inline constexpr auto message_accounts =
    db::tenant_table<MessageAccount>("message_accounts", db::primary_key<&MessageAccount::channel>(),
                                     // Before a tenant is known.
                                     db::expression_index("message_accounts_by_id", "btree", "id"));
inline constexpr auto message_limits =
    db::tenant_table<MessageLimit>("message_limits", db::primary_key<>(),
                                   db::check("message_limits_size", "daily_limit >= 0", db::errors::value_refused));
// Checks in whose names charge_message() refuses (charges.h).
inline constexpr auto message_spending = db::tenant_table<MessageSpending>(
    "message_spending", db::primary_key<&MessageSpending::day>(),
    db::check("message_spending_limit", "spent_millionths >= 0", errors::sms_spending_limit));
inline constexpr auto message_counts =
    db::system_table<MessageCount>("message_counts", db::primary_key<&MessageCount::subject, &MessageCount::day>(),
                                   db::check("message_counts_number", "messages > 0", errors::sms_number_limit),
                                   db::check("message_counts_source", "messages >= 1", errors::sms_source_limit),
                                   db::index<&MessageCount::day>("message_counts_age"));
inline constexpr auto phone_wishes =
    db::system_table<PhoneWish>("phone_wishes", db::primary_key<&PhoneWish::scope, &PhoneWish::phone>());
inline constexpr auto whatsapp_windows = db::system_table<WhatsappWindow>(
    "whatsapp_windows", db::primary_key<&WhatsappWindow::scope, &WhatsappWindow::phone>(),
    db::index<&WhatsappWindow::written_at>("whatsapp_windows_age"));
inline constexpr auto parked_reports = db::system_table<ParkedReport>(
    "parked_reports", db::primary_key<&ParkedReport::provider, &ParkedReport::provider_id, &ParkedReport::delivery>(),
    db::index<&ParkedReport::received_at>("parked_reports_age"));
}  // namespace tables

}  // namespace pos
