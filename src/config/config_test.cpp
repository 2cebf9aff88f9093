#include "config/config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

enum class Profile : std::uint8_t { development, test, production };
constexpr auto describe(Profile*) {
    return schema::enumeration<Profile>(
        "Profile",
        {{Profile::development, "development"}, {Profile::test, "test"}, {Profile::production, "production"}});
}

struct Settings {
    Profile profile = Profile::development;
    std::int32_t port = 8080;
    std::string database_url;
    std::string jwt_secret = "development-secret";
    std::optional<std::string> public_url;
    std::vector<std::string> origins;
    bool metrics = true;

    friend constexpr auto describe(Settings*);
};
void check_settings(const Settings& settings, schema::Issues& issues) {
    if (settings.profile == Profile::production) check_secret("JWT_SECRET", settings.jwt_secret, issues);
}
constexpr auto describe(Settings*) {
    using S = Settings;
    return schema::object<S>(
        "Settings", schema::field<&S::profile>("APP_PROFILE", {.defaulted = true, .doc = "Which checks apply."}),
        schema::field<&S::port>("PORT",
                                {.min = 0, .max = 65535, .defaulted = true, .doc = "0 chooses a free one | any."}),
        schema::field<&S::database_url>("DATABASE_URL", {.min_length = 1, .doc = "PostgreSQL."}),
        schema::field<&S::jwt_secret>("JWT_SECRET", {.min_length = 16, .defaulted = true, .write_only = true}),
        schema::field<&S::public_url>("PUBLIC_URL", {.format = schema::Format::url}),
        schema::field<&S::origins>("CORS_ORIGINS", {.items = {.format = schema::Format::url}, .defaulted = true}),
        schema::field<&S::metrics>("METRICS", {.defaulted = true}), schema::refine<&check_settings>());
}

TEST(Load, ReadsTheEnvironment) {
    const auto settings = load<Settings>({{"DATABASE_URL", "postgresql:///shop"},
                                          {"PORT", "0"},
                                          {"CORS_ORIGINS", "https://a.example,https://b.example"},
                                          {"PUBLIC_URL", ""},
                                          {"HOME", "/root"},
                                          {"METRICS", "false"}});
    ASSERT_TRUE(settings) << report(settings.error());
    EXPECT_EQ(settings->profile, Profile::development);
    EXPECT_EQ(settings->port, 0);
    EXPECT_EQ(settings->database_url, "postgresql:///shop");
    EXPECT_EQ(settings->public_url, std::nullopt);
    EXPECT_THAT(settings->origins, ElementsAre("https://a.example", "https://b.example"));
    EXPECT_FALSE(settings->metrics);
}

TEST(Load, ListsEveryFault) {
    const auto settings = load<Settings>(
        {{"PORT", "70000"}, {"JWT_SECRET", "short"}, {"APP_PROFILE", "prod"}, {"CORS_ORIGINS", "https://a.example,x"}});
    ASSERT_FALSE(settings);
    std::vector<std::string> found;
    for (const auto& issue : settings.error()) {
        EXPECT_EQ(issue.in, "environment");
        found.push_back(issue.pointer + " " + issue.code);
    }
    EXPECT_THAT(found, ElementsAre("/APP_PROFILE invalid_value", "/PORT too_big", "/JWT_SECRET too_short",
                                   "/CORS_ORIGINS/1 invalid_format", "/DATABASE_URL required"));
    const std::string text = report(settings.error());
    EXPECT_THAT(text, HasSubstr("5 faults"));
    EXPECT_THAT(text, HasSubstr("  PORT          Give 65535 or less.\n"));
    EXPECT_THAT(text, HasSubstr("  DATABASE_URL  Add DATABASE_URL: it is required.\n"));
    EXPECT_THAT(text, Not(HasSubstr("short")));
}

