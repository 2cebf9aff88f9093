#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <string>

#include "async/loop.h"
#include "http/access.h"
#include "http/errors.h"

namespace http {
namespace {

using namespace std::string_literals;

struct Parsed {
    async::Loop loop;
    Services services;
    Context context{loop, services, {}};
    std::string input;
    Head head;

    explicit Parsed(std::string bytes, HeadLimits limits = {}) : input(std::move(bytes)) {
        context.reset();
        head = HeadParser(limits).parse(input, context.request());
    }
    Request& request() { return context.request(); }
};

struct Refused {
    const char* name;
    std::string input;
    base::ErrorCode error;
};

class RefusedHead : public testing::TestWithParam<Refused> {};

TEST_P(RefusedHead, IsRefused) {
    Parsed parsed(GetParam().input);
    ASSERT_EQ(parsed.head.state, Head::State::failed);
    EXPECT_EQ(parsed.head.error->code, GetParam().error.code) << parsed.head.detail;
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string with(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n\r\n"; }

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedHead,
    testing::Values(
        Refused{"no_host", "GET / HTTP/1.1\r\n\r\n", errors::malformed},
        Refused{"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"host_with_slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", errors::malformed},
        Refused{"empty_host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", errors::malformed},
        Refused{"host_with_letters_as_port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", errors::malformed},
        Refused{"bare_ipv6_host", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", errors::malformed},
        Refused{"empty_host_in_1_0", "GET / HTTP/1.0\r\nHost: \r\n\r\n", errors::malformed},
        Refused{"bad_authority_in_1_0", "GET http://a:x/ HTTP/1.0\r\n\r\n", errors::malformed},
        Refused{"host_with_user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", errors::malformed},
        Refused{"length_and_coding", with("Content-Length: 3\r\nTransfer-Encoding: chunked"), errors::malformed},
        Refused{"coding_and_length", with("Transfer-Encoding: chunked\r\nContent-Length: 3"), errors::malformed},
        Refused{"two_lengths", with("Content-Length: 3\r\nContent-Length: 4"), errors::malformed},
        Refused{"length_list", with("Content-Length: 3, 3"), errors::malformed},
        Refused{"negative_length", with("Content-Length: -1"), errors::malformed},
        Refused{"plus_length", with("Content-Length: +1"), errors::malformed},
        Refused{"hex_length", with("Content-Length: 0x1"), errors::malformed},
        Refused{"empty_length", with("Content-Length: "), errors::malformed},
        Refused{"huge_length", with("Content-Length: 99999999999999999999"), errors::malformed},
        Refused{"coding_twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), errors::malformed},
        Refused{"chunked_chunked", with("Transfer-Encoding: chunked, chunked"), errors::malformed},
        Refused{"gzip_coding", with("Transfer-Encoding: gzip"), errors::malformed},
        Refused{"gzip_chunked", with("Transfer-Encoding: gzip, chunked"), errors::not_implemented},
        Refused{"vertical_tab_coding", with("Transfer-Encoding: \vchunked"), errors::malformed},
        Refused{"coding_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", errors::malformed},
        Refused{"folded", with("X-A: a\r\n b"), errors::malformed},
        Refused{"folded_by_tab", with("X-A: a\r\n\tb"), errors::malformed},
        Refused{"folded_first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", errors::malformed},
        Refused{"bare_line_feed", "GET / HTTP/1.1\nHost: a\n\n", errors::malformed},
        Refused{"bare_line_feed_in_field", with("X-A: a\nX-B: b"), errors::malformed},
        Refused{"bare_return", with("X-A: a\rb"), errors::malformed},
        Refused{"return_before_line_end", with("X-A: a\r"), errors::malformed},
        Refused{"nul_in_value", with("X-A: a\0b"s), errors::malformed},
        Refused{"nul_in_name", with("X\0A: b"s), errors::malformed},
        Refused{"control_in_value", with("X-A: a\x01"), errors::malformed},
        Refused{"space_before_colon", with("X-A : b"), errors::malformed},
        Refused{"no_colon", with("X-A"), errors::malformed}, Refused{"empty_name", with(": b"), errors::malformed},
        Refused{"bad_name", with("X(A): b"), errors::malformed},
        Refused{"bad_method", "GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"no_method", " / HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"tls_hello", "\x16\x03\x01", errors::malformed},
        Refused{"two_empty_lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"two_spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"space_in_target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"spaces_in_target_of_2_0", "GET /a b HTTP/2.0\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"space_in_version", "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"letter_after_version", "GET / HTTP/1.1x\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"two_digit_version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"tabs", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"endless_method", std::string(17'000, 'A'), errors::malformed},
        Refused{"space_after_version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"http_0_9", "GET /\r\n\r\n", errors::malformed},
        Refused{"lower_case_version", "GET / http/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", errors::version_not_supported},
        Refused{"http_1_2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", errors::version_not_supported},
        Refused{"fragment", get("/a#b"), errors::malformed}, Refused{"quote", get("/a\"b"), errors::malformed},
        Refused{"backslash", get("/a\\b"), errors::malformed},
        Refused{"non_ascii", get("/caf\xc3\xa9"), errors::malformed},
        Refused{"relative", get("a/b"), errors::malformed}, Refused{"star", get("*"), errors::malformed},
        Refused{"nul_in_path", get("/a%00b"), errors::malformed},
        Refused{"encoded_slash", get("/a%2Fb"), errors::malformed},
        Refused{"broken_escape", get("/a%2"), errors::malformed},
        Refused{"bad_escape", get("/a%zz"), errors::malformed}, Refused{"not_utf8", get("/a%ff"), errors::malformed},
        Refused{"dot_segment", get("/a/../b"), errors::malformed},
        Refused{"encoded_dot_segment", get("/a/%2e%2E"), errors::malformed},
        Refused{"single_dot_segment", get("/a/./b"), errors::malformed},
        Refused{"other_host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"other_scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"user_in_target", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", errors::malformed},
        Refused{"connect", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", errors::malformed},
        Refused{"unknown_expectation", with("Content-Length: 1\r\nExpect: 200-ok"), errors::expectation_failed},
        Refused{"two_authorizations", with("Authorization: a\r\nAuthorization: b"), errors::malformed},
        Refused{"long_target", get("/" + std::string(9000, 'a')), errors::target_too_long},
        Refused{"endless_target", "GET /" + std::string(17'000, 'a'), errors::target_too_long},
        Refused{"long_header", with("X-A: " + std::string(17'000, 'a')), errors::headers_too_large},
        Refused{"endless_header", "GET / HTTP/1.1\r\nX-A: " + std::string(17'000, 'a'), errors::headers_too_large},
        Refused{"many_headers", with([] {
                    std::string all;
                    for (int i = 0; i < 100; ++i) all += "a: b\r\n";
                    return all + "c: d";
                }()),
                errors::headers_too_large}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(HeadParser, ReadsARequest) {
    Parsed parsed(
        "PATCH /v1/a%20b/%C3%A9?q=%2F+1 HTTP/1.1\r\nhOST: shop.example:8080\r\nX-Twice: 1\r\nx-twice:2\r\n"
        "If-Match: \"7\"  \r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello");
    ASSERT_EQ(parsed.head.state, Head::State::complete) << parsed.head.detail;
    EXPECT_EQ(parsed.input.substr(parsed.head.size), "hello");
    EXPECT_EQ(parsed.request().method(), Method::patch);
    EXPECT_EQ(parsed.request().path(), "/v1/a b/é");
    EXPECT_EQ(parsed.request().query(), "q=%2F+1");
    EXPECT_EQ(parsed.request().host(), "shop.example:8080");
    EXPECT_EQ(parsed.request().header("IF-MATCH"), "\"7\"");
    EXPECT_EQ(parsed.request().headers().get(KnownHeader::if_match), "\"7\"");
    EXPECT_EQ(parsed.request().headers().joined("X-Twice"), "1, 2");
    EXPECT_EQ(parsed.head.content_length, 5U);
    EXPECT_TRUE(parsed.head.keep_alive);
    EXPECT_TRUE(parsed.head.expects_continue);
}

TEST(HeadParser, TakesBytesOneByOne) {
    const std::string bytes = "\r\nGET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    async::Loop loop;
    const Services services;
    Context context(loop, services, {});
    HeadParser parser({});
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        ASSERT_EQ(parser.parse(std::string_view(bytes).substr(0, size), context.request()).state,
                  Head::State::need_more)
            << size;
    }
    const auto head = parser.parse(bytes, context.request());
    ASSERT_EQ(head.state, Head::State::complete);
    EXPECT_EQ(head.size, bytes.size());
    EXPECT_FALSE(head.keep_alive);
}

TEST(HeadParser, AFailureIsFinal) {
    async::Loop loop;
    const Services services;
    Context context(loop, services, {});
    HeadParser parser({});
    const std::string bad = "GET / HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n";
    ASSERT_EQ(parser.parse(bad, context.request()).state, Head::State::failed);
    EXPECT_EQ(parser.parse(bad + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", context.request()).state, Head::State::failed);
}

TEST(HeadParser, WhatIsReadableOfARefusedHeadIsRead) {
    const struct {
        std::string input;
        std::string method;
        std::string path;
        bool origin;
    } cases[] = {
        {"OPTIONS /a b HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n", "OPTIONS", "/a", true},
        {"GET / HTTP/1.1\r\nbroken\r\n folded: x\r\nOrigin: https://shop.example\r\nHo", "GET", "/", true},
        {"\r\nGET / HTTP/1.1\nOrigin: https://shop.example\nHost: a\n\n", "GET", "/", true},
        {"GET / HTTP/1.1\r\n\r\nOrigin: https://shop.example\r\n", "GET", "/", false},
        {"GET / HTTP/1.1\r\nOrigin: https://shop.ex", "GET", "/", false},
        {"GET / HTTP/1.1\r\nOrigin: https://shop\x01.example\r\n", "GET", "/", false},
        {"GET /sales?pin=1234 HTTP/1.1\r\n", "GET", "/sales", false},
        {"GET /sal", "GET", "/sal", false},
        {"GET HTTP://a:b?c/d HTTP/1.1\r\n", "GET", "", false},
        {"GET http://a/b?c://d HTTP/1.1\r\n", "GET", "/b", false},
        {"GET /a?b=://c/d HTTP/1.1\r\n", "GET", "/a", false},
        {"GET  / HTTP/1.1\r\n", "GET", "", false},
        {"\x16\x03\x01", "GET", "", false},
        {"", "GET", "", false},
    };
    for (const auto& [input, method, path, origin] : cases) {
        async::Loop loop;
        const Services services;
        Context context(loop, services, {});
        context.reset();
        read_refused_head(input, {}, context.request());
        EXPECT_EQ(context.request().method_text(), method) << input;
        EXPECT_EQ(context.request().method(), Method::other) << input;
        EXPECT_EQ(context.request().path(), path) << input;
        EXPECT_EQ(context.request().headers().get(KnownHeader::origin).has_value(), origin) << input;
    }
}

TEST(HeadParser, AcceptsOtherForms) {
    EXPECT_EQ(Parsed("GET http://A.example/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n").request().target(), "/x?y");
    EXPECT_EQ(Parsed("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n").request().path(), "/");
    EXPECT_EQ(Parsed("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n").request().query(), "q");
    EXPECT_EQ(Parsed("GET http://[::1]:80/x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").request().host(), "[::1]:80");
    EXPECT_EQ(Parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").request().path(), "*");
    EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
    EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
    EXPECT_EQ(Parsed("GET /.well-known/..a HTTP/1.1\r\nHost: a\r\n\r\n").request().path(), "/.well-known/..a");
    EXPECT_EQ(Parsed("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").request().method(), Method::other);
}

}  // namespace
}  // namespace http
