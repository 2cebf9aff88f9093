#pragma once
// The standard links in the one right order. May be shared by loops.
//
//     auto links = http::default_chain({.access_log = {.metrics = &metrics}, .trusted_proxies = {.networks = {"loopback"}}});
//     links.push_back(authenticate);
//     http::Chain app(std::move(links), router.handler());
//
// request_id       first: every later word about the request carries it
// tracing          next, for the same reason
// access_log       sees the reply as it was sent, whoever made it
// trusted_proxies, security_headers: cannot fail, so what they find and set is there for errors too
// problems         around all that throws
// request_timeout  next: whatever is called further in ends when the client does not wait any more
// cors             its refusals are problems; its headers are on errors too, as all hooks run on the finished reply
// compression, conditional_get: the hook added last runs first, so 304 is decided before anything is compressed
// body_decoding    last: bytes are decoded when the handler reads them

#include <optional>
#include <vector>

#include "http/middleware.h"
#include "http/middleware/access_log.h"
#include "http/middleware/body_decoding.h"
#include "http/middleware/compression.h"
#include "http/middleware/cors.h"
#include "http/middleware/problems.h"
#include "http/middleware/request_id.h"
#include "http/middleware/security_headers.h"
#include "http/middleware/tracing.h"
#include "http/middleware/trusted_proxies.h"

namespace http {

struct DefaultChainOptions {
    RequestIdOptions request_id = {};
    observe::Tracer* tracer = nullptr;  // outlives the chain
    AccessLogOptions access_log = {};
    TrustedProxiesOptions trusted_proxies = {};  // no networks: nobody is trusted
    std::optional<SecurityHeadersOptions> security_headers = SecurityHeadersOptions{};
    std::optional<CORSOptions> cors = CORSOptions{};
    std::optional<CompressionOptions> compression = CompressionOptions{};
    std::optional<BodyDecodingOptions> body_decoding = BodyDecodingOptions{};
};
[[nodiscard]] std::vector<Middleware> default_chain(DefaultChainOptions options = {});

}  // namespace http
