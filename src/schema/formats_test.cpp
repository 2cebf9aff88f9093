#include "schema/formats.h"

#include <gtest/gtest.h>

#include <regex>
#include <stdexcept>
#include <vector>

namespace schema::detail {
namespace {

struct Case {
    Format format;
    std::string text;
    bool fits;
};

TEST(Formats, AcceptAndRefuse) {
    const std::string label63(63, 'a');
    const std::vector<Case> cases = {
        {Format::email, "amina@example.com", true},
        {Format::email, "a@b", true},  // as HTML has it
        {Format::email, "first.last+tag@sub.example.co.ke", true},
        {Format::email, "a@b@c", false},
        {Format::email, "@b.co", false},
        {Format::email, "a@", false},
        {Format::email, "a b@c.co", false},
        {Format::email, "a@-b.co", false},
        {Format::email, "a@b-.co", false},
        {Format::email, "a@b..co", false},
        {Format::email, "a@b.co.", false},
        {Format::email, "a@b.co\n", false},
        {Format::email, "é@b.co", false},
        {Format::email, "\"a\"@b.co", false},
        {Format::email, "a@" + label63 + ".co", true},
        {Format::email, "a@" + label63 + "a.co", false},
        {Format::email, std::string(64, 'a') + "@" + label63 + "." + label63 + "." + std::string(61, 'b'), true},
        {Format::email, std::string(64, 'a') + "@" + label63 + "." + label63 + "." + std::string(62, 'b'), false},
        {Format::phone, "+254712345678", true},
        {Format::phone, "+4412345", true},
        {Format::phone, "+441234", false},
        {Format::phone, "+441234567890123", true},
        {Format::phone, "+4412345678901234", false},
        {Format::phone, "+0712345678", false},
        {Format::phone, "+712345678", false},
        {Format::phone, "0712345678", false},
        {Format::phone, "+254 712345678", false},
        {Format::phone, "+", false},
        {Format::phone, "", false},
        {Format::url, "https://example.com", true},
        {Format::url, "HTTP://example.com:8080/a?b=%20#c", true},
        {Format::url, "https://[::1]:443/", true},
        {Format::url, "https://[::1]", true},
        {Format::url, "https://192.168.0.1/x", true},
        {Format::url, "https://", false},
        {Format::url, "https:///path", false},
        {Format::url, "https://user@example.com", false},
        {Format::url, "https://user:pass@example.com", false},
        {Format::url, "ftp://example.com", false},
        {Format::url, "javascript:alert(1)", false},
        {Format::url, "//example.com", false},
        {Format::url, "https://example.com:0", false},
        {Format::url, "https://example.com:65536", false},
        {Format::url, "https://example.com:", false},
        {Format::url, "https://exa mple.com", false},
        {Format::url, "https://example.com/a b", false},
        {Format::url, "https://example.com/%zz", false},
        {Format::url, "https://example.com/%2", false},
        {Format::url, "https://example.com\\@evil.com", false},
        {Format::url, "https://example.com/\r\nx", false},
        {Format::url, "https://[::1", false},
        {Format::url, "https://[]", false},
        {Format::currency, "KES", true},
        {Format::currency, "kes", false},
        {Format::currency, "ZZZ", false},
        {Format::country, "KE", true},
        {Format::country, "ke", false},
        {Format::country, "KEN", false},
        {Format::time_zone, "Africa/Nairobi", true},
        {Format::time_zone, "africa/nairobi", false},
        {Format::time_zone, "../../etc/passwd", false},
        {Format::time_zone, "", false},
        {Format::code, "VAT-16", true},
        {Format::code, "A", true},
        {Format::code, "-A", false},
        {Format::code, "a", false},
        {Format::code, "", false},
        {Format::code, std::string(16, 'A'), true},
        {Format::code, std::string(17, 'A'), false},
        {Format::password, " any text é ", true},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(matches_format(one.format, one.text), one.fits) << to_string(one.format) << ": " << one.text;
        // The published pattern must not refuse what we accept. (std::regex is good enough for a test.)
        const std::string pattern(pattern_of(one.format));
        if (one.fits && !pattern.empty()) {
            EXPECT_TRUE(std::regex_search(one.text, std::regex(pattern))) << pattern << ": " << one.text;
        }
    }
}

TEST(Patterns, MatchWhole) {
    EXPECT_TRUE(matches_pattern("a|b", "a"));
    EXPECT_FALSE(matches_pattern("a|b", "ab"));
    EXPECT_FALSE(matches_pattern("[a-z]+", "abc\n"));
    EXPECT_TRUE(matches_pattern("é{2}", "éé"));
    // Exponential for a backtracking matcher.
    EXPECT_FALSE(matches_pattern("(a+)+$", std::string(100'000, 'a') + "!"));
}

TEST(Patterns, AWrongOneIsAFaultOfTheProgram) { EXPECT_THROW((void)matches_pattern("(", ""), std::logic_error); }

}  // namespace
}  // namespace schema::detail
