// What an initiator asks of Daraja, and what Daraja calls back with.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "payments/mpesa/mpesa.h"
#include "payments/mpesa/results.h"
#include "payments/mpesa/security_credential.h"

namespace payments {

namespace {

using client::Answer;
using client::http_reply;
using client::ScriptedServer;
using client::TestClient;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Finding_ = PayoutFinding;

// ---- A Safaricom of our own -------------------------------------------------------------------------------------

class Keys {
public:
    Keys() : key_(EVP_RSA_gen(2048), EVP_PKEY_free) {}

    [[nodiscard]] std::string pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
        PEM_write_bio_PUBKEY(bio.get(), key_.get());
        char* data = nullptr;
        const auto size = BIO_get_mem_data(bio.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }
    [[nodiscard]] std::string open(std::string_view base64) const {
        const auto hidden = base::base64_decode(base64).value_or("");
        const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key_.get(), nullptr),
                                                                                  EVP_PKEY_CTX_free);
        EVP_PKEY_decrypt_init(context.get());
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING);
        std::string text(512, '\0');
        auto size = text.size();
        const int done = EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(text.data()), &size,
                                          reinterpret_cast<const unsigned char*>(hidden.data()), hidden.size());
        return done == 1 ? text.substr(0, size) : "";
    }

private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

const Keys& keys() {
    static const Keys one;
    return one;
}

std::string json_text(std::string_view text) { return schema::to_json(std::string(text)); }

TEST(MpesaSecurityCredential, IsThePasswordForSafaricomAlone) {
    const auto credential = mpesa::security_credential("Safaricom#2026%", keys().pem());
    ASSERT_TRUE(credential);
    EXPECT_EQ(keys().open(*credential), "Safaricom#2026%");
    EXPECT_NE(credential, mpesa::security_credential("Safaricom#2026%", keys().pem())) << "its padding is random";
    EXPECT_EQ(mpesa::longest_password(keys().pem()), 245U);
    EXPECT_TRUE(mpesa::security_credential(std::string(245, 'x'), keys().pem()));
    EXPECT_FALSE(mpesa::security_credential(std::string(246, 'x'), keys().pem()));
    EXPECT_FALSE(mpesa::security_credential("", keys().pem()));
}

