#include "mail/mailbox.h"

#include <algorithm>

namespace mail {

void Mailbox::add(OutgoingMail mail) {
    mail.confirm = nullptr;
    const std::scoped_lock lock(mutex_);
    entries_.push_front({std::move(mail), clock_.now()});
    if (entries_.size() > most_kept) entries_.pop_back();
}

std::vector<Mailbox::Entry> Mailbox::newest() const {
    const std::scoped_lock lock(mutex_);
    return {entries_.begin(), entries_.end()};
}

std::optional<Mailbox::Entry> Mailbox::find(std::string_view message_id) const {
    const std::scoped_lock lock(mutex_);
    const auto found =
        std::ranges::find(entries_, message_id, [](const Entry& entry) { return entry.mail.message_id; });
    if (found == entries_.end()) return std::nullopt;
    return *found;
}

void Mailbox::clear() {
    const std::scoped_lock lock(mutex_);
    entries_.clear();
}

async::Task<SendResult> MailboxTransport::send(OutgoingMail mail, async::SteadyTime /*deadline*/) {
    if (!co_await may_go(&mail)) co_return SendResult{.outcome = Outcome::withdrawn};
    auto id = mail.message_id;
    mailbox_.add(std::move(mail));
    co_return SendResult{.outcome = Outcome::accepted, .provider_id = std::move(id), .reply = "kept in the mailbox"};
}

}  // namespace mail
