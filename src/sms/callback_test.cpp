// What providers tell afterwards: nothing is believed that is not proven, and what is proven is read whatever else stands beside it.

#include "sms/callback.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/strings.h"
#include "sms/provider_callbacks.h"
#include "sms/signatures.h"

namespace sms {

namespace {

using ::testing::SizeIs;

const AfricasTalkingAccount at_africastalking{
    .username = "amani", .api_key = "k", .sender = "", .callback_token = "token-token-token-token"};
const TwilioAccount at_twilio{.account_sid = "AC0123456789abcdef0123456789abcdef",
                              .auth_token = "12345",
                              .previous_auth_token = "old-token",
                              .sender = "+15005550006"};
const WhatsappAccount at_whatsapp{.phone_number_id = "106540352242922",
                                  .token = "t",
                                  .app_secret = "app_secret",
                                  .verify_token = "verify-verify-verify"};

int status_of(const std::expected<Callback, CallbackRefusal>& read) {
    return read ? read->status : read.error().status;
}

TEST(Delivery, GoesForwardAlone) {
    using enum Delivery;
    EXPECT_EQ(advance(unknown, queued), queued);
    EXPECT_EQ(advance(sent, queued), sent) << "late";
    EXPECT_EQ(advance(queued, delivered), delivered);
    EXPECT_EQ(advance(delivered, sent), delivered);
    EXPECT_EQ(advance(delivered, failed), delivered);
    EXPECT_EQ(advance(failed, delivered), failed);
    EXPECT_EQ(advance(expired, failed), expired);
    EXPECT_EQ(advance(delivered, read), read);
    EXPECT_EQ(advance(read, delivered), read) << "Meta tells them in any order";
    EXPECT_EQ(advance(failed, read), failed);
    EXPECT_EQ(advance(sent, unknown), sent);
    for (const auto one : {unknown, queued, sent, failed, expired, delivered, read})
        EXPECT_EQ(delivery_of(to_string(one)), one);
    EXPECT_EQ(delivery_of("gone"), std::nullopt);
}

TEST(Wish, IsAWordAlone) {
    for (const auto* const text :
         {"STOP", "stop", " Stop. ", "STOP!", "Stop all", "UNSUBSCRIBE", "acha", "ＳＴＯＰ", "opt-out"})
        EXPECT_EQ(wish_of(text), Wish::stop) << text;
    for (const auto* const text : {"START", "start", "Unstop", "anza"}) EXPECT_EQ(wish_of(text), Wish::start) << text;
    for (const auto* const text : {"", "please stop the order", "stop sending after friday", "STOPP", "no"})
        EXPECT_EQ(wish_of(text), Wish::none) << text;
}

// ---- Africa's Talking -------------------------------------------------------------------------------------------

std::expected<Callback, CallbackRefusal> told(std::string_view form,
                                              std::string_view token = "token-token-token-token") {
    return read_callback(at_africastalking, {.url = "https://api.example/x", .path_token = token, .bytes = form});
}

TEST(AfricasTalkingCallback, IsProvenByItsUrl) {
    constexpr auto form = "id=ATXid_1&status=Success&phoneNumber=%2B254712345678";
    EXPECT_EQ(status_of(told(form)), 200);
    for (const auto* const token : {"", "token", "token-token-token-tokeN", "token-token-token-token "})
        EXPECT_EQ(status_of(told(form, token)), 403) << token;
    auto without = at_africastalking;
    without.callback_token.clear();
    EXPECT_EQ(status_of(read_callback(without, {.url = "x", .path_token = "", .bytes = form})), 403);
}

TEST(AfricasTalkingCallback, ReportsEachStatus) {
    constexpr auto rows = std::to_array<std::pair<std::string_view, Delivery>>({{"Sent", Delivery::sent},
                                                                                {"Submitted", Delivery::sent},
                                                                                {"Buffered", Delivery::sent},
                                                                                {"Success", Delivery::delivered},
                                                                                {"Failed", Delivery::failed},
                                                                                {"Rejected", Delivery::failed},
                                                                                {"AbsentSubscriber", Delivery::expired},
                                                                                {"Expired", Delivery::expired}});
    for (const auto& [status, expected] : rows) {
        const auto read =
            told("id=ATXid_1&phoneNumber=%2B254712345678&networkCode=63902&retryCount=0&status=" + std::string(status));
        ASSERT_TRUE(read);
        ASSERT_THAT(read->reports, SizeIs(1)) << status;
        EXPECT_EQ(read->reports[0].delivery, expected) << status;
        EXPECT_EQ(read->reports[0].provider_id, "ATXid_1");
        EXPECT_EQ(read->reports[0].to, "+254712345678");
    }
    EXPECT_THAT(told("id=ATXid_1&status=Novel")->reports, SizeIs(0));
    EXPECT_THAT(told("status=Success")->reports, SizeIs(0)) << "of no message";
}

TEST(AfricasTalkingCallback, SaysWhyItFailed) {
    const auto failed = [](std::string_view reason) {
        return told("id=1&status=Failed&failureReason=" + std::string(reason))->reports.at(0);
    };
    EXPECT_EQ(failed("InsufficientCredit").whose, Reason::sender);
    EXPECT_EQ(failed("InvalidLinkId").whose, Reason::sender);
    for (const auto* const reason :
         {"UserIsInactive", "UserAccountSuspended", "NotNetworkSubcriber", "UserNotSubscribedToProduct",
          "UserDoesNotExist", "DeliveryFailure", "DoNotDisturbRejection"}) {
        EXPECT_EQ(failed(reason).whose, Reason::recipient) << reason;
        EXPECT_FALSE(failed(reason).is_opted_out) << reason;
    }
    EXPECT_TRUE(failed("UserInBlackList").is_opted_out);
    EXPECT_EQ(failed("UserInBlackList").code, "UserInBlackList");
    EXPECT_EQ(failed("").code, "Failed");
}

TEST(AfricasTalkingCallback, BringsMessagesAndOptOuts) {
    const auto read =
        told("date=2024-01-15%2010%3A30%3A21&from=%2B254712345678&id=m1&linkId=x&text=Stop&to=22384&networkCode=63902");
    ASSERT_THAT(read->messages, SizeIs(1));
    const auto& message = read->messages[0];
    EXPECT_EQ(message.from, "+254712345678");
    EXPECT_EQ(message.to, "22384");
    EXPECT_EQ(message.text, "Stop");
    EXPECT_EQ(message.wish, Wish::stop);
    EXPECT_EQ(message.at, base::parse_timestamp("2024-01-15T10:30:21Z"));
    const auto out = told("senderId=AMANI&phoneNumber=%2B254712345678");
    ASSERT_THAT(out->messages, SizeIs(1));
    EXPECT_EQ(out->messages[0].wish, Wish::stop);
    EXPECT_EQ(out->messages[0].to, "AMANI");
    EXPECT_THAT(told("phoneNumber=%2B254712345678&shortCode=22384&keyword=x&updateType=addition")->messages, SizeIs(0));
    EXPECT_EQ(status_of(told("a=%zz")), 400);
    EXPECT_EQ(status_of(told("")), 200);
}

// ---- Twilio -----------------------------------------------------------------------------------------------------

constexpr std::string_view twilio_url = "https://mycompany.com/myapp.php?foo=1&bar=2";
constexpr std::string_view twilio_form =
    "CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212";

std::expected<Callback, CallbackRefusal> signed_by(std::string_view token, std::string_view url, std::string_view form,
                                                   std::string_view asked_at = {}) {
    http::Headers headers;
    headers.set("X-Twilio-Signature", twilio_signature(token, url, *schema::parse_urlencoded(form)));
    headers.set("Content-Type", "application/x-www-form-urlencoded");
    return read_callback(at_twilio, {.url = asked_at.empty() ? url : asked_at, .bytes = form, .headers = &headers});
}

// Twilio's documentation.
TEST(TwilioCallback, IsSignedAsDocumented) {
    const auto form = *schema::parse_urlencoded(twilio_form);
    EXPECT_EQ(twilio_signature("12345", twilio_url, form), "0/KCTR6DLpKmkAf8muzZqo1nDgQ=");
    EXPECT_TRUE(is_signed_by_twilio("12345", twilio_url, form, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="));
    EXPECT_FALSE(is_signed_by_twilio("12346", twilio_url, form, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="));
    EXPECT_FALSE(is_signed_by_twilio("", twilio_url, form, twilio_signature("", twilio_url, form)));
    EXPECT_FALSE(is_signed_by_twilio("12345", "https://mycompany.com/myapp.php?foo=1&bar=3", form,
                                     "0/KCTR6DLpKmkAf8muzZqo1nDgQ="));
}

TEST(TwilioCallback, CountsARepeatedValueOnce) {
    EXPECT_EQ(twilio_signature("12345", twilio_url, {{"b", "2"}, {"a", "2"}, {"a", "1"}, {"a", "2"}}),
              twilio_signature("12345", twilio_url, {{"a", "1"}, {"a", "2"}, {"b", "2"}}));
}

TEST(TwilioCallback, MayBeSignedWithThePort) {
    constexpr std::string_view form = "MessageSid=SM1&MessageStatus=sent&To=%2B254712345678";
    EXPECT_EQ(status_of(signed_by("12345", "https://api.example:443/cb?x=1", form, "https://api.example/cb?x=1")), 200);
    EXPECT_EQ(status_of(signed_by("12345", "http://api.example:80/cb", form, "http://api.example/cb")), 200);
    EXPECT_EQ(status_of(signed_by("12345", "https://api.example/cb", form, "https://api.example:8443/cb")), 200);
    EXPECT_EQ(status_of(signed_by("12345", "https://[::1]:443/cb", form, "https://[::1]/cb")), 200);
    EXPECT_EQ(status_of(signed_by("12345", "https://api.example:444/cb", form, "https://api.example/cb")), 403);
    EXPECT_EQ(status_of(signed_by("12345", "https://evil.example/cb", form, "https://api.example/cb")), 403);
}

TEST(TwilioCallback, IsBelievedByBothTokensWhileOneIsRolled) {
    constexpr std::string_view form = "MessageSid=SM1&MessageStatus=sent&To=%2B254712345678";
    EXPECT_EQ(status_of(signed_by("12345", twilio_url, form)), 200);
    EXPECT_EQ(status_of(signed_by("old-token", twilio_url, form)), 200);
    EXPECT_EQ(status_of(signed_by("another", twilio_url, form)), 403);
    EXPECT_EQ(status_of(signed_by("", twilio_url, form)), 403);
    const http::Headers none;
    EXPECT_EQ(status_of(read_callback(at_twilio, {.url = twilio_url, .bytes = form, .headers = &none})), 403);
    EXPECT_EQ(status_of(read_callback(at_twilio, {.url = twilio_url, .bytes = form})), 403);
}

TEST(TwilioCallback, ReportsEachStatus) {
    constexpr auto rows =
        std::to_array<std::pair<std::string_view, Delivery>>({{"accepted", Delivery::queued},
                                                              {"scheduled", Delivery::queued},
                                                              {"queued", Delivery::queued},
                                                              {"sending", Delivery::queued},
                                                              {"sent", Delivery::sent},
                                                              {"delivered", Delivery::delivered},
                                                              {"read", Delivery::read},
                                                              {"undelivered", Delivery::failed},
                                                              {"failed", Delivery::failed},
                                                              {"canceled", Delivery::failed},
                                                              {"partially_delivered", Delivery::sent}});
    for (const auto& [status, expected] : rows) {
        const auto read =
            signed_by("12345", twilio_url,
                      "MessageSid=SM1&SmsSid=SM1&To=%2B254712345678&Novel=1&ErrorCode=30003&MessageStatus=" +
                          std::string(status));
        ASSERT_TRUE(read) << status;
        ASSERT_THAT(read->reports, SizeIs(1)) << status;
        EXPECT_EQ(read->reports[0].delivery, expected) << status;
        EXPECT_EQ(read->reports[0].code, expected == Delivery::failed ? "30003" : "") << status;
    }
    const auto stopped = signed_by("12345", twilio_url, "SmsSid=SM1&SmsStatus=failed&ErrorCode=21610");
    EXPECT_TRUE(stopped->reports.at(0).is_opted_out);
    EXPECT_EQ(stopped->reports.at(0).provider_id, "SM1");
    EXPECT_THAT(signed_by("12345", twilio_url, "MessageSid=SM1&MessageStatus=novel")->reports, SizeIs(0));
}

TEST(TwilioCallback, BringsMessages) {
    const auto read = signed_by(
        "12345", twilio_url,
        "MessageSid=SM2&SmsStatus=received&From=%2B254712345678&To=%2B15005550006&Body=Habari%20%F0%9F%99%8F");
    ASSERT_THAT(read->messages, SizeIs(1));
    EXPECT_EQ(read->messages[0].text, "Habari 🙏");
    EXPECT_EQ(read->messages[0].wish, Wish::none);
    EXPECT_EQ(read->reply, "<Response/>");
    EXPECT_EQ(read->reply_type, "text/xml");
    const auto wish = [](std::string_view members) {
        return signed_by("12345", twilio_url,
                         "MessageSid=SM2&SmsStatus=received&From=%2B254712345678&" + std::string(members))
            ->messages.at(0)
            .wish;
    };
    EXPECT_EQ(wish("Body=STOP"), Wish::stop);
    EXPECT_EQ(wish("Body=whatever&OptOutType=STOP"), Wish::stop);
    EXPECT_EQ(wish("Body=START&OptOutType=START"), Wish::start);
    EXPECT_EQ(wish("Body=HELP&OptOutType=HELP"), Wish::none);
    EXPECT_THAT(signed_by("12345", twilio_url, "SmsStatus=received&From=VODACOM&Body=x")->messages, SizeIs(0));
}

TEST(TwilioCallback, OfJsonIsSignedByTheUrlThatSaysItsDigest) {
    constexpr std::string_view body = R"({"event":1})";
    const auto url = "https://api.example/cb?bodySHA256=" + base::hex_encode(base::as_chars(base::sha256(body)));
    http::Headers headers;
    headers.set("X-Twilio-Signature", twilio_signature("12345", url, {}));
    headers.set("Content-Type", "application/json; charset=utf-8");
    EXPECT_EQ(status_of(read_callback(at_twilio, {.url = url, .bytes = body, .headers = &headers})), 200);
    EXPECT_EQ(status_of(read_callback(at_twilio, {.url = url, .bytes = R"({"event":2})", .headers = &headers})), 403);
    headers.set("X-Twilio-Signature", twilio_signature("12345", "https://api.example/cb", {}));
    EXPECT_EQ(
        status_of(read_callback(at_twilio, {.url = "https://api.example/cb", .bytes = body, .headers = &headers})),
        403);
}

// ---- WhatsApp ---------------------------------------------------------------------------------------------------

std::string signature_of(std::string_view bytes, std::string_view secret = "app_secret") {
    return "sha256=" + base::hex_encode(base::as_chars(base::hmac_sha256(secret, bytes)));
}

std::expected<Callback, CallbackRefusal> from_meta(std::string_view bytes, const std::string& signature) {
    http::Headers headers;
    headers.set("X-Hub-Signature-256", signature);
    return read_callback(at_whatsapp, {.url = "https://api.example/x", .bytes = bytes, .headers = &headers});
}

std::string value_with(std::string_view members, std::string_view number = "106540352242922") {
    return R"({"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111",)"
           R"("phone_number_id":")" +
           std::string(number) + R"("},)" + std::string(members) + "}}";
}

Callback told_by_meta(const std::string& changes) {
    const auto bytes = R"({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[)" + changes + "]}]}";
    return from_meta(bytes, signature_of(bytes)).value();
}

// Meta's documentation.
TEST(WhatsappCallback, IsSignedOverItsRawBytes) {
    constexpr std::string_view bytes = R"({"object":"whatsapp_business_account"})";
    const std::string signature = "sha256=e790291ff924369c1f80c8b2cc24fb9ccd37600d883a729059d4bbfa632c882b";
    EXPECT_EQ(signature_of(bytes), signature);
    EXPECT_EQ(status_of(from_meta(bytes, signature)), 200);
    EXPECT_EQ(status_of(from_meta(R"({ "object":"whatsapp_business_account"})", signature)), 403);
    EXPECT_EQ(status_of(from_meta(bytes, signature_of(bytes, "another"))), 403);
    EXPECT_EQ(status_of(from_meta(bytes, signature.substr(7))), 403);
    EXPECT_EQ(status_of(from_meta(bytes, "")), 403);
    // As Meta escapes it, and signs what it has escaped.
    constexpr std::string_view escaped = R"({"object":"whatsapp_business_account","x":"\u00e9\/"})";
    EXPECT_EQ(status_of(from_meta(escaped, signature_of(escaped))), 200);
    EXPECT_EQ(status_of(from_meta(R"({"object":"whatsapp_business_account","x":"é/"})", signature_of(escaped))), 403);
    EXPECT_EQ(status_of(read_callback(at_whatsapp, {.url = "x", .bytes = bytes})), 403);
    EXPECT_EQ(status_of(from_meta("no json", signature_of("no json"))), 400);
    auto without = at_whatsapp;
    without.app_secret.clear();
    http::Headers headers;
    headers.set("X-Hub-Signature-256", signature_of(bytes, ""));
    EXPECT_EQ(status_of(read_callback(without, {.url = "x", .bytes = bytes, .headers = &headers})), 403);
}

TEST(WhatsappCallback, AnswersMetasQuestion) {
    const auto asked = [](std::string_view query) {
        const auto url = "https://api.example/cb?" + std::string(query);
        return read_callback(at_whatsapp, {.method = "GET", .url = url});
    };
    const auto read = asked("hub.mode=subscribe&hub.verify_token=verify-verify-verify&hub.challenge=1158201444");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->reply, "1158201444");
    EXPECT_EQ(read->reply_type, "text/plain");
    EXPECT_EQ(status_of(asked("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1")), 403);
    EXPECT_EQ(status_of(asked("hub.mode=other&hub.verify_token=verify-verify-verify&hub.challenge=1")), 403);
    EXPECT_EQ(status_of(asked("hub.mode=subscribe&hub.challenge=1")), 403);
    EXPECT_EQ(status_of(asked("hub.mode=subscribe&hub.verify_token=verify-verify-verify")), 400);
}

