// SMTP against a real server that fails at each step in each way. After whatever went wrong the next mail arrives, and no place is taken.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "async/loop.h"
#include "base/strings.h"
#include "mail/file_transport.h"
#include "mail/smtp_transport.h"
#include "testing/running.h"
#include "testing/scripted_smtp_server.h"

namespace mail {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using ::testing::HasSubstr;
using Server = ::testing::ScriptedSmtpServer;
using Command = Server::Command;
using Script = Server::Script;
using Answers = std::optional<Answer>;

Message letter(std::uint8_t number = 1) {
    base::Uuid::Bytes id{};
    id[15] = number;
    return {.id = base::Uuid(id),
            .date = *base::parse_timestamp("2026-11-22T06:14:03Z"),
            .from = *Address::parse("Jirani <hello@example.com>"),
            .to = {*Address::parse("amina@example.org")},
            .subject = "Number " + std::to_string(number),
            .text = ".dots\n..more\nend"};
}

SmtpOptions options_for(const Server& server) {
    return {.host = "127.0.0.1",
            .port = server.port(),
            .user = "mailer",
            .password = "p@ss:word/1",
            .ca_file = server.certificate_file(),
            .max_connections = 1,
            .connect_timeout = 10s,
            .reply_timeout = 10s};
}

class Post {
public:
    explicit Post(SmtpOptions options, async::SteadyTime::duration patience = 20s)
        : patience_(patience), transport_(loop_, std::move(options)) {}

    SendResult send(OutgoingMail mail) {
        return async::run_until_done(loop_, transport_.send(std::move(mail), async::Loop::now() + patience_));
    }
    SendResult send(std::uint8_t number = 1) { return send({.message = letter(number)}); }
    SmtpTransport& transport() { return transport_; }
    async::Loop& loop() { return loop_; }
    void run_until(const std::function<bool()>& holds) { async::run_until_done(loop_, wait(&loop_, &holds)); }

private:
    static async::Task<void> wait(async::Loop* loop, const std::function<bool()>* holds) {
        const auto end = async::Loop::now() + 10s;
        while (!(*holds)() && async::Loop::now() < end) co_await async::sleep(loop, 5ms);
    }

