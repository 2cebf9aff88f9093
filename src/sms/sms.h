#pragma once
// Transport: who takes a short message, by SMS or WhatsApp, and what became of it for each recipient. Loop's thread only.
//
//     auto results = co_await transport->send({.id = id, .to = {"0712 345 678"}, .text = text}, async::Loop::now() + 30s);
//     switch (results.front().outcome) {
//         case sms::Outcome::accepted: …          // provider_id: delivery reports name it (sms/callback.h)
//         case sms::Outcome::refused_for_now: …   // nothing was sent: later again, not before retry_after
//         case sms::Outcome::refused: …           // never again; `instead` says what may be tried in its place
//         case sms::Outcome::unknown: …           // it may have been sent. No provider knows a message by our id: it is not sent again
//         case sms::Outcome::withdrawn: …         // somebody else sends it
//     }
//
// It outlives its sends. One result for each of `to`, in its order. Two spellings of one number are one message: the later result has
// `same_as`, and no cost.
// What can go wrong is a value; send() throws for faults of the program alone, and what `confirm` throws.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/uuid.h"
#include "sms/cost.h"

namespace sms {

class Pace;

enum class Channel : std::uint8_t { sms, whatsapp };

// Of WhatsApp: a text that Meta has approved, and what stands in its places. Outside of the 24 hours after a person's last message
// (whatsapp_window) nothing else may be sent.
struct Template {
    std::string name;
    std::string language;               // as approved: "en" is not "en_US"
    std::vector<std::string> values{};  // {{1}}, {{2}} … of its body: one line each, none empty
    std::string button{};               // what the URL of its first button ends with; "": it has none
    bool is_code = false;  // an authentication template: values has the code alone, which its button copies
};

struct OutgoingMessage {
    base::Uuid id;                // ours: nil is refused
    std::vector<std::string> to;  // any spelling (schema/phone.h); at most most_recipients
    std::string text{};           // "" with a template; of WhatsApp also *bold* and the like are Meta's
    std::optional<Template> whatsapp_template{};
    std::string
        callback_url{};  // whole, without query: where Twilio reports to; others are told once, in their consoles
    std::chrono::seconds
        valid_for{};  // a provider that still holds it then drops it, where it can; 0: as the provider likes
    // Asked right before anything leaves, of a batch before each part of it; false: what has not left yet is withdrawn.
    std::function<async::Task<bool>()> confirm{};
};

enum class Outcome : std::uint8_t { accepted, refused_for_now, refused, unknown, withdrawn };
// Whose reason a refusal has: the recipient's number, our account (key, balance, sender, connection), the message (or that it goes to
// this number from this sender).
enum class Reason : std::uint8_t { none, recipient, sender, message };
// What may be sent in place of what was refused for good: the template in place of a text, an SMS in place of WhatsApp.
enum class Instead : std::uint8_t { nothing, whatsapp_template, sms };

[[nodiscard]] std::string_view to_string(Channel channel);
[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::string_view to_string(Reason reason);

struct SendResult {
    Outcome outcome = Outcome::unknown;
    Reason whose = Reason::none;
    Instead instead = Instead::nothing;
    bool is_opted_out = false;   // the recipient has told the provider to stop: keep it
    std::string to{};            // E.164; "": the number was none
    std::string provider_id{};   // what the taker calls the message
    std::string code{};          // the provider's ("402", "21610", "131026"), or ours ("timeout", "too_long")
    std::string reply{};         // what it said, for people: no secret of ours, numbers masked
    std::optional<Cost> cost{};  // where the provider says it at once
    std::optional<std::chrono::milliseconds> retry_after{};
    std::optional<std::size_t> same_as{};  // the earlier index in `to` with the same number
};

// Of a number in E.164: false where it is known to be a landline or a service (of Kenya alone), which is sent nothing.
[[nodiscard]] bool is_mobile(std::string_view number);

class Transport {
public:
    virtual ~Transport() = default;
    [[nodiscard]] virtual std::string_view name()
        const = 0;  // "africastalking", "twilio", "whatsapp", "capture": logs and rows
    [[nodiscard]] virtual Channel channel() const = 0;

    [[nodiscard]] async::Task<std::vector<SendResult>> send(OutgoingMessage message, async::SteadyTime deadline);

protected:
    // Without a pace: as fast as it goes.
    Transport(async::Loop* loop, std::shared_ptr<Pace> pace) : loop_(loop), pace_(std::move(pace)) {}

    // What one call of the provider takes.
    [[nodiscard]] virtual std::size_t most_at_once() const { return 1; }
    // Numbers that are E.164, each once, at most most_at_once(); a result for each, in order.
    [[nodiscard]] virtual async::Task<std::vector<SendResult>> deliver(const OutgoingMessage* message,
                                                                       std::vector<std::string> to,
                                                                       async::SteadyTime deadline) = 0;

private:
    // nullopt: it is the turn of `count` messages, and nobody wants to keep them back.
    [[nodiscard]] async::Task<std::optional<SendResult>> wait_for_turn(const OutgoingMessage* message,
                                                                       std::size_t count, async::SteadyTime deadline);

    async::Loop* loop_;
    std::shared_ptr<Pace> pace_;
};

inline constexpr std::size_t most_recipients = 1'000;
// Meta's own window, less what a message takes to get there.
inline constexpr std::chrono::minutes whatsapp_window{24 * 60 - 5};

}  // namespace sms
