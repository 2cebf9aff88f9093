// A route that others' Standard Webhooks come to.
#include "webhooks/signed_request.h"

#include <gmock/gmock.h>

#include "http/handler.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"
#include "http/signed_body.h"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const base::Timestamp now{std::chrono::seconds(1'614'265'330)};

struct Partner {
    std::vector<webhooks::VerifyingKey> known{*webhooks::VerifyingKey::parse(secret)};

    [[nodiscard]] std::vector<webhooks::VerifyingKey> keys(const http::Context& /*context*/) const { return known; }
    [[nodiscard]] static base::Timestamp now() { return ::now; }
};

int handled = 0;
async::Task<http::NoContent> receive(http::SignedBody<webhooks::StandardWebhook<Partner>, 200> body) {
    ++handled;
    EXPECT_FALSE(body.bytes().empty());
    co_return http::NoContent{};
}

class SignedBodyTest : public ::testing::Test {
protected:
    SignedBodyTest() {
        handled = 0;
        http::Routes(router.group(""), "test").post("/hooks", receive);
        chain.services.add(partner);
    }
    http::InjectedResponse send(std::string body, const std::string& signature, std::string timestamp = "1614265330") {
        return chain.run({http::problems()}, router.handler(),
                         {.method = http::Method::post,
                          .target = "/hooks",
                          .headers = {{"Webhook-Id", "msg_1"},
                                      {"Webhook-Timestamp", std::move(timestamp)},
                                      {"Webhook-Signature", signature}},
                          .body = std::move(body)});
    }
    static std::string signed_by(std::string_view key, std::string_view body) {
        return webhooks::SigningKey::parse(key)->sign({"msg_1", now, body});
    }

    Partner partner;
    http::ChainForTest chain;
    http::Router router;
};

TEST_F(SignedBodyTest, WhatIsSignedIsHandled) {
    const std::string body = R"({ "z":1e3,  "a":1.10 })";
    EXPECT_EQ(send(body, signed_by(secret, body)).status, 204);
    EXPECT_EQ(handled, 1);
}

TEST_F(SignedBodyTest, WhatIsNotIsRefusedAlike) {
    const std::string body = R"({"a":1})";
    const auto good = signed_by(secret, body);
    for (const auto& reply : {send(R"({"a":2})", good), send(body, ""), send(body, good, "1614265999"),
                              send(body, signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", body))}) {
        EXPECT_EQ(reply.status, 401) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("webhook.not_verified"));
        EXPECT_THAT(reply.body, Not(HasSubstr("too_old")));
    }
    partner.known.clear();
    EXPECT_EQ(send(body, good).status, 401) << "without keys nobody is believed";
    EXPECT_EQ(handled, 0);
}

TEST_F(SignedBodyTest, MoreThanTheLimitIsNotRead) {
    const std::string body(201, ' ');
    EXPECT_EQ(send(body, signed_by(secret, body)).status, 413);
    EXPECT_EQ(handled, 0);
}

}  // namespace
