#include "app/module_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "app/app.h"

namespace app {
namespace {

using ::testing::HasSubstr;

struct MailSettings {
    std::string host;
    std::int32_t port = 25;

    friend constexpr auto describe(MailSettings*) {
        return schema::object<MailSettings>(
            "MailSettings", schema::field<&MailSettings::host>("MAIL_HOST", {.min_length = 1, .doc = "Of the relay."}),
            schema::field<&MailSettings::port>("MAIL_PORT", {.min = 1, .max = 65535, .defaulted = true}),
            schema::refine<&MailSettings::check>());
    }
    static void check(const MailSettings& settings, schema::Issues& issues) {
        if (settings.host == "localhost" && settings.port == 25)
            issues.add("/MAIL_PORT", "conflict", "nothing listens there");
    }
};

void check_mail(const MailSettings& mail, const Settings& app, schema::Issues& issues) {
    if (app.environment == Environment::production && mail.host == "localhost")
        issues.add("/MAIL_HOST", "conflict", "production has a relay");
}

struct SmsSettings {
    std::string token;

    friend constexpr auto describe(SmsSettings*) {
        return schema::object<SmsSettings>(
            "SmsSettings", schema::field<&SmsSettings::token>("SMS_TOKEN", {.min_length = 8, .write_only = true}));
    }
};

struct Clashing {
    std::string port;

    friend constexpr auto describe(Clashing*) {
        return schema::object<Clashing>("Clashing", schema::field<&Clashing::port>("PORT", {.min_length = 1}));
    }
};

Definition two_modules() {
    return {.modules = {{.name = "mail", .settings = settings<MailSettings, check_mail>()},
                        {.name = "plain"},
                        {.name = "sms", .settings = settings<SmsSettings>()}}};
}

const config::Environment well{{"APP_ENV", "test"},
                               {"DATABASE_URL", "postgresql://app@db/x"},
                               {"DATABASE_SYSTEM_URL", "postgresql://app_system@db/x"},
                               {"APP_SECRET", "a secret of the tests alone, 32 bytes or more"},
                               {"MAIL_HOST", "relay"},
                               {"SMS_TOKEN", "12345678"}};

std::set<std::string> faults(const config::Environment& changed) {
    const auto loaded = load_configuration(two_modules(), config::merge(well, changed));
    std::set<std::string> names;
    if (loaded) return names;
    for (const auto& fault : loaded.error()) names.insert(fault.pointer);
    return names;
}

TEST(ModuleSettings, AreReadFromTheSameEnvironment) {
    const auto loaded = load_configuration(two_modules(), well);
    ASSERT_TRUE(loaded);
    ASSERT_EQ(loaded->modules.size(), 3U);
    EXPECT_EQ(static_cast<const MailSettings*>(loaded->modules[0].get())->host, "relay");
    EXPECT_EQ(loaded->modules[1], nullptr);
    EXPECT_EQ(static_cast<const SmsSettings*>(loaded->modules[2].get())->token, "12345678");
}

TEST(ModuleSettings, FaultsOfAllStructsAreToldTogether) {
    EXPECT_EQ(faults({{"PORT", "eighty"}, {"MAIL_HOST", ""}, {"MAIL_PORT", "0"}, {"SMS_TOKEN", "short"}}),
              (std::set<std::string>{"/PORT", "/MAIL_HOST", "/MAIL_PORT", "/SMS_TOKEN"}));
    EXPECT_EQ(faults({{"APP_ENV", "production"},
                      {"APP_SECRET", "changeme-changeme-changeme-changeme-1"},
                      {"MAIL_HOST", "localhost"}}),
              (std::set<std::string>{"/APP_SECRET", "/MAIL_HOST", "/MAIL_PORT"}))
        << "the sense of all: the app's, the struct's own and what both mean together";
}

TEST(ModuleSettings, FormAndSenseAreToldTogether) {
    EXPECT_EQ(faults({{"PORT", "eighty"},
                      {"CORS_ORIGINS", "notaurl"},
                      {"JOB_QUEUES", "nobodys"},
                      {"APP_ENV", "production"},
                      {"MAIL_HOST", "localhost"},
                      {"SMS_TOKEN", "short"}}),
              (std::set<std::string>{"/PORT", "/CORS_ORIGINS/0", "/JOB_QUEUES/0", "/REDIS_URL", "/APP_SECRET",
                                     "/MAIL_HOST", "/MAIL_PORT", "/SMS_TOKEN"}))
        << "the secret of the tests is a published one";
}

TEST(ModuleSettings, WhatRestsOnAVariableWithoutFormIsNotJudged) {
    EXPECT_EQ(faults({{"BODY_MEMORY_MB", "a lot"}, {"BODY_MEMORY_PER_CALLER_MB", "100"}}),
              (std::set<std::string>{"/BODY_MEMORY_MB"}));
    EXPECT_EQ(faults({{"BODY_MEMORY_MB", "64"}, {"BODY_MEMORY_PER_CALLER_MB", "100"}}),
              (std::set<std::string>{"/BODY_MEMORY_PER_CALLER_MB"}));
}

TEST(ModuleSettings, AVariableBelongsToOneStruct) {
    const Definition definition{.modules = {{.name = "clash", .settings = settings<Clashing>()}}};
    try {
        static_cast<void>(load_configuration(definition, well));
        FAIL() << "PORT has two owners";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("PORT is named by the app and by clash"));
    }
}

TEST(ModuleSettings, NamesThatNoStructHasAreListed) {
    EXPECT_EQ(
        unread_names(two_modules(), {{"PORT", "1"}, {"PROT", "1"}, {"MAIL_HOST", "relay"}, {"mail_host", "relay"}}),
        (std::vector<std::string>{"PROT", "mail_host"}));
    EXPECT_TRUE(unread_names(two_modules(), well).empty());
    EXPECT_EQ(unread_names(
                  two_modules(),
                  {{"COMPOSE_PROJECT_NAME", "shop"}, {"HTTPS_PORT", "443"}, {"HTTPS_PROT", "443"}, {"VERSION", "1"}}),
              (std::vector<std::string>{"HTTPS_PROT"}));
}

TEST(ModuleSettings, TheTableHasThem) {
    const auto text = describe_configuration(two_modules());
    EXPECT_THAT(text, HasSubstr("| `DATABASE_URL` |"));
    EXPECT_THAT(text, HasSubstr("Of the module `mail`:"));
    EXPECT_THAT(text, HasSubstr("| `MAIL_HOST` | text |  | yes | Of the relay. |"));
    EXPECT_THAT(text, HasSubstr("| `SMS_TOKEN` | text, at least 8 characters, secret |"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("`plain`")));
}

}  // namespace
}  // namespace app
