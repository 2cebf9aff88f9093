// Reading what has happened already: a type that keeps unknown members takes forms that no other type takes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/schema.h"

namespace schema {

// Not in the anonymous namespace: a descriptor needs types with linkage.
namespace lenient_samples {

enum class Method : std::uint8_t { cash, other };
constexpr auto describe(Method*) {
    return enumeration<Method>("Method", {{Method::cash, "cash"}, {Method::other, "other"}});
}
enum class Colour : std::uint8_t { red };
constexpr auto describe(Colour*) { return enumeration<Colour>("Colour", {{Colour::red, "red"}}); }

struct Event {
    base::Timestamp at;
    std::string name;
    std::int64_t count = 3;
    Method method = Method::cash;
    std::optional<Method> second;
    std::optional<Colour> colour;
    std::optional<std::string> reference;
    std::optional<std::string> note;
    std::optional<base::Uuid> place;
    std::optional<base::Date> day;
    Json attempt;
    Json rest;

    friend constexpr auto describe(Event*) {
        return object<Event>("Event", field<&Event::at>("at"), field<&Event::name>("name"),
                             field<&Event::count>("count", {.min = 0, .defaulted = true}),
                             field<&Event::method>("method", {.defaulted = true}), field<&Event::second>("second"),
                             field<&Event::colour>("colour"),
                             field<&Event::reference>("reference", {.min_length = 1, .max_length = 20}),
                             field<&Event::note>("note"), field<&Event::place>("place"), field<&Event::day>("day"),
                             field<&Event::attempt>("attempt", {.defaulted = true}), keep_unknown<&Event::rest>());
    }
};

struct Strict {
    std::int64_t count = 3;

