#pragma once
// One line per request in pino-http's shape, written when the reply has been handed to the socket; the histogram
// http_request_duration_seconds{method,route} and the counter http_responses_total{method,route,status}. May be shared by loops; `metrics`
// outlives the chain.
//
//     http::Chain app({http::request_id(), http::access_log({.metrics = &metrics}), ...}, router.handler());
//
//     {"level":30,"time":…,"pid":…,"hostname":…,"reqId":"…","req":{"id":"…","method":"GET","url":"/v1/products?limit=5",
//      "remoteAddress":"127.0.0.1","remotePort":50412},"res":{"statusCode":200},"route":"/v1/products","responseTime":0.412,
//      "msg":"request completed"}
//
// Besides, when set: `trace_id` and `span_id` (tracing.h), `clientAddress` (a proxy stands between), and what log_fields(context) holds (userId, tenantId, code).
// Status 500 and above, but for 501 and 505: level error, "request errored"; a reply that was not taken whole: "request aborted". Secrets in the
// query are redacted by the logger. A request that was refused under overload (load_shedding.h): level debug. responseTime is in milliseconds.

#include <string>
#include <vector>

#include "http/middleware.h"

namespace observe {
class Metrics;
}

namespace http {

class Router;

struct AccessLogOptions {
    observe::Metrics* metrics = nullptr;
    bool log_headers = false;         // of the request; secret ones are redacted by the logger
    bool warn_client_errors = false;  // 4xx at level warn instead of info
    const Router* router = nullptr;   // what its routes name as secret in a path is left out; outlives the chain
    std::vector<std::string> quiet_routes = {};  // patterns without a line as long as they answer below 400: probes
};
[[nodiscard]] Middleware access_log(AccessLogOptions options = {});

}  // namespace http
