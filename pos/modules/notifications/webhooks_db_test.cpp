// What providers tell: judged by its bytes, taken once, in whichever order it comes.
#include "pos/modules/notifications/webhooks.h"

#include <gmock/gmock.h>

#include "auth/jwk.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

constexpr std::string_view mailgun_key = "key-test";

auth::KeyOperations& sendgrid() {
    static auth::KeyOperations operations(auth::Key::generate(auth::Algorithm::es256));
    return operations;
}

// The public key as SendGrid's dashboard shows it: the PEM's middle, of the private key's public part.
std::string sendgrid_public_key() {
    const auto jwk = *sendgrid().key().public_jwk();
    const auto member = [&](std::string_view name) {
        const auto begin = jwk.find(fmt::format("\"{}\":\"", name)) + name.size() + 4;
        return *base::base64url_decode(std::string_view(jwk).substr(begin, jwk.find('"', begin) - begin));
    };
    const auto head = *base::hex_decode("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
    return base::base64_encode(head + member("x") + member("y"));
}

std::string der_of(const std::string& raw) {
    std::string body;
    for (int i = 0; i < 2; ++i) {
        auto number = raw.substr(static_cast<std::size_t>(i) * 32, 32);
        number.erase(0, std::min(number.find_first_not_of('\0'), number.size() - 1));
        if ((static_cast<unsigned char>(number.front()) & 0x80U) != 0) number.insert(0, 1, '\0');
        body += '\x02';
        body += static_cast<char>(number.size());
        body += number;
    }
    return std::string("\x30") + static_cast<char>(body.size()) + body;
}

class WebhooksTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(definition(), {},
                                     {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"},
                                      {"MAILGUN_WEBHOOK_KEY", std::string(mailgun_key)},
                                      {"SENDGRID_WEBHOOK_KEY", sendgrid_public_key()}});
    }
    void SetUp() override {
        app->database().execute("truncate notifications, mail_suppressions, used_webhooks, outbox_jobs");
        auto batch =
            db::tenant_db(app->host().databases(), base::Uuid::nil(), async::Loop::now() + std::chrono::seconds(20))
                .batch();
        app->host().services().use<Notifier>().add(batch, ReceiptMail::sample(),
                                                   {.key = "k", .recipient = "amina@example.com"});
        app->run(batch.commit());
        app->database().execute("update notifications set state = 'sent'");
        message_id = value("message_id");
    }
    static std::string value(std::string_view column) {
        return app->database().value(fmt::format("select {}::text from notifications", column)).value_or("");
    }
    static std::string suppressed() {
        return app->database()
            .value("select string_agg(list || ' ' || reason, ',') from mail_suppressions")
            .value_or("");
    }

    std::string mailgun_body(std::string_view event, std::string_view token,
                             std::chrono::seconds age = std::chrono::seconds(0)) const {
        const auto stamp = stamp_of(age);
        const auto signature =
            base::hex_encode(base::as_chars(base::hmac_sha256(mailgun_key, stamp + std::string(token))));
        return fmt::format(
            R"({{"signature":{{"timestamp":"{}","token":"{}","signature":"{}"}},"event-data":{{"message":{{"headers":{{"message-id":"{}"}}}},{}}}}})",
            stamp, token, signature, message_id, event);
    }
    static InjectedResponse mailgun(std::string body) {
        return post("/v1/callbacks/mail/mailgun", std::move(body), "");
    }
    static std::string stamp_of(std::chrono::seconds age) {
        const auto at = std::chrono::floor<std::chrono::seconds>(base::system_clock().now()) - age;
        return std::to_string(at.time_since_epoch().count());
    }
    InjectedResponse send_grid(std::string_view event, bool is_signed = true) const {
        // Carriage returns stand between events, and are signed.
        return send_batch(
            fmt::format("[\r\n{{\"smtp-id\":\"<{}>\",\"sg_event_id\":\"e\",{}}}\r\n]\r\n", message_id, event),
            is_signed);
    }
    static InjectedResponse send_batch(const std::string& body, bool is_signed = true,
                                       std::chrono::seconds age = std::chrono::seconds(0)) {
        const auto stamp = stamp_of(age);
        auto signature = der_of(sendgrid().sign(stamp + body));
        if (!is_signed) signature = der_of(sendgrid().sign(stamp + body + " "));
        return post("/v1/callbacks/mail/sendgrid", body, "",
                    {{"X-Twilio-Email-Event-Webhook-Signature", base::base64_encode(signature)},
                     {"X-Twilio-Email-Event-Webhook-Timestamp", stamp}});
    }

    static inline std::string message_id;
};

