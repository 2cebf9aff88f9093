// One message to a phone: sent once, in a state that is true, and followed by another one only where it was refused.
#include <gmock/gmock.h>

#include "pos/testing/phones.h"

namespace {

using namespace pos;
using namespace pos::testing;
using sms::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PhoneSenderTest : public PhonesTest {
protected:
    static async::Task<void> tell_in_disorder(std::string provider_id);
    static std::string spent() { return rows("select spent_millionths::text from message_spending"); }
    static void write_to_us(std::string_view ago) {
        app->database().execute(fmt::format(
            "insert into whatsapp_windows values ('00000000-0000-0000-0000-000000000000', '{}', now() - interval '{}')",
            amina, ago));
    }
};

TEST_F(PhoneSenderTest, SendsOnceAndKeepsNoSecret) {
    const auto id = write_code(Channel::sms);
    EXPECT_THAT(value("given"), Not(HasSubstr("271828")));
    EXPECT_EQ(rows("select count(*) from outbox_jobs where data::text like '%271828%'"), "0");
    EXPECT_EQ(rows("select queue || ' ' || name from outbox_jobs"), "sms notifications.send_to_phone");
    EXPECT_EQ(value("parts || ' ' || cost_millionths"), "1 800000");
    EXPECT_TRUE(send(id));
    ASSERT_EQ(script->sent.size(), 1U);
    EXPECT_THAT(script->sent[0].text, HasSubstr("271828 is your code"));
    EXPECT_THAT(script->sent[0].to, ElementsAre(amina));
    EXPECT_EQ(script->sent[0].callback_url,
              app->host().services().use<Messaging>().callback_url("sms") + "/" + id.to_string());
    EXPECT_EQ(value("concat_ws(' ', state, provider, provider_id, secret)"), "sent capture p-1");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.size(), 1U);
}

TEST_F(PhoneSenderTest, AKeyWritesOnceAndCostsOnce) {
    write_receipt(Channel::sms);
    write_receipt(Channel::sms);
    EXPECT_EQ(value("count(*)"), "1");
    EXPECT_EQ(rows("select messages || ' ' || spent_millionths from message_spending"), "1 800000");
    EXPECT_EQ(rows("select subject || ' ' || messages from message_counts where subject not like '% by %'"),
              "number +254712345678 1");
}

// The provider took it and hung: nobody is told to send another one, and nobody does.
TEST_F(PhoneSenderTest, UnknownStaysUnknownAndIsNotSentAgain) {
    const auto id = write_receipt(Channel::sms);
    script->results.push_back({.outcome = Outcome::unknown, .code = "timeout", .reply = "no answer"});
    EXPECT_TRUE(send(id));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.size(), 1U);
    EXPECT_EQ(value("concat_ws(' ', state, failure, failure_detail)"), "unknown outcome_unknown timeout: no answer");
    EXPECT_EQ(spent(), "800000") << "it may have been sent";
}

TEST_F(PhoneSenderTest, WhoDiedWhileSendingLeavesItUnknown) {
    const auto id = write_receipt(Channel::sms);
    script->dies = true;
    EXPECT_THROW(app->run(sender->send(tenant_db(), id)), std::runtime_error);
    script->dies = false;
    EXPECT_FALSE(send(id)) << "its lease is not over";
    app->database().execute("update notifications set leased_until = now() - interval '1 second'");
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.size(), 1U);
    EXPECT_EQ(value("state"), "unknown");
}

TEST_F(PhoneSenderTest, WhoSleptFindsTheClaimVoid) {
    const auto id = write_receipt(Channel::sms);
    app->database().execute("update notifications set claim = 1, leased_until = now() + interval '300 s'");
    EXPECT_FALSE(send(id));
    EXPECT_THAT(script->sent, IsEmpty());
}

TEST_F(PhoneSenderTest, RefusedForNowIsTriedAgainAndNotForEver) {
    const auto id = write_receipt(Channel::sms);
    for (int i = 1; i < 10; ++i) {
        script->results.push_back({.outcome = Outcome::refused_for_now, .code = "500"});
        EXPECT_FALSE(send(id)) << i;
        EXPECT_EQ(value("state || ' ' || failure_detail"), "queued 500");
    }
    script->results.push_back({.outcome = Outcome::refused_for_now});
    EXPECT_TRUE(send(id));
    EXPECT_EQ(value("state || ' ' || failure"), "failed not_taken_in_time");
    EXPECT_EQ(spent(), "0") << "given back";
}

