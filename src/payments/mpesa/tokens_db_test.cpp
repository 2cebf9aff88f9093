// One token for all instances: two of them, with a client each, over one Redis.

#include "payments/mpesa/tokens.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "async/sync.h"
#include "client/client_for_test.h"
#include "payments/mpesa/wire.h"
#include "redis/client_for_test.h"

namespace payments::mpesa {

namespace {

using namespace std::chrono_literals;
using client::Answer;
using client::http_reply;
using client::ScriptedServer;

class TokensTest : public redis::test::ClientTest {
protected:
    TokensTest() : server_([this](const auto& request) { return answer(request); }) {}

    void SetUp() override {
        open_shared();
        redis::Options options;
        options.endpoints = redis::fixed_endpoint(*redis::parse_url(redis::test::shared_server().url()));
        other_redis_.emplace(loop, std::move(options), log.logger(), metrics);
        http_.emplace(client::Client::Parts{.loop = loop, .logger = log.logger(), .metrics = metrics});
        target_ = {.name = "mpesa", .base_url = server_.url(), .retry = {.attempts = 1}, .breaker = {.failing = 2}};
        owner_ = {.target = &target_, .host = "sandbox", .consumer_key = "key", .consumer_secret = "secret"};
        one_.emplace(*http_, loop, &*client, metrics);
        other_.emplace(*http_, loop, &*other_redis_, metrics);
    }

    // Anything but tokens is taken with the living token alone.
    Answer answer(const ScriptedServer::Request& request) {
        if (!request.target.starts_with("/oauth")) {
            ++posts_;
            if (request.header("authorization") == "Bearer token-" + std::to_string(fetches_))
                return Answer().send(http_reply(200, "{}"));
            ++refused_;
            return Answer().send(
                http_reply(404, R"({"errorCode":"404.001.03","errorMessage":"Invalid Access Token"})"));
        }
        const int number = ++fetches_;
        if (is_down_) return Answer().send(http_reply(503, "<html></html>", {}, "text/html"));
        auto answer = Answer();
        if (slowly_) answer.wait(300ms);
        return answer.send(
            http_reply(200, R"({"access_token":"token-)" + std::to_string(number) + R"(","expires_in":"3599"})"));
    }
    std::string value(Tokens& tokens) {
        const client::Call call;
        const auto token = run(tokens.get(&owner_, &call));
        return token ? token->value : token.error().code;
    }
    std::string in_redis() {
        const auto keys = attempt(redis::Command("KEYS").add("mpesa-token:*")).reply;
        return keys->size() == 0 ? ""
                                 : std::string(attempt(redis::Command("GET").add(keys->at(0).text())).reply->text());
    }
    bool post(Tokens& tokens) {
        Wire wire({.http = &*http_, .tokens = &tokens, .owner = owner_, .logger = {}, .call = {}});
        return run(wire.post(&target_, "/mpesa/stkpush/v1/processrequest", "{}")).has_value();
    }
    static async::Task<std::vector<Tokens::Result>> all(std::vector<async::Task<Tokens::Result>> tasks) {
        co_return co_await async::when_all(std::move(tasks));
    }

    std::atomic<int> fetches_ = 0;
    std::atomic<int> posts_ = 0;
    std::atomic<int> refused_ = 0;
    std::atomic<bool> is_down_ = false;
    std::atomic<bool> slowly_ = false;
    ScriptedServer server_;
    client::Target target_;
    Tokens::Owner owner_;
    std::optional<client::Client> http_;
    std::optional<redis::Client> other_redis_;
    std::optional<Tokens> one_;
    std::optional<Tokens> other_;
};

TEST_F(TokensTest, AreSharedAndSealed) {
    EXPECT_EQ(value(*one_), "token-1");
    EXPECT_EQ(value(*other_), "token-1");
    EXPECT_EQ(fetches_, 1);
    EXPECT_FALSE(in_redis().empty());
    EXPECT_FALSE(in_redis().contains("token-1"));
    const auto time =
        attempt(redis::Command("PTTL").add(attempt(redis::Command("KEYS").add("mpesa-token:*")).reply->at(0).text()));
    EXPECT_LE(time.reply->integer(), 3'539'000);
    EXPECT_GT(time.reply->integer(), 3'500'000);
    // Another secret is another owner, who asks for himself.
    owner_.consumer_secret = "renewed";
    EXPECT_EQ(value(*one_), "token-2");
}

TEST_F(TokensTest, AreAskedForByOneAtATime) {
    slowly_ = true;
    const client::Call call;
    std::vector<async::Task<Tokens::Result>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back((i % 2 == 0 ? *one_ : *other_).get(&owner_, &call));
    for (const auto& token : run(all(std::move(tasks)))) EXPECT_EQ(token->value, "token-1");
    EXPECT_EQ(fetches_, 1);
}

TEST_F(TokensTest, AreDroppedOnlyByWhoeverHadTheSame) {
    const client::Call call;
    const auto old = run(one_->get(&owner_, &call));
    const auto same = run(other_->get(&owner_, &call));
    run(one_->drop(&owner_, &*old));
    EXPECT_EQ(value(*one_), "token-2");
    // Late: the token that failed here was replaced by the other one already.
    run(other_->drop(&owner_, &*same));
    EXPECT_EQ(value(*other_), "token-2");
    EXPECT_EQ(fetches_, 2);
}

TEST_F(TokensTest, ThatCannotBeHadAreOneFailureForAllWhoWait) {
    is_down_ = true;
    const client::Call call;
    std::vector<async::Task<Tokens::Result>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(one_->get(&owner_, &call));
    for (const auto& token : run(all(std::move(tasks)))) EXPECT_EQ(token.error().code, "no_token:http_503");
    EXPECT_EQ(fetches_, 1);
    // And nobody has to clear anything afterwards.
    is_down_ = false;
    EXPECT_EQ(value(*one_), "token-2");
    EXPECT_EQ(value(*other_), "token-2");
}

TEST_F(TokensTest, ThatSomebodyElseEndedCostOneRefusalAnInstance) {
    EXPECT_TRUE(post(*one_));
    EXPECT_TRUE(post(*other_));
    EXPECT_EQ(refused_, 0);
    ++fetches_;  // another program has asked for one
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(post(*one_));
        EXPECT_TRUE(post(*other_));
    }
    EXPECT_LE(refused_, 2);
    EXPECT_EQ(fetches_, 3);
    EXPECT_EQ(posts_, 2 + 10 + refused_);
}

TEST_F(TokensTest, EndNobodysWaitWhenWhoAskedHasDied) {
    const auto id = [&] {
        value(*one_);
        std::string key(attempt(redis::Command("KEYS").add("mpesa-token:*")).reply->at(0).text());
        return key.substr(key.find(':') + 1);
    }();
    attempt(redis::Command("FLUSHALL"));
    attempt(redis::Command("SET").add("mpesa-token-lock:" + id).add("of the dead").add("PX").add(300));
    EXPECT_EQ(value(*other_), "token-2");
}

TEST_F(TokensTest, GoOnWithoutRedis) {
    EXPECT_EQ(value(*one_), "token-1");
    run(client->close(redis::test::soon()));
    EXPECT_EQ(value(*one_), "token-1");
    const client::Call call;
    const auto token = run(one_->get(&owner_, &call));
    run(one_->drop(&owner_, &*token));
    EXPECT_EQ(value(*one_), "token-2");
    EXPECT_EQ(fetches_, 2);
}

}  // namespace

}  // namespace payments::mpesa