TEST_F(WebhooksTest, MailgunMovesTheState) {
    EXPECT_EQ(mailgun(mailgun_body(R"("event":"delivered")", "t1")).status, 200);
    EXPECT_EQ(value("state"), "delivered");
    EXPECT_EQ(
        mailgun(mailgun_body(R"("event":"failed","severity":"temporary","delivery-status":{"code":451})", "t2")).status,
        200);
    EXPECT_EQ(value("state"), "delivered") << "what is late goes nowhere back";
    EXPECT_EQ(suppressed(), "");
}

TEST_F(WebhooksTest, AHardBounceSuppressesTheAddressAndAFullMailboxDoesNot) {
    EXPECT_EQ(
        mailgun(
            mailgun_body(
                R"("event":"failed","severity":"permanent","delivery-status":{"code":552,"message":"mailbox full"})",
                "t1"))
            .status,
        200);
    EXPECT_EQ(value("state || ' ' || failure"), "bounced address_bounced");
    EXPECT_EQ(suppressed(), "");
    app->database().execute("update notifications set state = 'sent', failure = null");
    EXPECT_EQ(
        mailgun(
            mailgun_body(
                R"("event":"failed","severity":"permanent","delivery-status":{"code":550,"message":"no such user"})",
                "t2"))
            .status,
        200);
    EXPECT_EQ(suppressed(), "all bounce");
}

// One message each: what becomes of one recipient's is nobody else's, and only an address that is gone is put on the list.
TEST_F(WebhooksTest, OfThreeRecipientsTheOneThatIsGoneIsSuppressed) {
    auto batch =
        db::tenant_db(app->host().databases(), base::Uuid::nil(), async::Loop::now() + std::chrono::seconds(20))
            .batch();
    for (const std::string name : {"juma", "wanjiku"}) {
        app->host().services().use<Notifier>().add(batch, ReceiptMail::sample(),
                                                   {.key = name, .recipient = name + "@example.com"});
    }
    app->run(batch.commit());
    app->database().execute("update notifications set state = 'sent'");
    const auto tell = [&](std::string_view who, std::string_view event, const std::string& token) {
        message_id =
            app->database()
                .value(fmt::format("select message_id from notifications where recipient = '{}@example.com'", who))
                .value_or("");
        EXPECT_EQ(mailgun(mailgun_body(event, token)).status, 200) << who;
    };
    tell("juma", R"("event":"failed","severity":"permanent","delivery-status":{"code":550,"message":"no such user"})",
         "three-1");
    tell("amina", R"("event":"failed","severity":"temporary","delivery-status":{"code":451,"message":"greylisted"})",
         "three-2");
    tell("wanjiku",
         R"("event":"failed","severity":"permanent","delivery-status":{"code":552,"message":"mailbox full"})",
         "three-3");
    EXPECT_EQ(send_grid(R"("event":"deferred","response":"452 4.2.2 mailbox full")").status, 200);
    EXPECT_EQ(app->database().value("select string_agg(address || ' ' || list, ', ') from mail_suppressions"),
              "juma@example.com all");
    EXPECT_EQ(app->database().value("select string_agg(recipient || ' ' || state, ', ' order by recipient) "
                                    "from notifications"),
              "amina@example.com sent, juma@example.com bounced, wanjiku@example.com bounced");
}

