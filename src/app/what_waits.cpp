#include "app/what_waits.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>

#include "async/live_coroutines.h"

namespace app {

namespace {

constexpr auto patience = std::chrono::seconds(1);
constexpr std::size_t most_requests = 50;

// Held by the questions too, as a loop may take one up long after nobody waits for it.
struct Asked {
    std::mutex mutex{};
    std::condition_variable changed{};
    std::vector<std::string> silent{};
};

void log_request(const logging::Logger& logger, std::string_view loop, const http::RequestUnderWay& request) {
    logger.warn("what waits: a request", {{"loop", loop},
                                          {"method", request.method},
                                          {"route", request.route},
                                          {"ageMs", request.age.count()},
                                          {"waitsFor", request.waits_for},
                                          {"reqId", request.request_id},
                                          {"trace_id", request.trace_id}});
}

// On the loop's thread.
void log_loop(const logging::Logger& logger, std::string_view name, const LoopHost& host) {
    const auto* server = host.server();
    const auto requests = server == nullptr ? std::vector<http::RequestUnderWay>() : server->requests_under_way();
    for (const auto& request : std::span(requests).first(std::min(requests.size(), most_requests)))
        log_request(logger, name, request);
    logger.warn("what waits: a loop", {{"loop", name},
                                       {"connections", server == nullptr ? std::size_t{0} : server->connections()},
                                       {"requests", requests.size()},
                                       {"coroutines", async::live_coroutines()}});
}

void log_gauges(const observe::Metrics& metrics, const logging::Logger& logger) {
    const auto gauges = metrics.gauges();
    std::vector<logging::Field> fields;
    for (const auto& [name, value] : gauges) {
        if (value != 0) fields.push_back({name, value});
    }
    const logging::Fields shown{std::span<const logging::Field>(fields)};
    logger.warn("what waits: gauges", {{"gauges", logging::object(shown)}});
}

}  // namespace

void log_what_waits(const observe::Metrics& metrics, const logging::Logger& logger,
                    const std::vector<NamedHost>& hosts) {
    const auto asked = std::make_shared<Asked>();
    for (const auto& one : hosts) asked->silent.push_back(one.name);
    for (const auto& one : hosts) {
        one.host->loop().post([asked, logger, one] {
            log_loop(logger, one.name, *one.host);
            const std::scoped_lock lock(asked->mutex);
            std::erase(asked->silent, one.name);
            asked->changed.notify_all();
        });
    }
    log_gauges(metrics, logger);
    std::unique_lock lock(asked->mutex);
    asked->changed.wait_for(lock, patience, [&] { return asked->silent.empty(); });
    for (const auto& name : asked->silent) logger.warn("what waits: a loop does not turn", {{"loop", name}});
}

}  // namespace app
