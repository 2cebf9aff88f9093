#pragma once
// The development outbox: nothing leaves the process, and the newest messages can be read. Thread-safe, so that workers write what a
// page shows; the newest 500 are kept, until the process ends.
//
//     sms::Outbox outbox(clock);
//     for (const auto& entry : outbox.newest()) show(entry.to, entry.text);
//
// CaptureTransport writes into it. As in Twilio's test account, some numbers have fates: +254700000401 is no number (refused),
// +254700000406 has opted out (refused), +254700000500 fails for now, +254700000504 ends unknown. Every other is accepted.

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sms/parts.h"
#include "sms/sms.h"

namespace sms {

class Outbox {
public:
    struct Entry {
        base::Uuid id;  // the message's
        std::string provider_id;
        std::string to;    // E.164
        std::string text;  // of a template: its name and values
        Measure measure;
        base::Timestamp sent_at;
    };
    static constexpr std::size_t most_kept = 500;

    explicit Outbox(const base::Clock& clock) : clock_(clock) {}

    void add(Entry entry);  // sent_at is set here
    [[nodiscard]] std::vector<Entry> newest() const;
    // The newest to a number.
    [[nodiscard]] std::optional<Entry> last_to(std::string_view number) const;
    void clear();

private:
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::deque<Entry> entries_;  // the newest first
};

class CaptureTransport : public Transport {
public:
    explicit CaptureTransport(Outbox& outbox) : Transport(nullptr, nullptr), outbox_(outbox) {}

    [[nodiscard]] std::string_view name() const override { return "capture"; }
    [[nodiscard]] Channel channel() const override { return Channel::sms; }

private:
    [[nodiscard]] async::Task<std::vector<SendResult>> deliver(const OutgoingMessage* message,
                                                               std::vector<std::string> to,
                                                               async::SteadyTime deadline) override;

    Outbox& outbox_;
};

}  // namespace sms
