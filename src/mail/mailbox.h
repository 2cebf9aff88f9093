#pragma once
// The development mailbox: nothing leaves the process, and the newest mails can be read. Thread-safe, so that workers write what a
// page shows; the newest 500 are kept, until the process ends.
//
//     mail::Mailbox mailbox(clock);
//     mail::MailboxTransport transport(mailbox);
//     for (const auto& entry : mailbox.newest()) show(entry.mail.subject);

#include <deque>
#include <mutex>
#include <optional>

#include "base/time.h"
#include "mail/transport.h"

namespace mail {

class Mailbox {
public:
    struct Entry {
        OutgoingMail mail;
        base::Timestamp received_at;
    };
    static constexpr std::size_t most_kept = 500;

    explicit Mailbox(const base::Clock& clock) : clock_(clock) {}

    void add(OutgoingMail mail);
    [[nodiscard]] std::vector<Entry> newest() const;
    // By its Message-ID; the newest, where it came twice.
    [[nodiscard]] std::optional<Entry> find(std::string_view message_id) const;
    void clear();

private:
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::deque<Entry> entries_;  // the newest first
};

class MailboxTransport : public Transport {
public:
    explicit MailboxTransport(Mailbox& mailbox) : mailbox_(mailbox) {}

    [[nodiscard]] std::string_view name() const override { return "mailbox"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

private:
    Mailbox& mailbox_;
};

}  // namespace mail
