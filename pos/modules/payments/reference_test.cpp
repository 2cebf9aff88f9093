// Account numbers as people type them.
#include "pos/modules/payments/reference.h"

#include <gtest/gtest.h>

namespace {

using pos::kept_text;
using pos::normalised_reference;
using pos::TypedReference;

TEST(Reference, CaseSpacesSignsAndTheLetterOAreOneSpelling) {
    for (const auto* typed : {"INV1027", "inv1027", "inv-10 27", " INV1027", "INV1O27", "inv.1o27\t", "I N V 1 0 2 7"})
        EXPECT_EQ(TypedReference::read(typed).normalised, "INV1027") << typed;
    EXPECT_EQ(normalised_reference("NRB1-03-001042"), "NRB103001042");
    EXPECT_EQ(TypedReference::read("INV1027").number, "");
}

TEST(Reference, DigitsAloneAreTheNumberThatAReferenceEndsIn) {
    EXPECT_EQ(TypedReference::read("1027").number, "1027");
    EXPECT_EQ(TypedReference::read("00 1027").number, "1027");
    EXPECT_EQ(TypedReference::read("1O27").number, "1027");
    EXPECT_EQ(TypedReference::read("27").number, "") << "too short to mean one document";
    EXPECT_EQ(TypedReference::read("000").number, "");
}

TEST(Reference, WhatNamesNothingIsEmpty) {
    for (const auto* typed : {"", "   ", "---", "\xc3\xa9"}) EXPECT_EQ(TypedReference::read(typed).normalised, "");
    EXPECT_EQ(TypedReference::read(std::string(65, 'A')).normalised, "");
    EXPECT_EQ(TypedReference::read(std::string(40, 'A')).normalised, std::string(40, 'A'));
}

TEST(Reference, AStrangersTextFitsAColumn) {
    EXPECT_EQ(kept_text(std::string("JOHN\0 DOE\n", 10), 120), "JOHN DOE");
    EXPECT_EQ(kept_text("caf\xc3\xa9", 4), "caf") << "no half of a character";
    EXPECT_EQ(kept_text("\xff\xfe", 10), "");
}

}  // namespace
