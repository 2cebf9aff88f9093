#include "app/measures.h"

namespace app {

namespace {

constexpr async::Milliseconds look_every(30'000);
// Of each module; a stop waits for one that is under way.
constexpr auto most_time = std::chrono::seconds(3);

}  // namespace

Measures::Measures(LoopHost* host, const Definition& definition, logging::Logger logger, observe::Metrics& metrics)
    : host_(host), logger_(std::move(logger)), metrics_(metrics), stop_(host->loop()), tasks_(host->loop()) {
    for (const auto& module : definition.modules) {
        if (module.measure != nullptr) modules_.emplace_back(module.name, module.measure);
    }
}

void Measures::start() {
    if (!modules_.empty()) tasks_.spawn(run());
}

async::Task<void> Measures::stop() {
    stop_.request();
    co_await tasks_.join();
}

async::Task<void> Measures::run() {
    do {
        for (const auto& [module, measure] : modules_) {
            if (stop_.requested()) co_return;
            co_await ask(&module, measure);
        }
    } while (co_await stop_.sleep(look_every));
}

async::Task<void> Measures::ask(const std::string* module, Measure measure) {
    try {
        co_await measure(db::system_db(host_->databases(), async::Loop::now() + most_time), &metrics_);
    } catch (const std::exception& failure) {
        if (news_.is_news(*module))
            logger_.warn("what waits was not counted", {{"module", *module}, {"err", logging::error(failure)}});
    }
}

}  // namespace app
