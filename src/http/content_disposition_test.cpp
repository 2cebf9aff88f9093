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
}

}  // namespace
}  // namespace http
