// An invitation by SMS: who has the phone joins, and takes nobody's account over.
#include <gmock/gmock.h>

#include "pos/modules/notifications/messaging.h"
#include "pos/testing/mail.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

constexpr std::string_view fresh = "chai-ya-tangawizi-saa-nne";

class PhoneInvitesTest : public BackgroundTest {
protected:
    static void SetUpTestSuite() {
        set_up(definition());
        background = start({"sms"});
    }
    static void TearDownTestSuite() {
        stop(*background);
        background.reset();
        BackgroundTest::TearDownTestSuite();
    }
    // Nothing is emptied but counts: the worker runs through all tests of the suite.
    void SetUp() override { app->database().execute("truncate message_counts, message_spending, phone_wishes"); }

    static sms::Outbox& outbox() { return app->app().parts().use<Messaging>().outbox(); }
    static InjectedResponse invite(const std::string& phone, const std::string& more = "") {
        static int number = 0;
        std::string role;
        for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
            if (one.built_in == "cashier") role = text(one.id);
        }
        return post("/v1/invites",
                    fmt::format(R"({{"phone":"{}","roleId":"{}","locationId":"{}"{}}})", phone, role, location(), more),
                    owner, {{"Idempotency-Key", fmt::format("phone-invite-{}", ++number)}});
    }
    // Of the newest message to the number that has another one than `before`.
    static std::string token_to(const std::string& number, const std::string& before = "") {
        std::string token;
        const auto newest = [&] {
            const auto entry = outbox().last_to(number);
            if (!entry) return std::string("no message");
            const auto at = entry->text.find("token=") + 6;
            token = entry->text.substr(at, entry->text.find(' ', at) - at);
            return std::string(token == before ? "the same" : "there");
        };
        EXPECT_TRUE(becomes(newest, "there")) << number;
        return token;
    }
    static InjectedResponse accept(const std::string& token, std::string_view more, const std::string& as = "") {
        return post("/v1/invites/accept", fmt::format(R"({{"token":"{}"{}}})", token, more), as);
    }
    static std::string person(std::string_view email, std::string_view secret = fresh) {
        return fmt::format(R"(,"email":"{}","name":"Juma Kamau","password":"{}")", email, secret);
    }
    static std::string account(std::string_view email, std::string_view columns) {
        return rows(fmt::format("select concat_ws(' ', {}) from users where email = '{}'", columns, email));
    }

    static inline std::unique_ptr<app::Background> background;
};

TEST_F(PhoneInvitesTest, EverySpellingOfANumberIsOneInvitation) {
    const auto reply = invite("0711 000 001");
    EXPECT_EQ(reply.status, 201) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"("phone":"+254711000001")"));
    EXPECT_THAT(reply.body, HasSubstr(R"("channel":"sms")"));
    for (const auto* same : {"+254711000001", "254 711-000-001", "+254 (0)711000001"})
        EXPECT_THAT(invite(same).body, HasSubstr("invite.open")) << same;
    EXPECT_THAT(token_to("+254711000001"), ::testing::SizeIs(::testing::Gt(20U)));
}

TEST_F(PhoneInvitesTest, ALandlineIsRefusedAtOnce) {
    for (const auto* number : {"020 2345678", "0800 723 456"}) {
        const auto reply = invite(number);
        EXPECT_EQ(reply.status, 422) << number << reply.body;
        EXPECT_THAT(reply.body, ::testing::AnyOf(HasSubstr("sms.not_mobile"), HasSubstr("/phone"))) << number;
    }
}

TEST_F(PhoneInvitesTest, ThePageSpeaksTheLanguageOfTheMessage) {
    EXPECT_EQ(invite("0711000090", R"(,"locale":"sw")").status, 201);
    const auto page = get("/account/accept-invite?token=" + token_to("+254711000090"), "").body;
    EXPECT_THAT(page, HasSubstr("lang=\"sw\""));
    EXPECT_THAT(page, HasSubstr("Kubali mwaliko"));
}

