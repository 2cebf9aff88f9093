#include "http/content_disposition.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "http/headers.h"

namespace http {
namespace {

TEST(ContentDisposition, NamesTheFileForOldClientsAndNew) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"items.csv", R"(attachment; filename="items.csv")"},
        {"price list (2).pdf", R"(attachment; filename="price list (2).pdf")"},
        {"café.pdf", R"(attachment; filename="caf_.pdf"; filename*=UTF-8''caf%C3%A9.pdf)"},
        {"bei €.pdf", R"(attachment; filename="bei _.pdf"; filename*=UTF-8''bei%20%E2%82%AC.pdf)"},
        {"50% off.txt", R"(attachment; filename="50_ off.txt"; filename*=UTF-8''50%25%20off.txt)"},
        {R"(a"b; x=".txt)", R"(attachment; filename="a_b; x=_.txt"; filename*=UTF-8''a%22b%3B%20x%3D%22.txt)"},
        {"", "attachment"},
        {"...", "attachment"},
        {"\xff.txt", "attachment"},
    };
    for (const auto& [name, header] : cases) EXPECT_EQ(content_disposition("attachment", name), header) << name;
}

TEST(ContentDisposition, NoNameIsAPathOrAnotherHeader) {
    for (const auto& name : std::vector<std::string>{"../../etc/passwd", R"(..\..\boot.ini)", "a\r\nSet-Cookie: x=1",
                                                     "a\tb\x7f", ".env"}) {
        const auto header = content_disposition("inline", name);
        EXPECT_TRUE(is_field_value(header)) << header;
        for (const char* part : {"/", "\\", "\r", "\n", "\t", "\"."}) EXPECT_FALSE(header.contains(part)) << header;
    }
    EXPECT_EQ(content_disposition("inline", "../../etc/passwd"), R"(inline; filename="_.._etc_passwd")");
}

TEST(ContentDisposition, LongNamesEndBetweenTwoLetters) {
    const std::string most(255, 'a');
    EXPECT_EQ(content_disposition("inline", most + "b"), "inline; filename=\"" + most + "\"");
    const std::string one_less(254, 'a');
    EXPECT_EQ(content_disposition("inline", one_less + "é"), "inline; filename=\"" + one_less + "\"");
    EXPECT_EQ(content_disposition("inline", most + ".pdf"), "inline; filename=\"" + most.substr(4) + ".pdf\"");
}

std::string times(std::string_view letter, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += letter;
    return text;
}

TEST(ContentDisposition, KeepsItsLimitAndItsEndingInEveryScript) {
    for (const std::string_view letter : {"a", "é", "ق", "价", "\xF0\x9F\x98\x80", "%", "\""}) {
        const auto header = content_disposition("attachment", times(letter, 200) + ".pdf", 480);
        EXPECT_LE(header.size(), 480U) << letter;
        EXPECT_GT(header.size(), 200U) << letter;
        EXPECT_TRUE(header.ends_with(".pdf") || header.ends_with(".pdf\"")) << header;
        EXPECT_TRUE(is_field_value(header)) << header;
    }
    EXPECT_EQ(content_disposition("attachment", "价价.pdf", 65),
              R"(attachment; filename="_.pdf"; filename*=UTF-8''%E4%BB%B7.pdf)");
    EXPECT_EQ(content_disposition("attachment", "价.pdf", 40), "attachment") << "whole letters";
    EXPECT_EQ(content_disposition("attachment", "x", 12), "attachment");
}

}  // namespace
}  // namespace http
