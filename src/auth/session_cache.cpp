#include "auth/session_cache.h"

#include <algorithm>
#include <cstring>

namespace auth {

SessionKey SessionKey::of_session(const base::Uuid& id) {
    base::Digest256 bytes{};
    std::ranges::copy(id.bytes(), bytes.begin());
    return {bytes, false};
}

base::Uuid SessionKey::session_id() const {
    base::Uuid::Bytes id{};
    std::copy_n(bytes_.begin(), id.size(), id.begin());
    return base::Uuid(id);
}

std::size_t SessionKeyHash::operator()(const SessionKey& key) const noexcept {
    return std::hash<base::Uuid>{}(key.session_id());
}

const SessionCache::Entry* SessionCache::find(const SessionKey& key, async::SteadyTime now) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && is_fresh(found->second.read_at, now) ? &found->second.entry : nullptr;
}

void SessionCache::insert(const SessionKey& key, Entry entry, async::SteadyTime read_at) {
    entries_.insert_or_assign(key, Slot{std::move(entry), read_at});
    ages_.push_back({key, read_at});
    make_room(read_at);
}

// Both the table and the queue of ages stay within the capacity.
void SessionCache::make_room(async::SteadyTime now) {
    while (!ages_.empty() && (ages_.size() > options_.capacity || !is_fresh(ages_.front().read_at, now))) {
        const auto found = entries_.find(ages_.front().key);
        if (found != entries_.end() && found->second.read_at == ages_.front().read_at) entries_.erase(found);
        ages_.pop_front();
    }
}

template <class Match>
void SessionCache::erase_where(Match match) {
    std::erase_if(entries_, [&](const auto& item) { return match(item.first, item.second.entry.get()); });
}

void SessionCache::erase_session(const base::Uuid& id) {
    erase_where([&](const SessionKey& key, const SessionState* state) {
        return state != nullptr ? state->session_id == id : key == SessionKey::of_session(id);
    });
}

// Sessions known not to be there go too: whose they were is not known.
void SessionCache::erase_user(const base::Uuid& id) {
    erase_where([&](const SessionKey&, const SessionState* state) { return state == nullptr || state->user_id == id; });
}

void SessionCache::erase_tenant(const base::Uuid& id) {
    erase_where(
        [&](const SessionKey&, const SessionState* state) { return state == nullptr || state->tenant_id == id; });
}

void SessionCache::clear() {
    entries_.clear();
    ages_.clear();
}

}  // namespace auth