    async::Loop loop_;
    async::SteadyTime::duration patience_;
    SmtpTransport transport_;
};

std::string shown(const SendResult& result) {
    return std::string(to_string(result.outcome)) + "/" + std::string(to_string(result.whose));
}

std::size_t count(const Server& server, std::string_view verb) {
    return static_cast<std::size_t>(std::ranges::count(server.commands(), verb, &Command::verb));
}

// ---- M1: what goes wrong at each step ---------------------------------------------------------------------------

struct Fault {
    std::string verb;
    std::string reply;  // "": cut
    std::size_t nth = 0;
};

Script script_of(const Fault& fault) {
    return [fault](const Command& command) -> Answers {
        if (command.verb != fault.verb || command.nth != fault.nth) return std::nullopt;
        return fault.reply.empty() ? Answer().close() : Answer().send(fault.reply + "\r\n");
    };
}

Outcome expected(const Fault& fault) {
    if (fault.reply.empty()) return fault.verb == "CONTENT" ? Outcome::unknown : Outcome::refused_for_now;
    return fault.reply.starts_with('4') ? Outcome::refused_for_now : Outcome::refused;
}

TEST(Smtp, AFaultAtAnyStepLeavesThePoolAsItWas) {
    for (const std::string verb : {"GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "CONTENT"}) {
        for (const std::string reply : {"451 4.3.0 later", "554 5.3.0 never", "421 4.3.2 goodbye", ""}) {
            SCOPED_TRACE(fmt::format("{} {}", verb, reply));
            const Fault fault{.verb = verb, .reply = reply};
            const Server server(script_of(fault));
            Post post(options_for(server));
            const auto first = post.send(1);
            EXPECT_EQ(to_string(first.outcome), to_string(expected(fault))) << first.reply;
            EXPECT_NE(first.reply, "");
            EXPECT_EQ(post.send(2).outcome, Outcome::accepted);
            EXPECT_EQ(post.transport().usage().in_use, 0U);
            ASSERT_EQ(server.accepted().size(), 1U);
            EXPECT_THAT(server.accepted().front().content, HasSubstr("Subject: Number 2"));
        }
    }
}

TEST(Smtp, AConnectionThatFailsWhenItIsUsedAgainHoldsUpNothing) {
    for (const std::string verb : {"MAIL", "RCPT", "DATA", "CONTENT"}) {
        for (const std::string reply : {"451 4.3.0 later", "554 5.3.0 never", "421 4.4.2 idle for too long", ""}) {
            SCOPED_TRACE(fmt::format("{} {}", verb, reply));
            const Fault fault{.verb = verb, .reply = reply, .nth = 1};
            const Server server(script_of(fault));
            Post post(options_for(server));
            EXPECT_EQ(post.send(1).outcome, Outcome::accepted);
            const auto second = post.send(2);
            // Nothing of the message had been given: another connection was tried.
            const bool is_stale = (verb == "MAIL" || verb == "RCPT") && (reply.empty() || reply.starts_with("421"));
            EXPECT_EQ(to_string(second.outcome), to_string(is_stale ? Outcome::accepted : expected(fault)));
            EXPECT_EQ(post.send(3).outcome, Outcome::accepted);
            EXPECT_EQ(post.transport().usage().in_use, 0U);
            EXPECT_EQ(server.accepted().size(), is_stale ? 3U : 2U);
        }
    }
}

TEST(Smtp, AnIdleConnectionThatDiedIsNoticed) {
    for (const bool is_encrypted : {true, false}) {
        for (const std::string_view farewell : {"", "421 4.4.2 idle for too long\r\n"}) {
            Server server({}, {.tls = is_encrypted ? Server::Options::Tls::starttls : Server::Options::Tls::none});
            auto options = options_for(server);
            if (!is_encrypted) {
                options.tls = SmtpOptions::Tls::opportunistic;
                options.user.clear();
            }
            Post post(options);
            for (std::uint8_t number = 1; number <= 3; ++number) {
                EXPECT_EQ(post.send(number).outcome, Outcome::accepted);
                EXPECT_EQ(post.transport().usage().idle, 1U);
                server.hang_up(farewell);
                ASSERT_TRUE(server.wait_until([](const Server& now) { return now.open_connections() == 0; }));
            }
            EXPECT_EQ(server.accepted().size(), 3U);
            EXPECT_EQ(server.connection_count(), 3U);
            // Nothing was given to the dead ones.
            EXPECT_EQ(count(server, "MAIL"), 3U);
        }
    }
}

TEST(Smtp, SilenceEndsWithTheTime) {
    for (const std::string verb : {"GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"}) {
        SCOPED_TRACE(verb);
        const Server server([&](const Command& command) -> Answers {
            return command.verb == verb && command.nth == 0 ? Answers(Answer().hold()) : std::nullopt;
        });
        auto options = options_for(server);
        options.reply_timeout = 100ms;
        Post post(options);
        const auto result = post.send(1);
        EXPECT_EQ(shown(result), "refused_for_now/sender");
        EXPECT_THAT(result.reply, HasSubstr("no answer in time"));
        EXPECT_EQ(post.transport().usage().in_use, 0U);
    }
}

TEST(Smtp, SilenceAfterTheFinalDotIsUnknown) {
    const Server server([](const Command& command) -> Answers {
        return command.verb == "CONTENT" ? Answers(Answer().hold()) : std::nullopt;
    });
    Post post(options_for(server), 500ms);
    EXPECT_EQ(post.send().outcome, Outcome::unknown);
    EXPECT_EQ(server.received().size(), 1U);
}

TEST(Smtp, WhatIsNoSmtpServerIsRefused) {
    const Server server([](const Command& command) -> Answers {
        return command.verb == "GREETING" ? Answers(Answer().send("HTTP/1.1 400 Bad Request\r\n\r\n")) : std::nullopt;
    });
    Post post(options_for(server));
    EXPECT_EQ(shown(post.send()), "refused_for_now/sender");
    Post nobody({.host = "127.0.0.1", .port = 1});
    EXPECT_EQ(shown(nobody.send()), "refused_for_now/sender");
    async::Loop loop;
    SmtpTransport unnamed(loop, {.host = "mail.example"}, {},
                          [](const std::string&) -> async::Resolution { return {{}, "no such name"}; });
    const auto result = async::run_until_done(loop, unnamed.send({.message = letter()}, async::Loop::now() + 20s));
    EXPECT_EQ(shown(result), "refused_for_now/sender");
    EXPECT_THAT(result.reply, HasSubstr("no such name"));
}

// ---- M4: contents -----------------------------------------------------------------------------------------------

class HalfReader : public ContentReader {
public:
    HalfReader(std::uint64_t size, bool breaks) : left_(size), breaks_at_(breaks ? size / 2 : 0) {}
    async::Task<std::size_t> read(std::span<char> out) override {
        if (left_ == breaks_at_ && breaks_at_ != 0) throw std::runtime_error("the storage does not answer");
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_ - breaks_at_));
        std::ranges::fill(out.first(size), 'x');
        left_ -= size;
        co_return size;
    }

private:
    std::uint64_t left_;
    std::uint64_t breaks_at_;
};

