#pragma once
// How providers are called: once. None of them knows a message by our id, so that nothing may be repeated. Internal.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "client/target.h"

namespace sms {

// `base_url`: of a simulator, or "".
inline client::Target provider_target(std::string name, const std::string& base_url, std::string_view theirs,
                                      client::Auth auth) {
    return {.name = std::move(name),
            .base_url = base_url.empty() ? std::string(theirs) : base_url,
            .auth = std::move(auth),
            .deadlines = {.first_byte = std::chrono::seconds(30), .whole = std::chrono::seconds(45)},
            .concurrency = 16,
            .retry = {.attempts = 1}};
}

}  // namespace sms
