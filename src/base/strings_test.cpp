#include "base/strings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/random.h"

namespace base {
namespace {

using namespace std::string_view_literals;

TEST(Ascii, FoldsAsciiLettersAlone) {
    EXPECT_EQ(ascii_lower("Content-LENGTH \xC3\x84"), "content-length \xC3\x84");
    EXPECT_TRUE(iequals("Content-Length", "content-length"));
    EXPECT_TRUE(iequals("", ""));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("\xC3\x84", "\xC3\xA4"));
}

TEST(Ascii, Trims) {
    EXPECT_EQ(trim(" \t\r\n\v\fa b\n "), "a b");
    EXPECT_EQ(trim(" \t "), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim("\xC2\xA0x"), "\xC2\xA0x");
}

TEST(Ascii, SplitKeepsEmptyParts) {
    EXPECT_EQ(split("a,b,c", ','), (std::vector{"a"sv, "b"sv, "c"sv}));
    EXPECT_EQ(split(",a,,", ','), (std::vector{""sv, "a"sv, ""sv, ""sv}));
    EXPECT_EQ(split("", ','), (std::vector{""sv}));
}

TEST(Numbers, AppendAndParse) {
    std::string out;
    append_integer(out, std::numeric_limits<std::int64_t>::min());
    out += ' ';
    append_integer(out, std::numeric_limits<std::uint64_t>::max());
    out += ' ';
    append_integer(out, std::int8_t{-128});
    EXPECT_EQ(out, "-9223372036854775808 18446744073709551615 -128");
    EXPECT_EQ(parse_integer<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(parse_integer<std::uint16_t>("65535"), 65535);
    for (const auto text : {"", "-", "+1", " 1", "1 ", "1.0", "65536", "-1", "0x1", "1e2"})
        EXPECT_FALSE(parse_integer<std::uint16_t>(text)) << text;
}

TEST(Percent, EncodesAllButUnreserved) {
    EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encode("a b/c?d=e&f+g%\xC2\xBD"), "a%20b%2Fc%3Fd%3De%26f%2Bg%25%C2%BD");
}

TEST(Percent, Decodes) {
    EXPECT_EQ(percent_decode("a%20b%2fc+%C2%bd"), "a b/c+\xC2\xBD");
    EXPECT_EQ(percent_decode("%00"), "\0"sv);
    EXPECT_EQ(form_decode("a+b%2B"), "a b+");
    for (const auto text : {"%", "%2", "%zz", "a%2", "%%20", "% 20", "%+1", "%-1"}) {
        EXPECT_FALSE(percent_decode(text)) << text;
        EXPECT_FALSE(form_decode(text)) << text;
    }
}

TEST(Hex, BothWays) {
    EXPECT_EQ(hex_encode("\x00\xFF\x1A"sv), "00ff1a");
    EXPECT_EQ(hex_decode("00fF1a"), "\x00\xFF\x1A"sv);
    for (const auto text : {"0", "0g", "0x10", " 00"}) EXPECT_FALSE(hex_decode(text)) << text;
}

TEST(Base64, VectorsOfRfc4648) {
    const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : cases) {
        EXPECT_EQ(base64_encode(bytes), text);
        EXPECT_EQ(base64_decode(text), bytes);
        const auto bare = text.substr(0, text.find('='));
        EXPECT_EQ(base64url_encode(bytes), bare);
        EXPECT_EQ(base64url_decode(bare), bytes);
    }
    EXPECT_EQ(base64_encode("\xFB\xFF\xFE"), "+//+");
    EXPECT_EQ(base64url_encode("\xFB\xFF\xFE"), "-__-");
}

