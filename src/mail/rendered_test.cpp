#include "mail/rendered.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "base/strings.h"

namespace {

using mail::Address;
using mail::Message;
using mail::RenderedMessage;

Message message(std::string_view subject = "Hi", std::string_view text = "Hello\n") {
    return {.id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"),
            .date = *base::parse_timestamp("2026-11-22T06:14:03Z"),
            .from = *Address::parse("Jirani <hello@example.com>"),
            .to = {*Address::parse("amina@example.org")},
            .subject = std::string(subject),
            .text = std::string(text)};
}

mail::DkimKey key() {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> made(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                              EVP_PKEY_free);
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr);
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return *mail::DkimKey::from_pem({data, static_cast<std::size_t>(size)}, "example.com", "a");
}

// What a transport does: everything up to the empty piece.
async::Task<std::string> read_all(RenderedMessage* rendered) {
    std::string all;
    for (;;) {
        const std::string_view piece = co_await rendered->next();
        if (piece.empty()) co_return all;
        all += piece;
    }
}

RenderedMessage made_of(Message given, std::vector<mail::DkimKey> keys = {}) {
    async::Loop loop;
    return async::run_until_done(loop, mail::render(std::move(given), std::move(keys)));
}

std::string text_of(RenderedMessage& rendered) {
    async::Loop loop;
    return async::run_until_done(loop, read_all(&rendered));
}

std::string text_of(Message given) {
    RenderedMessage rendered = made_of(std::move(given));
    const std::string text = text_of(rendered);
    EXPECT_EQ(rendered.size(), text.size());
    return text;
}

// Gives `bytes` in pieces of seven, then what `at_end` does; counts how often it was opened.
struct Script {
    std::string bytes;
    std::function<void()> at_end = [] {};
    int opened = 0;
};

class ScriptReader final : public mail::ContentReader {
public:
    explicit ScriptReader(const Script* script) : script_(script) {}
    async::Task<std::size_t> read(std::span<char> out) override {
        const std::size_t count = std::min({out.size(), std::size_t{7}, script_->bytes.size() - at_});
        if (count == 0) script_->at_end();
        script_->bytes.copy(out.data(), count, at_);
        at_ += count;
        co_return count;
    }

private:
    const Script* script_;
    std::size_t at_ = 0;
};

mail::Attachment attachment(Script* script, std::uint64_t size) {
    return {.filename = "a.bin", .content = mail::Stream{.size = size, .open = [script] {
                                                             ++script->opened;
                                                             return std::make_unique<ScriptReader>(script);
                                                         }}};
}

TEST(RenderedMessage, OneText) {
    EXPECT_EQ(text_of(message()),
              "Date: Sun, 22 Nov 2026 06:14:03 +0000\r\n"
              "Message-ID: <0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01@example.com>\r\n"
              "From: Jirani <hello@example.com>\r\n"
              "To: amina@example.org\r\n"
              "Subject: Hi\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: 7bit\r\n"
              "\r\n"
              "Hello\r\n");
}

