// What providers tell, as they send it: believed when it is proven, and nothing changes when it is not.
#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/strings.h"
#include "pos/testing/phones.h"
#include "sms/signatures.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view callback_token = "callback-token-of-the-tests";
constexpr std::string_view auth_token = "0123456789abcdef0123456789abcdef";
constexpr std::string_view twilio_sid = "AC0123456789abcdef0123456789abcdef";

class PhoneCallbacksTest : public PhonesTest {
protected:
    static void SetUpTestSuite() {
        set_up({{"SMS_PROVIDER", "africastalking"},
                {"AFRICASTALKING_USERNAME", "sandbox"},
                {"AFRICASTALKING_API_KEY", "atsk_key-of-the-tests"},
                {"AFRICASTALKING_CALLBACK_TOKEN", std::string(callback_token)}});
    }
    static InjectedResponse africas_talking(std::string form, std::string_view token = callback_token) {
        return app->send(http::Method::post, fmt::format("/v1/callbacks/sms/sms/{}", token), std::move(form),
                         {.headers = {{"Content-Type", "application/x-www-form-urlencoded"}}});
    }
    static InjectedResponse meta(const std::string& body, bool is_signed = true) {
        const auto signature =
            base::hex_encode(base::as_chars(base::hmac_sha256(meta_app_secret, is_signed ? body : body + " ")));
        return app->send(
            http::Method::post, "/v1/callbacks/sms/whatsapp", body,
            {.headers = {{"Content-Type", "application/json"}, {"X-Hub-Signature-256", "sha256=" + signature}}});
    }
    static std::string change(std::string_view members) {
        return fmt::format(
            R"({{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":)"
            R"({{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"254700","phone_number_id":"{}"}},{}}}}}]}}]}})",
            meta_number_id, members);
    }
    static std::string wrote(std::string_view text, std::int64_t at) {
        return change(fmt::format(
            R"("messages":[{{"from":"254712345678","id":"wamid.1","timestamp":"{}","type":"text","text":{{"body":"{}"}}}}])",
            at, text));
    }
    static std::string public_url(std::string_view path) {
        return app->host().services().use<Messaging>().public_url(path);
    }
    static std::int64_t seconds_ago(std::int64_t seconds) {
        const auto now = std::chrono::floor<std::chrono::seconds>(base::system_clock().now());
        return now.time_since_epoch().count() - seconds;
    }
    static std::string wishes() {
        return rows("select string_agg(phone || ' ' || is_opted_out, ', ') from phone_wishes");
    }

    // The first shop's own Twilio account; gives the path of its callbacks.
    static std::string add_twilio() {
        const auto reply = post(
            "/v1/messaging/accounts",
            fmt::format(
                R"({{"provider":"twilio","credentials":{{"accountSid":"{}","authToken":"{}","sender":"+12025550123"}}}})",
                twilio_sid, auth_token));
        EXPECT_EQ(reply.status, 200) << reply.body;
        EXPECT_THAT(reply.body, Not(HasSubstr(auth_token)));
        return "/v1/callbacks/sms/" + rows("select id::text from message_accounts");
    }
    static InjectedResponse twilio(const std::string& path, const std::string& form,
                                   std::string_view token = auth_token, Headers more = {}) {
        const auto pairs = *schema::parse_urlencoded(form);
        more.emplace_back("Content-Type", "application/x-www-form-urlencoded");
        more.emplace_back("X-Twilio-Signature", sms::twilio_signature(token, public_url(path), pairs));
        return app->send(http::Method::post, path, form, {.headers = more});
    }
};

// ---- Africa's Talking ----------------------------------------------------------------------------------------------

