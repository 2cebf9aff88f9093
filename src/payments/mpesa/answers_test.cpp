// Every code of Daraja that is known: what it does to a prompt, to a query, to a registration, and what the cashier is told.

#include "payments/mpesa/answers.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace payments::mpesa {

namespace {

using enum Finding;

std::string error_body(std::string_view code, std::string_view message) {
    return R"({"requestId":"1-2-3","errorCode":")" + std::string(code) + R"(","errorMessage":")" +
           std::string(message) + R"("})";
}

struct ErrorCase {
    int status;
    std::string body;
    std::string code;
    Finding prompt;
    Finding query = lost;
    bool is_token = false;
    bool may_try_again = false;
    int after = 0;
};

const std::vector<ErrorCase>& error_cases() {
    static const std::vector<ErrorCase> cases{
        {400, error_body("400.002.02", "Bad Request - Invalid PhoneNumber"), "400.002.02", refused},
        {404, error_body("404.001.03", "Invalid Access Token"), "404.001.03", refused, lost, true},
        {401, error_body("401.002.01", "Error Occurred - Invalid Access Token - abc"), "401.002.01", refused, lost,
         true},
        {400, error_body("400.003.01", "Invalid Access Token"), "400.003.01", refused, lost, true},
        {401, error_body("401.003.01", "Error Occurred - Invalid Access Token"), "401.003.01", refused, lost, true},
        {404, error_body("404.001.01", "Resource not found"), "404.001.01", refused},
        {404, error_body("404.002.01", "Resource not found"), "404.002.01", refused},
        {404, error_body("404.003.01", "Resource not found"), "404.003.01", refused},
        {404, error_body("404.001.04", "Invalid Authentication Header"), "404.001.04", refused},
        {405, error_body("405.001", "Method Not Allowed"), "405.001", refused},
        {400, error_body("400.002.05", "Invalid Request Payload"), "400.002.05", refused},
        {400, error_body("400.003.02", "Bad Request"), "400.003.02", refused},
        {500, error_body("500.001.1001", "Merchant does not exist"), "500.001.1001:merchant", refused},
        {500, error_body("500.001.1001", "Wrong credentials"), "500.001.1001:credentials", refused},
        {500,
         error_body("500.001.1001",
                    "Unable to lock subscriber, a transaction is already in process for the current subscriber"),
         "500.001.1001:locked", refused, lost, false, true, 60},
        {500, error_body("500.001.1001", "The transaction is being processed"), "500.001.1001:pending", lost,
         processing},
        {500, error_body("500.001.1001", "Something new"), "500.001.1001", lost},
        {500, error_body("500.002.1001", "Duplicate OriginatorConversationID"), "500.002.1001:duplicate", lost},
        {500, error_body("500.002.1001", "Service is currently under maintenance"), "500.002.1001:maintenance", lost,
         lost, false, true, 300},
        {500, error_body("500.003.02", "System is busy. Please try again in few minutes."), "500.003.02", not_sent,
         lost, false, true, 60},
        {429, error_body("500.003.02", "Error Occurred: Spike Arrest Violation"), "500.003.02", not_sent, lost, false,
         true, 60},
        {500, error_body("500.003.03", "Error Occurred: Quota Violation"), "500.003.03", not_sent, lost, false, true,
         300},
        {500, error_body("500.003.1001", "Internal Server Error"), "500.003.1001", lost},
        {500, error_body("500.003.1001", "Urls are already registered."), "500.003.1001:registered", lost},
        {401,
         R"({"fault":{"faultstring":"Invalid API call as no apiproduct match found",)"
         R"("detail":{"errorcode":"keymanagement.service.InvalidAPICallAsNoApiProductMatchFound"}}})",
         "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound", refused, lost, true},
        {401, "Invalid API call as no apiproduct match found", "no_apiproduct", refused, lost, true},
        {429,
         R"({"fault":{"faultstring":"Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5}",)"
         R"("detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}})",
         "policies.ratelimit.SpikeArrestViolation", not_sent, lost, false, true, 60},
        {429, R"({"fault":{"detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}})",
         "policies.ratelimit.QuotaViolation", not_sent, lost, false, true, 300},
        {500, R"({"Envelope":{"Body":{"Fault":{"faultcode":"env:Server","faultstring":"Internal fault"}}}})",
         "env:Server", lost},
        {500, R"({"Envelope":{"Fault":{"faultcode":"env:Server","faultstring":"Internal fault"}}})", "env:Server",
         lost},
        {400, "", "empty_400", refused},
        {503, "<html>Request unsuccessful. Incapsula incident ID: 1</html>", "http_503", lost},
        {403, "<html>Request unsuccessful. Incapsula incident ID: 1</html>", "http_403", not_sent, lost, false, true,
         60},
        {429, "", "http_429", not_sent, lost, false, true, 60},
        {500, "", "http_500", lost},
        {502, "Bad Gateway", "http_502", lost},
        {504, "[]", "http_504", lost},
        {408, "{}", "http_408", lost},
        {409, "{}", "http_409", lost},
        {404, "<html></html>", "http_404", refused},
        {302, "", "http_302", lost},
        {400, error_body("400.009.99", "Something new"), "400.009.99", refused},
        {500, error_body("500.009.99", "Something new"), "500.009.99", lost},
        {500, R"({"errorCode":null,"errorMessage":{}})", "http_500", lost},
        {500, R"({"fault":"x","Envelope":[]})", "http_500", lost},
    };
    return cases;
}

