#include "app/settings.h"

#include <array>

#include "base/strings.h"
#include "redis/options.h"

namespace app {

namespace {

// Texts from documentation and development that end up in production.
bool looks_like_a_placeholder(std::string_view secret) {
    const auto lower = base::ascii_lower(secret);
    constexpr std::array words{"changeme",    "change-me", "change_me",   "secret-secret", "password",
                               "development", "example",   "your-secret", "0123456789"};
    for (const auto* word : words) {
        if (lower.contains(word)) return true;
    }
    return false;
}

bool has_few_characters(std::string_view secret) {
    std::array<bool, 256> seen{};
    std::size_t distinct = 0;
    for (const char c : secret) {
        auto& known = seen[static_cast<unsigned char>(c)];
        distinct += known ? 0 : 1;
        known = true;
    }
    return distinct < 10;
}

void check_secret(std::string_view name, std::string_view secret, schema::Issues& issues) {
    if (looks_like_a_placeholder(secret) || has_few_characters(secret)) {
        issues.add(std::string("/") + std::string(name), "weak_secret",
                   "is a weak or published secret; make one with: openssl rand -base64 48");
    }
}

}  // namespace

void Settings::check(const Settings& settings, schema::Issues& issues) {
    if (!settings.jwt_private_key_file && !settings.jwt_secret) {
        issues.add("/JWT_PRIVATE_KEY_FILE", "required",
                   "give JWT_PRIVATE_KEY_FILE (openssl genpkey -algorithm ed25519 -out jwt.pem) or JWT_SECRET");
    }
    if (settings.jwt_private_key_file && settings.jwt_secret) {
        issues.add("/JWT_SECRET", "conflict", "give JWT_PRIVATE_KEY_FILE or JWT_SECRET, not both");
    }
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
    check_secret("APP_SECRET", settings.secret, issues);
    if (settings.jwt_secret) check_secret("JWT_SECRET", *settings.jwt_secret, issues);
    if (settings.scheduler_token) check_secret("SCHEDULER_TOKEN", *settings.scheduler_token, issues);
}

}  // namespace app
