#pragma once
// The background of another process, so to speak: outbox relay, queues and schedules of a test's app. It ends with the test.
//
//     auto background = start_background(app->app(), {.queues = {"all"}});
//     ...
//     stop_background(*background);

#include <future>
#include <memory>

#include "app/background.h"

namespace pos::testing {

inline std::unique_ptr<app::Background> start_background(app::App& of, app::BackgroundOptions options) {
    auto background = std::make_unique<app::Background>(of, std::move(options));
    std::promise<void> promise;
    auto started = promise.get_future();
    background->begin_start([promise = std::move(promise)](const std::exception_ptr& error) mutable {
        error ? promise.set_exception(error) : promise.set_value();
    });
    started.get();
    return background;
}

inline void stop_background(app::Background& background) {
    background.begin_stop(async::Loop::now() + std::chrono::seconds(5));
    background.join();
}

}  // namespace pos::testing
