#include "log/log.h"

#include "base/failure.h"
#include "log/json_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace logging {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LogTest : public testing::Test {
protected:
    static LogOptions options() {
        return {.level = Level::trace,
                .now = [] { return std::int64_t{1700000000123}; },
                .process_id = 7,
                .hostname = "till"};
    }
    std::string only_line() {
        auto lines = sink->lines();
        EXPECT_EQ(lines.size(), 1U);
        return lines.empty() ? "" : lines.front();
    }
    // What follows the head and precedes the message.
    std::string rendered(Fields fields) {
        sink->clear();
        log.logger().info("m", fields);
        const std::string line = only_line();
        const std::string head = R"({"level":30,"time":1700000000123,"pid":7,"hostname":"till",)";
        const std::string tail = R"(,"msg":"m"})";
        EXPECT_TRUE(line.starts_with(head)) << line;
        EXPECT_TRUE(line.ends_with(tail)) << line;
        return line.size() < head.size() + tail.size()
                   ? line
                   : line.substr(head.size(), line.size() - head.size() - tail.size());
    }

    std::shared_ptr<MemorySink> sink = std::make_shared<MemorySink>();
    Log log{options(), sink};
};

TEST_F(LogTest, WritesPinosMembersInPinosOrder) {
    log.logger().info("sale recorded", {{"lines", 3}, {"channel", "till"}});
    EXPECT_EQ(
        only_line(),
        R"({"level":30,"time":1700000000123,"pid":7,"hostname":"till","lines":3,"channel":"till","msg":"sale recorded"})");
}

TEST_F(LogTest, UsesPinosLevelNumbers) {
    const Logger logger = log.logger();
    logger.trace("");
    logger.debug("");
    logger.info("");
    logger.warn("");
    logger.error("");
    logger.fatal("");
    std::vector<std::string> levels;
    for (const std::string& line : sink->lines()) levels.push_back(line.substr(9, 2));
    EXPECT_THAT(levels, ElementsAre("10", "20", "30", "40", "50", "60"));
}

TEST_F(LogTest, DropsWhatIsBelowTheThreshold) {
    log.set_level(Level::warn);
    log.logger().info("quiet");
    EXPECT_FALSE(log.logger().enabled(Level::info));
    EXPECT_TRUE(sink->lines().empty());
    log.set_level(Level::silent);
    log.logger().fatal("quiet");
    EXPECT_TRUE(sink->lines().empty());
}

TEST(Logger, DefaultDiscardsEverything) {
    const Logger logger;
    logger.fatal("nowhere");
    logger.child({{"a", 1}}).error("nowhere");
    EXPECT_FALSE(logger.enabled(Level::fatal));
}

TEST(Level, NamesGoBothWays) {
    for (const Level level :
         {Level::trace, Level::debug, Level::info, Level::warn, Level::error, Level::fatal, Level::silent})
        EXPECT_EQ(level_from(to_string(level)), level);
    EXPECT_EQ(level_from("loud"), std::nullopt);
}

TEST_F(LogTest, RendersEveryKindOfValue) {
    const std::string owned = "owned";
    EXPECT_EQ(rendered({{"a", true},
                        {"b", -3},
                        {"c", std::numeric_limits<std::uint64_t>::max()},
                        {"d", 0.1},
                        {"e", nullptr},
                        {"f", owned}}),
              R"("a":true,"b":-3,"c":18446744073709551615,"d":0.1,"e":null,"f":"owned")");
    EXPECT_EQ(rendered({{"o", object({{"x", 1}, {"y", object({})}})},
                        {"l", array({1, "two", nullptr})},
                        {"r", raw_json("[1, 2]")}}),
              R"("o":{"x":1,"y":{}},"l":[1,"two",null],"r":[1, 2])");
    EXPECT_EQ(rendered({{"n", std::nan("")}, {"i", std::numeric_limits<double>::infinity()}, {"big", 1e300}}),
              R"("n":null,"i":null,"big":1e+300)");
    EXPECT_EQ(rendered({{"none", std::optional<int>()}, {"some", std::optional<std::string>("s")}}),
              R"("none":null,"some":"s")");
    EXPECT_EQ(rendered({{"min", std::numeric_limits<std::int64_t>::min()}}), R"("min":-9223372036854775808)");
}

