#include "app/settings.h"

#include <gmock/gmock.h>

#include <set>

#include "config/config.h"

namespace app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SettingsTest : public ::testing::Test {
protected:
    // The variables that are at fault.
    static std::multiset<std::string> faults(const config::Environment& changed) {
        std::multiset<std::string> names;
        for (const auto& issue : issues(changed)) {
            const auto name = issue.pointer.substr(1);
            names.insert(name.substr(0, name.find('/')));
        }
        return names;
    }
    static std::vector<base::Issue> issues(const config::Environment& changed) {
        auto settings = config::load<Settings>(config::merge(well_, changed));
        return settings ? std::vector<base::Issue>() : settings.error();
    }
    static inline const config::Environment well_{
        {"APP_ENV", "test"},
        {"DATABASE_URL", "postgresql://app:secret@db/shop"},
        {"DATABASE_SYSTEM_URL", "postgres://app_system@one,two/shop"},
        {"APP_SECRET", "another secret of the tests, 32 bytes or more"},
    };
};

TEST_F(SettingsTest, EveryFaultOfSenseIsToldAtOnce) {
    const auto found = issues({
        {"APP_ENV", "production"},
        {"APP_SECRET", "changeme-changeme-changeme-changeme-1"},
        {"DATABASE_URL", "mysql://app:hunter2@db/shop"},
        {"DATABASE_SYSTEM_URL", "postgresql://app_system:hunter2@db/shop?nonsense=1"},
        {"DATABASE_OWNER_URL", "db/shop"},
        {"REDIS_URL", "http://:hunter2@redis"},
        {"HOST", "nonsense.invalid"},
        {"PUBLIC_URL", "shop.example"},
        {"CORS_ORIGINS", "*,https://a/b"},
        {"TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/8,foo"},
        {"BODY_MEMORY_MB", "32"},
        {"BODY_MEMORY_PER_CALLER_MB", "32"},
        {"SCHEDULER_TOKEN", "password-password-password-password"},
    });
    std::multiset<std::string> names;
    for (const auto& issue : found) names.insert(issue.pointer);
    EXPECT_EQ(names, (std::multiset<std::string>{"/APP_SECRET", "/BODY_MEMORY_PER_CALLER_MB", "/CORS_ORIGINS/0",
                                                 "/CORS_ORIGINS/1", "/DATABASE_OWNER_URL", "/DATABASE_SYSTEM_URL",
                                                 "/DATABASE_URL", "/HOST", "/PUBLIC_URL", "/REDIS_URL",
                                                 "/SCHEDULER_TOKEN", "/TRUSTED_PROXIES/1", "/TRUSTED_PROXIES/2"}));
    const auto report = config::report(found);
    EXPECT_THAT(report, HasSubstr("2. entry"));
    EXPECT_THAT(report, Not(HasSubstr("hunter2")));
}

TEST_F(SettingsTest, APasswordThatIsNotPercentEncodedIsAFaultOfItsUrl) {
    const auto found = issues({{"DATABASE_URL", "postgresql://app:hun@ter2@db/shop"},
                               {"DATABASE_SYSTEM_URL", "postgresql://app_system:hun/ter2@db/shop"},
                               {"DATABASE_OWNER_URL", "postgresql://owner:hunter2\n"},
                               {"REDIS_URL", "redis://:hun/ter2@redis"},
                               {"PUBLIC_URL", "https://me:hunter2@shop.example"}});
    EXPECT_EQ(found.size(), 5U);
    const auto report = config::report(found);
    EXPECT_THAT(report, HasSubstr("percent-encode"));
    EXPECT_THAT(report, Not(HasSubstr("hun")));
    EXPECT_THAT(report, Not(HasSubstr("ter2")));
    EXPECT_THAT(faults({{"APP_SECRET", "another secret of the tests, 32 bytes or more\n"}}), ElementsAre("APP_SECRET"));
}

TEST_F(SettingsTest, WhatIsWellStays) {
    EXPECT_THAT(issues({}), IsEmpty());
    for (const auto* host : {"127.0.0.1", "::", "::1"}) EXPECT_THAT(issues({{"HOST", host}}), IsEmpty()) << host;
    for (const auto* url :
         {"https://shop.example", "http://localhost:8080", "https://a.example/api", "http://[::1]:80"})
        EXPECT_THAT(issues({{"PUBLIC_URL", url}}), IsEmpty()) << url;
    for (const auto* origins : {"*", "https://shop.example", "http://localhost:5173,capacitor://localhost"})
        EXPECT_THAT(issues({{"CORS_ORIGINS", origins}}), IsEmpty()) << origins;
    for (const auto* proxies : {"loopback,private", "10.0.0.0/8,2001:db8::/32,192.0.2.1"})
        EXPECT_THAT(issues({{"TRUSTED_PROXIES", proxies}}), IsEmpty()) << proxies;
    for (const auto* url : {"redis://redis/0", "rediss://u:p@redis:6380", "unix:///run/redis.sock"})
        EXPECT_THAT(issues({{"REDIS_URL", url}}), IsEmpty()) << url;
    for (const auto* url : {"postgresql:///shop?host=/run/postgresql", "host=/run/postgresql dbname=shop"})
        EXPECT_THAT(issues({{"DATABASE_URL", url}}), IsEmpty()) << url;
}

TEST_F(SettingsTest, WhatOperatorsReadIsNotPublicInProduction) {
    const auto load = [](const config::Environment& changed) {
        return config::load<Settings>(config::merge(well_, changed)).value();
    };
    constexpr const char* random_text = "kR7v0Qz3xW9uYb2nTg5hLs8dFj1mPc6e";
    const config::Environment production{{"APP_ENV", "production"}, {"APP_SECRET", random_text}};
    EXPECT_TRUE(load({}).has_public_metrics());
    EXPECT_FALSE(load({{"MANAGEMENT_PORT", "9090"}}).has_public_metrics());
    EXPECT_FALSE(load(production).has_public_metrics());
    EXPECT_EQ(load({}).docs_place(), DocsPlace::open);
    EXPECT_EQ(load(production).docs_place(), DocsPlace::management);
    EXPECT_EQ(load(config::merge(production, {{"DOCS", "public"}})).docs_place(), DocsPlace::open);
    EXPECT_EQ(load({{"DOCS", "off"}}).docs_place(), DocsPlace::off);
    EXPECT_GT(load(production).shutdown_idle(), load({}).shutdown_idle());
    EXPECT_EQ(load({{"SHUTDOWN_IDLE_MS", "7"}}).shutdown_idle(), 7);
    EXPECT_THAT(faults({{"MANAGEMENT_PORT", "8080"}}), ElementsAre("MANAGEMENT_PORT")) << "that of PORT";
    EXPECT_THAT(faults({{"MANAGEMENT_HOST", "localhost"}}), ElementsAre("MANAGEMENT_HOST"));
}

TEST_F(SettingsTest, APublicURLIsOfTheWebAndEndsWithoutASlash) {
    for (const auto* url :
         {"nonsense", "ftp://a", "https://", "https:///a", "https://a/", "https://a?b", "https://a b"})
        EXPECT_THAT(faults({{"PUBLIC_URL", url}}), ElementsAre("PUBLIC_URL")) << url;
}

}  // namespace
}  // namespace app