TEST(MpesaAnswers, SayOfEachErrorWhetherTheRequestWasCarriedOut) {
    for (const auto& one : error_cases()) {
        const auto problem = problem_of(one.status, one.body);
        EXPECT_EQ(problem.code, one.code) << one.body;
        EXPECT_EQ(finding_of_prompt(problem), one.prompt) << one.code;
        EXPECT_EQ(finding_of_query(problem), one.query) << one.code;
        EXPECT_EQ(is_token_trouble(problem), one.is_token) << one.code;
    }
}

TEST(MpesaAnswers, TellTheCashierOfEachErrorWhatToDo) {
    for (const auto& one : error_cases()) {
        const auto english = saying_of(one.code, "en");
        const auto swahili = saying_of(one.code, "sw");
        EXPECT_EQ(english.may_try_again, one.may_try_again) << one.code;
        EXPECT_EQ(english.after, one.after == 0 ? std::nullopt : std::optional(std::chrono::seconds(one.after)))
            << one.code;
        EXPECT_EQ(swahili.may_try_again, english.may_try_again);
        EXPECT_FALSE(english.text.empty());
        EXPECT_NE(english.text, swahili.text) << one.code;
    }
}

TEST(MpesaAnswers, TakeARegistrationThatWasThereForOneThatIsMade) {
    const auto finding = [](int status, std::string_view body) {
        return finding_of_registration(problem_of(status, body));
    };
    EXPECT_EQ(finding(500, error_body("500.003.1001", "Urls are already registered.")), accepted);
    EXPECT_EQ(finding(500, error_body("500.003.1001", "Duplicate notification info, SP ID is 1")), accepted);
    EXPECT_EQ(finding(500, error_body("500.003.1001", "Internal Server Error")), lost);
    EXPECT_EQ(finding(400, error_body("400.003.02", "Bad Request - Invalid ConfirmationURL")), refused);
    EXPECT_EQ(finding(500, error_body("500.003.02", "System is busy")), not_sent);
}

