#include <gtest/gtest.h>

#include <limits>

#include "schema/schema.h"
#include "schema/testing_types.h"

namespace schema {
namespace {

using samples::Account;
using samples::Everything;
using samples::everything_json;
using samples::Line;
using samples::Status;

TEST(WriteJSON, WritesEveryKind) {
    const auto value = parse<Everything>(everything_json);
    ASSERT_TRUE(value);
    EXPECT_EQ(
        to_json(*value),
        R"({"active":true,"small":7,"medium":-70000,"large":9007199254740991,"ratio":0.25,"name":"Sukari",)"
        R"("id":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01","at":"2026-11-22T06:14:03.120Z","day":"2024-02-29","price":15000,)"
        R"("quantity":"1.5","rate":160000,"status":"closed","note":null,"tags":[],)"
        R"("lines":[{"sku":"A","quantity":"2","price":100}],"counts":{},"gift":null,"extra":null})");
}

TEST(WriteJSON, WhatItWritesIsReadBack) {
    auto value = parse<Everything>(everything_json);
    ASSERT_TRUE(value);
    value->note = "x\n\"y\"\\";
    value->nickname = "a";
    value->discount = std::optional<base::Money>();
    value->tags = {"1", "2"};
    value->counts = {{"ä\"", 1}, {"b", -2}};
    value->gift = Line{"G", base::Quantity{1}, base::Money{0}};
    value->extra.text = R"({"a":[]})";
    const auto again = parse<Everything>(to_json(*value));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *value);
}

TEST(WriteJSON, LeavesOutInternalAndWriteOnly) {
    Account account{"a@b.co", "secret!!", {}, 3, {"hash"}, std::nullopt, "en-KE"};
    EXPECT_EQ(to_json(account),
              R"({"email":"a@b.co","createdAt":"1970-01-01T00:00:00.000Z","phone":null,"locale":"en-KE"})");
}

TEST(WriteJSON, EscapesEveryByteAtEveryOffset) {
    for (int byte = 0; byte < 0x80; ++byte) {
        for (std::size_t offset = 0; offset < 20; ++offset) {
            std::string text(20, 'x');
            text[offset] = static_cast<char>(byte);
            std::string json;
            write_json_string(text, json);
            const std::size_t expected = byte == '"' || byte == '\\' || byte == '\n' || byte == '\t' || byte == '\r' ||
                                                 byte == '\b' || byte == '\f'
                                             ? 23U
                                         : byte < 0x20 ? 27U
                                                       : 22U;
            EXPECT_EQ(json.size(), expected) << byte << " at " << offset;
            if (byte != 0) {
                EXPECT_EQ(*parse<std::string>(json), text) << byte << " at " << offset;
            }
        }
    }
}

TEST(WriteJSON, Strings) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", R"("")"},
        {"plain", R"("plain")"},
        {"é😀 passes", R"("é😀 passes")"},
        {std::string("\0\x01\x1f\x7f", 4), "\"\\u0000\\u0001\\u001f\x7f\""},
        {"</script>", R"("</script>")"},
        {std::string(5000, 'a') + "\"", "\"" + std::string(5000, 'a') + "\\\"\""},
    };
    for (const auto& [text, json] : cases) {
        std::string out = "before ";
        write_json_string(text, out);
        EXPECT_EQ(out, "before " + json);
    }
}

TEST(WriteJSON, PiecesLargerThanTheChunk) {
    const std::string large = "[\"" + std::string(10'000, 'x') + "\"]";
    EXPECT_EQ(to_json(std::vector<Json>{{large}, {"1"}}), "[" + large + ",1]");
    std::vector<std::string> many(3000, "\"quoted\"");
    EXPECT_EQ(*parse<std::vector<std::string>>(to_json(std::vector<std::string>(many.begin(), many.begin() + 900))),
              std::vector<std::string>(many.begin(), many.begin() + 900));
}

TEST(WriteJSON, Numbers) {
    EXPECT_EQ(to_json(1.0), "1");
    EXPECT_EQ(to_json(-0.0), "0");
    EXPECT_EQ(to_json(-0.1), "-0.1");
    EXPECT_EQ(to_json(1e300), "1e+300");
    // Not as twenty digits, which would read as an integer beyond 64 bits.
    for (const double large : {0x1p64, 123456789012345670000.0, -0x1p64, 0x1p63})
        EXPECT_EQ(*parse<double>(to_json(large)), large);
    EXPECT_EQ(to_json(std::numeric_limits<double>::quiet_NaN()), "null");
    EXPECT_EQ(to_json(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(to_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(to_json(std::numeric_limits<std::int16_t>::min()), "-32768");
}

TEST(WriteJSON, Patch) {
    const auto patch = parse<Patch<Everything>>(R"({"small":1,"note":null})");
    ASSERT_TRUE(patch);
    EXPECT_EQ(to_json(*patch), R"({"small":1,"note":null})");
}

struct Priced {
    std::string name;
    std::int32_t cost = 0;

    friend constexpr auto describe(Priced*) {
        return object<Priced>("Priced", field<&Priced::name>("name"),
                              field<&Priced::cost>("cost", {.permission = "costs.read"}));
    }
};
struct Shelf {
    std::string place;
    std::vector<Priced> goods;

    friend constexpr auto describe(Shelf*) {
        return object<Shelf>("Shelf", field<&Shelf::place>("place"), field<&Shelf::goods>("goods"));
    }
};

// Somebody who may read costs at one place.
bool at_home(const void* who, std::string_view permission, const Enclosing& good) {
    const auto& shelf = *static_cast<const Shelf*>(good.outer->object);
    return permission == "costs.read" && shelf.place == *static_cast<const std::string*>(who);
}

TEST(WriteJSON, AViewShowsWhatItsReaderMaySee) {
    const Shelf shelf{"home", {{"salt", 5}, {"rice", 7}}};
    EXPECT_EQ(to_json(shelf), R"({"place":"home","goods":[{"name":"salt","cost":5},{"name":"rice","cost":7}]})");
    EXPECT_EQ(to_json(shelf, View{}), R"({"place":"home","goods":[{"name":"salt"},{"name":"rice"}]})");
    const std::string place = "home";
    const View view{.reader = {&place, &at_home}};
    EXPECT_EQ(to_json(shelf, view), to_json(shelf));
    EXPECT_EQ(to_json(Shelf{"away", {{"salt", 5}}}, view), R"({"place":"away","goods":[{"name":"salt"}]})");
}

TEST(WriteJSON, AViewShowsTheFieldsOfItsRows) {
    const Shelf shelf{"home", {{"salt", 5}}};
    EXPECT_EQ(to_json(shelf, View{.rows = &object_of<Priced>, .fields = 0b01}),
              R"({"place":"home","goods":[{"name":"salt"}]})");
    EXPECT_EQ(to_json(shelf, View{.rows = &object_of<Priced>, .fields = 0}), R"({"place":"home","goods":[{}]})");
    EXPECT_EQ(to_json(shelf, View{.rows = &object_of<Shelf>, .fields = 0b10}), R"({"goods":[{"name":"salt"}]})");
    EXPECT_EQ(to_json(shelf.goods[0], View{.rows = &object_of<Priced>, .fields = 0b10}), "{}")
        << "asking for a member does not give the right to it";
}

TEST(WriteJSON, Enums) {
    EXPECT_EQ(name_of(Status::voided), "voided");
    EXPECT_EQ(name_of(static_cast<Status>(9)), "");
    EXPECT_EQ(to_json(Status::open), "\"open\"");
}

}  // namespace
}  // namespace schema
