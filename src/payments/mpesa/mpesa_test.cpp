// The driver against a server that answers as Daraja does.

#include "payments/mpesa/mpesa.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "base/fake_clock.h"
#include "base/strings.h"
#include "client/client_for_test.h"
#include "payments/mpesa/messages.h"
#include "payments/mpesa/values.h"

namespace payments {

namespace {

using client::Answer;
using client::http_reply;
using client::ScriptedServer;
using client::TestClient;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr auto prompt_path = "/mpesa/stkpush/v1/processrequest";
constexpr auto query_path = "/mpesa/stkpushquery/v1/query";
constexpr auto register_path = "/mpesa/c2b/v2/registerurl";
constexpr auto pull_path = "/pulltransactions/v1/query";
constexpr auto accepted_body = R"({"MerchantRequestID":"2654-4b64","CheckoutRequestID":"ws_CO_1",)"
                               R"("ResponseCode":"0","ResponseDescription":"Success"})";

struct Reply {
    int status = 200;
    std::string body = "{}";
    std::string type = "application/json";
};

// Gives tokens, of which the last one alone is good, and answers each path as a test says: the last answer for good.
class Daraja {
public:
    Daraja() : server_([this](const auto& request) { return answer(request); }) {}

    void on(const std::string& path, std::vector<Reply> replies) {
        const std::lock_guard lock(mutex_);
        replies_[path] = std::move(replies);
    }
    void on_token(std::vector<Reply> replies) { on("/oauth/v1/generate", std::move(replies)); }
    void kill_token() {
        const std::lock_guard lock(mutex_);
        token_ = "none";
    }
    [[nodiscard]] int tokens() const { return tokens_; }
    [[nodiscard]] std::string url() const { return server_.url(); }
    [[nodiscard]] std::vector<ScriptedServer::Request> requests(std::string_view path) const {
        auto all = server_.requests();
        std::erase_if(all, [&](const auto& request) { return !request.target.starts_with(path); });
        return all;
    }

private:
    Answer answer(const ScriptedServer::Request& request) {
        const std::lock_guard lock(mutex_);
        const auto path = request.target.substr(0, request.target.find('?'));
        const bool wants_token = path == "/oauth/v1/generate";
        if (wants_token) ++tokens_;
        const bool is_scripted = replies_.contains(path);
        if (wants_token && !is_scripted) {
            token_ = "token-" + std::to_string(tokens_);
            return Answer().send(http_reply(200, R"({"access_token":")" + token_ + R"(","expires_in":"3599"})"));
        }
        if (!wants_token && request.header("authorization") != "Bearer " + token_)
            return Answer().send(
                http_reply(404, R"({"errorCode":"404.001.03","errorMessage":"Invalid Access Token"})"));
        auto& replies = replies_[path];
        if (replies.empty()) return Answer().send(http_reply(404, R"({"errorCode":"404.001.01"})"));
        const auto reply = replies.front();
        if (replies.size() > 1) replies.erase(replies.begin());
        if (reply.status == 0) return Answer().close();
        return Answer().send(http_reply(reply.status, reply.body, {}, reply.type));
    }

    std::mutex mutex_;
    std::map<std::string, std::vector<Reply>> replies_;
    std::string token_ = "none";
    std::atomic<int> tokens_ = 0;
    ScriptedServer server_;
};

class MpesaTest : public ::testing::Test {
protected:
    MpesaTest() { clock_.set(*base::parse_timestamp("2024-01-15T10:30:00+03:00")); }