Message with_file(bool breaks, std::uint64_t size = 2'000'000) {
    auto message = letter();
    message.attachments.push_back(
        {.filename = "receipt.pdf",
         .content = Stream{.size = size, .open = [=] { return std::make_unique<HalfReader>(size, breaks); }}});
    return message;
}

TEST(Smtp, AContentThatBreaksIsNotSentCut) {
    const Server server;
    Post post(options_for(server));
    const auto result = post.send({.message = with_file(true)});
    EXPECT_EQ(shown(result), "refused_for_now/message");
    EXPECT_THAT(result.reply, HasSubstr("the storage does not answer"));
    EXPECT_TRUE(server.received().empty());
    ASSERT_TRUE(server.wait_until([](const Server& now) { return now.open_connections() == 0; }));
    EXPECT_EQ(post.send({.message = with_file(false)}).outcome, Outcome::accepted);
    ASSERT_EQ(server.accepted().size(), 1U);
    const auto content = server.accepted().front().content;
    EXPECT_EQ(content, async::run_until_done(post.loop(), source_of(with_file(false))));
    EXPECT_TRUE(content.ends_with("--\r\n"));
}

TEST(Smtp, AServerThatHasSeenEnoughIsHeard) {
    const Server server([](const Command& command) -> Answers {
        return command.verb == "DATA" ? Answers(Answer().send("354 go on\r\n552 5.3.4 too much\r\n").close())
                                      : std::nullopt;
    });
    Post post(options_for(server));
    const auto result = post.send({.message = with_file(false, 9'000'000)});
    // Its words may be lost with the connection, which is then refused for now; never taken, and never unknown.
    EXPECT_THAT(shown(result), ::testing::AnyOf("refused/message", "refused_for_now/sender"));
}

TEST(Smtp, TheMessageArrivesAsItIs) {
    const Server server;
    Post post(options_for(server));
    EXPECT_EQ(post.send().outcome, Outcome::accepted);
    const auto content = server.accepted().front().content;
    EXPECT_EQ(content, async::run_until_done(post.loop(), source_of(letter())));
    EXPECT_THAT(content, HasSubstr("Message-ID: <00000000-0000-0000-0000-000000000001@example.com>\r\n"));
}

// ---- Encryption and authentication ------------------------------------------------------------------------------

TEST(Smtp, NothingIsSaidWithoutEncryption) {
    const Server server({}, {.tls = Server::Options::Tls::none});
    Post post(options_for(server));
    EXPECT_EQ(shown(post.send()), "refused_for_now/sender");
    EXPECT_EQ(count(server, "AUTH") + count(server, "MAIL"), 0U);
}

