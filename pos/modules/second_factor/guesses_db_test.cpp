// One code, one sign-in; and so many guesses a day, whoever makes them.

#include "pos/modules/second_factor/factor_for_test.h"
#include "pos/modules/second_factor/second_factors.h"

namespace {

using namespace pos::people_test;

class GuessesTest : public FactorTest {
protected:
    static std::vector<InjectedResponse> at_once(const std::vector<http::InjectedRequest>& requests) {
        const auto all = [](std::vector<http::InjectedRequest> asked) -> async::Task<std::vector<InjectedResponse>> {
            std::vector<async::Task<InjectedResponse>> tasks;
            for (auto& one : asked) tasks.push_back(app->host().inject(std::move(one)));
            co_return co_await async::when_all(std::move(tasks));
        };
        return app->run(all(requests));
    }
    static http::InjectedRequest step(const std::string& challenge, const std::string& given, From from = {}) {
        return request("/v1/auth/totp/login", fmt::format(R"({{"challenge":"{}",{}}})", challenge, given),
                       std::move(from));
    }
    static std::size_t count(const std::vector<InjectedResponse>& replies, std::string_view text) {
        return static_cast<std::size_t>(
            std::ranges::count_if(replies, [&](const InjectedResponse& reply) { return reply.body.contains(text); }));
    }
    static std::string steps_of(const AppUser& person) {
        return *app->database().value(fmt::format(
            "select f.last_step from second_factors f join users u on u.id = f.user_id where u.email = '{}'",
            person.email));
    }
};

TEST_F(GuessesTest, FiftyAtOnceWithOneCodeAreOneSignIn) {
    const auto person = set_up();
    const auto asked = challenge(person);
    const auto digits = next_code(person);
    const auto replies = at_once(std::vector(50, step(asked, code(digits))));
    EXPECT_EQ(count(replies, "accessToken"), 1U);
    EXPECT_EQ(count(replies, "auth.code_used"), 49U);
    EXPECT_EQ(sessions_of(person), "2");
    EXPECT_EQ(steps_of(person), std::to_string(auth::totp_step(clock->now()))) << "kept, for every instance";
    // None of them was a guess.
    EXPECT_EQ(log_in(person, code(next_code(person))).status, 200);
}

TEST_F(GuessesTest, FiftyAtOnceWithOneRecoveryCodeAreOneSignIn) {
    const auto person = set_up();
    const auto given = fmt::format(R"("recoveryCode":"{}")", person.recovery_codes.at(3));
    const auto replies = at_once(std::vector(50, step(challenge(person), given)));
    EXPECT_EQ(count(replies, "accessToken"), 1U);
    EXPECT_EQ(count(replies, "auth.code_wrong"), 49U);
    EXPECT_EQ(sessions_of(person), "2");
}

// Of somebody who knows the password: asks again and again, from a thousand addresses, also many at once.
TEST_F(GuessesTest, TheGuessesOfADayStayWithinTheirNumber) {
    const auto person = set_up();
    const auto wrong = code(wrong_code(person));
    std::size_t judged = 0;
    std::size_t refused = 0;
    for (int round = 0; round < 10; ++round) {
        const auto asked = challenge(person);
        std::vector<http::InjectedRequest> guesses;
        for (int i = 0; i < 100; ++i)
            guesses.push_back(step(asked, wrong, {.address = fmt::format("198.51.{}.{}", round, i + 1)}));
        const auto replies = at_once(guesses);
        judged += count(replies, "auth.code_wrong");
        refused += count(replies, "auth.codes_needed");
    }
    EXPECT_EQ(judged, static_cast<std::size_t>(pos::SecondFactors::most_guesses));
    EXPECT_EQ(refused, 1'000U - judged);
    // A right code alone tells nothing any more either.
    EXPECT_THAT(log_in(person, code(next_code(person))).body, HasSubstr("auth.codes_needed"));

    // The owner waits for a second code, and is in, from wherever.
    const auto pair = [&](std::int64_t first) {
        return fmt::format(R"("code":"{}","nextCode":"{}")", code_at(person, first), code_at(person, first + 1));
    };
    EXPECT_THAT(log_in(person, fmt::format(R"("code":"{0}","nextCode":"{0}")", code_at(person, 0))).body,
                HasSubstr("auth.code_wrong"));
    clock->advance(30s);
    EXPECT_EQ(second_step(challenge(person), pair(-1), {.address = "203.0.113.77"}).status, 200);
    EXPECT_THAT(log_in(person, pair(-1)).body, HasSubstr("auth.code_used"));
    EXPECT_EQ(log_in(person, fmt::format(R"("recoveryCode":"{}")", person.recovery_codes.at(0))).status, 200);
    EXPECT_THAT(log_in(person, code(code_at(person, 1))).body, HasSubstr("auth.codes_needed"))
        << "success gives no guesses back";

    clock->advance(24h);
    EXPECT_EQ(log_in(person, code(next_code(person))).status, 200);
    EXPECT_THAT(log_in(person, wrong).body, HasSubstr("auth.code_wrong"));
}

// Neither does setting it up anew.
TEST_F(GuessesTest, AreCountedForTheAccount) {
    auto person = set_up();
    const auto asked = challenge(person);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(second_step(asked, code(wrong_code(person))).status, 422);
    const auto off =
        ask(person, "/v1/auth/totp/disable",
            fmt::format(R"({{"password":"{}","recoveryCode":"{}"}})", password, person.recovery_codes.at(0)));
    ASSERT_EQ(off.status, 204) << off.body;
    enable(person);
    EXPECT_THAT(log_in(person, code(next_code(person))).body, HasSubstr("auth.codes_needed"));
    // Another account's are its own.
    const auto other = set_up();
    EXPECT_EQ(log_in(other, code(next_code(other))).status, 200);
}

}  // namespace