TEST_F(PhoneSenderTest, RefusedForGoodCostsNothingAndSaysWhoseReason) {
    const struct {
        sms::SendResult result;
        std::string_view failure;
    } cases[] = {
        {{.outcome = Outcome::refused, .whose = sms::Reason::recipient, .code = "403"}, "refused_recipient"},
        {{.outcome = Outcome::refused, .whose = sms::Reason::sender, .code = "405"}, "refused_sender"},
        {{.outcome = Outcome::refused, .whose = sms::Reason::message, .code = "too_long"}, "refused_message"},
        {{.outcome = Outcome::refused, .whose = sms::Reason::recipient, .is_opted_out = true, .code = "406"},
         "opted_out"},
    };
    int number = 0;
    for (const auto& one : cases) {
        const auto key = std::to_string(++number);
        script->results.push_back(one.result);
        EXPECT_TRUE(send(write_receipt(Channel::sms, key)));
        EXPECT_EQ(value("state || ' ' || failure", key), "failed " + std::string(one.failure));
    }
    EXPECT_EQ(spent(), "0");
    EXPECT_EQ(rows("select phone || ' ' || is_opted_out from phone_wishes"), "+254712345678 true");
}

// What the provider says that it cost takes the place of what was expected.
TEST_F(PhoneSenderTest, TheProvidersPriceCounts) {
    script->results.push_back({.outcome = Outcome::accepted, .cost = sms::Cost{"KES", 1'200'000}});
    EXPECT_TRUE(send(write_receipt(Channel::sms, "dear")));
    script->results.push_back({.outcome = Outcome::accepted, .cost = sms::Cost{"USD", 8'300}});
    EXPECT_TRUE(send(write_receipt(Channel::sms, "of another currency")));
    EXPECT_EQ(spent(), "2000000");
    EXPECT_EQ(value("cost_millionths", "dear"), "1200000");
}

TEST_F(PhoneSenderTest, WhoSaidStopGetsTheirCodesAlone) {
    app->database().execute(fmt::format(
        "insert into phone_wishes values ('00000000-0000-0000-0000-000000000000', '{}', true, now())", amina));
    EXPECT_TRUE(send(write_receipt(Channel::sms)));
    EXPECT_EQ(value("state || ' ' || failure"), "failed opted_out");
    EXPECT_THAT(script->sent, IsEmpty());
    EXPECT_TRUE(send(write_code(Channel::sms)));
    EXPECT_EQ(value("state", "code"), "sent");
    app->database().execute("update phone_wishes set is_opted_out = false");
    EXPECT_TRUE(send(write_receipt(Channel::sms, "again")));
    EXPECT_EQ(value("state", "again"), "sent");
}

TEST_F(PhoneSenderTest, ACodeThatWouldBeStaleIsNotSent) {
    const auto id = write(PhoneCodeMessage::sample(), {.key = "code",
                                                       .recipient = std::string(amina),
                                                       .expires_at = base::system_clock().now() - std::chrono::hours(1),
                                                       .secret = "271828",
                                                       .channel = Channel::whatsapp});
    EXPECT_TRUE(send(id));
    EXPECT_THAT(script->sent, IsEmpty());
    EXPECT_EQ(chain(), "whatsapp failed");
}

// ---- WhatsApp's day, and what follows a refusal ----------------------------------------------------------------------

TEST_F(PhoneSenderTest, FreeTextIsForADayAfterThePersonWrote) {
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp, "never wrote")));
    write_to_us("23 hours 50 minutes");
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp, "wrote")));
    app->database().execute("update whatsapp_windows set written_at = now() - interval '23 hours 56 minutes'");
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp, "wrote long ago")));
    ASSERT_EQ(script->sent.size(), 3U);
    EXPECT_EQ(script->sent[0].whatsapp_template->name, "receipt");
    EXPECT_EQ(script->sent[0].whatsapp_template->language, "en");
    EXPECT_THAT(script->sent[0].whatsapp_template->values,
                ElementsAre("Duka la Amani", "NRB1-03-001042", "2026-11-22 09:14", "KES 405.00", "KES 55.86"));
    EXPECT_THAT(script->sent[1].text, HasSubstr("NRB1-03-001042"));
    EXPECT_TRUE(script->sent[2].whatsapp_template);
}

