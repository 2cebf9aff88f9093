#include "app/schedule_routes.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/app.h"
#include "app/background.h"
#include "auth/caller.h"
#include "auth/jwt.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/errors.h"

namespace app {

namespace {

constexpr std::size_t longest_key = 255;

struct Triggered {
    std::string schedule;
    std::string job_id;

    friend constexpr auto describe(Triggered*) {
        return schema::object<Triggered>(
            "TriggeredSchedule", schema::field<&Triggered::schedule>("schedule"),
            schema::field<&Triggered::job_id>("jobId", {.doc = "Of the job in its queue, soon."}));
    }
};

// Proves that the caller knows SCHEDULER_TOKEN.
struct SchedulerAccess {
    static SchedulerAccess read(http::Context& context, http::Findings&) {
        const auto given = context.request().header("authorization").value_or("");
        if (given.empty()) throw base::Failure(auth::errors::missing_credentials);
        const auto& wanted = *context.services().use<App>().settings.scheduler_token;
        const auto token = auth::bearer_credentials(given);
        if (!token || !base::constant_time_equal(*token, wanted)) throw base::Failure(auth::errors::invalid_token);
        return {};
    }
    static void describe(http::Operation& operation) {
        operation.security = {"bearer"};
        operation.can_fail(auth::errors::missing_credentials);
        operation.can_fail(auth::errors::invalid_token);
    }
};

// Quoted (RFC 8941) or bare, as everywhere.
std::optional<std::string> key_of(const std::optional<std::string>& header) {
    if (!header) return std::nullopt;
    auto text = base::trim(*header);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
    if (text.empty() || text.size() > longest_key || !std::ranges::all_of(text, is_printable))
        throw base::Failure(http::errors::invalid, {{"header",
                                                     "/Idempotency-Key",
                                                     "invalid_format",
                                                     "Up to 255 printable characters without spaces, quoted or bare.",
                                                     {}}});
    return std::string(text);
}

// An own id holds no colon and is no integer; a digest is neither, whatever the key is.
std::string job_id_of(const Schedule& schedule, const std::optional<std::string>& key, base::Timestamp now) {
    const auto minute = std::chrono::floor<std::chrono::minutes>(now).time_since_epoch().count();
    const auto subject = key ? fmt::format("key {}", *key) : fmt::format("minute {}", minute);
    const auto digest = base::sha256(fmt::format("{}\n{}", schedule.name, subject));
    return "trigger-" + base::base64url_encode(std::string(base::as_chars(digest)).substr(0, 16));
}

async::Task<http::Accepted<Triggered>> trigger(SchedulerAccess, http::Path<"name", std::string> name,
                                               http::HeaderValue<"Idempotency-Key", std::optional<std::string>> key,
                                               http::Service<App> app, db::SystemDb db) {
    const auto schedules = schedules_of(app->definition);
    const auto found = std::ranges::find(schedules, *name, &Schedule::name);
    if (found == schedules.end()) throw base::Failure(http::errors::not_found);
    auto job = found->job;
    job.options.job_id = job_id_of(*found, key_of(*key), app->definition.clock->now());
    const Triggered triggered{*name, job.options.job_id};
    // Of no tenant.
    auto batch = db.as_tenant(base::Uuid{}).batch();
    app->outbox.add_job(batch, found->queue, std::move(job));
    co_await batch.commit();
    co_return http::Accepted<Triggered>{triggered};
}

}  // namespace

void add_schedule_routes(http::Router& router, const App& app) {
    if (!app.settings.scheduler_token || schedules_of(app.definition).empty()) return;
    http::Routes routes(router.group("/internal"), "operations");
    routes.post("/schedules/{name}/trigger", trigger,
                {.id = "triggerSchedule",
                 .summary = "Run a scheduled job now",
                 .description = "For schedulers outside of the service. One `Idempotency-Key` runs the job once; "
                                "without it the job runs once a minute at most.",
                 .errors = {http::errors::not_found}});
}

}  // namespace app
