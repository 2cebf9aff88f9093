// SendGrid and Mailgun, by a real server that answers as they do: what is sent, what their errors mean, and what security mails get.

#include <gmock/gmock.h>

#include <stdexcept>

#include "base/strings.h"
#include "client/client_for_test.h"
#include "mail/file_transport.h"
#include "mail/mailgun_transport.h"
#include "mail/sendgrid_transport.h"

namespace mail {

namespace {

using namespace std::chrono_literals;
using ::testing::Answer;
using ::testing::HasSubstr;
using ::testing::http_reply;
using ::testing::Not;
using ::testing::ScriptedServer;

constexpr std::string_view link = "https://back.example/reset-password?token=a%2Fb%2Bc==&x=1";

Message letter() {
    return {.id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"),
            .date = *base::parse_timestamp("2026-11-22T06:14:03Z"),
            .from = *Address::parse("Jirani <hello@example.com>"),
            .to = {*Address::parse("\"Amina, Ñ\" <amina@example.org>")},
            .subject = "Habari № 7",
            .text = "Open <" + std::string(link) + ">",
            .html = "<a href=\"" + std::string(link) + "\">Open</a>"};
}

class BytesReader : public ContentReader {
public:
    BytesReader(std::string bytes, bool breaks) : bytes_(std::move(bytes)), breaks_(breaks) {}
    async::Task<std::size_t> read(std::span<char> out) override {
        if (breaks_ && at_ >= bytes_.size() / 2) throw std::runtime_error("the storage does not answer");
        const auto size = std::min({out.size(), bytes_.size() - at_, std::size_t{10'001}});
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
        at_ += size;
        co_return size;
    }

private:
    std::string bytes_;
    bool breaks_;
    std::size_t at_ = 0;
};

Attachment streamed(const std::string& bytes, bool breaks = false) {
    return {
        .filename = "risiti №1.pdf",
        .content_type = "application/pdf",
        .content = Stream{.size = bytes.size(), .open = [=] { return std::make_unique<BytesReader>(bytes, breaks); }}};
}

std::string shown(const SendResult& result) {
    return std::string(to_string(result.outcome)) + "/" + std::string(to_string(result.whose));
}

template <class T, class Options>
SendResult send_by(const ScriptedServer& server, Options options, OutgoingMail mail) {
    client::TestClient http;
    options.base_url = server.url();
    T transport(*http.operator->(), std::move(options));
    return http.run(transport.send(std::move(mail), async::Loop::now() + 20s));
}

SendResult by_sendgrid(const ScriptedServer& server, OutgoingMail mail) {
    return send_by<SendgridTransport>(server, SendgridOptions{.key = "SG.key"}, std::move(mail));
}

SendResult by_mailgun(const ScriptedServer& server, OutgoingMail mail) {
    return send_by<MailgunTransport>(server, MailgunOptions{.key = "key-1", .domain = "mg.example.com"},
                                     std::move(mail));
}

ScriptedServer::Script reply_of(int status, const std::string& body, const std::string& headers = {}) {
    return [=](const ScriptedServer::Request&) { return Answer().send(http_reply(status, body, headers)); };
}

async::Task<bool> never() { co_return false; }

// ---- SendGrid ---------------------------------------------------------------------------------------------------

TEST(Sendgrid, GetsTheWholeMessage) {
    const ScriptedServer server(reply_of(202, "", "X-Message-Id: 14c5d75ce93\r\n"));
    auto message = letter();
    message.cc = {*Address::parse("baraka@example.org"), *Address::parse("AMINA@example.org")};
    message.reply_to = {*Address::parse("help@example.com")};
    message.unsubscribe = Unsubscribe{.url = "https://back.example/u?x=1", .address = Address::parse("u@example.com")};
    message.auto_submitted = AutoSubmitted::generated;
    const auto result = by_sendgrid(server, {.message = message});
    EXPECT_EQ(result.outcome, Outcome::accepted) << result.reply;
    EXPECT_EQ(result.provider_id, "14c5d75ce93");
    ASSERT_EQ(server.request_count(), 1U);
    const auto request = server.requests().front();
    EXPECT_EQ(request.target, "/v3/mail/send");
    EXPECT_EQ(request.header("authorization"), "Bearer SG.key");
    // An address may be there once.
    EXPECT_THAT(
        request.body,
        HasSubstr(R"("to":[{"email":"amina@example.org","name":"Amina, Ñ"}],"cc":[{"email":"baraka@example.org"}])"));
    EXPECT_THAT(request.body, Not(HasSubstr("bcc")));
    EXPECT_THAT(request.body, HasSubstr(R"("custom_args":{"notification":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"})"));
    EXPECT_THAT(request.body, HasSubstr(R"("Message-ID":"<0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01@example.com>")"));
    EXPECT_THAT(request.body,
                HasSubstr(R"("List-Unsubscribe":"<https://back.example/u?x=1>, <mailto:u@example.com>")"));
    EXPECT_THAT(request.body, HasSubstr(R"("List-Unsubscribe-Post":"List-Unsubscribe=One-Click")"));
    EXPECT_THAT(request.body, HasSubstr(R"("Auto-Submitted":"auto-generated")"));
    EXPECT_THAT(request.body, HasSubstr(R"("reply_to_list":[{"email":"help@example.com"}])"));
    EXPECT_LT(request.body.find("text/plain"), request.body.find("text/html"));
}

TEST(Sendgrid, SecurityMailsGetPastListsAndKeepTheirLinks) {
    const ScriptedServer server(reply_of(202, ""));
    by_sendgrid(server, {.message = letter(), .is_security = true});
    by_sendgrid(server, {.message = letter()});
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_THAT(requests[0].body, HasSubstr(R"("mail_settings":{"bypass_list_management":{"enable":true}})"));
    EXPECT_THAT(requests[1].body, Not(HasSubstr("bypass")));
    for (const auto& request : requests) {
        EXPECT_THAT(
            request.body,
            HasSubstr(R"("tracking_settings":{"click_tracking":{"enable":false},"open_tracking":{"enable":false},)"
                      R"("subscription_tracking":{"enable":false},"ganalytics":{"enable":false}})"));
        EXPECT_THAT(request.body, HasSubstr(std::string(link) + ">\""));
        EXPECT_THAT(request.body, HasSubstr(R"(<a href=\")" + std::string(link) + R"(\">)"));
    }
}

TEST(Sendgrid, StreamsAttachments) {
    const ScriptedServer server(reply_of(202, ""));
    std::string bytes(200'000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 % 251);
    auto message = letter();
    message.attachments = {
        streamed(bytes), {.filename = "logo.png", .content_type = "image/png", .content = "png", .content_id = "logo"}};
    EXPECT_EQ(by_sendgrid(server, {.message = message}).outcome, Outcome::accepted);
    const auto request = server.requests().front();
    EXPECT_EQ(request.header("content-length"), std::to_string(request.body.size()));
    EXPECT_TRUE(request.body.ends_with(
        R"(,"attachments":[{"type":"application/pdf","filename":"risiti №1.pdf","disposition":"attachment","content":")" +
        base::base64_encode(bytes) +
        R"("},{"type":"image/png","filename":"logo.png","disposition":"inline","content_id":"logo","content":"cG5n"}]})"))
        << request.body.substr(request.body.size() - 300);
    EXPECT_TRUE(schema::parse<schema::Json>(request.body, {.max_bytes = request.body.size()}));
}

TEST(Sendgrid, AContentThatBreaksIsNotSentCut) {
    const ScriptedServer server(reply_of(202, ""));
    auto message = letter();
    message.attachments = {streamed(std::string(2'000'000, 'x'), true)};
    const auto result = by_sendgrid(server, {.message = message});
    EXPECT_EQ(shown(result), "refused_for_now/message");
    EXPECT_THAT(result.reply, HasSubstr("the storage does not answer"));
    EXPECT_EQ(server.request_count(), 0U);
}

TEST(Sendgrid, ErrorsSayWhoseReasonTheyHave) {
    const struct {
        int status;
        std::string body;
        std::string_view means;
    } cases[] = {
        {400,
         R"({"errors":[{"message":"Does not contain a valid address.","field":"personalizations.0.to.0.email","help":null}]})",
         "refused/recipient"},
        {400, R"({"errors":[{"message":"The from address does not match a verified Sender Identity","field":"from"}]})",
         "refused/sender"},
        {400, R"({"errors":[{"message":"The content value must be a string","field":"content.0.value"}]})",
         "refused/message"},
        {400, R"({"errors":[{"message":"bad","field":null}]})", "refused/message"},
        {400, "<html>", "refused/message"},
        {401, R"({"errors":[{"message":"The provided authorization grant is invalid","field":null,"help":null}]})",
         "refused/sender"},
        {403, R"({"errors":[{"message":"unverified","field":"from","help":"x"}]})", "refused/sender"},
        {404, "", "refused/sender"},
        {413, "", "refused/message"},
        {415, "", "refused/sender"},
        {429, R"({"errors":[{"field":null,"message":"too many requests"}]})", "refused_for_now/sender"},
        {500, "", "refused_for_now/sender"},
        {503, "", "refused_for_now/sender"},
        {504, "", "unknown/none"},
        {408, "", "unknown/none"},
    };
    for (const auto& one : cases) {
        const ScriptedServer server(reply_of(one.status, one.body));
        const auto result = by_sendgrid(server, {.message = letter()});
        EXPECT_EQ(shown(result), one.means) << one.status << " " << one.body;
        EXPECT_THAT(result.reply, HasSubstr(std::to_string(one.status)));
        // Never twice by itself.
        EXPECT_EQ(server.request_count(), 1U);
    }
    const ScriptedServer sandbox(reply_of(200, ""));
    EXPECT_EQ(by_sendgrid(sandbox, {.message = letter()}).outcome, Outcome::accepted);
}

TEST(Sendgrid, WithoutAnAnswerItIsUnknownAndWithoutAServerRefusedForNow) {
    const ScriptedServer cut([](const auto&) { return Answer().close(); });
    EXPECT_EQ(by_sendgrid(cut, {.message = letter()}).outcome, Outcome::unknown);
    EXPECT_EQ(cut.request_count(), 1U);
    client::TestClient http;
    SendgridTransport nowhere(*http.operator->(), {.key = "k", .base_url = client::closed_url()});
    EXPECT_EQ(shown(http.run(nowhere.send({.message = letter()}, async::Loop::now() + 20s))), "refused_for_now/sender");
}

TEST(Sendgrid, WhatIsNotConfirmedOrHasNoToIsNotSent) {
    const ScriptedServer server(reply_of(202, ""));
    EXPECT_EQ(by_sendgrid(server, {.message = letter(), .confirm = never}).outcome, Outcome::withdrawn);
    auto hidden = letter();
    hidden.bcc = std::exchange(hidden.to, {});
    EXPECT_EQ(shown(by_sendgrid(server, {.message = hidden})), "refused/message");
    EXPECT_EQ(server.request_count(), 0U);
}

// ---- Mailgun ----------------------------------------------------------------------------------------------------

TEST(Mailgun, GetsTheBytesThatSmtpWouldCarry) {
    const ScriptedServer server(
        reply_of(200, R"({"id":"<20240115.1@mg.example.com>","message":"Queued. Thank you."})"));
    auto message = letter();
    message.bcc = {*Address::parse("baraka@example.org")};
    message.attachments = {streamed(std::string(200'000, 'x'))};
    const auto result = by_mailgun(server, {.message = message});
    EXPECT_EQ(result.outcome, Outcome::accepted);
    EXPECT_EQ(result.provider_id, "20240115.1@mg.example.com");
    EXPECT_EQ(result.reply, "Queued. Thank you.");
    ASSERT_EQ(server.request_count(), 1U);
    const auto request = server.requests().front();
    EXPECT_EQ(request.target, "/v3/mg.example.com/messages.mime");
    EXPECT_EQ(request.header("authorization"), "Basic " + base::base64_encode("api:key-1"));
    for (const auto* const part :
         {"name=\"to\"\r\n\r\namina@example.org\r\n", "name=\"to\"\r\n\r\nbaraka@example.org\r\n",
          "name=\"o:tracking\"\r\n\r\nno\r\n", "name=\"o:tracking-clicks\"\r\n\r\nno\r\n",
          "name=\"o:tracking-opens\"\r\n\r\nno\r\n"})
        EXPECT_THAT(request.body, HasSubstr(part));
    async::Loop loop;
    const auto source = async::run_until_done(loop, source_of(message));
    EXPECT_THAT(request.body, HasSubstr("Content-Type: message/rfc822\r\n\r\n" + source + "\r\n--=_"));
}

TEST(Mailgun, TakesRecipientsOfSecurityMailsOffItsLists) {
    const ScriptedServer server([](const ScriptedServer::Request& request) {
        if (request.method == "DELETE") return Answer().send(http_reply(404, R"({"message":"Address not found"})"));
        return Answer().send(http_reply(200, R"({"id":"<1@mg>"})"));
    });
    EXPECT_EQ(by_mailgun(server, {.message = letter(), .is_security = true}).outcome, Outcome::accepted);
    std::vector<std::string> asked;
    for (const auto& request : server.requests()) asked.push_back(request.method + " " + request.target);
    EXPECT_EQ(asked, (std::vector<std::string>{"DELETE /v3/mg.example.com/bounces/amina%40example.org",
                                               "DELETE /v3/mg.example.com/unsubscribes/amina%40example.org",
                                               "DELETE /v3/mg.example.com/complaints/amina%40example.org",
                                               "POST /v3/mg.example.com/messages.mime"}));
}

TEST(Mailgun, ErrorsSayWhoseReasonTheyHave) {
    const struct {
        int status;
        std::string body;
        std::string_view means;
    } cases[] = {
        {400, R"({"message":"to parameter is not a valid address. please check documentation"})", "refused/recipient"},
        {400, R"({"message":"'to' parameter is not a valid address. please check documentation"})",
         "refused/recipient"},
        {400, R"({"message":"from parameter is missing"})", "refused/sender"},
        {400, R"({"message":"Domain mg.example.com is not allowed to send: Please add your own domain"})",
         "refused/sender"},
        {400, R"({"message":"message is malformed"})", "refused/message"},
        {401, "Forbidden", "refused/sender"},
        {402, "", "refused/sender"},
        {403, R"({"message":"account disabled"})", "refused/sender"},
        {404, R"({"message":"Domain not found: mg.example.com"})", "refused/sender"},
        {413, "", "refused/message"},
        {429, R"({"message":"slow down"})", "refused_for_now/sender"},
        {500, R"({"message":"Internal Server Error"})", "refused_for_now/sender"},
        {502, "<html>", "refused_for_now/sender"},
        {504, "", "unknown/none"},
    };
    for (const auto& one : cases) {
        const ScriptedServer server(reply_of(one.status, one.body));
        const auto result = by_mailgun(server, {.message = letter()});
        EXPECT_EQ(shown(result), one.means) << one.status << " " << one.body;
        EXPECT_EQ(server.request_count(), 1U);
    }
    // Taken, whatever it says.
    const ScriptedServer odd(reply_of(200, "OK"));
    EXPECT_EQ(by_mailgun(odd, {.message = letter()}).outcome, Outcome::accepted);
}

TEST(Mailgun, WithoutAnAnswerItIsUnknownAndWithoutAServerRefusedForNow) {
    const ScriptedServer cut([](const auto&) { return Answer().close(); });
    EXPECT_EQ(by_mailgun(cut, {.message = letter()}).outcome, Outcome::unknown);
    EXPECT_EQ(cut.request_count(), 1U);
    client::TestClient http;
    MailgunTransport nowhere(*http.operator->(),
                             {.key = "k", .domain = "mg.example.com", .base_url = client::closed_url()});
    EXPECT_EQ(shown(http.run(nowhere.send({.message = letter()}, async::Loop::now() + 20s))), "refused_for_now/sender");
}

TEST(Mailgun, AContentThatBreaksIsNotSentCut) {
    const ScriptedServer server(reply_of(200, "{}"));
    auto message = letter();
    message.attachments = {streamed(std::string(2'000'000, 'x'), true)};
    EXPECT_EQ(shown(by_mailgun(server, {.message = message})), "refused_for_now/message");
    EXPECT_EQ(server.request_count(), 0U);
}

}  // namespace

}  // namespace mail
