#pragma once
// What providers tell afterwards: delivery reports and messages of people, proven before they are believed. Pure; any thread.
//
//     const auto callback = sms::read_callback(account, {.method = "POST", .url = public_url, .bytes = body, .headers = &headers});
//     if (!callback) co_return answer(callback.error().status);         // 403, 400: nothing of it is believed
//     for (const auto& report : callback->reports) …                    // may come before send() has ended, twice, out of order:
//     …                                                                 //   row.delivery = sms::advance(row.delivery, report.delivery)
//     for (const auto& message : callback->messages) …                  // message.wish: STOP and START
//     co_return answer(callback->status, callback->reply_type, callback->reply);
//
// Twilio signs URL and parameters (HMAC-SHA1), Meta the raw bytes (HMAC-SHA256), Africa's Talking nothing: its URL ends in a secret.

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/headers.h"
#include "sms/account.h"
#include "sms/cost.h"
#include "sms/sms.h"

namespace sms {

enum class Delivery : std::uint8_t {
    unknown,    // nothing has been told
    queued,     // the provider holds it
    sent,       // the network has it
    failed,     // it did not arrive, and will not
    expired,    // nobody could be reached in time
    delivered,  // the device has it
    read,       // WhatsApp
};
[[nodiscard]] std::string_view to_string(Delivery delivery);
[[nodiscard]] std::optional<Delivery> delivery_of(std::string_view text);
[[nodiscard]] constexpr bool is_final(Delivery delivery) { return delivery >= Delivery::failed; }
// Never back: `delivered` may become `read`; failed, expired and delivered stay what they are otherwise.
[[nodiscard]] Delivery advance(Delivery known, Delivery news);

struct DeliveryReport {
    std::string provider_id;
    std::string to{};  // E.164; "": not told
    Delivery delivery = Delivery::unknown;
    Reason whose = Reason::none;         // of failed
    Instead instead = Instead::nothing;  // of failed: the template, or an SMS, once
    bool is_opted_out = false;
    std::string code{};
    std::string text{};  // for people
    std::optional<base::Timestamp> at{};
};

enum class Wish : std::uint8_t { none, stop, start };
// STOP, START and their like in English and Swahili, alone in a message, whatever their case.
[[nodiscard]] Wish wish_of(std::string_view text);

struct IncomingMessage {
    std::string provider_id{};  // "": an opt-out that was made at the provider
    std::string from;           // E.164
    std::string to{};           // our number or sender, as the provider writes it
    std::string text{};         // at most 4,096 bytes
    Wish wish = Wish::none;
    std::optional<base::Timestamp> at{};  // opens the WhatsApp window
};

struct CallbackRequest {
    std::string_view method = "POST";
    // As the provider was given it: made of the public address in the settings, never of Host or X-Forwarded-*; with its query.
    std::string_view url;
    std::string_view path_token{};  // the last part of the path, where the account has a callback_token
    std::string_view bytes{};
    const http::Headers* headers = nullptr;
};

struct Callback {
    std::vector<DeliveryReport> reports{};
    std::vector<IncomingMessage> messages{};
    int status = 200;
    std::string reply{};
    std::string reply_type = "text/plain";
};
struct CallbackRefusal {
    int status = 403;      // 403: not proven; 400: proven, and not understood
    std::string detail{};  // for the log
};

// Also Meta's GET that asks whether the URL is ours. An account of the capture transport proves nothing, and gets 403.
[[nodiscard]] std::expected<Callback, CallbackRefusal> read_callback(const Account& account,
                                                                     const CallbackRequest& request);

}  // namespace sms
