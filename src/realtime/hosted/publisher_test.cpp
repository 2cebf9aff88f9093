// What leaves for Pusher and Ably, and what their answers mean.

#include "realtime/hosted/publisher.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "client/client_for_test.h"

namespace realtime::hosted {
namespace {

using client::Answer;
using client::http_reply;
using client::ScriptedServer;
using client::TestClient;

constexpr base::Timestamp now{std::chrono::seconds{1'700'000'000}};

struct AtNoon final : base::Clock {
    [[nodiscard]] base::Timestamp now() const override { return hosted::now; }
};

async::SteadyTime soon() { return async::Loop::now() + std::chrono::seconds(5); }

TEST(HostedVerdict, IsByStatusAndOfAblyByCode) {
    struct Case {
        int status;
        int code;
        Verdict verdict;
    };
    const Case cases[] = {
        {200, 0, Verdict::published},
        {201, 0, Verdict::published},
        {429, 0, Verdict::retry},
        {408, 0, Verdict::retry},
        {500, 0, Verdict::retry},
        {503, 50'003, Verdict::retry},
        {400, 42'910, Verdict::retry},
        {400, 42'926, Verdict::retry},
        {401, 0, Verdict::misconfigured},
        {403, 0, Verdict::misconfigured},
        {401, 40'160, Verdict::misconfigured},
        {400, 40'160, Verdict::misconfigured},
        {400, 0, Verdict::refused},
        {413, 40'009, Verdict::refused},
        {404, 0, Verdict::refused},
    };
    for (const auto& one : cases)
        EXPECT_EQ(verdict_of(one.status, one.code), one.verdict) << one.status << ' ' << one.code;
}

TEST(PusherPublisher, SignsOneCallForAll) {
    const ScriptedServer server([](const ScriptedServer::Request&) { return Answer().send(http_reply(200, "{}")); });
    TestClient http;
    const AtNoon clock;
    const auto publisher = make_pusher_publisher(
        *http.operator->(),
        {.app = {"7", "key", "secret"}, .base_url = TestClient::target(server).base_url, .longest_data = 20}, clock);
    std::vector<Message> messages{
        {.channel = "private-t.a", .event = "poke", .data = R"({"seq":7})"},
        {.channel = "news", .event = "long", .data = R"({"text":"more than it takes"})", .except = "1.2"}};
    const auto outcome = http.run(publisher->publish(std::move(messages), "job", soon()));
    EXPECT_EQ(outcome.verdict, Verdict::published);
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    const std::string body = R"({"batch":[{"name":"poke","channel":"private-t.a","data":"{\"seq\":7}"},)"
                             R"({"name":"long","channel":"news","data":"{\"tooLarge\":true}","socket_id":"1.2"}]})";
    EXPECT_EQ(request.body, body);
    pusher::Parameters parameters;
    const auto question = request.target.find('?');
    EXPECT_EQ(request.target.substr(0, question), "/apps/7/batch_events");
    for (const auto part : base::split(std::string_view(request.target).substr(question + 1), '&')) {
        const auto equals = part.find('=');
        parameters.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
    EXPECT_EQ(pusher::fault_of_request({"7", "key", "secret"}, {"POST", "/apps/7/batch_events", parameters, body}, now),
              std::nullopt);
    EXPECT_EQ(http.logged().find("auth_signature"), std::string::npos);
}

TEST(AblyPublisher, NamesEachMessageSoThatARepetitionIsKnown) {
    const ScriptedServer server([](const ScriptedServer::Request&) { return Answer().send(http_reply(201, "{}")); });
    TestClient http;
    const auto publisher = make_ably_publisher(
        *http.operator->(), {.key = "app.key:secret", .base_url = TestClient::target(server).base_url});
    std::vector<Message> messages{{.channel = "private-t.a", .event = "poke", .data = R"({"seq":7})"}};
    for (int turn = 0; turn < 2; ++turn)
        EXPECT_EQ(http.run(publisher->publish(messages, "job-1", soon())).verdict, Verdict::published);
    for (const auto& request : server.requests()) {
        EXPECT_EQ(request.target, "/channels/private-t.a/messages");
        EXPECT_EQ(request.header("authorization"), "Basic " + base::base64_encode("app.key:secret"));
        EXPECT_EQ(request.header("x-ably-version"), "2");
        EXPECT_EQ(request.body, R"({"id":"job-1:0","name":"poke","data":"{\"seq\":7}","encoding":"json"})");
    }
}

TEST(AblyPublisher, ReadsTheCodeOfTheBodyOrOfAHeader) {
    const ScriptedServer server([](const ScriptedServer::Request& request) {
        if (request.target.contains("limited"))
            return Answer().send(http_reply(400, R"({"error":{"code":42911,"message":"slow"}})"));
        return Answer().send(http_reply(400, "blocked at the edge", "X-Ably-ErrorCode: 40160\r\n"));
    });
    TestClient http;
    const auto publisher = make_ably_publisher(
        *http.operator->(), {.key = "app.key:secret", .base_url = TestClient::target(server).base_url});
    const auto publish = [&](std::string channel) {
        std::vector<Message> messages{{.channel = std::move(channel), .event = "poke", .data = "{}"}};
        return http.run(publisher->publish(std::move(messages), "job", soon()));
    };
    EXPECT_EQ(publish("limited").verdict, Verdict::retry);
    const auto outcome = publish("blocked");
    EXPECT_EQ(outcome.verdict, Verdict::misconfigured);
    EXPECT_EQ(outcome.detail, "status 400, code 40160");
}

TEST(AblyToken, IsAJwtOfTheKeyForTheseChannelsAlone) {
    const auto token = ably_token(
        "app.key:secret",
        {.client_id = "u1", .channels = {"private-t.a.changes", "b"}, .now = now, .life = std::chrono::seconds(900)});
    const auto parts = base::split(token, '.');
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_EQ(base::base64url_decode(parts[0]), R"({"typ":"JWT","alg":"HS256","kid":"app.key"})");
    EXPECT_EQ(base::base64url_decode(parts[1]),
              R"({"iat":1700000000,"exp":1700000900,)"
              R"("x-ably-capability":"{\"private-t.a.changes\":[\"subscribe\"],\"b\":[\"subscribe\"]}",)"
              R"("x-ably-clientId":"u1"})");
}

}  // namespace
}  // namespace realtime::hosted
