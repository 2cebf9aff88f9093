// What the public HTTP/1.1 probe asks without scoring it (54 cases), and more of the kind that it and others warn about:
// where the RFCs leave a choice, this is ours.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/probe_for_test.h"

namespace http::probe {
namespace {

using namespace std::string_literals;

std::string trailer(std::string_view lines) { return chunked(fmt::format("5\r\nhello\r\n0\r\n{}\r\n", lines)); }
std::string with_host(std::string_view value) { return fmt::format("GET / HTTP/1.1\r\nHost:{}\r\n\r\n", value); }
std::string cookie(std::string_view value) {
    return line("GET /cookie HTTP/1.1", fmt::format("Cookie: {}\r\n", value));
}
// An extension of a chunk, with its semicolon.
std::string extended(std::string_view extension) {
    return chunked(fmt::format("5{}\r\nhello\r\n0\r\n\r\n", extension));
}

std::vector<Case> compliance() {
    return {
        {"COMP-ABSOLUTE-FORM", "9112 3.2.2", line("GET http://localhost:8080/ HTTP/1.1"), {200}},
        // A body of GET means nothing, but its bytes belong to it.
        {"COMP-GET-WITH-CL-BODY", "9110 9.3.1", get("Content-Length: 5\r\n") + "hello", {200}},
        {"COMP-METHOD-TRACE", "9110 9.3.8", line("TRACE / HTTP/1.1"), {405}},
        {"COMP-HTTP10-NO-HOST", "9112 3.2", "GET / HTTP/1.0\r\n\r\n", {200}, "\r\nConnection: close\r\n"},
        {"COMP-HTTP12-VERSION", "9110 2.5", line("GET / HTTP/1.2"), {200, 505}},
        {"COMP-TRACE-WITH-BODY", "9110 9.3.8", line("TRACE / HTTP/1.1", "Content-Length: 5\r\n") + "hello", {405}},
        {"COMP-TRACE-SENSITIVE",
         "9110 9.3.8",
         line("TRACE / HTTP/1.1", "Authorization: Bearer secret-1\r\n"),
         {405},
         "",
         "secret-1"},
        {"COMP-DATE-FORMAT", "9110 5.6.7", get(), {200}, " GMT\r\n"},
        {"COMP-RANGE-INVALID", "9110 14.2", get("Range: bytes=abc-xyz\r\n"), {200}},
        {"COMP-ACCEPT-NONSENSE", "9110 12.5.1", get("Accept: application/x-nonsense\r\n"), {200}},
        {"COMP-POST-UNSUPPORTED-CT",
         "9110 15.5.16",
         post("Content-Length: 5\r\nContent-Type: application/x-nonsense\r\n", "hello"),
         {200}},
        {"MAL-RANGE-OVERLAPPING",
         "9110 14.2",
         get("Range: bytes=0-" +
             [] {
                 std::string ranges;
                 for (int i = 1; i < 1000; ++i) ranges += ",0-";
                 return ranges;
             }() +
             "\r\n"),
         {200},
         "\r\n\r\nok"},
    };
}

std::vector<Case> smuggling() {
    const std::string prefix = "GET /smuggled HTTP/1.1\r\n" + host;
    return {
        {"SMUG-TRANSFER_ENCODING", "9112 6.1", coding("Transfer_Encoding: chunked"), {200}, "\r\n\r\nhello"},
        {"SMUG-CL-COMMA-SAME", "9110 8.6", length(" 5, 5"), {400}},
        {"SMUG-CL-COMMA-TRIPLE", "9110 8.6", length(" 5, 5, 5"), {400}},
        {"SMUG-CHUNKED-WITH-PARAMS", "9112 7", coding("Transfer-Encoding: chunked;ext=val"), {400}},
        {"SMUG-EXPECT-100-CL", "9110 10.1.1", post("Content-Length: 5\r\nExpect: 100-continue\r\n", "hello"), {200}},
        // Trailers are read over; what would steer the message has no effect there.
        {"SMUG-TRAILER-CL", "9110 6.5.1", trailer("Content-Length: 50\r\n"), {200, 400}},
        {"SMUG-TRAILER-TE", "9110 6.5.1", trailer("Transfer-Encoding: chunked\r\n"), {200, 400}},
        {"SMUG-TRAILER-HOST", "9110 6.5.1", trailer("Host: evil.example.com\r\n"), {200, 400}},
        {"SMUG-TRAILER-AUTH", "9110 6.5.1", trailer("Authorization: Bearer evil\r\n"), {200, 400}},
        {"SMUG-TRAILER-CONTENT-TYPE", "9110 6.5.1", trailer("Content-Type: text/evil\r\n"), {200, 400}},
        {"SMUG-HEAD-CL-BODY", "9110 9.3.2", line("HEAD / HTTP/1.1", "Content-Length: 5\r\n") + "hello", {200}},
        {"SMUG-OPTIONS-CL-BODY", "9110 9.3.7", line("OPTIONS / HTTP/1.1", "Content-Length: 5\r\n") + "hello", {204}},
        {"SMUG-TE-TAB-BEFORE-VALUE", "9110 5.5", coding("Transfer-Encoding:\tchunked"), {400}},
        {"SMUG-ABSOLUTE-URI-HOST-MISMATCH", "9112 3.2.2", line("GET http://other.example.com/ HTTP/1.1"), {400}},
        {"SMUG-GET-CL-PREFIX-DESYNC",
         "9110 9.3.1",
         get(fmt::format("Content-Length: {}\r\n", prefix.size())) + prefix,
         {200}},
        // What stands behind a body of no bytes begins the next request: a method XGET here, which there is not.
        {"SMUG-CL0-BODY-POISON", "9112 6.2", post("Content-Length: 0\r\n", "X"), {200}, "", "", Then::follow_up, 405},
        {"SMUG-GET-CL-BODY-DESYNC", "9110 9.3.1", get("Content-Length: 5\r\n") + "hello", {200}},
        {"SMUG-OPTIONS-CL-BODY-DESYNC",
         "9110 9.3.7",
         line("OPTIONS / HTTP/1.1", "Content-Length: 5\r\n") + "hello",
         {204}},
        {"SMUG-EXPECT-100-CL-DESYNC",
         "9110 10.1.1",
         post("Content-Length: 5\r\nExpect: 100-continue\r\n", "hello"),
         {200},
         "\r\n\r\nhello"},
        {"SMUG-PIPELINE-SAFE", "9112 9.3", get(), {200}},
        {"NORM-CASE-TE",
         "9112 6.1",
         post("Content-Length: 11\r\nTRANSFER-ENCODING: chunked\r\n", "hello world"),
         {400}},
    };
}

std::vector<Case> cookies() {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += fmt::format("k{}=v{}; ", i, i);
    return {
        {"COOK-ECHO", "6265 4.2", cookie("foo=bar"), {200}, "[foo][bar]"},
        {"COOK-OVERSIZED", "6585 5", cookie("big=" + std::string(65'536, 'A')), {431}},
        {"COOK-EMPTY", "6265 4.2", cookie(""), {200}},
        {"COOK-NUL", "9110 5.5", cookie("foo=\0bar"s), {400}},
        {"COOK-CONTROL-CHARS", "9110 5.5", cookie("foo=\x01\x02\x03"), {400}},
        {"COOK-MANY-PAIRS", "6265 6.1", cookie(many), {200}, "too many"},
        {"COOK-MALFORMED", "6265 4.2", cookie("===;;;"), {200}, "Content-Length: 0\r\n"},
        {"COOK-MULTI-HEADER", "6265 5.4", line("GET /cookie HTTP/1.1", "Cookie: a=1\r\nCookie: b=2\r\n"), {200}},
        {"COOK-PARSED-BASIC", "6265 4.2", cookie("foo=bar"), {200}, "[foo][bar]"},
        {"COOK-PARSED-MULTI", "6265 4.2", cookie("a=1; b=2; c=3"), {200}, "[a][1] [b][2] [c][3]"},
        {"COOK-PARSED-EMPTY-VAL", "6265 4.2", cookie("foo="), {200}, "[foo][]"},
        // A space is no cookie-octet: that pair is left out, not the one behind it.
        {"COOK-PARSED-SPECIAL", "6265 4.1.1", cookie("a=hello world; b=x=y"), {200}, "[b][x=y]", "[a]"},
    };
}

std::vector<Case> capabilities() {
    return {
        {"CAP-ETAG-304", "9110 13.1.2", get("If-None-Match: \"1\"\r\n"), {304}, "", "Content-Length"},
        {"CAP-ETAG-IN-304", "9110 15.4.5", get("If-None-Match: \"1\"\r\n"), {304}, "\r\nETag: \"1\"\r\n"},
        {"CAP-ETAG-WEAK", "9110 13.1.2", get("If-None-Match: W/\"1\"\r\n"), {304}},
        {"CAP-INM-WILDCARD", "9110 13.1.2", get("If-None-Match: *\r\n"), {304}},
        {"CAP-INM-UNQUOTED", "9110 13.1.2", get("If-None-Match: 1\r\n"), {200}},
        {"CAP-INM-PRECEDENCE",
         "9110 13.1.2",
         get("If-None-Match: \"1\"\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"),
         {304}},
        {"CAP-LAST-MODIFIED-304", "9110 13.1.3", get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), {304}},
        {"CAP-IMS-FUTURE", "9110 13.1.3", get("If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT\r\n"), {200, 304}},
        {"CAP-IMS-INVALID", "9110 13.1.3", get("If-Modified-Since: not-a-date\r\n"), {200}},
    };
}

// ---- Not in the probe -------------------------------------------------------------------------------------------------

std::vector<Case> request_lines() {
    return {
        {"space in the target", "9112 3.2", line("GET /a b HTTP/1.1"), {400}},
        {"two spaces before the version", "9112 3", line("GET /  HTTP/1.1"), {400}},
        {"space behind the version", "9112 3", line("GET / HTTP/1.1 "), {400}},
        {"letter behind the version", "9112 2.3", line("GET / HTTP/1.1x"), {400}},
        {"two digits of minor version", "9112 2.3", line("GET / HTTP/1.10"), {400}},
        {"no digits of version", "9112 2.3", line("GET / HTTP/x.y"), {400}},
        {"comma in the version", "9112 2.3", line("GET / HTTP/1,1"), {400}},
        {"another protocol", "9112 2.3", line("GET / ICY/1.1"), {400}},
        {"HTTP 2 in a whole line", "9112 2.3", line("GET / HTTP/2.0"), {505}},
        {"HTTP 0 9 in a whole line", "9112 2.3", line("GET / HTTP/0.9"), {505}},
        {"one empty line first", "9112 2.2", "\r\n" + get(), {200}},
        {"no target at all", "9112 3", "GET\r\n" + host + "\r\n", {400}},
        {"empty method", "9112 3.1", line(" / HTTP/1.1"), {400}},
        {"method that is no token", "9112 3.1", line("GE(T / HTTP/1.1"), {400}},
        {"relative target", "9112 3.2", line("GET a/b HTTP/1.1"), {400}},
        {"authority as target", "9112 3.2.3", line("GET localhost:8080 HTTP/1.1"), {400}},
        {"absolute target without a path", "9112 3.2.2", line("GET http://localhost:8080 HTTP/1.1"), {200}},
        {"absolute target with user information", "9110 4.2.4", line("GET http://u@localhost:8080/ HTTP/1.1"), {400}},
        {"absolute target without a host", "9110 4.2.1", line("GET http:/// HTTP/1.1"), {400}},
        {"absolute target with another port", "9112 3.2.2", line("GET http://localhost:81/ HTTP/1.1"), {400}},
        {"absolute target of another scheme", "9112 3.2.2", line("GET ftp://localhost:8080/ HTTP/1.1"), {400}},
        {"absolute target and no Host", "9112 3.2", "GET http://localhost:8080/ HTTP/1.1\r\n\r\n", {400}},
        {"asterisk with POST", "9112 3.2.4", line("POST * HTTP/1.1"), {400}},
        {"asterisk and more", "9112 3.2.4", line("OPTIONS *a HTTP/1.1"), {400}},
        {"broken escape", "3986 2.1", line("GET /%zz HTTP/1.1"), {400}},
        {"encoded slash", "3986 2.2", line("GET /..%2fnext HTTP/1.1"), {400}},
        {"dot segments", "3986 5.2.4", line("GET /a/../next HTTP/1.1"), {400}},
    };
}

std::vector<Case> hosts() {
    return {
        {"host and port", "9110 7.2", with_host(" shop.example:8080"), {200}},
        {"host in capitals", "9110 7.2", with_host(" SHOP.example"), {200}},
        {"IPv4 host", "9110 7.2", with_host(" 127.0.0.1:80"), {200}},
        {"IPv6 host", "9110 7.2", with_host(" [2001:db8::1]:80"), {200}},
        {"IPv6 host without a port", "9110 7.2", with_host(" [::1]"), {200}},
        {"no space behind the colon", "9110 5.5", with_host("shop.example"), {200}},
        {"tab and spaces around", "9110 5.5", with_host("\t shop.example \t"), {200}},
        {"letters as port", "3986 3.2.3", with_host(" a:x"), {400}},
        {"negative port", "3986 3.2.3", with_host(" a:-1"), {400}},
        {"two ports", "3986 3.2.3", with_host(" a:80:80"), {400}},
        {"space before the port", "3986 3.2.3", with_host(" a :80"), {400}},
        {"bare IPv6", "3986 3.2.2", with_host(" ::1"), {400}},
        {"open bracket", "3986 3.2.2", with_host(" ["), {400}},
        {"closed bracket", "3986 3.2.2", with_host(" ]"), {400}},
        {"empty brackets", "3986 3.2.2", with_host(" []"), {400}},
        {"bracket without an end", "3986 3.2.2", with_host(" [::1"), {400}},
        {"name in brackets", "3986 3.2.2", with_host(" [shop]"), {400}},
        {"IPv4 in brackets", "3986 3.2.2", with_host(" [127.0.0.1]"), {400}},
        {"three colons", "3986 3.2.2", with_host(" [:::1]"), {400}},
        {"zone", "6874 2", with_host(" [fe80::1%25eth0]"), {400}},
        {"text behind brackets", "3986 3.2.2", with_host(" [::1]x"), {400}},
        {"brackets inside a name", "3986 3.2.2", with_host(" a[b]"), {400}},
        {"port alone", "9110 4.2.1", with_host(" :80"), {400}},
        {"broken escape in host", "3986 2.1", with_host(" %zz"), {400}},
        {"user and password", "9110 4.2.4", with_host(" u:p@a"), {400}},
        {"query in host", "3986 3.2.2", with_host(" a?b"), {400}},
        {"fragment in host", "3986 3.2.2", with_host(" a#b"), {400}},
        {"backslash in host", "3986 3.2.2", with_host(" a\\b"), {400}},
        {"URL as host", "3986 3.2.2", with_host(" http://a/"), {400}},
        {"two words", "3986 3.2.2", with_host(" a b"), {400}},
        {"bytes beyond ASCII in host", "3986 2", with_host(" caf\xC3\xA9"), {400}},
        {"tab in host", "3986 3.2.2", with_host(" a\tb"), {400}},
        {"host in HTTP 1 0 is judged too", "9112 3.2", "GET / HTTP/1.0\r\nHost: a:x\r\n\r\n", {400}},
    };
}

std::vector<Case> lengths() {
    return {
        {"coding in HTTP 1 0",
         "9112 6.1",
         line("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
         {400}},
        {"the same length twice", "9110 8.6", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), {400}},
        {"length with a trailing comma", "9110 8.6", length(" 5,"), {400}},
        {"length with a leading comma", "9110 8.6", length(" ,5"), {400}},
        {"length in quotes", "9110 8.6", length(" \"5\""), {400}},
        {"length with a parameter", "9110 8.6", length(" 5;x"), {400}},
        {"length with a fraction", "9110 8.6", length(" 5.0"), {400}},
        {"length with an exponent", "9110 8.6", length(" 5e0"), {400}},
        {"length and a vertical tab", "9110 8.6", length(" 5\v"), {400}},
        {"length and a no-break space", "9110 8.6", length(" 5\xA0"), {400}},
        {"length that wraps 32 bits", "9110 15.5.14", length(" 4294967301"), {413}, "", "", Then::end},
        {"length that wraps 64 bits", "9110 8.6", length(" 18446744073709551621"), {400}},
        {"length before GET of a whole body", "9110 9.3.1", get("Content-Length: 0\r\n"), {200}},
        {"chunked twice in two fields",
         "9112 6.1",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         {400}},
        {"chunked twice", "9112 6.1", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), {400}},
        {"gzip before chunked", "9112 6.1", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), {501}},
        {"identity before chunked",
         "9112 6.1",
         post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"),
         {400, 501}},
        {"identity alone", "9112 6.1", post("Transfer-Encoding: identity\r\n"), {400, 501}},
        {"chunked and an empty element", "9110 5.6.1", post("Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"), {400}},
        {"chunked in quotes", "9112 7", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), {400, 501}},
        {"chunked behind a tab",
         "9110 5.5",
         post("Transfer-Encoding:\tchunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
         {200},
         "\r\n\r\nhello"},
        {"chunked in capitals",
         "9112 7",
         post("TRANSFER-ENCODING: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n"),
         {200},
         "\r\n\r\nhello"},
        {"chunked behind a vertical tab", "9110 5.5", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), {400}},
        {"chunks with GET", "9112 6", get("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n", {200}},
        {"chunks with HEAD",
         "9112 6",
         line("HEAD / HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
         {200}},
        {"chunks with 304",
         "9110 15.4.5",
         get("If-None-Match: \"1\"\r\nTransfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
         {304}},
        {"chunks with 404",
         "9112 6",
         line("POST /nowhere HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
         {404}},
    };
}

// RFC 9112 §7.1 with no white space anywhere, as the README has it.
std::vector<Case> chunk_framing() {
    return {
        {"extension that is a name", "9112 7.1.1", extended(";a"), {200}},
        {"two extensions", "9112 7.1.1", extended(";a=1;b=\"x y\""), {200}},
        {"extension with an escaped quote", "9112 7.1.1", extended(";a=\"x\\\"y;z\""), {200}},
        {"extension with a tab in quotes", "9112 7.1.1", extended(";a=\"x\ty\""), {200}},
        {"extension without a name", "9112 7.1.1", extended(";=x"), {400}},
        {"extension without a value", "9112 7.1.1", extended(";a="), {400}},
        {"extension of two semicolons", "9112 7.1.1", extended(";;a"), {400}},
        {"extension that ends in a semicolon", "9112 7.1.1", extended(";a;"), {400}},
        {"extension with an open quote", "9112 7.1.1", extended(";a=\"x"), {400}},
        {"extension with text behind quotes", "9112 7.1.1", extended(";a=\"x\"y"), {400}},
        {"extension with an open escape", "9112 7.1.1", extended(";a=\"x\\"), {400}},
        {"extension with two values", "9112 7.1.1", extended(";a=b=c"), {400}},
        {"extension of two words", "9112 7.1.1", extended(";a b"), {400}},
        {"space before an extension", "9112 7.1.1", extended(" ;a"), {400}},
        {"space in front of the name", "9112 7.1.1", extended("; a"), {400}},
        {"tab in front of the value", "9112 7.1.1", extended(";a=\tb"), {400}},
        {"space behind an extension", "9112 7.1.1", extended(";a "), {400}},
        {"extension with a control", "9112 7.1.1", extended(";a=\"\x01\""), {400}},
        {"extension with CR in quotes", "9112 7.1.1", extended(";a=\"\rb\""), {400}},
        {"extension with LF in quotes", "9112 7.1.1", extended(";a=\"\nb\""), {400}},
        {"extension of the last chunk", "9112 7.1.1", chunked("5\r\nhello\r\n0;a\r\n\r\n"), {200}},
        {"bad extension of the last chunk", "9112 7.1.1", chunked("5\r\nhello\r\n0;\r\n\r\n"), {400}},
        {"no size", "9112 7.1", chunked("\r\nhello\r\n0\r\n\r\n"), {400}},
        {"extension and no size", "9112 7.1", chunked(";a\r\nhello\r\n0\r\n\r\n"), {400}},
        {"many zeros of the last chunk", "9112 7.1", chunked("5\r\nhello\r\n000\r\n\r\n"), {200}},
        {"size of seventeen digits", "9112 7.1", chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"), {400}},
        {"size that wraps 64 bits", "9112 7.1", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), {400}},
        {"CR and a byte behind the size", "9112 7.1", chunked("5\rhello\r\n0\r\n\r\n"), {400}},
        {"CR and a byte behind the data", "9112 7.1", chunked("5\r\nhello\rX0\r\n\r\n"), {400}},
        {"CR and a byte behind the last chunk", "9112 7.1", chunked("5\r\nhello\r\n0\rX\r\n"), {400}},
        {"CR and a request at the end", "9112 7.1", chunked("5\r\nhello\r\n0\r\n\r"), {400}},
        {"CR and a request behind a trailer", "9112 7.1", chunked("5\r\nhello\r\n0\r\nX-T: t\r\n\r"), {400}},
        {"CR and a request behind the data", "9112 7.1", chunked("5\r\nhello\r"), {400}},
        {"byte for CR behind the data", "9112 7.1", chunked("5\r\nhelloX\n0\r\n\r\n"), {400}},
        {"CR CR LF behind the data", "9112 7.1", chunked("5\r\nhello\r\r\n0\r\n\r\n"), {400}},
        {"CR CR LF at the end", "9112 7.1", chunked("5\r\nhello\r\n0\r\n\r\r\n"), {400}},
    };
}

std::vector<Case> trailers() {
    return {
        {"two trailers", "9112 7.1.2", trailer("X-A: 1\r\nX-B:2\r\n"), {200}, "\r\n\r\nhello"},
        {"trailer without a value", "9112 7.1.2", trailer("X-A:\r\n"), {200}},
        {"trailer without a colon", "9112 7.1.2", trailer("X-A\r\n"), {400}},
        {"trailer without a name", "9112 7.1.2", trailer(": a\r\n"), {400}},
        {"trailer with a space before the colon", "9112 5.1", trailer("X-A : a\r\n"), {400}},
        {"trailer whose name is no token", "9112 7.1.2", trailer("X[A]: a\r\n"), {400}},
        {"folded trailer", "9112 5.2", trailer("X-A: a\r\n b\r\n"), {400}},
        {"trailer that begins with a space", "9112 5.2", trailer(" X-A: a\r\n"), {400}},
        {"trailer with NUL", "9110 5.5", trailer("X-A: a\0b\r\n"s), {400}},
        {"trailer with CR", "9110 5.5", trailer("X-A: a\rb\r\n"), {400}},
        {"trailer that ends in LF", "9112 2.2", trailer("X-A: a\n"), {400}},
        {"request line as a trailer", "9112 7.1.2", trailer("GET /smuggled HTTP/1.1\r\n"), {400}},
        {"trailers without an end", "9112 7.1.2", trailer("X-A: " + std::string(70'000, 'a') + "\r\n"), {400}},
    };
}

std::vector<Case> fields() {
    return {
        {"bytes beyond ASCII in a value", "9110 5.5", get("X-A: caf\xC3\xA9 \xFF\r\n"), {200}},
        {"DEL in a value",
         "9110 5.5",
         get("X-A: a\x7F"
             "b\r\n"),
         {400}},
        {"ESC in a value", "9110 5.5", get("X-A: \x1B[2J\r\n"), {400}},
        {"tab in a value", "9110 5.5", get("X-A: a\tb\r\n"), {200}},
        {"blanks alone in a value", "9110 5.5", get("X-A:  \t \r\n"), {200}},
        {"every character of a token in a name", "9110 5.6.2", get("!#$%&'*+-.^_`|~09azAZ: a\r\n"), {200}},
        {"space in a name", "9112 5.1", get("X A: a\r\n"), {400}},
        {"tab before a colon", "9112 5.1", get("X-A\t: a\r\n"), {400}},
        {"NUL in a name", "9112 5.1", get("X\0A: a\r\n"s), {400}},
        {"field folded by a tab", "9112 5.2", get("X-A: a\r\n\tb\r\n"), {400}},
        {"fold that is empty", "9112 5.2", get("X-A: a\r\n \r\n"), {400}},
        {"LF CR", "9112 2.2", get("X-A: a\n\rX-B: b\r\n"), {400}},
        {"CR CR LF", "9112 2.2", get("X-A: a\r\r\n"), {400}},
        {"head that ends in LF LF", "9112 2.2", "GET / HTTP/1.1\r\nHost: a\n\n", {400}},
        {"head that ends in CR LF LF", "9112 2.2", "GET / HTTP/1.1\r\nHost: a\r\n\n", {400}},
        {"a hundred fields",
         "6585 5",
         get([] {
             std::string all;
             for (int i = 1; i < 100; ++i) all += "a: b\r\n";
             return all;
         }()),
         {200}},
        {"a hundred and one fields",
         "6585 5",
         get([] {
             std::string all;
             for (int i = 0; i < 100; ++i) all += "a: b\r\n";
             return all;
         }()),
         {431}},
        {"two expectations", "9110 10.1.1", post("Content-Length: 5\r\nExpect: 100-continue, x\r\n", "hello"), {417}},
        {"expectation in capitals",
         "9110 10.1.1",
         post("Content-Length: 5\r\nExpect: 100-CONTINUE\r\n", "hello"),
         {200}},
        {"expectation in HTTP 1 0",
         "9110 10.1.1",
         line("POST / HTTP/1.0", "Content-Length: 5\r\nExpect: nonsense\r\n") + "hello",
         {200}},
    };
}

std::vector<Case> connections() {
    const auto closes = "\r\nConnection: close\r\n"s;
    return {
        {"close in capitals", "9112 9.6", get("CONNECTION: CLOSE\r\n"), {200}, closes},
        {"close in a list", "9112 9.6", get("Connection: foo, close\r\n"), {200}, closes},
        {"close in a list without spaces", "9112 9.6", get("Connection: foo,close,bar\r\n"), {200}, closes},
        {"close in the second field",
         "9112 9.6",
         get("Connection: keep-alive\r\nConnection: close\r\n"),
         {200},
         closes},
        {"close beside keep-alive", "9112 9.6", get("Connection: keep-alive, close\r\n"), {200}, closes},
        {"close behind empty elements", "9110 5.6.1", get("Connection: , ,close\r\n"), {200}, closes},
        {"closed is another word", "9112 9.6", get("Connection: closed\r\n"), {200}, "", closes},
        {"keep-alive in HTTP 1 0",
         "9112 9.3",
         line("GET / HTTP/1.0", "Connection: keep-alive\r\n"),
         {200},
         "\r\nConnection: keep-alive\r\n"},
        {"keep-alive and close in HTTP 1 0",
         "9112 9.3",
         line("GET / HTTP/1.0", "Connection: keep-alive, close\r\n"),
         {200},
         closes},
        {"close with a body", "9112 9.6", post("Content-Length: 5\r\nConnection: close\r\n", "hello"), {200}, closes},
        {"HEAD of nothing", "9110 9.3.2", line("HEAD /nowhere HTTP/1.1"), {404}, "", "problems"},
    };
}

std::vector<Case> joined(std::initializer_list<std::vector<Case>> tables) {
    std::vector<Case> all;
    for (const auto& table : tables) all.insert(all.end(), table.begin(), table.end());
    return all;
}

std::vector<Case> unscored() { return joined({compliance(), smuggling(), cookies(), capabilities()}); }

class UnscoredProbe : public ProbeTest {};

TEST_P(UnscoredProbe, ChoosesWhereTheRFCsLeaveAChoice) { judge(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Unscored, UnscoredProbe, testing::ValuesIn(unscored()), probe_name);
INSTANTIATE_TEST_SUITE_P(RequestLines, UnscoredProbe, testing::ValuesIn(request_lines()), probe_name);
INSTANTIATE_TEST_SUITE_P(Hosts, UnscoredProbe, testing::ValuesIn(hosts()), probe_name);
INSTANTIATE_TEST_SUITE_P(Lengths, UnscoredProbe, testing::ValuesIn(lengths()), probe_name);
INSTANTIATE_TEST_SUITE_P(Chunks, UnscoredProbe, testing::ValuesIn(chunk_framing()), probe_name);
INSTANTIATE_TEST_SUITE_P(Trailers, UnscoredProbe, testing::ValuesIn(trailers()), probe_name);
INSTANTIATE_TEST_SUITE_P(Fields, UnscoredProbe, testing::ValuesIn(fields()), probe_name);
INSTANTIATE_TEST_SUITE_P(Connections, UnscoredProbe, testing::ValuesIn(connections()), probe_name);

TEST(UnscoredProbeTable, HasAllUnscoredCases) { EXPECT_EQ(unscored().size(), 54U); }

}  // namespace
}  // namespace http::probe
