#include "app/settings.h"

#include "config/config.h"
#include "redis/options.h"

namespace app {

void Settings::check(const Settings& settings, schema::Issues& issues) {
    if (!settings.job_queues.empty() && !settings.redis_url) {
        issues.add("/REDIS_URL", "required", "the jobs of JOB_QUEUES are in Redis; give REDIS_URL");
    }
    if (settings.redis_url) {
        if (const auto endpoint = redis::parse_url(*settings.redis_url); !endpoint)
            issues.add("/REDIS_URL", "format", endpoint.error());
    }
    // What comes from one address may be half: strangers there leave room for who has signed in.
    if (settings.body_memory_per_caller_mb.value_or(0) > settings.body_memory_mb / 4) {
        issues.add("/BODY_MEMORY_PER_CALLER_MB", "conflict",
                   "is more than a quarter of BODY_MEMORY_MB; give that or less");
    }
    if (settings.environment != Environment::production) return;
    config::check_secret("APP_SECRET", settings.secret, issues);
    if (settings.scheduler_token) config::check_secret("SCHEDULER_TOKEN", *settings.scheduler_token, issues);
}

}  // namespace app
