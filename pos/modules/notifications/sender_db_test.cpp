// One notification and its transport: claimed once, sent once, in a final state at the end.
#include "pos/modules/notifications/sender.h"

#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using mail::Outcome;
using mail::Reason;
using mail::SendResult;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers what the test says, in turn; and may do something before it asks whether it may begin.
class Scripted : public mail::Transport {
public:
    [[nodiscard]] std::string_view name() const override { return "scripted"; }
    [[nodiscard]] async::Task<SendResult> send(mail::OutgoingMail mail, async::SteadyTime) override {
        if (before) before();
        if (!co_await may_go(&mail)) co_return SendResult{.outcome = Outcome::withdrawn};
        sent.push_back(std::move(mail));
        if (dies) throw std::runtime_error("the worker died");
        if (judge) co_return judge(sent.back().message.to.at(0).mailbox());
        if (results.empty()) co_return SendResult{.outcome = Outcome::accepted, .provider_id = "p-1"};
        auto result = std::move(results.front());
        results.pop_front();
        co_return result;
    }

    std::vector<mail::OutgoingMail> sent;
    std::deque<SendResult> results;
    std::function<void()> before;
    std::function<SendResult(const std::string& recipient)> judge;
    bool dies = false;
};

class SenderTest : public ShopTest {
protected:
    void SetUp() override {
        app->database().execute("truncate notifications, mail_suppressions, outbox_jobs");
        auto transport = std::make_unique<Scripted>();
        script = transport.get();
        sender = std::make_unique<Sender>(app->app().parts().use<MailShared>(), app->host().databases(),
                                          std::move(transport));
    }
    static db::Db nil_db() {
        return db::tenant_db(app->host().databases(), base::Uuid::nil(), async::Loop::now() + std::chrono::seconds(20));
    }
    template <class Message>
    static NotificationId write(const Message& message, To to) {
        auto batch = nil_db().batch();
        app->host().services().use<Notifier>().add(batch, message, std::move(to));
        app->run(batch.commit());
        return NotificationId(*base::Uuid::from_string(value("id")));
    }
    static NotificationId write_reset() {
        return write(PasswordResetMail::sample(), {.key = "k", .recipient = "amina@example.com", .secret = "a-secret"});
    }
    // Whether it is done with; false: to be tried again.
    bool send(NotificationId id) {
        try {
            app->run(sender->send(nil_db(), id));
            return true;
        } catch (const base::Failure& failure) {
            EXPECT_EQ(failure.code(), errors::mail_try_later) << failure.what();
            return false;
        }
    }
    static std::string value(std::string_view column) {
        return app->database().value(fmt::format("select {}::text from notifications", column)).value_or("");
    }

    std::unique_ptr<Sender> sender;
    Scripted* script = nullptr;
};

TEST_F(SenderTest, SendsOnceAndKeepsNoSecret) {
    const auto id = write_reset();
    EXPECT_THAT(value("given"), Not(HasSubstr("a-secret")));
    EXPECT_EQ(app->database().value("select count(*) from notifications where secret like '%a-secret%'"), "0");
    EXPECT_EQ(app->database().value("select count(*) from outbox_jobs where data::text like '%a-secret%'"), "0");
    EXPECT_TRUE(send(id));
    ASSERT_EQ(script->sent.size(), 1U);
    EXPECT_THAT(script->sent[0].message.text, HasSubstr("reset-password?token=a-secret"));
    EXPECT_THAT(script->sent[0].message.html, HasSubstr("reset-password?token=a-secret"));
    EXPECT_TRUE(script->sent[0].is_security);
    EXPECT_EQ(mail::message_id(script->sent[0].message).text(), "<" + value("message_id") + ">");
    EXPECT_EQ(script->sent[0].message.auto_submitted, mail::AutoSubmitted::generated);
    EXPECT_EQ(value("state"), "sent");
    EXPECT_EQ(value("provider_id"), "p-1");
    EXPECT_EQ(value("secret"), "");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.size(), 1U);
}

TEST_F(SenderTest, TheTransportThatTookItIsTheProvider) {
    const auto id = write_reset();
    script->results.push_back({.outcome = Outcome::accepted, .provider_id = "p-2", .by = "the-second"});
    EXPECT_TRUE(send(id));
    EXPECT_EQ(value("provider || ' ' || provider_id"), "the-second p-2");
}

TEST_F(SenderTest, AKeyWritesOnce) {
    write_reset();
    write_reset();
    EXPECT_EQ(value("count(*)"), "1");
}

// Slept for longer than its lease: another one has sent meanwhile.
TEST_F(SenderTest, WhoSleptFindsTheClaimVoid) {
    const auto id = write_reset();
    script->before = [this] {
        script->before = nullptr;
        app->database().execute("update notifications set leased_until = now() - interval '1 second'");
        app->database().execute("update notifications set claim = claim + 1, leased_until = now() + interval '300 s'");
    };
    EXPECT_TRUE(send(id));
    EXPECT_TRUE(script->sent.empty());
    EXPECT_EQ(value("state"), "queued");
    app->database().execute("update notifications set leased_until = now() - interval '1 second'");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.size(), 1U);
}