TEST(MpesaSecurityCredential, TakesCertificatesAndKeysOfRsaAlone) {
    // Self-signed, of 1,024 bits, made for this test.
    constexpr auto certificate = R"(-----BEGIN CERTIFICATE-----
MIIB/DCCAWWgAwIBAgIUNG5for6VsSNkeLW1prPUTijckT0wDQYJKoZIhvcNAQEL
BQAwDzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjcxMDA0MDNaGA8yMTI2MTEwMzEw
MDQwM1owDzENMAsGA1UEAwwEdGVzdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC
gYEA8vXx7k1n2XJQsNoMHXzQ+1ZfxK8EAxew1ubZq4w+LWYIOAXtA7AzICplFZ8E
vZB7pkcFkaqAAE1nESHWrmPoQGnjpzB+rwTuE+mkTOUZ5dWAY+bYpA0omzWMNf1b
gO8KoJjOmFC/TyKdZPNB026VSCHSBi2inL14QDyuV4xlbj8CAwEAAaNTMFEwHQYD
VR0OBBYEFMcVoJRIoPQiVj7DYqeUpHvfPbvzMB8GA1UdIwQYMBaAFMcVoJRIoPQi
Vj7DYqeUpHvfPbvzMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEA
l/PGhRTTsQaecbDHV7G/Wo4hQL5Hds16gAVMT6KhKsSMv6TBC4Tl4LTXAK79vSm6
Rg2fVrvCcFF82cSbRbMXn47JmKAy4Dq+/yC/9qJq+mG7fxJ0g9vTqlUiVfKw2DFE
M1ft6hrb4B4kGF6lItt1oACWI4QuXbmou+X1Sx94Prc=
-----END CERTIFICATE-----
)";
    EXPECT_EQ(mpesa::longest_password(certificate), 117U);
    EXPECT_TRUE(mpesa::security_credential("x", certificate));
    for (const auto* const text : {"", "PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
        EXPECT_FALSE(mpesa::longest_password(text)) << text;
    // P-256
    EXPECT_FALSE(
        mpesa::longest_password("-----BEGIN PUBLIC KEY-----\n"
                                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWfuJEvcbN1xPb5RYDlPnGoQJ2YI6\n"
                                "RCdemEmQwseOd1aqYuRcXeIuqYbvfWQJLDD0tXCOqJLtN5lrdjzinKW8Qw==\n"
                                "-----END PUBLIC KEY-----\n"));
}

// ---- Requests ---------------------------------------------------------------------------------------------------

constexpr auto payout_id = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01";
constexpr auto payout_path = "/mpesa/b2c/v3/paymentrequest";
constexpr auto reversal_path = "/mpesa/reversal/v1/request";
constexpr auto status_path = "/mpesa/transactionstatus/v1/query";
constexpr auto balance_path = "/mpesa/accountbalance/v1/query";
constexpr auto taken_body = R"({"ConversationID":"AG_20191219_00005797af5d7d75f652",)"
                            R"("OriginatorConversationID":"16740-34861180-1","ResponseCode":"0",)"
                            R"("ResponseDescription":"Accept the service request successfully."})";

class MpesaPayoutsTest : public ::testing::Test {
protected:
    MpesaPayoutsTest()
        : server_([this](const ScriptedServer::Request& request) {
              if (request.target.starts_with("/oauth"))
                  return Answer().send(http_reply(200, R"({"access_token":"t","expires_in":"3599"})"));
              if (status_ == 0) return Answer().close();
              return Answer().send(http_reply(status_, body_, {}, type_));
          }) {}

    void answers(int status, std::string body, std::string type = "application/json") {
        status_ = status;
        body_ = std::move(body);
        type_ = std::move(type);
    }
    [[nodiscard]] static Account account(std::string more = "") {
        if (more.empty())
            more = fmt::format(R"("initiatorName":"testapi","initiatorPassword":"Safaricom#1","certificate":{})",
                               json_text(keys().pem()));
        return {.id = {},
                .credentials = {R"({"environment":"sandbox","kind":"paybill","shortCode":"600999","consumerKey":"key",)"
                                R"("consumerSecret":"secret",)" +
                                more + "}"},
                .callback_url = "https://shop.example/v1/callbacks/m/0f"};
    }
    [[nodiscard]] static PayoutRequest payout(std::int64_t amount = 15'000) {
        return {.id = *base::Uuid::from_string(payout_id),
                .amount = {amount},
                .phone = "254712345678",
                .purpose = PayoutPurpose::salary,
                .reason = "November & co"};
    }
    PayoutEvidence pay() { return http_.run(mpesa_.pay_out(account(), payout(), {})); }
    [[nodiscard]] std::vector<ScriptedServer::Request> requests(std::string_view path) const {
        auto all = server_.requests();
        std::erase_if(all, [&](const auto& request) { return request.target != path; });
        return all;
    }
    [[nodiscard]] static std::string member(const std::string& json, std::string_view name) {
        const auto mark = fmt::format(R"("{}":")", name);
        const auto at = json.find(mark);
        if (at == std::string::npos) return "";
        const auto begin = at + mark.size();
        return json.substr(begin, json.find('"', begin) - begin);
    }

    int status_ = 200;
    std::string body_ = taken_body;
    std::string type_ = "application/json";
    ScriptedServer server_;
    TestClient http_;
    observe::Metrics metrics_;
    Mpesa mpesa_{
        *http_.operator->(),
        http_.loop(),
        nullptr,
        {},
        metrics_,
        {.base_url = server_.url(),
         .retry = {.attempts = 3, .base = std::chrono::milliseconds(10), .cap = std::chrono::milliseconds(50)}}};
};

TEST_F(MpesaPayoutsTest, PaysOutUnderOurName) {
    const auto evidence = pay();
    EXPECT_EQ(evidence.finding, Finding_::accepted);
    EXPECT_EQ(evidence.conversation_id, "AG_20191219_00005797af5d7d75f652");
    const auto body = requests(payout_path).at(0).body;
    EXPECT_EQ(member(body, "OriginatorConversationID"), payout_id);
    EXPECT_EQ(member(body, "InitiatorName"), "testapi");
    EXPECT_EQ(keys().open(member(body, "SecurityCredential")), "Safaricom#1");
    EXPECT_EQ(member(body, "CommandID"), "SalaryPayment");
    EXPECT_EQ(member(body, "Amount"), "150");
    EXPECT_EQ(member(body, "PartyA"), "600999");
    EXPECT_EQ(member(body, "PartyB"), "254712345678");
    EXPECT_EQ(member(body, "Remarks"), "November  co");
    EXPECT_EQ(member(body, "ResultURL"), fmt::format("https://shop.example/v1/callbacks/m/0f/result/{}", payout_id));
    EXPECT_EQ(member(body, "QueueTimeOutURL"),
              fmt::format("https://shop.example/v1/callbacks/m/0f/timeout/{}", payout_id));
    EXPECT_THAT(body, HasSubstr(R"("Occassion":)"));
}

TEST_F(MpesaPayoutsTest, TakesAPaymentBack) {
    const auto evidence = http_.run(mpesa_.reverse(
        account(), {.id = *base::Uuid::from_string(payout_id), .receipt = "SLK7H8J9K0", .amount = {100}, .reason = "x"},
        {}));
    EXPECT_EQ(evidence.finding, Finding_::accepted);
    EXPECT_EQ(evidence.conversation_id, "16740-34861180-1") << "what it is asked after by";
    const auto body = requests(reversal_path).at(0).body;
    EXPECT_EQ(member(body, "CommandID"), "TransactionReversal");
    EXPECT_EQ(member(body, "TransactionID"), "SLK7H8J9K0");
    EXPECT_EQ(member(body, "RecieverIdentifierType"), "11");
    EXPECT_EQ(member(body, "ReceiverParty"), "600999");
    EXPECT_EQ(member(body, "Remarks"), "Payment") << "at least two characters";
}

TEST_F(MpesaPayoutsTest, AsksAfterAPayoutByOurNameAndAfterAReversalByDarajas) {
    PayoutRef ref{.id = *base::Uuid::from_string(payout_id), .conversation_id = "AG_1"};
    EXPECT_EQ(http_.run(mpesa_.ask_payout(account(), ref, {})).finding, Finding_::processing);
    ref.is_reversal = true;
    ref.conversation_id = "16740-34861180-1";
    EXPECT_EQ(http_.run(mpesa_.ask_payout(account(), ref, {})).source, PayoutSource::answer);
    ref.conversation_id.clear();
    EXPECT_EQ(http_.run(mpesa_.ask_payout(account(), ref, {})).code, "no_conversation_id");
    const auto sent = requests(status_path);
    ASSERT_THAT(sent, SizeIs(2));
    EXPECT_EQ(member(sent.at(0).body, "OriginalConversationID"), payout_id);
    EXPECT_EQ(member(sent.at(0).body, "CommandID"), "TransactionStatusQuery");
    EXPECT_EQ(member(sent.at(0).body, "IdentifierType"), "4");
    EXPECT_EQ(member(sent.at(0).body, "ResultURL"),
              fmt::format("https://shop.example/v1/callbacks/m/0f/status/{}", payout_id));
    EXPECT_EQ(member(sent.at(1).body, "OriginalConversationID"), "16740-34861180-1");
}

TEST_F(MpesaPayoutsTest, AsksForTheBalance) {
    EXPECT_EQ(http_.run(mpesa_.ask_balance(account(), {})).finding, Finding_::processing);
    const auto body = requests(balance_path).at(0).body;
    EXPECT_EQ(member(body, "CommandID"), "AccountBalance");
    EXPECT_EQ(member(body, "ResultURL"), "https://shop.example/v1/callbacks/m/0f/balance");
    answers(500, R"({"errorCode":"500.003.1001","errorMessage":"Internal Server Error"})");
    EXPECT_EQ(http_.run(mpesa_.ask_balance(account(), {})).finding, Finding_::lost);
}

std::string error(std::string_view code, std::string_view message) {
    return fmt::format(R"({{"requestId":"1","errorCode":"{}","errorMessage":"{}"}})", code, message);
}

TEST_F(MpesaPayoutsTest, EndsAsItsAnswerSaysAndIsSentOnce) {
    const struct {
        int status;
        std::string body;
        Finding_ finding;
        std::string code;
    } cases[] = {
        {500, error("500.002.1001", "Duplicate OriginatorConversationID."), Finding_::accepted,
         "500.002.1001:duplicate"},
        {500, error("500.002.1001", "Service is currently under maintenance"), Finding_::lost,
         "500.002.1001:maintenance"},
        {400, error("400.002.02", "Bad Request - Invalid InitiatorName"), Finding_::refused, "400.002.02"},
        {500, error("500.003.02", "System is busy. Please try again in few minutes."), Finding_::not_sent,
         "500.003.02"},
        {500, error("500.003.03", "Quota Violation"), Finding_::not_sent, "500.003.03"},
        {500, error("500.003.1001", "Internal Server Error"), Finding_::lost, "500.003.1001"},
        {503, "<html></html>", Finding_::lost, "http_503"},
        {200, R"({"ResponseCode":"1","ResponseDescription":"Rejected"})", Finding_::refused, "response:1"},
        {200, R"({"ResponseCode":" 0"})", Finding_::lost, "unreadable"},
        {200, "{}", Finding_::lost, "unreadable"},
        {200, "null", Finding_::lost, "unreadable"},
        {200, "", Finding_::lost, "unreadable"},
        {0, "", Finding_::lost, "connection_lost"},
    };
    std::size_t sent = 0;
    for (const auto& one : cases) {
        answers(one.status, one.body, one.body.starts_with('<') ? "text/html" : "application/json");
        const auto evidence = pay();
        EXPECT_EQ(evidence.finding, one.finding) << one.body;
        EXPECT_EQ(evidence.code, one.code) << one.body;
        EXPECT_THAT(requests(payout_path), SizeIs(++sent)) << one.body;
        const auto state = one.finding == Finding_::not_sent  ? PayoutState::created
                           : one.finding == Finding_::refused ? PayoutState::failed
                                                              : PayoutState::sent;
        const auto saying = mpesa_.payout_saying(one.code, state, "en");
        EXPECT_NE(saying.text, mpesa_.payout_saying(one.code, state, "sw").text) << one.code;
        if (one.finding == Finding_::lost || one.finding == Finding_::not_sent)
            EXPECT_FALSE(saying.may_try_again) << one.code;
        if (one.finding == Finding_::not_sent) EXPECT_THAT(saying.text, HasSubstr("sent again by itself")) << one.code;
    }
}

// Nothing that has words for customers at a till, and nothing that has somebody pay twice, whatever M-Pesa has answered.
TEST_F(MpesaPayoutsTest, SaysWhatIsRightOfMoneyThatGoesOut) {
    std::vector<std::string> codes{
        "", "response:1", "status:2001", "initiator_missing", "no_conversation_id", "never_heard_of"};
    for (const auto& row : mpesa::rows())
        codes.push_back(row.tag.empty() ? std::string(row.code) : fmt::format("{}:{}", row.code, row.tag));
    for (const auto& code : codes) {
        for (const auto state : {PayoutState::sent, PayoutState::pending, PayoutState::unknown}) {
            const auto saying = mpesa_.payout_saying(code, state, "en");
            EXPECT_FALSE(saying.may_try_again) << code;
            EXPECT_THAT(saying.text, Not(HasSubstr("pay out anew"))) << code;
            EXPECT_THAT(saying.text, Not(HasSubstr("ry again"))) << code;
            if (state != PayoutState::pending) EXPECT_NE(saying.text, "") << code;
        }
        const auto failed = mpesa_.payout_saying(code, PayoutState::failed, "en");
        for (const auto* const words : {"customer", "ake another payment", "PIN", "Wait a minute and try"})
            EXPECT_THAT(failed.text, Not(HasSubstr(words))) << code;
    }
    EXPECT_THAT(mpesa_.payout_saying("1", PayoutState::failed, "en").text, HasSubstr("utility balance"));
    EXPECT_THAT(mpesa_.payout_saying("1", PayoutState::pending, "en").text, HasSubstr("not known yet"))
        << "it was said of one of several sendings";
    EXPECT_THAT(mpesa_.payout_saying("response:1", PayoutState::failed, "en").text, HasSubstr("did not accept"));
    EXPECT_THAT(mpesa_.payout_saying("500.001.1001:locked", PayoutState::failed, "en").text, HasSubstr("pay out anew"));
    EXPECT_THAT(mpesa_.payout_saying("", PayoutState::sent, "sw").text, HasSubstr("usilipe"));
    for (const auto* const code : {"26", "17", "15", "0"}) {
        const auto failed = mpesa_.payout_saying(code, PayoutState::failed, "en");
        EXPECT_THAT(failed.text, HasSubstr("o money moved")) << code;
        EXPECT_TRUE(failed.may_try_again) << code;
        EXPECT_EQ(mpesa_.payout_saying(code, PayoutState::succeeded, "en").text, "Sent.") << code;
    }
}

// Whatever the reason: what is sent again by itself is not to be tried again by people, and what has ended may be.
TEST_F(MpesaPayoutsTest, SaysOfWhatWaitsThatItIsSentAgain) {
    for (const auto* code : {"500.003.02", "500.003.03", "http_429", "policies.ratelimit.SpikeArrestViolation",
                             "404.001.03", "no_token", "connect", "queue_full", "26"}) {
        const auto waiting = mpesa_.payout_saying(code, PayoutState::created, "en");
        EXPECT_THAT(waiting.text, HasSubstr("The same payment is sent again by itself")) << code;
        EXPECT_THAT(waiting.text, Not(HasSubstr("ry again"))) << code;
        EXPECT_FALSE(waiting.may_try_again) << code;
        EXPECT_THAT(mpesa_.payout_saying(code, PayoutState::created, "sw").text, HasSubstr("yatatumwa tena")) << code;
    }
    EXPECT_EQ(mpesa_.payout_saying("", PayoutState::created, "en").text, "") << "it is being sent";
    EXPECT_THAT(mpesa_.payout_saying("404.001.03", PayoutState::created, "en").text, HasSubstr("the owner"));
    EXPECT_THAT(mpesa_.payout_saying("500.003.02", PayoutState::failed, "en").text,
                Not(HasSubstr("sent again by itself")));
}

TEST_F(MpesaPayoutsTest, RefusesWhatDarajaWouldRefuseWithoutAsking) {
    const auto code = [&](const Account& of, PayoutRequest request) {
        const auto evidence = http_.run(mpesa_.pay_out(of, std::move(request), {}));
        EXPECT_EQ(evidence.finding, Finding_::refused);
        return evidence.code;
    };
    for (const std::int64_t amount : {0, -100, 900, 1'050, 25'000'100})
        EXPECT_EQ(code(account(), payout(amount)), "amount_invalid");
    auto wrong = payout();
    wrong.phone = "255712345678";
    EXPECT_EQ(code(account(), wrong), "phone_invalid");
    EXPECT_EQ(code(account(R"("passkey":"p")"), payout()), "initiator_missing");
    auto forbidden = account();
    forbidden.callback_url = "https://mysql.example/v1/callbacks/m/0f";
    EXPECT_EQ(code(forbidden, payout()), "callback_url_refused");
    const auto reversal =
        http_.run(mpesa_.reverse(account(), {.id = {}, .receipt = "a b", .amount = {100}, .reason = ""}, {}));
    EXPECT_EQ(reversal.code, "receipt_invalid");
    EXPECT_TRUE(mpesa_.pays_out(account()));
    EXPECT_FALSE(mpesa_.pays_out(account(R"("passkey":"p")")));
    EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(MpesaPayoutsTest, AnInitiatorIsWholeOrNone) {
    const auto read = [&](std::string more) {
        return mpesa_.read_credentials(account(std::move(more)).credentials.text);
    };
    EXPECT_TRUE(read(R"("passkey":"p")"));
    EXPECT_FALSE(read(R"("kind":"paybill")")) << "neither a passkey nor an initiator";
    EXPECT_FALSE(read(R"("initiatorName":"a","initiatorPassword":"b")"));
    EXPECT_FALSE(read(R"("passkey":"p","initiatorPassword":"b")"));
    EXPECT_FALSE(read(R"("initiatorName":"a","initiatorPassword":"b","certificate":"none")"));
    const auto whole = mpesa_.read_credentials(account().credentials.text);
    ASSERT_TRUE(whole);
    EXPECT_EQ(mpesa_.read_credentials(whole->text)->text, whole->text);
    // Without a passkey nobody is prompted.
    const auto started = http_.run(mpesa_.start(
        account(), {.id = {}, .amount = {100}, .currency = "KES", .phone = "0712345678", .reference = "R"}, {}));
    EXPECT_EQ(started.evidence.code, "credentials_invalid");
}

TEST_F(MpesaPayoutsTest, LogsNoSecretAndNoPhone) {
    answers(500, error("500.003.1001", "failed for 254712345678"));
    const auto sink = std::make_shared<logging::MemorySink>();
    logging::Log log({.level = logging::Level::trace}, sink);
    Mpesa mpesa(*http_.operator->(), http_.loop(), nullptr, log.logger(), metrics_, {.base_url = server_.url()});
    EXPECT_EQ(http_.run(mpesa.pay_out(account(), payout(), {})).text, "failed for 2547****5678");
    std::string logged = http_.logged();
    for (const auto& line : sink->lines()) logged += line + "\n";
    for (const auto* const secret : {"254712345678", "Safaricom#1", "BEGIN PUBLIC"})
        EXPECT_THAT(logged, Not(HasSubstr(secret)));
}

// ---- Results ----------------------------------------------------------------------------------------------------

PayoutRef ref(bool is_reversal = false) {
    return {.id = *base::Uuid::from_string(payout_id),
            .is_reversal = is_reversal,
            .conversation_id = is_reversal ? "16740-34861180-1" : "AG_1",
            .amount = {15'000}};
}

std::string result(std::string_view code, std::string_view parameters = "", std::string_view originator = payout_id) {
    return fmt::format(
        R"({{"Result":{{"ResultType":0,"ResultCode":{},"ResultDesc":"said of 254712345678","OriginatorConversationID":"{}",)"
        R"("ConversationID":"AG_9","TransactionID":"NLJ41HAY6Q"{}}}}})",
        code, originator,
        parameters.empty() ? "" : fmt::format(R"(,"ResultParameters":{{"ResultParameter":{}}})", parameters));
}
constexpr auto paid_parameters =
    R"([{"Key":"TransactionAmount","Value":150},{"Key":"TransactionReceipt","Value":"NLJ41HAY6Q"},)"
    R"({"Key":"B2CRecipientIsRegisteredCustomer"},{"Key":"ReceiverPartyPublicName","Value":"254708374149 - John Doe"},)"
    R"({"Key":"TransactionCompletedDateTime","Value":"19.12.2019 11:45:50"}])";

TEST(MpesaResults, APayoutHasItsReceiptAmountAndTime) {
    const auto evidence = mpesa::read_result("result", result("0", paid_parameters), ref());
    EXPECT_EQ(evidence.source, PayoutSource::result);
    EXPECT_EQ(evidence.finding, Finding_::paid);
    EXPECT_EQ(evidence.receipt, "NLJ41HAY6Q");
    EXPECT_EQ(evidence.amount, base::Money{15'000});
    EXPECT_EQ(evidence.recipient, "2547****4149 - John Doe");
    EXPECT_EQ(evidence.at, base::parse_timestamp("2019-12-19T11:45:50+03:00"));
    EXPECT_EQ(evidence.text, "said of 2547****5678");
    const Payout pending{.state = PayoutState::pending, .amount = {15'000}};
    EXPECT_EQ(decide(pending, evidence).next, PayoutState::succeeded);
}

TEST(MpesaResults, OfWhatIsNotWholeOrNotOursNothingIsBelieved) {
    const std::string bodies[] = {
        "",
        "{}",
        "null",
        "[]",
        "<html>",
        "\xff",
        R"({"Result":7})",
        R"({"Result":{}})",
        result("0"),
        result("0", R"({"Key":"TransactionAmount","Value":150})"),
        result("0", R"([{"Key":"TransactionAmount","Value":-150},{"Key":"TransactionReceipt","Value":"NLJ41HAY6Q"}])"),
        result("0", R"([{"Key":"TransactionAmount","Value":"150"},{"Key":"TransactionReceipt","Value":"a b"}])"),
        result("0", paid_parameters, "another"),
        result(R"("")"),
        result("null"),
        result(R"(" 0")"),
        result("15"),
        result("77777"),
        result(R"("R000001")"),
    };
    const Payout pending{.state = PayoutState::pending, .amount = {20'000}};
    for (const auto& body : bodies) {
        const auto decision = decide(pending, mpesa::read_result("result", body, ref()));
        EXPECT_NE(decision.next, PayoutState::succeeded) << body;
        EXPECT_NE(decision.next, PayoutState::failed) << body;
    }
    EXPECT_EQ(mpesa::read_result("timeout", result("0", paid_parameters), ref()).finding, Finding_::processing);
}

TEST(MpesaResults, CodesOfPayoutsAreNotThoseOfPrompts) {
    for (const auto* const code :
         {"1", "2", "3", "4", "8", "11", "18", "20", "21", "2001", "2006", "2028", "2040", "8006"})
        EXPECT_EQ(mpesa::read_result("result", result(code), ref()).finding, Finding_::failed) << code;
    EXPECT_EQ(mpesa::read_result("result", result(R"("SFC_IC0003")"), ref()).finding, Finding_::failed);
    EXPECT_EQ(mpesa::read_result("result", result(R"("R000002")"), ref()).finding, Finding_::failed);
    EXPECT_EQ(mpesa::read_result("result", result("17"), ref()).finding, Finding_::busy);
    EXPECT_EQ(mpesa::read_result("result", result(R"("26")"), ref()).finding, Finding_::busy);
    EXPECT_EQ(mpesa::read_result("result", result("15"), ref()).finding, Finding_::processing);
    EXPECT_THAT(mpesa::payout_saying_of("1", "en")->text, HasSubstr("utility balance"));
    EXPECT_FALSE(mpesa::payout_saying_of("26", "en")->may_try_again) << "it is sent again by itself";
}

TEST(MpesaResults, AReversalIsKnownByDarajasName) {
    constexpr auto parameters =
        R"([{"Key":"Amount","Value":150.00},{"Key":"TransCompletedTime","Value":20191219114550},)"
        R"({"Key":"OriginalTransactionID","Value":"TAF7RT61SV"},{"Key":"CreditPartyPublicName","Value":"254708374149"}])";
    const auto evidence = mpesa::read_result("result", result("0", parameters, "16740-34861180-1"), ref(true));
    EXPECT_EQ(evidence.finding, Finding_::paid);
    EXPECT_EQ(evidence.receipt, "NLJ41HAY6Q");
    EXPECT_EQ(evidence.at, base::parse_timestamp("2019-12-19T11:45:50+03:00"));
    EXPECT_EQ(mpesa::read_result("result", result("0", parameters, "other"), ref(true)).finding, Finding_::processing);
    auto lost = ref(true);
    lost.conversation_id.clear();
    const auto learnt = mpesa::read_result("result", result("0", parameters, "16740-34861180-1"), lost);
    EXPECT_EQ(learnt.finding, Finding_::paid) << "the reply was lost: its own URL says whose it is";
    EXPECT_EQ(learnt.conversation_id, "16740-34861180-1");
}

std::string status(std::string_view word, std::string_view originator = payout_id) {
    return result(
        "0",
        fmt::format(R"([{{"Key":"OriginatorConversationID","Value":"{}"}},{{"Key":"TransactionStatus","Value":"{}"}},)"
                    R"({{"Key":"Amount","Value":"150"}},{{"Key":"ReceiptNo","Value":"NLJ41HAY6Q"}},)"
                    R"({{"Key":"CreditPartyName","Value":"254708374149 - John Doe"}},)"
                    R"({{"Key":"FinalisedTime","Value":20191219114550}}])",
                    originator, word),
        "of-the-question");
}

TEST(MpesaResults, AnAnswerSaysWhatBecameOfIt) {
    auto evidence = mpesa::read_result("status", status("Completed"), ref());
    EXPECT_EQ(evidence.source, PayoutSource::answer);
    EXPECT_EQ(evidence.finding, Finding_::paid);
    EXPECT_EQ(evidence.receipt, "NLJ41HAY6Q");
    EXPECT_EQ(evidence.amount, base::Money{15'000});
    EXPECT_EQ(mpesa::read_result("status", status("Failed"), ref()).finding, Finding_::failed);
    EXPECT_EQ(mpesa::read_result("status", status("Authorized"), ref()).finding, Finding_::processing);
    EXPECT_EQ(mpesa::read_result("status", status(""), ref()).finding, Finding_::processing);
    EXPECT_EQ(mpesa::read_result("status", status("Completed", "another"), ref()).finding, Finding_::processing);
    evidence = mpesa::read_result("status", result("2001"), ref());
    EXPECT_EQ(evidence.finding, Finding_::lost) << "the question was refused, not the payout";
    EXPECT_EQ(evidence.code, "status:2001");
}

TEST(MpesaResults, ABalanceHasItsPurses) {
    const auto purses = mpesa::read_balance(result(
        "0",
        R"([{"Key":"AccountBalance","Value":"Working Account|KES|700000.00|700000.00|0.00|0.00&Utility Account|KES|228037.00|228037.00|0.00|0.00&Charges Paid Account|KES|-1540.00|-1540.00|0.00|0.00&|&broken|KES|x"},{"Key":"BOCompletedTime","Value":20200109125710}])"));
    ASSERT_TRUE(purses);
    ASSERT_THAT(*purses, SizeIs(3));
    EXPECT_EQ(purses->at(1).name, "Utility Account");
    EXPECT_EQ(purses->at(1).amount, base::Money{22'803'700});
    EXPECT_EQ(purses->at(2).amount, base::Money{-154'000});
    for (const auto& body : {result("1"), result("0"), std::string("{}"), std::string("null"), std::string()})
        EXPECT_FALSE(mpesa::read_balance(body)) << body;
}

}  // namespace

}  // namespace payments