    friend constexpr auto describe(Strict*) {
        return object<Strict>("Strict", field<&Strict::count>("count", {.defaulted = true}));
    }
};

}  // namespace lenient_samples

namespace {

using lenient_samples::Event;
using lenient_samples::Method;
using lenient_samples::Strict;
using testing::ElementsAre;

std::string event(std::string_view members) {
    return R"({"at":"2026-11-22T09:14:03+03:00","name":"n")" + std::string(members) + "}";
}

Event read(std::string_view members) {
    auto value = parse<Event>(event(members));
    if (value) return *value;
    ADD_FAILURE() << members << ' ' << value.error().detail << ' '
                  << (value.error().issues.empty() ? "" : value.error().issues[0].pointer);
    return {};
}

std::vector<std::string> issues_of(std::string_view members) {
    auto value = parse<Event>(event(members));
    if (value) return {};
    if (value.error().malformed != Malformed::none) return {std::string(to_string(value.error().malformed))};
    std::vector<std::string> lines;
    for (const auto& issue : value.error().issues) lines.push_back(issue.pointer + " " + issue.code);
    return lines;
}

TEST(Lenient, AByteOrderMarkIsLeftOut) {
    EXPECT_TRUE(parse<Event>("\xEF\xBB\xBF" + event("")));
    EXPECT_FALSE(parse<Event>("\xEF\xBB\xBF\xEF\xBB\xBF" + event("")));
    EXPECT_FALSE(parse<Event>("\xEF\xBB" + event("")));
}

TEST(Lenient, NumbersBeyond64BitsSpoilNothingButTheirMember) {
    EXPECT_EQ(read(R"(,"x":1e400)").rest.text, R"({"x":"1e400"})");
    EXPECT_EQ(read(R"(,"x":[{"y":-1E+999,"z":123456789012345678901234567890,"s":"1e400\\"}],"w":-0.5e-400)").rest.text,
              R"({"x":[{"y":"-1E+999","z":"123456789012345678901234567890","s":"1e400\\"}],"w":0})");
    EXPECT_EQ(read(R"(,"x":[18446744073709551615,1e308])").rest.text, R"({"x":[18446744073709551615,1e+308]})");
    EXPECT_EQ(read(R"(,"attempt":1e400)").attempt.text, R"("1e400")");
    EXPECT_THAT(issues_of(R"(,"count":1e400)"), ElementsAre("/count too_big"));
    EXPECT_THAT(issues_of(R"(,"count":-99999999999999999999)"), ElementsAre("/count too_small"));
    EXPECT_THAT(issues_of(R"(,"note":1e400)"), ElementsAre("/note invalid_type"));
    EXPECT_THAT(issues_of(R"(,"place":1e400)"), ElementsAre("/place invalid_type"));
    EXPECT_THAT(issues_of(R"(,"x":1e400,"y":01)"), ElementsAre("invalid_json"));
    EXPECT_THAT(issues_of(R"(,"x":1e400,"x":2)"), ElementsAre("duplicate_key"));
}

TEST(Lenient, NullMeansTheDefault) {
    EXPECT_EQ(read(R"(,"count":null,"method":null,"attempt":null)").count, 3);
    const auto nameless = parse<Event>(R"({"at":"2026-11-22T09:14:03Z","name":null})");
    ASSERT_FALSE(nameless);
    EXPECT_EQ(nameless.error().issues.at(0).code, "not_null");
}

TEST(Lenient, AnEmptyTextMeansNothingWhereATextMustSaySomething) {
    const auto value = read(R"(,"reference":"","place":" ","second":"","note":"")");
    EXPECT_FALSE(value.reference || value.place || value.second);
    EXPECT_EQ(value.note, "");
    EXPECT_FALSE(read(","
                      R"("reference":"\u00a0\u200b ")")
                     .reference.value_or("x")
                     .empty());
    EXPECT_FALSE(read(","
                      R"("reference":"\u00a0 ")")
                     .reference);
    EXPECT_THAT(issues_of(R"(,"place":"here")"), ElementsAre("/place invalid_format"));
}

TEST(Lenient, NamesOfValuesInAnyCaseAndNewOnes) {
    EXPECT_EQ(read(R"(,"method":" CASH")").method, Method::cash);
    const auto value = read(R"(,"method":"cowries","second":"barter")");
    EXPECT_EQ(value.method, Method::other);
    EXPECT_EQ(value.second, Method::other);
    EXPECT_EQ(value.rest.text, R"({"method":"cowries","second":"barter"})");
    EXPECT_EQ(read(R"(,"second":"other")").rest.text, "");
    EXPECT_THAT(issues_of(R"(,"colour":"blue")"), ElementsAre("/colour invalid_value"));
    EXPECT_THAT(issues_of(R"(,"method":7)"), ElementsAre("/method invalid_type"));
}

TEST(Lenient, U0000IsReplaced) {
    EXPECT_EQ(read(R"(,"note":"a\u0000b")").note, "a\uFFFDb");
    EXPECT_EQ(read(R"(,"note":"\u0000#")").note, "\uFFFD#");
}

// What `name.slice(0, 20)` leaves of an emoji, as JSON.stringify writes it.
TEST(Lenient, HalfASurrogatePairIsReplaced) {
    EXPECT_EQ(read(R"(,"note":"a\ud83d")").note, "a\uFFFD");
    EXPECT_EQ(read(R"(,"note":"\ude00b")").note, "\uFFFDb");
    EXPECT_EQ(read(R"(,"note":"\ud83d\ud83d\ude00\uDE00")").note, "\uFFFD\U0001F600\uFFFD");
    EXPECT_EQ(read(R"(,"note":"\\ud83d \ud83d","newer":1e400)").note, "\\ud83d \uFFFD");
    EXPECT_EQ(read(R"(,"note":"x","newer":["\udfff"])").note, "x");
    for (const auto* broken :
         {R"(,"note":"\ud83")", R"(,"note":"\uZZZZ")", R"(,"note":"\ud83d)", R"(,"note":"\q\ud83d")"})
        EXPECT_FALSE(parse<Event>(R"({"name":"n","at":"2026-11-22T00:00:00Z")" + std::string(broken) + "}")) << broken;
}

TEST(Lenient, TheFirstAndTheLastMomentOfAPlatformsCalendar) {
    const auto at = [](std::string_view time) {
        const auto value = parse<Event>(R"({"name":"n","at":")" + std::string(time) + R"("})");
        return value ? base::format_timestamp(value->at) : "refused";
    };
    EXPECT_EQ(at("0001-01-01T00:00:00+03:00"), "0001-01-01T00:00:00.000Z");
    EXPECT_EQ(at("0001-01-01T00:00:00.5+14:00"), "0001-01-01T00:00:00.500Z");
    EXPECT_EQ(at("9999-12-31T23:59:59.999999-03:00"), "9999-12-31T23:59:59.999999Z");
    EXPECT_EQ(at("0001-01-01T05:00:00+03:00"), "0001-01-01T02:00:00.000Z");
    // A clock without a battery.
    EXPECT_EQ(at("0000-12-31T00:00:00Z"), "0001-01-01T00:00:00.000Z");
    for (const auto* refused : {"0001-01-01T00:00:00", "2026-11-22", "0001-01-01T"})
        EXPECT_EQ(at(refused), "refused") << refused;
}

TEST(Lenient, ADateBeforeOurFirstIsOurFirst) {
    EXPECT_EQ(base::format_date(read(R"(,"day":"0000-12-31")").day.value()), "0001-01-01");
    EXPECT_THAT(issues_of(R"(,"day":"-001-12-31")"), ElementsAre("/day invalid_format"));
}

TEST(Lenient, OtherTypesStayStrict) {
    EXPECT_FALSE(parse<Strict>("\xEF\xBB\xBF{}"));
    EXPECT_FALSE(parse<Strict>(R"({"count":null})"));
}

// A reader that says so takes the same forms of any type, and passes over what it does not know, at any depth.
TEST(Lenient, AnyTypeIsReadLenientlyWhereTheReaderSaysSo) {
    const ReadOptions lenient{.lenient = true};
    const auto plain = parse<Strict>(R"({"count":5})");
    ASSERT_TRUE(plain);
    const auto more = parse<Strict>(R"({"count":5,"colour":{"red":[1,2]},"newer":null})", lenient);
    ASSERT_TRUE(more);
    EXPECT_EQ(to_json(*more), to_json(*plain));
    EXPECT_TRUE(parse<Strict>("\xEF\xBB\xBF{}", lenient));
    EXPECT_FALSE(parse<Strict>(R"({"count":5,"newer":1})"));
    EXPECT_FALSE(parse<Strict>(R"({"count":5,"__proto__":{}})", lenient)) << "poisoned keys stay refused";
    EXPECT_FALSE(parse<Strict>(R"({"count":"many"})", lenient)) << "what cannot be understood stays refused";
}

}  // namespace
}  // namespace schema