TEST_F(SenderTest, WhatIsLeasedIsLeft) {
    const auto id = write_reset();
    app->database().execute("update notifications set claim = 1, leased_until = now() + interval '300 s'");
    EXPECT_FALSE(send(id));
    EXPECT_TRUE(script->sent.empty());
}

TEST_F(SenderTest, RefusedForNowIsTriedAgainAndNotForEver) {
    const auto id = write_reset();
    for (int i = 1; i < 10; ++i) {
        script->results.push_back({.outcome = Outcome::refused_for_now, .reply = "451 grey\r\nlisted"});
        EXPECT_FALSE(send(id)) << i;
        EXPECT_EQ(value("state"), "queued");
        EXPECT_EQ(value("failure_detail"), "451 grey  listed");
    }
    script->results.push_back({.outcome = Outcome::refused_for_now});
    EXPECT_TRUE(send(id));
    EXPECT_EQ(value("state || ' ' || failure"), "failed not_taken_in_time");
}

TEST_F(SenderTest, RefusedIsNeverTriedAgain) {
    for (const auto& [whose, failure] :
         {std::pair(Reason::recipient, "failed refused_recipient"), std::pair(Reason::sender, "failed refused_sender"),
          std::pair(Reason::message, "failed refused_message")}) {
        app->database().execute("truncate notifications");
        const auto id = write_reset();
        script->results.push_back({.outcome = Outcome::refused, .whose = whose, .reply = "550 no"});
        EXPECT_TRUE(send(id));
        EXPECT_EQ(value("state || ' ' || failure"), failure);
        EXPECT_EQ(value("secret"), "");
        EXPECT_TRUE(send(id));
    }
    EXPECT_EQ(script->sent.size(), 3U);
    EXPECT_EQ(app->database().value("select count(*) from mail_suppressions"), "0");
}

// One that is not there, one that is busy, and a worker that ends behind the fifteenth: the jobs come again, whatever they did.
TEST_F(SenderTest, OneBadRecipientOfTwentyIsNobodyElsesAffair) {
    std::map<std::string, int> taken;
    std::map<std::string, int> asked;
    script->judge = [&](const std::string& recipient) -> SendResult {
        ++asked[recipient];
        if (recipient == "reader-7@example.com")
            return {.outcome = Outcome::refused, .whose = Reason::recipient, .reply = "550 no such user"};
        if (recipient == "reader-12@example.com" && asked[recipient] <= 2)
            return {.outcome = Outcome::refused_for_now, .whose = Reason::recipient, .reply = "451 later"};
        ++taken[recipient];
        return {.outcome = Outcome::accepted, .provider_id = "p"};
    };
    std::vector<NotificationId> ids;
    for (int i = 1; i <= 20; ++i) {
        const auto recipient = fmt::format("reader-{}@example.com", i);
        write(DailySummaryMail::sample(), {.key = recipient, .recipient = recipient});
        ids.emplace_back(*base::Uuid::from_string(
            *app->database().value("select id from notifications where recipient = '" + recipient + "'")));
    }
    for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(send(ids[i]), i != 11) << i;
    for (int round = 0; round < 3; ++round) {
        for (const auto id : ids) send(id);
    }
    EXPECT_EQ(taken.size(), 19U);
    for (const auto& [recipient, times] : taken) EXPECT_EQ(times, 1) << recipient;
    EXPECT_EQ(asked["reader-7@example.com"], 1);
    EXPECT_EQ(asked["reader-12@example.com"], 3);
    EXPECT_EQ(app->database().value("select string_agg(state || ' ' || n, ', ' order by state) from (select state, "
                                    "count(*)::text as n from notifications group by state) counted"),
              "failed 1, sent 19");
}

TEST_F(SenderTest, UnknownIsSentOnceMoreUnderTheSameMessageId) {
    const auto id = write_reset();
    script->results.assign(2, {.outcome = Outcome::unknown, .reply = "cut"});
    EXPECT_FALSE(send(id));
    EXPECT_TRUE(send(id));
    ASSERT_EQ(script->sent.size(), 2U);
    EXPECT_EQ(script->sent[0].message.id, script->sent[1].message.id);
    EXPECT_EQ(script->sent[0].message.date, script->sent[1].message.date);
    EXPECT_EQ(value("state || ' ' || failure || ' ' || unknown_outcomes"), "failed outcome_unknown 2");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.size(), 2U);
}