TEST(Smtp, WhatCameBeforeTheEncryptionIsNotBelieved) {
    const Server server([](const Command& command) -> Answers {
        return command.verb == "STARTTLS" ? Answers(Answer().send("220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n"))
                                          : std::nullopt;
    });
    Post post(options_for(server));
    EXPECT_EQ(shown(post.send()), "refused_for_now/sender");
    EXPECT_EQ(count(server, "AUTH"), 0U);
}

TEST(Smtp, ACertificateOfAnotherHostIsRefused) {
    const Server server({}, {.certificate_names = "DNS:mail.example"});
    Post post(options_for(server));
    const auto result = post.send();
    EXPECT_EQ(shown(result), "refused_for_now/sender");
    EXPECT_THAT(result.reply, HasSubstr("TLS"));
    EXPECT_EQ(count(server, "AUTH"), 0U);
}

TEST(Smtp, TlsFromTheFirstByte) {
    const Server server({}, {.tls = Server::Options::Tls::implicit});
    auto options = options_for(server);
    options.host = "localhost";
    options.tls = SmtpOptions::Tls::implicit;
    Post post(options);
    EXPECT_EQ(post.send({.message = letter(), .is_security = true}).outcome, Outcome::accepted);
}

TEST(Smtp, OpportunisticCarriesNoMailOfAnAccountsSafety) {
    const Server server({}, {.tls = Server::Options::Tls::none});
    auto options = options_for(server);
    options.tls = SmtpOptions::Tls::opportunistic;
    options.user.clear();
    Post post(options);
    EXPECT_EQ(post.send().outcome, Outcome::accepted);
    EXPECT_EQ(shown(post.send({.message = letter(2), .is_security = true})), "refused_for_now/sender");
    EXPECT_EQ(post.send(3).outcome, Outcome::accepted);
    EXPECT_EQ(server.received().size(), 2U);
    // A server that offers encryption gets it.
    const Server other;
    options.port = other.port();
    options.ca_file = other.certificate_file();
    Post encrypted(options);
    EXPECT_EQ(encrypted.send({.message = letter(), .is_security = true}).outcome, Outcome::accepted);
    EXPECT_EQ(count(other, "STARTTLS"), 1U);
}

TEST(Smtp, LogsInByPlainOrLogin) {
    for (const auto& [extension, wanted] :
         {std::pair("AUTH LOGIN", "AUTH LOGIN"), std::pair("AUTH CRAM-MD5 PLAIN", "AUTH PLAIN"),
          std::pair("AUTH=LOGIN PLAIN", "AUTH PLAIN"), std::pair("auth plain", "AUTH PLAIN")}) {
        const Server server({}, {.extensions = {extension}});
        Post post(options_for(server));
        EXPECT_EQ(post.send().outcome, Outcome::accepted) << extension;
        const auto commands = server.commands();
        EXPECT_THAT(std::ranges::find(commands, "AUTH", &Command::verb)->line, HasSubstr(wanted));
    }
    const Server both;
    auto options = options_for(both);
    options.auth = SmtpOptions::Auth::login;
    EXPECT_EQ(Post(options).send().outcome, Outcome::accepted);
    EXPECT_EQ(count(both, "AUTH"), 3U);
    const Server none({}, {.extensions = {"AUTH CRAM-MD5"}});
    EXPECT_EQ(shown(Post(options_for(none)).send()), "refused/sender");
}

TEST(Smtp, AWrongPasswordIsOurReason) {
    const Server server;
    auto options = options_for(server);
    options.password = "wrong";
    Post post(options);
    const auto result = post.send();
    EXPECT_EQ(shown(result), "refused/sender");
    EXPECT_THAT(result.reply, HasSubstr("535 5.7.8 wrong"));
}

// ---- The pool ---------------------------------------------------------------------------------------------------

