#pragma once
// Transport: who takes a mail, and what became of it. One recipient a mail. Loop's thread only, but for what says otherwise.
//
//     const mail::SendResult result = co_await transport->send(std::move(outgoing), async::Loop::now() + 60s);
//     switch (result.outcome) {
//         case mail::Outcome::accepted: …               // result.provider_id
//         case mail::Outcome::refused_for_now: …        // later again
//         case mail::Outcome::refused: …                // never again: result.whose says whose reason it was
//         case mail::Outcome::unknown: …                // it may have been taken: once more at most, under the same Message-ID
//         case mail::Outcome::withdrawn: …              // somebody else sends it
//     }
//
// What can go wrong is a value; send() throws for faults of the program alone.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/task.h"

namespace mail {

// Fields of the head besides those that the struct below names. Neither may hold a line break.
struct Header {
    std::string name;
    std::string value;
};

struct OutgoingMail {
    std::string message_id;  // "0197f0c2-…@mail.example", without <>
    std::string from;        // "Duka la Amani <no-reply@mail.example>"
    std::string to;          // one address
    std::string reply_to{};
    std::string subject;
    std::string text;
    std::string html;
    std::vector<Header> headers{};
    // Of an account's safety: providers neither hold it back for their own lists nor rewrite its links.
    bool is_security = false;
    // Asked right before the first byte of the message leaves; false: the mail is somebody else's by now, and nothing is sent.
    std::function<async::Task<bool>()> confirm{};
};

enum class Outcome : std::uint8_t { accepted, refused_for_now, refused, unknown, withdrawn };

// Whose reason a refusal has: another transport may take what this one does not (sender), but not for a recipient who is not there.
enum class Reason : std::uint8_t { none, recipient, sender };

struct SendResult {
    Outcome outcome = Outcome::unknown;
    Reason whose = Reason::none;
    std::string provider_id{};  // what the taker calls the mail
    std::string reply{};        // what it said, for people
};

class Transport {
public:
    virtual ~Transport() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;  // "smtp", "sendgrid": for logs and rows
    [[nodiscard]] virtual async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) = 0;
};

// Whether the mail may go; true where nobody wants to be asked.
[[nodiscard]] async::Task<bool> may_go(const OutgoingMail* mail);

}  // namespace mail
