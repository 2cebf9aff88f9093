// Thousands of mails, some of which fail in each way: what is in memory afterwards is what was there before. tests/e2e/mail-memory.test.ts
// looks at a whole process.

#include <gmock/gmock.h>

#include <chrono>

#include "async/loop.h"
#include "mail/smtp_transport.h"
#include "testing/memory.h"
#include "testing/scripted_smtp_server.h"

namespace mail {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using Server = ::testing::ScriptedSmtpServer;

Message letter(std::uint32_t number) {
    base::Uuid::Bytes id{};
    for (std::size_t i = 0; i < 4; ++i) id[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return {.id = base::Uuid(id),
            .date = *base::parse_timestamp("2026-11-22T06:14:03Z"),
            .from = *Address::parse("Jirani <hello@example.com>"),
            .to = {*Address::parse("amina@example.org")},
            .subject = "Risiti № " + std::to_string(number),
            .html = "<p>Asante sana, Amina</p>"};
}

// Grey lists, refusals, and connections that are cut before and behind the final dot.
std::optional<Answer> trouble(const Server::Command& command) {
    if (command.verb == "RCPT" && command.nth % 50 == 7) return Answer().send("450 4.7.1 greylisted\r\n");
    if (command.verb == "RCPT" && command.nth % 50 == 19) return Answer().send("550 5.1.1 nobody\r\n");
    if (command.verb == "MAIL" && command.nth % 200 == 77) return Answer().close();
    if (command.verb == "CONTENT" && command.nth % 200 == 133) return Answer().close();
    return std::nullopt;
}

TEST(SmtpMemory, IsFlatOverThousandsOfMails) {
    const Server server(trouble, {.keeps = false});
    async::Loop loop;
    SmtpTransport transport(loop, {.host = "127.0.0.1",
                                   .port = server.port(),
                                   .user = "mailer",
                                   .password = "p@ss:word/1",
                                   .ca_file = server.certificate_file(),
                                   .max_connections = 1,
                                   .max_messages = 100});
    std::size_t accepted = 0;
    const auto send = [&](std::uint32_t first, std::uint32_t last) {
        for (auto number = first; number < last; ++number) {
            const auto result =
                async::run_until_done(loop, transport.send({.message = letter(number)}, async::Loop::now() + 20s));
            if (result.outcome == Outcome::accepted) ++accepted;
        }
    };
    send(0, 1'000);
    const auto before = ::testing::heap_in_use();
    send(1'000, 5'000);
    const auto after = ::testing::heap_in_use();
    EXPECT_GT(accepted, 4'500U);
    EXPECT_LT(accepted, 5'000U);
    // A dozen bytes of each mail would be more.
    EXPECT_LT(after, before + (48U << 10U));
    EXPECT_EQ(transport.usage().in_use, 0U);
}

}  // namespace

}  // namespace mail
