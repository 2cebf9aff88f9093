// A phone number is whose messages are read; and what accounts are told by mail of their second factors. With workers that send.
#include <gmock/gmock.h>

#include "auth/totp.h"
#include "pos/modules/notifications/messaging.h"
#include "pos/modules/second_factor/phone_proofs.h"
#include "pos/testing/mail.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;

class PhoneTest : public MailTest {
protected:
    static void SetUpTestSuite() {
        set_up(definition());
        background = start({"mail", "sms"});
    }
    void SetUp() override {
        MailTest::SetUp();
        outbox().clear();
        // Of the service, over all tests.
        app->database().execute("truncate message_counts");
    }

    static sms::Outbox& outbox() { return app->app().parts().use<Messaging>().outbox(); }
    static std::string someone() {
        static int people = 0;
        auto address = fmt::format("caller-{}@duka.example", ++people);
        sign_up(address);
        return address;
    }
    // A number that nobody has had.
    static std::string number() {
        static int given = 0;
        return fmt::format("+2547120{:05}", ++given);
    }
    static InjectedResponse send_code(const std::string& token, const std::string& phone) {
        return post("/v1/auth/phone/verify/send", fmt::format(R"({{"phone":"{}","password":"{}"}})", phone, password),
                    token);
    }
    static InjectedResponse prove(const std::string& token, const std::string& phone, const std::string& code) {
        return post("/v1/auth/phone/verify", fmt::format(R"({{"phone":"{}","code":"{}"}})", phone, code), token);
    }
    // Of the newest SMS to it.
    static std::string code_to(const std::string& phone) {
        EXPECT_TRUE(becomes([&] { return std::string(outbox().last_to(phone) ? "there" : "no message"); }, "there"));
        const auto message = outbox().last_to(phone);
        return message ? message->text.substr(0, 6) : "";
    }
    static std::string other_than(const std::string& code) { return code == "123456" ? "654321" : "123456"; }
    static std::string of(std::string_view sql, const std::string& address) {
        return rows(fmt::format(fmt::runtime(sql), address));
    }
    static void a_minute_later() {
        app->database().execute("update phone_verifications set sent_at = sent_at - interval '61 seconds'");
    }
};

TEST_F(PhoneTest, ANumberIsProvenByTheCodeThatIsSentToIt) {
    const auto address = someone();
    const auto token = log_in(address);
    const auto phone = number();
    const auto local = "0" + phone.substr(4);
    EXPECT_EQ(post("/v1/auth/phone/verify/send", fmt::format(R"({{"phone":"{}"}})", phone), token).status, 422)
        << "a new login needs the password";
    const auto sent = send_code(token, local);
    ASSERT_EQ(sent.status, 200) << sent.body;
    EXPECT_EQ(body<PhoneCodeSent>(sent).phone, phone);
    const auto code = code_to(phone);
    EXPECT_EQ(rows(fmt::format("select count(*) from notifications where recipient = '{}' "
                               "and position('{}' in given::text) > 0",
                               phone, code)),
              "0");
    EXPECT_EQ(post("/v1/auth/login", fmt::format(R"({{"phone":"{}","password":"{}"}})", local, password), "").status,
              401);
    EXPECT_THAT(prove(token, phone, other_than(code)).body, HasSubstr("auth.code_wrong"));
    EXPECT_THAT(prove(token, number(), code).body, HasSubstr("phone.no_code")) << "for another number";
    const auto proven = prove(token, local, code);
    ASSERT_EQ(proven.status, 200) << proven.body;
    EXPECT_EQ(body<ProvenPhone>(proven).phone, phone);
    EXPECT_EQ(post("/v1/auth/login", fmt::format(R"({{"phone":"{}","password":"{}"}})", local, password), "").status,
              200);
    EXPECT_THAT(prove(token, phone, code).body, HasSubstr("phone.no_code")) << "once";
    EXPECT_EQ(post("/v1/auth/phone/verify/send", "{}", token).status, 200) << "the account's own, once more";
}

// Whoever writes somebody's number down must not be who signs in by it.
TEST_F(PhoneTest, ANumberThatIsNotProvenIsNoLogin) {
    const auto phone = number();
    const auto address = someone();
    const auto by_phone = [&] {
        return post("/v1/auth/login", fmt::format(R"({{"phone":"{}","password":"{}"}})", phone, password), "").status;
    };
    app->database().execute(fmt::format("update users set phone = '{}' where email = '{}'", phone, address));
    EXPECT_EQ(by_phone(), 401);
    const auto token = log_in(address);
    EXPECT_EQ(post("/v1/auth/phone/verify/send", "{}", token).status, 200) << "the number that is written down";
    EXPECT_EQ(prove(token, phone, code_to(phone)).status, 200);
    EXPECT_EQ(by_phone(), 200);
}

