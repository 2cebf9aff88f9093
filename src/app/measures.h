#pragma once
// Measures: asks each module every half minute what waits over all tenants (Module::measure), so that operators see it in the metrics. A
// module that cannot say it holds up no other one; its gauges stay as they were. Loop's thread.
//
//     app::Measures measures(&host, definition, logger, metrics);
//     measures.start();
//     co_await measures.stop();

#include <string>
#include <utility>
#include <vector>

#include "app/app.h"
#include "async/stopped.h"
#include "async/sync.h"
#include "log/news.h"

namespace app {

class Measures {
public:
    Measures(LoopHost* host, const Definition& definition, logging::Logger logger, observe::Metrics& metrics);

    void start();
    [[nodiscard]] async::Task<void> stop();

private:
    using Measure = async::Task<void> (*)(db::SystemDb, observe::Metrics*);

    async::Task<void> run();
    async::Task<void> ask(const std::string* module, Measure measure);

    LoopHost* host_;
    std::vector<std::pair<std::string, Measure>> modules_;
    logging::Logger logger_;
    observe::Metrics& metrics_;
    logging::News news_;
    async::Stop stop_;
    async::TaskGroup tasks_;
};

}  // namespace app
