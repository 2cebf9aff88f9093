// Africa's Talking, Twilio and WhatsApp, by a real server that answers as they do: what is sent, and what their answers mean.

#include <gmock/gmock.h>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "schema/form.h"
#include "sms/africastalking_transport.h"
#include "sms/open_transport.h"
#include "sms/whatsapp_transport.h"

namespace sms {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::Not;
using ::testing::Pair;
using ::testing::ScriptedServer;
using ::testing::UnorderedElementsAre;

const auto id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
constexpr std::string_view account_sid = "AC0123456789abcdef0123456789abcdef";

const AfricasTalkingAccount at_africastalking{
    .username = "amani", .api_key = "atsk_secret", .sender = "AMANI", .callback_token = "token-token-token-token"};
const TwilioAccount at_twilio{.account_sid = std::string(account_sid), .auth_token = "12345", .sender = "+15005550006"};
const WhatsappAccount at_whatsapp{.phone_number_id = "106540352242922",
                                  .token = "EAAG-secret",
                                  .app_secret = "app_secret",
                                  .verify_token = "verify-verify-verify"};

ScriptedServer::Script reply_of(int status, const std::string& body, const std::string& type = "application/json") {
    return [=](const ScriptedServer::Request&) { return Answer().send(http_reply(status, body, {}, type)); };
}

std::vector<SendResult> send_by(const ScriptedServer& server, const Account& account, OutgoingMessage message,
                                std::chrono::milliseconds within = 20s) {
    client::TestClient http;
    base::FakeClock clock;
    Outbox outbox(clock);
    Paces paces;
    const auto transport = open_transport(account, {.loop = http.loop(),
                                                    .http = *http.operator->(),
                                                    .outbox = outbox,
                                                    .paces = paces,
                                                    .endpoints = {server.url(), server.url(), server.url()}});
    auto results = http.run(transport->send(std::move(message), async::Loop::now() + within));
    EXPECT_THAT(http.logged(), Not(HasSubstr("secret")));
    return results;
}

OutgoingMessage text_to(std::vector<std::string> to = {"0712345678"}) {
    return {.id = id, .to = std::move(to), .text = "Habari & karibu"};
}
OutgoingMessage template_to(Template one) {
    return {.id = id, .to = {"0712345678"}, .whatsapp_template = std::move(one)};
}

SendResult after(const Account& account, int status, const std::string& body, OutgoingMessage message = text_to()) {
    const ScriptedServer server(reply_of(status, body));
    auto results = send_by(server, account, std::move(message));
    EXPECT_EQ(server.request_count(), 1U) << "no provider is asked twice";
    return results.at(0);
}

std::string shown(const SendResult& result) {
    return std::string(to_string(result.outcome)) + "/" + std::string(to_string(result.whose)) + " " + result.code;
}

async::Task<bool> never() { co_return false; }

// ---- Every provider ---------------------------------------------------------------------------------------------

class EveryProvider : public ::testing::TestWithParam<Account> {};

TEST_P(EveryProvider, WithoutAnAnswerNobodyKnows) {
    const ScriptedServer server([](const ScriptedServer::Request&) { return Answer().hold(); });
    EXPECT_EQ(send_by(server, GetParam(), text_to(), 300ms).at(0).outcome, Outcome::unknown);
    const ScriptedServer cut([](const ScriptedServer::Request&) { return Answer().close(); });
    EXPECT_EQ(send_by(cut, GetParam(), text_to()).at(0).outcome, Outcome::unknown);
    EXPECT_EQ(cut.request_count(), 1U);
}

TEST_P(EveryProvider, AReplyThatCannotBeReadIsNoProof) {
    for (const auto* const body : {"", "{}", "null", "[]", "<html>", R"({"SMSMessageData":{"Recipients":"x"}})",
                                   R"({"messages":[{}]})", R"({"sid":null})"})
        EXPECT_EQ(after(GetParam(), 201, body).outcome, Outcome::unknown) << body;
}

TEST_P(EveryProvider, ANetworkThatIsDownIsForNow) {
    client::TestClient http;
    base::FakeClock clock;
    Outbox outbox(clock);
    Paces paces;
    const auto nowhere = client::closed_url();
    const auto transport = open_transport(GetParam(), {.loop = http.loop(),
                                                       .http = *http.operator->(),
                                                       .outbox = outbox,
                                                       .paces = paces,
                                                       .endpoints = {nowhere, nowhere, nowhere}});
    const auto results = http.run(transport->send(text_to(), async::Loop::now() + 10s));
    EXPECT_EQ(shown(results.at(0)), "refused_for_now/sender connect");
}

TEST_P(EveryProvider, WhoeverTookTheMessageAwayKeepsIt) {
    const ScriptedServer server(reply_of(201, "{}"));
    auto message = text_to();
    message.confirm = [] { return never(); };
    EXPECT_EQ(send_by(server, GetParam(), std::move(message)).at(0).outcome, Outcome::withdrawn);
    EXPECT_EQ(server.request_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Sms, EveryProvider, ::testing::Values(at_africastalking, at_twilio, at_whatsapp),
                         [](const auto& one) { return std::string(provider_of(one.param)); });

// ---- Africa's Talking -------------------------------------------------------------------------------------------

TEST(AfricasTalking, GetsABatchAndAnswersForEach) {
    const ScriptedServer server(
        reply_of(201, R"({"SMSMessageData":{"Message":"Sent to 2/3 Total Cost: KES 1.6000","Recipients":[
        {"statusCode":101,"number":"+254711111111","status":"Success","cost":"KES 0.8000","messageId":"ATXid_1"},
        {"statusCode":"406","number":"+254722222222","status":"UserInBlacklist","cost":"0","messageId":"None"},
        {"statusCode":102,"number":"+254733333333","status":"Queued","cost":"KES 0.8000","messageId":"ATXid_3"}]}})"));
    const auto results = send_by(server, at_africastalking, text_to({"0733333333", "0711111111", "0722222222"}));
    EXPECT_EQ(shown(results[0]), "accepted/none 102");
    EXPECT_EQ(results[0].provider_id, "ATXid_3");
    EXPECT_EQ(results[0].cost, (Cost{"KES", 800'000}));
    EXPECT_EQ(shown(results[1]), "accepted/none 101");
    EXPECT_EQ(shown(results[2]), "refused/recipient 406");
    EXPECT_TRUE(results[2].is_opted_out);
    EXPECT_EQ(results[2].provider_id, "");
    EXPECT_FALSE(results[2].cost);
    ASSERT_EQ(server.request_count(), 1U);
    const auto request = server.requests().front();
    EXPECT_EQ(request.target, "/version1/messaging");
    EXPECT_EQ(request.header("apikey"), "atsk_secret");
    EXPECT_EQ(request.header("accept"), "application/json");
    EXPECT_THAT(*schema::parse_urlencoded(request.body),
                UnorderedElementsAre(Pair("username", "amani"), Pair("message", "Habari & karibu"),
                                     Pair("to", "+254733333333,+254711111111,+254722222222"), Pair("bulkSMSMode", "1"),
                                     Pair("from", "AMANI")));
}

TEST(AfricasTalking, TakesAHundredNumbersInACall) {
    const ScriptedServer server(reply_of(201, R"({"SMSMessageData":{"Message":"x","Recipients":[]}})"));
    std::vector<std::string> to;
    for (int i = 0; i < 250; ++i) to.push_back("+25471200" + std::to_string(1'000 + i));
    const auto results = send_by(server, at_africastalking, text_to(to));
    EXPECT_EQ(server.request_count(), 1U) << "the account was refused: the rest is told the same";
    EXPECT_EQ(results.size(), 250U);
    EXPECT_EQ(shown(results[249]), "refused/sender x");
}

TEST(AfricasTalking, A201WithoutRecipientsSentNothing) {
    const auto reply = [](std::string_view message) {
        return after(at_africastalking, 201,
                     R"({"SMSMessageData":{"Message":")" + std::string(message) + R"(","Recipients":[]}})");
    };
    EXPECT_EQ(shown(reply("InvalidSenderId")), "refused/sender InvalidSenderId");
    const auto wrong_key = reply("The supplied authentication is invalid");
    EXPECT_EQ(shown(wrong_key), "refused/sender no_recipients");
    EXPECT_EQ(wrong_key.reply, "The supplied authentication is invalid");
}

// They were sent, whatever else there is in the list.
TEST(AfricasTalking, ALongListOfRecipientsIsRead) {
    std::string recipients = R"({"number":"+254711000000","statusCode":101,"status":"Success","messageId":"ATXid_0"})";
    for (int i = 1; i < 1'500; ++i)
        recipients += R"(,{"number":"+254700000000","statusCode":101,"messageId":"ATXid_1"})";
    const auto results = read_africastalking_reply(
        R"({"SMSMessageData":{"Message":"Sent","Recipients":[)" + recipients + "]}}", {"+254711000000"});
    EXPECT_EQ(results.at(0).outcome, Outcome::accepted);
}

TEST(AfricasTalking, IsToldByItsRecipientsAlone) {
    const auto one = [](std::string_view members) {
        return after(at_africastalking, 201,
                     R"({"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"number":"+254712345678",)" +
                         std::string(members) + "}]}}");
    };
    EXPECT_EQ(shown(one(R"("statusCode":101,"messageId":"ATXid_1")")), "accepted/none 101");
    EXPECT_EQ(one(R"("statusCode":101,"messageId":"None")").outcome, Outcome::unknown) << "taken, and called nothing";
    EXPECT_EQ(shown(one(R"("statusCode":405,"messageId":"None")")), "refused_for_now/sender 405");
    EXPECT_EQ(shown(one(R"("statusCode":999,"messageId":"None")")), "refused/sender 999");
    EXPECT_EQ(shown(one(R"("statusCode":999,"messageId":"ATXid_1")")), "unknown/none 999");
    EXPECT_EQ(shown(after(at_africastalking, 201,
                          R"({"SMSMessageData":{"Recipients":[{"statusCode":101,"number":"+254799999999"}]}})")),
              "unknown/none not_named");
}

TEST(AfricasTalking, AnswersErrorsInPlainText) {
    const auto wrong_key = after(at_africastalking, 401, "The supplied authentication is invalid");
    EXPECT_EQ(shown(wrong_key), "refused/sender http_401");
    EXPECT_EQ(wrong_key.reply, "The supplied authentication is invalid");
    EXPECT_EQ(shown(after(at_africastalking, 400, "Request is missing required form field 'to'")),
              "refused/message http_400");
    EXPECT_EQ(shown(after(at_africastalking, 500, "<html>")), "unknown/none http_500");
    EXPECT_EQ(shown(after(at_africastalking, 503, "")), "refused_for_now/sender http_503");
}

// ---- Twilio -----------------------------------------------------------------------------------------------------

constexpr auto queued = R"({"sid":"SM1","status":"queued","num_segments":"1","price":null,"error_code":null})";

TEST(Twilio, GetsAMessageForEachNumber) {
    const ScriptedServer server(reply_of(201, queued));
    auto message = text_to({"0712345678", "0722222222"});
    message.callback_url = "https://api.example/v1/callbacks/sms";
    message.valid_for = 48h;
    const auto results = send_by(server, at_twilio, std::move(message));
    EXPECT_EQ(shown(results[0]), "accepted/none queued");
    EXPECT_EQ(results[0].provider_id, "SM1");
    EXPECT_FALSE(results[0].cost) << "told later";
    ASSERT_EQ(server.request_count(), 2U);
    const auto request = server.requests().front();
    EXPECT_EQ(request.target, "/2010-04-01/Accounts/" + std::string(account_sid) + "/Messages.json");
    EXPECT_EQ(request.header("authorization"), "Basic " + base::base64_encode(std::string(account_sid) + ":12345"));
    EXPECT_THAT(*schema::parse_urlencoded(request.body),
                UnorderedElementsAre(Pair("To", "+254712345678"), Pair("From", "+15005550006"),
                                     Pair("Body", "Habari & karibu"), Pair("ValidityPeriod", "36000"),
                                     Pair("StatusCallback", "https://api.example/v1/callbacks/sms")));
}

TEST(Twilio, LogsInByAnApiKeyAndSendsByAService) {
    const ScriptedServer server(reply_of(201, queued));
    auto account = at_twilio;
    account.api_key_sid = "SK0123456789abcdef0123456789abcdef";
    account.api_key_secret = "key-secret";
    account.sender = "MG0123456789abcdef0123456789abcdef";
    static_cast<void>(send_by(server, account, text_to()));
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.header("authorization"),
              "Basic " + base::base64_encode("SK0123456789abcdef0123456789abcdef:key-secret"));
    EXPECT_THAT(request.body, HasSubstr("MessagingServiceSid=MG0123456789abcdef0123456789abcdef"));
    EXPECT_THAT(request.body, Not(HasSubstr("From=")));
}

std::string twilio_error(int code) {
    return R"({"code":)" + std::to_string(code) + R"(,"message":"said of +254712345678","more_info":"x","status":400})";
}

TEST(Twilio, IsToldByItsCodes) {
    EXPECT_EQ(shown(after(at_twilio, 400, twilio_error(21211))), "refused/recipient 21211");
    const auto stopped = after(at_twilio, 400, twilio_error(21610));
    EXPECT_TRUE(stopped.is_opted_out);
    EXPECT_EQ(stopped.reply, "said of +2547****5678");
    EXPECT_EQ(shown(after(at_twilio, 401, twilio_error(20003))), "refused/sender 20003");
    EXPECT_EQ(shown(after(at_twilio, 429, twilio_error(20429))), "refused_for_now/sender 20429");
    EXPECT_EQ(shown(after(at_twilio, 400, twilio_error(21611))), "refused_for_now/sender 21611");
    EXPECT_EQ(shown(after(at_twilio, 500, twilio_error(20500))), "refused_for_now/sender 20500");
    EXPECT_EQ(shown(after(at_twilio, 503, twilio_error(45999))), "refused_for_now/sender 45999") << "new, and its own";
    EXPECT_EQ(shown(after(at_twilio, 400, twilio_error(45999))), "refused/message 45999");
    EXPECT_EQ(shown(after(at_twilio, 502, "<html>")), "unknown/none http_502") << "of something on the way";
    EXPECT_EQ(shown(after(at_twilio, 201, R"({"sid":"SM1","status":"failed","error_code":30003})")),
              "refused/recipient 30003");
}

TEST(Twilio, WaitsAsLongAsItIsTold) {
    const ScriptedServer server([](const ScriptedServer::Request&) {
        return Answer().send(http_reply(429, twilio_error(20429), "Retry-After: 7\r\n"));
    });
    EXPECT_EQ(send_by(server, at_twilio, text_to()).at(0).retry_after, 7s);
}

// ---- WhatsApp ---------------------------------------------------------------------------------------------------

constexpr auto taken =
    R"({"messaging_product":"whatsapp","contacts":[{"input":"254712345678","wa_id":"254712345678"}],)"
    R"("messages":[{"id":"wamid.HBg1","message_status":"accepted"}]})";

TEST(Whatsapp, GetsATextInsideTheWindow) {
    const ScriptedServer server(reply_of(200, taken));
    auto message = text_to();
    message.text = "Ndiyo \"sawa\"\n🙏";
    const auto result = send_by(server, at_whatsapp, std::move(message)).at(0);
    EXPECT_EQ(result.outcome, Outcome::accepted);
    EXPECT_EQ(result.provider_id, "wamid.HBg1");
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.target, "/v23.0/106540352242922/messages");
    EXPECT_EQ(request.header("authorization"), "Bearer EAAG-secret");
    EXPECT_EQ(request.body,
              R"({"messaging_product":"whatsapp","recipient_type":"individual","to":"254712345678","type":"text",)"
              R"("text":{"preview_url":false,"body":"Ndiyo \"sawa\"\n🙏"}})");
}

TEST(Whatsapp, GetsATemplateOutsideOfIt) {
    const auto request = whatsapp_request(
        template_to({.name = "order_ready", .language = "en", .values = {"10027", "KES 150"}, .button = "r/abc"}),
        "+254712345678");
    EXPECT_EQ(request,
              R"({"messaging_product":"whatsapp","recipient_type":"individual","to":"254712345678","type":"template",)"
              R"("template":{"name":"order_ready","language":{"code":"en"},"components":[{"type":"body","parameters":)"
              R"([{"type":"text","text":"10027"},{"type":"text","text":"KES 150"}]},{"type":"button","sub_type":"url",)"
              R"("index":"0","parameters":[{"type":"text","text":"r/abc"}]}]}})");
    EXPECT_THAT(whatsapp_request(template_to({.name = "hello", .language = "sw"}), "+254712345678"),
                HasSubstr(R"("template":{"name":"hello","language":{"code":"sw"}}})"));
    EXPECT_THAT(
        whatsapp_request(template_to({.name = "code", .language = "en", .values = {"123456"}, .is_code = true}), "+1"),
        HasSubstr(R"("index":"0","parameters":[{"type":"text","text":"123456"}]})"));
}

std::string meta_error(std::int64_t code) {
    return R"({"error":{"message":"Told","type":"OAuthException","code":)" + std::to_string(code) +
           R"(,"error_data":{"messaging_product":"whatsapp","details":"said of 254712345678"},"fbtrace_id":"x"}})";
}

TEST(Whatsapp, IsToldByItsCodesAndNotByItsStatus) {
    const auto nobody = after(at_whatsapp, 400, meta_error(131026));
    EXPECT_EQ(shown(nobody), "refused/recipient 131026");
    EXPECT_EQ(nobody.instead, Instead::sms);
    EXPECT_EQ(nobody.reply, "Told: said of 2547****5678");
    const auto busy = after(at_whatsapp, 400, meta_error(131056));
    EXPECT_EQ(shown(busy), "refused_for_now/recipient 131056");
    EXPECT_EQ(busy.retry_after, 4s);
    EXPECT_EQ(busy.instead, Instead::nothing);
    EXPECT_EQ(shown(after(at_whatsapp, 400, meta_error(131016))), "refused_for_now/sender 131016");
    EXPECT_EQ(shown(after(at_whatsapp, 500, meta_error(131000))), "refused_for_now/sender 131000");
    EXPECT_EQ(shown(after(at_whatsapp, 401, meta_error(190))), "refused/sender 190");
    EXPECT_EQ(shown(after(at_whatsapp, 500, R"({"error":{"message":"Unexpected","code":777}})")),
              "refused_for_now/sender 777");
    EXPECT_EQ(shown(after(at_whatsapp, 502, "<html>")), "unknown/none http_502");
}

TEST(Whatsapp, AWindowThatIsOverLeadsToATemplateOnce) {
    EXPECT_EQ(after(at_whatsapp, 400, meta_error(131047)).instead, Instead::whatsapp_template);
    EXPECT_EQ(after(at_whatsapp, 400, R"({"error":{"message":"Invalid parameter","code":100}})").instead,
              Instead::whatsapp_template);
    const auto refused = after(at_whatsapp, 400, meta_error(132001), template_to({.name = "x", .language = "en_US"}));
    EXPECT_EQ(shown(refused), "refused/message 132001");
    EXPECT_EQ(refused.instead, Instead::sms);
    EXPECT_EQ(after(at_whatsapp, 400, meta_error(100), template_to({.name = "x", .language = "en"})).instead,
              Instead::sms);
}

}  // namespace

}  // namespace sms
