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
        const auto at = std::chrono::floor<std::chrono::seconds>(base::system_clock().now()) - age;
        const auto stamp = std::to_string(at.time_since_epoch().count());
        const auto signature =
            base::hex_encode(base::as_chars(base::hmac_sha256(mailgun_key, stamp + std::string(token))));
        return fmt::format(
            R"({{"signature":{{"timestamp":"{}","token":"{}","signature":"{}"}},"event-data":{{"message":{{"headers":{{"message-id":"{}"}}}},{}}}}})",
            stamp, token, signature, message_id, event);
    }
    static InjectedResponse mailgun(std::string body) {
        return post("/v1/callbacks/mail/mailgun", std::move(body), "");
    }
    InjectedResponse send_grid(std::string_view event, bool is_signed = true) const {
        // Carriage returns stand between events, and are signed.
        const auto body =
            fmt::format("[\r\n{{\"smtp-id\":\"<{}>\",\"sg_event_id\":\"e\",{}}}\r\n]\r\n", message_id, event);
        const std::string stamp = "1705300000";
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

}  // namespace
