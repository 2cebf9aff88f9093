#include "base/text.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "base/random.h"
#include "base/strings.h"

namespace {

std::string name_of(std::string text) {
    base::normalise_name(text);
    return text;
}
std::string identifier_of(std::string text) {
    base::normalise_identifier(text);
    return text;
}
std::string free_of(std::string text) {
    base::normalise_free(text);
    return text;
}

// UTF-8 of up to 12 code points, those that normalisation is about among them.
std::string random_text(base::SeededRandom& random) {
    static constexpr std::array<std::int32_t, 26> pool{
        'a',    'E',    ' ',    0xe9,   0x301, 0x323, 0x1e69, 0x73,  0x307,  0x1100, 0x1161,  0x11a8,  0xac00,
        0x200d, 0x3164, 0x212b, 0x2126, 0xa0,  0x915, 0x93c,  0x958, 0xfb1d, 0x5b4,  0x1d160, 0xe0041, 0x1f3f4};
    std::string text;
    std::array<std::uint8_t, 13> bytes{};
    random.fill(bytes);
    for (std::size_t i = 0; i < bytes[12] % 12U; ++i) {
        std::array<utf8proc_uint8_t, 4> out{};
        const auto size = utf8proc_encode_char(pool[bytes[i] % pool.size()], out.data());
        text.append(reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size));
    }
    return text;
}

TEST(Text, ComposesAsTheLibraryDoes) {
    base::SeededRandom random(11);
    for (int i = 0; i < 5'000; ++i) {
        const auto text = random_text(random);
        const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> expected(
            utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str())), &std::free);
        ASSERT_EQ(base::to_nfc(text), reinterpret_cast<const char*>(expected.get())) << text;
    }
}

TEST(Text, IsTheSameWhenNormalisedTwice) {
    base::SeededRandom random(12);
    for (int i = 0; i < 5'000; ++i) {
        const auto text = random_text(random);
        ASSERT_EQ(name_of(name_of(text)), name_of(text)) << text;
        ASSERT_EQ(identifier_of(identifier_of(text)), identifier_of(text)) << text;
        ASSERT_EQ(free_of(free_of(text)), free_of(text)) << text;
    }
}

TEST(Text, TrimsUnicodeSpaceAndBlankLetters) {
    EXPECT_EQ(base::trim_unicode("\u00a0\u2003 Sugar 1kg\u3000\t\u2028"), "Sugar 1kg");
    EXPECT_EQ(base::trim_unicode("\u3164\u2800Tea\uffa0"), "Tea");
    EXPECT_EQ(base::trim_unicode("\u3164\u00a0\u2800"), "");
    EXPECT_EQ(base::trim_unicode(""), "");
    EXPECT_EQ(base::trim_unicode("é"), "é");
}

TEST(Text, AnIdentifierHasNothingInvisible) {
    EXPECT_EQ(identifier_of("SLK7ABCDE1"), "SLK7ABCDE1");
    EXPECT_EQ(identifier_of("\u00a0SLK7\u200bABC\u2060DE1\ufeff"), "SLK7ABCDE1");
    EXPECT_EQ(identifier_of("SUG\u00adAR\u202e-1\u200d\ufe0f"), "SUGAR-1");
    EXPECT_EQ(identifier_of("A\U000E0041\U000E0042B"), "AB");
    EXPECT_EQ(identifier_of("A\u31641"), "A1");
    EXPECT_EQ(identifier_of("A\x01\x7f\u0085\u00a0 \t1"), "A 1");
    EXPECT_EQ(identifier_of("cafe\u0301"), "caf\u00e9");
    EXPECT_EQ(identifier_of("cafe\u200b\u0301"), "caf\u00e9");
    EXPECT_EQ(identifier_of("\u200b\u00a0\u3164\u2800"), "");
    EXPECT_EQ(identifier_of("A\U0001d159\ufffc\uffff\ufdd0\U0010fffe1"), "A1");
}