    [[nodiscard]] MpesaOptions options() {
        return {.base_url = daraja_.url(),
                .queries = {.count = 100, .window = 1min},
                .retry = {.attempts = 3, .base = 10ms, .cap = 50ms},
                .clock = &clock_};
    }
    [[nodiscard]] static Account account(std::string credentials = {}) {
        if (credentials.empty())
            credentials = R"({"environment":"sandbox","kind":"paybill","shortCode":"174379","consumerKey":"key",)"
                          R"("consumerSecret":"secret","passkey":"testpasskey","nominatedNumber":"254700000000"})";
        return {.id = {},
                .credentials = {std::move(credentials)},
                .callback_url = "https://shop.example/v1/callbacks/m/0f"};
    }
    [[nodiscard]] static StartRequest request() {
        return {.id = {},
                .amount = {15'000},
                .currency = "KES",
                .phone = "0712 345 678",
                .reference = "ORD-10027",
                .description = "Order 10027"};
    }
    Evidence start() { return http_.run(mpesa_.start(account(), request(), {})).evidence; }
    Evidence query() {
        return http_.run(
            mpesa_.query(account(), {.id = {}, .provider_id = "ws_CO_1", .amount = {15'000}, .currency = "KES"}, {}));
    }

    base::FakeClock clock_;
    Daraja daraja_;
    TestClient http_;
    observe::Metrics metrics_;
    Mpesa mpesa_{*http_.operator->(), http_.loop(), nullptr, {}, metrics_, options()};
};

TEST_F(MpesaTest, PromptsAPhone) {
    daraja_.on(prompt_path, {{.body = accepted_body}});
    const auto evidence = start();
    EXPECT_EQ(evidence.source, Source::reply);
    EXPECT_EQ(evidence.finding, Finding::accepted);
    EXPECT_EQ(evidence.provider_id, "ws_CO_1");
    EXPECT_EQ(evidence.second_id, "2654-4b64");
    const auto sent = daraja_.requests(prompt_path).at(0);
    EXPECT_EQ(sent.method, "POST");
    EXPECT_EQ(sent.header("content-type"), "application/json");
    EXPECT_EQ(sent.header("authorization"), "Bearer token-1");
    EXPECT_THAT(sent.body, HasSubstr(R"("Password":"MTc0Mzc5dGVzdHBhc3NrZXkyMDI0MDExNTEwMzAwMA==")"));
    EXPECT_THAT(sent.body, HasSubstr(R"("PhoneNumber":"254712345678")"));
    EXPECT_THAT(sent.body, HasSubstr(R"("Amount":"150")"));
    EXPECT_THAT(sent.body, HasSubstr(R"("CallBackURL":"https://shop.example/v1/callbacks/m/0f/stk/)"));
    const auto token = daraja_.requests("/oauth").at(0);
    EXPECT_EQ(token.target, "/oauth/v1/generate?grant_type=client_credentials");
    EXPECT_EQ(token.header("authorization"), "Basic " + base::base64_encode("key:secret"));
}

TEST_F(MpesaTest, AsksForOneTokenForManyPrompts) {
    daraja_.on(prompt_path, {{.body = accepted_body}});
    std::vector<async::Task<Started>> prompts;
    for (int i = 0; i < 20; ++i) prompts.push_back(mpesa_.start(account(), request(), {}));
    for (const auto& started : http_.run_all(std::move(prompts)))
        EXPECT_EQ(started.evidence.finding, Finding::accepted);
    EXPECT_EQ(daraja_.tokens(), 1);
}

TEST_F(MpesaTest, RefusesWhatDarajaWouldRefuseWithoutAsking) {
    const auto code = [&](Account account, StartRequest request) {
        const auto started = http_.run(mpesa_.start(std::move(account), std::move(request), {}));
        EXPECT_EQ(started.evidence.finding, Finding::refused);
        return started.evidence.code;
    };
    auto wrong = request();
    wrong.phone = "+255712345678";
    EXPECT_EQ(code(account(), wrong), "phone_invalid");
    for (const std::int64_t minor : {0, -100, 50, 10'050, 25'000'100}) {
        wrong = request();
        wrong.amount = {minor};
        EXPECT_EQ(code(account(), wrong), "amount_invalid") << minor;
    }
    wrong = request();
    wrong.currency = "USD";
    EXPECT_EQ(code(account(), wrong), "amount_invalid");
    auto of_word = account();
    of_word.callback_url = "https://mysql.example/v1/callbacks/m/0f";
    EXPECT_EQ(code(of_word, request()), "callback_url_refused");
    EXPECT_EQ(code(account("{}"), request()), "credentials_invalid");
    EXPECT_TRUE(daraja_.requests("/").empty());
}

struct PromptCase {
    const char* name;
    Reply reply;
    Finding finding;
    const char* code;
    std::size_t sent = 1;
};

class MpesaPrompt : public MpesaTest, public ::testing::WithParamInterface<PromptCase> {};

std::string error(std::string_view code, std::string_view message) {
    return R"({"requestId":"1","errorCode":")" + std::string(code) + R"(","errorMessage":")" + std::string(message) +
           R"("})";
}

TEST_P(MpesaPrompt, EndsAsItsAnswerSays) {
    daraja_.on(prompt_path, {GetParam().reply});
    const auto evidence = start();
    EXPECT_EQ(evidence.finding, GetParam().finding);
    EXPECT_EQ(evidence.code, GetParam().code);
    // A prompt is sent once, and once more with a new token where the old one was refused.
    EXPECT_EQ(daraja_.requests(prompt_path).size(), GetParam().sent);
    EXPECT_EQ(daraja_.tokens(), static_cast<int>(GetParam().sent));
    EXPECT_NE(mpesa_.saying(evidence.code, "en").text, mpesa_.saying(evidence.code, "sw").text);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, MpesaPrompt,
    ::testing::Values(
        PromptCase{"Input", {400, error("400.002.02", "Bad Request - Invalid Amount")}, Finding::refused, "400.002.02"},
        PromptCase{"Token", {404, error("404.001.03", "Invalid Access Token")}, Finding::refused, "404.001.03", 2},
        PromptCase{
            "TokenOfOthers", {401, error("401.002.01", "Invalid Access Token")}, Finding::refused, "401.002.01", 2},
        PromptCase{"TokenOfC2b", {400, error("400.003.01", "Invalid Access Token")}, Finding::refused, "400.003.01", 2},
        PromptCase{"TokenSeen", {401, error("401.003.01", "Invalid Access Token")}, Finding::refused, "401.003.01", 2},
        PromptCase{"NoProduct",
                   {401, "Invalid API call as no apiproduct match found", "text/plain"},
                   Finding::refused,
                   "no_apiproduct",
                   2},
        PromptCase{"NotFound", {404, error("404.001.01", "Resource not found")}, Finding::refused, "404.001.01"},
        PromptCase{
            "Header", {404, error("404.001.04", "Invalid Authentication Header")}, Finding::refused, "404.001.04"},
        PromptCase{"Method", {405, error("405.001", "Method Not Allowed")}, Finding::refused, "405.001"},
        PromptCase{"Payload", {400, error("400.002.05", "Invalid Request Payload")}, Finding::refused, "400.002.05"},
        PromptCase{"BadRequest", {400, error("400.003.02", "Bad Request")}, Finding::refused, "400.003.02"},
        PromptCase{"Merchant",
                   {500, error("500.001.1001", "Merchant does not exist")},
                   Finding::refused,
                   "500.001.1001:merchant"},
        PromptCase{
            "Passkey", {500, error("500.001.1001", "Wrong credentials")}, Finding::refused, "500.001.1001:credentials"},
        PromptCase{"Locked",
                   {500, error("500.001.1001", "Unable to lock subscriber, a transaction is already")},
                   Finding::refused,
                   "500.001.1001:locked"},
        PromptCase{"Maintenance",
                   {500, error("500.002.1001", "Service is currently under maintenance")},
                   Finding::lost,
                   "500.002.1001:maintenance"},
        PromptCase{"Busy",
                   {500, error("500.003.02", "System is busy. Please try again in few minutes.")},
                   Finding::not_sent,
                   "500.003.02"},
        PromptCase{"Quota", {500, error("500.003.03", "Quota Violation")}, Finding::not_sent, "500.003.03"},
        PromptCase{"Internal", {500, error("500.003.1001", "Internal Server Error")}, Finding::lost, "500.003.1001"},
        PromptCase{"SpikeArrest",
                   {429, R"({"fault":{"faultstring":"Spike arrest violation",)"
                         R"("detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}})"},
                   Finding::not_sent,
                   "policies.ratelimit.SpikeArrestViolation"},
        PromptCase{"Soap",
                   {500, R"({"Envelope":{"Fault":{"faultcode":"env:Server","faultstring":"x"}}})"},
                   Finding::lost,
                   "env:Server"},
        PromptCase{"Html503", {503, "<html>Incapsula</html>", "text/html"}, Finding::lost, "http_503"},
        PromptCase{"Html403", {403, "<html>Incapsula</html>", "text/html"}, Finding::not_sent, "http_403"},
        PromptCase{"Empty400", {400, ""}, Finding::refused, "empty_400"},
        PromptCase{"OtherCode",
                   {200, R"({"ResponseCode":"1","ResponseDescription":"Rejected"})"},
                   Finding::refused,
                   "response:1"},
        PromptCase{"NoId", {200, R"({"ResponseCode":"0"})"}, Finding::lost, "unreadable"},
        PromptCase{"NoCode", {200, R"({"CheckoutRequestID":"ws_CO_1"})"}, Finding::lost, "unreadable"},
        PromptCase{"EmptyObject", {200, "{}"}, Finding::lost, "unreadable"},
        PromptCase{"Null", {200, "null"}, Finding::lost, "unreadable"},
        PromptCase{"Empty", {200, ""}, Finding::lost, "unreadable"},
        PromptCase{"Cut", {.status = 0}, Finding::lost, "connection_lost"}),
    [](const auto& info) { return info.param.name; });

TEST_F(MpesaTest, TakesAPageForNoAnswer) {
    daraja_.on(prompt_path, {{200, "<html>200</html>", "text/html"}});
    EXPECT_EQ(start().finding, Finding::lost);
    EXPECT_EQ(daraja_.requests(prompt_path).size(), 1U);
}

// ---- Queries ----------------------------------------------------------------------------------------------------

std::string result(std::string_view code, std::string_view id = "ws_CO_1") {
    return R"({"ResponseCode":"0","ResponseDescription":"ok","MerchantRequestID":"1-2","CheckoutRequestID":")" +
           std::string(id) + R"(","ResultCode":)" + std::string(code) + R"(,"ResultDesc":"said"})";
}

TEST_F(MpesaTest, AsksAfterAPrompt) {
    daraja_.on(query_path, {{.body = result(R"("1032")")}});
    const auto evidence = query();
    EXPECT_EQ(evidence.source, Source::query);
    EXPECT_EQ(evidence.finding, Finding::cancelled);
    EXPECT_EQ(evidence.code, "1032");
    EXPECT_EQ(evidence.text, "said");
    EXPECT_EQ(daraja_.requests(query_path).at(0).body,
              R"({"BusinessShortCode":"174379","Password":"MTc0Mzc5dGVzdHBhc3NrZXkyMDI0MDExNTEwMzAwMA==",)"
              R"("Timestamp":"20240115103000","CheckoutRequestID":"ws_CO_1"})");
}

TEST_F(MpesaTest, BelievesAQueryThatIsWholeAlone) {
    const std::vector<std::pair<std::string, Finding>> cases{
        {result(R"("0")"), Finding::paid},
        {result("0"), Finding::paid},
        {result(R"("0")", "ws_CO_2"), Finding::lost},
        {R"({"ResultCode":"0"})", Finding::lost},
        {R"({"ResponseCode":"1","CheckoutRequestID":"ws_CO_1","ResultCode":"0"})", Finding::lost},
        {result(R"("")"), Finding::lost},
        {result(R"(" 0")"), Finding::lost},
        {result("false"), Finding::lost},
        {result("null"), Finding::lost},
        {result(R"("4999")"), Finding::processing},
        {result(R"("77777")"), Finding::processing},
        {result(R"("text")"), Finding::processing},
        {"", Finding::lost},
        {"{}", Finding::lost},
        {"null", Finding::lost},
        {"[]", Finding::lost},
    };
    for (const auto& [body, finding] : cases) {
        daraja_.on(query_path, {{.body = body}});
        const auto evidence = query();
        EXPECT_EQ(evidence.finding, finding) << body;
        const Attempt attempt{.state = State::pending, .amount = {15'000}, .currency = "KES"};
        EXPECT_EQ(decide(attempt, evidence).credits, finding == Finding::paid) << body;
    }
}

TEST_F(MpesaTest, KnowsBothWaysOfWaiting) {
    daraja_.on(query_path, {{500, error("500.001.1001", "The transaction is being processed")}});
    EXPECT_EQ(query().finding, Finding::processing);
    daraja_.on(query_path, {{.body = result(R"("4999")")}});
    EXPECT_EQ(query().finding, Finding::processing);
    EXPECT_EQ(daraja_.requests(query_path).size(), 2U);
}

TEST_F(MpesaTest, LearnsNothingOfAQueryThatFails) {
    for (const auto& reply :
         {Reply{500, error("500.003.1001", "Internal Server Error")}, Reply{503, "<html></html>", "text/html"},
          Reply{429, R"({"fault":{"detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}})"},
          Reply{400, error("400.002.02", "Bad Request - Invalid CheckoutRequestID")}, Reply{.status = 0}}) {
        daraja_.on(query_path, {reply});
        EXPECT_EQ(query().finding, Finding::lost) << reply.status;
    }
    EXPECT_EQ(http_.run(mpesa_.query(account(), {.id = {}, .amount = {1}, .currency = "KES"}, {})).code,
              "no_checkout_id");
}

TEST_F(MpesaTest, AsksNoMoreThanDarajaAnswers) {
    daraja_.on(query_path, {{.body = result(R"("4999")")}});
    auto few = options();
    few.queries = MpesaOptions{}.queries;
    Mpesa mpesa(*http_.operator->(), http_.loop(), nullptr, {}, metrics_, few);
    int asked = 0;
    for (int i = 0; i < 10; ++i) {
        const auto evidence = http_.run(
            mpesa.query(account(), {.id = {}, .provider_id = "ws_CO_1", .amount = {1}, .currency = "KES"}, {}));
        if (evidence.code == "query_limit") EXPECT_EQ(evidence.finding, Finding::lost);
        asked += evidence.code == "query_limit" ? 0 : 1;
    }
    EXPECT_LE(asked, 5);
    EXPECT_EQ(daraja_.requests(query_path).size(), static_cast<std::size_t>(asked));
}

// ---- Tokens, without Redis (tokens_db_test.cpp has the rest) ----------------------------------------------------

TEST_F(MpesaTest, ReplacesATokenThatSomebodyElseEnded) {
    daraja_.on(prompt_path, {{.body = accepted_body}});
    EXPECT_EQ(start().finding, Finding::accepted);
    daraja_.kill_token();
    EXPECT_EQ(start().finding, Finding::accepted);
    EXPECT_EQ(daraja_.tokens(), 2);
    EXPECT_EQ(daraja_.requests(prompt_path).size(), 3U);
}

TEST_F(MpesaTest, KeepsATokenWhileTheClockJumps) {
    daraja_.on(prompt_path, {{.body = accepted_body}});
    for (const auto jump : {0h, 2h, -4h, 2h}) {
        clock_.advance(jump);
        EXPECT_EQ(start().finding, Finding::accepted);
    }
    EXPECT_EQ(daraja_.tokens(), 1);
}

TEST_F(MpesaTest, WithoutATokenSendsNothingAndTriesAgainNextTime) {
    daraja_.on(prompt_path, {{.body = accepted_body}});
    daraja_.on_token({{503, "<html></html>", "text/html"}});
    auto evidence = start();
    EXPECT_EQ(evidence.finding, Finding::not_sent);
    EXPECT_EQ(evidence.code, "no_token:http_503");
    EXPECT_THAT(mpesa_.saying(evidence.code, "en").text, HasSubstr("No money moved"));
    EXPECT_EQ(daraja_.tokens(), 3);
    daraja_.on_token({{.body = R"({"access_token":"","expires_in":"3599"})"}});
    EXPECT_EQ(start().code, "no_token:unreadable");
    daraja_.on_token({{.body = R"({"access_token":"a\r\nb"})"}});
    EXPECT_EQ(start().finding, Finding::not_sent);
    daraja_.on_token({{400, error("400.008.01", "Invalid Authentication passed")}});
    EXPECT_EQ(start().finding, Finding::refused);
    EXPECT_EQ(start().code, "400.008.01");
    daraja_.on_token({{400, ""}});
    EXPECT_EQ(start().code, "empty_400");
    EXPECT_TRUE(daraja_.requests(prompt_path).empty());
}

TEST(MpesaTokens, AreKeptForAsLongAsDarajaSaysLessAMinute) {
    const auto kept = [](std::string json) { return mpesa::kept_for({std::move(json)}).count(); };
    EXPECT_EQ(kept(R"("3599")"), 3539);
    EXPECT_EQ(kept("3599"), 3539);
    EXPECT_EQ(kept("3599.0"), 3539);
    EXPECT_EQ(kept("31536000"), 3540);
    EXPECT_EQ(kept("100"), 50);
    EXPECT_EQ(kept("1"), 1);
    for (const auto* const json : {"", "0", "-5", R"("soon")", "null", "true", "[3599]", "1e400"})
        EXPECT_EQ(kept(json), 60) << json;
}

// ---- Money that comes by itself ---------------------------------------------------------------------------------

TEST_F(MpesaTest, RegistersWhereMoneyIsAnnounced) {
    daraja_.on(register_path,
               {{.body = R"({"OriginatorCoversationID":"1","ResponseCode":"0","ResponseDescription":"Success"})"}});
    daraja_.on("/pulltransactions/v1/register", {{.body = R"({"ResponseRefID":"1","ResponseStatus":"1001"})"}});
    EXPECT_EQ(http_.run(mpesa_.register_callbacks(account(), {})).finding, Finding::accepted);
    EXPECT_EQ(daraja_.requests(register_path).at(0).body,
              R"({"ShortCode":"174379","ResponseType":"Completed",)"
              R"("ConfirmationURL":"https://shop.example/v1/callbacks/m/0f/confirm",)"
              R"("ValidationURL":"https://shop.example/v1/callbacks/m/0f/validate"})");
    EXPECT_EQ(daraja_.requests("/pulltransactions/v1/register").size(), 1U);
    daraja_.on(register_path, {{500, error("500.003.1001", "Urls are already registered.")}});
    EXPECT_EQ(http_.run(mpesa_.register_callbacks(account(), {})).finding, Finding::accepted);
    daraja_.on(register_path, {{400, error("400.003.02", "Bad Request - Invalid ConfirmationURL")}});
    EXPECT_EQ(http_.run(mpesa_.register_callbacks(account(), {})).finding, Finding::refused);
}

TEST_F(MpesaTest, PullsPageByPage) {
    daraja_.on(pull_path,
               {{.body = R"({"ResponseCode":"1000","Response":[[{"transactionId":"TAF7RT61SV","amount":"5.00"},)"
                         R"({"transactionId":"TAF7RT61SW","amount":"6.00"}]]})"},
                {.body = R"({"ResponseCode":"1000","Response":[[{"transactionId":"TAF7RT61SX","amount":"7.00"}]]})"},
                {.body = R"({"ResponseCode":"1001","Response":[[]]})"}});
    const auto since = clock_.now() - 100h;
    const auto pulled = http_.run(mpesa_.pull(account(), since, {}));
    EXPECT_TRUE(pulled.whole) << pulled.text;
    EXPECT_EQ(pulled.claims.size(), 3U);
    const auto asked = daraja_.requests(pull_path);
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_EQ(asked[0].body, R"({"ShortCode":"174379","StartDate":"2024-01-13 10:30:00",)"
                             R"("EndDate":"2024-01-15 10:30:00","OffSetValue":"0"})");
    EXPECT_THAT(asked[1].body, HasSubstr(R"("OffSetValue":"2")"));
    EXPECT_THAT(asked[2].body, HasSubstr(R"("OffSetValue":"3")"));
}

TEST_F(MpesaTest, SaysThatAPullIsNotWhole) {
    daraja_.on(pull_path,
               {{.body = R"({"ResponseCode":"1000","Response":[[{"transactionId":"TAF7RT61SV","amount":"5.00"}]]})"},
                {503, "<html></html>", "text/html"}});
    auto pulled = http_.run(mpesa_.pull(account(), clock_.now() - 1h, {}));
    EXPECT_FALSE(pulled.whole);
    EXPECT_EQ(pulled.claims.size(), 1U);
    EXPECT_THAT(pulled.text, HasSubstr("http_503"));
    // A server that knows no offsets gives the same page again.
    daraja_.on(pull_path,
               {{.body = R"({"ResponseCode":"1000","Response":[{"transactionId":"TAF7RT61SV","amount":"5.00"}]})"}});
    pulled = http_.run(mpesa_.pull(account(), clock_.now() - 1h, {}));
    EXPECT_TRUE(pulled.whole);
    EXPECT_EQ(pulled.claims.size(), 1U);
}

// ---- What is shown ----------------------------------------------------------------------------------------------

TEST_F(MpesaTest, ShowsOfCredentialsTheNumberAlone) {
    EXPECT_EQ(mpesa_.shown(account().credentials), "174379");
    const std::string till = R"({"environment":"production","kind":"till","shortCode":"600123","tillNumber":"512345",)"
                             R"("consumerKey":"k","consumerSecret":"s","passkey":"p"})";
    EXPECT_EQ(mpesa_.shown({till}), "600123 / 512345");
    const auto canonical = mpesa_.read_credentials(till)->text;
    EXPECT_EQ(mpesa_.read_credentials(canonical)->text, canonical);
    EXPECT_FALSE(mpesa_.read_credentials(R"({"environment":"live"})"));
}

TEST_F(MpesaTest, LogsNoSecretAndNoPhone) {
    daraja_.on(prompt_path, {{500, error("500.003.1001", "failed for 254712345678")}});
    const auto sink = std::make_shared<logging::MemorySink>();
    logging::Log log({.level = logging::Level::trace}, sink);
    Mpesa mpesa(*http_.operator->(), http_.loop(), nullptr, log.logger(), metrics_, options());
    EXPECT_EQ(http_.run(mpesa.start(account(), request(), {})).evidence.text, "failed for 2547****5678");
    std::string logged = http_.logged();
    for (const auto& line : sink->lines()) logged += line + "\n";
    EXPECT_THAT(logged, HasSubstr("M-Pesa did not take a request"));
    for (const auto* const secret : {"254712345678", "0712 345 678", "712345678", "testpasskey", "token-1", "MTc0Mzc5",
                                     "\"secret\"", "a2V5OnNlY3JldA"})
        EXPECT_THAT(logged, Not(HasSubstr(secret)));
}

}  // namespace

}  // namespace payments