TEST_F(PhoneTest, AskedForAgainItIsTheSameCode) {
    const auto token = log_in(someone());
    const auto phone = number();
    const auto first = body<PhoneCodeSent>(send_code(token, phone));
    const auto code = code_to(phone);
    EXPECT_EQ(body<PhoneCodeSent>(send_code(token, phone)).expires_at, first.expires_at);
    EXPECT_EQ(of("select count(*) from notifications where recipient = '{}'", phone), "1") << "within a minute";
    a_minute_later();
    outbox().clear();
    EXPECT_EQ(send_code(token, phone).status, 200);
    EXPECT_EQ(code_to(phone), code);
    app->database().execute("update phone_verifications set expires_at = now() - interval '1 second'");
    EXPECT_THAT(prove(token, phone, code).body, HasSubstr("phone.no_code")) << "its time is over";
}

// Asking again gives no further guesses.
TEST_F(PhoneTest, GuessesAndCodesOfADayAreCounted) {
    const auto address = someone();
    const auto token = log_in(address);
    const auto phone = number();
    std::size_t judged = 0;
    std::size_t sent = 0;
    for (int round = 0; round < 8; ++round) {
        sent += send_code(token, phone).status == 200 ? 1U : 0U;
        a_minute_later();
        const auto code = code_to(phone);
        for (int i = 0; i < 3; ++i) judged += prove(token, phone, other_than(code)).status == 422 ? 1U : 0U;
    }
    EXPECT_EQ(sent, 4U) << "a code that nobody may try is not sent";
    EXPECT_EQ(judged, static_cast<std::size_t>(PhoneProofs::most_guesses));
    const auto refused = prove(token, phone, code_to(phone));
    EXPECT_EQ(refused.status, 429) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("phone.guess_limit"));
    EXPECT_TRUE(refused.header("Retry-After"));
    EXPECT_THAT(send_code(token, phone).body, HasSubstr("phone.guess_limit"));
    app->database().execute("update code_attempts set at = at - interval '24 hours'");
    EXPECT_EQ(send_code(token, phone).status, 200);
    EXPECT_EQ(prove(token, phone, code_to(phone)).status, 200);
}

TEST_F(PhoneTest, FiveCodesADay) {
    const auto token = log_in(someone());
    const auto phone = number();
    for (std::int64_t i = 0; i < PhoneProofs::most_codes; ++i) {
        EXPECT_EQ(send_code(token, phone).status, 200);
        a_minute_later();
    }
    EXPECT_THAT(send_code(token, phone).body, HasSubstr("phone.code_limit"));
}

TEST_F(PhoneTest, ANumberIsWhoseWhoHasProvenIt) {
    const auto phone = number();
    const auto squatter = someone();
    app->database().execute(fmt::format("update users set phone = '{}' where email = '{}'", phone, squatter));
    const auto address = someone();
    const auto token = log_in(address);
    EXPECT_EQ(send_code(token, phone).status, 200);
    EXPECT_EQ(prove(token, phone, code_to(phone)).status, 200);
    EXPECT_EQ(of("select phone is null from users where email = '{}'", squatter), "t");
    // It is proven now: nobody takes it away.
    outbox().clear();
    const auto third = log_in(someone());
    EXPECT_EQ(send_code(third, phone).status, 200);
    EXPECT_THAT(prove(third, phone, code_to(phone)).body, HasSubstr("user.phone_taken"));
    EXPECT_EQ(of("select phone from users where email = '{}'", address), phone);
}

TEST_F(PhoneTest, NumbersOfOtherCountriesCostNothing) {
    const auto token = log_in(someone());
    const auto reply = send_code(token, "+23276123456");
    EXPECT_EQ(reply.status, 422) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("sms.not_sent_there"));
    EXPECT_EQ(rows("select count(*) from code_attempts where kind = 'phone_code_sent' and user_id not in ("
                   "select user_id from phone_verifications)"),
              "0");
}

// ---- What whoever reads the mails of an address gets, and does not get ----------------------------------------------

class FactorMailsTest : public PhoneTest {
protected:
    static constexpr std::string_view fresh = "chai-ya-tangawizi-saa-nne";

