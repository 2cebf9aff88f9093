// What may be spent and sent holds exactly, however many ask at once, and one who asks too much stops nobody else.
#include <gmock/gmock.h>

#include "async/sync.h"
#include "pos/testing/phones.h"

namespace {

using namespace pos;
using namespace pos::testing;

class LimitsTest : public PhonesTest {
protected:
    struct Ask {
        base::Uuid tenant;
        std::string recipient;
        std::string source;
    };
    // The code of what it was refused with; "" where it was written.
    static async::Task<std::string> ask(Ask one, int number) {
        try {
            auto batch = tenant_db(one.tenant).batch();
            app->host().services().use<Notifier>().add(batch, PhoneCodeMessage::sample(),
                                                       {.key = fmt::format("code-{}", number),
                                                        .recipient = one.recipient,
                                                        .secret = "271828",
                                                        .channel = Channel::sms,
                                                        .source = one.source});
            co_await batch.commit();
            co_return std::string();
        } catch (const base::Failure& failure) {
            co_return std::string(failure.code().code);
        }
    }
    static async::Task<std::vector<std::string>> ask_all(std::vector<Ask> asks) {
        std::vector<async::Task<std::string>> tasks;
        for (auto& one : asks) tasks.push_back(ask(std::move(one), ++numbers));
        co_return co_await async::when_all(std::move(tasks));
    }
    static std::map<std::string, int> outcomes(std::vector<Ask> asks) {
        std::map<std::string, int> counted;
        for (const auto& outcome : app->run(ask_all(std::move(asks)))) ++counted[outcome];
        return counted;
    }
    static std::string number(int i) { return fmt::format("+2547{:08}", i); }
    static base::Uuid other_tenant() {
        return *base::Uuid::from_string(
            rows("select tenant_id::text from memberships m join users u on u.id = m.user_id "
                 "where u.email = 'owner@elsewhere.example'"));
    }
    static void set_own_account() {
        const auto added =
            post("/v1/messaging/accounts",
                 R"({"provider":"twilio","credentials":{"accountSid":"AC00000000000000000000000000000000",)"
                 R"("authToken":"0123456789abcdef0123456789abcdef","sender":"+12025550123"}})");
        EXPECT_EQ(added.status, 200) << added.body;
    }
    static inline int numbers = 0;
};

TEST_F(LimitsTest, OfTwoHundredAtOnceAsManyAreWrittenAsThereIsMoneyFor) {
    // 40.00 are 50 messages of 0.80.
    app->database().execute(fmt::format("insert into message_limits values ('{}', 4000)", tenant().to_string()));
    std::vector<Ask> asks;
    for (int i = 0; i < 200; ++i) asks.push_back({tenant(), number(i), fmt::format("192.0.2.{}", i)});
    const auto counted = outcomes(std::move(asks));
    EXPECT_EQ(counted, (std::map<std::string, int>{{"", 50}, {"sms.spending_limit", 150}}));
    EXPECT_EQ(rows("select count(*) from notifications"), "50");
    EXPECT_EQ(rows("select messages || ' ' || spent_millionths from message_spending"), "50 40000000");
    EXPECT_EQ(rows("select count(*) from outbox_jobs"), "50");
    EXPECT_EQ(outcomes({{other_tenant(), number(0), "192.0.2.1"}}), (std::map<std::string, int>{{"", 1}}))
        << "another tenant's people get their codes";
}

TEST_F(LimitsTest, ANumberGetsTenCodesADayOfAllTenantsTogether) {
    std::vector<Ask> asks;
    for (int i = 0; i < 200; ++i)
        asks.push_back({i % 2 == 0 ? tenant() : other_tenant(), std::string(amina), fmt::format("192.0.2.{}", i)});
    EXPECT_EQ(outcomes(std::move(asks)), (std::map<std::string, int>{{"", 10}, {"sms.number_limit", 190}}));
    EXPECT_EQ(rows("select messages from message_counts where subject = 'number +254712345678 for codes'"), "10");
    EXPECT_EQ(rows("select sum(messages) from message_spending"), "10") << "what was refused costs nothing";
    EXPECT_EQ(outcomes({{tenant(), number(1), "192.0.2.1"}}), (std::map<std::string, int>{{"", 1}}));
}

// Who writes to a stranger all day uses up neither the codes that the stranger asks for, nor what others send to them.
TEST_F(LimitsTest, OneTenantUsesUpHalfOfWhatANumberGets) {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(send(write_receipt(Channel::sms, fmt::format("receipt-{}", i))));
    EXPECT_THROW(write_receipt(Channel::sms, "sixth"), base::Failure);
    EXPECT_EQ(rows("select string_agg(messages::text, ' ') from message_counts"), "5 5")
        << "the number's, this tenant's";
    std::vector<Ask> asks;
    for (int i = 0; i < 20; ++i) asks.push_back({tenant(), std::string(amina), fmt::format("192.0.2.{}", i)});
    EXPECT_EQ(outcomes(asks), (std::map<std::string, int>{{"", 5}, {"sms.number_limit", 15}})) << "codes, too";
    for (auto& one : asks) one.tenant = other_tenant();
    EXPECT_EQ(outcomes(asks), (std::map<std::string, int>{{"", 5}, {"sms.number_limit", 15}})) << "half is left";
}

// … not even two of them together.
TEST_F(LimitsTest, ANumberThatHasGotItsMessagesStillGetsItsCode) {
    write_receipt(Channel::sms);
    app->database().execute("update message_counts set messages = 10 where subject = 'number +254712345678'");
    EXPECT_THROW(write_receipt(Channel::sms, "eleventh"), base::Failure);
    EXPECT_EQ(outcomes({{tenant(), std::string(amina), "192.0.2.1"}}), (std::map<std::string, int>{{"", 1}}));
}

// Whoever sends by an account of their own pays for it, and takes nobody else's messages of the day.
TEST_F(LimitsTest, WhatLeavesByATenantsOwnAccountCountsForItAlone) {
    set_own_account();
    for (int i = 0; i < 10; ++i) write_receipt(Channel::sms, fmt::format("receipt-{}", i));
    EXPECT_THROW(write_receipt(Channel::sms, "one-more"), base::Failure) << "its own limit";
    EXPECT_EQ(rows("select count(*) from message_counts where subject = 'number +254712345678'"), "0");
    EXPECT_EQ(rows("select messages from message_counts where subject like 'number +254712345678 of %'"), "10");
    EXPECT_EQ(outcomes({{other_tenant(), std::string(amina), "192.0.2.1"}}), (std::map<std::string, int>{{"", 1}}));
    // A code leaves by the service's account, and counts as such.
    EXPECT_EQ(outcomes({{tenant(), std::string(amina), "192.0.2.1"}}), (std::map<std::string, int>{{"", 1}}));
    EXPECT_EQ(rows("select messages from message_counts where subject = 'number +254712345678 for codes'"), "2");
}

// A stranger's messages of the day are used up by what they got, not by what somebody tried.
TEST_F(LimitsTest, WhatWasNotSentDoesNotCountForItsNumber) {
    const auto counted = [] {
        return rows("select messages from message_counts where subject = 'number +254712345678'");
    };
    for (int i = 0; i < 4; ++i) {
        script->results.push_back({.outcome = sms::Outcome::refused, .whose = sms::Reason::sender});
        EXPECT_TRUE(send(write_receipt(Channel::sms, fmt::format("refused-{}", i))));
        EXPECT_EQ(counted(), "") << "refused";
    }
    EXPECT_TRUE(send(write_receipt(Channel::sms, "sent")));
    EXPECT_EQ(counted(), "1") << "what was sent counts";
    EXPECT_THROW(write_receipt(Channel::sms, "sixth"), base::Failure) << "who tries without end";
    EXPECT_EQ(counted(), "1");
}

TEST_F(LimitsTest, WhatExpiresBeforeItLeavesDoesNotCount) {
    const auto id = write_code(Channel::sms);
    app->database().execute("update notifications set expires_at = now() - interval '1 minute'");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(value("failure"), "expired");
    EXPECT_EQ(rows("select count(*) from message_counts where subject like 'number %' and subject not like '% by %'"),
              "0");
}

TEST_F(LimitsTest, WhatLeavesByAnAccountThatTheTenantGotMeanwhileDoesNotCount) {
    const auto id = write_receipt(Channel::sms);
    set_own_account();
    EXPECT_TRUE(send(id));
    EXPECT_EQ(value("state"), "sent");
    EXPECT_EQ(rows("select count(*) from message_counts where subject = 'number +254712345678'"), "0");
}

// Else an account that is set for a moment would send by the service's without end.
TEST_F(LimitsTest, WhatWaitedForAnAccountThatIsGoneIsNotSentByTheServices) {
    set_own_account();
    const auto id = write_receipt(Channel::sms);
    app->database().execute("delete from message_accounts");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(value("failure"), "refused_sender");
    EXPECT_TRUE(script->sent.empty());
}

// WhatsApp refuses, the SMS is sent in its place: that is one message.
TEST_F(LimitsTest, AChainCountsOnce) {
    script->results.push_back(
        {.outcome = sms::Outcome::refused, .whose = sms::Reason::recipient, .instead = sms::Instead::sms});
    std::ignore = write_receipt(Channel::whatsapp);
    send_all();
    EXPECT_EQ(script->channels.size(), 2U);
    EXPECT_EQ(rows("select messages from message_counts where subject = 'number +254712345678'"), "1");
}

TEST_F(LimitsTest, TheLimitsOfADaySayWhenItEnds) {
    app->database().execute(fmt::format("insert into message_limits values ('{}', 0)", tenant().to_string()));
    const auto reply =
        post("/v1/auth/phone/verify/send", fmt::format(R"({{"phone":"+254712000111","password":"{}"}})", password));
    EXPECT_EQ(reply.status, 429) << reply.body;
    EXPECT_THAT(reply.body, ::testing::HasSubstr("sms.spending_limit"));
    const auto now = app->host().services().use<Runtime>().now();
    const auto midnight = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1);
    const auto left = std::chrono::ceil<std::chrono::seconds>(midnight - now).count();
    const auto said = std::stoll(std::string(reply.header("Retry-After").value_or("0")));
    EXPECT_LE(std::abs(said - left) % 86'400, 5) << said;
}

TEST_F(LimitsTest, ASourceAsksForTwoHundredADay) {
    std::vector<Ask> asks;
    for (int i = 0; i < 220; ++i) asks.push_back({tenant(), number(i), fmt::format("2001:db8:0:1::{:x}", i + 1)});
    EXPECT_EQ(outcomes(std::move(asks)), (std::map<std::string, int>{{"", 200}, {"sms.source_limit", 20}}));
    EXPECT_EQ(outcomes({{tenant(), number(999), "2001:db8:0:2::1"}}), (std::map<std::string, int>{{"", 1}}));
}

// What has no price is sent nowhere: that is where pumpers live.
TEST_F(LimitsTest, OnlyNumbersWithAPriceAreSentTo) {
    for (const auto* abroad : {"+882100000001", "+44207946001", "+25377831000", "+12684000000"})
        EXPECT_EQ(outcomes({{tenant(), abroad, "192.0.2.1"}}), (std::map<std::string, int>{{"sms.not_sent_there", 1}}))
            << abroad;
    EXPECT_EQ(rows("select count(*) from notifications"), "0");
}

TEST_F(LimitsTest, TheDayIsTheMessagesOwn) {
    write_receipt(Channel::sms);
    app->database().execute(
        "update message_spending set day = day - 1; update message_counts set day = day - 1, messages = 10");
    write_receipt(Channel::sms, "today");
    EXPECT_EQ(rows("select count(*) from message_spending"), "2");
}

// The service's own limit, which no tenant raises.
TEST_F(LimitsTest, ATenantsOwnLimitIsOnlyEverLower) {
    EXPECT_EQ(post("/v1/messaging/limit", R"({"dailyLimit":100000000})").status, 200);
    EXPECT_THAT(get("/v1/messaging").body, ::testing::HasSubstr(R"("dailyLimit":50000)"));
    EXPECT_EQ(post("/v1/messaging/limit", R"({"dailyLimit":100})").status, 200);
    write_receipt(Channel::sms);
    EXPECT_THROW(write_receipt(Channel::sms, "second"), base::Failure);
    const auto view = get("/v1/messaging").body;
    for (const auto* member :
         {R"("dailyLimit":100)", R"("ownLimit":100)", R"("spentToday":80)", R"("messagesToday":1)"})
        EXPECT_THAT(view, ::testing::HasSubstr(member));
    EXPECT_EQ(post("/v1/messaging/limit", R"({"dailyLimit":null})").status, 200);
    write_receipt(Channel::sms, "third");
}

}  // namespace
