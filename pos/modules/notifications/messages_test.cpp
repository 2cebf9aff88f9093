// What is written to people, and what providers tell of it: without a database.
#include <gmock/gmock.h>

#include "app/settings.h"
#include "base/hash.h"
#include "base/strings.h"
#include "pos/modules/notifications/messages.h"
#include "pos/modules/notifications/settings.h"
#include "pos/modules/notifications/webhooks.h"
#include "sms/parts.h"

namespace {

using namespace pos;
using ::testing::HasSubstr;
using ::testing::Not;
using Meaning = MailEvent::Meaning;

constexpr std::string_view id = "0197f0c2-0000-7000-8000-000000000001";

app::Settings served_at(std::string url) {
    app::Settings settings;
    settings.public_url = std::move(url);
    settings.port = 8080;
    return settings;
}

TEST(MailMessages, EachIsWrittenInBothLanguages) {
    const MailSettings mail;
    const auto settings = served_at("https://api.duka.example");
    const Links links(mail, settings);
    for (const auto& type : message_types()) {
        if (type.write == nullptr) continue;
        std::string subjects;
        for (const auto language : {mail::Language::english, mail::Language::swahili}) {
            const auto content = type.write(type.sample(), {mail::Say(language), &links, "a-token"});
            EXPECT_FALSE(content.subject().empty());
            EXPECT_FALSE(to_text(content, {}).empty());
            EXPECT_THAT(to_html(content, {}), HasSubstr(std::string("<title>")));
            EXPECT_NE(content.subject(), subjects) << schema::name_of(type.kind);
            subjects = content.subject();
        }
        EXPECT_THROW(type.write("[]", {mail::Say(mail::Language::english), &links, {}}), std::logic_error);
    }
}

// Of the plain alphabet, so that a part has 160 characters.
TEST(PhoneMessages, EachIsWrittenInBothLanguagesAndIsShort) {
    const MailSettings mail;
    const auto settings = served_at("https://api.duka.example");
    const Links links(mail, settings);
    int kinds = 0;
    for (const auto& type : message_types()) {
        EXPECT_TRUE(type.text != nullptr || type.write != nullptr);
        if (type.text == nullptr) continue;
        ++kinds;
        std::string texts;
        for (const auto language : {mail::Language::english, mail::Language::swahili}) {
            const auto text = type.text(type.sample(), {mail::Say(language), &links, std::string(43, 't')});
            const auto measure = sms::measure(text.text);
            EXPECT_EQ(measure.encoding, sms::Encoding::gsm7) << text.text;
            EXPECT_LE(measure.parts, type.kind == NotificationKind::invite ? 2U : 1U) << text.text;
            EXPECT_NE(text.text, texts);
            texts = text.text;
            for (const auto& value : text.values) EXPECT_FALSE(value.empty()) << schema::name_of(type.kind);
        }
    }
    EXPECT_EQ(kinds, 3);
}

// What strangers call themselves makes no message dear, and is no link.
TEST(PhoneMessages, NamesAreCutAndAreNoLinks) {
    const MailSettings mail;
    const auto settings = served_at("https://api.duka.example");
    const Links links(mail, settings);
    const auto invite = InviteMail{std::string(119, 'x') + "ü", "www.evil.example", "Cashier", 7}.text(
        {mail::Say(mail::Language::english), &links, "token"});
    EXPECT_THAT(invite.text, ::testing::StartsWith("www. evil. example invites you to work at " + std::string(40, 'x') +
                                                   ": https://api.duka.example/"));
    EXPECT_EQ(invite.button, "token");
    const auto cut = InviteMail{"Duka", std::string(39, 'y') + "ü", "Cashier", 7}.text(
        {mail::Say(mail::Language::english), &links, "token"});
    EXPECT_THAT(cut.text, ::testing::StartsWith(std::string(39, 'y') + " invites")) << "no letter is torn apart";
}

TEST(MailMessages, LinksAreMadeOfSettingsAlone) {
    MailSettings mail;
    EXPECT_EQ(Links(mail, served_at("")).reset_password("a_b"),
              "http://localhost:8080/account/reset-password?token=a_b");
    EXPECT_EQ(Links(mail, served_at("https://api.duka.example")).accept_invite("a&b"),
              "https://api.duka.example/account/accept-invite?token=a%26b");
    mail.app_url = "https://app.duka.example";
    EXPECT_EQ(Links(mail, served_at("https://api.duka.example")).verify_email("x"),
              "https://app.duka.example/verify-email?token=x");
    EXPECT_EQ(Links(mail, served_at("https://api.duka.example")).unsubscribe("x"),
              "https://api.duka.example/account/unsubscribe?token=x");
}

std::string faults(const MailSettings& mail, app::Environment environment, std::string public_url) {
    auto settings = served_at(std::move(public_url));
    settings.environment = environment;
    schema::Issues issues("environment");
    check_mail_settings(mail, settings, issues);
    std::string pointers;
    for (const auto& issue : issues.list()) pointers += issue.pointer + " ";
    return pointers;
}

// Links are never made of what a request says, so production has to say where it is.
TEST(MailSettings, MailsOfProductionNeedAnAddressForTheirLinks) {
    MailSettings mail{.transport = {.url = "smtps://mail.example", .from = "Duka <no-reply@duka.example>"}};
    EXPECT_EQ(faults(mail, app::Environment::production, ""), "/PUBLIC_URL ");
    EXPECT_EQ(faults(mail, app::Environment::production, "https://api.duka.example"), "");
    EXPECT_EQ(faults(mail, app::Environment::development, ""), "");
    mail.app_url = "https://app.duka.example/";
    mail.transport.from = "nobody";
    EXPECT_EQ(faults(mail, app::Environment::development, ""), "/MAIL_FROM /APP_URL ");
    EXPECT_EQ(faults({}, app::Environment::production, ""), "") << "no mail";
}

// A key that is none would refuse each event, for good and unseen.
TEST(MailSettings, KeysOfWebhooksAreJudgedAtTheStart) {
    MailSettings mail{.sendgrid_webhook_key = "garbage", .mailgun_webhook_key = "key-test "};
    EXPECT_EQ(faults(mail, app::Environment::development, ""), "/SENDGRID_WEBHOOK_KEY /MAILGUN_WEBHOOK_KEY ");
    mail = {.sendgrid_webhook_key =
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li"
                "/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==",
            .mailgun_webhook_key = "key-test"};
    EXPECT_EQ(faults(mail, app::Environment::development, ""), "");
}

TEST(MailEvents, OfSendGrid) {
    const auto event = [](std::string_view more) {
        return read_sendgrid_events(
            fmt::format(R"([{{"smtp-id":"<{}@mail.example>","sg_event_id":"x","timestamp":1,{}}}])", id, more));
    };
    const struct {
        std::string_view sent;
        Meaning meaning;
        bool suppresses;
    } cases[] = {
        {R"("event":"processed")", Meaning::nothing, false},
        {R"("event":"deferred","response":"451 later")", Meaning::nothing, false},
        {R"("event":"delivered")", Meaning::delivered, false},
        {R"("event":"bounce","type":"bounce","status":"5.1.1","reason":"550 no such user")", Meaning::bounced, true},
        {R"("event":"bounce","type":"blocked","status":"5.7.1","reason":"550 blocked")", Meaning::bounced, false},
        {R"("event":"bounce","type":"bounce","status":"5.2.2","reason":"552 mailbox full")", Meaning::bounced, false},
        {R"("event":"dropped","reason":"Bounced Address")", Meaning::dropped, false},
        {R"("event":"spamreport")", Meaning::complained, false},
        {R"("event":"group_unsubscribe")", Meaning::unsubscribed, false},
        {R"("event":"something-new","more":{"a":[1]})", Meaning::nothing, false},
    };
    for (const auto& one : cases) {
        const auto events = event(one.sent).events;
        ASSERT_EQ(events.size(), 1U) << one.sent;
        EXPECT_EQ(events[0].meaning, one.meaning) << one.sent;
        EXPECT_EQ(events[0].suppresses, one.suppresses) << one.sent;
        EXPECT_EQ(events[0].id->to_string(), id);
    }
    EXPECT_TRUE(read_sendgrid_events("no JSON").events.empty());
    EXPECT_FALSE(read_sendgrid_events(R"([{"event":"delivered","smtp-id":"<other@x>"}])").events[0].id);
}

TEST(MailEvents, OfMailgun) {
    const auto event = [](std::string_view more) {
        return read_mailgun_event(fmt::format(
            R"({{"signature":{{"timestamp":"1","token":"t","signature":"s"}},"event-data":{{"message":{{"headers":{{"message-id":"{}@mail.example"}}}},{}}}}})",
            id, more));
    };
    const struct {
        std::string_view sent;
        Meaning meaning;
        bool suppresses;
    } cases[] = {
        {R"("event":"accepted")", Meaning::nothing, false},
        {R"("event":"delivered")", Meaning::delivered, false},
        {R"("event":"failed","severity":"temporary","delivery-status":{"code":451})", Meaning::nothing, false},
        {R"("event":"failed","severity":"permanent","delivery-status":{"code":550,"message":"no such user"})",
         Meaning::bounced, true},
        {R"("event":"failed","severity":"permanent","delivery-status":{"code":552,"message":"mailbox full"})",
         Meaning::bounced, false},
        {R"("event":"failed","severity":"permanent","reason":"suppress-bounce","delivery-status":{"code":605})",
         Meaning::dropped, false},
        {R"("event":"complained")", Meaning::complained, false},
        {R"("event":"unsubscribed")", Meaning::unsubscribed, false},
    };
    for (const auto& one : cases) {
        const auto read = event(one.sent);
        ASSERT_TRUE(read) << one.sent;
        EXPECT_EQ(read->meaning, one.meaning) << one.sent;
        EXPECT_EQ(read->suppresses, one.suppresses) << one.sent;
        EXPECT_EQ(read->id->to_string(), id);
    }
    EXPECT_FALSE(read_mailgun_event("[]"));
}

TEST(MailEvents, ASignatureInDerIsReadAndNothingElse) {
    const auto hex = [](std::string_view text) { return *base::hex_decode(text); };
    const auto raw = raw_signature(hex("3006020101020102"));
    ASSERT_TRUE(raw);
    EXPECT_EQ(*raw, std::string(31, '\0') + '\1' + std::string(31, '\0') + '\2');
    EXPECT_TRUE(
        raw_signature(hex("30080202"
                          "00ff"
                          "020200fe")));
    for (const auto* bad : {"", "30", "3006020101020102ff", "3005020101020102", "3106020101020102", "300602010102"})
        EXPECT_FALSE(raw_signature(hex(bad))) << bad;
}

// Of Mailgun's own documentation of its scheme.
TEST(MailEvents, MailgunSignsTimestampAndToken) {
    EXPECT_EQ(base::hex_encode(base::as_chars(base::hmac_sha256("key-test", "1705300000a1b2c3"))),
              "ab66d0a3c0c9a69d79d07e204ce98dc72dbb3a7a89895caaf0b00767fbff304e");
}

// Our signature is above what strangers have written: nothing of it becomes a link.
TEST(MailMessages, NamesAreNoLinks) {
    const MailSettings mail;
    const auto settings = served_at("https://api.duka.example");
    const Links links(mail, settings);
    const mail::Say say(mail::Language::english);
    const auto invite = InviteMail{"You won! https://evil.example/win", "www.evil.example", "St. Mary 0.5 kg", 7}.write(
        {say, &links, "token"});
    EXPECT_EQ(invite.subject(), "www. evil. example invites you to You won! https: //evil. example/win");
    auto receipt = ReceiptMail::sample();
    receipt.shop = "Duka.la.Amani";
    receipt.lines = {{"Sugar 0.5kg at evil.example", "1", "1.00"}};
    const auto content = receipt.write({say, &links, ""});
    EXPECT_THAT(content.subject(), ::testing::EndsWith("Duka. la. Amani"));
    EXPECT_EQ(std::get<mail::Table>(content.blocks().at(1)).rows.at(0).at(0), "Sugar 0.5kg at evil. example");
}

}  // namespace
