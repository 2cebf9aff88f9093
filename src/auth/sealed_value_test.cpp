#include "auth/sealed_value.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace {

using auth::SealedValues;

const std::string secret(32, 's');
const std::string other_secret(32, 'o');

class SealedValueTest : public testing::Test {
protected:
    base::SeededRandom random{7};
    SealedValues values{{.secret = secret, .previous_secrets = {}}, random};
};

TEST_F(SealedValueTest, ComesBack) {
    for (const auto& text : {std::string(), std::string("a"), std::string("\0 tokens", 8), std::string(5'000, 'x')}) {
        const auto sealed = values.seal("reply", "salt", text);
        EXPECT_EQ(sealed.size(), text.size() + 29);
        EXPECT_EQ(values.open("reply", "salt", sealed), text);
    }
}

TEST_F(SealedValueTest, IsNeverTheSameTwiceAndShowsNothing) {
    const auto sealed = values.seal("reply", "salt", "rt_secret");
    EXPECT_NE(sealed, values.seal("reply", "salt", "rt_secret"));
    EXPECT_EQ(sealed.find("rt_"), std::string::npos);
}

TEST_F(SealedValueTest, OpensForNothingElse) {
    const auto sealed = values.seal("reply", "salt", "text");
    const SealedValues stranger({.secret = other_secret, .previous_secrets = {}}, random);
    const SealedValues successor({.secret = other_secret, .previous_secrets = {secret}}, random);
    EXPECT_FALSE(values.open("another", "salt", sealed));
    EXPECT_FALSE(values.open("reply", "another", sealed));
    EXPECT_FALSE(stranger.open("reply", "salt", sealed));
    EXPECT_EQ(successor.open("reply", "salt", sealed), "text") << "a secret that was changed still opens";
}

TEST_F(SealedValueTest, RefusesEveryAlteredByteAndEveryCut) {
    const auto sealed = values.seal("reply", "salt", "text");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        EXPECT_FALSE(values.open("reply", "salt", altered)) << i;
        EXPECT_FALSE(values.open("reply", "salt", sealed.substr(0, i))) << i;
    }
}

TEST_F(SealedValueTest, WantsASecretOfSomeLength) {
    EXPECT_THROW(SealedValues({.secret = "short", .previous_secrets = {}}, random), std::invalid_argument);
}

}  // namespace
