#pragma once
// What providers' codes mean, row by row as they document them; the tests have each. Internal.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/outcome.h"
#include "sms/sms.h"

namespace sms {

struct Verdict {
    Outcome outcome = Outcome::refused;
    Reason whose = Reason::sender;
    bool is_opted_out = false;
    std::optional<std::chrono::milliseconds> retry_after{};
};

// Of a recipient in Africa's Talking's reply. nullopt: a code that nobody documents.
[[nodiscard]] std::optional<Verdict> africastalking_verdict(std::string_view status_code);
// "UserInBlackList": of a delivery report.
[[nodiscard]] Reason africastalking_reason(std::string_view failure_reason);

// `code` of an error body, and ErrorCode of a report.
[[nodiscard]] std::optional<Verdict> twilio_verdict(std::int64_t code);

[[nodiscard]] std::optional<Verdict> whatsapp_verdict(std::int64_t code);
// What may be sent instead, after a refusal for good or a report of failure.
[[nodiscard]] Instead whatsapp_instead(std::int64_t code, bool was_template);

// An error of the call whose body says nothing that we know: by its HTTP status, or by what is known of the connection.
[[nodiscard]] SendResult judge(const client::Error& error);
[[nodiscard]] SendResult result_of(const Verdict& verdict, std::string code, std::string reply);

}  // namespace sms