TEST_F(PhoneCallbacksTest, AfricasTalkingProvesItselfByTheEndOfThePath) {
    EXPECT_TRUE(send(write_receipt(Channel::sms)));
    const std::string report = "id=p-1&status=Success&phoneNumber=%2B254712345678&networkCode=63902";
    for (const auto* token : {"callback-token-of-the-test", "another-token-of-the-tests", "0"}) {
        const auto refused = africas_talking(report, token);
        EXPECT_EQ(refused.status, 403) << token;
        EXPECT_THAT(refused.body, HasSubstr("auth.callback_refused"));
    }
    EXPECT_EQ(post("/v1/callbacks/sms/sms", report, "").status, 403);
    EXPECT_EQ(value("state"), "sent");
    EXPECT_EQ(africas_talking(report).status, 200);
    EXPECT_EQ(value("state"), "delivered");
}

TEST_F(PhoneCallbacksTest, AForgedStopSwitchesNobodyOff) {
    const std::string stop = "senderId=DUKA&phoneNumber=%2B254712345678";
    EXPECT_EQ(africas_talking(stop, "another-token-of-the-tests").status, 403);
    EXPECT_EQ(meta(wrote("STOP", seconds_ago(5)), false).status, 403);
    EXPECT_EQ(wishes(), "");
    EXPECT_EQ(africas_talking(stop).status, 200);
    EXPECT_EQ(wishes(), "+254712345678 true");
}

TEST_F(PhoneCallbacksTest, TheLaterWishCountsInWhicheverOrderTheyCome) {
    EXPECT_EQ(meta(wrote("START", seconds_ago(10))).status, 200);
    EXPECT_EQ(meta(wrote("stop", seconds_ago(60))).status, 200);
    EXPECT_EQ(wishes(), "+254712345678 false") << "the older one came late";
    EXPECT_EQ(meta(wrote("ACHA", seconds_ago(5))).status, 200);
    EXPECT_EQ(wishes(), "+254712345678 true");
    EXPECT_EQ(meta(wrote("Acha nifikirie", seconds_ago(1))).status, 200);
    EXPECT_EQ(wishes(), "+254712345678 true") << "words are no wish unless they stand alone";
}

TEST_F(PhoneCallbacksTest, AReportOfNothingWeKnowIsKeptAndAnswered) {
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(africas_talking("id=ATXid_1&status=Success&phoneNumber=%2B254712345678").status, 200);
    EXPECT_EQ(rows("select string_agg(provider_id || ' ' || delivery || ' ' || recipient, ', ') from parked_reports"),
              "ATXid_1 delivered +254712345678");
    app->database().execute("update parked_reports set received_at = now() - interval '2 hours'");
    const auto system = db::system_db(app->host().databases(), async::Loop::now() + std::chrono::seconds(30));
    EXPECT_THAT(app->run(system.all(texting::unexplained, 10)), ::testing::ElementsAre("africastalking ATXid_1"));
}

// ---- Meta ------------------------------------------------------------------------------------------------------------

TEST_F(PhoneCallbacksTest, MetaAsksWhetherTheUrlIsOurs) {
    const auto ask = [](std::string_view token) {
        return get(
            fmt::format("/v1/callbacks/sms/whatsapp?hub.mode=subscribe&hub.verify_token={}&hub.challenge=1158201444",
                        token),
            "");
    };
    const auto reply = ask(meta_verify_token);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "1158201444");
    EXPECT_EQ(ask("another-token-of-the-tests").status, 403);
    EXPECT_EQ(get("/v1/callbacks/sms/whatsapp", "").status, 403);
    EXPECT_EQ(get("/v1/callbacks/sms/sms?hub.mode=subscribe", "").status, 403) << "another provider's";
}

