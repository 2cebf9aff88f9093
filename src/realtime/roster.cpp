#include "realtime/roster.h"

#include <algorithm>
#include <set>

namespace realtime {

Roster::Channel& Roster::channel_named(std::string_view name) {
    const auto found = channels_.find(name);
    return found != channels_.end() ? found->second : channels_[std::string(name)];
}

void Roster::forget_if_empty(Channels::iterator channel) {
    if (channel->second.is_empty()) channels_.erase(channel);
}

// The one place where somebody comes or goes.
void Roster::set_sockets(Changes& changes, std::string_view origin, const Seat& seat) {
    auto channel = channels_.find(seat.channel);
    if (channel == channels_.end()) {
        if (seat.sockets == 0) return;
        channel = channels_.emplace(seat.channel, Channel{}).first;
    }
    auto& members = channel->second.members;
    auto member = members.find(seat.member.user_id);
    if (member == members.end()) {
        if (seat.sockets == 0) return forget_if_empty(channel);
        member = members.emplace(seat.member.user_id, Present{.info = seat.member.info, .sockets = {}}).first;
        changes.push_back({Change::Kind::added, seat.channel, seat.member});
    }
    auto& sockets = member->second.sockets;
    if (seat.sockets > 0) {
        sockets.insert_or_assign(std::string(origin), seat.sockets);
        return;
    }
    if (const auto known = sockets.find(origin); known != sockets.end()) sockets.erase(known);
    if (!sockets.empty()) return;
    changes.push_back({Change::Kind::removed, seat.channel, {seat.member.user_id, member->second.info}});
    members.erase(member);
    forget_if_empty(channel);
}

std::uint32_t Roster::sockets_of(std::string_view origin, std::string_view channel, std::string_view user_id) const {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return 0;
    const auto member = found->second.members.find(user_id);
    if (member == found->second.members.end()) return 0;
    const auto known = member->second.sockets.find(origin);
    return known == member->second.sockets.end() ? 0 : known->second;
}

Roster::Changes Roster::join(std::string_view origin, std::string_view channel, const Member& member) {
    Changes changes;
    const auto before = sockets_of(origin, channel, member.user_id);
    set_sockets(changes, origin, {std::string(channel), member, before + 1});
    return changes;
}

Roster::Changes Roster::leave(std::string_view origin, std::string_view channel, std::string_view user_id) {
    Changes changes;
    const auto before = sockets_of(origin, channel, user_id);
    if (before == 0) return changes;
    set_sockets(changes, origin, {std::string(channel), {std::string(user_id), {}}, before - 1});
    return changes;
}

void Roster::count(std::string_view origin, std::string_view channel, std::uint32_t sockets) {
    if (sockets > 0) {
        channel_named(channel).counts.insert_or_assign(std::string(origin), sockets);
        return;
    }
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return;
    auto& counts = found->second.counts;
    if (const auto known = counts.find(origin); known != counts.end()) counts.erase(known);
    forget_if_empty(found);
}

Roster::Changes Roster::replace(std::string_view origin, const State& state) {
    Changes changes;
    std::set<std::pair<std::string_view, std::string_view>> stay;
    for (const auto& seat : state.seats) {
        set_sockets(changes, origin, seat);
        stay.emplace(seat.channel, seat.member.user_id);
    }
    std::set<std::string_view> counted;
    for (const auto& [channel, sockets] : state.counts) {
        count(origin, channel, sockets);
        counted.insert(channel);
    }
    const auto before = state_of(origin);
    for (auto seat : before.seats) {
        if (stay.contains({seat.channel, seat.member.user_id})) continue;
        seat.sockets = 0;
        set_sockets(changes, origin, seat);
    }
    for (const auto& [channel, sockets] : before.counts) {
        if (!counted.contains(channel)) count(origin, channel, 0);
    }
    return changes;
}

Roster::State Roster::state_of(std::string_view origin) const {
    State state;
    for (const auto& [name, channel] : channels_) {
        if (const auto known = channel.counts.find(origin); known != channel.counts.end())
            state.counts.push_back({name, known->second});
        for (const auto& [user_id, present] : channel.members) {
            if (const auto known = present.sockets.find(origin); known != present.sockets.end())
                state.seats.push_back({name, {user_id, present.info}, known->second});
        }
    }
    return state;
}

std::uint32_t Roster::sockets(std::string_view channel) const {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return 0;
    std::uint32_t sum = 0;
    for (const auto& [origin, sockets] : found->second.counts) sum += sockets;
    return sum;
}

std::vector<Member> Roster::members(std::string_view channel) const {
    std::vector<Member> all;
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return all;
    for (const auto& [user_id, present] : found->second.members) all.push_back({user_id, present.info});
    return all;
}

std::size_t Roster::member_count(std::string_view channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() ? 0 : found->second.members.size();
}

bool Roster::has(std::string_view channel, std::string_view user_id) const {
    const auto found = channels_.find(channel);
    return found != channels_.end() && found->second.members.contains(user_id);
}

std::vector<std::string> Roster::channels(std::string_view prefix, std::size_t most) const {
    std::vector<std::string> names;
    for (auto at = channels_.lower_bound(prefix); at != channels_.end() && names.size() < most; ++at) {
        if (!at->first.starts_with(prefix)) break;
        if (!at->second.counts.empty()) names.push_back(at->first);
    }
    return names;
}

}  // namespace realtime
