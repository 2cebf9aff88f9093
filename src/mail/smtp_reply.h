#pragma once
// What an SMTP server says, and what it means for the mail: replies by their lines (RFC 5321, section 4.2), enhanced status codes
// (RFC 2034, RFC 3463), and whose reason a refusal has. Internal; pure functions.
//
//     SmtpReplyReader reader;
//     reader.feed("550-5.1.1 no such\r\n550 5.1.1 user\r\n");
//     const auto reply = reader.next();                        // code 550, text "5.1.1 no such user"
//     judge(SmtpStep::recipient, *reply)                       // refused, recipient

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mail/transport.h"

namespace mail {

struct SmtpReply {
    int code = 0;
    std::vector<std::string> lines{};  // without codes

    [[nodiscard]] bool is_positive() const noexcept { return code >= 200 && code < 300; }
    // Lines behind each other, with the enhanced code once.
    [[nodiscard]] std::string text() const;
    // "5.1.1": {5, 1, 1}; of the same class as the code, else nullopt.
    struct Enhanced {
        int subject = 0;
        int detail = 0;
    };
    [[nodiscard]] std::optional<Enhanced> enhanced() const;
};

class SmtpReplyReader {
public:
    static constexpr std::size_t longest_line = 4096;
    static constexpr std::size_t most_lines = 128;

    void feed(std::string_view bytes) { unread_ += bytes; }
    // nullopt: there is no whole reply yet, or is_malformed().
    [[nodiscard]] std::optional<SmtpReply> next();
    [[nodiscard]] bool is_malformed() const noexcept { return is_malformed_; }
    // Bytes behind the last reply: nobody has asked for any.
    [[nodiscard]] bool has_rest() const noexcept { return !unread_.empty() || !reply_.lines.empty(); }

private:
    void take_line(std::string_view line);

    std::string unread_;
    SmtpReply reply_;
    bool is_last_ = false;
    bool is_malformed_ = false;
};

enum class SmtpStep : std::uint8_t { connect, greeting, hello, starttls, auth, sender, recipient, data, content };

[[nodiscard]] std::string_view to_string(SmtpStep step);
// Of a reply that refuses (4xx, 5xx), or is none that the step can have.
[[nodiscard]] SendResult judge(SmtpStep step, const SmtpReply& reply);

}  // namespace mail
