// What bench/overload/open_loop.mjs asks: a service whose requests cost the same each, and nothing else. GET /v1/cost/{priority} keeps the loop's
// thread busy for WORK_US microseconds of processor time (3300: some 300 a second).
#include <ctime>

#include "app/app.h"
#include "app/module_settings.h"
#include "http/context.h"
#include "http/handler.h"

namespace {

struct WorkSettings {
    std::int32_t work_us = 3'300;

    friend constexpr auto describe(WorkSettings*) {
        return schema::object<WorkSettings>(
            "WorkSettings", schema::field<&WorkSettings::work_us>(
                                "WORK_US", {.min = 1, .max = 1'000'000, .defaulted = true, .doc = "Of each request."}));
    }
};

std::int64_t processor_time_us() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000 + time.tv_nsec / 1'000;
}

async::Task<void> work(http::Context& context) {
    const auto until = processor_time_us() + context.services().use<const WorkSettings>().work_us;
    while (processor_time_us() < until) {}
    context.response().static_body("done").content_type("text/plain");
    co_return;
}

void routes(http::Routes routes) {
    routes.get("/cost/high", work, {.id = "costHigh", .options = {.priority = http::Priority::high}});
    routes.get("/cost/normal", work, {.id = "costNormal"});
    routes.get("/cost/low", work, {.id = "costLow", .options = {.priority = http::Priority::low}});
}

app::Definition definition() {
    app::Module module{.name = "work", .routes = routes, .settings = app::settings<WorkSettings>()};
    return {.name = "overload", .version = "1.0.0", .title = "Overload", .modules = {module}};
}

}  // namespace

int main(int argc, char** argv) { return app::run(definition(), argc, argv); }
