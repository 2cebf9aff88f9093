#include "mail/content.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace {

using namespace mail;
using ::testing::HasSubstr;
using ::testing::Not;

Content greeting(Language language, const std::string& name) {
    const Say say(language);
    Content content(say("Welcome, {}", "Karibu, {}", name));
    content.paragraph(say("Hello {}.", "Habari {}.", name))
        .button(say("Open", "Fungua"), "https://app.example/x?token=a_b-c&y=1")
        .table({{"Sugar", "2", "300.00"}, {"Total", "", "300.00"}}, true);
    return content;
}

TEST(Content, TextAndHtmlAreOfOneSourceInTheLanguageOfTheReader) {
    const Layout layout{.sender = "Duka", .language = "sw", .footer = "Nairobi"};
    const auto content = greeting(Language::swahili, "Amina");
    EXPECT_EQ(content.subject(), "Karibu, Amina");
    EXPECT_EQ(to_text(content, layout),
              "Duka\n\nHabari Amina.\n\nFungua:\nhttps://app.example/x?token=a_b-c&y=1\n\n"
              "Sugar  2  300.00\nTotal     300.00\n\n-- \nNairobi\n");
    const auto html = to_html(content, layout);
    EXPECT_THAT(html, HasSubstr("<html lang=\"sw\">"));
    EXPECT_THAT(html, HasSubstr("href=\"https://app.example/x?token=a_b-c&amp;y=1\""));
    EXPECT_THAT(to_text(greeting(Language::english, "Amina"), layout), HasSubstr("Hello Amina."));
}

TEST(Content, ValuesAreNeverMarkup) {
    const auto html = to_html(greeting(Language::english, "<b>\"Amina\" & 'co'"), {.sender = "<i>Duka"});
    EXPECT_THAT(html, HasSubstr("&lt;b&gt;&quot;Amina&quot; &amp; &#39;co&#39;"));
    EXPECT_THAT(html, Not(HasSubstr("<b>")));
    EXPECT_THAT(html, Not(HasSubstr("<i>")));
}

TEST(Content, LinksLeadToTheWeb) {
    for (const auto* url :
         {"javascript:alert(1)", "//app.example", "https://app.example/\" onclick=\"x", "data:,x", ""})
        EXPECT_THROW(Content("x").button("x", url), std::invalid_argument) << url;
}

}  // namespace
