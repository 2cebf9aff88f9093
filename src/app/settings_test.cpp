#include "app/settings.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "auth/jwk.h"
#include "config/config.h"

namespace app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class SettingsTest : public ::testing::Test {
protected:
    SettingsTest() { std::filesystem::create_directories(directory_); }
    ~SettingsTest() override { std::filesystem::remove_all(directory_); }

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
    std::string file(const std::string& name, const std::string& text) {
        const auto path = directory_ / name;
        std::ofstream(path) << text;
        return path.string();
    }
    std::string key_file(const std::string& name) {
        return file(name, *auth::Key::generate(auth::Algorithm::eddsa).private_pem());
    }

    static inline const config::Environment well_{
        {"APP_ENV", "test"},
        {"DATABASE_URL", "postgresql://app:secret@db/shop"},
        {"DATABASE_SYSTEM_URL", "postgres://app_system@one,two/shop"},
        {"JWT_SECRET", "a secret of the tests alone, 32 bytes or more"},
        {"APP_SECRET", "another secret of the tests, 32 bytes or more"},
    };
    const std::filesystem::path directory_ =
        std::filesystem::temp_directory_path() / ("settings-test-" + std::to_string(::getpid()));
};

TEST_F(SettingsTest, EveryFaultOfSenseIsToldAtOnce) {
    const auto other = file("other.pem", "no key");
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
        {"JWT_PRIVATE_KEY_FILE", (directory_ / "none.pem").string()},
        {"JWT_NEXT_KEY_FILE", directory_.string()},
        {"JWT_RETIRED_KEY_FILES", key_file("old.pem") + "," + other},
        {"BODY_MEMORY_MB", "32"},
        {"BODY_MEMORY_PER_CALLER_MB", "32"},
        {"SCHEDULER_TOKEN", "password-password-password-password"},
    });
    std::multiset<std::string> names;
    for (const auto& issue : found) names.insert(issue.pointer);
    EXPECT_EQ(names, (std::multiset<std::string>{
                         "/APP_SECRET", "/BODY_MEMORY_PER_CALLER_MB", "/CORS_ORIGINS/0", "/CORS_ORIGINS/1",
                         "/DATABASE_OWNER_URL", "/DATABASE_SYSTEM_URL", "/DATABASE_URL", "/HOST", "/JWT_NEXT_KEY_FILE",
                         "/JWT_PRIVATE_KEY_FILE", "/JWT_RETIRED_KEY_FILES", "/JWT_SECRET", "/PUBLIC_URL", "/REDIS_URL",
                         "/SCHEDULER_TOKEN", "/TRUSTED_PROXIES/1", "/TRUSTED_PROXIES/2"}));
    const auto report = config::report(found);
    EXPECT_THAT(report, HasSubstr("2. entry"));
    EXPECT_THAT(report, Not(HasSubstr("hunter2")));
    EXPECT_THAT(report, Not(HasSubstr(directory_.string()))) << "a path is a value";
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

TEST_F(SettingsTest, APublicURLIsOfTheWebAndEndsWithoutASlash) {
    for (const auto* url :
         {"nonsense", "ftp://a", "https://", "https:///a", "https://a/", "https://a?b", "https://a b"})
        EXPECT_THAT(faults({{"PUBLIC_URL", url}}), ElementsAre("PUBLIC_URL")) << url;
}

TEST_F(SettingsTest, KeysHaveAFileEach) {
    const auto current = key_file("current.pem");
    const config::Environment by_file{{"JWT_SECRET", ""}, {"JWT_PRIVATE_KEY_FILE", current}};
    const auto with = [&](const config::Environment& more) { return faults(config::merge(by_file, more)); };
    EXPECT_THAT(with({}), IsEmpty());
    EXPECT_THAT(with({{"JWT_NEXT_KEY_FILE", key_file("next.pem")}, {"JWT_RETIRED_KEY_FILES", key_file("old.pem")}}),
                IsEmpty());
    EXPECT_THAT(with({{"JWT_NEXT_KEY_FILE", current}}), ElementsAre("JWT_NEXT_KEY_FILE")) << "given twice";
    EXPECT_THAT(with({{"JWT_PRIVATE_KEY_FILE", ""}}), ElementsAre("JWT_PRIVATE_KEY_FILE"));
    EXPECT_THAT(with({{"JWT_SECRET", "a secret of the tests alone, 32 bytes or more"}}), ElementsAre("JWT_SECRET"));
    const auto large = file("large.pem", std::string(100'000, 'x'));
    EXPECT_THAT(with({{"JWT_PRIVATE_KEY_FILE", large}, {"JWT_NEXT_KEY_FILE", "/dev/zero"}}),
                UnorderedElementsAre("JWT_PRIVATE_KEY_FILE", "JWT_NEXT_KEY_FILE"));
}

}  // namespace
}  // namespace app
