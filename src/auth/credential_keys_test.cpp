#include "auth/credential_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/strings.h"

namespace {

using auth::CredentialKeys;

std::string key_text(char fill, std::size_t size = 32) { return base::base64_encode(std::string(size, fill)); }

class CredentialKeysTest : public testing::Test {
protected:
    base::SeededRandom random{7};

    CredentialKeys ring(const std::string& text) { return CredentialKeys::parse(text, random).value(); }
    std::string fault(const std::string& text) {
        const auto keys = CredentialKeys::parse(text, random);
        return keys ? "no fault" : keys.error();
    }
};

TEST_F(CredentialKeysTest, ComesBack) {
    const auto keys = ring("k1:" + key_text('a'));
    for (const auto& text : {std::string(), std::string("{}"), std::string("\0 bytes", 7), std::string(9'000, 'x')}) {
        const auto sealed = keys.seal("credentials", "row", text);
        EXPECT_EQ(sealed.size(), text.size() + 2 + 2 + 12 + 16);
        EXPECT_EQ(keys.open("credentials", "row", sealed), text);
    }
}

TEST_F(CredentialKeysTest, IsNeverTheSameTwiceAndShowsNothing) {
    const auto keys = ring("k1:" + key_text('a'));
    const auto sealed = keys.seal("credentials", "row", "consumerSecret");
    EXPECT_NE(sealed, keys.seal("credentials", "row", "consumerSecret"));
    EXPECT_EQ(sealed.find("consumer"), std::string::npos);
}

TEST_F(CredentialKeysTest, OpensInItsOwnRowAlone) {
    const auto keys = ring("k1:" + key_text('a'));
    const auto sealed = keys.seal("credentials", "row", "text");
    EXPECT_FALSE(keys.open("other", "row", sealed));
    EXPECT_FALSE(keys.open("credentials", "another row", sealed));
    EXPECT_FALSE(keys.open("credentialsr", "ow", sealed)) << "purpose and row are told apart by their lengths";
    EXPECT_FALSE(keys.open("", "", sealed));
}

TEST_F(CredentialKeysTest, RefusesEveryAlteredByteAndEveryCut) {
    const auto keys = ring("k1:" + key_text('a') + ",k0:" + key_text('b'));
    const auto sealed = keys.seal("credentials", "row", "text");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);  // of "k1" it makes "k0", which is a key
        EXPECT_FALSE(keys.open("credentials", "row", altered)) << i;
        EXPECT_FALSE(keys.open("credentials", "row", sealed.substr(0, i))) << i;
    }
    EXPECT_FALSE(keys.open("credentials", "row", sealed + "x"));
    EXPECT_FALSE(keys.open("credentials", "row", std::string(2, '\1') + std::string(300, '\xff')));
}

TEST_F(CredentialKeysTest, AKeyIsChangedWithoutADayOnWhichNothingOpens) {
    const auto before = ring("old:" + key_text('a'));
    const auto during = ring("new:" + key_text('b') + ", old:" + key_text('a'));
    const auto after = ring("new:" + key_text('b'));
    const auto sealed = before.seal("credentials", "row", "text");
    EXPECT_TRUE(before.is_current(sealed));
    EXPECT_FALSE(during.is_current(sealed));
    EXPECT_EQ(during.open("credentials", "row", sealed), "text");
    EXPECT_FALSE(after.open("credentials", "row", sealed));

    const auto again = during.seal("credentials", "row", "text");
    EXPECT_TRUE(during.is_current(again));
    EXPECT_EQ(after.open("credentials", "row", again), "text");
    EXPECT_FALSE(before.open("credentials", "row", again));
    EXPECT_FALSE(after.is_current("nothing that was sealed"));
}

// Another key under the same id opens nothing: the id is a hint, the key decides.
TEST_F(CredentialKeysTest, AnIdIsNoKey) {
    const auto sealed = ring("k1:" + key_text('a')).seal("credentials", "row", "text");
    EXPECT_FALSE(ring("k1:" + key_text('b')).open("credentials", "row", sealed));
}

TEST_F(CredentialKeysTest, SaysWhatIsWrongWithTheSetting) {
    const auto good = "k1:" + key_text('a');
    const std::string form = "is to be `id:key`, with 1 to 32 of a-z, 0-9 and \"-\" as its id";
    EXPECT_EQ(fault(""), "key 1 " + form);
    EXPECT_EQ(fault(key_text('a')), "key 1 " + form);
    EXPECT_EQ(fault("K1:" + key_text('a')), "key 1 " + form);
    EXPECT_EQ(fault(std::string(33, 'k') + ":" + key_text('a')), "key 1 " + form);
    EXPECT_EQ(fault(good + ","), "key 2 " + form);
    EXPECT_EQ(fault("k1:" + key_text('a', 31)), "key 1 (\"k1\") has 31 bytes instead of 32");
    EXPECT_EQ(fault("k1:" + key_text('a', 33)), "key 1 (\"k1\") has 33 bytes instead of 32");
    EXPECT_EQ(fault("k1:" + key_text('a').substr(0, 43)), "key 1 (\"k1\") is not in base64, with its padding");
    EXPECT_EQ(fault(good + ",k1:" + key_text('b')), "two keys are called \"k1\"");
    EXPECT_EQ(fault(good + ",k2:" + key_text('a')), "\"k1\" and \"k2\" are the same key");
    std::string many = "k0:" + key_text('\0');
    for (int i = 1; i <= 20; ++i) many += fmt::format(",k{}:{}", i, key_text(static_cast<char>(i)));
    EXPECT_EQ(fault(many), "more than 20 keys");
}

TEST_F(CredentialKeysTest, AFaultShowsNothingOfAKey) {
    const auto key = key_text('s', 31);
    for (const auto& text : {key, "UPPER:" + key, "k1:" + key, "k1:!" + key})
        EXPECT_EQ(fault(text).find("c3Nz"), std::string::npos);
}

}  // namespace