TEST(Base64, IsStrict) {
    for (const auto text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm9v\n", " Zm9v",
                            "Zg==Zg==", "Z=g=", "-__-", "Zm9v===="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
    for (const auto text : {"Zg==", "Z", "Zh", "Zm9", "+//+", "Zm9vY", "Zg ", "Zm\n8"})
        EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Base64, EncodingAndDecodingGivesTheSameBytes) {
    SeededRandom random{9};
    for (std::size_t size = 0; size < 300; ++size) {
        std::vector<std::uint8_t> bytes(size);
        random.fill(bytes);
        const auto text = as_chars(bytes);
        ASSERT_EQ(base64_decode(base64_encode(text)), text);
        ASSERT_EQ(base64url_decode(base64url_encode(text)), text);
        ASSERT_EQ(hex_decode(hex_encode(text)), text);
        ASSERT_EQ(percent_decode(percent_encode(text)), text);
    }
}

TEST(Utf8, CountsCodePoints) {
    const std::pair<std::string_view, std::size_t> cases[] = {{"", 0},
                                                              {"abc", 3},
                                                              {"Nyanya \xC2\xBD kg", 11},
                                                              {"\xE2\x82\xAC", 1},
                                                              {"\xF0\x9F\x98\x80", 1},
                                                              {"12345678\xC2\xBD"
                                                               "12345678",
                                                               17},
                                                              {"\0"sv, 1},
                                                              {"\xC2\x80", 1},
                                                              {"\xDF\xBF", 1},
                                                              {"\xE0\xA0\x80", 1},
                                                              {"\xED\x9F\xBF", 1},
                                                              {"\xEE\x80\x80", 1},
                                                              {"\xEF\xBF\xBF", 1},
                                                              {"\xF0\x90\x80\x80", 1},
                                                              {"\xF4\x8F\xBF\xBF", 1}};
    for (const auto& [text, count] : cases) EXPECT_EQ(utf8_length(text), count) << hex_encode(text);
}

TEST(Utf8, RefusesIllFormedSequences) {
    for (const auto text : {"\x80"sv,
                            "\xBF"sv,
                            "\xC0\x80"sv,
                            "\xC1\xBF"sv,
                            "\xC2"sv,
                            "\xC2 "sv,
                            "\xC2\xC2"sv,
                            "\xE0\x80\x80"sv,
                            "\xE0\x9F\xBF"sv,
                            "\xED\xA0\x80"sv,
                            "\xED\xBF\xBF"sv,
                            "\xE2\x82"sv,
                            "\xE2\x82 "sv,
                            "\xF0\x80\x80\x80"sv,
                            "\xF0\x8F\xBF\xBF"sv,
                            "\xF4\x90\x80\x80"sv,
                            "\xF5\x80\x80\x80"sv,
                            "\xF0\x9F\x98"sv,
                            "\xFE"sv,
                            "\xFF"sv,
                            "abcdefgh\xFF"sv,
                            "abcdefg\xC2"sv}) {
        EXPECT_FALSE(utf8_length(text)) << hex_encode(text);
        EXPECT_FALSE(is_utf8(text));
    }
}

// Decodes as RFC 3629's grammar is usually taught, to compare with.
bool is_utf8_by_decoding(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<std::uint8_t>(text[i]);
        const std::size_t size = first < 0x80        ? 1
                                 : first >> 5U == 6  ? 2
                                 : first >> 4U == 14 ? 3
                                 : first >> 3U == 30 ? 4
                                                     : 0;
        if (size == 0 || i + size > text.size()) return false;
        std::uint32_t point = size == 1 ? first : first & (0x7FU >> size);
        for (std::size_t k = 1; k < size; ++k) {
            const auto next = static_cast<std::uint8_t>(text[i + k]);
            if (next >> 6U != 2) return false;
            point = point << 6U | (next & 63U);
        }
        constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
        if (point < least[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
        i += size;
    }
    return true;
}

TEST(Utf8, AgreesWithDecodingOnEveryShortText) {
    for (std::uint32_t bits = 0; bits < 0x1000000; bits += 1 + bits % 3) {
        const char text[] = {static_cast<char>(bits >> 16U), static_cast<char>(bits >> 8U), static_cast<char>(bits)};
        const std::string_view view{text, 3};
        if (is_utf8(view) != is_utf8_by_decoding(view)) FAIL() << hex_encode(view);
    }
}

TEST(ConstantTimeEqual, ComparesLikeEquals) {
    EXPECT_TRUE(constant_time_equal("", ""));
    EXPECT_TRUE(constant_time_equal("secret", "secret"));
    EXPECT_FALSE(constant_time_equal("secret", "secreT"));
    EXPECT_FALSE(constant_time_equal("secret", "secre"));
}

}  // namespace
}  // namespace base
