#include "payments/mpesa/messages.h"

#include "base/strings.h"
#include "payments/mpesa/values.h"

namespace payments::mpesa {

namespace {

constexpr std::size_t reference_length = 12;
constexpr std::size_t description_length = 13;
constexpr std::string_view no_reference = "Payment";

bool is_taken(char c) {
    const char small = base::ascii_lower(c);
    return (small >= 'a' && small <= 'z') || base::is_ascii_digit(c) || c == ' ' || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::string password(std::string_view short_code, std::string_view passkey, std::string_view timestamp) {
    return base::base64_encode(std::string(short_code).append(passkey).append(timestamp));
}

std::string cleaned(std::string_view text, std::size_t most) {
    std::string clean;
    for (const char c : text) {
        if (is_taken(c)) clean += c;
    }
    return std::string(base::trim(std::string(base::trim(clean)).substr(0, most)));
}

std::string shown_reference(std::string_view reference) {
    auto shown = cleaned(reference, reference_length);
    return shown.empty() ? std::string(no_reference) : shown;
}

StkPush prompt_of(const Credentials& credentials, const StartRequest& request, const std::string& callback_url,
                  base::Timestamp now) {
    const auto timestamp = compact_time(now);
    auto reference = shown_reference(request.reference);
    auto description = cleaned(request.description, description_length);
    if (description.empty()) description = reference;
    const bool is_buy_goods = credentials.kind == Kind::buy_goods;
    return {.short_code = credentials.short_code,
            .password = password(credentials.short_code, credentials.passkey.value_or(""), timestamp),
            .timestamp = timestamp,
            .type = is_buy_goods ? "CustomerBuyGoodsOnline" : "CustomerPayBillOnline",
            .amount = std::to_string(request.amount.minor / 100),
            .party_a = request.phone,
            .party_b = credentials.receiver(),
            .phone = request.phone,
            .callback_url = callback_url,
            .reference = std::move(reference),
            .description = std::move(description)};
}

StkQuery query_of(const Credentials& credentials, const std::string& checkout_id, base::Timestamp now) {
    const auto timestamp = compact_time(now);
    return {.short_code = credentials.short_code,
            .password = password(credentials.short_code, credentials.passkey.value_or(""), timestamp),
            .timestamp = timestamp,
            .checkout_id = checkout_id};
}

}  // namespace payments::mpesa