TEST(Load, ASecretWithALineFeedOrInQuotesIsASlip) {
    const std::string secret = "w3zPq0v7cXnM2kLs9dRtYbHu";
    const auto faults = [](const std::string& text) {
        const auto loaded = load<Settings>({{"DATABASE_URL", "x"}, {"JWT_SECRET", text}});
        return loaded ? std::string() : report(loaded.error());
    };
    for (const auto& slip : {secret + "\n", " " + secret, '"' + secret + '"', "'" + secret + "'"}) {
        EXPECT_THAT(faults(slip), HasSubstr("JWT_SECRET")) << slip;
        EXPECT_THAT(faults(slip), HasSubstr("away")) << slip;
        EXPECT_THAT(faults(slip), Not(HasSubstr(secret))) << slip;
    }
    for (const auto& well : {secret, fmt::format("{0} {0}", secret), '"' + secret, secret + "'"})
        EXPECT_EQ(faults(well), "") << well;
}

TEST(Load, ProductionRefusesWeakSecrets) {
    const Environment environment = {{"DATABASE_URL", "x"}, {"APP_PROFILE", "production"}};
    const auto refused = load<Settings>(environment);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error()[0].pointer, "/JWT_SECRET");
    EXPECT_EQ(refused.error()[0].code, "weak_secret");
    EXPECT_THAT(report(refused.error()), HasSubstr("openssl rand"));
    EXPECT_TRUE(load<Settings>(merge(environment, {{"JWT_SECRET", "w3zPq0v7cXnM2kLs9dRtYbHu"}})));
    EXPECT_TRUE(load<Settings>(merge(environment, {{"APP_PROFILE", "test"}})));
}

TEST(CheckSecret, RefusesPlaceholdersAndFewCharacters) {
    const auto is_refused = [](std::string_view secret) {
        schema::Issues issues("environment");
        check_secret("TOKEN", secret, issues);
        return !issues.empty();
    };
    for (const std::string_view weak :
         {"", "aaaaaaaaaaaaaaaaaaaaaaaaa", "CHANGEME-please-change-w3zPq0v7", "abcdefghi", "your-256-bit-secret",
          "a secret of the tests alone, 32 bytes or more", "$(openssl rand -base64 48) of the documentation",
          "3f9a1c7e5b2d8046 3f9a1c7e5b2d8046 3f9a1c7e5b2d8046 3", "w3zPq0v7cXnM2kLs9dRt01234567",
          "w3zPq0v7cXnMhgfedcba"})
        EXPECT_TRUE(is_refused(weak)) << weak;
    for (const std::string_view strong :
         {"w3zPq0v7cXnM2kLs9dRtYbHu", "4pQqU1sVd0X3y9aFh7mZ2bKcL8wRtE5g", "9f86d081884c7d659a2feaa0c55ad015"})
        EXPECT_FALSE(is_refused(strong)) << strong;
}

TEST(Faults, SayWhatAReportSays) {
    const Faults faults("PORT", "8080 is taken.");
    EXPECT_EQ(std::string(faults.what()), report(faults.issues()));
    EXPECT_THAT(faults.what(), HasSubstr("  PORT  8080 is taken.\n"));
}

struct Level {
    std::string level;
    std::string code;

    friend constexpr auto describe(Level*) {
        return schema::object<Level>("Level", schema::field<&Level::level>("LEVEL", {.pattern = "low|high"}),
                                     schema::field<&Level::code>("CODE", {.pattern = "[a-z]|x"}));
    }
};

TEST(MarkdownTable, NamesTheValuesOfAChoice) {
    const auto table = markdown_table<Level>();
    EXPECT_THAT(table, HasSubstr("| `LEVEL` | `low`, `high` |"));
    EXPECT_THAT(table, HasSubstr("| `CODE` | text |"));
}

