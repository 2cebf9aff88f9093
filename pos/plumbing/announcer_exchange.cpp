#include "pos/plumbing/announcer_exchange.h"

#include "base/uuid.h"

namespace pos {

std::uint64_t AnnouncerExchange::join(async::Loop* loop, Hear hear) {
    const std::scoped_lock lock(mutex_);
    members_[++last_id_] = {loop, std::make_shared<const Hear>(std::move(hear))};
    return last_id_;
}

void AnnouncerExchange::leave(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    members_.erase(id);
}

void AnnouncerExchange::tell_others(std::uint64_t from, const db::Announcement& said) {
    const std::scoped_lock lock(mutex_);
    if (members_.size() < 2 && members_.contains(from)) return;
    const auto shared = std::make_shared<const db::Announcement>(said);
    for (const auto& [id, member] : members_) {
        // A member leaves before its loop ends, so the loop is there while the lock is held.
        if (id != from) member.loop->post([hear = member.hear, shared] { (*hear)(*shared); });
    }
}

std::unique_ptr<AnnouncerExchange> make_announcer_exchange(base::SecureRandom& random) {
    return std::make_unique<AnnouncerExchange>(base::uuid_v4(random).to_string());
}

}  // namespace pos
