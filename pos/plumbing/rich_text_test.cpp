#include "pos/plumbing/rich_text.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "html/sanitizer.h"
#include "schema/schema.h"

namespace pos {

namespace {

struct Note {
    std::optional<std::string> text;

    friend constexpr auto describe(Note*) {
        return schema::object<Note>(
            "Note",
            schema::field<&Note::text>("text", {.max_length = 40, .format = rich_text, .text = schema::Text::free}));
    }
};

std::string stored(const std::string& given) {
    std::string body = R"({"text":)";
    schema::write_json_string(given, body);
    const auto note = schema::parse<Note>(body + "}");
    return note ? note->text.value_or("nothing")
                : note.error().issues.at(0).pointer + " " + note.error().issues.at(0).code;
}

TEST(RichText, IsCleanAsSoonAsItIsRead) {
    EXPECT_EQ(stored(" <p onclick=x()>a</p><script>x()</script> "), "<p>a</p>");
    EXPECT_EQ(stored("<h1>a</h1><strike>b</strike>"), "<h2>a</h2><s>b</s>");
    EXPECT_EQ(stored(stored("5 < 6 & It's")), stored("5 < 6 & It's"));
    EXPECT_EQ(stored("<script>x()</script>"), "");
}

TEST(RichText, WhatIsRefusedIsNeverStoredAsItIs) {
    EXPECT_EQ(stored(std::string(41, 'x')), "/text too_long");
    std::string deep;
    for (int i = 0; i < 33; ++i) deep += "<div>";
    EXPECT_EQ(stored(deep.substr(0, 35)), "/text too_long");
    // Short enough as it is, too long or too deep when it is written anew.
    EXPECT_EQ(stored(std::string(20, '&')), "/text too_long");
    EXPECT_FALSE(detail::is_rich_text(deep));
    EXPECT_FALSE(detail::is_rich_text("<script>x()</script>" + std::string(20'000, '&')));
    std::string kept = deep;
    detail::clean_rich_text(kept);
    EXPECT_EQ(kept, deep);
}

TEST(RichText, SaysWhatStays) {
    for (const auto& tag : html::Options{}.allowed_tags) {
        const bool is_named = rich_text_doc.contains(" " + tag + ",") || rich_text_doc.contains(" " + tag + " stay");
        EXPECT_TRUE(is_named) << tag;
    }
    constexpr html::Limits limits;
    EXPECT_TRUE(rich_text.meaning.contains(std::to_string(limits.max_bytes)));
    EXPECT_TRUE(rich_text.meaning.contains(std::to_string(limits.max_tags)));
    EXPECT_TRUE(rich_text.meaning.contains(std::to_string(limits.max_open_formatting)));
}

// Composing characters after the text was cleaned would eat the end of a tag.
TEST(RichText, IsComposedBeforeItIsCleaned) {
    EXPECT_EQ(stored("a<b>\u0338b</b>c"), "ac");  // one tag without a ">" of its own
    EXPECT_EQ(stored("<b>&#824;a</b>"), "<b>&#824;a</b>");
    EXPECT_EQ(stored("e\u0301"), "é");
}

}  // namespace

}  // namespace pos