async::Task<std::vector<SendResult>> all(std::vector<async::Task<SendResult>> tasks) {
    co_return co_await async::when_all(std::move(tasks));
}

TEST(SmtpPool, HasSoManyConnections) {
    const Server server;
    auto options = options_for(server);
    options.max_connections = 2;
    Post post(options);
    std::vector<async::Task<SendResult>> tasks;
    for (std::uint8_t i = 0; i < 12; ++i)
        tasks.push_back(post.transport().send({.message = letter(i + 1)}, async::Loop::now() + 20s));
    for (const auto& result : async::run_until_done(post.loop(), all(std::move(tasks))))
        EXPECT_EQ(result.outcome, Outcome::accepted) << result.reply;
    EXPECT_EQ(server.accepted().size(), 12U);
    EXPECT_EQ(server.connection_count(), 2U);
    EXPECT_EQ(post.transport().usage().in_use, 0U);
    EXPECT_EQ(post.transport().usage().idle, 2U);
}

TEST(SmtpPool, AConnectionThatHasCarriedEnoughSaysGoodbye) {
    const Server server;
    auto options = options_for(server);
    options.max_messages = 3;
    Post post(options);
    for (std::uint8_t i = 1; i <= 7; ++i) EXPECT_EQ(post.send(i).outcome, Outcome::accepted);
    EXPECT_EQ(server.connection_count(), 3U);
    post.run_until([&] { return count(server, "QUIT") == 2; });
    EXPECT_EQ(count(server, "QUIT"), 2U);
}

TEST(SmtpPool, WithoutOneEachMailHasItsConnection) {
    const Server server;
    auto options = options_for(server);
    options.pool = false;
    Post post(options);
    for (std::uint8_t i = 1; i <= 3; ++i) EXPECT_EQ(post.send(i).outcome, Outcome::accepted);
    EXPECT_EQ(server.connection_count(), 3U);
    EXPECT_EQ(post.transport().usage().idle, 0U);
}

TEST(SmtpPool, AnIdleConnectionSaysGoodbye) {
    const Server server;
    auto options = options_for(server);
    options.idle_timeout = 10ms;
    Post post(options);
    EXPECT_EQ(post.send().outcome, Outcome::accepted);
    post.run_until([&] { return count(server, "QUIT") == 1; });
    EXPECT_EQ(count(server, "QUIT"), 1U);
    EXPECT_EQ(post.transport().usage().idle, 0U);
}

TEST(SmtpPool, TheRateLimitIsOursAndNobodysFault) {
    const Server server;
    auto options = options_for(server);
    options.rate_limit = 1;
    options.rate_delta = 1h;
    Post post(options);
    EXPECT_EQ(post.send(1).outcome, Outcome::accepted);
    EXPECT_EQ(shown(post.send(2)), "refused_for_now/none");
    EXPECT_EQ(server.accepted().size(), 1U);
}

TEST(SmtpPool, ASendThatIsGivenUpGivesItsPlaceBack) {
    const Server server([](const Command& command) -> Answers {
        return command.verb == "MAIL" && command.nth == 0 ? Answers(Answer().hold()) : std::nullopt;
    });
    Post post(options_for(server));
    SendResult unused;
    auto running =
        ::testing::run_in_background(post.transport().send({.message = letter()}, async::Loop::now() + 20s), &unused);
    post.run_until([&] { return count(server, "MAIL") == 1; });
    EXPECT_EQ(post.transport().usage().in_use, 1U);
    running.destroy();
    EXPECT_EQ(post.transport().usage().in_use, 0U);
    ASSERT_TRUE(server.wait_until([](const Server& now) { return now.open_connections() == 0; }));
    EXPECT_EQ(post.send(2).outcome, Outcome::accepted);
}

