#include "mail/address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "mail/message.h"
#include "schema/formats.h"

namespace {

using mail::Address;
using namespace std::string_view_literals;

struct Accepted {
    std::string_view text;
    std::string_view name;
    std::string_view mailbox;
    bool needs_smtputf8 = false;
};

TEST(Address, Accepted) {
    for (const auto& [text, name, mailbox, needs_smtputf8] : std::vector<Accepted>{
             {"amina@example.com", "", "amina@example.com"},
             {"  amina@Example.COM  ", "", "amina@example.com"},
             {"Amina.Otieno+news@example.com", "", "Amina.Otieno+news@example.com"},
             {"<amina@example.com>", "", "amina@example.com"},
             {"Amina <amina@example.com>", "Amina", "amina@example.com"},
             {"Amina   W.  Otieno <amina@example.com>", "Amina W. Otieno", "amina@example.com"},
             {R"("Otieno, Amina" <amina@example.com>)", "Otieno, Amina", "amina@example.com"},
             {R"("Amina \"Mama\" O\\O" <amina@example.com>)", R"(Amina "Mama" O\O)", "amina@example.com"},
             {R"("amina@example.com" <a@example.com>)", "amina@example.com", "a@example.com"},
             {R"("a; b, c" <a@example.com>)", "a; b, c", "a@example.com"},
             {"amina@example.com (at work (mostly))", "", "amina@example.com"},
             {"(x) Amina (y) <amina@example.com> (z)", "Amina", "amina@example.com"},
             {"أمينة <a@example.com>", "أمينة", "a@example.com"},
             {"a@münchen.example", "", "a@xn--mnchen-3ya.example"},
             {"a@MÜNCHEN.example", "", "a@xn--mnchen-3ya.example"},
             {"a@xn--mnchen-3ya.example", "", "a@xn--mnchen-3ya.example"},
             {"a@παράδειγμα。δοκιμή", "", "a@xn--hxajbheg2az3al.xn--jxalpdlp"},
             {"δοκιμή@example.com", "", "δοκιμή@example.com", true},
             {"a..b.@example.com", "", "a..b.@example.com"},
             {"root@localhost", "", "root@localhost"},
         }) {
        const auto address = Address::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->name(), name) << text;
        EXPECT_EQ(address->mailbox(), mailbox) << text;
        EXPECT_EQ(address->needs_smtputf8(), needs_smtputf8) << text;
    }
}

TEST(Address, Refused) {
    const std::string long_local(255, 'a');
    for (const std::string_view text : std::vector<std::string_view>{
             "", " ", "amina", "@", "amina@", "@example.com", "a@b@c", "a b@example.com", "a@exa mple.com",
             "amina @example.com", "a@ example.com", "amina(x)@example.com",
             // Commands and headers of their own.
             "a@example.com\r\nRCPT TO:<b@example.com>", "a@example.com\n",
             "Amina\r\nBcc: b@example.com <a@example.com>", "a\0b@example.com"sv, "a@example.com\0"sv,
             "a\tb@example.com", "a@exa\x01mple.com", "a\x7f@example.com", "a>b@example.com", "<a@example.com",
             "a@example.com>", "<<a@example.com>>", "<a@example.com><b@example.com>", "a@example.com> SIZE=1",
             "<a@b.example> junk",
             // What servers disagree about.
             R"("a b"@example.com)", R"("x@evil.example"@example.com)", R"(<"x"@example.com>)",
             "<@relay.example:a@b.example>", "a@[127.0.0.1]", "a@[IPv6:::1]", "amina@example.com <x@evil.example>",
             "x <a@b.example>, y", "Amina amina@example.com", R"("Amina <a@example.com>)", "a@example.com (open",
             "Team: a@example.com;", "a@example.com,", "a@example.com, b@example.com",
             // No host names.
             "a@.example.com", "a@example..com", "a@example.com.", "a@-example.com", "a@example-.com", "a@exa_mple.com",
             "a@xn--a", "a@\xff\xfe.example", "a@example.com/", "a@exam\u200bple\u2028.com",
             // Letters of other scripts, but neither spaces nor what cannot be seen, nor bytes that are no text.
             "a\u00a0b@example.com", "a\u200bb@example.com", "a\u202eb@example.com", "\xff@example.com",
             "a\u0085@example.com"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
    EXPECT_FALSE(Address::parse(long_local + "@example.com"));
    EXPECT_FALSE(Address::parse("a@" + std::string(64, 'b') + ".example"));
}

// Whoever could sign up with an address can be written to.
TEST(Address, AllThatTheSchemaAcceptsIsAnAddress) {
    const std::string longest =
        std::string(64, 'a') + "@" + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
    for (const std::string_view text :
         std::vector<std::string_view>{"a@b", "a..b@example.com", ".a@example.com", "a.@example.com",
                                       "!#$%&'*+/=?^_`{|}~-@example.com", "a@127.0.0.1", "a@1-2.example", longest}) {
        ASSERT_TRUE(schema::detail::matches_format(schema::Format::email, text)) << text;
        EXPECT_TRUE(Address::parse(text)) << text;
    }
}

TEST(Address, ANameIsOneLineWhateverItWas) {
    const auto address = *Address::parse("a@example.com");
    for (const auto& [given, kept] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"Amina\r\nBcc: b@example.com", "Amina Bcc: b@example.com"},
             {"  a \t\n b  ", "a b"},
             {"a\0b"sv, "ab"},
             {"a\xff"
              "b",
              "a\uFFFD"
              "b"},
             {"cafe\u0301", "café"},
             {"\u202egnp.exe", "gnp.exe"},
             {"👩‍👩‍👧 Duka", "👩‍👩‍👧 Duka"}}) {
        EXPECT_EQ(address.named(given).name(), kept);
        EXPECT_EQ(address.named(given).mailbox(), "a@example.com");
    }
}

