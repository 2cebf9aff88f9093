#include "pos/modules/auth/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "app/app.h"
#include "config/config.h"
#include "pos/modules/auth/module.h"

namespace pos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class AuthSettingsTest : public ::testing::Test {
protected:
    AuthSettingsTest() { std::filesystem::create_directories(directory_); }
    ~AuthSettingsTest() override { std::filesystem::remove_all(directory_); }

    static std::vector<base::Issue> issues(const config::Environment& changed) {
        const app::Definition definition{.modules = {auth_module()}};
        auto loaded = app::load_configuration(definition, config::merge(well_, changed));
        return loaded ? std::vector<base::Issue>() : loaded.error();
    }
    // The variables that are at fault.
    static std::multiset<std::string> faults(const config::Environment& changed) {
        std::multiset<std::string> names;
        for (const auto& issue : issues(changed)) names.insert(issue.pointer.substr(1));
        return names;
    }
    std::string file(const std::string& name, const std::string& text) {
        const auto path = directory_ / name;
        std::ofstream(path) << text;
        return path;
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
        std::filesystem::temp_directory_path() / ("auth-settings-test-" + std::to_string(::getpid()));
};

TEST_F(AuthSettingsTest, KeysHaveAFileEach) {
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
    const auto pipe = directory_ / "pipe.pem";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(with({{"JWT_NEXT_KEY_FILE", pipe}}), ElementsAre("JWT_NEXT_KEY_FILE")) << "nobody writes it";
}

TEST_F(AuthSettingsTest, AllKeysAreToldOfAndNoPathIs) {
    const auto found = issues({{"JWT_SECRET", ""},
                               {"JWT_PRIVATE_KEY_FILE", directory_ / "none.pem"},
                               {"JWT_NEXT_KEY_FILE", directory_},
                               {"JWT_RETIRED_KEY_FILES", key_file("old.pem") + "," + file("other.pem", "no key")}});
    EXPECT_EQ(found.size(), 3U);
    const auto report = config::report(found);
    EXPECT_THAT(report, HasSubstr("2. entry"));
    EXPECT_THAT(report, Not(HasSubstr(directory_.string()))) << "a path is a value";
}

TEST_F(AuthSettingsTest, ProductionRefusesAPublishedSecretBesideEverythingElse) {
    const std::string published = "changeme-changeme-changeme-changeme-1";
    EXPECT_THAT(faults({{"APP_ENV", "production"}, {"APP_SECRET", published}, {"JWT_SECRET", published}}),
                UnorderedElementsAre("APP_SECRET", "JWT_SECRET"));
    EXPECT_THAT(faults({{"JWT_SECRET", published}}), IsEmpty()) << "a test may";
}

}  // namespace
}  // namespace pos
