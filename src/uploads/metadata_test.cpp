#include "uploads/metadata.h"

#include <gtest/gtest.h>

#include <string>

namespace uploads {
namespace {

TEST(Metadata, HasNamesAndBytes) {
    const auto metadata = Metadata::parse("filename cGljdHVyZS5qcGc=,is_confidential, empty ,bytes /wA=");
    ASSERT_TRUE(metadata);
    EXPECT_EQ(metadata->pairs().size(), 4U);
    EXPECT_EQ(metadata->get("filename"), "picture.jpg");
    EXPECT_EQ(metadata->get("is_confidential"), "");
    EXPECT_EQ(metadata->get("empty"), "");
    EXPECT_EQ(metadata->get("bytes"), std::string_view("\xff\0", 2));
    EXPECT_EQ(metadata->get("Filename"), std::nullopt);
    EXPECT_TRUE(Metadata::parse("")->pairs().empty());
    EXPECT_EQ(Metadata::parse("__proto__ eA==")->get("__proto__"), "x");
}

TEST(Metadata, IsRefusedWhenItIsNot) {
    std::string many = "a";
    for (int i = 0; i < 40; ++i) many += ",a" + std::to_string(i);
    for (const auto& header : {std::string(","), std::string("a,"), std::string("a eA==,a eA=="), std::string("a eA"),
                               std::string("a !"), std::string("a eA== eA=="), std::string("caf\xc3\xa9 eA=="),
                               std::string("a\teA=="), many, std::string(5'000, 'a')})
        EXPECT_FALSE(Metadata::parse(header)) << header;
}

}  // namespace
}  // namespace uploads
