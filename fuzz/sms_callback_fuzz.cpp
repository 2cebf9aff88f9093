// Callbacks of messages as a stranger, or a provider that has changed, sends them. The first byte chooses the provider. As they came they are
// never believed; signed by us, what is kept of them is short, whole UTF-8, and numbers have their one form. The rest is read as a number of a
// phone, as a text whose parts are counted, as a tariff, and as the reply of a provider.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/strings.h"
#include "schema/phone.h"
#include "sms/africastalking_transport.h"
#include "sms/callback.h"
#include "sms/parts.h"
#include "sms/signatures.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

constexpr std::string_view url = "https://api.example/callbacks?x=1";
constexpr std::string_view token = "token-token-token-token";

const sms::Account& account_of(int provider) {
    static const sms::Account africastalking = sms::AfricasTalkingAccount{
        .username = "amani", .api_key = "k", .sender = "", .callback_token = std::string(token)};
    static const sms::Account twilio = sms::TwilioAccount{.account_sid = "AC0123456789abcdef0123456789abcdef",
                                                          .auth_token = "12345",
                                                          .previous_auth_token = "",
                                                          .api_key_sid = "",
                                                          .api_key_secret = "",
                                                          .sender = "x"};
    static const sms::Account whatsapp = sms::WhatsappAccount{
        .phone_number_id = "106540352242922", .token = "t", .app_secret = "app_secret", .verify_token = "v"};
    return provider == 0 ? africastalking : provider == 1 ? twilio : whatsapp;
}

bool is_short(std::string_view text, std::size_t most) { return text.size() <= most && base::is_utf8(text); }
bool is_number(const std::string& text) { return schema::normalise_phone(text) == text; }

void check(const sms::Callback& callback) {
    require(is_short(callback.reply, 200));
    for (const auto& report : callback.reports) {
        require(!report.provider_id.empty() && is_short(report.provider_id, 255));
        require(report.to.empty() || is_number(report.to));
        require(report.delivery != sms::Delivery::unknown);
        require(is_short(report.code, 255) && is_short(report.text, 500));
        require(sms::advance(report.delivery, sms::Delivery::queued) == report.delivery);
    }
    for (const auto& message : callback.messages) {
        require(is_number(message.from) && is_short(message.to, 80));
        require(is_short(message.text, 4'096) && message.text.find('\0') == std::string::npos);
    }
}

http::Headers signed_headers(int provider, std::string_view body) {
    http::Headers headers;
    if (provider == 1) {
        const auto form = schema::parse_urlencoded(body);
        headers.set("X-Twilio-Signature", sms::twilio_signature("12345", url, form ? *form : schema::FormPairs{}));
    } else {
        const auto digest = base::hmac_sha256("app_secret", body);
        headers.set("X-Hub-Signature-256", "sha256=" + base::hex_encode(base::as_chars(digest)));
    }
    return headers;
}

void check_callback(int provider, std::string_view body) {
    const http::Headers none;
    const auto& account = account_of(provider);
    require(!sms::read_callback(account, {.url = url, .path_token = "another", .bytes = body, .headers = &none}));
    const auto headers = signed_headers(provider, body);
    const auto read =
        sms::read_callback(account, {.url = url, .path_token = token, .bytes = body, .headers = &headers});
    if (read) check(*read);
}

void check_text(std::string_view text) {
    const auto measure = sms::measure(text);
    require((measure.parts == 0) == text.empty() && measure.units <= 2 * text.size());
    require(sms::measure(sms::plain(text)).units <= 3 * text.size());
    if (base::is_utf8(text)) require(base::is_utf8(sms::plain(text)));
    if (const auto number = schema::normalise_phone(text)) require(is_number(*number));
    static_cast<void>(sms::wish_of(text));
    const auto tariff = sms::Tariff::parse(text);
    if (!tariff) return;
    if (const auto cost = tariff->cost_of("+254712345678", 1)) require(sms::Cost::parse(cost->to_string()) == cost);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
    check_callback(data[0] % 3, input);
    check_text(input);
    for (const auto& result : sms::read_africastalking_reply(input, {"+254712345678"}))
        require(is_short(result.provider_id, 255) && is_short(result.reply, 400) && is_short(result.code, 255));
    return 0;
}
