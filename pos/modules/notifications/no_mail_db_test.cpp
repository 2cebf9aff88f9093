// A service in production without MAIL_URL and SMS_PROVIDER: what needs a message says so, and nothing waits for one.

#include <gmock/gmock.h>

#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class NoMailTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        app = new ::testing::TestApp(
            definition(), [](app::Settings& settings) { settings.environment = app::Environment::production; },
            {{"JWT_SECRET", "another secret of the tests, 32 bytes or more"}, {"SIGN_UP", "open"}});
        owner = sign_up("owner@duka.example");
    }
};

TEST_F(NoMailTest, WhatNeedsOneIsRefusedAndTheRestWorks) {
    const auto id = "0197f0c2-0000-7000-8000-000000000001";
    for (const auto& [target, json] : std::vector<std::pair<std::string, std::string>>{
             {"/v1/auth/password/forgot", R"({"email":"owner@duka.example"})"},
             {"/v1/auth/email/verify/send", ""},
             {"/v1/auth/email/change", fmt::format(R"({{"newEmail":"new@duka.example","password":"{}"}})", password)},
             {"/v1/invites", fmt::format(R"({{"email":"juma@duka.example","roleId":"{}"}})", id)},
             {fmt::format("/v1/sales/{}/receipt", id), R"({"email":"customer@example.com"})"}}) {
        const auto reply = post(target, json, owner, {{"Idempotency-Key", target}});
        EXPECT_EQ(reply.status, 503) << target << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("mail.off")) << target;
    }
    EXPECT_EQ(
        post("/v1/auth/password/change", fmt::format(R"({{"currentPassword":"{0}","newPassword":"{0}"}})", password))
            .status,
        204);
    for (const auto& [target, json] : std::vector<std::pair<std::string, std::string>>{
             {"/v1/invites", fmt::format(R"({{"phone":"0712345678","roleId":"{}"}})", id)},
             {fmt::format("/v1/sales/{}/receipt", id), R"({"phone":"0712345678"})"},
             {fmt::format("/v1/sales/{}/receipt", id), R"({"phone":"0712345678","channel":"whatsapp"})"}}) {
        const auto reply = post(target, json, owner, {{"Idempotency-Key", target}});
        EXPECT_EQ(reply.status, 503) << target << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("sms.off")) << target;
    }
    // What proves a number of a person leaves by no tenant's account.
    app->database().execute(
        "insert into message_accounts (tenant_id, channel, id, provider, shown, credentials, created_at, updated_at) "
        "select id, 'sms', id, 'twilio', 'AC1', 'sealed', now(), now() from tenants");
    const auto code =
        post("/v1/auth/phone/verify/send", fmt::format(R"({{"phone":"0712345678","password":"{}"}})", password));
    EXPECT_EQ(code.status, 503) << code.body;
    EXPECT_THAT(code.body, HasSubstr("sms.off"));
    EXPECT_EQ(app->database().value("select count(*) from notifications"), "0");
    EXPECT_EQ(app->database().value("select count(*) from outbox_jobs where queue = 'mail'"), "0");
    EXPECT_EQ(get("/dev/mail").status, 404);
    EXPECT_EQ(get("/dev/sms").status, 404);
}

}  // namespace
