#pragma once
// What SIGQUIT says: a line of the log for each request under way (the oldest first, at most fifty of a loop), one for each loop, with
// its connections and coroutines, and one with all gauges that are not zero: who waits for a database connection or for Redis, which
// jobs run. A loop that does not turn cannot answer for itself: after a second a line names it. The lines are of level warn.
//
//     log_what_waits(app.metrics, app.log.logger(), {{"loop 1", host1}, {"background", host2}});
//
// Called on a thread of its own; the hosts' loops run, or have not begun to.

#include <string>
#include <vector>

#include "app/app.h"

namespace app {

struct NamedHost {
    std::string name;
    LoopHost* host;
};

void log_what_waits(const observe::Metrics& metrics, const logging::Logger& logger,
                    const std::vector<NamedHost>& hosts);

}  // namespace app
