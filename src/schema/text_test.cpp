// What each kind of text becomes when it is read (schema::Text).

#include <gtest/gtest.h>

#include "schema/json_schema.h"
#include "schema/schema.h"

namespace {

using schema::Text;

constexpr schema::OwnFormat plate{"number-plate", [](std::string_view text) { return text.size() == 7; },
                                  "a number plate such as KDA123A", "^K[A-Z]{2}[0-9]{3}[A-Z]$"};

constexpr schema::OwnFormat shout{"shout",
                                  [](std::string_view text) { return text.ends_with('!'); },
                                  "a text that ends with !",
                                  {},
                                  [](std::string& text) {
                                      if (!text.starts_with('?')) text += "!";
                                  }};

struct Shout {
    std::string text;
    std::optional<std::string> more;

    friend constexpr auto describe(Shout*) {
        return schema::object<Shout>(
            "Shout", schema::field<&Shout::text>("text", {.max_length = 4, .format = shout, .text = Text::free}),
            schema::field<&Shout::more>("more", {.format = shout}));
    }
};

struct Texts {
    std::string raw;
    std::string free;
    std::string name;
    std::string identifier;
    std::string code;
    std::string email;
    std::optional<std::string> plate;
    std::vector<std::string> labels;

    friend constexpr auto describe(Texts*) {
        using T = Texts;
        return schema::object<T>(
            "Texts", schema::field<&T::raw>("raw", {.text = Text::raw, .defaulted = true}),
            schema::field<&T::free>("free", {.text = Text::free, .defaulted = true}),
            schema::field<&T::name>("name", {.min_length = 1, .max_length = 5, .text = Text::name, .defaulted = true}),
            schema::field<&T::identifier>("identifier", {.text = Text::identifier, .defaulted = true}),
            schema::field<&T::code>("code", {.format = schema::Format::code, .defaulted = true}),
            schema::field<&T::email>("email", {.format = schema::Format::email, .defaulted = true}),
            schema::field<&T::plate>("plate", {.format = ::plate}),
            schema::field<&T::labels>("labels",
                                      {.unique_items = true, .items = {.text = Text::identifier}, .defaulted = true}));
    }
};

Texts read(std::string_view json) {
    auto texts = schema::parse<Texts>(json);
    EXPECT_TRUE(texts) << json;
    return texts ? *texts : Texts{};
}

// The codes of all issues, one behind the other.
std::string codes(std::string_view json) {
    const auto texts = schema::parse<Texts>(json);
    std::string all;
    if (texts) return all;
    for (const auto& issue : texts.error().issues) all += issue.pointer + " " + issue.code + ";";
    return all;
}

TEST(TextKinds, AnOwnFormatGivesItsFormBehindTheTextsAndBeforeTheChecks) {
    const auto read = schema::parse<Shout>(R"({"text":" abc ","more":"d"})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->text, "abc!");
    EXPECT_EQ(read->more, "d!");
    const auto patch = schema::parse<schema::Patch<Shout>>(R"({"more":"e"})");
    ASSERT_TRUE(patch);
    const auto refused = schema::parse<Shout>(R"({"text":"abcd","more":"?"})");
    ASSERT_FALSE(refused);
    ASSERT_EQ(refused.error().issues.size(), 2U);
    EXPECT_EQ(refused.error().issues[0].code, "too_long");
    EXPECT_EQ(refused.error().issues[1].pointer, "/more");
    EXPECT_EQ(refused.error().issues[1].code, "invalid_format");
}

TEST(TextKinds, EachHasItsForm) {
    EXPECT_EQ(read(R"({"raw":" e\u0301\u200b "})").raw, " e\u0301\u200b ");
    EXPECT_EQ(read(R"({"free":"\u00a0a\n e\u0301 "})").free, "a\n \u00e9");
    EXPECT_EQ(read(R"({"name":"\u2003a\u00a0 b\u200b\n"})").name, "a b");
    EXPECT_EQ(read(R"({"identifier":"Ab\u200d-\u00a01\u3164"})").identifier, "Ab- 1");
    EXPECT_EQ(read(R"({"code":"\u00a0vat\u200b-16\ufeff"})").code, "VAT-16");
    EXPECT_EQ(read(R"({"email":" Amina\u200b@Duka.Example"})").email, "amina@duka.example");
    EXPECT_EQ(read(R"({"plate":"\u2028KDA1\u206023A "})").plate, "KDA123A");
}

TEST(TextKinds, LengthsAreThoseOfTheForm) {
    EXPECT_EQ(codes(R"({"name":"  e\u0301e\u0301e\u0301e\u0301e\u0301  "})"), "");
    EXPECT_EQ(codes(R"({"name":"abcdef"})"), "/name too_long;");
    EXPECT_EQ(codes(R"({"name":"\u200b\u00a0"})"), "/name too_short;");
}

TEST(TextKinds, SomethingOfANameIsVisible) {
    for (const std::string_view invisible : {"\u0301", "\u2800\u0323", "\u034f\u0301"}) {
        std::string json = "{\"name\":";
        schema::write_json_string(invisible, json);
        EXPECT_EQ(codes(json + "}"), "/name nothing_visible;") << json;
    }
    EXPECT_EQ(codes(R"({"identifier":"\u0301"})"), "/identifier nothing_visible;");
    EXPECT_EQ(codes(R"({"raw":"\u0301","free":"\u0301"})"), "");
    // In memory too: a row from before this rule says so when it is changed.
    EXPECT_EQ(schema::check(Texts{.name = "\u3164\u0301"}).at(0).code, "nothing_visible");
}

TEST(TextKinds, ItemsThatLookTheSameRepeat) {
    EXPECT_EQ(codes(R"({"labels":["e\u0301","\u00e9\u200b"]})"), "/labels/1 not_unique;");
}

TEST(TextKinds, UrlencodedTextIsNormalisedAlike) {
    const std::vector<schema::TextField> fields{{"plate", "\u00a0KDA\u200b123A "}, {"code", "nrb1"}};
    const auto texts = schema::parse_text<Texts>(fields);
    ASSERT_TRUE(texts);
    EXPECT_EQ(texts->plate, "KDA123A");
    EXPECT_EQ(texts->code, "NRB1");
}

TEST(TextKinds, ABodyOfMarksIsReadInTime) {
    std::string json = R"({"name":"e)";
    while (json.size() < 1'000'000) json += "\u0301\u0323";
    EXPECT_EQ(codes(json + "\"}"), "/name too_long;");
}

TEST(TextKinds, FormatsSayTheirText) {
    EXPECT_EQ(schema::text_of(schema::Format::none), Text::unsaid);
    EXPECT_EQ(schema::text_of(schema::Format::password), Text::raw);
    EXPECT_EQ(schema::text_of(schema::Format::email), Text::email);
    EXPECT_EQ(schema::text_of(schema::Format::code), Text::code);
    EXPECT_EQ(schema::text_of(schema::Format::phone), Text::phone);
    for (const auto format :
         {schema::Format::url, schema::Format::currency, schema::Format::country, schema::Format::time_zone}) {
        EXPECT_EQ(schema::text_of(format), Text::identifier);
    }
}

TEST(TextKinds, AFormatOfTheServiceIsCheckedNamedAndDocumentedLikeOneOfOurs) {
    EXPECT_EQ((schema::field_of<Texts, &Texts::plate>().rules.text), Text::identifier);
    EXPECT_TRUE(schema::parse<Texts>(R"({"plate":"KDA 123"})")) << "its own function has the say";
    const auto faults = schema::parse<Texts>(R"({"plate":"KDA"})");
    ASSERT_FALSE(faults);
    ASSERT_EQ(faults.error().issues.size(), 1U);
    EXPECT_EQ(faults.error().issues[0].code, "invalid_format");
    EXPECT_NE(faults.error().issues[0].message.find("a number plate such as KDA123A"), std::string::npos);
    schema::Components components;
    static_cast<void>(components.schema_of(schema::type_of<Texts>, schema::Direction::input, {}));
    const auto& all = components.all().at("Texts");
    EXPECT_NE(all.find(R"("format":"number-plate")"), std::string::npos) << all;
    EXPECT_NE(all.find(R"("pattern":"^K[A-Z]{2}[0-9]{3}[A-Z]$")"), std::string::npos) << all;
}

TEST(TextKinds, TheDocumentSaysWhatIsDropped) {
    schema::Components components;
    const auto text = components.schema_of(schema::type_of<Texts>, schema::Direction::input, {});
    const auto& all = components.all().at("Texts");
    EXPECT_NE(all.find("small letters become capitals"), std::string::npos) << text << all;
    EXPECT_NE(all.find("capitals become small letters"), std::string::npos) << all;
    EXPECT_NE(all.find("Invisible characters are dropped."), std::string::npos) << all;
}

}  // namespace
