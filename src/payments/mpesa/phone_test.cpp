#include "payments/mpesa/phone.h"

#include <gtest/gtest.h>

namespace payments::mpesa {

namespace {

TEST(MpesaPhone, IsWrittenWithoutAPlus) {
    for (const auto* const typed :
         {"0712345678", "712345678", "+254712345678", "254712345678", "000254712345678", "+254 (0)712 345 678"})
        EXPECT_EQ(normalise_phone(typed), "254712345678") << typed;
    EXPECT_EQ(normalise_phone("0112345678"), "254112345678");
}

// Ported numbers: which operator a prefix was given to says nothing.
TEST(MpesaPhone, TakesThePrefixesOfAllOperators) {
    for (const auto* const typed : {"0700000000", "0733000000", "0777000000", "0763000000", "0100000000", "0120000000"})
        EXPECT_TRUE(normalise_phone(typed)) << typed;
}

TEST(MpesaPhone, IsNeitherALandlineNorOfAnotherCountry) {
    for (const auto* const typed : {"", "0202222222", "+254202222222", "+255712345678", "+712345678", "071234567"})
        EXPECT_FALSE(normalise_phone(typed)) << typed;
}

}  // namespace

}  // namespace payments::mpesa