// Killed behind the first byte: nobody wrote down what became of it.
TEST_F(SenderTest, WhoDiedWhileSendingCountsAsUnknown) {
    const auto id = write_reset();
    script->dies = true;
    EXPECT_THROW(app->run(sender->send(nil_db(), id)), std::runtime_error);
    EXPECT_EQ(value("has_begun"), "true");
    EXPECT_FALSE(send(id)) << "its lease is not over";
    for (int i = 0; i < 2; ++i) {
        app->database().execute("update notifications set leased_until = now() - interval '1 second'");
        if (i == 0) {
            EXPECT_THROW(app->run(sender->send(nil_db(), id)), std::runtime_error);
        } else {
            EXPECT_TRUE(send(id));
        }
    }
    EXPECT_EQ(script->sent.size(), 2U);
    EXPECT_EQ(value("state || ' ' || failure"), "failed outcome_unknown");
}

TEST_F(SenderTest, ALinkThatWouldBeDeadIsNotSent) {
    const auto id =
        write(PasswordResetMail::sample(), {.key = "k",
                                            .recipient = "amina@example.com",
                                            .expires_at = base::system_clock().now() - std::chrono::hours(1),
                                            .secret = "x"});
    EXPECT_TRUE(send(id));
    EXPECT_TRUE(script->sent.empty());
    EXPECT_EQ(value("state || ' ' || failure"), "failed expired");
}

// Only the list that was left, and never what keeps an account safe.
TEST_F(SenderTest, ASuppressedAddressGetsSecurityMailsAlone) {
    app->database().execute(
        "insert into mail_suppressions values ('00000000-0000-0000-0000-000000000000', 'receipts', "
        "'amina@example.com', "
        "'unsubscribe', null, now())");
    const auto receipt = write(ReceiptMail::sample(), {.key = "r", .recipient = "Amina@example.com"});
    EXPECT_TRUE(send(receipt));
    EXPECT_EQ(value("state || ' ' || failure"), "failed suppressed");
    app->database().execute("truncate notifications");
    EXPECT_TRUE(send(write(InviteMail::sample(), {.key = "i", .recipient = "amina@example.com", .secret = "x"})));
    EXPECT_EQ(value("state"), "sent");
    app->database().execute("truncate notifications; update mail_suppressions set list = 'all', reason = 'bounce'");
    EXPECT_TRUE(send(write(InviteMail::sample(), {.key = "i", .recipient = "amina@example.com", .secret = "x"})));
    EXPECT_EQ(value("state"), "failed");
    app->database().execute("truncate notifications");
    EXPECT_TRUE(send(write_reset()));
    EXPECT_EQ(value("state"), "sent");
}

TEST_F(SenderTest, AMailOfAListHasAButtonToLeaveIt) {
    auto settings = app->app().settings;
    settings.public_url = "https://api.duka.example";
    base::SecureRandom random;
    const MailShared shared(MailSettings{}, settings, random);
    Notification row;
    row.kind = NotificationKind::receipt;
    row.recipient = "amina@example.com";
    row.given = {schema::to_json(ReceiptMail::sample())};
    const auto receipt = write_mail(shared, row, base::Uuid::nil());
    ASSERT_TRUE(receipt.message.unsubscribe);
    EXPECT_THAT(receipt.message.unsubscribe->url, StartsWith("https://api.duka.example/account/unsubscribe?token="));
    EXPECT_LE(receipt.message.unsubscribe->url.size(), 900U);
    EXPECT_FALSE(receipt.is_security);
    row.kind = NotificationKind::password_reset;
    row.given = {schema::to_json(PasswordResetMail::sample())};
    const auto reset = write_mail(shared, row, base::Uuid::nil());
    EXPECT_FALSE(reset.message.unsubscribe);
    EXPECT_TRUE(reset.is_security);
}

// One click of a mail program, and nothing by looking.
TEST_F(SenderTest, UnsubscribingIsAPost) {
    EXPECT_TRUE(send(write(ReceiptMail::sample(), {.key = "r", .recipient = "amina@example.com"})));
    const auto& message = script->sent.at(0).message;
    EXPECT_FALSE(message.unsubscribe) << "mail programs post to https alone, and this service is at http://localhost";
    auto target = message.text.substr(message.text.find("/account/unsubscribe?"));
    target = target.substr(0, target.find_first_of(" \r\n>"));
    const auto left = [] { return app->database().value("select count(*) from mail_suppressions"); };
    for (const auto method : {http::Method::get, http::Method::head})
        EXPECT_EQ(app->send(method, target, "").status, 200);
    EXPECT_EQ(left(), "0");
    for (int i = 0; i < 2; ++i) {
        const auto reply = app->send(http::Method::post, target, "List-Unsubscribe=One-Click",
                                     {.headers = {{"Content-Type", "application/x-www-form-urlencoded"}}});
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_EQ(left(), "1");
    }
    EXPECT_EQ(app->send(http::Method::post, "/account/unsubscribe?token=nonsense", "").status, 404);
    EXPECT_EQ(app->database().value("select list from mail_suppressions"), "receipts");
}

}  // namespace
