#pragma once
// ServiceSet: services that live together, those of the process or those of one loop, from their makers. LoopHost and App have one each.
//
//     app::ServiceSet set(app::loop_makers(definition), services);       // makes them, and adds them to `services`
//     co_await set.start(&loop, deadline);
//     ...
//     co_await set.stop(&loop, deadline, logger);
//
// Destroying it destroys them, the last one first.

#include <memory>
#include <string>
#include <vector>

#include "app/service.h"
#include "log/logger.h"

namespace app {

// The module is there for sentences.
struct OwnedMaker {
    std::string module;
    ServiceMaker maker;
};

class ServiceSet {
public:
    // Makes all in the order of their needs, those that need nothing of each other as they are listed. `services` has what makers
    // ask for besides, and gets what they make. Throws std::runtime_error with a sentence: a need that nobody makes, a circle, two
    // makers of one type, two checks of one name; and what a maker throws.
    ServiceSet(std::vector<OwnedMaker> makers, http::Services& services);
    ~ServiceSet();
    ServiceSet(const ServiceSet&) = delete;
    ServiceSet& operator=(const ServiceSet&) = delete;

    // One after the other. When one fails, or has not started by the deadline, those that had started are stopped, and its failure
    // is thrown with its name before it.
    async::Task<void> start(async::Loop* loop, async::SteadyTime deadline, logging::Logger logger);
    // A stop has come: no further service starts, and the one that is starting has least_stop_time left; then it is logged and left to
    // itself. start() ends well, and stop() stops those that had started.
    void end_start();
    // Those that started, in reverse. Each has its share of what is left until the deadline, least_stop_time at least; one that takes
    // longer, or fails, is logged and left to itself, and the next one's turn comes.
    async::Task<void> stop(async::Loop* loop, async::SteadyTime deadline, logging::Logger logger);

    std::chrono::milliseconds least_stop_time{1'000};

    struct Check {
        std::string_view name;
        bool is_vital = false;
        Health found{};
        double milliseconds = 0;
    };
    // All health checks at once, in the order of their services. One that gives no answer by the deadline, or throws, is not well;
    // it is not asked again before it has ended.
    async::Task<std::vector<Check>> check(async::Loop* loop, async::SteadyTime deadline);

private:
    struct Service;
    async::Task<Check> check_one(std::shared_ptr<Service> service, async::Loop* loop, async::SteadyTime deadline);
    async::Task<void> stop_one(std::shared_ptr<Service> service, async::Loop* loop, async::SteadyTime deadline,
                               logging::Logger logger);

    std::vector<std::shared_ptr<Service>> services_;  // in the order of their making
    async::Timer* start_timer_ = nullptr;             // of the service that is starting
    async::SteadyTime start_deadline_{};
    bool start_ends_ = false;
};

}  // namespace app
