#include "redis/reply_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "redis/errors.h"

namespace {

using redis::Kind;
using redis::Reply;
using redis::Value;
using redis::detail::ReplyLimits;
using redis::detail::ReplyReader;

// A value as one line: kinds that look alike to callers are written alike.
std::string shown(const Value& value) {
    switch (value.kind()) {
        case Kind::null: return "null";
        case Kind::text: return "'" + std::string(value.text()) + "'";
        case Kind::error: return "error " + std::string(value.text());
        case Kind::integer: return std::to_string(value.integer());
        case Kind::number: return "number " + std::string(value.text());
        case Kind::boolean: return value.integer() == 1 ? "true" : "false";
        default: break;
    }
    std::string text = value.kind() == Kind::push ? ">[" : "[";
    for (const auto element : value) text.append(text.ends_with('[') ? "" : " ").append(shown(element));
    return text + "]";
}

// All replies in `bytes`, given `step` bytes at a time; and the fault, if there is one.
std::string read(std::string_view bytes, std::size_t step, ReplyLimits limits = {}) {
    ReplyReader reader(limits);
    std::string text;
    while (!bytes.empty()) {
        const auto room = reader.prepare();
        const auto size = std::min({step, bytes.size(), room.size()});
        std::ranges::copy(bytes.substr(0, size), room.begin());
        reader.commit(size);
        bytes.remove_prefix(size);
        while (const auto reply = reader.next()) text.append(text.empty() ? "" : ", ").append(shown(reply->value()));
    }
    if (!reader.fault().empty()) text.append(text.empty() ? "" : ", ").append("! ").append(reader.fault());
    return text;
}

struct Case {
    std::string_view name;
    std::string_view bytes;
    std::string_view expected;
};

class ReplyReaderTest : public testing::TestWithParam<Case> {};

TEST_P(ReplyReaderTest, reads_whole_and_in_pieces) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{1'000'000}})
        EXPECT_EQ(read(GetParam().bytes, step), GetParam().expected) << "in pieces of " << step;
}

