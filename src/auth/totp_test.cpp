#include "auth/totp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>

#include "base/random.h"

namespace auth {
namespace {

// RFC 4226 and RFC 6238 use one key for SHA-1.
constexpr std::string_view key = "12345678901234567890";

base::Timestamp at(std::int64_t seconds) { return base::Timestamp(std::chrono::seconds(seconds)); }

// RFC 4226, appendix D.
TEST(Totp, CodesOfTheCounter) {
    constexpr std::string_view codes[] = {"755224", "287082", "359152", "969429", "338314",
                                          "254676", "287922", "162583", "399871", "520489"};
    for (std::size_t i = 0; i < std::size(codes); ++i)
        EXPECT_EQ(totp_code(key, static_cast<std::int64_t>(i)), codes[i]) << i;
}

// RFC 6238, appendix B: its eight digits end with our six.
TEST(Totp, CodesOfTheTime) {
    constexpr std::pair<std::int64_t, std::string_view> vectors[] = {{59, "94287082"},
                                                                     {1'111'111'109, "07081804"},
                                                                     {1'111'111'111, "14050471"},
                                                                     {1'234'567'890, "89005924"},
                                                                     {2'000'000'000, "69279037"},
                                                                     {20'000'000'000, "65353130"}};
    for (const auto& [seconds, code] : vectors) {
        EXPECT_EQ(totp_code(key, totp_step(at(seconds))), code.substr(2)) << seconds;
        EXPECT_EQ(find_totp(key, code.substr(2), at(seconds)), seconds / 30);
    }
    EXPECT_EQ(totp_step(at(29)), 0);
    EXPECT_EQ(totp_step(at(30)), 1);
    EXPECT_EQ(totp_step(at(30) - std::chrono::microseconds(1)), 0);
}

TEST(Totp, OneStepOfDriftIsTakenAndNoMore) {
    const auto now = at(1'700'000'000);
    const auto step = totp_step(now);
    for (std::int64_t drift = -3; drift <= 3; ++drift) {
        const auto found = find_totp(key, totp_code(key, step + drift), now);
        EXPECT_EQ(found.has_value(), drift >= -1 && drift <= 1) << drift;
        if (found) EXPECT_EQ(*found, step + drift);
    }
    for (const std::string_view wrong : {"", "1", "12345", "1234567", "abcdef", "      "})
        EXPECT_FALSE(find_totp(key, wrong, now)) << wrong;
}

TEST(Totp, TwoCodesHaveToFollowEachOther) {
    const auto now = at(1'700'000'000);
    const auto step = totp_step(now);
    const auto code = [&](std::int64_t drift) { return totp_code(key, step + drift); };
    for (std::int64_t drift = -2; drift <= 1; ++drift)
        EXPECT_EQ(find_totp_pair(key, code(drift), code(drift + 1), now), step + drift + 1) << drift;
    EXPECT_FALSE(find_totp_pair(key, code(-3), code(-2), now));
    EXPECT_FALSE(find_totp_pair(key, code(2), code(3), now));
    EXPECT_FALSE(find_totp_pair(key, code(0), code(0), now));
    EXPECT_FALSE(find_totp_pair(key, code(1), code(0), now));
    EXPECT_FALSE(find_totp_pair(key, code(-1), code(1), now));
    EXPECT_FALSE(find_totp_pair(key, code(0), "", now));
}

TEST(Totp, AnAppReadsTheAddress) {
    EXPECT_EQ(totp_secret_text(key), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    EXPECT_EQ(totp_secret_text("f"), "MY");  // RFC 4648 §10, without padding
    EXPECT_EQ(totp_secret_text("foob"), "MZXW6YQ");
    EXPECT_EQ(totp_uri({.issuer = "Duka & Co", .account = "amina@duka.example"}, key),
              "otpauth://totp/Duka%20%26%20Co:amina%40duka.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
              "&issuer=Duka%20%26%20Co&algorithm=SHA1&digits=6&period=30");
    EXPECT_THROW((void)totp_uri({.issuer = "a:b", .account = "c"}, key), std::invalid_argument);
}

TEST(Totp, SecretsAreRandom) {
    base::SecureRandom random;
    EXPECT_EQ(make_totp_secret(random).size(), totp_secret_bytes);
    EXPECT_NE(make_totp_secret(random), make_totp_secret(random));
}

TEST(RecoveryCode, IsReadAsPeopleTypeIt) {
    const auto digest = recovery_code_digest("7K2M-QX4P-9RTV-H0D1");
    ASSERT_TRUE(digest);
    for (const std::string_view typed :
         {"7k2m-qx4p-9rtv-h0d1", "7K2MQX4P9RTVH0D1", " 7k2m qx4p  9rtv hOdI ", "7K2M-QX4P-9RTV-HOdl"})
        EXPECT_EQ(recovery_code_digest(typed), digest) << typed;
    for (const std::string_view none :
         {"", "7K2M-QX4P-9RTV", "7K2M-QX4P-9RTV-H0D1-A", "7K2M-QX4P-9RTV-H0DU", "7K2M-QX4P-9RTV-H0D\xC3\x9F", "123456"})
        EXPECT_FALSE(recovery_code_digest(none)) << none;
    EXPECT_NE(recovery_code_digest("7K2M-QX4P-9RTV-H0D2"), digest);
}

TEST(RecoveryCode, HasEightyRandomBits) {
    base::SecureRandom random;
    std::set<std::string> codes;
    std::set<char> letters;
    for (int i = 0; i < 200; ++i) {
        const auto code = make_recovery_code(random);
        EXPECT_EQ(code.size(), 19U);
        EXPECT_TRUE(recovery_code_digest(code)) << code;
        codes.insert(code);
        letters.insert(code.begin(), code.end());
    }
    EXPECT_EQ(codes.size(), 200U);
    EXPECT_EQ(letters.size(), 33U) << "all 32 letters, and the hyphen";
}

}  // namespace
}  // namespace auth