TEST(MarkdownTable, ListsEveryVariable) {
    EXPECT_EQ(markdown_table<Settings>(),
              "| Variable | Type | Default | Required | Meaning |\n|---|---|---|---|---|\n"
              "| `APP_PROFILE` | `development`, `test`, `production` | `development` |  | Which checks apply. |\n"
              "| `PORT` | integer, 0 to 65535 | `8080` |  | 0 chooses a free one \\| any. |\n"
              "| `DATABASE_URL` | text |  | yes | PostgreSQL. |\n"
              "| `JWT_SECRET` | text, at least 16 characters, secret |  |  |  |\n"
              "| `PUBLIC_URL` | uri |  |  |  |\n"
              "| `CORS_ORIGINS` | uri, several with commas |  |  |  |\n"
              "| `METRICS` | `true` or `false` | `true` |  |  |\n");
}

TEST(EnvFile, Reads) {
    const auto environment = parse_env_file(
        "# comment\n"
        "\n"
        "A=1\r\n"
        "  B = two words  # comment\n"
        "export C=x#y\n"
        "D='single # $A \\n'\n"
        "E=\"double\\n\\\"q\\\" \\x # $A\"  # comment\n"
        "F=\"two\nlines\"\n"
        "G=\n"
        "H=`back 'tick'`\n"
        "A=last\n"
        "I=a=b\n"
        "export=word\n"
        "J= # nothing");
    ASSERT_TRUE(environment) << environment.error().line << environment.error().message;
    EXPECT_EQ(*environment, (Environment{{"A", "last"},
                                         {"B", "two words"},
                                         {"C", "x#y"},
                                         {"D", "single # $A \\n"},
                                         {"E", "double\n\"q\" \\x # $A"},
                                         {"F", "two\nlines"},
                                         {"G", ""},
                                         {"H", "back 'tick'"},
                                         {"I", "a=b"},
                                         {"export", "word"},
                                         {"J", ""}}));
    EXPECT_TRUE(parse_env_file("")->empty());
    EXPECT_EQ(parse_env_file("\xEF\xBB\xBF"
                             "A=1")
                  ->at("A"),
              "1");
}

TEST(EnvFile, SaysWhichLineIsWrong) {
    const std::vector<std::pair<std::string, std::size_t>> cases = {
        {"A=1\n2B=x\n", 2},
        {"A\n", 1},
        {"A=1\n\nB='open\nC=1\n", 3},
        {"A=\"x\" y\n", 1},
        {"A B=1", 1},
        {"=x", 1},
        {"F=\"two\nlines\"\nbroken", 3},
        {"export", 1},
        {"A=\xFF", 0},
        {std::string("A=\0", 3), 0},
    };
    for (const auto& [text, line] : cases) {
        const auto environment = parse_env_file(text);
        ASSERT_FALSE(environment) << text;
        EXPECT_EQ(environment.error().line, line) << text;
        EXPECT_THAT(report(".env", environment.error()),
                    testing::StartsWith(line == 0 ? ".env: " : ".env:" + std::to_string(line) + ": "));
    }
}

TEST(EnvFile, OfAPath) {
    const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "config_test.env";
    std::ofstream(path) << "A=1\n";
    EXPECT_EQ(read_env_file(path)->at("A"), "1");
    std::ofstream(path) << std::string((1U << 20U) + 1, '#');
    EXPECT_FALSE(read_env_file(path));
    std::filesystem::remove(path);
    EXPECT_TRUE(read_env_file(path)->empty());
    EXPECT_FALSE(read_env_file(testing::TempDir()));
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_FALSE(read_env_file(path)) << "a named pipe, to which nobody writes";
    std::filesystem::remove(path);
}

TEST(Environment, TheRealOneWins) {
    const char* const variables[] = {"A=real", "B=x=y", "=odd", "C=", nullptr};
    const Environment real = environment_of(variables);
    EXPECT_EQ(real, (Environment{{"A", "real"}, {"B", "x=y"}, {"C", ""}}));
    EXPECT_EQ(merge({{"A", "file"}, {"D", "file"}}, real),
              (Environment{{"A", "real"}, {"B", "x=y"}, {"C", ""}, {"D", "file"}}));
}

}  // namespace
}  // namespace config