TEST(MpesaAnswers, OfSendingWithoutAnAnswerKnowWhetherItWasSent) {
    const auto of = [](client::Outcome outcome, client::Cause cause) {
        return problem_of(client::Error{.outcome = outcome, .cause = cause});
    };
    using client::Cause;
    using client::Outcome;
    EXPECT_EQ(finding_of_prompt(of(Outcome::unknown, Cause::timeout)), lost);
    EXPECT_EQ(finding_of_prompt(of(Outcome::unknown, Cause::connection_lost)), lost);
    EXPECT_EQ(finding_of_prompt(of(Outcome::unknown, Cause::malformed_reply)), lost);
    EXPECT_EQ(finding_of_prompt(of(Outcome::not_sent, Cause::timeout)), not_sent);
    EXPECT_EQ(finding_of_prompt(of(Outcome::not_sent, Cause::connect)), not_sent);
    EXPECT_EQ(finding_of_prompt(of(Outcome::not_sent, Cause::tls)), not_sent);
    // The cashier is told that no money moved of those alone that were not sent.
    const auto lost_text = saying_of(of(Outcome::unknown, Cause::timeout).code, "en").text;
    const auto unsent_text = saying_of(of(Outcome::not_sent, Cause::timeout).code, "en").text;
    EXPECT_FALSE(lost_text.contains("No money moved"));
    EXPECT_TRUE(unsent_text.contains("No money moved"));
}

struct ResultCase {
    std::string code;
    Finding callback;
    Finding queried;
    bool may_try_again;
    int after = 0;
};

const std::vector<ResultCase>& result_cases() {
    static const std::vector<ResultCase> cases{
        {"0", paid, paid, false},
        {"1", declined, declined, true},
        {"2", declined, declined, false},
        {"3", declined, declined, false},
        {"4", declined, declined, false},
        {"8", declined, declined, false},
        {"17", declined, declined, true, 120},
        {"26", declined, declined, true, 60},
        {"1001", declined, declined, true, 60},
        {"1019", timed_out, timed_out, true},
        {"1025", declined, declined, true},
        {"9999", declined, declined, true},
        {"1031", cancelled, cancelled, true},
        {"1032", cancelled, cancelled, true},
        {"1036", timed_out, timed_out, true},
        {"1037", timed_out, timed_out, true},
        {"2001", declined, declined, true},
        {"2028", declined, declined, false},
        {"8006", declined, declined, false},
        {"SFC_IC0003", declined, declined, false},
        {"4999", processing, processing, false},
        {"E3008", declined, declined, false},
        // Not known: an end when M-Pesa calls back with it; nothing yet when it was asked.
        {"77777", declined, processing, false},
        {"NEW_CODE", declined, processing, false},
        // No codes.
        {"", processing, lost, false},
        {" 0", processing, lost, false},
        {"0 ", processing, lost, false},
        {"<html>", processing, lost, false},
    };
    return cases;
}

TEST(MpesaAnswers, SayOfEachResultWhetherItIsAnEnd) {
    for (const auto& one : result_cases()) {
        EXPECT_EQ(finding_of_callback(one.code), one.callback) << one.code;
        EXPECT_EQ(finding_of_queried(one.code), one.queried) << one.code;
        const auto english = saying_of(one.code, "en");
        EXPECT_EQ(english.may_try_again, one.may_try_again) << one.code;
        EXPECT_EQ(english.after, one.after == 0 ? std::nullopt : std::optional(std::chrono::seconds(one.after)))
            << one.code;
        EXPECT_NE(english.text, saying_of(one.code, "sw").text) << one.code;
    }
}

// Whoever adds a row adds both languages, and a tag where a code has several meanings.
TEST(MpesaAnswers, HaveRowsThatAreWhole) {
    std::set<std::string> seen;
    for (const auto& row : rows()) {
        EXPECT_FALSE(row.english.empty() || row.swahili.empty()) << row.code;
        EXPECT_EQ(row.tag.empty(), row.words.empty()) << row.code;
        if (row.tag != "registered")
            EXPECT_TRUE(seen.insert(std::string(row.code) + ":" + std::string(row.tag)).second);
    }
}

TEST(MpesaAnswers, ShowNoNumberOfAPhone) {
    const auto problem = problem_of(500, error_body("500.003.1001", "failed for 254712345678"));
    EXPECT_EQ(problem.text, "failed for 2547****5678");
}

}  // namespace

}  // namespace payments::mpesa
