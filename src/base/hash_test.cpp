#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace base {
namespace {

std::string hex(const Digest256& digest) { return hex_encode(as_chars(digest)); }

TEST(Sha256, VectorsOfFips180) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(HmacSha256, VectorsOfRfc4231) {
    EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(StableHash64, NeverChanges) {
    // Vectors of the FNV reference code.
    static_assert(stable_hash64("") == 0xCBF29CE484222325U);
    static_assert(stable_hash64("a") == 0xAF63DC4C8601EC8CU);
    static_assert(stable_hash64("foobar") == 0x85944171F73967E8U);
    EXPECT_EQ(stable_hash64("\xFF"), stable_hash64(std::string(1, '\xFF')));
}

// Appendix A.1: the first 32 bytes of 42.
TEST(HkdfSha256, VectorOfRfc5869) {
    std::string salt;
    for (char c = 0x00; c <= 0x0C; ++c) salt += c;
    EXPECT_EQ(hex(hkdf_sha256(std::string(22, '\x0b'), salt, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9")),
              "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

}  // namespace
}  // namespace base
