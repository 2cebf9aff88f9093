#pragma once
// Target: a service that we call, configured once: where it is, who we are there, how long it may take and how much of it we use at
// once. A value; the Client of each loop keeps what has to be counted, under the target's name.
//
//     const client::Target geocoder{.name = "geocoder",                                  // in logs and metrics
//                                   .base_url = "https://api.example.com/v1",
//                                   .auth = client::Bearer{settings.geocoder_token},
//                                   .deadlines = {.whole = 5s}};
//
// Numbers are limits for each loop. A target without a base URL is called by whole URLs, which are somebody else's (webhooks): each is
// judged by UrlGuard (client/guard.h), and each redirect.

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/guard.h"

namespace client {

struct Basic {
    std::string user;
    std::string password;
};
struct Bearer {
    std::string token;
};
// `X-Api-Key: …`
struct SecretHeader {
    std::string name;
    std::string value;
};
using Auth = std::variant<std::monostate, Basic, Bearer, SecretHeader>;

// `whole` holds whatever happens: waiting for a place, retries and their pauses included.
struct Deadlines {
    std::chrono::milliseconds connect{3'000};  // name, TCP and TLS
    std::chrono::milliseconds first_byte{10'000};
    std::chrono::milliseconds whole{30'000};
};

// Of calls that may be repeated (Call::repeatable), and of those that were not sent.
struct RetryRule {
    std::uint32_t attempts = 3;  // with the first one; 1: none
    std::chrono::milliseconds base{200};
    std::chrono::milliseconds cap{5'000};  // of one pause; a server that asks for more is not asked again by this call
};

// Of the last 10 s: when at least `least` calls ended and this share of them failed, calls fail at once for `pause`; then one is let
// through to try.
struct BreakerRule {
    double failing = 0.5;  // above 1: never
    std::uint32_t least = 10;
    std::chrono::milliseconds pause{5'000};
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Target {
    std::string name;
    std::string base_url{};
    Auth auth{};
    HeaderList headers{};  // of every call
    Deadlines deadlines{};
    std::size_t concurrency = 32;
    std::size_t queue = 256;  // calls that wait for a place; beyond, they fail at once
    RetryRule retry{};
    BreakerRule breaker{};
    std::size_t max_reply_bytes = std::size_t{1} << 20U;  // on the wire, and after decompression
    std::uint32_t redirects = 0;                          // that are followed
    bool hides_path = false;                              // paths hold secrets: they are not logged
    UrlRules rules{};                                     // of whole URLs; CLIENT_ALLOW_LOOPBACK adds this machine
};

}  // namespace client
