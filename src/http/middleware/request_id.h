#pragma once
// A name for each request: the client's or front proxy's X-Request-Id when it is 8 to 128 of [A-Za-z0-9._-], else a UUIDv7.
// Sent back as X-Request-Id, on errors too. May be shared by loops.
//
//     http::Chain app({http::request_id(), ...}, router.handler());
//     context.request_id();                                         // in every later link and handler

#include <functional>
#include <string_view>

#include "base/uuid.h"
#include "http/middleware.h"

namespace http {

// A UUIDv7 of this thread's own generator.
[[nodiscard]] base::Uuid new_request_id();
[[nodiscard]] bool is_valid_request_id(std::string_view text);

struct RequestIdOptions {
    bool accept_incoming = true;
    std::function<base::Uuid()> generate = {};  // thread-safe; by default a generator of each thread
};
[[nodiscard]] Middleware request_id(RequestIdOptions options = {});

}  // namespace http
