#pragma once
// Refuses requests while more come than can be answered, by their route's priority (RouteOptions::priority), as the loop's LoadShedder
// decides: 503 http.load_shed with Retry-After. A loop without one refuses nobody. Behind the router; in front of what costs something.
//
//     const auto api = router.group("/v1", {http::load_shedding(metrics)});

#include "http/middleware.h"
#include "observe/metrics.h"

namespace http {

[[nodiscard]] Middleware load_shedding(observe::Metrics& metrics);

}  // namespace http