TEST(WhatsappCallback, BringsSeveralReportsAndMessagesAtOnce) {
    const auto callback = told_by_meta(
        value_with(
            R"("statuses":[{"id":"wamid.1","status":"read","timestamp":"1705300000","recipient_id":"254712345678"},)"
            R"({"id":"wamid.1","status":"delivered","timestamp":"1705299990","recipient_id":"254712345678"},)"
            R"({"id":"wamid.2","status":"deleted"},{"status":"sent"},7,null])") +
        "," +
        value_with(
            R"("contacts":[{"profile":{"name":"Amina"},"wa_id":"254712345678"}],"messages":[)"
            R"({"from":"254712345678","id":"wamid.3","timestamp":"1705300000","type":"text","text":{"body":"Stop"}},)"
            R"({"from":"254712345678","id":"wamid.4","type":"image","image":{"id":"1"}},)"
            R"({"from":"254712345678","id":"wamid.5","type":"button","button":{"text":"Ndiyo","payload":"x"}},)"
            R"({"from":"254712345678","id":"wamid.6","type":"interactive","interactive":{"button_reply":{"title":"Hapana"}}},)"
            R"({"from":"x","id":"wamid.7","text":{"body":"y"}}])"));
    ASSERT_THAT(callback.reports, SizeIs(2));
    EXPECT_EQ(callback.reports[0].delivery, Delivery::read);
    EXPECT_EQ(callback.reports[0].to, "+254712345678");
    EXPECT_EQ(callback.reports[0].at, base::parse_timestamp("2024-01-15T06:26:40Z"));
    EXPECT_EQ(callback.reports[1].delivery, Delivery::delivered);
    ASSERT_THAT(callback.messages, SizeIs(4));
    EXPECT_EQ(callback.messages[0].wish, Wish::stop);
    EXPECT_EQ(callback.messages[1].text, "") << "opens the window all the same";
    EXPECT_EQ(callback.messages[2].text, "Ndiyo");
    EXPECT_EQ(callback.messages[3].text, "Hapana");
}

