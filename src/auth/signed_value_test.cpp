#include "auth/signed_value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "base/random.h"

namespace auth {
namespace {

using std::chrono::seconds;

constexpr base::Timestamp now{seconds(1'705'300'000)};
const std::string first_secret(32, 'a');
const std::string second_secret(32, 'b');

TEST(SignedValues, RoundTripAndPurpose) {
    const SignedValues values({.secret = first_secret});
    for (const std::string& payload : {std::string(), std::string("cursor"), std::string("\0\xff.", 3)}) {
        EXPECT_EQ(values.verify("cursor", values.sign("cursor", payload), now), payload);
        EXPECT_FALSE(values.verify("ticket", values.sign("cursor", payload), now));
    }
    // The border between purpose and message is signed too.
    EXPECT_NE(values.tag("ab", "c"), values.tag("a", "bc"));
    EXPECT_NE(values.tag("1", "1:a"), values.tag("11", ":a"));
}

TEST(SignedValues, Expires) {
    const SignedValues values({.secret = first_secret});
    const std::string text = values.sign("ticket", "x", now + seconds(30));
    EXPECT_TRUE(values.verify("ticket", text, now + seconds(29)));
    EXPECT_FALSE(values.verify("ticket", text, now + seconds(30)));
    EXPECT_THROW((void)values.sign("ticket", "x", base::Timestamp{}), std::invalid_argument);
}

TEST(SignedValues, EveryChangedCharacterIsNoticed) {
    const SignedValues values({.secret = first_secret});
    const std::string text = values.sign("cursor", "payload");
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(values.verify("cursor", changed, now)) << i;
    }
    for (const std::string_view bad : {"", ".", "a", "a.b", "AAAAAAAAAAA."})
        EXPECT_FALSE(values.verify("cursor", bad, now));
    EXPECT_FALSE(values.verify("cursor", text + "=", now));
    EXPECT_FALSE(values.verify("cursor", std::string(5000, 'A'), now));
    EXPECT_THROW((void)values.sign("cursor", std::string(4096, 'x')), std::length_error);
}

TEST(SignedValues, OldSecretsVerifyButDoNotSign) {
    const SignedValues before({.secret = first_secret});
    const SignedValues after({.secret = second_secret, .previous_secrets = {first_secret}});
    EXPECT_TRUE(after.verify("p", before.sign("p", "x"), now));
    EXPECT_FALSE(before.verify("p", after.sign("p", "x"), now));
    EXPECT_THROW(SignedValues({.secret = "short"}), std::invalid_argument);
    EXPECT_THROW(SignedValues({.secret = first_secret, .previous_secrets = {"short"}}), std::invalid_argument);
}

TEST(Csrf, BoundToTheSession) {
    const SignedValues values({.secret = first_secret});
    base::SecureRandom random;
    const std::string token = make_csrf_token(values, "session-1", random);
    EXPECT_TRUE(check_csrf_token(values, "session-1", token));
    EXPECT_FALSE(check_csrf_token(values, "session-2", token));
    EXPECT_FALSE(check_csrf_token(values, "", token));
    EXPECT_FALSE(check_csrf_token(values, "session-1", ""));
    EXPECT_FALSE(check_csrf_token(values, "session-1", token + "A"));
    EXPECT_NE(make_csrf_token(values, "session-1", random), token);
    const std::string without_session = make_csrf_token(values, "", random);
    EXPECT_FALSE(check_csrf_token(values, "", without_session));
}

}  // namespace
}  // namespace auth
