#pragma once
// Refuses requests while more come than can be answered, by their route's priority (RouteOptions::priority), as the loop's LoadShedder
// decides: 503 http.load_shed with Retry-After. A warning in the log every ten seconds says how many since the one before; the line of each
// request is for debugging. A loop without a LoadShedder refuses nobody. Behind the router; in front of what costs something.
//
//     const auto api = router.group("/v1", {http::load_shedding(metrics)});

#include "http/middleware.h"
#include "observe/metrics.h"

namespace http {

[[nodiscard]] Middleware load_shedding(observe::Metrics& metrics);

}  // namespace http