TEST(WhatsappCallback, OfAnotherNumberOfTheAppIsNotOurs) {
    EXPECT_THAT(told_by_meta(value_with(R"("statuses":[{"id":"wamid.1","status":"sent"}])", "999")).reports, SizeIs(0));
    const std::string other = R"({"object":"page","entry":[{"changes":[]}]})";
    EXPECT_THAT(from_meta(other, signature_of(other))->reports, SizeIs(0));
}

// What is answered with 200 is not sent again: all of it is taken, or it is refused.
TEST(WhatsappCallback, TakesLongListsWholeAndRefusesBrokenOnes) {
    std::string statuses;
    for (int i = 0; i < 2'500; ++i)
        statuses += fmt::format(R"({}{{"id":"wamid.{}","status":"sent"}})", i == 0 ? "" : ",", i);
    EXPECT_THAT(told_by_meta(value_with("\"statuses\":[" + statuses + "]")).reports, SizeIs(2'500));
    for (const std::string members : {R"("statuses":{"id":"wamid.1"})", R"("messages":"none")"}) {
        const auto bytes =
            R"({"object":"whatsapp_business_account","entry":[{"changes":[)" + value_with(members) + "]}]}";
        EXPECT_EQ(status_of(from_meta(bytes, signature_of(bytes))), 400) << members;
    }
    const std::string no_list = R"({"object":"whatsapp_business_account","entry":{"changes":[]}})";
    EXPECT_EQ(status_of(from_meta(no_list, signature_of(no_list))), 400);
}

TEST(WhatsappCallback, SaysWhatMayGoInstead) {
    const auto failed = [](std::string_view errors) {
        return told_by_meta(value_with(R"("statuses":[{"id":"wamid.1","status":"failed","errors":)" +
                                       std::string(errors) + "}]"))
            .reports.at(0);
    };
    const auto late = failed(R"([{"code":131047,"title":"Re-engagement message","message":"Re-engagement message",)"
                             R"("error_data":{"details":"more than 24 hours"}}])");
    EXPECT_EQ(late.instead, Instead::whatsapp_template);
    EXPECT_EQ(late.code, "131047");
    EXPECT_EQ(late.text, "Re-engagement message: more than 24 hours");
    EXPECT_EQ(failed(R"([{"code":131026,"title":"Message undeliverable"}])").instead, Instead::sms);
    EXPECT_EQ(failed(R"([{"code":131026}])").whose, Reason::recipient);
    EXPECT_EQ(failed(R"([{"code":131050}])").instead, Instead::nothing);
    EXPECT_TRUE(failed(R"([{"code":131050}])").is_opted_out);
    EXPECT_EQ(failed("[]").instead, Instead::sms);
}

TEST(CaptureCallback, IsNobodys) {
    EXPECT_EQ(status_of(read_callback(CaptureAccount{}, {.url = "x", .bytes = "a=1"})), 403);
}

TEST(IncomingText, IsCutBetweenCharacters) {
    EXPECT_EQ(incoming_text(std::string(5'000, 'a')).size(), 4'096U);
    EXPECT_EQ(incoming_text(std::string(4'095, 'a') + "é"), std::string(4'095, 'a'));
    EXPECT_EQ(incoming_text("\xff"), "");
}

}  // namespace

}  // namespace sms
