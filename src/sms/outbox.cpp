#include "sms/outbox.h"

#include <algorithm>
#include <utility>

#include "sms/parts.h"

namespace sms {

namespace {

std::string text_of(const OutgoingMessage& message) {
    if (!message.whatsapp_template) return message.text;
    const auto& one = *message.whatsapp_template;
    auto text = one.name + " (" + one.language + ")";
    for (const auto& value : one.values) text += "\n" + value;
    return one.button.empty() ? text : text + "\n" + one.button;
}

std::optional<SendResult> fate_of(std::string_view number) {
    if (number == "+254700000401")
        return SendResult{
            .outcome = Outcome::refused, .whose = Reason::recipient, .code = "401", .reply = "no such number"};
    if (number == "+254700000406")
        return SendResult{.outcome = Outcome::refused,
                          .whose = Reason::recipient,
                          .is_opted_out = true,
                          .code = "406",
                          .reply = "has told the sender to stop"};
    if (number == "+254700000500")
        return SendResult{
            .outcome = Outcome::refused_for_now, .whose = Reason::sender, .code = "500", .reply = "at present not"};
    if (number == "+254700000504") return SendResult{.outcome = Outcome::unknown, .code = "504", .reply = "no answer"};
    return std::nullopt;
}

}  // namespace

void Outbox::add(Entry entry) {
    entry.sent_at = clock_.now();
    const std::scoped_lock lock(mutex_);
    entries_.push_front(std::move(entry));
    if (entries_.size() > most_kept) entries_.pop_back();
}

std::vector<Outbox::Entry> Outbox::newest() const {
    const std::scoped_lock lock(mutex_);
    return {entries_.begin(), entries_.end()};
}

std::optional<Outbox::Entry> Outbox::last_to(std::string_view number) const {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(entries_, number, &Entry::to);
    if (found == entries_.end()) return std::nullopt;
    return *found;
}

void Outbox::clear() {
    const std::scoped_lock lock(mutex_);
    entries_.clear();
}

async::Task<std::vector<SendResult>> CaptureTransport::deliver(const OutgoingMessage* message,
                                                               std::vector<std::string> to,
                                                               async::SteadyTime /*deadline*/) {
    std::vector<SendResult> results;
    for (auto& number : to) {
        auto fate = fate_of(number);
        if (fate) {
            results.push_back(*std::move(fate));
            continue;
        }
        // One message has several recipients: the id alone would name them all.
        auto provider_id = message->id.to_string() + "-" + number.substr(number.size() - 4);
        const auto text = text_of(*message);
        outbox_.add({.id = message->id,
                     .provider_id = provider_id,
                     .to = std::move(number),
                     .text = text,
                     .measure = measure(text),
                     .sent_at = {}});
        results.push_back({.outcome = Outcome::accepted,
                           .provider_id = std::move(provider_id),
                           .code = "100",
                           .reply = "kept in the outbox"});
    }
    co_return results;
}

}  // namespace sms