TEST_F(PhoneInvitesTest, ANewPersonJoinsWithAnAddressThatIsNotProven) {
    EXPECT_EQ(invite("0711000002").status, 201);
    const auto token = token_to("+254711000002");
    EXPECT_THAT(get("/account/accept-invite?token=" + token, "").body, HasSubstr("name=\"email\""));
    EXPECT_THAT(accept(token, R"(,"name":"Juma","password":"chai-ya-tangawizi-saa-nne")").body, HasSubstr("/email"));
    EXPECT_EQ(accept(token, person("juma2@duka.example")).status, 200);
    EXPECT_EQ(accept(token, person("juma2@duka.example")).status, 200) << "the same form again";
    EXPECT_EQ(account("juma2@duka.example", "phone, phone_verified_at is not null, email_verified_at is null"),
              "+254711000002 f t")
        << "the message may have left by an account whose log others read";
    EXPECT_EQ(
        rows("select count(*) from notifications where kind = 'email_verify' and recipient = 'juma2@duka.example'"),
        "1");
    const auto by_phone = [] {
        return post("/v1/auth/login", fmt::format(R"({{"phone":"0711 000 002","password":"{}"}})", fresh), "").status;
    };
    EXPECT_EQ(by_phone(), 401) << "written down, and not proven";
    app->database().execute("update users set phone_verified_at = now() where phone = '+254711000002'");
    EXPECT_EQ(by_phone(), 200);
    EXPECT_THAT(invite("0711000002").body, HasSubstr("user.already_member"));
}

// A number says nothing of an account: its password does.
TEST_F(PhoneInvitesTest, AnAccountThatExistsNeedsItsPassword) {
    sign_up("wanjiku@elsewhere.example");
    EXPECT_EQ(invite("0711000003").status, 201);
    const auto token = token_to("+254711000003");
    EXPECT_EQ(accept(token, person("wanjiku@elsewhere.example")).status, 401);
    EXPECT_EQ(accept(token, person("wanjiku@elsewhere.example", password)).status, 200);
    EXPECT_EQ(account("wanjiku@elsewhere.example", "phone, email_verified_at is null"), "+254711000003 t")
        << "an SMS proves no address";
}

TEST_F(PhoneInvitesTest, WhoIsSignedInJoinsAsThemselves) {
    EXPECT_EQ(invite("0711000004").status, 201);
    const auto joined = accept(token_to("+254711000004"), "", other);
    EXPECT_EQ(joined.status, 200) << joined.body;
    EXPECT_THAT(joined.body, HasSubstr("owner@elsewhere.example"));
}

// The number is somebody's already: they keep it.
TEST_F(PhoneInvitesTest, ANumberIsTakenFromNobody) {
    EXPECT_EQ(invite("0711000005").status, 201);
    const auto token = token_to("+254711000005");
    app->database().execute(
        "update users set phone = '+254711000005', phone_verified_at = now() "
        "where email = 'owner@duka.example'");
    EXPECT_EQ(accept(token, person("atieno@duka.example")).status, 200);
    EXPECT_EQ(account("atieno@duka.example", "phone is null, phone_verified_at is null"), "t t");
    EXPECT_EQ(account("owner@duka.example", "phone"), "+254711000005");
    app->database().execute(
        "update users set phone = null, phone_verified_at = null where email = 'owner@duka.example'");
}

TEST_F(PhoneInvitesTest, SentAgainTheLinkBeforeIsDead) {
    const auto made = invite("0711000006");
    const auto id = made.body.substr(made.body.find("\"id\":\"") + 6, 36);
    const auto first = token_to("+254711000006");
    EXPECT_EQ(post("/v1/invites/" + id + "/resend", "", owner, {{"Idempotency-Key", "again"}}).status, 200);
    const auto second = token_to("+254711000006", first);
    EXPECT_EQ(accept(first, person("kamau@duka.example")).status, 410);
    EXPECT_EQ(accept(second, person("kamau@duka.example")).status, 200);
}

TEST_F(PhoneInvitesTest, WhatCannotBeSentIsRefused) {
    app->database().execute(
        "insert into phone_wishes values ('00000000-0000-0000-0000-000000000000', '+254711000007', "
        "true, now())");
    EXPECT_THAT(invite("0711000007").body, HasSubstr("invite.unreachable"));
    EXPECT_THAT(invite("+442079460018").body, HasSubstr("sms.not_sent_there"));
    EXPECT_THAT(invite("0711000008", R"(,"channel":"whatsapp")").body, HasSubstr("sms.off"));
    EXPECT_EQ(invite("0711000008", R"(,"channel":"email")").status, 422);
    EXPECT_EQ(invite("0711000008", R"(,"channel":"app")").status, 422);
    EXPECT_EQ(invite("0711000008", R"(,"email":"both@duka.example")").status, 422);
    EXPECT_EQ(invite("12").status, 422);
    EXPECT_EQ(rows("select count(*) from invites where phone in ('+254711000007', '+442079460018', '+254711000008')"),
              "0");
}

}  // namespace
