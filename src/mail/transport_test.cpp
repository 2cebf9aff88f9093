#include "mail/transport.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "mail/fallback_transport.h"
#include "mail/file_transport.h"
#include "mail/mailbox.h"

namespace {

using namespace mail;
using ::testing::HasSubstr;

base::FakeClock clock_of_test(base::Timestamp(std::chrono::sys_days(std::chrono::year(2024) / 1 / 15)));

OutgoingMail greeting() {
    return {.message_id = "0197f0c2@mail.example",
            .from = "Duka la Amani <no-reply@mail.example>",
            .to = "amina@example.com",
            .subject = "Habari – oda yako № 10027\r\nBcc: everybody@example.com",
            .text = "Habari",
            .html = "<p>Habari</p>",
            .headers = {{"Auto-Submitted", "auto-generated"}}};
}

SendResult sent_by(Transport& transport, OutgoingMail mail) {
    async::Loop loop;
    return async::run_until_done(loop, transport.send(std::move(mail), async::Loop::now()));
}

async::Task<bool> never() { co_return false; }

// Answers what it is told, and counts.
class Scripted : public Transport {
public:
    explicit Scripted(SendResult result) : result_(std::move(result)) {}
    [[nodiscard]] std::string_view name() const override { return "scripted"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail, async::SteadyTime) override {
        ++calls;
        co_return result_;
    }
    int calls = 0;

private:
    SendResult result_;
};

TEST(MailTransport, TheMailboxKeepsTheNewest) {
    Mailbox mailbox(clock_of_test);
    MailboxTransport transport(mailbox);
    EXPECT_EQ(sent_by(transport, greeting()).outcome, Outcome::accepted);
    for (std::size_t i = 0; i < Mailbox::most_kept; ++i) {
        auto mail = greeting();
        mail.message_id = std::to_string(i);
        EXPECT_EQ(sent_by(transport, std::move(mail)).outcome, Outcome::accepted);
    }
    EXPECT_EQ(mailbox.newest().size(), Mailbox::most_kept);
    EXPECT_EQ(mailbox.newest().front().mail.message_id, "499");
    EXPECT_FALSE(mailbox.find("0197f0c2@mail.example"));
    EXPECT_TRUE(mailbox.find("7"));
}

TEST(MailTransport, WhatIsNotConfirmedStays) {
    Mailbox mailbox(clock_of_test);
    MailboxTransport transport(mailbox);
    auto mail = greeting();
    mail.confirm = never;
    EXPECT_EQ(sent_by(transport, std::move(mail)).outcome, Outcome::withdrawn);
    EXPECT_TRUE(mailbox.newest().empty());
}

TEST(MailTransport, AFileIsWholeAndItsHeadHasNoLineOfAnybodyElse) {
    const auto directory = std::filesystem::temp_directory_path() / ("mail-test-" + std::to_string(::getpid()));
    FileTransport transport(directory, clock_of_test);
    EXPECT_EQ(sent_by(transport, greeting()).outcome, Outcome::accepted);
    std::ostringstream read;
    read << std::ifstream(directory / "0197f0c2@mail.example.eml").rdbuf();
    const auto source = read.str();
    EXPECT_THAT(source, HasSubstr("Date: Mon, 15 Jan 2024 00:00:00 +0000\r\n"));
    EXPECT_THAT(source, HasSubstr("Message-ID: <0197f0c2@mail.example>\r\n"));
    EXPECT_THAT(source, HasSubstr(base::base64_encode("<p>Habari</p>")));
    EXPECT_EQ(source.find("\r\nBcc:"), std::string::npos);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 1);
    std::filesystem::remove_all(directory);
}

TEST(MailTransport, ADirectoryThatCannotBeIsForNow) {
    FileTransport transport("/dev/null/mails", clock_of_test);
    EXPECT_EQ(sent_by(transport, greeting()).outcome, Outcome::refused_for_now);
}

TEST(MailTransport, TheSecondTakesWhatTheFirstRefusesForItsOwnReasons) {
    const struct {
        SendResult first;
        int calls;
    } cases[] = {
        {{.outcome = Outcome::accepted}, 0},
        {{.outcome = Outcome::refused, .whose = Reason::sender}, 1},
        {{.outcome = Outcome::refused, .whose = Reason::recipient}, 0},
        {{.outcome = Outcome::refused_for_now, .whose = Reason::sender}, 0},
        {{.outcome = Outcome::unknown}, 0},
        {{.outcome = Outcome::withdrawn}, 0},
    };
    for (const auto& one : cases) {
        auto second = std::make_unique<Scripted>(SendResult{.outcome = Outcome::accepted});
        const auto* const watched = second.get();
        FallbackTransport transport(std::make_unique<Scripted>(one.first), std::move(second));
        const auto result = sent_by(transport, greeting());
        EXPECT_EQ(watched->calls, one.calls);
        EXPECT_EQ(result.outcome, one.calls == 0 ? one.first.outcome : Outcome::accepted);
    }
}

}  // namespace
