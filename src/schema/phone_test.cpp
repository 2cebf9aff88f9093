#include "schema/phone.h"

#include <gtest/gtest.h>

#include "schema/schema.h"

namespace {

using schema::normalise_phone;

TEST(Phone, OfKenyaHasOneFormHoweverItIsTyped) {
    for (const auto* const typed : {"0712345678",
                                    "712345678",
                                    "+254712345678",
                                    "254712345678",
                                    "00254712345678",
                                    "000254712345678",
                                    "+254 (0)712 345 678",
                                    "+254(0)712345678",
                                    "2540712345678",
                                    "+2540712345678",
                                    "002540712345678",
                                    "0712 345 678",
                                    "0712-345-678",
                                    "0712.345.678",
                                    "(0712) 345678",
                                    "254 712-345-678",
                                    "(0)712345678",
                                    "+254-712-345-678",
                                    "\u00a00712\u00a0345678",
                                    "\u200b0712345678\u200e",
                                    "\u202a+254712345678\u202c",
                                    "\ufeff0712345678",
                                    "0712\u2011345\u2011678",
                                    " 0712345678\t",
                                    "+\u200b254 712\u2003345\u2009678"}) {
        EXPECT_EQ(normalise_phone(typed), "+254712345678") << typed;
    }
    for (const auto* const typed : {"0112345678", "112345678", "+254112345678", "254112345678"})
        EXPECT_EQ(normalise_phone(typed), "+254112345678") << typed;
}

TEST(Phone, OfKenyaMayBeALandline) {
    EXPECT_EQ(normalise_phone("020 222 2222"), "+254202222222");
    EXPECT_EQ(normalise_phone("+254 20 2222222"), "+254202222222");
    EXPECT_EQ(normalise_phone("+254 (0)41 222 2222"), "+254412222222");
    EXPECT_EQ(normalise_phone("051-2212345"), "+254512212345");
    EXPECT_FALSE(schema::is_mobile_of_kenya("+254202222222"));
    EXPECT_TRUE(schema::is_mobile_of_kenya("+254712345678"));
    EXPECT_TRUE(schema::is_mobile_of_kenya("+254112345678"));
    EXPECT_FALSE(schema::is_mobile_of_kenya("+447123456789"));
    EXPECT_FALSE(schema::is_mobile_of_kenya("254712345678")) << "not in the form of normalise_phone";
}

TEST(Phone, OfOtherCountriesStandsBehindAPlusOrWhatDialsOut) {
    EXPECT_EQ(normalise_phone("+44 (0)20 7946 0018"), "+442079460018");
    EXPECT_EQ(normalise_phone("0044 20 7946 0018"), "+442079460018");
    EXPECT_EQ(normalise_phone("000 44 (0)20 7946 0018"), "+442079460018");
    EXPECT_EQ(normalise_phone("+254 1(0)2 515 731"), "+254102515731") << "a 0 of the number itself";
    EXPECT_EQ(normalise_phone("000255 712 345 678"), "+255712345678");
    EXPECT_EQ(normalise_phone("+1 (650) 253-0000"), "+16502530000");
    EXPECT_EQ(normalise_phone("+7 912 345-67-89"), "+79123456789");
    EXPECT_EQ(normalise_phone("+47 22 12"), std::nullopt) << "six digits";
    EXPECT_EQ(normalise_phone("+4722123"), "+4722123");
    EXPECT_EQ(normalise_phone("+441234567890123"), "+441234567890123");
    EXPECT_EQ(normalise_phone("+4412345678901234"), std::nullopt) << "sixteen";
    EXPECT_EQ(normalise_phone("255712345678"), std::nullopt) << "no plus: it may be anything";
}

TEST(Phone, IsReadOutOfALink) {
    for (const auto* const typed : {"tel:+254712345678", "TEL:0712-345-678", " tel: 0712.345.678",
                                    "tel:+254-(0)712-345678", "tel:00254712345678", "tel:712345678"})
        EXPECT_EQ(normalise_phone(typed), "+254712345678") << typed;
    EXPECT_EQ(normalise_phone("tel:+44 (0)20 7946 0018"), "+442079460018");
}

TEST(Phone, IsNoOtherText) {
    for (const auto* const typed : {"",
                                    " ",
                                    "+",
                                    "0",
                                    "254",
                                    "07123456789",
                                    "071234567",
                                    "+25471234567",
                                    "+2547123456789",
                                    "+712345678",
                                    "+0712345678",
                                    "00712345678",
                                    "000712345678",
                                    "0712345678a",
                                    "O712345678",
                                    "07l2345678",
                                    "٠٧١٢٣٤٥٦٧٨",
                                    "０７１２３４５６７８",
                                    "254254712345678",
                                    "+254254712345678",
                                    "+2540",
                                    "+254 00712345678",
                                    "202222222",
                                    "0712345678/0722345678",
                                    "0712345678,",
                                    "0712345678;ext=1",
                                    "tel:",
                                    "tel:tel:0712345678",
                                    "tel:+254712345678;ext=1",
                                    "tel:0712345678;phone-context=+254",
                                    "tel:%2B254712345678",
                                    "sip:0712345678",
                                    "callto:0712345678",
                                    "++254712345678",
                                    "+254712345678+",
                                    "0712\xff"
                                    "345678"})
        EXPECT_FALSE(normalise_phone(typed)) << typed;
    EXPECT_FALSE(normalise_phone(std::string(1'000'000, ' ') + "0712345678"));
    EXPECT_FALSE(normalise_phone(std::string(31, ' ') + "0712345678")) << "41 characters";
    EXPECT_TRUE(normalise_phone(std::string(30, ' ') + "0712345678"));
    EXPECT_FALSE(normalise_phone(std::string("0712345678\0", 11)));
}

TEST(Phone, InItsFormIsLeftAlone) {
    for (const auto* const typed : {"0712345678", "020 2222222", "0044 (0)20 7946 0018", "+1 650 253 0000"}) {
        const auto number = normalise_phone(typed);
        ASSERT_TRUE(number) << typed;
        EXPECT_EQ(normalise_phone(*number), number);
    }
}

TEST(Phone, IsMaskedForLogs) {
    EXPECT_EQ(schema::mask_phone("+254712345678"), "+2547****5678");
    EXPECT_EQ(schema::mask_phone("254712345678"), "2547****5678");
    EXPECT_EQ(schema::mask_phone("0712"), "****");
    EXPECT_EQ(schema::mask_phone("25471234567x"), "****");
    EXPECT_EQ(schema::mask_phone("+12345678"), "****") << "eight digits would all be shown";
    EXPECT_EQ(schema::mask_phones("+254712345678 - Jane, 0722111222"), "+2547****5678 - Jane, 0722****1222");
    EXPECT_EQ(schema::mask_phones("code 1032 at 20240115103021"), "code 1032 at 20240115103021");
}

// ---- Format::phone ----------------------------------------------------------------------------------------------

struct Contact {
    std::optional<std::string> phone;
    std::vector<std::string> others;

