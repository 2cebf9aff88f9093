#include "auth/opaque_token.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/random.h"

namespace auth {
namespace {

TEST(OpaqueToken, RoundTrip) {
    base::SecureRandom random;
    const OpaqueToken token = make_opaque_token("rt", random);
    EXPECT_EQ(token.text.size(), 46U);
    EXPECT_TRUE(token.text.starts_with("rt_"));
    EXPECT_EQ(opaque_token_digest("rt", token.text), token.digest);
    EXPECT_TRUE(digests_equal(token.digest, base::sha256(token.text)));
    EXPECT_NE(make_opaque_token("rt", random).text, token.text);
}

TEST(OpaqueToken, RefusesOtherTypesAndForms) {
    base::SecureRandom random;
    const std::string text = make_opaque_token("rt", random).text;
    EXPECT_FALSE(opaque_token_digest("reset", text));
    EXPECT_FALSE(opaque_token_digest("r", text));
    EXPECT_FALSE(opaque_token_digest("rt", text + "A"));
    EXPECT_FALSE(opaque_token_digest("rt", text.substr(0, 45)));
    EXPECT_FALSE(opaque_token_digest("rt", " " + text));
    EXPECT_FALSE(opaque_token_digest("rt", "rt-" + text.substr(3)));
    EXPECT_FALSE(opaque_token_digest("rt", "rt_" + std::string(42, 'A') + "+"));
    EXPECT_FALSE(opaque_token_digest("rt", "rt_" + std::string(42, 'A') + "B"));  // unused bits set
    EXPECT_TRUE(opaque_token_digest("rt", "rt_" + std::string(43, 'A')));
    EXPECT_FALSE(opaque_token_digest("rt", ""));
    EXPECT_THROW((void)make_opaque_token("", random), std::invalid_argument);
    EXPECT_THROW((void)make_opaque_token("r_t", random), std::invalid_argument);
}

}  // namespace
}  // namespace auth
