#include "schema/csv.h"

#include <gtest/gtest.h>

#include "schema/schema.h"

namespace {

struct Part {
    std::string name = "a";
    std::int32_t secret = 7;

    friend constexpr auto describe(Part*) {
        return schema::object<Part>("Part", schema::field<&Part::name>("name"),
                                    schema::field<&Part::secret>("secret", {.permission = "secrets.read"}));
    }
};

struct Line {
    std::string name;
    std::optional<std::string> note;
    std::int64_t total = 0;
    base::Quantity quantity{25'000};
    std::optional<base::Money> cost;
    std::vector<Part> parts;
    std::string hidden = "hidden";

    friend constexpr auto describe(Line*) {
        return schema::object<Line>("Line", schema::field<&Line::name>("name"), schema::field<&Line::note>("note"),
                                    schema::field<&Line::total>("total"), schema::field<&Line::quantity>("quantity"),
                                    schema::field<&Line::cost>("cost", {.permission = "costs.read"}),
                                    schema::field<&Line::parts>("parts"),
                                    schema::field<&Line::hidden>("hidden", {.internal = true}));
    }
};

std::string row(const Line& line, const schema::View& view = {}) {
    std::string text;
    schema::write_csv_row(schema::object_of<Line>, &line, text, view);
    return text;
}
std::string name_as_cell(std::string name) {
    const auto text = row({.name = std::move(name)});
    return text.substr(0, text.find(",,0,2.5,,[]\r\n"));
}

constexpr schema::View all_seeing{
    .reader = {nullptr, [](const void*, std::string_view, const schema::Enclosing&) { return true; }}};

TEST(Csv, HasALineOfNamesAndALineARow) {
    std::string text;
    schema::write_csv_header(schema::object_of<Line>, text);
    EXPECT_EQ(text, "name,note,total,quantity,cost,parts\r\n");
    EXPECT_EQ(row({.name = "Sugar", .note = "sweet", .total = -5}), "Sugar,sweet,-5,2.5,,[]\r\n");
    EXPECT_EQ(row({.name = "Sukari ya miwa — 1kg"}), "Sukari ya miwa — 1kg,,0,2.5,,[]\r\n");
}

TEST(Csv, QuotesWhatWouldPartACell) {
    EXPECT_EQ(name_as_cell("a,b"), R"("a,b")");
    EXPECT_EQ(name_as_cell(R"(say "jambo")"), R"("say ""jambo""")");
    EXPECT_EQ(name_as_cell("two\r\nlines"), "\"two\r\nlines\"");
    EXPECT_EQ(name_as_cell("a;b"), R"("a;b")");
    EXPECT_EQ(name_as_cell("a\tb"), "\"a\tb\"");
}

TEST(Csv, WhatBeginsACellForAnotherSeparatorIsNoFormulaEither) {
    EXPECT_EQ(name_as_cell("Sugar;=cmd|x!A0;+1;x"), R"("Sugar;'=cmd|x!A0;'+1;x")");
    EXPECT_EQ(name_as_cell("a\t=b"), "\"a\t'=b\"");
    EXPECT_EQ(name_as_cell("a\n@b\r\n-c\r\n\r\nd"), "\"a\n'@b\r\n'-c\r\n\r\nd\"");
    EXPECT_EQ(name_as_cell("a;\uFF1Db"), "\"a;'\uFF1Db\"");
    EXPECT_EQ(name_as_cell("a;'b"), R"("a;''b")") << "so that one apostrophe less gives the text again";
    EXPECT_EQ(name_as_cell("a;\"=1"), R"("a;'""=1")") << "behind a quote that opens and closes";
    EXPECT_EQ(name_as_cell("a; b;"), R"("a; b;")");
    const auto text = row({.name = "Sugar", .parts = {Part{.name = "a;=1+1"}}});
    EXPECT_EQ(text, "Sugar,,0,2.5,,\"[{\"\"name\"\":\"\"a\\u003b=1+1\"\"}]\"\r\n");
}

TEST(Csv, TextsAreNoFormulas) {
    EXPECT_EQ(name_as_cell("=1+1"), "'=1+1");
    EXPECT_EQ(name_as_cell("+255700000000"), "'+255700000000");
    EXPECT_EQ(name_as_cell("-1"), "'-1");
    EXPECT_EQ(name_as_cell("@SUM(A1)"), "'@SUM(A1)");
    EXPECT_EQ(name_as_cell("\t=1"), "\"'\t'=1\"");
    EXPECT_EQ(name_as_cell(R"x(=HYPERLINK("http://a","b"))x"), R"x("'=HYPERLINK(""http://a"",""b"")")x");
    // So that one apostrophe less gives the text again, whatever it was.
    EXPECT_EQ(name_as_cell("'quoted'"), "''quoted'");
    EXPECT_EQ(name_as_cell("a=b"), "a=b");
    for (const std::string sign : {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"}) {
        EXPECT_EQ(name_as_cell(sign + "1+1"), "'" + sign + "1+1");
        EXPECT_EQ(name_as_cell("a" + sign), "a" + sign);
    }
    EXPECT_EQ(name_as_cell("\uFF08"), "\uFF08") << "shares its first bytes with them";
}

struct Contact {
    std::optional<std::string> phone;

    friend constexpr auto describe(Contact*) {
        return schema::object<Contact>("Contact",
                                       schema::field<&Contact::phone>("phone", {.format = schema::Format::phone}));
    }
};

TEST(Csv, PhoneNumbersAreTakenBackAsTheyStand) {
    const Contact contact{.phone = "+254712345678"};
    std::string text;
    schema::write_csv_row(schema::object_of<Contact>, &contact, text);
    EXPECT_EQ(text, "+254712345678\r\n");
}

TEST(Csv, ShowsWhatTheReaderMaySee) {
    const Line line{.name = "Sugar", .cost = base::Money{12}, .parts = {Part{}}};
    EXPECT_EQ(row(line), "Sugar,,0,2.5,,\"[{\"\"name\"\":\"\"a\"\"}]\"\r\n");
    EXPECT_EQ(row(line, all_seeing), "Sugar,,0,2.5,12,\"[{\"\"name\"\":\"\"a\"\"}]\"\r\n");
}

TEST(Csv, HasTheColumnsThatWereChosen) {
    const schema::View view{.rows = &schema::object_of<Line>, .fields = 0b101};
    std::string text;
    schema::write_csv_header(schema::object_of<Line>, text, view);
    EXPECT_EQ(text + row({.name = "Sugar", .note = "no", .total = 3}, view), "name,total\r\nSugar,3\r\n");
}

}  // namespace