constexpr Case cases[] = {
    {"simple", "+OK\r\n", "'OK'"},
    {"empty_simple", "+\r\n", "''"},
    {"error", "-ERR no\r\n", "error ERR no"},
    {"integers", ":0\r\n:-7\r\n:+7\r\n:9223372036854775807\r\n", "0, -7, 7, 9223372036854775807"},
    {"bulk", "$5\r\na\r\nbc\r\n$0\r\n\r\n", "'a\r\nbc', ''"},
    {"nulls", "$-1\r\n*-1\r\n_\r\n", "null, null, null"},
    {"array", "*3\r\n:1\r\n*2\r\n+a\r\n$-1\r\n*0\r\n", "[1 ['a' null] []]"},
    {"map", "%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n#t\r\n", "['a' 1 'b' [true]]"},
    {"doubles", ",1.5\r\n,-2e3\r\n,inf\r\n,-inf\r\n,nan\r\n,10\r\n",
     "number 1.5, number -2e3, number inf, number -inf, number nan, number 10"},
    {"big_number", "(3492890328409238509324850943850943825024385\r\n", "'3492890328409238509324850943850943825024385'"},
    {"booleans", "#t\r\n#f\r\n", "true, false"},
    {"verbatim", "=8\r\ntxt:some\r\n=4\r\nmkd:\r\n", "'some', ''"},
    {"bulk_error", "!7\r\nERR a b\r\n", "error ERR a b"},
    {"push", ">3\r\n+message\r\n+c\r\n+hi\r\n+OK\r\n", ">['message' 'c' 'hi'], 'OK'"},
    {"attribute", "|1\r\n+ttl\r\n*1\r\n:3\r\n+OK\r\n", "'OK'"},
    {"empty_attribute", "|0\r\n:5\r\n", "5"},
    {"attribute_inside", "*2\r\n|1\r\n+a\r\n:9\r\n:1\r\n|1\r\n+a\r\n:9\r\n*1\r\n:2\r\n", "[1 [2]]"},
    {"attribute_of_push", "|1\r\n+a\r\n:1\r\n>1\r\n+b\r\n", ">['b']"},
    {"unknown_type", "+OK\r\nHTTP/1.1 200\r\n", "'OK', ! a reply of no known type"},
    {"zero_type", std::string_view("\0\r\n", 3), "! a reply of no known type"},
    {"streamed_string", "$?\r\n", "! a streamed string"},
    {"streamed_array", "*?\r\n", "! a streamed aggregate"},
    {"bad_integer", ":1x\r\n", "! an integer that is none"},
    {"signs", ":+-1\r\n", "! an integer that is none"},
    {"wide_integer", ":9223372036854775808\r\n", "! an integer that is none"},
    {"bad_double", ",1.5x\r\n", "! a double that is none"},
    {"bad_boolean", "#true\r\n", "! a boolean that is none"},
    {"bad_null", "_x\r\n", "! a null that is none"},
    {"bad_length", "$-2\r\n", "! a length that is none"},
    {"bad_count", "*-2\r\n", "! a count that is none"},
    {"no_length", "$\r\n", "! a length that is none"},
    {"long_bulk", "$2\r\nabc\r\n", "! a string longer than was said"},
    {"bare_return", "+a\rb\r\n", "! a carriage return in the middle of a line"},
    {"push_inside", "*1\r\n>1\r\n+a\r\n", "! a push frame inside of a reply"},
    {"verbatim_without_format", "=3\r\nabc\r\n", "! a verbatim string without its format"},
    {"huge_bulk", "$9223372036854775807\r\n", "! a reply of more bytes than may be"},
    {"huge_array", "*9223372036854775807\r\n", "! a reply of more values than may be"},
    {"huge_map", "%4611686018427387904\r\n", "! a reply of more values than may be"},
};
INSTANTIATE_TEST_SUITE_P(all, ReplyReaderTest, testing::ValuesIn(cases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(reply_reader, keeps_to_its_limits) {
    const auto nested = [](std::size_t depth) {
        std::string bytes;
        for (std::size_t i = 0; i < depth; ++i) bytes += "*1\r\n";
        return bytes + ":1\r\n";
    };
    EXPECT_TRUE(read(nested(32), 5).ends_with("]"));
    EXPECT_TRUE(read(nested(33), 5).ends_with("! a reply nested deeper than may be"));
    EXPECT_EQ(read("$10\r\n0123456789\r\n", 4, {.bytes = 17}), "'0123456789'");
    EXPECT_EQ(read("$10\r\n0123456789\r\n", 4, {.bytes = 16}), "! a reply of more bytes than may be");
    EXPECT_EQ(read("*2\r\n+0123456789\r\n+0123456789\r\n", 4, {.bytes = 29}), "! a reply of more bytes than may be");
    EXPECT_EQ(read("*3\r\n:1\r\n:2\r\n:3\r\n", 4, {.nodes = 4}), "[1 2 3]");
    EXPECT_EQ(read("*3\r\n:1\r\n:2\r\n:3\r\n", 4, {.nodes = 3}), "! a reply of more values than may be");
    EXPECT_EQ(read("*2\r\n*1\r\n:1\r\n*1\r\n:1\r\n", 4, {.nodes = 4}), "! a reply of more values than may be");
    EXPECT_EQ(read("+" + std::string(70'000, 'x'), 1'000), "! a line without end");
}

TEST(reply_reader, gives_large_room_back) {
    ReplyReader reader;
    const std::string large = "$8000000\r\n" + std::string(8'000'000, 'x') + "\r\n";
    std::string_view rest = large;
    std::size_t replies = 0;
    while (!rest.empty()) {
        const auto room = reader.prepare();
        const auto size = std::min(rest.size(), room.size());
        std::ranges::copy(rest.substr(0, size), room.begin());
        reader.commit(size);
        rest.remove_prefix(size);
        while (const auto reply = reader.next()) replies += (*reply)->text().size() == 8'000'000 ? 1 : 0;
    }
    EXPECT_EQ(replies, 1U);
    EXPECT_LT(reader.prepare().size(), 100'000U);
}

// ---- Values -----------------------------------------------------------------------------------------------------

Reply reply_of(std::string_view bytes) {
    ReplyReader reader;
    std::ranges::copy(bytes, reader.prepare().begin());
    reader.commit(bytes.size());
    return *reader.next();
}

TEST(value, reads_what_resp2_and_resp3_write_differently) {
    EXPECT_EQ(reply_of("$3\r\n1.5\r\n")->number(), reply_of(",1.5\r\n")->number());
    EXPECT_EQ(reply_of(",1.5\r\n")->text(), "1.5");
    EXPECT_EQ(reply_of(":1\r\n")->integer(), reply_of("#t\r\n")->integer());
    EXPECT_EQ(reply_of("#t\r\n")->text(), "1");
    EXPECT_EQ(reply_of("$2\r\n12\r\n")->integer(), 12);
    EXPECT_EQ(reply_of(":12\r\n")->text(), "12");
    EXPECT_EQ(reply_of(":12\r\n")->number(), 12);
    EXPECT_EQ(reply_of("%1\r\n+a\r\n+b\r\n")->size(), 2U);
}

TEST(value, refuses_another_kind) {
    for (const auto* bytes : {"_\r\n", "*0\r\n"}) {
        EXPECT_THROW(static_cast<void>(reply_of(bytes)->text()), base::Failure) << bytes;
        EXPECT_THROW(static_cast<void>(reply_of(bytes)->integer()), base::Failure) << bytes;
        EXPECT_THROW(static_cast<void>(reply_of(bytes)->number()), base::Failure) << bytes;
    }
    for (const auto* bytes : {"+1x\r\n", "+\r\n", "+ 1\r\n"}) {
        EXPECT_THROW(static_cast<void>(reply_of(bytes)->integer()), base::Failure) << bytes;
        EXPECT_THROW(static_cast<void>(reply_of(bytes)->number()), base::Failure) << bytes;
    }
    EXPECT_THROW(static_cast<void>(reply_of("*1\r\n:1\r\n")->at(1)), base::Failure);
    EXPECT_THROW(static_cast<void>(reply_of(":1\r\n")->at(0)), base::Failure);
    EXPECT_EQ(reply_of("+abc\r\n")->begin(), reply_of("+abc\r\n")->end());
}

TEST(value, an_element_may_leave_its_reply) {
    Reply part;
    {
        const auto whole = reply_of("*3\r\n+first\r\n*2\r\n$3\r\nabc\r\n*1\r\n:7\r\n+last\r\n");
        EXPECT_EQ(whole->at(2).text(), "last");
        part = whole->at(1).to_reply();
    }
    EXPECT_EQ(shown(*part), "['abc' [7]]");
    EXPECT_TRUE(Reply()->is_null());
}

}  // namespace
