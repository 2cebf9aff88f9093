#include "mail/http_provider.h"

#include <fmt/format.h>

namespace mail {

namespace {

// 504 and 408: somebody gave up waiting for an answer. What the other 5xx say has not been taken (both providers ask to try again).
SendResult judge_status(int status, const ProviderFault& fault) {
    if (status == 504 || status == 408) return {.outcome = Outcome::unknown};
    if (status == 429 || status >= 500) return {.outcome = Outcome::refused_for_now, .whose = Reason::sender};
    if (status == 413) return {.outcome = Outcome::refused, .whose = Reason::message};
    if (status == 400 || status == 422) return {.outcome = Outcome::refused, .whose = fault.whose};
    // 401, 402, 403, 404: a key, a bill, an address that may not send, a domain.
    return {.outcome = Outcome::refused, .whose = Reason::sender};
}

}  // namespace

SendResult judge(const client::Error& error, const ProviderFault& fault) {
    if (error.outcome == client::Outcome::unknown) return {.outcome = Outcome::unknown, .reply = error.detail};
    if (error.outcome == client::Outcome::not_sent)
        return {.outcome = Outcome::refused_for_now, .whose = Reason::sender, .reply = error.detail};
    auto result = judge_status(error.status, fault);
    result.reply = fmt::format("{} {}", error.status, fault.text.empty() ? error.detail : fault.text);
    return result;
}

}  // namespace mail
