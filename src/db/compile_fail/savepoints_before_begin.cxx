// Expected: no viable conversion from
#include "db/driver/exchange.h"

// The order on the wire is the driver's: texts that go ahead of the tenant's setting are no part of a plan.
const std::string texts[] = {"begin", "savepoint s1"};
const db::detail::Exchange::Plan plan{.calls = {}, .results = {}, .savepoints = std::span<const std::string>(texts)};
