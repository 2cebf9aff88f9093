#pragma once
// A mail as its author sees it; mail/rendered.h makes the bytes.
//
//     mail::Message message{.id = notification.id,                      // the Message-ID: the same each time it is sent
//                           .date = clock.now(),
//                           .from = *mail::Address::parse("Jirani <hello@example.com>"),
//                           .to = {*mail::Address::parse(row.email)},
//                           .subject = "Your receipt № 10027",
//                           .html = page};                              // the text part is made from it
//     message.attachments.push_back({.filename = "receipt.pdf", .content_type = "application/pdf", .content = pdf});
//
// Nothing that a stranger may have typed can add a header or a recipient: addresses and headers are types that refuse or
// clean it, texts are encoded. Values: any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "async/task.h"
#include "base/time.h"
#include "base/uuid.h"
#include "mail/address.h"

namespace mail {

// Reads a content once, from its beginning.
class ContentReader {
public:
    virtual ~ContentReader() = default;
    // Fills the front of `out`, which is not empty, and says how much of it; 0 at the end. What it throws ends the mail.
    virtual async::Task<std::size_t> read(std::span<char> out) = 0;
};

// A content that is not in memory: a file, an object of a storage. It is opened for each time the message is sent, and
// once more for a DKIM signature. When it ends before `size` bytes, or after, the mail fails (SourceFailed).
struct Stream {
    std::uint64_t size = 0;
    std::function<std::unique_ptr<ContentReader>()> open;
};

struct Attachment {
    std::string filename;
    // "text/csv; charset=utf-8". Not multipart/* nor message/*, which must not be encoded.
    std::string content_type = "application/octet-stream";
    std::variant<std::string, Stream> content = {};
    // Makes it an image of the HTML part, which shows it by <img src="cid:logo">. Letters, digits and -._@ alone.
    std::string content_id = {};
};

// Of another message: "<id@example.com>".
class MessageId {
public:
    // With the angle brackets; nullopt when it is none, or longer than 300 bytes.
    [[nodiscard]] static std::optional<MessageId> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    friend bool operator==(const MessageId&, const MessageId&) = default;

private:
    explicit MessageId(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// A header that Message has no member for: `mail::Header("Feedback-ID", campaign)`. Any value will do, as for a name. Throws
// std::invalid_argument when the header's name is malformed, or is one that render() writes itself (or never: Bcc).
class Header {
public:
    Header(std::string_view name, std::string_view value);
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& value() const { return value_; }

private:
    std::string name_;
    std::string value_;
};

// RFC 2369 and RFC 8058: mail programs show a button that sends a POST with `List-Unsubscribe=One-Click` to `url`. A GET of
// it must change nothing: scanners follow links.
struct Unsubscribe {
    std::string url;  // https, at most 900 bytes
    std::optional<Address> address = {};
};

enum class Priority : std::uint8_t { normal, high, low };
// RFC 3834: keeps out-of-office replies away. `replied` answers a mail that came.
enum class AutoSubmitted : std::uint8_t { no, generated, replied };

struct Message {
    base::Uuid id;
    base::Timestamp date;
    Address from;
    std::optional<Address> sender = {};
    std::vector<Address> reply_to = {};
    std::vector<Address> to = {};
    std::vector<Address> cc = {};
    // Recipients that no one is told of: they are in recipients() and in no byte of the mail.
    std::vector<Address> bcc = {};
    std::string subject = {};
    // Made from `html` when it is empty.
    std::string text = {};
    std::string html = {};
    std::vector<Attachment> attachments = {};
    std::optional<Unsubscribe> unsubscribe = {};
    AutoSubmitted auto_submitted = AutoSubmitted::no;
    Priority priority = Priority::normal;
    std::optional<MessageId> in_reply_to = {};
    std::vector<MessageId> references = {};
    std::vector<Header> headers = {};
};

// to, cc and bcc, each mailbox once: whom an SMTP server is told.
[[nodiscard]] std::vector<Address> recipients(const Message& message);
// "<01970f…@example.com>", of the message's id and the domain it is from.
[[nodiscard]] MessageId message_id(const Message& message);
// The server must offer SMTPUTF8: one of the addresses is not ASCII before its '@'.
[[nodiscard]] bool needs_smtputf8(const Message& message);

}  // namespace mail
