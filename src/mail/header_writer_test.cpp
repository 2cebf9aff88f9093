#include "mail/header_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace {

using mail::HeaderWriter;

std::string text_header(std::string_view text) {
    HeaderWriter writer;
    writer.add_text("Subject", text);
    return writer.bytes();
}

std::string address_header(const std::vector<mail::Address>& addresses) {
    HeaderWriter writer;
    writer.add_addresses("To", addresses);
    return writer.bytes();
}

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

void expect_columns(std::string_view header, std::size_t columns) {
    for (const std::string_view line : base::split(header, '\n')) EXPECT_LE(line.size(), columns + 1) << line;
}

// RFC 2047 of what this library writes: words in a row, by UTF-8.
std::string decoded(std::string_view words) {
    std::string out;
    while (words.starts_with("=?UTF-8?")) {
        const bool is_q = words[8] == 'Q';
        const std::size_t end = words.find("?=", 10);
        std::string payload(words.substr(10, end - 10));
        if (is_q) {
            for (char& c : payload) c = c == '_' ? ' ' : c == '=' ? '%' : c;
            payload = base::percent_decode(payload).value_or("malformed");
        } else {
            payload = base::base64_decode(payload).value_or("malformed");
        }
        EXPECT_TRUE(base::is_utf8(payload)) << "a character is split: " << words.substr(0, end);
        out += payload;
        words.remove_prefix(end + 2);
        words = base::trim(words);
    }
    EXPECT_TRUE(words.empty()) << words;
    return out;
}

TEST(HeaderWriter, PlainTextIsFoldedBetweenWords) {
    EXPECT_EQ(text_header("Your receipt"), "Subject: Your receipt\r\n");
    EXPECT_EQ(text_header(""), "");
    EXPECT_EQ(text_header(" \r\n "), "");
    const std::string folded = text_header(repeated("word ", 40));
    expect_columns(folded, 76);
    EXPECT_NE(folded.find("word\r\n word"), std::string::npos);
}

TEST(HeaderWriter, InjectedLinesAreWords) {
    EXPECT_EQ(text_header("Hi\r\nBcc: x@example.com\r\n\r\nbody"), "Subject: Hi Bcc: x@example.com body\r\n");
    EXPECT_EQ(text_header("Hi\nX"), "Subject: Hi X\r\n");
    EXPECT_EQ(text_header("Hi\u2028X"), "Subject: Hi X\r\n");
}

TEST(HeaderWriter, OtherTextIsEncoded) {
    EXPECT_EQ(text_header("Oda yako № 7"), "Subject: =?UTF-8?Q?Oda_yako_=E2=84=96_7?=\r\n");
    EXPECT_EQ(text_header("إيصال"), "Subject: =?UTF-8?B?2KXZiti12KfZhA==?=\r\n");
    // Or it would be read as what nobody wrote.
    EXPECT_EQ(text_header("=?UTF-8?Q?=0D=0A?="), "Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3F=3D0D=3D0A=3F=3D?=\r\n");
    for (const std::string& text : {repeated("é", 300), repeated("😀", 100), repeated("Oda № 7, ", 60) + "end",
                                    repeated("إيصال ", 80) + "x", std::string(2'000, 'x')}) {
        const std::string header = text_header(text);
        expect_columns(header, 76);
        std::string words = header.substr(9, header.size() - 11);
        for (std::size_t fold = words.find("\r\n"); fold != std::string::npos; fold = words.find("\r\n"))
            words.erase(fold, 2);
        EXPECT_EQ(decoded(words), text);
    }
}

TEST(HeaderWriter, Addresses) {
    const auto address = *mail::Address::parse("a@example.com");
    EXPECT_EQ(address_header({address}), "To: a@example.com\r\n");
    EXPECT_EQ(address_header({address.named("Amina Otieno"), address}),
              "To: Amina Otieno <a@example.com>, a@example.com\r\n");
    EXPECT_EQ(address_header({address.named("Otieno, A.")}), "To: \"Otieno, A.\" <a@example.com>\r\n");
    EXPECT_EQ(address_header({address.named(R"(a"b\c)")}), "To: \"a\\\"b\\\\c\" <a@example.com>\r\n");
    EXPECT_EQ(address_header({address.named("Zoë, <x@y>")}),
              "To: =?UTF-8?Q?Zo=C3=AB=2C_=3Cx=40y=3E?= <a@example.com>\r\n");
    EXPECT_EQ(address_header({address.named("A\r\nBcc: x@y.example")}),
              "To: \"A Bcc: x@y.example\" <a@example.com>\r\n");
    for (const std::string& name : {std::string(200, 'n'), repeated("long name ", 20), repeated("名", 200)}) {
        expect_columns(address_header({address.named(name), address.named(name)}), 76);
    }
    expect_columns(address_header(std::vector(100, address.named("Amina"))), 76);
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

TEST(Filenames, AreWrittenInBothWays) {
    EXPECT_EQ(joined(mail::disposition_filename("receipt 1.pdf")), "filename=\"receipt 1.pdf\"");
    EXPECT_EQ(joined(mail::disposition_filename("a\"b\\c.txt")), "filename=\"a\\\"b\\\\c.txt\"");
    EXPECT_EQ(joined(mail::disposition_filename("risiti №1.txt")), "filename*=utf-8''risiti%20%E2%84%961.txt");
    EXPECT_EQ(joined(mail::legacy_filename("receipt.pdf")), "name=\"receipt.pdf\"");
    EXPECT_EQ(joined(mail::legacy_filename("risiti №1.txt")), "name=\"=?UTF-8?Q?risiti_=E2=84=961=2Etxt?=\"");
    const std::string name = repeated("名前", 60) + ".txt";
    for (const auto& words : {mail::disposition_filename(name), mail::legacy_filename(name)}) {
        EXPECT_GT(words.size(), 5U);
        for (const std::string& word : words) EXPECT_LE(word.size(), 75U) << word;
    }
    std::string value;
    int segment = 0;
    for (std::string_view word : mail::disposition_filename(name)) {
        const std::string start = "filename*" + std::to_string(segment) + (segment == 0 ? "*=utf-8''" : "*=");
        ASSERT_TRUE(word.starts_with(start)) << word;
        word.remove_prefix(start.size());
        if (word.ends_with(';')) word.remove_suffix(1);
        value += word;
        ++segment;
    }
    EXPECT_EQ(base::percent_decode(value), name);
}

}  // namespace
