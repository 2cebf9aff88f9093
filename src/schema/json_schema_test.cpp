#include "schema/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "schema/schema.h"
#include "schema/testing_types.h"

namespace schema {
namespace {

using samples::Account;
using samples::Everything;
using samples::Line;
using samples::PageQuery;
using samples::Status;
using samples::Tolerant;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::UnorderedElementsAre;

template <class T>
std::string schema_of(Direction direction = Direction::input) {
    Components components;
    return components.schema_of(type_of<T>, direction);
}

TEST(JSONSchema, Scalars) {
    EXPECT_EQ(schema_of<bool>(), R"({"type":"boolean"})");
    EXPECT_EQ(schema_of<std::int16_t>(), R"({"type":"integer","minimum":-32768,"maximum":32767})");
    EXPECT_EQ(schema_of<std::int32_t>(),
              R"({"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647})");
    EXPECT_EQ(schema_of<std::int64_t>(),
              R"({"type":"integer","format":"int64","minimum":-9007199254740991,"maximum":9007199254740991})");
    EXPECT_EQ(schema_of<double>(), R"({"type":"number"})");
    EXPECT_EQ(schema_of<std::string>(), R"({"type":"string","maxLength":10000})");
    EXPECT_EQ(schema_of<base::Uuid>(), R"({"type":"string","format":"uuid"})");
    EXPECT_EQ(schema_of<base::Timestamp>(), R"({"type":"string","format":"date-time"})");
    EXPECT_EQ(schema_of<base::Date>(), R"({"type":"string","format":"date"})");
    EXPECT_EQ(schema_of<Json>(), "{}");
    EXPECT_THAT(schema_of<base::Money>(), HasSubstr(R"("description":"Integer minor units.")"));
    EXPECT_THAT(schema_of<base::Quantity>(), HasSubstr(R"("pattern":"^-?(0|[1-9][0-9]{0,13})(\\.[0-9]{1,4})?$")"));
    EXPECT_EQ(schema_of<std::optional<bool>>(), R"({"type":["boolean","null"]})");
    EXPECT_EQ(schema_of<Maybe<bool>>(), R"({"type":"boolean"})");
    EXPECT_EQ(schema_of<Maybe<std::optional<bool>>>(), R"({"type":["boolean","null"]})");
}

TEST(JSONSchema, Components) {
    schema::Components components;
    EXPECT_EQ(components.schema_of(type_of<Line>, Direction::output), R"({"$ref":"#/components/schemas/Line"})");
    EXPECT_EQ(components.schema_of(type_of<std::optional<Status>>, Direction::output),
              R"({"anyOf":[{"$ref":"#/components/schemas/Status"},{"type":"null"}]})");
    EXPECT_EQ(components.schema_of(type_of<std::vector<Line>>, Direction::input),
              R"({"type":"array","items":{"$ref":"#/components/schemas/Line"},"maxItems":1000})");
    EXPECT_THAT(components.all(), UnorderedElementsAre(Key("Line"), Key("Status")));
    EXPECT_EQ(components.all().at("Status"), R"({"type":"string","enum":["open","closed","voided"]})");
    EXPECT_EQ(components.all().at("Line"),
              R"({"type":"object","properties":{"sku":{"type":"string","minLength":1,"maxLength":8},)"
              R"("quantity":{"type":"string","format":"decimal","pattern":"^-?(0|[1-9][0-9]{0,13})(\\.[0-9]{1,4})?$",)"
              R"("x-minimum":"0","x-maximum":"100","x-not-zero":true,)"
              R"("description":"Decimal with at most 4 digits after the point. At least 0. At most 100. Not zero."},)"
              R"("price":{"type":"integer","format":"int64","minimum":0,"maximum":9007199254740991,)"
              R"("description":"Tax included. Integer minor units."}},)"
              R"("required":["sku","quantity","price"],"additionalProperties":false})");
}

TEST(JSONSchema, DirectionsWithTheirOwnMembers) {
    schema::Components components;
    components.announce(type_of<Account>, Direction::input);
    components.announce(type_of<std::vector<Account>>, Direction::output);
    EXPECT_EQ(components.schema_of(type_of<Account>, Direction::input),
              R"({"$ref":"#/components/schemas/AccountInput"})");
    EXPECT_EQ(components.schema_of(type_of<Account>, Direction::output), R"({"$ref":"#/components/schemas/Account"})");
    EXPECT_EQ(
        components.all().at("AccountInput"),
        R"({"type":"object","properties":{"email":{"type":"string","format":"email","maxLength":254,)"
        R"("description":"Invisible characters are dropped, capitals become small letters."},)"
        R"("password":{"type":"string","format":"password","minLength":8,"maxLength":10000,"writeOnly":true},)"
        R"("phone":{"type":["string","null"],"format":"phone","maxLength":40,)"
        R"("pattern":"^[^A-Za-z0-9]*(?:[tT][eE][lL]:)?(?:[^A-Za-z0-9]*[0-9]){7,19}[^A-Za-z0-9]*$",)"
        R"("description":"Read in any spelling, kept as E.164: `+254712345678`."},)"
        R"("locale":{"type":"string","maxLength":10000,"description":"BCP 47. When left out: `\"en-KE\"`.","examples":["sw-KE"]}},)"
        R"("required":["email","password"],"additionalProperties":false})");
    const std::string& output = components.all().at("Account");
    EXPECT_THAT(output, HasSubstr(R"("createdAt":{"type":"string","format":"date-time","readOnly":true})"));
    EXPECT_THAT(output, HasSubstr(R"("required":["email","createdAt","phone","locale"])"));
    EXPECT_THAT(output, Not(HasSubstr("password")));
    EXPECT_THAT(output, Not(HasSubstr("hash")));
}

struct Priced {
    std::optional<base::Money> cost;
    std::optional<Status> status;
    std::vector<std::int16_t> rates;

    friend constexpr auto describe(Priced*) {
        return schema::object<Priced>("Priced", schema::field<&Priced::cost>("cost", {.permission = "costs.read"}),
                                      schema::field<&Priced::status>("status", {.permission = "costs.read"}),
                                      schema::field<&Priced::rates>("rates", {.permission = "rates.read"}));
    }
};

TEST(JSONSchema, WhoIsSentAMember) {
    schema::Components components;
    std::ignore = components.schema_of(type_of<Priced>, Direction::output);
    EXPECT_EQ(
        components.all().at("Priced"),
        R"({"type":"object","properties":{"cost":{"type":["integer","null"],"format":"int64",)"
        R"("minimum":-9007199254740991,"maximum":9007199254740991,"x-permission":"costs.read",)"
        R"("description":"Integer minor units. Sent to readers with the permission `costs.read` alone."},)"
        R"("status":{"anyOf":[{"$ref":"#/components/schemas/Status"},{"type":"null"}],"x-permission":"costs.read",)"
        R"("description":"Sent to readers with the permission `costs.read` alone."},)"
        R"("rates":{"type":"array","items":{"type":"integer","minimum":-32768,"maximum":32767},"maxItems":1000,)"
        R"("x-permission":"rates.read","description":"Sent to readers with the permission `rates.read` alone."}},)"
        R"("additionalProperties":false})");
}

// A text that is one of an enumeration's is documented as the enumeration.
struct Labelled {
    std::string status;
    std::optional<std::string> former;

    friend constexpr auto describe(Labelled*) {
        return schema::object<Labelled>(
            "Labelled", schema::field<&Labelled::status>("status", {.one_of = &type_of<Status>}),
            schema::field<&Labelled::former>("former", {.one_of = &type_of<Status>, .doc = "Before."}));
    }
};

TEST(JSONSchema, AClosedListOfTexts) {
    schema::Components components;
    std::ignore = components.schema_of(type_of<Labelled>, Direction::output);
    EXPECT_EQ(components.all().at("Labelled"),
              R"({"type":"object","properties":{"status":{"$ref":"#/components/schemas/Status"},)"
              R"("former":{"anyOf":[{"$ref":"#/components/schemas/Status"},{"type":"null"}],"description":"Before."}},)"
              R"("required":["status","former"],"additionalProperties":false})");
    EXPECT_EQ(components.all().at("Status"), R"({"type":"string","enum":["open","closed","voided"]})");
    EXPECT_TRUE(schema::parse<Labelled>(R"({"status":"open","former":null})").has_value());
    EXPECT_FALSE(schema::parse<Labelled>(R"({"status":"Open"})").has_value());
    EXPECT_TRUE(schema::check(Labelled{"open", "voided"}).empty());
    const auto issues = schema::check(Labelled{"open", ""});
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].code, "invalid_value");
}

TEST(JSONSchema, WithoutAnnouncementTheFirstUseNames) {
    schema::Components components;
    EXPECT_EQ(components.schema_of(type_of<Account>, Direction::input), R"({"$ref":"#/components/schemas/Account"})");
    EXPECT_EQ(components.schema_of(type_of<Account>, Direction::output),
              R"({"$ref":"#/components/schemas/AccountOutput"})");
}

TEST(JSONSchema, PatchRequiresNothing) {
    schema::Components components;
    EXPECT_EQ(components.schema_of(type_of<Patch<Account>>, Direction::input),
              R"({"$ref":"#/components/schemas/AccountPatch"})");
    const std::string& patch = components.all().at("AccountPatch");
    EXPECT_THAT(patch, Not(HasSubstr("required")));
    EXPECT_THAT(patch, Not(HasSubstr("default")));
    EXPECT_THAT(patch, Not(HasSubstr("createdAt")));
}

// Generators of types make a member with a `default` required of whoever writes the request.
TEST(JSONSchema, DefaultsAreSaidInWordsOfRequestsAlone) {
    const auto everything = [](Direction direction) {
        schema::Components components;
        (void)components.schema_of(type_of<Everything>, direction);
        return components.all().at("Everything");
    };
    EXPECT_THAT(everything(Direction::input), HasSubstr("When left out: `[]`."));
    EXPECT_THAT(everything(Direction::output), Not(HasSubstr("When left out")));
}

TEST(JSONSchema, PartialIsTheOutputWithNothingRequired) {
    schema::Components components;
    EXPECT_EQ(components.partial_of(object_of<Account>), R"({"$ref":"#/components/schemas/AccountPartial"})");
    const std::string& partial = components.all().at("AccountPartial");
    EXPECT_THAT(partial, HasSubstr("createdAt"));
    EXPECT_THAT(partial, Not(HasSubstr("password")));
    EXPECT_THAT(partial, Not(HasSubstr("required")));
}

TEST(JSONSchema, EveryKindIsJSON) {
    for (const Direction direction : {Direction::input, Direction::output}) {
        schema::Components components;
        (void)components.schema_of(type_of<Everything>, direction);
        (void)components.schema_of(type_of<PageQuery>, direction);
        (void)components.schema_of(type_of<Tolerant>, direction);
        for (const auto& [name, text] : components.all()) EXPECT_TRUE(parse<Json>(text)) << name << ": " << text;
        EXPECT_THAT(components.all().at("Everything"), HasSubstr(R"("description":"One of each.")"));
        EXPECT_THAT(components.all().at("Everything"), HasSubstr(R"("pattern":"^(?:[a-z]+)$")"));
        EXPECT_THAT(
            components.all().at("Everything"),
            HasSubstr(
                R"("tags":{"type":"array","items":{"type":"string","minLength":1,"maxLength":10000},"maxItems":3,"uniqueItems":true)"));
        EXPECT_THAT(components.all().at("Everything"), Not(HasSubstr("\"default\"")));
        EXPECT_THAT(components.all().at("Everything"),
                    HasSubstr(R"("counts":{"type":"object","additionalProperties":{"type":"integer")"));
        EXPECT_THAT(components.all().at("Tolerant"), HasSubstr(R"("additionalProperties":true)"));
    }
}

TEST(JSONSchema, AFieldWithItsDefault) {
    schema::Components components;
    const auto& object = object_of<PageQuery>;
    EXPECT_EQ(components.schema_of(object, *object.find("limit"), Direction::input),
              R"({"type":"integer","format":"int32","minimum":1,"maximum":200,"default":50})");
}

struct Impostor {
    bool yes = false;
    friend constexpr auto describe(Impostor*) { return object<Impostor>("Line", field<&Impostor::yes>("yes")); }
};
struct WrongPattern {
    std::string text;
    friend constexpr auto describe(WrongPattern*) {
        return object<WrongPattern>("WrongPattern", field<&WrongPattern::text>("text", {.pattern = "("}));
    }
};

TEST(JSONSchema, FaultsOfTheProgramAreFoundAtStart) {
    schema::Components components;
    (void)components.schema_of(type_of<Line>, Direction::input);
    EXPECT_THROW((void)components.schema_of(type_of<Impostor>, Direction::input), std::logic_error);
    EXPECT_THROW((void)components.schema_of(type_of<WrongPattern>, Direction::input), std::logic_error);
}

}  // namespace
}  // namespace schema