// Mailgun comes again after 10, 20 … minutes, with the timestamp and the token of its first try.
TEST_F(WebhooksTest, AnEventThatIsAnsweredBy500ForTwentyMinutesIsTakenOnce) {
    const auto body = mailgun_body(
        R"("event":"failed","severity":"permanent","delivery-status":{"code":550,"message":"no such user"})", "outage",
        std::chrono::minutes(20));
    app->database().execute("alter table mail_suppressions rename to elsewhere");
    for (int i = 0; i < 3; ++i) EXPECT_GE(mailgun(body).status, 500);
    app->database().execute("alter table elsewhere rename to mail_suppressions");
    EXPECT_EQ(value("state"), "sent") << "nothing of it was done by halves";
    EXPECT_EQ(app->database().value("select count(*) from used_webhooks"), "0");
    EXPECT_THAT(mailgun(body).body, HasSubstr(R"("events":1)"));
    EXPECT_EQ(value("state"), "bounced");
    EXPECT_THAT(mailgun(body).body, HasSubstr(R"("events":0)"));
    auto other_body = body;
    other_body.replace(other_body.find("no such user"), 12, "of no access");
    EXPECT_EQ(mailgun(other_body).status, 406) << "the same token with another body";
    auto forged = body;
    forged.replace(forged.find("outage"), 6, "forged");
    EXPECT_EQ(mailgun(forged).status, 406);
    EXPECT_EQ(app->database().value("select count(*) from mail_suppressions"), "1");
}

// An outage of hours: the repetition bears the first one's timestamp and token.
TEST_F(WebhooksTest, ATokenIsBurntWithWhatItDid) {
    const auto body = mailgun_body(R"("event":"delivered")", "t1", std::chrono::hours(8));
    app->database().execute("alter table notifications rename to elsewhere");
    EXPECT_GE(mailgun(body).status, 500);
    app->database().execute("alter table elsewhere rename to notifications");
    EXPECT_THAT(mailgun(body).body, HasSubstr(R"("events":1)"));
    EXPECT_EQ(value("state"), "delivered");
    EXPECT_THAT(mailgun(body).body, HasSubstr(R"("events":0)"));
    auto other = body;
    other.replace(other.find("delivered"), 9, "complained");
    EXPECT_EQ(mailgun(other).status, 406);
    EXPECT_EQ(suppressed(), "");
}

TEST_F(WebhooksTest, WhoCannotProveThemselvesGet406) {
    auto forged = mailgun_body(R"("event":"delivered")", "t1");
    forged.replace(forged.find("\"t1\""), 4, "\"t2\"");
    EXPECT_EQ(mailgun(forged).status, 406);
    EXPECT_EQ(mailgun(mailgun_body(R"("event":"delivered")", "t3", std::chrono::hours(10))).status, 406);
    EXPECT_EQ(mailgun("no JSON").status, 406);
    EXPECT_EQ(send_grid(R"("event":"delivered")", false).status, 406);
    EXPECT_EQ(post("/v1/callbacks/mail/sendgrid", "[]", "").status, 406);
    EXPECT_EQ(value("state"), "sent");
}

TEST_F(WebhooksTest, SendGridMovesTheState) {
    EXPECT_EQ(send_grid(R"("event":"deferred","response":"451")").status, 200);
    EXPECT_EQ(value("state"), "sent");
    EXPECT_EQ(send_grid(R"("event":"dropped","reason":"Bounced Address")").status, 200);
    EXPECT_EQ(value("state || ' ' || failure || ' ' || failure_detail"), "failed dropped Bounced Address");
    EXPECT_EQ(suppressed(), "");
    app->database().execute("update notifications set state = 'sent', failure = null");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(send_grid(R"("event":"delivered")").status, 200);
    EXPECT_EQ(value("state"), "delivered");
    EXPECT_EQ(send_grid(R"("event":"bounce","type":"bounce","status":"5.1.1","reason":"550")").status, 200);
    EXPECT_EQ(value("state"), "bounced");
    EXPECT_EQ(send_grid(R"("event":"delivered")").status, 200);
    EXPECT_EQ(value("state"), "bounced") << "what came too late";
}

