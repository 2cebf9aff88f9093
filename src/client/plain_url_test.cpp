#include "client/plain_url.h"

#include <gtest/gtest.h>

#include <clocale>
#include <string>
#include <vector>

namespace {

using client::plain_location;
using client::plain_url;
using namespace std::string_literals;

std::string code_or(const std::expected<client::PlainUrl, client::UrlRefusal>& judged) {
    return judged ? judged->url : std::string(judged.error().code.code);
}

struct Sample {
    std::string written;
    std::string expected;  // the URL, or a code
};

void expect(const std::vector<Sample>& samples) {
    for (const auto& [written, expected] : samples) EXPECT_EQ(code_or(plain_url(written)), expected) << written;
}

TEST(PlainUrl, HasOneForm) {
    expect({
        {"https://example.com", "https://example.com/"},
        {"HTTPS://Example.COM:443/A/../B?c=D", "https://example.com/B?c=D"},
        {"https://example.com:0443/", "https://example.com/"},
        {"https://example.com:/", "https://example.com/"},
        {"https://example.com:8443", "https://example.com:8443/"},
        {"http://example.com:80/x", "http://example.com/x"},
        {"https://example.com?x=https://10.0.0.1/", "https://example.com/?x=https://10.0.0.1/"},
        {"https://example.com/@someone:x", "https://example.com/@someone:x"},
        {"https://example.com/caf\xC3\xA9?\xC2\xA7", "https://example.com/caf%c3%a9?%c2%a7"},
        {"https://a_b.example.com/", "https://a_b.example.com/"},
        {"https://r3---sn.example.com/", "https://r3---sn.example.com/"},
    });
    const auto url = plain_url("https://Example.com:8443/x");
    EXPECT_EQ(url->scheme, "https");
    EXPECT_EQ(url->host, "example.com");
    EXPECT_EQ(url->port, 8443);
    EXPECT_EQ(url->address, std::nullopt);
    EXPECT_FALSE(url->is_localhost);
    EXPECT_EQ(plain_url("http://example.com")->port, 80);
}

TEST(PlainUrl, WhatOthersReadInAnotherWayIsRefused) {
    expect({
        {"", "url.malformed"},
        {"example.com", "url.malformed"},
        {"//example.com/", "url.malformed"},
        {"://example.com/", "url.malformed"},
        {"https:example.com", "url.malformed"},
        {"https:/example.com", "url.malformed"},
        {"https:///example.com", "url.malformed"},
        {"https:\\\\example.com", "url.malformed"},
        {"https://example.com\\@10.0.0.1/", "url.malformed"},
        {" https://example.com/", "url.malformed"},
        {"https://example.com/\r\nX: y", "url.malformed"},
        {"https://exa\tmple.com/", "url.malformed"},
        {"https://example.com/a b", "url.malformed"},
        {"https://example.com/\0.example.org"s, "url.malformed"},
        {"https://example.com/\x7f", "url.malformed"},
        {"https://example.com/\xC0\xAF", "url.malformed"},
        {"https://example.com/#", "url.fragment"},
        {"https://example.com#@10.0.0.1/", "url.fragment"},
        {"https://example.com:65536/", "url.port"},
        {"https://example.com:+443/", "url.port"},
        {"https://example.com:443:80/", "url.port"},
        {"https://example.com:44x/", "url.port"},
    });
}

TEST(PlainUrl, OtherSchemesAreNotCalled) {
    for (const auto* scheme : {"ftp", "file", "gopher", "dict", "ldap", "smb", "ws", "wss", "data", "javascript"})
        EXPECT_EQ(code_or(plain_url(scheme + "://example.com/"s)), "url.scheme") << scheme;
    expect({{"mailto:a@example.com", "url.scheme"},
            {"example.com:443/", "url.scheme"},
            {"file:/etc/passwd", "url.scheme"}});
}

TEST(PlainUrl, HasNoCredentials) {
    for (const auto* user : {"user@", "user:password@", "@", ":@", ":password@", "10.0.0.1@", "a@b@", "%40@"})
        EXPECT_EQ(code_or(plain_url("https://"s + user + "example.com/")), "url.credentials") << user;
}

TEST(PlainUrl, AnAddressIsAnAddressInEverySpelling) {
    for (const auto* host : {"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0x0.0x0.0x1",
                             "0177.0.0.1", "017700000001", "0x7f.1", "127.0.0.01", "１２７.０.０.１", "127。0。0。1",
                             "127．0．0．1", "①②⑦.0.0.①", "0x７f.1", "２１３０７０６４３３"}) {
        const auto url = plain_url("https://"s + host + "/");
        ASSERT_TRUE(url) << host << ": " << url.error().detail;
        EXPECT_EQ(url->address, "127.0.0.1") << host;
        EXPECT_EQ(url->url, "https://127.0.0.1/") << host;
    }
    const auto six = plain_url("https://[2001:DB8:0::00A1]:8443/x");
    ASSERT_TRUE(six) << six.error().detail;
    EXPECT_EQ(six->host, "[2001:db8::a1]");
    EXPECT_EQ(six->address, "2001:db8::a1");
    EXPECT_EQ(six->url, "https://[2001:db8::a1]:8443/x");
    EXPECT_EQ(plain_url("https://[::ffff:7f00:1]/")->address, "::ffff:127.0.0.1");
}

TEST(PlainUrl, NumbersThatAreNoAddressAreNoName) {
    for (const auto* host : {"256.256.256.256", "1.2.3.4.5",    "4294967296", "0x",         "0x1.0x2.0x3.0x4.0x5",
                             "09.0.0.1",        "example.1",    "a.0x7f",     "127.0.0.1.", "0x7f000001.",
                             "1.2.3.256",       "[1.2.3.4]",    "[::1",       "[]",         "[::1]x",
                             "[fe80::1%25lo]",  "[fe80::1%lo]", "[::g]",      "[v1.x]",     "::1"})
        EXPECT_EQ(plain_url("https://"s + host + "/").has_value(), false) << host;
}

TEST(PlainUrl, Names) {
    const std::string label(63, 'a');
    expect({
        {"https://B\xC3\xBC"
         "cher.example/x",
         "https://xn--bcher-kva.example/x"},
        {"https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"},
        {"https://ｅｘａｍｐｌｅ。com/", "https://example.com/"},
        {"https://" + label + ".com/", "https://" + label + ".com/"},
        {"https://" + label + "a.com/", "url.host"},
        {"https://" + label + "." + label + "." + label + "." + label.substr(2) + "/",
         "https://" + label + "." + label + "." + label + "." + label.substr(2) + "/"},
        {"https://" + label + "." + label + "." + label + "." + label.substr(1) + "/", "url.host"},
        // Letters that become / @ % and the like.
        {"https://example.com／.example.org/", "url.host"},
        {"https://a＠example.com/", "url.host"},
        {"https://example.com％2f.org/", "url.host"},
        {"https://example.com？.org/", "url.host"},
        {"https://example.com：80/", "url.host"},
        {"https://%65xample.com/", "url.host"},
        {"https://127.0.0.1%00.example.com/", "url.host"},
        {"https://xn--a.example/", "url.host"},
        {"https://example..com/", "url.host"},
        {"https://example.com./", "url.host"},
        {"https://.example.com/", "url.host"},
        {"https://exa,mple.com/", "url.host"},
        {"https://exa$mple.com/", "url.host"},
        {"https://intranet/", "url.host"},
        {"https:///", "url.malformed"},
        {"https://?x", "url.host"},
        {"https://:443/", "url.host"},
    });
    EXPECT_TRUE(plain_url("https://localhost:3000/")->is_localhost);
    EXPECT_TRUE(plain_url("https://app.localhost/")->is_localhost);
    EXPECT_FALSE(plain_url("https://localhost.example.com/")->is_localhost);
}

TEST(PlainUrl, HasALength) {
    const std::string start = "https://example.com/";
    const std::string fits = start + std::string(client::max_url_bytes - start.size(), 'a');
    EXPECT_EQ(code_or(plain_url(fits)), fits);
    EXPECT_EQ(code_or(plain_url(fits + "a")), "url.too_long");
    // Each of these becomes six.
    std::string grows = start;
    for (int i = 0; i < 400; ++i) grows += "\xC3\xA9";
    EXPECT_EQ(code_or(plain_url(grows)), "url.too_long");
}

TEST(PlainUrl, DoesNotDependOnTheLocale) {
    const std::string before = std::setlocale(LC_ALL, nullptr);
    for (const auto* locale : {"C", "C.UTF-8"}) {
        std::setlocale(LC_ALL, locale);
        EXPECT_EQ(code_or(plain_url("https://b\xC3\xBC"
                                    "cher.example/\xC3\xBC")),
                  "https://xn--bcher-kva.example/%c3%bc");
    }
    std::setlocale(LC_ALL, before.c_str());
}

TEST(PlainLocation, LeadsWhereItSays) {
    const std::string from = "https://example.com:8443/a/b?c";
    const std::vector<Sample> samples = {
        {"/x", "https://example.com:8443/x"},
        {"x?y", "https://example.com:8443/a/x?y"},
        {"../x", "https://example.com:8443/x"},
        {"?z", "https://example.com:8443/a/b?z"},
        {"/x#part", "https://example.com:8443/x"},
        {"/x:1", "https://example.com:8443/x:1"},
        {"//Example.org/x", "https://example.org/x"},
        {"https://10.0.0.1/x#y", "https://10.0.0.1/x"},
        {"http://example.org", "http://example.org/"},
        {"///example.org/x", "url.malformed"},
        {"/\\example.org/x", "url.malformed"},
        {"https:x", "url.malformed"},
        {"https:/example.org", "url.malformed"},
        {"", "url.malformed"},
        {"#x", "url.malformed"},
        {"/x y", "url.malformed"},
        {"/x\r\nSet-Cookie: a=b", "url.malformed"},
        {"ftp://example.org/", "url.scheme"},
        {"javascript:alert(1)", "url.scheme"},
        {"//user@example.org/", "url.credentials"},
        {"//%65xample.org/", "url.host"},
        {"//intranet/", "url.host"},
        {"/" + std::string(client::max_url_bytes, 'x'), "url.too_long"},
    };
    for (const auto& [location, expected] : samples)
        EXPECT_EQ(code_or(plain_location(from, location)), expected) << location;
}

}  // namespace