    friend constexpr auto describe(Contact*) {
        return schema::object<Contact>(
            "PhoneContact", schema::field<&Contact::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&Contact::others>(
                "others", {.unique_items = true, .items = {.format = schema::Format::phone}, .defaulted = true}));
    }
};

TEST(PhoneField, ReadsAnySpellingAndKeepsOneForm) {
    const auto read = schema::parse<Contact>(R"({"phone":" 0712-345\u00a0678","others":["+44 (0)20 7946 0018"]})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->phone, "+254712345678");
    EXPECT_EQ(read->others.front(), "+442079460018");
    const std::vector<schema::TextField> fields{{"phone", "0112 345678"}};
    const auto text = schema::parse_text<Contact>(fields);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->phone, "+254112345678");
}

TEST(PhoneField, KnowsTwoSpellingsOfOneNumber) {
    const auto read = schema::parse<Contact>(R"({"others":["0712345678","+254 712 345 678"]})");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().issues.at(0).code, "not_unique");
}

TEST(PhoneField, RefusesWhatIsNoNumber) {
    for (const auto* const json : {R"({"phone":"0712345"})", R"({"phone":"+0712345678"})", R"({"phone":""})"}) {
        const auto read = schema::parse<Contact>(json);
        ASSERT_FALSE(read) << json;
        EXPECT_EQ(read.error().issues.at(0).code, "invalid_format") << json;
        EXPECT_NE(read.error().issues.at(0).message.find("0712 345 678"), std::string::npos);
    }
    // In memory, a number has its form.
    EXPECT_FALSE(schema::check(Contact{.phone = "0712345678"}).empty());
    EXPECT_TRUE(schema::check(Contact{.phone = "+254712345678"}).empty());
}

}  // namespace
