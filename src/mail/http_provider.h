#pragma once
// What providers that speak HTTP have in common: what an error of the call means for the mail. Internal.

#include <functional>
#include <string>

#include "client/outcome.h"
#include "mail/transport.h"

namespace mail {

// What a refusal by 400 says; the other statuses mean the same everywhere.
struct ProviderFault {
    Reason whose = Reason::message;
    std::string text{};
};

[[nodiscard]] SendResult judge(const client::Error& error, const ProviderFault& fault);
// Where a loop's calls of a provider go.
inline constexpr std::size_t provider_concurrency = 8;

}  // namespace mail
