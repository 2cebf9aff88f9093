#include "sms/callback.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/text.h"
#include "sms/provider_callbacks.h"

namespace sms {

namespace {

constexpr std::size_t longest_text = 4'096;
constexpr std::size_t longest_wish = 24;

constexpr auto stops =
    std::to_array<std::string_view>({"STOP", "STOPALL", "STOPPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT",
                                     "REVOKE", "ACHA", "SIMAMISHA", "SITAKI", "ONDOA", "JIONDOE"});
constexpr auto starts =
    std::to_array<std::string_view>({"START", "UNSTOP", "YES", "SUBSCRIBE", "OPTIN", "ANZA", "JIUNGE"});

struct Read {
    const CallbackRequest& request;

    ReadCallback operator()(const CaptureAccount& /*account*/) const {
        return not_proven("the capture transport calls nobody back");
    }
    ReadCallback operator()(const AfricasTalkingAccount& account) const {
        return read_africastalking_callback(account, request);
    }
    ReadCallback operator()(const TwilioAccount& account) const { return read_twilio_callback(account, request); }
    ReadCallback operator()(const WhatsappAccount& account) const { return read_whatsapp_callback(account, request); }
};

constexpr auto names = std::to_array<std::pair<Delivery, std::string_view>>({
    {Delivery::unknown, "unknown"},
    {Delivery::queued, "queued"},
    {Delivery::sent, "sent"},
    {Delivery::failed, "failed"},
    {Delivery::expired, "expired"},
    {Delivery::delivered, "delivered"},
    {Delivery::read, "read"},
});

}  // namespace

std::string_view to_string(Delivery delivery) {
    const auto* const found = std::ranges::find(names, delivery, [](const auto& one) { return one.first; });
    return found == names.end() ? "unknown" : found->second;
}

std::optional<Delivery> delivery_of(std::string_view text) {
    const auto* const found = std::ranges::find(names, text, [](const auto& one) { return one.second; });
    if (found == names.end()) return std::nullopt;
    return found->first;
}

Delivery advance(Delivery known, Delivery news) {
    if (known == Delivery::delivered && news == Delivery::read) return news;
    if (is_final(known)) return known;
    return std::max(known, news);
}

Wish wish_of(std::string_view text) {
    if (text.size() > longest_text) return Wish::none;
    auto word = base::letters_and_digits(text);
    if (word.size() > longest_wish) return Wish::none;
    base::ascii_upper(word);
    if (std::ranges::find(stops, word) != stops.end()) return Wish::stop;
    return std::ranges::find(starts, word) != starts.end() ? Wish::start : Wish::none;
}

ReadCallback not_proven(std::string detail) {
    return std::unexpected(CallbackRefusal{.status = 403, .detail = std::move(detail)});
}
ReadCallback not_understood(std::string detail) {
    return std::unexpected(CallbackRefusal{.status = 400, .detail = std::move(detail)});
}

std::string incoming_text(std::string_view text) {
    if (!base::is_utf8(text)) return {};
    auto most = std::min(text.size(), longest_text);
    while (most < text.size() && most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) --most;
    std::string kept(text.substr(0, most));
    std::erase(kept, '\0');
    return kept;
}

std::expected<Callback, CallbackRefusal> read_callback(const Account& account, const CallbackRequest& request) {
    return std::visit(Read{request}, account);
}

}  // namespace sms
