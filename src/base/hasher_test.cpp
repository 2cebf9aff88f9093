// Against the examples of FIPS 180 ("abc").

#include "base/hasher.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/strings.h"

namespace base {
namespace {

std::string hash(Hasher::Algorithm algorithm, std::string_view first, std::string_view second = "") {
    Hasher hasher(algorithm);
    hasher.add(first);
    hasher.add(second);
    return hex_encode(hasher.finish());
}

TEST(Hasher, GivesTheKnownDigests) {
    EXPECT_EQ(hash(Hasher::Algorithm::sha1, "a", "bc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hash(Hasher::Algorithm::sha256, "ab", "c"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash(Hasher::Algorithm::sha512, "abc"),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(hash(Hasher::Algorithm::sha256, ""), hex_encode(as_chars(sha256(""))));
}

TEST(Hasher, SaysHowLongADigestIs) {
    for (const auto algorithm : {Hasher::Algorithm::sha1, Hasher::Algorithm::sha256, Hasher::Algorithm::sha512})
        EXPECT_EQ(Hasher(algorithm).finish().size(), Hasher::size_of(algorithm));
}

}  // namespace
}  // namespace base