    struct Person {
        std::string address;
        std::string token;
        std::string secret;
        std::vector<std::string> codes;
    };
    static std::string code_at(const Person& person, std::int64_t drift) {
        return auth::totp_code(person.secret, auth::totp_step(base::system_clock().now()) + drift);
    }
    static std::string read_base32(std::string_view text) {
        std::string bits;
        for (const char letter : text) {
            const auto value = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(letter);
            for (int bit = 4; bit >= 0; --bit) bits.push_back((value >> bit & 1U) != 0 ? '1' : '0');
        }
        std::string bytes;
        for (std::size_t i = 0; i + 8 <= bits.size(); i += 8)
            bytes.push_back(static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2)));
        return bytes;
    }
    static Person with_app() {
        Person person{.address = someone(), .token = {}, .secret = {}, .codes = {}};
        const auto proof = token_of(mail_to(person.address, "Confirm your e-mail"));
        EXPECT_EQ(post("/v1/auth/email/verify", fmt::format(R"({{"token":"{}","password":"{}"}})", proof, password), "")
                      .status,
                  204);
        person.token = log_in(person.address);
        const auto begun =
            body<TotpSecret>(post("/v1/auth/totp", fmt::format(R"({{"password":"{}"}})", password), person.token));
        person.secret = read_base32(begun.secret);
        const auto confirmed =
            post("/v1/auth/totp/confirm", fmt::format(R"({{"code":"{}"}})", code_at(person, 0)), person.token);
        EXPECT_EQ(confirmed.status, 200) << confirmed.body;
        person.codes = body<RecoveryCodes>(confirmed).recovery_codes;
        return person;
    }
    static InjectedResponse second_step(const Person& person, std::string_view secret, const std::string& given) {
        const auto first = log_in_with(person.address, secret);
        EXPECT_EQ(first.status, 401);
        const auto at = first.body.find(R"("challenge":")") + 13;
        return post(
            "/v1/auth/totp/login",
            fmt::format(R"({{"challenge":"{}",{}}})", first.body.substr(at, first.body.find('"', at) - at), given), "");
    }
};

// A reset by the mailbox changes the password and nothing else.
TEST_F(FactorMailsTest, AResetLeavesTheSecondFactorAndNoSession) {
    const auto person = with_app();
    mail_to(person.address, "second factor is on");
    EXPECT_EQ(post("/v1/auth/password/forgot", fmt::format(R"({{"email":"{}"}})", person.address), "").status, 204);
    const auto token = token_of(mail_to(person.address, "new password"));
    EXPECT_EQ(
        post("/v1/auth/password/reset", fmt::format(R"({{"token":"{}","newPassword":"{}"}})", token, fresh), "").status,
        204);
    EXPECT_EQ(get("/v1/auth/me", person.token).status, 401);
    EXPECT_EQ(of("select count(*) from sessions s join users u on u.id = s.user_id where u.email = '{}' "
                 "and s.revoked_at is null",
                 person.address),
              "0");
    const auto first = log_in_with(person.address, fresh);
    EXPECT_EQ(first.status, 401);
    EXPECT_THAT(first.body, HasSubstr("auth.second_factor_required"));
    EXPECT_THAT(first.body, Not(HasSubstr("accessToken")));
    const auto in = second_step(person, fresh, fmt::format(R"("code":"{}")", code_at(person, 1)));
    EXPECT_EQ(in.status, 200) << in.body;
}

TEST_F(FactorMailsTest, ItsOwnerHearsOfIt) {
    const auto person = with_app();
    EXPECT_EQ(second_step(person, password, fmt::format(R"("recoveryCode":"{}")", person.codes.at(0))).status, 200);
    EXPECT_THAT(mail_to(person.address, "recovery code was used").message.text, HasSubstr("You have 9 left"));
    EXPECT_EQ(post("/v1/auth/totp/recovery-codes", fmt::format(R"({{"code":"{}"}})", code_at(person, 1)), person.token)
                  .status,
              200);
    EXPECT_THAT(mail_to(person.address, "new recovery codes").message.text, HasSubstr("those before serve no more"));
    std::string wrong = "000000";
    while (auth::find_totp(person.secret, wrong, base::system_clock().now()))
        wrong = fmt::format("{:06}", std::stoi(wrong) + 1);
    for (int i = 0; i < 21; ++i)
        EXPECT_EQ(second_step(person, password, fmt::format(R"("code":"{}")", wrong)).status, 422);
    EXPECT_THAT(mail_to(person.address, "knows your password").message.text, HasSubstr("Change your password now"));
    EXPECT_TRUE(becomes(rows_left, "0"));
    EXPECT_EQ(
        of("select count(*) from notifications where recipient = '{}' and given->>'event' = 'guessed'", person.address),
        "1");
}

// Whoever registered somebody's address gets nothing of it: no second factor, and no phone number.
TEST_F(FactorMailsTest, APreRegisteredAddressHasNeitherFactorNorPhone) {
    const auto victim = someone();
    const auto attackers = log_in(victim);
    EXPECT_EQ(post("/v1/auth/totp", fmt::format(R"({{"password":"{}"}})", password), attackers).status, 409);
    const auto phone = number();
    EXPECT_EQ(send_code(attackers, phone).status, 200);
    EXPECT_EQ(prove(attackers, phone, code_to(phone)).status, 200);
    const auto link = token_of(mail_to(victim, "Confirm your e-mail"));
    EXPECT_EQ(
        post("/v1/auth/email/verify", fmt::format(R"({{"token":"{}","newPassword":"{}"}})", link, fresh), "").status,
        204);
    EXPECT_EQ(get("/v1/auth/me", attackers).status, 401);
    EXPECT_EQ(log_in_with(victim, fresh).status, 200);
    EXPECT_EQ(of("select phone is null and phone_verified_at is null from users where email = '{}'", victim), "t");
}

}  // namespace