TEST_F(LogTest, ChildrenCarryTheBindingsOfTheirAncestors) {
    Logger request;
    {
        const Logger module = log.logger().child({{"module", "sales"}});
        request = module.child({{"reqId", "r-1"}, {"password", "hunter2"}});
    }
    request.info("done", {{"n", 1}});
    EXPECT_EQ(
        only_line(),
        R"({"level":30,"time":1700000000123,"pid":7,"hostname":"till","module":"sales","reqId":"r-1","password":"[Redacted]","n":1,"msg":"done"})");
}

TEST_F(LogTest, OfTwoMembersOfOneNameTheLaterStands) {
    const Logger jobs = log.logger().child({{"module", "jobs"},
                                            {"queue", "a,\"module\":\"x\"} \\"},
                                            {"at", object({{"z", 1}, {"module", array({"b", "]"})}})},
                                            {"n", 1}});
    const std::string head = R"({"level":30,"time":1700000000123,"pid":7,"hostname":"till",)";
    const std::string kept = R"("queue":"a,\"module\":\"x\"} \\","at":{"z":1,"module":["b","]"]},"n":1,)";
    const auto line_of = [&](const Logger& logger, Fields fields) {
        sink->clear();
        logger.info("m", fields);
        return only_line();
    };
    EXPECT_EQ(line_of(jobs, {}), head + R"("module":"jobs",)" + kept + R"("msg":"m"})");
    const auto redis = jobs.child({{"module", "redis"}});
    EXPECT_EQ(line_of(redis, {}), head + kept + R"("module":"redis","msg":"m"})");
    EXPECT_EQ(line_of(jobs, {{"module", "m"}}), head + kept + R"("module":"m","msg":"m"})");
    EXPECT_EQ(line_of(redis, {{"role", 1}, {"module", "m"}, {"role", 2}}),
              head + kept + R"("module":"m","role":2,"msg":"m"})");
    EXPECT_EQ(line_of(jobs.child({{"n", 2}, {"n", 3}}), {}),
              head + R"("module":"jobs",)" + kept.substr(0, kept.size() - 6) + R"("n":3,"msg":"m"})");
    EXPECT_TRUE(line_of(jobs.child({{"hostname", "h"}, {"pid", 8}}), {})
                    .starts_with(R"({"level":30,"time":1700000000123,"module":"jobs",)"));
}

TEST_F(LogTest, TheLinesOwnMembersAreNotTheCallers) {
    EXPECT_EQ(rendered({{"level", 1}, {"time", 2}, {"a", 3}, {"msg", "x"}}), R"("a":3)");
    EXPECT_EQ(rendered({{"o", object({{"level", 1}, {"level", 2}})}}), R"("o":{"level":2})");
    const std::array<Header, 3> headers{Header{"via", "a"}, Header{"host", "shop"}, Header{"via", "b"}};
    EXPECT_THAT(rendered({{"req", request({.method = "GET", .url = "/", .headers = headers})}}),
                HasSubstr(R"("headers":{"host":"shop","via":"b"})"));
}

struct EscapeCase {
    const char* name;
    std::string_view in;
    std::string_view out;
};

