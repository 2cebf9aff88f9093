#include "mail/transport.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/fake_clock.h"
#include "mail/fallback_transport.h"
#include "mail/file_transport.h"
#include "mail/mailbox.h"

namespace mail {

namespace {

using ::testing::HasSubstr;

base::FakeClock clock_of_test(base::Timestamp(std::chrono::sys_days(std::chrono::year(2024) / 1 / 15)));

OutgoingMail greeting(std::uint8_t number = 1) {
    base::Uuid::Bytes id{};
    id[14] = 1;
    id[15] = number;
    return {.message = {.id = base::Uuid(id),
                        .date = clock_of_test.now(),
                        .from = *Address::parse("Jirani <no-reply@mail.example>"),
                        .to = {*Address::parse("amina@example.com")},
                        .subject = "Habari – oda yako № 10027\r\nBcc: everybody@example.com",
                        .text = "Habari",
                        .html = "<p>Habari</p>",
                        .auto_submitted = AutoSubmitted::generated}};
}

SendResult sent_by(Transport& transport, OutgoingMail mail) {
    async::Loop loop;
    return async::run_until_done(loop, transport.send(std::move(mail), async::Loop::now()));
}

async::Task<bool> never() { co_return false; }

std::unique_ptr<ContentReader> no_storage() { throw std::runtime_error("no storage"); }

// Answers what it is told, and counts.
class Scripted : public Transport {
public:
    Scripted(std::string name, SendResult result) : name_(std::move(name)), result_(std::move(result)) {}
    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime) override {
        ++calls;
        id = mail.message.id;
        co_return result_;
    }
    int calls = 0;
    base::Uuid id;

private:
    std::string name_;
    SendResult result_;
};

TEST(MailTransport, TheMailboxKeepsTheNewest) {
    Mailbox mailbox(clock_of_test);
    MailboxTransport transport(mailbox);
    EXPECT_EQ(sent_by(transport, greeting(1)).outcome, Outcome::accepted);
    for (std::size_t i = 0; i < Mailbox::most_kept; ++i)
        EXPECT_EQ(sent_by(transport, greeting(static_cast<std::uint8_t>(2 + i % 100))).outcome, Outcome::accepted);
    EXPECT_EQ(mailbox.newest().size(), Mailbox::most_kept);
    EXPECT_EQ(mailbox.newest().front().mail.message.id, greeting(101).message.id);
    EXPECT_FALSE(mailbox.find(greeting(1).message.id));
    EXPECT_TRUE(mailbox.find(greeting(7).message.id));
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
    FileTransport transport(directory);
    for (int times = 0; times < 2; ++times) EXPECT_EQ(sent_by(transport, greeting()).outcome, Outcome::accepted);
    std::ostringstream read;
    read << std::ifstream(directory / "00000000-0000-0000-0000-000000000101.eml").rdbuf();
    EXPECT_THAT(read.str(), HasSubstr("Date: Mon, 15 Jan 2024 00:00:00 +0000\r\n"));
    EXPECT_THAT(read.str(), HasSubstr("Message-ID: <00000000-0000-0000-0000-000000000101@mail.example>\r\n"));
    EXPECT_EQ(read.str().find("\r\nBcc:"), std::string::npos);
    EXPECT_TRUE(read.str().ends_with("--\r\n"));

    auto broken = greeting(2);
    broken.message.attachments.push_back({.filename = "a", .content = Stream{.size = 5, .open = no_storage}});
    const auto result = sent_by(transport, std::move(broken));
    EXPECT_EQ(result.outcome, Outcome::refused_for_now);
    EXPECT_EQ(result.whose, Reason::message);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 1);
    std::filesystem::remove_all(directory);
}

TEST(MailTransport, ADirectoryThatCannotBeIsForNow) {
    FileTransport transport("/dev/null/mails");
    EXPECT_EQ(sent_by(transport, greeting()).outcome, Outcome::refused_for_now);
}

TEST(MailTransport, TheSecondTakesWhatTheFirstRefusesForItsOwnReasons) {
    const struct {
        SendResult first;
        int calls;
    } cases[] = {
        {{.outcome = Outcome::accepted}, 0},
        {{.outcome = Outcome::refused, .whose = Reason::sender}, 1},
        {{.outcome = Outcome::refused_for_now, .whose = Reason::sender}, 1},
        // Whose address is not there, is not there for anybody; greylisting waits; our own limits are ours.
        {{.outcome = Outcome::refused, .whose = Reason::recipient}, 0},
        {{.outcome = Outcome::refused_for_now, .whose = Reason::recipient}, 0},
        {{.outcome = Outcome::refused, .whose = Reason::message}, 0},
        {{.outcome = Outcome::refused_for_now, .whose = Reason::none}, 0},
        {{.outcome = Outcome::unknown, .whose = Reason::sender}, 0},
        {{.outcome = Outcome::withdrawn}, 0},
    };
    for (const auto& one : cases) {
        auto first = std::make_unique<Scripted>("first", one.first);
        auto second = std::make_unique<Scripted>("second", SendResult{.outcome = Outcome::accepted});
        const auto* const watched = second.get();
        FallbackTransport transport(std::move(first), std::move(second));
        const auto result = sent_by(transport, greeting());
        EXPECT_EQ(watched->calls, one.calls);
        EXPECT_EQ(result.outcome, one.calls == 0 ? one.first.outcome : Outcome::accepted);
        EXPECT_EQ(result.by, one.calls == 0 ? "first" : "second");
        // Under the same Message-ID, which is made of it.
        if (one.calls > 0) EXPECT_EQ(watched->id, greeting().message.id);
    }
}

TEST(MailTransport, WhatBothSaidIsTold) {
    FallbackTransport transport(
        std::make_unique<Scripted>("smtp",
                                   SendResult{.outcome = Outcome::refused, .whose = Reason::sender, .reply = "535 no"}),
        std::make_unique<Scripted>(
            "sendgrid", SendResult{.outcome = Outcome::refused, .whose = Reason::recipient, .reply = "400 nobody"}));
    const auto result = sent_by(transport, greeting());
    EXPECT_EQ(result.whose, Reason::recipient);
    EXPECT_EQ(result.reply, "400 nobody (before that, smtp: 535 no)");
}

}  // namespace

}  // namespace mail
