#pragma once
// Transport: who takes a mail, and what became of it. Loop's thread only, but for what says otherwise.
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
// What can go wrong is a value; send() throws for faults of the program alone, and what `confirm` throws. A mail goes to all of its
// recipients or to none. Whoever is to know of each recipient what became of it sends a mail to each.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "async/task.h"
#include "mail/message.h"

namespace mail {

struct OutgoingMail {
    Message message;
    // Of an account's safety, or with a link that opens something: providers neither hold it back for their own lists nor change its
    // links, and no unencrypted connection carries it.
    bool is_security = false;
    // Asked right before the message leaves; false: the mail is somebody else's by now, and nothing is sent.
    std::function<async::Task<bool>()> confirm{};
};

enum class Outcome : std::uint8_t { accepted, refused_for_now, refused, unknown, withdrawn };

// Whose reason a refusal has. Another transport may take what this one does not (sender: its account, its address, its connection), but
// not for a recipient who is not there, nor what is wrong with the message.
enum class Reason : std::uint8_t { none, recipient, sender, message };

struct SendResult {
    Outcome outcome = Outcome::unknown;
    Reason whose = Reason::none;
    std::string provider_id{};  // what the taker calls the mail
    std::string reply{};        // what it said, for people: no secret of ours
    std::string by{};           // the transport's name(), where several are behind one
};

[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::string_view to_string(Reason reason);

class Transport {
public:
    virtual ~Transport() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;  // "smtp", "sendgrid": for logs and rows
    [[nodiscard]] virtual async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) = 0;
};

// Whether the mail may go; true where nobody wants to be asked.
[[nodiscard]] async::Task<bool> may_go(const OutgoingMail* mail);

}  // namespace mail