// Meta refuses the text in one of three ways. Each leads to one template.
TEST_F(PhoneSenderTest, ARefusedTextIsFollowedByOneTemplate) {
    for (const auto* code : {"131047", "100"}) {
        SetUp();
        write_to_us("1 hour");
        script->results.push_back({.outcome = Outcome::refused,
                                   .whose = sms::Reason::message,
                                   .instead = sms::Instead::whatsapp_template,
                                   .code = code});
        write_receipt(Channel::whatsapp);
        send_all();
        EXPECT_EQ(chain(), "whatsapp text failed, whatsapp template sent") << code;
    }
    SetUp();
    write_to_us("1 hour");
    const auto id = write_receipt(Channel::whatsapp);
    EXPECT_TRUE(send(id));
    const sms::DeliveryReport refusal{.provider_id = "p-1",
                                      .delivery = sms::Delivery::failed,
                                      .instead = sms::Instead::whatsapp_template,
                                      .code = "131047"};
    for (int i = 0; i < 3; ++i) tell(refusal, "whatsapp");
    send_all();
    EXPECT_EQ(chain(), "whatsapp text failed, whatsapp template sent");
    EXPECT_EQ(rows("select count(*) from parked_reports"), "0") << "a repetition is of a message that is known";
    EXPECT_EQ(rows("select (count(*) = count(follows) + 1)::text from notifications"), "true");
}

TEST_F(PhoneSenderTest, WhoHasNoWhatsappGetsAnSmsOnce) {
    const auto id = write(
        InviteMail::sample(),
        {.key = "invite", .recipient = std::string(amina), .secret = "a-secret-token", .channel = Channel::whatsapp});
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent[0].whatsapp_template->button, "a-secret-token");
    EXPECT_EQ(value("secret is null", "invite"), "false") << "the SMS needs it, if there is one";
    const sms::DeliveryReport refusal{.provider_id = "p-1",
                                      .delivery = sms::Delivery::failed,
                                      .instead = sms::Instead::sms,
                                      .code = "131026",
                                      .text = "Message undeliverable"};
    for (int i = 0; i < 3; ++i) tell(refusal, "whatsapp");
    send_all();
    EXPECT_EQ(chain(), "whatsapp template failed, sms sent");
    EXPECT_THAT(script->sent.back().text, HasSubstr("accept-invite?token=a-secret-token"));
    EXPECT_EQ(rows("select count(*) from notifications where secret is not null"), "0");
    EXPECT_EQ(spent(), "4800000") << "both were sent";
}

TEST_F(PhoneSenderTest, ASmsThatWouldPassTheLimitDoesNotFollow) {
    app->database().execute(fmt::format("insert into message_limits values ('{}', 450)", tenant().to_string()));
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp)));
    tell({.provider_id = "p-1", .delivery = sms::Delivery::failed, .instead = sms::Instead::sms}, "whatsapp");
    EXPECT_EQ(chain(), "whatsapp template failed");
    EXPECT_EQ(spent(), "4000000");
}

// Silence: both may arrive, so only what is the same in both goes on.
TEST_F(PhoneSenderTest, ACodeGoesOnAfterSilenceAndIsTheSame) {
    write_code(Channel::whatsapp);
    script->results.push_back({.outcome = Outcome::unknown, .code = "timeout"});
    send_all();
    EXPECT_EQ(chain(), "whatsapp template unknown, sms sent");
    EXPECT_THAT(script->sent[0].whatsapp_template->values, ElementsAre("271828"));
    EXPECT_TRUE(script->sent[0].whatsapp_template->is_code);
    EXPECT_THAT(script->sent[1].text, HasSubstr("271828"));
    SetUp();
    write_receipt(Channel::whatsapp);
    script->results.push_back({.outcome = Outcome::unknown, .code = "timeout"});
    send_all();
    EXPECT_EQ(chain(), "whatsapp template unknown");
}

// ---- What is told ------------------------------------------------------------------------------------------------------

// Before the reply is stored, and never again.
TEST_F(PhoneSenderTest, AReportThatComesFirstIsTakenUp) {
    script->before_reply = [](std::string provider_id) {
        return told({.provider_id = std::move(provider_id), .delivery = sms::Delivery::delivered}, "capture");
    };
    EXPECT_TRUE(send(write_receipt(Channel::sms)));
    EXPECT_EQ(value("state || ' ' || provider_id"), "delivered p-1");
    EXPECT_EQ(rows("select count(*) from parked_reports"), "0");
}

async::Task<void> PhoneSenderTest::tell_in_disorder(std::string provider_id) {
    for (const auto delivery :
         {sms::Delivery::read, sms::Delivery::sent, sms::Delivery::delivered, sms::Delivery::read})
        co_await told({.provider_id = provider_id, .delivery = delivery}, "whatsapp");
}

TEST_F(PhoneSenderTest, OfSeveralThatComeFirstTheLastStateCounts) {
    script->before_reply = tell_in_disorder;
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp)));
    EXPECT_EQ(value("state"), "read");
}

