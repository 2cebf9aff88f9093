#pragma once
// Fixture of tests of mails: the whole service with a Redis, whose worker sends to the mailbox of development. One thread.
//
//     class LinksTest : public MailTest {};
//     TEST_F(LinksTest, Resets) {
//         post("/v1/auth/password/forgot", R"({"email":"owner@duka.example"})", "");
//         const auto token = token_of(mail_to("owner@duka.example", "new password"));
//     }

#include "mail/mailbox.h"
#include "pos/testing/background.h"

namespace pos::testing {

class MailTest : public BackgroundTest {
protected:
    static void SetUpTestSuite() {
        set_up(definition());
        background = start({"mail"});
    }
    static void TearDownTestSuite() {
        stop(*background);
        background.reset();
        BackgroundTest::TearDownTestSuite();
    }
    // Nothing is emptied: the worker runs through all tests of the suite.
    void SetUp() override { mailbox().clear(); }

    static mail::Mailbox& mailbox() { return app->app().parts().use<mail::Mailbox>(); }
    // The newest mail to that address whose subject has these words; waits for it.
    static mail::OutgoingMail mail_to(const std::string& address, std::string_view subject) {
        std::optional<mail::OutgoingMail> found;
        EXPECT_TRUE(becomes(
            [&] {
                for (const auto& entry : mailbox().newest()) {
                    const auto& message = entry.mail.message;
                    if (message.to.at(0).mailbox() != address || !message.subject.contains(subject)) continue;
                    found = entry.mail;
                    return std::string("there");
                }
                return std::string("no mail");
            },
            "there"))
            << address << ": " << subject;
        if (!found) throw std::runtime_error("no such mail");
        return *std::move(found);
    }
    static std::string link_of(const mail::OutgoingMail& mail) {
        const auto begin = mail.message.text.find("http");
        return mail.message.text.substr(begin, mail.message.text.find('\n', begin) - begin);
    }
    static std::string token_of(const mail::OutgoingMail& mail) {
        const auto link = link_of(mail);
        return link.substr(link.find("token=") + 6);
    }

    static InjectedResponse log_in_with(const std::string& address, std::string_view secret) {
        return post("/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"}})", address, secret), "");
    }

    static inline std::unique_ptr<app::Background> background;
};

}  // namespace pos::testing