TEST_F(WebhooksTest, AnUnsubscribeEndsThatListAlone) {
    EXPECT_EQ(mailgun(mailgun_body(R"("event":"unsubscribed")", "t1")).status, 200);
    EXPECT_EQ(suppressed(), "receipts unsubscribe");
    EXPECT_EQ(mailgun(mailgun_body(R"("event":"complained")", "t2")).status, 200);
    EXPECT_THAT(suppressed(), HasSubstr("all complaint"));
}

// Whatever stands beside it in the batch, an event has its effect.
TEST_F(WebhooksTest, AnOddEventCostsItselfAlone) {
    const auto bounce = fmt::format(
        R"({{"event":"bounce","smtp-id":"<{}>","type":"bounce","status":550,"reason":null,"response":{{}}}})",
        message_id);
    const std::string deep(3'000, '[');
    const std::string odd[] = {"null",
                               "7",
                               "{}",
                               R"({"event":null})",
                               R"({"event":{"a":1}})",
                               R"({"event":"open","event":"open"})",
                               "{\"event\":\"open\",\"reason\":\"\xff\"}",
                               R"({"event":"open","x":)" + deep + std::string(3'000, ']') + "}",
                               R"({"event":"deferred","reason":null,"smtp-id":null,"type":7,"status":{},"x":1e999})"};
    for (const auto& one : odd) {
        app->database().execute("update notifications set state = 'sent', failure = null");
        const auto reply = send_batch(fmt::format("[{},{}]", one, bounce));
        EXPECT_EQ(reply.status, 200) << one;
        EXPECT_EQ(value("state"), "bounced") << one << reply.body;
    }
    EXPECT_EQ(suppressed(), "all bounce");
    EXPECT_THAT(send_batch("[null," + bounce + "]").body, HasSubstr(R"("unread":1)"));
    for (const auto* none : {"{}", "no JSON", "[", ""})
        EXPECT_THAT(send_batch(none).body, HasSubstr(R"("events":0,"unread":1)")) << none;
}

TEST_F(WebhooksTest, ASignedEventOfMailgunIsTakenWhateverItsMembersAre) {
    const std::string bounces[] = {
        R"("event":"failed","severity":"permanent","delivery-status":{"code":"5.1.1","message":"no such user"})",
        R"("event":"failed","severity":"permanent","delivery-status":{"code":550,"description":null})",
        R"("event":"failed","severity":"permanent","reason":null,"delivery-status":{"code":null,"message":null})",
        R"("event":"failed","severity":"permanent","delivery-status":null,"flags":7)"};
    int number = 0;
    for (const auto& one : bounces) {
        app->database().execute("update notifications set state = 'sent', failure = null; truncate mail_suppressions");
        EXPECT_EQ(mailgun(mailgun_body(one, fmt::format("odd{}", ++number))).status, 200) << one;
        EXPECT_EQ(value("state"), "bounced") << one;
        EXPECT_EQ(suppressed(), "all bounce") << one;
    }
    EXPECT_THAT(mailgun(mailgun_body(R"("event":{})", "unread")).body, HasSubstr(R"("events":0,"unread":1)"));
}

// SendGrid leaves smtp-id out of what people do with a mail; our own argument comes with each event.
TEST_F(WebhooksTest, OurOwnArgumentSaysWhichMailItWas) {
    const auto id = message_id.substr(0, message_id.find('@'));
    EXPECT_EQ(send_batch(fmt::format(R"([{{"event":"spamreport","notification":"{}"}}])", id)).status, 200);
    EXPECT_EQ(suppressed(), "all complaint");
}

TEST_F(WebhooksTest, AnOldBatchOfSendGridIsNotTakenAgain) {
    const auto body = fmt::format(R"([{{"event":"bounce","smtp-id":"<{}>"}}])", message_id);
    EXPECT_EQ(send_batch(body, true, std::chrono::hours(26)).status, 406);
    EXPECT_EQ(send_batch(body, true, std::chrono::hours(24)).status, 200);
}

TEST_F(WebhooksTest, WhatAServerSaidHasNoControlCharacters) {
    EXPECT_EQ(send_grid(R"("event":"bounce","reason":"no\u0001\u001b[31m user é")").status, 200);
    EXPECT_EQ(value("failure_detail"), "no  [31m user é");
}

}  // namespace