TEST(JSONString, EscapesAndMendsText) {
    using namespace std::string_view_literals;
    const EscapeCase cases[] = {
        {"plain", "a long enough plain text", R"("a long enough plain text")"},
        {"quote and backslash", R"(say "hi\")", R"("say \"hi\\\"")"},
        {"quote past the eighth byte", "12345678\"9", R"("12345678\"9")"},
        {"controls", "\n\r\t\b\f\x01\x1f\0"sv, R"("\n\r\t\b\f\u0001\u001f\u0000")"},
        {"terminal escapes", "\x1b[2J\x7f\xC2\x9B", R"("\u001b[2J\u007f\u009b")"},
        {"valid UTF-8", "naïve ₤ 𝄞 \xC2\xA0", "\"naïve ₤ 𝄞 \xC2\xA0\""},
        {"lone continuation", "a\x80z", "\"a\uFFFDz\""},
        {"overlong slash", "\xC0\xAF", "\"\uFFFD\uFFFD\""},
        {"surrogate", "\xED\xA0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
        {"cut four-byte sequence is one part", "\xF0\x9D\x84", "\"\uFFFD\""},
        {"cut sequence before ASCII", "\xE2\x82!", "\"\uFFFD!\""},
        {"beyond U+10FFFF", "\xF4\x90\x80\x80", "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
        {"byte never used", "\xFF", "\"\uFFFD\""},
        {"empty", "", R"("")"},
    };
    for (const EscapeCase& test : cases) {
        std::string out;
        append_json_string(out, test.in);
        EXPECT_EQ(out, test.out) << test.name;
    }
}

// Every byte at every offset in a word: the eight-at-once test must never let one through.
TEST(JSONString, FindsEverySpecialByteAtEveryOffset) {
    for (int byte = 0; byte < 256; ++byte) {
        const bool special = byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x7F;
        for (std::size_t offset = 0; offset < 16; ++offset) {
            std::string text(16, 'x');
            text[offset] = static_cast<char>(byte);
            std::string out;
            append_json_string(out, text);
            EXPECT_EQ(out != '"' + text + '"', special) << byte << " at " << offset;
        }
    }
}

TEST_F(LogTest, RedactsNamesAtAnyDepthAndInAnySpelling) {
    EXPECT_EQ(
        rendered({{"password", "x"}, {"Set-Cookie", "x"}, {"API_KEY", 12}, {"passwords", 1}, {"tokenCount", 2}}),
        R"("password":"[Redacted]","Set-Cookie":"[Redacted]","API_KEY":"[Redacted]","passwords":"[Redacted]","tokenCount":2)");
    EXPECT_EQ(rendered({{"body", object({{"user", object({{"currentPassword", "x"}, {"name", "a"}})}})}}),
              R"("body":{"user":{"currentPassword":"[Redacted]","name":"a"}})");
    EXPECT_EQ(rendered({{"secret", object({{"a", 1}})}}), R"("secret":"[Redacted]")");
}

TEST(Redaction, MatchesEveryDefaultNameAndNoOrdinaryOne) {
    const Redaction redaction;
    for (const std::string_view name : Redaction::default_names()) EXPECT_TRUE(redaction.matches(name)) << name;
    for (const std::string_view name :
         {"authorization", "Authorization", "cookie",      "set-cookie",    "password", "currentPassword",
          "newPassword",   "token",         "accessToken", "refresh_token", "secret",   "pin",
          "apiKey",        "clientSecret",  "x-api-key",   "__token__",     "tokens",   "clientSecrets",
          "pwd1",          "pin_2",         "otp-3",       "cvv0",          "newPin12"})
        EXPECT_TRUE(redaction.matches(name)) << name;
    for (const std::string_view name :
         {"", "-", "id", "reqId", "statusCode", "pinned", "spin", "tokenCount", "url", "method", "content-type", "1",
          "pinned1", "session", "refresh", "key1", "sha256"})
        EXPECT_FALSE(redaction.matches(name)) << name;
    EXPECT_FALSE(redaction.matches(std::string(200, 'p') + "n"));
}

TEST(Redaction, TakesMoreNamesAndPaths) {
    auto sink = std::make_shared<MemorySink>();
    Redaction redaction;
    redaction.add("mpesaPasskey").add("req.headers.x-shop").add("customer.phone");
    Log log({.redaction = redaction}, sink);
    const std::array<Header, 2> headers{Header{"X-Shop", "s"}, Header{"accept", "*/*"}};
    log.logger().info("m", {{"mpesa_passkey", "x"},
                            {"customer", object({{"phone", "+254700000000"}, {"name", "A"}})},
                            {"phone", "kept"},
                            {"req", request({.method = "GET", .url = "/", .headers = headers})}});
    const std::string line = sink->lines().at(0);
    EXPECT_THAT(
        line, HasSubstr(R"("mpesa_passkey":"[Redacted]","customer":{"phone":"[Redacted]","name":"A"},"phone":"kept")"));
    EXPECT_THAT(line, HasSubstr(R"("headers":{"X-Shop":"[Redacted]","accept":"*/*"})"));
}

TEST_F(LogTest, RendersRequestAndResponseAsPinoHTTPDoes) {
    const std::array<Header, 3> headers{Header{"Authorization", "Bearer x"}, Header{"cookie", "a=b"},
                                        Header{"host", "shop"}};
    EXPECT_EQ(
        rendered({{"req", request({.id = "r-1",
                                   .method = "GET",
                                   .url = "/v1/products?limit=2",
                                   .remote_address = "10.0.0.1",
                                   .remote_port = 4711,
                                   .headers = headers})},
                  {"res", response({.status_code = 200})},
                  {"responseTime", 3}}),
        R"("req":{"id":"r-1","method":"GET","url":"/v1/products?limit=2","headers":{"Authorization":"[Redacted]","cookie":"[Redacted]","host":"shop"},)"
        R"("remoteAddress":"10.0.0.1","remotePort":4711},"res":{"statusCode":200},"responseTime":3)");
}

TEST_F(LogTest, RedactsSecretsInTheQuery) {
    const auto url = [&](std::string_view text) {
        return rendered({{"req", request({.method = "GET", .url = text})}});
    };
    EXPECT_THAT(url("/ws?token=abc&x=1"), HasSubstr(R"("url":"/ws?token=[Redacted]&x=1")"));
    EXPECT_THAT(url("/ws?x=1&access_token=a=b"), HasSubstr(R"("url":"/ws?x=1&access_token=[Redacted]")"));
    EXPECT_THAT(url("/ws?token"), HasSubstr(R"("url":"/ws?token")"));
    EXPECT_THAT(url("/ws?"), HasSubstr(R"("url":"/ws?")"));
    EXPECT_THAT(url("/ws?&&a"), HasSubstr(R"("url":"/ws?&&a")"));
    EXPECT_THAT(url("/ws?=abc&x=1"), HasSubstr(R"("url":"/ws?=[Redacted]&x=1")")) << "a value without a name";
    EXPECT_THAT(url("/ws?a%00abc&x=1"), HasSubstr(R"("url":"/ws?[Redacted]&x=1")")) << "a name that is none";
    EXPECT_THAT(url("/v1/callbacks/m/0123456789abcdef0123456789abcdef/stk?x=1"),
                HasSubstr(R"("url":"/v1/callbacks/m/[Redacted]/stk?x=1")"));
    EXPECT_THAT(url("/cb/0123456789ABCDEF0123456789abcdef"), HasSubstr(R"("url":"/cb/[Redacted]")"));
    EXPECT_THAT(url("/v1/sales/0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"),
                HasSubstr(R"("url":"/v1/sales/0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01")"));
}

// What a table of attacks on the redaction tries; SECRET may stand nowhere in the line.
TEST_F(LogTest, NoSpellingOfANameShowsItsValue) {
    constexpr std::string_view urls[] = {
        "/cb?password=SECRET",
        "/cb?%70assword=SECRET",
        "/cb?%2570assword=SECRET",
        "/cb?%252570assword=SECRET",
        "/cb?PASSWORD=SECRET&a=1",
        "/cb?pass%77ord=SECRET",
        "/cb?pass_word=SECRET",
        "/cb?pass-word=SECRET",
        "/cb?%20password%00=SECRET",
        "/cb?+password+=SECRET",
        "/cb?password%5B%5D=SECRET",
        "/cb?password[]=SECRET",
        "/cb?password[0]=SECRET",
        "/cb?user[password]=SECRET",
        "/cb?user%5Bpassword%5D=SECRET",
        "/cb?user.password=SECRET",
        "/cb?pwd=SECRET",
        "/cb?sig=SECRET",
        "/cb?code=SECRET&state=1",
        "/cb?Code=SECRET",
        "/cb?key=SECRET",
        "/cb?a=1;password=SECRET;b=2",
        "/cb?a=1?password=SECRET",
        "/cb#access_token=SECRET",
        "/cb;token=SECRET?a=1",
        "/cb?password%3DSECRET",
        "/cb?password%253DSECRET",
        "/cb?a=1%26password%3DSECRET",
        "/cb?redirect=https%3A%2F%2Fx%2F%3Ftoken%3DSECRET",
        "/cb?redirect=https%253A%252F%252Fx%252F%253Ftoken%253DSECRET",
        "/cb?redirect=/x?token=SECRET",
        "/cb?url=https://a:SECRET@x/",
        "/cb?url=https%3A%2F%2Fa%3ASECRET%40x%2F",
        "/cb?X-Amz-Signature=SECRET",
        "/cb?id_token=SECRET",
        "/cb?token=a=SECRET",
        "https://shop.example/cb?%70wd=SECRET",
        "/cb?password%26=SECRET",
        "/cb?%26password=SECRET",
        "/cb?x%26code=SECRET",
        "/cb?'password':'SECRET'",
        "/cb?password:SECRET",
        "/cb?code:SECRET",
        "/cb?h=BEARER%20SECRETabcdefgh",
        "/cb?h=bAsIc%20%20SECRETabcdefgh",
        "/cb?sid=SECRET",
        "/cb?csrf=SECRET",
        "/cb?__Host-sid=SECRET",
        "/cb?securityCredential=SECRET",
        "/cb?consumerKey=SECRET",
        "/cb?mpesaPasskey=SECRET",
        "/cb?initiatorPassword=SECRET",
        "/cb?access_key=SECRET",
        "/cb?awsAccessKeyId=SECRET",
        "/cb?oauth_verifier=SECRET",
        "/cb?oauth_signature=SECRET",
        "/cb?device_code=SECRET",
        "/cb?recovery_code=SECRET",
        "/cb?some-other-code=SECRET",
        "/cb?login_token=SECRET",
        "/cb?passwords=SECRET",
        "/cb?password1=SECRET",
        "/cb?pwd1=SECRET",
        "/cb?pin_2=SECRET",
        "/cb?user[otp3]=SECRET",
        "/cb?tokens=SECRET",
        "/cb?clientSecrets=SECRET",
        "/cb?session=SECRET",
        "/cb?session_id=SECRET",
        "/cb?refresh=SECRET",
        "/cb?key1=SECRET",
        "/cb?login_code2=SECRET",
        "/cb?a_name_longer_than_any_that_is_held_in_the_lists_password_2=SECRET",
        "/cb?pw=SECRET",
        "/cb?totp=SECRET",
        "/cb?x=%7B%22code%22%3A%22SECRET%22%7D",
        "/cb?r=%2563%256f%2564%2565%253dSECRET",
    };
    for (const auto url : urls) {
        const std::array<Header, 2> headers{Header{"Referer", url}, Header{"Location", url}};
        const auto line =
            rendered({{"req", request({.method = "GET", .url = url, .headers = headers})},
                      {"location", url},
                      {"err", error(std::runtime_error(std::string("cannot follow ") + std::string(url)))}});
        EXPECT_THAT(line, Not(HasSubstr("SECRET"))) << url;
        EXPECT_THAT(line, HasSubstr("[Redacted]")) << url;
    }
    constexpr std::string_view texts[] = {
        "postgres://app:SECRET@db:5432/pos refused",
        "postgres://app:SEC/SECRET@db:5432/pos refused",
        "redis://:SECRET@cache",
        "host=db user=app password=SECRET dbname=pos",
        "password='two SECRET' host=db",
        R"(body was {"user":{"new_password": "SECRET"}})",
        R"(body was {"PIN": 1234SECRET, "a":1})",
        R"(body was "{\"password\":\"SECRET\"}")",
        R"({"password":"a\"SECRET"})",
        "Authorization: Bearer SECRET.abcdefgh",
        "proxy said basic SECRETabcdefgh",
        "proxy said BEARER SECRETabcdefgh",
    };
    for (const auto text : texts) {
        EXPECT_THAT(rendered({{"t", text}}), Not(HasSubstr("SECRET"))) << text;
        log.logger().info(text);
        EXPECT_THAT(sink->lines().back(), Not(HasSubstr("SECRET"))) << text;
    }
    for (const auto name :
         {"Set-Cookie", "X-CSRF-Token", "Proxy-Authorization", "X-Api-Key", "new-password", "NEW_PASSWORD",
          "user.password", "user[password]", "req.headers.authorization", "pwd", "sig"}) {
        EXPECT_THAT(rendered({{name, "SECRET"}}), Not(HasSubstr("SECRET"))) << name;
        EXPECT_THAT(rendered({{"a", object({{name, array({"SECRET"})}})}}), Not(HasSubstr("SECRET"))) << name;
    }
}

// What is looked at is bounded; what is not looked at is not shown.
TEST_F(LogTest, BeyondTheMostURLsNothingIsShown) {
    std::string url = "/v1/products?";
    for (int i = 0; i < 80; ++i) url += fmt::format("a{0}=ftp://u:P{0}@h&", i);
    const auto line = rendered({{"req", request({.method = "GET", .url = url})}});
    for (int i = 0; i < 80; ++i) EXPECT_THAT(line, Not(HasSubstr(fmt::format(":P{}@", i))));
}

TEST_F(LogTest, OrdinaryTextsStayAsTheyAre) {
    for (const std::string_view text :
         {"GET /v1/products?limit=2&q=50%25+off&cursor=abc", "code=42P01", "key (id)=(1) exists", "12:30 = noon",
          "https://shop.example/a?b=c#d", R"({"code":"auth.forbidden"})", "a=b", "==", "%", "x://", R"(":)"})
        EXPECT_EQ(rendered({{"t", text}}), [&] {
            std::string out = "\"t\":";
            append_json_string(out, text);
            return out;
        }()) << text;
    EXPECT_THAT(rendered({{"code", "auth.forbidden"}}), HasSubstr(R"("code":"auth.forbidden")"));
}

// Whatever is sent is logged, so looking through it has to be quick: each of these is read a few times, not n times.
TEST(Redaction, LongTextsAreReadAFewTimesOnly) {
    const Redaction redaction;
    for (const std::string_view piece :
         {"a=%25", "a=", "=%", "?a=%3D", "://", "\":", "'\":", "%25", "earer ", "&%3D", "[", "a.="}) {
        std::string text;
        while (text.size() < JSONWriter::longest_text) text += piece;
        std::ignore = redaction.scrub(text);
        std::ignore = redaction.scrub_url(text);
    }
}

TEST_F(LogTest, RendersErrorsWithTheirCauses) {
    static constexpr base::ErrorCode code{"sales.total_mismatch", 422, false, base::Action::fix, "Total mismatch"};
    EXPECT_EQ(
        rendered({{"err", error(std::runtime_error("disk \"full\""))}}),
        R"("err":{"type":"std::runtime_error","message":"disk \"full\"","stack":"std::runtime_error: disk \"full\""})");
    const base::Failure failure = base::Failure(code, "11600 is not 11500").cause("line 3");
    EXPECT_EQ(
        rendered({{"err", error(failure)}}),
        R"("err":{"type":"base::Failure","message":"11600 is not 11500","stack":"base::Failure: 11600 is not 11500\n    caused by line 3","code":"sales.total_mismatch"})");
}

TEST_F(LogTest, RendersExceptionPointersAndNestedExceptions) {
    std::exception_ptr pointer;
    try {
        try {
            throw std::out_of_range("inner");
        } catch (...) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (...) {
        pointer = std::current_exception();
    }
    EXPECT_EQ(
        rendered({{"err", error(pointer)}}),
        R"("err":{"type":"std::runtime_error","message":"outer","stack":"std::runtime_error: outer\n    caused by std::out_of_range: inner"})");
    EXPECT_THAT(rendered({{"err", error(std::make_exception_ptr(42))}}), HasSubstr(R"("type":"unknown")"));
    EXPECT_EQ(rendered({{"err", error(std::exception_ptr())}}), R"("err":null)");
}

TEST_F(LogTest, BoundsValuesAndLines) {
    const std::string long_text(JSONWriter::longest_text + 1, 'x');
    EXPECT_THAT(rendered({{"t", long_text}}), HasSubstr("x[Truncated]\""));
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) names.push_back(fmt::format("t{}", i));
    std::vector<Field> many;
    for (const auto& name : names) many.emplace_back(name, long_text);
    log.logger().info("m", Fields(std::span<const Field>(many)));
    const std::string line = sink->lines().back();
    EXPECT_LT(line.size(), JSONWriter::longest_line + 2 * JSONWriter::longest_text);
    EXPECT_TRUE(line.ends_with(R"(,"truncated":true,"msg":"m"})"));
}

}  // namespace
}  // namespace logging
