#include "jobs/msgpack.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/strings.h"

namespace jobs::msgpack {
namespace {

std::string hex(Writer& writer) { return base::hex_encode(std::move(writer).take()); }

TEST(MessagePack, IntegersTakeTheLeastRoom) {
    const std::pair<std::int64_t, std::string_view> cases[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc80"},
        {255, "ccff"},
        {256, "cd0100"},
        {1'000, "cd03e8"},
        {65'535, "cdffff"},
        {65'536, "ce00010000"},
        {4'294'967'295, "ceffffffff"},
        {4'294'967'296, "cf0000000100000000"},
        {1'795'346'722'180, "cf000001a20300ed84"},
        {std::numeric_limits<std::int64_t>::max(), "cf7fffffffffffffff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0df"},
        {-128, "d080"},
        {-129, "d1ff7f"},
        {-32'769, "d2ffff7fff"},
        {std::numeric_limits<std::int64_t>::min(), "d38000000000000000"},
    };
    for (const auto& [value, bytes] : cases) {
        Writer writer;
        EXPECT_EQ(hex(writer.integer(value)), bytes) << value;
    }
}

TEST(MessagePack, TextsAreTextsNeverBytes) {
    const std::pair<std::size_t, std::string_view> cases[] = {
        {0, "a0"},       {31, "bf"},         {32, "d920"},          {255, "d9ff"},
        {256, "da0100"}, {65'535, "daffff"}, {65'536, "db00010000"}};
    for (const auto& [size, head] : cases) {
        Writer writer;
        const std::string text(size, 'x');
        EXPECT_EQ(hex(writer.text(text)), std::string(head) + base::hex_encode(text)) << size;
    }
}

TEST(MessagePack, HeadsOfArraysAndMaps) {
    const std::tuple<std::size_t, std::string_view, std::string_view> cases[] = {
        {0, "90", "80"}, {15, "9f", "8f"}, {16, "dc0010", "de0010"}, {65'536, "dd00010000", "df00010000"}};
    for (const auto& [size, array, map] : cases) {
        Writer one;
        Writer other;
        EXPECT_EQ(hex(one.array(size)), array);
        EXPECT_EQ(hex(other.map(size)), map);
    }
}

// The first argument of add("echo", ...) as recorded from Node, whose time stamp is a double; `{"attempts":0}` as a map of 16 bits
// there, of four here.
TEST(MessagePack, WhatNodeSends) {
    Writer arguments;
    arguments.array(10).text("bull:cap:").text("").text("echo").number(1'795'349'046'991);
    for (int i = 0; i < 6; ++i) arguments.nil();
    EXPECT_EQ(hex(arguments), "9aa962756c6c3a6361703aa0a46563686fcb427a2032466cf000c0c0c0c0c0c0");
    Map options;
    options.add("attempts").integer(0);
    EXPECT_EQ(base::hex_encode(std::move(options).take()), "81a8617474656d70747300");
    Writer flags;
    EXPECT_EQ(hex(flags.boolean(true).boolean(false)), "c3c2");
}

}  // namespace
}  // namespace jobs::msgpack
