#pragma once
// prom-client's process_* metrics (CPU seconds, start time, memory, descriptors), read from /proc at each render. Linux only.
//
//     observe::Metrics metrics;
//     observe::Registration process = observe::register_process_metrics(metrics);  // keep it as long as they shall be shown

#include "observe/metrics.h"

namespace observe {

[[nodiscard]] Registration register_process_metrics(Metrics& metrics);

}  // namespace observe