TEST(Text, ANameKeepsItsLetters) {
    for (const std::string kept :
         {"Sugar 1kg", "Nyanya ½ kg", "क्‍ष", "ශ්‍රී ලංකා", "می‌خواهم",
          "👩‍👩‍👧 pack", "☕️", "ന്‍", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 flag", "⠁⠀⠃"}) {
        EXPECT_EQ(name_of(kept), kept);
    }
    EXPECT_EQ(name_of("  Sugar\u00a0\u2009 1kg\n"), "Sugar 1kg");
    EXPECT_EQ(name_of("Su\u200bgar\u202e"), "Sugar");
    EXPECT_EQ(name_of("Tea\U000E0068\U000E0069"), "Tea");
    EXPECT_EQ(name_of("\u200d\u3164Tea\u3164"), "Tea");
    EXPECT_EQ(name_of("\U0001d159T\ufffce\uffff\U0001fffea\ufdef"), "Tea");
    EXPECT_EQ(name_of("Te\ufffd"), "Te\ufffd") << "what could not be read is seen";
    EXPECT_EQ(name_of("Cafe\u0301"), "Caf\u00e9");
}

TEST(Text, AFreeTextKeepsItsLines) {
    EXPECT_EQ(free_of(" line one\n  line two \u00a0"), "line one\n  line two");
    EXPECT_EQ(free_of("e\u0301\u200b!"), "\u00e9\u200b!");
}

TEST(Text, SeesWhatIsVisible) {
    for (const std::string_view invisible :
         {"", " ", "\u00a0", "\u200b\u200d", "\u0301", "\u0301\u0323\u20dd", "\u3164", "\u115f\u1160", "\uffa0",
          "\u2800", "\u202e\u2066", "\ufe0f", "\U000E0041\U000E0042", "\u034f", "\u180e", "\ufeff", "\x01\x7f",
          "\u0903"}) {
        EXPECT_FALSE(base::has_visible(invisible)) << base::hex_encode(invisible);
    }
    for (const std::string_view visible :
         {"a", "\u00a0x", "½", "ශ්‍රී", "☕️", "🫨", "\ue000", "⠁", "\ufffd", "\U0001d158", "\U0010fffd"}) {
        EXPECT_TRUE(base::has_visible(visible)) << visible;
    }
    // The null notehead, the place of an object, noncharacters.
    for (const std::string_view nothing :
         {"\U0001d159", "\ufffc", "\ufdd0\ufdef", "\ufffe\uffff", "\U0001fffe\U0010ffff"})
        EXPECT_FALSE(base::has_visible(nothing)) << base::hex_encode(nothing);
}

TEST(Text, ComparesWithoutCase) {
    EXPECT_EQ(base::comparison_key("slk7abcde1"), base::comparison_key("SLK7ABCDE1"));
    EXPECT_EQ(base::comparison_key("Ärger İ"), "ärger i");
    EXPECT_NE(base::comparison_key("Straße"), base::comparison_key("STRASSE"));
    EXPECT_EQ(base::comparison_key("CAFE\u0301"), base::comparison_key("caf\u00e9\u200d"));
    EXPECT_EQ(base::comparison_key("ΣΊΣΥΦΟΣ"), "σίσυφοσ");
    EXPECT_NE(base::comparison_key("ΣΊΣΥΦΟΣ"), base::comparison_key("σίσυφος"));
    EXPECT_NE(base::comparison_key("A1"), base::comparison_key("A 1"));
    std::string code = "nrb-1é";
    base::ascii_upper(code);
    EXPECT_EQ(code, "NRB-1é");
}

TEST(Text, LettersAndDigitsAlone) {
    for (const std::string_view same : {"SLK7abc", "“ＳＬＫ7–abc”", " S-L.K 7 abc\u0301", "✅SLK7ábc", "ⓈLK⁷abc\u200d",
                                        "\u3164SLK7\u2800abc", "SLK7ーʼabc", "\ufffdSLK7abc\ufffc"})
        EXPECT_EQ(base::letters_and_digits(same), "SLK7abc") << same;
    EXPECT_EQ(base::letters_and_digits("\u041cpesa 2"), "\u041cpesa2") << "other scripts stay";
    EXPECT_EQ(base::letters_and_digits("\u200b –👍"), "");
}

TEST(Text, LeavesWhatIsNotUTF8) {
    for (const std::string broken : {"\xff", " a\xc3", "\xed\xa0\x80", "\xe9 "}) {
        EXPECT_EQ(name_of(broken), broken);
        EXPECT_EQ(identifier_of(broken), broken);
        EXPECT_EQ(free_of(broken), broken);
        EXPECT_EQ(base::to_nfc(broken), broken);
        EXPECT_EQ(base::letters_and_digits(broken), broken);
        (void)base::comparison_key(broken);
        (void)base::has_visible(broken);
    }
    EXPECT_EQ(identifier_of(std::string("a\0b", 3)), std::string("a\0b", 3));  // for the schema to refuse
}

// Marks of two classes in turn: a bubble sort of half a million of them would not end within the test's limit.
TEST(Text, AMegabyteOfMarksIsOrderedInTime) {
    std::string text = "e";
    while (text.size() < 1'000'000) text += "\u0301\u0323";
    const auto ordered = base::to_nfc(text);
    EXPECT_TRUE(ordered.starts_with("\u1eb9\u0323\u0323"));
    EXPECT_TRUE(ordered.ends_with("\u0301\u0301"));
    EXPECT_EQ(name_of(text), ordered);
    EXPECT_EQ(base::to_nfc(ordered), ordered);
}

}  // namespace
