#pragma once
// A message as the bytes that go out (RFC 5322, 2045 to 2047, 2231, 6532): lines of at most 998 octets that end with CRLF, all
// 7 bits unless an address needs SMTPUTF8. The same message gives the same bytes each time.
//
//     mail::RenderedMessage rendered = co_await mail::render(std::move(message), dkim_keys);
//     rendered.size();                                                   // for MAIL FROM:<…> SIZE=
//     for (;;) {
//         const std::string_view piece = co_await rendered.next();       // at most 64 KiB of an attachment; valid until the next
//         if (piece.empty()) break;                                      // the end, and nothing before it
//         co_await socket.write(piece);                                  // leading dots are the transport's business
//     }
//
// A content that cannot be read to its end makes next() throw, this time and ever after until rewind(): a transport that
// sends the final dot only at the end can send no short mail. Contents in memory are held once, not copied. One task at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "mail/dkim.h"
#include "mail/message.h"

namespace mail {

// A streamed content was shorter or longer than it says, or has changed since it was signed.
class SourceFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Sha256Stream;

class RenderedMessage {
public:
    RenderedMessage(RenderedMessage&&) noexcept;
    RenderedMessage& operator=(RenderedMessage&&) noexcept;
    ~RenderedMessage();

    [[nodiscard]] std::uint64_t size() const;
    [[nodiscard]] async::Task<std::string_view> next();
    // The next piece is the first one again: for another attempt.
    void rewind();

private:
    friend async::Task<RenderedMessage> render(Message message, std::vector<DkimKey> keys);
    friend class MessageBuilder;

    struct Part {
        std::string bytes;
        bool is_encoded = false;  // `bytes` or `stream` becomes base64
        std::optional<Stream> stream = {};
        std::string filename = {};
        std::optional<base::Digest256> signed_digest = {};
    };

    RenderedMessage();
    std::string_view next_in_memory();
    async::Task<std::string_view> next_of_stream();
    void end_stream();
    async::Task<> sign(const std::vector<DkimKey>* keys);

    std::vector<Part> parts_;
    std::size_t part_ = 0;
    std::uint64_t offset_ = 0;  // in the part that is being read
    std::unique_ptr<ContentReader> reader_;
    std::unique_ptr<Sha256Stream> digest_;
    std::string raw_;
    std::string piece_;
    bool has_failed_ = false;
    bool is_signing_ = false;
};

// Throws std::invalid_argument for a message that cannot be sent as it is: no recipient, no id, no date, a malformed media
// type, content id or unsubscribe URL. With keys, streamed contents are read once here, and again by next(), which compares.
async::Task<RenderedMessage> render(Message message, std::vector<DkimKey> keys = {});

}  // namespace mail
