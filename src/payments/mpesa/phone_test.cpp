#include "payments/mpesa/phone.h"

#include <gtest/gtest.h>

#include <array>

namespace payments::mpesa {

namespace {

TEST(MpesaPhone, HasOneSpellingHoweverItIsTyped) {
    for (const auto* const typed :
         {"0712345678", "712345678", "+254712345678", "254712345678", "00254712345678", "000254712345678",
          "+254 (0)712 345 678", "2540712345678", "0712 345 678", "0712-345-678", "0712.345.678", "(0712) 345678",
          "\u00a00712\u00a0345678", "\u200b0712345678\u200e", "\u202a+254712345678\u202c", "\ufeff0712345678",
          "0712\u2011345\u2011678", " 0712345678\t"}) {
        EXPECT_EQ(normalise_phone(typed), "254712345678") << typed;
    }
    for (const auto* const typed : {"0112345678", "112345678", "+254112345678", "254112345678"})
        EXPECT_EQ(normalise_phone(typed), "254112345678") << typed;
}

// Ported numbers: which operator a prefix was given to says nothing.
TEST(MpesaPhone, TakesThePrefixesOfAllOperators) {
    for (const auto* const typed : {"0700000000", "0733000000", "0777000000", "0763000000", "0100000000", "0120000000"})
        EXPECT_TRUE(normalise_phone(typed)) << typed;
}

TEST(MpesaPhone, IsNotWhatIsNoMobileNumberOfKenya) {
    for (const auto* const typed : {"",
                                    " ",
                                    "+",
                                    "0",
                                    "254",
                                    "07123456789",
                                    "071234567",
                                    "0212345678",
                                    "+255712345678",
                                    "+712345678",
                                    "00712345678",
                                    "0712345678a",
                                    "O712345678",
                                    "07l2345678",
                                    "٠٧١٢٣٤٥٦٧٨",
                                    "０７１２３４５６７８",
                                    "254254712345678",
                                    "+2540",
                                    "0712345678/0722345678",
                                    "0712345678,",
                                    "tel:0712345678",
                                    "000712345678",
                                    "++254712345678"})
        EXPECT_FALSE(normalise_phone(typed)) << typed;
    EXPECT_FALSE(normalise_phone(std::string(1'000'000, ' ') + "0712345678"));
    EXPECT_FALSE(normalise_phone(std::string("0712345678\0", 11)));
}

TEST(MpesaPhone, IsMaskedForLogs) {
    EXPECT_EQ(mask_phone("254712345678"), "2547****5678");
    EXPECT_EQ(mask_phone("0712"), "****");
    EXPECT_EQ(mask_phone("25471234567x"), "****");
    EXPECT_EQ(mask_phones("254712345678 - Jane, 0722111222"), "2547****5678 - Jane, 0722****1222");
    EXPECT_EQ(mask_phones("code 1032 at 20240115103021"), "code 1032 at 20240115103021");
}

}  // namespace

}  // namespace payments::mpesa