TEST_F(PhoneCallbacksTest, WhoWritesOpensTheirDay) {
    EXPECT_EQ(meta(wrote("Habari", seconds_ago(60))).status, 200);
    EXPECT_EQ(meta(wrote("Habari", seconds_ago(3'600))).status, 200);
    EXPECT_EQ(rows("select phone || ' ' || (written_at between now() - interval '70 s' and now() - interval '50 s') "
                   "from whatsapp_windows"),
              "+254712345678 true");
    EXPECT_EQ(meta(wrote("from tomorrow", seconds_ago(-86'400))).status, 200);
    EXPECT_EQ(rows("select written_at <= now() from whatsapp_windows"), "t") << "a day that has not begun is not open";
}

TEST_F(PhoneCallbacksTest, ABatchOfMetaMovesEachMessage) {
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp, "one")));
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp, "two")));
    const auto statuses = change(
        R"("statuses":[{"id":"p-2","status":"read","timestamp":"1700000000","recipient_id":"254712345678"},)"
        R"({"id":"p-1","status":"failed","timestamp":"1700000000","recipient_id":"254712345678","errors":[{"code":131026,"title":"Undeliverable"}]},)"
        R"({"id":"p-2","status":"delivered","timestamp":"1700000000","recipient_id":"254712345678"}])");
    for (int i = 0; i < 2; ++i) EXPECT_EQ(meta(statuses).status, 200);
    EXPECT_EQ(value("state", "two"), "read");
    EXPECT_EQ(value("concat_ws(' ', state, failure)", "one"), "failed undelivered");
    EXPECT_EQ(rows("select count(*) from notifications where channel = 'sms' and follows is not null"), "1");
    EXPECT_EQ(meta("no JSON").status, 400);
    EXPECT_EQ(rows("select count(*) from parked_reports"), "0");
}

// A provider tells the same list again until it is answered. Whatever stops one half way, what was before it is kept, and not gone
// through again.
TEST_F(PhoneCallbacksTest, ALongListOfReportsGetsFurtherEachTime) {
    EXPECT_TRUE(send(write_receipt(Channel::whatsapp)));
    std::string statuses =
        R"({"id":"p-1","status":"delivered","timestamp":"1700000000","recipient_id":"254712345678"})";
    for (int i = 0; i < 160; ++i)
        statuses += fmt::format(
            R"(,{{"id":"a-{:03}","status":"delivered","timestamp":"1700000000","recipient_id":"254712345678"}})", i);
    const auto list = change(fmt::format(R"("statuses":[{}])", statuses));
    // Stands for the deadline, which ends whatever is under way: at this id, or below it.
    const auto stop_at = [](std::string_view condition) {
        app->database().execute(
            fmt::format("create or replace function stop_here() returns trigger language plpgsql as "
                        "$$ begin if new.provider_id {} then raise exception 'stopped'; end if; return new; end $$",
                        condition));
    };
    const auto kept = [] { return rows("select count(*) from parked_reports"); };
    stop_at("= 'a-120'");
    app->database().execute(
        "create trigger stop_here before insert on parked_reports for each row execute function stop_here()");
    EXPECT_GE(meta(list).status, 500);
    EXPECT_EQ(kept(), "100");
    stop_at("< 'a-100'");
    EXPECT_EQ(meta(list).status, 200) << "what is kept is not told again";
    EXPECT_EQ(kept(), "160");
    EXPECT_EQ(value("state"), "delivered");
    EXPECT_EQ(meta(list).status, 200);
    app->database().execute("drop trigger stop_here on parked_reports; drop function stop_here()");
}

// ---- Twilio, as a tenant's own account -------------------------------------------------------------------------------

TEST_F(PhoneCallbacksTest, TwilioSignsTheUrlThatItWasGiven) {
    const auto path = add_twilio();
    const auto id = write_receipt(Channel::sms);
    script->results.push_back({.outcome = sms::Outcome::unknown});
    EXPECT_TRUE(send(id));
    EXPECT_EQ(script->sent.back().callback_url, public_url(path) + "/" + id.to_string());
    const auto of_message = path + "/" + id.to_string();
    const std::string form = "MessageSid=SM0123456789abcdef0123456789abcdef&MessageStatus=delivered&To=%2B254712345678";
    EXPECT_EQ(twilio(of_message, form, "ffffffffffffffffffffffffffffffff").status, 403);
    EXPECT_EQ(
        twilio(path, form, auth_token, {{"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}}).status,
        200)
        << "what a peer says of itself does not alter the URL that is verified";
    EXPECT_EQ(value("state"), "unknown") << "that URL names no message";
    EXPECT_EQ(twilio(of_message, form).status, 200);
    EXPECT_EQ(value("state"), "delivered");
    const auto reply =
        twilio(path, "MessageSid=SM1&From=%2B254712345678&To=%2B12025550123&Body=STOP&SmsStatus=received");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "<Response/>");
    EXPECT_EQ(rows("select scope = (select tenant_id from message_accounts) from phone_wishes"), "t")
        << "they told this shop, and no other";
}

TEST_F(PhoneCallbacksTest, AnAccountThatIsGoneIsRefused) {
    const auto path = add_twilio();
    EXPECT_THAT(get("/v1/messaging").body, HasSubstr(R"("isOwn":true,"provider":"twilio")"));
    EXPECT_EQ(get("/v1/messaging", other).body.find("twilio"), std::string::npos);
    for (const int status : {200, 404}) EXPECT_EQ(del("/v1/messaging/accounts?channel=sms", 1).status, status);
    EXPECT_EQ(twilio(path, "MessageSid=SM1&MessageStatus=sent").status, 403);
    EXPECT_EQ(rows("select string_agg(distinct action, ' ' order by action desc) from audit_events where action like "
                   "'message%'"),
              "message_account.set message_account.remove");
}

// Copied out of a console, with what stood around it.
TEST_F(PhoneCallbacksTest, WhiteSpaceAroundCredentialsIsLeftOut) {
    const auto reply =
        post("/v1/messaging/accounts",
             R"({"provider":"africastalking","credentials":{"username":" amani ","apiKey":"atsk_0000\n",)"
             R"("callbackToken":"\t0123456789abcdefghij "}})");
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto path = "/v1/callbacks/sms/" + rows("select id::text from message_accounts");
    const auto told = [&](const std::string& token) {
        return app
            ->send(http::Method::post, path + "/" + token, "id=ATXid_1&status=Success&phoneNumber=%2B254712345678",
                   {.headers = {{"Content-Type", "application/x-www-form-urlencoded"}}})
            .status;
    };
    EXPECT_EQ(told("0123456789abcdefghij"), 200);
    EXPECT_EQ(told("0123456789abcdefghik"), 403);
    // What a caller proves itself by stands in no line of the log.
    EXPECT_TRUE(app->log().contains(path + "/[Redacted]"));
    EXPECT_FALSE(app->log().contains("0123456789abcdefghij"));
}

TEST_F(PhoneCallbacksTest, AnAccountIsReadBeforeItIsKept) {
    const auto refused = post("/v1/messaging/accounts",
                              R"({"provider":"africastalking","credentials":{"username":"amani","apiKey":"k"}})");
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.body, HasSubstr("/credentials/callbackToken"));
    EXPECT_EQ(post("/v1/messaging/accounts", R"({"provider":"capture","credentials":{}})").status, 422);
    // In words, not as a pattern.
    const auto in_words =
        post("/v1/messaging/accounts",
             R"({"provider":"twilio","credentials":{"accountSid":"AC1","authToken":"t","sender":"+0"}})");
    EXPECT_EQ(in_words.status, 422);
    EXPECT_THAT(in_words.body, ::testing::AllOf(HasSubstr("a short code"), HasSubstr("32 hexadecimal digits"),
                                                Not(HasSubstr("Must match"))));
    EXPECT_EQ(rows("select count(*) from message_accounts"), "0");
    add_twilio();
    EXPECT_EQ(rows(fmt::format("select count(*) from message_accounts where position('{}'::bytea in credentials) > 0",
                               auth_token)),
              "0");
    const auto first = rows("select id from message_accounts");
    add_twilio();
    EXPECT_EQ(rows("select id from message_accounts"), first) << "the address of its callbacks stays";
}

}  // namespace