TEST(SmtpPool, ASendThatIsGivenUpWhileItWaitsIsForgotten) {
    const Server server([](const Command& command) -> Answers {
        return command.verb == "MAIL" && command.nth == 0 ? Answers(Answer().hold()) : std::nullopt;
    });
    Post post(options_for(server));
    std::vector<::testing::Running> running;
    for (std::uint8_t i = 1; i <= 3; ++i)
        running.push_back(
            ::testing::run_in_background(post.transport().send({.message = letter(i)}, async::Loop::now() + 20s)));
    post.run_until([&] { return count(server, "MAIL") == 1; });
    EXPECT_EQ(post.transport().usage().waiting, 2U);
    running[1].destroy();
    EXPECT_EQ(post.transport().usage().waiting, 1U);
    // The place is the third one's, which goes before it has taken it.
    running[0].destroy();
    running[2].destroy();
    EXPECT_EQ(post.transport().usage().in_use, 0U);
    EXPECT_EQ(post.send(4).outcome, Outcome::accepted);
}

// ---- Envelopes --------------------------------------------------------------------------------------------------

TEST(Smtp, AMailGoesToAllOrNobody) {
    const Server server([](const Command& command) -> Answers {
        return command.line.find("<baraka@") != std::string::npos ? Answers(Answer().send("550 5.1.1 nobody\r\n"))
                                                                  : std::nullopt;
    });
    Post post(options_for(server));
    auto message = letter();
    message.cc = {*Address::parse("baraka@example.org")};
    message.bcc = {*Address::parse("chausiku@example.org")};
    EXPECT_EQ(shown(post.send({.message = message})), "refused/recipient");
    EXPECT_TRUE(server.received().empty());
    message.cc.clear();
    EXPECT_EQ(post.send({.message = message}).outcome, Outcome::accepted);
    EXPECT_EQ(server.connection_count(), 1U);
    EXPECT_EQ(server.accepted().front().to, (std::vector<std::string>{"amina@example.org", "chausiku@example.org"}));
    EXPECT_EQ(server.accepted().front().content.find("chausiku"), std::string::npos);
}

async::Task<bool> say(bool what) { co_return what; }

async::Task<bool> fail() {
    throw std::runtime_error("the database is gone");
    co_return true;
}

TEST(Smtp, WhatIsNotConfirmedIsNotSent) {
    const Server server;
    Post post(options_for(server));
    EXPECT_EQ(post.send({.message = letter(), .confirm = [] { return say(false); }}).outcome, Outcome::withdrawn);
    EXPECT_EQ(count(server, "DATA"), 0U);
    EXPECT_THROW(post.send({.message = letter(), .confirm = fail}), std::runtime_error);
    EXPECT_EQ(post.transport().usage().in_use, 0U);
    EXPECT_EQ(post.send({.message = letter(), .confirm = [] { return say(true); }}).outcome, Outcome::accepted);
    EXPECT_EQ(server.received().size(), 1U);
}

TEST(Smtp, WhatTheServerCannotTakeIsNotTried) {
    const Server small({}, {.extensions = {"SIZE 1000", "AUTH PLAIN"}});
    Post post(options_for(small));
    auto message = letter();
    message.text = std::string(2'000, 'x');
    EXPECT_EQ(shown(post.send({.message = message})), "refused/message");
    EXPECT_EQ(count(small, "MAIL"), 0U);
    EXPECT_EQ(post.send().outcome, Outcome::accepted);

    auto foreign = letter();
    foreign.to = {*Address::parse("jürgen@example.org")};
    EXPECT_EQ(shown(post.send({.message = foreign})), "refused/sender");
    const Server knows({}, {.extensions = {"SMTPUTF8", "AUTH PLAIN"}});
    Post other(options_for(knows));
    EXPECT_EQ(other.send({.message = foreign}).outcome, Outcome::accepted);
    EXPECT_EQ(knows.accepted().front().to.front(), "jürgen@example.org");
}

TEST(Smtp, AMalformedMessageIsRefusedForGood) {
    const Server server;
    Post post(options_for(server));
    auto message = letter();
    message.to.clear();
    EXPECT_EQ(shown(post.send({.message = message})), "refused/message");
    EXPECT_EQ(server.connection_count(), 0U);
}

}  // namespace

}  // namespace mail
