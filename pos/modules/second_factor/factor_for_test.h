#pragma once
// An authenticator app for tests of people with a second factor.
//
//     class MyTest : public FactorTest {};
//     const auto person = set_up();                              // signed in, with an app and ten recovery codes
//     log_in(person, R"("code":")" + next_code(person) + '"');    // the second step

#include "auth/totp.h"
#include "pos/modules/auth/people_for_test.h"
#include "pos/modules/second_factor/contract.h"

namespace pos::people_test {

struct AppUser {
    std::string email;
    SignedIn session;
    std::string secret;
    std::vector<std::string> recovery_codes;

    [[nodiscard]] const std::string& token() const { return *session.credentials.access_token; }
};

// RFC 4648 §6, of what totp_secret_text() writes.
inline std::string read_base32(std::string_view text) {
    std::string bytes;
    unsigned kept = 0;
    unsigned bits = 0;
    for (const char letter : text) {
        kept = kept << 5U | static_cast<unsigned>(std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(letter));
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<char>(kept >> bits & 255U));
    }
    return bytes;
}

class FactorTest : public PeopleTest {
protected:
    static std::string code_at(const AppUser& person, std::int64_t drift) {
        return auth::totp_code(person.secret, auth::totp_step(clock->now()) + drift);
    }
    // Waits for it, as people do.
    static std::string next_code(const AppUser& person) {
        clock->advance(std::chrono::seconds(auth::totp_step_seconds));
        return code_at(person, 0);
    }
    // A code that is none of those that count now.
    static std::string wrong_code(const AppUser& person) {
        for (int number = 0;; ++number) {
            auto code = fmt::format("{:06}", number);
            if (!auth::find_totp(person.secret, code, clock->now())) return code;
        }
    }

    static void prove_email(const std::string& address) {
        app->database().execute(fmt::format("update users set email_verified_at = now() where email = '{}'", address));
    }
    static InjectedResponse ask(const AppUser& person, std::string target, std::string json) {
        return app->post(std::move(target), std::move(json), {.token = person.token()});
    }
    static AppUser someone() {
        AppUser person;
        person.email = email();
        person.session = sign_up(person.email);
        prove_email(person.email);
        return person;
    }
    static void begin(AppUser& person) {
        const auto begun =
            body<TotpSecret>(ask(person, "/v1/auth/totp", fmt::format(R"({{"password":"{}"}})", password)));
        person.secret = read_base32(begun.secret);
    }
    static void enable(AppUser& person) {
        begin(person);
        const auto reply = ask(person, "/v1/auth/totp/confirm", fmt::format(R"({{"code":"{}"}})", code_at(person, 0)));
        EXPECT_EQ(reply.status, 200) << reply.body;
        person.recovery_codes = body<RecoveryCodes>(reply).recovery_codes;
    }
    static AppUser set_up() {
        auto person = someone();
        enable(person);
        return person;
    }

    // What the first step answers.
    static std::string challenge(const AppUser& person, std::string_view more = "",
                                 std::string_view secret = password) {
        const auto reply =
            post("/v1/auth/login", fmt::format(R"({{"email":"{}","password":"{}"{}}})", person.email, secret, more));
        EXPECT_EQ(reply.status, 401) << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.second_factor_required"));
        const auto at = reply.body.find(R"("challenge":")");
        if (at == std::string::npos) throw std::runtime_error("no challenge: " + reply.body);
        const auto begin = at + 13;
        return reply.body.substr(begin, reply.body.find('"', begin) - begin);
    }
    static InjectedResponse second_step(const std::string& challenge, const std::string& given, From from = {}) {
        return post("/v1/auth/totp/login", fmt::format(R"({{"challenge":"{}",{}}})", challenge, given),
                    std::move(from));
    }
    static InjectedResponse log_in(const AppUser& person, const std::string& given) {
        return second_step(challenge(person), given);
    }
    static std::string code(const std::string& digits) { return fmt::format(R"("code":"{}")", digits); }
    static std::string sessions_of(const AppUser& person) {
        return *app->database().value(
            fmt::format("select count(*) from sessions s join users u on u.id = s.user_id where u.email = '{}' "
                        "and s.revoked_at is null",
                        person.email));
    }
};

}  // namespace pos::people_test
