#include "sms/parts.h"

#include <gtest/gtest.h>

namespace sms {

namespace {

std::string shown(std::string_view text) {
    const auto one = measure(text);
    return std::string(one.encoding == Encoding::gsm7 ? "gsm7 " : "ucs2 ") + std::to_string(one.units) + " " +
           std::to_string(one.parts);
}

std::string times(std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

TEST(Parts, OfGsm7Have160Or153Septets) {
    EXPECT_EQ(shown(""), "gsm7 0 0");
    EXPECT_EQ(shown("a"), "gsm7 1 1");
    EXPECT_EQ(shown(times(160, "a")), "gsm7 160 1");
    EXPECT_EQ(shown(times(161, "a")), "gsm7 161 2");
    EXPECT_EQ(shown(times(306, "a")), "gsm7 306 2");
    EXPECT_EQ(shown(times(307, "a")), "gsm7 307 3");
    EXPECT_EQ(shown(times(1'530, "a")), "gsm7 1530 10");
    EXPECT_EQ(shown(times(1'531, "a")), "gsm7 1531 11");
}

TEST(Parts, OfUcs2Have70Or67Units) {
    EXPECT_EQ(shown(times(70, "ж")), "ucs2 70 1");
    EXPECT_EQ(shown(times(71, "ж")), "ucs2 71 2");
    EXPECT_EQ(shown(times(134, "ж")), "ucs2 134 2");
    EXPECT_EQ(shown(times(135, "ж")), "ucs2 135 3");
    EXPECT_EQ(shown(times(69, "a") + "ж"), "ucs2 70 1");
}

TEST(Parts, OneCharacterThatGsm7LacksMakesAllOfItUcs2) {
    for (const auto* const one : {"’", "“", "🙏", "ç", "ï", "`", "\t", "–", "\u00a0", "₦", "ł", "中"})
        EXPECT_EQ(measure(std::string("habari ") + one).encoding, Encoding::ucs2) << one;
    EXPECT_EQ(shown(times(70, "a") + "’"), "ucs2 71 2");
}

TEST(Parts, TheAlphabetOfGsm7) {
    const std::string basic =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
        "abcdefghijklmnopqrstuvwxyzäöñüà";
    EXPECT_EQ(shown(basic), "gsm7 127 1") << "128 places, of which one is the escape";
    EXPECT_EQ(shown("\f^{}\\[~]|€"), "gsm7 20 1");
}

TEST(Parts, WhatCountsTwiceIsNotTornApart) {
    EXPECT_EQ(shown(times(80, "€")), "gsm7 160 1");
    // 152 and one of two: the first part is left with a place.
    EXPECT_EQ(shown(times(152, "a") + "€" + times(152, "a")), "gsm7 306 3");
    EXPECT_EQ(shown(times(151, "a") + "€" + times(153, "a")), "gsm7 306 2");
    EXPECT_EQ(shown(times(35, "🙏")), "ucs2 70 1");
    EXPECT_EQ(shown(times(66, "ж") + "🙏" + times(66, "ж")), "ucs2 134 3");
}

TEST(Parts, OfWhatIsNoUtf8AreCounted) {
    EXPECT_EQ(measure("\xff\xfe").encoding, Encoding::ucs2);
    EXPECT_EQ(measure("\xe2\x82").units, 2U);
    EXPECT_EQ(measure("\xf0\x9f\x99").units, 3U);
}

TEST(Plain, WritesTypographyInAscii) {
    EXPECT_EQ(plain("“Karibu” – 5 €…"), "\"Karibu\" - 5 €...");
    EXPECT_EQ(plain("Wanjikũ’s\u00a0shop\u200b"), "Wanjikũ's shop");
    EXPECT_EQ(measure(plain("It’s “here” — open…")).encoding, Encoding::gsm7);
    EXPECT_EQ(plain("KES\t100 «bei»"), "KES 100 \"bei\"");
    EXPECT_EQ(plain("🙏 é ж"), "🙏 é ж");
    EXPECT_EQ(plain("\xff"), "\xff");
}

}  // namespace

}  // namespace sms
