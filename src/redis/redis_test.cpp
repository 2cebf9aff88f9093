// Commands, URLs, the greeting: all that needs no server.

#include <gtest/gtest.h>

#include "redis/command.h"
#include "redis/errors.h"
#include "redis/greeting.h"
#include "redis/options.h"

namespace {

using namespace std::string_literals;
using redis::Command;
using redis::detail::Greeting;

std::string encoded(const Command& command) {
    std::string bytes;
    command.encode(bytes);
    EXPECT_LE(bytes.size(), command.size());
    return bytes;
}

TEST(command, is_an_array_of_bulk_strings) {
    EXPECT_EQ(encoded(Command("PING")), "*1\r\n$4\r\nPING\r\n");
    EXPECT_EQ(encoded(Command("SET").add("k\r\n").add(std::string_view("\0", 1)).add("PX").add(-30'000)),
              "*5\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$1\r\n\0\r\n$2\r\nPX\r\n$6\r\n-30000\r\n"s);
    const std::vector<std::string> keys{"a", ""};
    EXPECT_EQ(encoded(Command("DEL").add_all(keys)), "*3\r\n$3\r\nDEL\r\n$1\r\na\r\n$0\r\n\r\n");
    auto command = Command("INCRBY");
    command.add("k").add(std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(encoded(command).ends_with("$20\r\n-9223372036854775808\r\n"));
}

TEST(command, says_how_it_may_be_run) {
    const auto command = Command("EVALSHA").labelled("move").repeatable().blocks_for(std::chrono::seconds(2));
    EXPECT_TRUE(command.is_repeatable());
    EXPECT_EQ(command.block_time().count(), 2'000);
    EXPECT_EQ(command.label(), "move");
    EXPECT_EQ(Command("GET").label(), "GET");
    EXPECT_FALSE(Command("GET").is_repeatable());
}

TEST(script, has_the_hash_that_redis_computes) {
    EXPECT_EQ(redis::script_of("one", "return 1", 0).sha1, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST(refused, tells_a_server_that_takes_nothing_from_a_command_that_is_wrong) {
    for (const auto* text :
         {"OOM command not allowed when used memory > 'maxmemory'.",
          "READONLY You can't write against a read only replica.", "MISCONF Redis is configured to save RDB snapshots",
          "LOADING Redis is loading the dataset in memory", "MASTERDOWN Link with MASTER is down",
          "CLUSTERDOWN Hash slot not served", "NOAUTH Authentication required.", "NOREPLICAS Not enough good replicas",
          "BUSY Redis is busy running a script.", "NOPERM User lim has no permissions to run the 'set' command",
          "WRONGPASS invalid username-password pair or user is disabled.",
          "UNBLOCKED force unblock from blocking operation",
          "EXECABORT Transaction discarded because of previous errors. (OOM command not allowed)",
          "ERR Error running script (call to f_6b1): @user_script:1: @user_script: 1: -OOM command not allowed",
          "READONLY You can't write against a read only replica. script: 6b1, on @user_script:1."}) {
        EXPECT_TRUE(redis::is_server_trouble(text)) << text;
        EXPECT_EQ(redis::Refused("SET", text).code().code, "redis.unavailable") << text;
        EXPECT_TRUE(redis::Refused("SET", text).code().retriable) << text;
    }
    for (const auto* text : {"WRONGTYPE Operation against a key", "ERR OOM", "ERR value is not an integer", "OOMPH", "",
                             "NOSCRIPT No matching script", "NOPERMS x", "READONLYISH x",
                             "EXECABORT Transaction discarded because of previous errors.",
                             "ERR Error running script (call to f_6b1): @user_script:1: @user_script: 1: -ERR no"}) {
        EXPECT_FALSE(redis::is_server_trouble(text)) << text;
        EXPECT_EQ(redis::Refused("SET", text).code().code, "redis.refused") << text;
    }
}

TEST(refused, tells_words_of_redis_from_ours) {
    for (const auto* text :
         {"READONLY You can't write against a read only replica.", "ERR max number of clients reached",
          "NOAUTH Authentication required.", "DENIED Redis is running in protected mode"})
        EXPECT_TRUE(redis::is_error_reply(text)) << text;
    for (const auto* text : {"", "A", "Connection refused", "TLS: certificate verify failed", "not RESP: x", "closed",
                             "Redis closed the connection", "no connection within the connect timeout: LOADING x"})
        EXPECT_FALSE(redis::is_error_reply(text)) << text;
}

TEST(refused, has_a_prefix) {
    EXPECT_EQ(redis::Refused("GET", "WRONGTYPE Operation against").word(), "WRONGTYPE");
    EXPECT_EQ(redis::Refused("GET", "ERR").word(), "ERR");
    EXPECT_EQ(redis::Refused("GET", "ERR no").cause(), "GET: ERR no");
}

// ---- URLs -------------------------------------------------------------------------------------------------------

std::string shown(const std::string& url) {
    const auto parsed = redis::parse_url(url);
    if (!parsed) return "! " + parsed.error();
    return (parsed->path.empty() ? parsed->host + "|" + std::to_string(parsed->port) : parsed->path) + "|" +
           parsed->username + "|" + parsed->password + "|" + std::to_string(parsed->database) +
           (parsed->tls ? "|tls" : "") + (parsed->tls_verify ? "" : "|unverified") +
           (parsed->tls_authority_file.empty() ? "" : "|" + parsed->tls_authority_file);
}

TEST(parse_url, reads_every_part) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"redis://", "127.0.0.1|6379|||0"},
        {"redis://host", "host|6379|||0"},
        {"redis://host/", "host|6379|||0"},
        {"redis://host:1/2", "host|1|||2"},
        {"redis://host:1?db=2", "host|1|||2"},
        {"redis://:pw@host", "host|6379||pw|0"},
        {"redis://user:p%40%3A@host:7000/15", "host|7000|user|p@:|15"},
        {"redis://user:p@w@host", "host|6379|user|p@w|0"},
        {"redis://user@host", "host|6379|user||0"},
        {"redis://[::1]:7/1", "::1|7|||1"},
        {"redis://[::1]", "::1|6379|||0"},
        {"rediss://host", "host|6379|||0|tls"},
        {"rediss://host?verify=no&ca=%2Fetc%2Fca.pem", "host|6379|||0|tls|unverified|/etc/ca.pem"},
        {"unix:///run/redis.sock?db=3", "/run/redis.sock|||3"},
        {"unix://:pw@/run/r%20s", "/run/r s||pw|0"},
    };
    for (const auto& [url, expected] : cases) EXPECT_EQ(shown(url), expected) << url;
}

TEST(parse_url, says_what_is_wrong_and_keeps_the_password_to_itself) {
    for (const auto* url :
         {"", "http://:secret@host", "redis://:secret@host:0", "redis://:secret@host:65536", "redis://:secret@host:x",
          "redis://:secret@host/x", "redis://:secret@host/-1", "redis://:secret%@host", "redis://:secret@[::1",
          "redis://:secret@host?secret=1", "redis://:secret@host?verify=no", "rediss://:secret@host?verify=maybe",
          "unix://", "unix:///", "unix://:secret@run", "redis://host?", "redis://host\n"}) {
        const auto parsed = redis::parse_url(url);
        ASSERT_FALSE(parsed) << url;
        EXPECT_FALSE(parsed.error().contains("secret")) << parsed.error();
        EXPECT_FALSE(parsed.error().empty());
    }
}

TEST(parse_url, refuses_a_slash_in_a_password_that_is_not_encoded) {
    for (const auto* url : {"redis://:se/cret@host", "redis://:12/cret@host:6379/0", "redis://se/cret@host?db=1"}) {
        const auto parsed = redis::parse_url(url);
        ASSERT_FALSE(parsed) << url;
        EXPECT_TRUE(parsed.error().contains("percent-encode")) << parsed.error();
        EXPECT_FALSE(parsed.error().contains("cret")) << parsed.error();
    }
    EXPECT_EQ(shown("unix:///run/redis@home.sock"), "/run/redis@home.sock|||0");
    EXPECT_EQ(shown("rediss://host?ca=/etc/me@home.pem"), "host|6379|||0|tls|/etc/me@home.pem");
}

// ---- Greeting ---------------------------------------------------------------------------------------------------

// What the client says and hears until the connection is ready or failed, one line each.
struct Talk {
    redis::Endpoint endpoint;
    Greeting::Settings settings;
    std::vector<std::string> answers;
};

redis::Reply line_reply(const std::string& line) {
    const auto kind = line.starts_with('-') ? redis::Kind::error : redis::Kind::text;
    return {line.substr(1), {{.kind = kind, .begin = 0, .length = line.size() - 1, .end = 1}}};
}

// "HELLO 3 AUTH u p" out of what goes on the wire.
std::string words_of(const std::string& bytes) {
    std::string words;
    bool is_text = false;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto end = bytes.find("\r\n", at);
        if (is_text) words.append(words.empty() ? "" : " ").append(bytes, at, end - at);
        is_text = bytes[at] == '$' && !is_text;
        at = end + 2;
    }
    return words;
}

std::string transcript(const Talk& talk) {
    Greeting greeting(talk.endpoint, talk.settings);
    std::string text = words_of(greeting.request());
    for (const auto& answer : talk.answers) {
        switch (greeting.on_reply(line_reply(answer))) {
            case Greeting::Next::send: text += ", " + words_of(greeting.request()); break;
            case Greeting::Next::wait: text += ", (wait) " + words_of(greeting.request()); break;
            case Greeting::Next::ready: return text + ", ready";
            case Greeting::Next::fail: return text + ", failed: " + greeting.cause();
        }
    }
    return text;
}

TEST(greeting, says_what_is_needed) {
    const redis::Endpoint user{.username = "u", .password = "p", .database = 2};
    const redis::Endpoint password{.password = "p"};
    const std::string unknown = "-ERR unknown command 'HELLO'";
    const std::vector<std::pair<Talk, std::string>> cases{
        {{{}, {}, {"+map", "+PONG"}}, "HELLO 3, PING, ready"},
        {{user, {.connection_name = "n"}, {"+map", "+OK", "+PONG"}},
         "HELLO 3 AUTH u p SETNAME n, SELECT 2, PING, ready"},
        {{password, {}, {"+map", "+PONG"}}, "HELLO 3 AUTH default p, PING, ready"},
        {{user, {.connection_name = "n"}, {unknown, "+OK", "+OK", "+OK", "+PONG"}},
         "HELLO 3 AUTH u p SETNAME n, AUTH u p, CLIENT SETNAME n, SELECT 2, PING, ready"},
        {{{}, {}, {"-NOPROTO unsupported protocol version", "+PONG"}}, "HELLO 3, PING, ready"},
        {{password, {.resp3 = false}, {"+OK", "+PONG"}}, "AUTH p, PING, ready"},
        {{{}, {.resp3 = false}, {"+PONG"}}, "PING, ready"},
        {{password, {}, {"-WRONGPASS invalid"}}, "HELLO 3 AUTH default p, failed: WRONGPASS invalid"},
        {{user, {}, {"+map", "-ERR DB index is out of range"}},
         "HELLO 3 AUTH u p, SELECT 2, failed: ERR DB index is out of range"},
        {{{}, {.resp3 = false}, {"-NOAUTH Authentication required."}}, "PING, failed: NOAUTH Authentication required."},
        {{{}, {}, {"+map", "-LOADING data", "-MASTERDOWN link", "-BUSY script", "+PONG"}},
         "HELLO 3, PING, (wait) PING, (wait) PING, (wait) PING, ready"},
        {{{}, {}, {"+map", "-NOPERM no ping"}}, "HELLO 3, PING, ready"},
    };
    for (const auto& [talk, expected] : cases) EXPECT_EQ(transcript(talk), expected);
}

}  // namespace