// Twilio names our message in its URL, so that a lost reply is no lost message.
TEST_F(PhoneSenderTest, AReportFindsAMessageWhoseReplyWasLost) {
    const auto id = write_receipt(Channel::sms);
    script->results.push_back({.outcome = Outcome::unknown});
    EXPECT_TRUE(send(id));
    tell({.provider_id = "SM1", .delivery = sms::Delivery::sent}, "capture", id);
    EXPECT_EQ(value("state || ' ' || provider_id"), "sent SM1");
    tell({.provider_id = "SM1", .delivery = sms::Delivery::delivered}, "capture", id);
    EXPECT_EQ(value("concat_ws(' ', state, failure)"), "delivered");
    tell({.provider_id = "SM2", .delivery = sms::Delivery::failed}, "capture", id);
    EXPECT_EQ(value("state"), "delivered") << "another message's";
}

// Others name nothing of ours: the one report of the number that nothing else explains.
TEST_F(PhoneSenderTest, TheOnlyReportOfANumberFindsItsOnlyLostMessage) {
    const auto id = write_receipt(Channel::sms);
    script->results.push_back({.outcome = Outcome::unknown});
    EXPECT_TRUE(send(id));
    tell({.provider_id = "ATX1", .to = std::string(amina), .delivery = sms::Delivery::delivered}, "capture");
    EXPECT_EQ(value("state"), "unknown");
    const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30));
    EXPECT_THAT(app->run(system.all(texting::lost_replies, 10)), IsEmpty()) << "its own reply may still come";
    app->database().execute(
        "update parked_reports set received_at = now() - interval '20 seconds'; "
        "update notifications set created_at = now() - interval '30 seconds'");
    const auto found = app->run(system.all(texting::lost_replies, 10));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, id);
    EXPECT_EQ(found[0].provider_id, "ATX1");
    // A second message to the number, of which nobody knows either: neither is guessed at.
    script->results.push_back({.outcome = Outcome::unknown});
    EXPECT_TRUE(send(write_receipt(Channel::sms, "second")));
    app->database().execute("update notifications set created_at = now() - interval '30 seconds'");
    EXPECT_THAT(app->run(system.all(texting::lost_replies, 10)), IsEmpty());
}

TEST_F(PhoneSenderTest, ATenantsAccountTellsOfItsOwnMessagesAlone) {
    EXPECT_TRUE(send(write_receipt(Channel::sms)));
    auto& services = app->host().services();
    const ReportParts parts{&services.use<MailShared>(), &services.use<Messaging>(), &services.use<Runtime>()};
    const auto elsewhere = *base::Uuid::from_string("0197f0c2-0000-7000-8000-00000000beef");
    const auto told = std::make_shared<const ToldReport>(
        ToldReport{{.provider_id = "p-1", .delivery = sms::Delivery::failed}, "capture", elsewhere});
    const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30));
    app->run(
        system.transaction([told, parts](db::SystemDb transaction) { return take_report(transaction, told, parts); }));
    EXPECT_EQ(value("state"), "sent");
}

// Whoever has the account reads its log: a code would prove anybody's number to them.
TEST_F(PhoneSenderTest, ACodeNeverLeavesByATenantsOwnAccount) {
    for (const auto* credentials :
         {R"({"provider":"twilio","credentials":{"accountSid":"AC00000000000000000000000000000000",)"
          R"("authToken":"0123456789abcdef0123456789abcdef","sender":"+12025550123"}})",
          R"({"provider":"whatsapp","credentials":{"phoneNumberId":"106540352242922","token":"token-of-the-tests",)"
          R"("appSecret":"0123456789abcdef0123456789abcdef","verifyToken":"verify-verify-verify"}})"}) {
        const auto reply = post("/v1/messaging/accounts", credentials);
        ASSERT_EQ(reply.status, 200) << reply.body;
    }
    auto& messaging = app->host().services().use<Messaging>();
    for (const auto channel : {Channel::sms, Channel::whatsapp}) {
        app->database().execute("truncate notifications, outbox_jobs");
        script->sent.clear();
        EXPECT_TRUE(send(write_code(channel)));
        EXPECT_TRUE(send(write_receipt(channel)));
        ASSERT_EQ(script->sent.size(), 2U);
        const auto own =
            rows(fmt::format("select id::text from message_accounts where channel = '{}'", schema::name_of(channel)));
        EXPECT_THAT(script->sent[0].callback_url, HasSubstr(messaging.callback_url(schema::name_of(channel))));
        EXPECT_THAT(script->sent[1].callback_url, HasSubstr(messaging.callback_url(own)));
    }
}

}  // namespace