TEST(Addresses, ListsAndGroups) {
    const auto mailboxes = [](std::string_view text) {
        std::string joined = "none";
        if (const auto all = mail::parse_addresses(text)) {
            joined.clear();
            for (const Address& address : *all) joined += (joined.empty() ? "" : " ") + address.local();
        }
        return joined;
    };
    for (const auto& [text, expected] : std::vector<std::pair<std::string_view, std::string_view>>{
             {"", ""},
             {"a@example.com", "a"},
             {"a@example.com, B <b@example.com>,\"C, D\" <c@example.com>", "a b c"},
             {",a@example.com,, b@example.com,", "a b"},
             {"Team: a@example.com, B <b@example.com>;", "a b"},
             {"Team: a@example.com;, c@example.com", "a c"},
             {"\"The: team\": a@example.com;", "a"},
             {"undisclosed-recipients:;", ""},
             {"Team: a@example.com", "none"},
             {"Team: Inner: a@example.com;;", "none"},
             {"Team: a@example.com; b@example.com", "none"},
             {": a@example.com;", "none"},
             {"a@example.com; b@example.com", "none"},
             {"a@example.com b@example.com", "none"},
             {"a@example.com, nobody", "none"},
             {"a@example.com,\r\n b@example.com", "none"}}) {
        EXPECT_EQ(mailboxes(text), expected) << text;
    }
}

TEST(Addresses, AreLimited) {
    std::string list;
    for (int i = 0; i < 1'000; ++i) list += "a@example.com,";
    ASSERT_TRUE(mail::parse_addresses(list));
    EXPECT_EQ(mail::parse_addresses(list)->size(), 1'000U);
    EXPECT_FALSE(mail::parse_addresses(list + "a@example.com"));
}

TEST(Header, RefusesWhatIsWrittenByOthersAndCleansValues) {
    for (const std::string_view name : std::vector<std::string_view>{"",
                                                                     "X Order",
                                                                     "X-Order:",
                                                                     "X-Ord\xC3\xA9r",
                                                                     "X\r\nBcc",
                                                                     "Bcc",
                                                                     "bcc",
                                                                     "TO",
                                                                     "From",
                                                                     "Subject",
                                                                     "Message-ID",
                                                                     "Date",
                                                                     "Content-Type",
                                                                     "content-transfer-encoding",
                                                                     "MIME-Version",
                                                                     "DKIM-Signature",
                                                                     "Received",
                                                                     "Return-Path",
                                                                     "Resent-To",
                                                                     "List-Unsubscribe",
                                                                     "X\0"sv}) {
        EXPECT_THROW(mail::Header(name, "value"), std::invalid_argument) << name;
    }
    EXPECT_THROW(mail::Header(std::string(51, 'X'), "value"), std::invalid_argument);
    EXPECT_EQ(mail::Header("X-Order", "7\r\nBcc: a@example.com\r\n\r\n<html>").value(), "7 Bcc: a@example.com <html>");
}

TEST(MessageId, Parses) {
    EXPECT_EQ(mail::MessageId::parse("<a.b@example.com>")->text(), "<a.b@example.com>");
    for (const std::string_view text :
         std::vector<std::string_view>{"", "a@b", "<a>", "<@b>", "<a@>", "<a@b", "<a@b>\r\nX: y", "<a b@c>", "<a<b@c>",
                                       "<a@b><c@d>", "<\xC3\xA9@b>"}) {
        EXPECT_FALSE(mail::MessageId::parse(text)) << text;
    }
    EXPECT_FALSE(mail::MessageId::parse("<a@" + std::string(300, 'b') + ">"));
}

TEST(Recipients, AreEachMailboxOnce) {
    const auto address = [](std::string_view text) { return *Address::parse(text); };
    const mail::Message message{.from = address("x@example.com"),
                                .to = {address("A <a@example.com>"), address("b@example.com")},
                                .cc = {address("Other <a@EXAMPLE.com>")},
                                .bcc = {address("c@example.com"), address("b@example.com")}};
    std::string all;
    for (const Address& one : mail::recipients(message)) all += one.mailbox() + " ";
    EXPECT_EQ(all, "a@example.com b@example.com c@example.com ");
    EXPECT_FALSE(mail::needs_smtputf8(message));
}

}  // namespace
