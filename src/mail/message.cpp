#include "mail/message.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/strings.h"
#include "mail/one_line.h"

namespace mail {

namespace {

constexpr std::size_t max_message_id_bytes = 300;  // a domain may have 253
constexpr std::size_t max_header_name_bytes = 50;

// What render() writes, what servers write, and what must not leave the house.
constexpr auto reserved = std::to_array<std::string_view>({"from",
                                                           "sender",
                                                           "reply-to",
                                                           "to",
                                                           "cc",
                                                           "bcc",
                                                           "subject",
                                                           "date",
                                                           "message-id",
                                                           "in-reply-to",
                                                           "references",
                                                           "list-unsubscribe",
                                                           "list-unsubscribe-post",
                                                           "auto-submitted",
                                                           "x-priority",
                                                           "importance",
                                                           "mime-version",
                                                           "dkim-signature",
                                                           "received",
                                                           "return-path",
                                                           "delivered-to",
                                                           "authentication-results"});
constexpr auto reserved_families = std::to_array<std::string_view>({"content-", "resent-", "arc-"});

bool is_field_name(std::string_view name) {
    return !name.empty() && name.size() <= max_header_name_bytes &&
           std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7F && c != ':'; });
}

std::vector<const std::vector<Address>*> recipient_lists(const Message& message) {
    return {&message.to, &message.cc, &message.bcc};
}

}  // namespace

std::optional<MessageId> MessageId::parse(std::string_view text) {
    if (text.size() < 5 || text.size() > max_message_id_bytes || !text.starts_with('<') || !text.ends_with('>')) {
        return std::nullopt;
    }
    const std::string_view inside = text.substr(1, text.size() - 2);
    const std::size_t at = inside.find('@');
    const bool is_plain =
        std::ranges::all_of(inside, [](char c) { return c > 0x20 && c < 0x7F && c != '<' && c != '>'; });
    if (!is_plain || at == 0 || at == std::string_view::npos || at + 1 == inside.size()) return std::nullopt;
    return MessageId(std::string(text));
}

Header::Header(std::string_view name, std::string_view value) : name_(name), value_(one_line(value)) {
    const std::string lower = base::ascii_lower(name);
    if (!is_field_name(name)) throw std::invalid_argument("mail::Header: malformed name '" + one_line(name) + "'");
    if (std::ranges::find(reserved, lower) != reserved.end() ||
        std::ranges::any_of(reserved_families, [&](std::string_view family) { return lower.starts_with(family); })) {
        throw std::invalid_argument("mail::Header: " + lower +
                                    " is a member of mail::Message, or is written by servers");
    }
}

std::vector<Address> recipients(const Message& message) {
    std::vector<Address> all;
    for (const auto* list : recipient_lists(message)) {
        for (const Address& address : *list) {
            if (std::ranges::find(all, address.mailbox(), &Address::mailbox) == all.end()) all.push_back(address);
        }
    }
    return all;
}

MessageId message_id(const Message& message) {
    return *MessageId::parse("<" + message.id.to_string() + "@" + message.from.domain() + ">");
}

bool needs_smtputf8(const Message& message) {
    const auto needs = [](const Address& address) { return address.needs_smtputf8(); };
    return needs(message.from) || (message.sender && needs(*message.sender)) ||
           std::ranges::any_of(message.reply_to, needs) ||
           std::ranges::any_of(recipient_lists(message),
                               [&](const auto* list) { return std::ranges::any_of(*list, needs); });
}

}  // namespace mail