TEST(RenderedMessage, EveryHeader) {
    Message all = message("Oda № 7");
    all.sender = Address::parse("sender@example.com");
    all.reply_to = {*Address::parse("reply@example.com")};
    all.cc = {*Address::parse("\"B, C\" <b@example.org>")};
    all.bcc = {*Address::parse("hidden@example.org")};
    all.unsubscribe = mail::Unsubscribe{.url = "https://example.com/u/" + std::string(300, 'x'),
                                        .address = Address::parse("u+1@example.com")};
    all.auto_submitted = mail::AutoSubmitted::generated;
    all.priority = mail::Priority::high;
    all.in_reply_to = mail::MessageId::parse("<1@example.org>");
    all.references = {*mail::MessageId::parse("<0@example.org>"), *mail::MessageId::parse("<1@example.org>")};
    all.headers.emplace_back("X-Order", "№ 7\r\nBcc: x@example.org");
    const std::string text = text_of(all);
    for (const std::string_view line :
         {"Sender: sender@example.com\r\n", "Reply-To: reply@example.com\r\n", "Cc: \"B, C\" <b@example.org>\r\n",
          "Subject: =?UTF-8?Q?Oda_=E2=84=96_7?=\r\n", "In-Reply-To: <1@example.org>\r\n",
          "References: <0@example.org> <1@example.org>\r\n", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
          ">,\r\n <mailto:u%2B1@example.com>\r\n", "Auto-Submitted: auto-generated\r\n", "X-Priority: 1 (Highest)\r\n",
          "Importance: High\r\n", "X-Order: =?UTF-8?"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_EQ(text.find("hidden"), std::string::npos);
    EXPECT_EQ(text.find("\nBcc"), std::string::npos);
    Message hidden = message();
    hidden.to.clear();
    hidden.bcc = all.bcc;
    EXPECT_NE(text_of(hidden).find("\nTo: undisclosed-recipients:;\r\n"), std::string::npos);
}

std::string structure_of(const std::string& text) {
    std::string out;
    for (std::string_view line : base::split(text, '\n')) {
        if (line.starts_with("Content-Type: ")) {
            line.remove_prefix(14);
            out += std::string(line.substr(0, line.find_first_of(";\r"))) + " ";
        }
        if (line.starts_with("--=_") && line.ends_with("--\r")) out += ") ";
    }
    return out;
}

TEST(RenderedMessage, HasTheLevelsItNeeds) {
    const mail::Attachment pdf{.filename = "a.pdf", .content_type = "application/pdf", .content = "pdf"};
    const mail::Attachment logo{
        .filename = "l.png", .content_type = "image/png", .content = "png", .content_id = "logo@x"};
    Message html = message();
    html.html = "<p>Hello <img src=cid:logo@x>";
    EXPECT_EQ(structure_of(text_of(html)), "multipart/alternative text/plain text/html ) ");
    html.attachments = {pdf};
    EXPECT_EQ(structure_of(text_of(html)),
              "multipart/mixed multipart/alternative text/plain text/html ) application/pdf ) ");
    html.attachments = {logo};
    EXPECT_EQ(structure_of(text_of(html)),
              "multipart/related multipart/alternative text/plain text/html ) image/png ) ");
    html.attachments = {logo, pdf};
    EXPECT_EQ(structure_of(text_of(html)),
              "multipart/mixed multipart/related multipart/alternative text/plain text/html ) image/png ) "
              "application/pdf ) ");
    Message plain = message();
    plain.attachments = {pdf, logo};
    EXPECT_EQ(structure_of(text_of(plain)), "multipart/mixed text/plain application/pdf image/png ) ");
}

TEST(RenderedMessage, TheTextIsMadeFromTheHtml) {
    Message html = message("Hi", "");
    html.html = "<p>Verify <a href=\"https://example.com/v?a=1&amp;b=2\">here</a></p>";
    EXPECT_NE(text_of(html).find("\r\n\r\nVerify here <https://example.com/v?a=1&b=2>\r\n--"), std::string::npos);
}

TEST(RenderedMessage, IsTheSameEachTime) {
    Message big = message();
    big.html = "<p>Hello";
    big.attachments = {{.filename = "a.bin", .content = std::string(100'000, 'x')}};
    RenderedMessage rendered = made_of(big);
    const std::string first = text_of(rendered);
    EXPECT_TRUE(text_of(rendered).empty());
    rendered.rewind();
    EXPECT_EQ(text_of(rendered), first);
    EXPECT_EQ(text_of(big), first);
    for (const std::string_view line : base::split(first, '\n')) EXPECT_LE(line.size(), 77U);
}

TEST(RenderedMessage, StreamsAContent) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{57} * 768, std::size_t{100'000}}) {
        Script script{.bytes = std::string(size, 'x')};
        Message streamed = message();
        streamed.attachments = {attachment(&script, size)};
        Message held = message();
        held.attachments = {{.filename = "a.bin", .content = script.bytes}};
        EXPECT_EQ(text_of(streamed), text_of(held));
        EXPECT_EQ(script.opened, 1);
        RenderedMessage signed_one = made_of(streamed, {key()});
        EXPECT_EQ(script.opened, 2);
        const std::string text = text_of(signed_one);
        EXPECT_EQ(text.size(), signed_one.size());
        EXPECT_TRUE(text.starts_with("DKIM-Signature: ") && text.ends_with(text_of(held)));
    }
}

// Whatever goes wrong with a content, the empty piece that ends a mail does not come.
TEST(RenderedMessage, AContentThatFailsIsNoShortMail) {
    const std::string bytes(100'000, 'x');
    const auto fails = [] { throw std::runtime_error("the storage is away"); };
    for (auto& [script, size] : std::vector<std::pair<Script, std::uint64_t>>{
             {{.bytes = bytes.substr(0, 50'000), .at_end = fails}, bytes.size()},
             {{.bytes = bytes.substr(0, 50'000)}, bytes.size()},
             {{.bytes = ""}, bytes.size()},
             {{.bytes = bytes + "x"}, bytes.size()},
             {{.bytes = bytes}, 0}}) {
        Message streamed = message();
        streamed.attachments = {attachment(&script, size)};
        RenderedMessage rendered = made_of(streamed);
        EXPECT_THROW(text_of(rendered), std::runtime_error);
        EXPECT_THROW(text_of(rendered), mail::SourceFailed) << "asked again, it goes on failing";
        EXPECT_THROW(made_of(streamed, {key()}), std::runtime_error) << "or while it is signed";
    }
    Script mended{.bytes = bytes.substr(0, 50'000), .at_end = fails};
    Message streamed = message();
    streamed.attachments = {attachment(&mended, bytes.size())};
    RenderedMessage rendered = made_of(streamed);
    EXPECT_THROW(text_of(rendered), std::runtime_error);
    mended = {.bytes = bytes};
    rendered.rewind();
    EXPECT_EQ(text_of(rendered).size(), rendered.size());
}

TEST(RenderedMessage, AContentThatChangesAfterItWasSignedIsNotSent) {
    Script script{.bytes = std::string(100'000, 'x')};
    Message streamed = message();
    streamed.attachments = {attachment(&script, script.bytes.size())};
    RenderedMessage rendered = made_of(streamed, {key()});
    script.bytes.back() = 'y';
    EXPECT_THROW(text_of(rendered), mail::SourceFailed);
}

TEST(RenderedMessage, WhatCannotBeSentIsSaid) {
    const std::vector<std::pair<std::string_view, std::function<void(Message&)>>> faults{
        {"no id", [](Message& m) { m.id = base::Uuid::nil(); }},
        {"no date", [](Message& m) { m.date = {}; }},
        {"no recipient", [](Message& m) { m.to.clear(); }},
        {"media type", [](Message& m) { m.attachments = {{.content_type = "text"}}; }},
        {"injected type", [](Message& m) { m.attachments = {{.content_type = "text/plain\r\nBcc: x@y"}}; }},
        {"injected parameter", [](Message& m) { m.attachments = {{.content_type = "text/plain; a=b\r\n c"}}; }},
        {"multipart", [](Message& m) { m.attachments = {{.content_type = "Multipart/mixed; boundary=x"}}; }},
        {"message", [](Message& m) { m.attachments = {{.content_type = "message/rfc822"}}; }},
        {"content id", [](Message& m) { m.attachments = {{.content_id = "a>\r\nX: y"}}; }},
        {"one id twice", [](Message& m) { m.attachments = {{.content_id = "a"}, {.content_id = "a"}}; }},
        {"http", [](Message& m) { m.unsubscribe = mail::Unsubscribe{.url = "http://example.com/u"}; }},
        {"injected url",
         [](Message& m) { m.unsubscribe = mail::Unsubscribe{.url = "https://example.com/>\r\nBcc: x"}; }},
        {"long url",
         [](Message& m) { m.unsubscribe = mail::Unsubscribe{.url = "https://example.com/" + std::string(900, 'x')}; }}};
    for (const auto& [what, spoil] : faults) {
        Message spoilt = message();
        spoil(spoilt);
        EXPECT_THROW(made_of(spoilt), std::invalid_argument) << what;
    }
}

TEST(RenderedMessage, NothingThatIsTypedBecomesAHeader) {
    const std::string evil = "x\r\nBcc: evil@example.org\r\nContent-Type: text/html\r\n\r\n<h1>";
    Message typed = message(evil, "text");
    typed.from = typed.from.named(evil);
    typed.to = {typed.to.front().named(evil)};
    typed.headers.emplace_back("X-Name", evil);
    typed.attachments = {{.filename = evil, .content_type = "text/csv; charset=utf-8", .content = "a"}};
    const std::string text = text_of(typed);
    for (const std::string_view line : base::split(text, '\n')) {
        EXPECT_FALSE(line.starts_with("Bcc") || line.starts_with("Content-Type: text/html") || line.starts_with("<h1>"))
            << line;
        EXPECT_LE(line.size(), 77U);
    }
}

}  // namespace
