#pragma once
// ScriptedSmtpServer: a real SMTP server, plain, STARTTLS or TLS, that answers as servers do, or at chosen steps as a test's script says:
// 4xx, 5xx, a cut, silence. It keeps what it has received, and of it what it has taken. Any thread; stops when destroyed.
//
//     testing::ScriptedSmtpServer server([](const testing::ScriptedSmtpServer::Command& command) {
//         using Answers = std::optional<testing::Answer>;
//         return command.verb == "RCPT" && command.nth == 0 ? Answers(testing::Answer().send("450 4.7.1 later\r\n")) : std::nullopt;
//     });
//     EXPECT_EQ(server.accepted().size(), 1U);

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/scripted_server.h"

namespace testing {

class ScriptedSmtpServer {
public:
    struct Command {
        // GREETING before anything is said, CONTENT behind the final dot, AUTH also for the lines of LOGIN; else the word.
        std::string verb;
        std::string line;
        std::size_t connection = 0;
        std::size_t nth = 0;  // of this verb, over all connections
    };
    struct Mail {
        std::string from;
        std::vector<std::string> to;
        std::string content;  // without the dots that were doubled
        std::size_t connection = 0;
    };
    // nullopt: as servers do. An answer that begins with "2" takes the mail, where it is CONTENT's.
    using Script = std::function<std::optional<Answer>(const Command&)>;
    struct Options {
        enum class Tls : std::uint8_t { none, starttls, implicit };
        Tls tls = Tls::starttls;
        std::vector<std::string> extensions{"SIZE 10000000", "8BITMIME", "AUTH PLAIN LOGIN"};
        std::string user = "mailer";
        std::string password = "p@ss:word/1";
        std::string certificate_names = "DNS:localhost,IP:127.0.0.1";
        bool keeps = true;  // else mails and commands are forgotten once they are answered
    };

    explicit ScriptedSmtpServer(Script script = {});
    ScriptedSmtpServer(Script script, Options options);
    ~ScriptedSmtpServer();
    ScriptedSmtpServer(const ScriptedSmtpServer&) = delete;
    ScriptedSmtpServer& operator=(const ScriptedSmtpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] const std::string& certificate_file() const noexcept;

    // Whose final dot came.
    [[nodiscard]] std::vector<Mail> received() const;
    // Of them those that were answered by 2xx.
    [[nodiscard]] std::vector<Mail> accepted() const;
    [[nodiscard]] std::vector<Command> commands() const;
    [[nodiscard]] std::size_t connection_count() const;
    [[nodiscard]] std::size_t open_connections() const;
    // Closes all connections that are open, as a server does with idle ones; `farewell` is said before.
    void hang_up(std::string_view farewell = {});
    // False when it is not so within ten seconds.
    [[nodiscard]] bool wait_until(const std::function<bool(const ScriptedSmtpServer&)>& holds) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace testing
