#include "realtime/sessions.h"

#include <algorithm>
#include <unordered_set>

namespace realtime {

namespace {

constexpr std::chrono::milliseconds look_every{2'000};
constexpr std::chrono::milliseconds look_within{2'000};
constexpr std::size_t most_at_once = 5'000;

}  // namespace

SessionWatch::SessionWatch(async::Loop& loop, Access& access, const base::Clock& clock, logging::Logger logger)
    : access_(access), clock_(clock), logger_(std::move(logger)), stop_(loop), tasks_(loop) {}

async::Task<void> SessionWatch::start() {
    tasks_.spawn(run());
    co_return;
}

async::Task<void> SessionWatch::stop(async::SteadyTime /*deadline*/) {
    stop_.request();
    co_await tasks_.join();
}

SessionWatch::Watched SessionWatch::add(auth::Caller caller, base::Timestamp expires_at, Callbacks callbacks) {
    auto entry = std::make_shared<Entry>(Entry{std::move(caller), expires_at, std::move(callbacks)});
    entries_.push_back(entry);
    return entry;
}

// Tells those whose token has ended; gives the others.
std::vector<SessionWatch::Watched> SessionWatch::gather() {
    std::vector<Watched> live;
    std::erase_if(entries_, [&](const auto& weak) {
        auto entry = weak.lock();
        if (entry && !entry->is_over) live.push_back(std::move(entry));
        return weak.expired();
    });
    const auto now = clock_.now();
    std::erase_if(live, [&](const Watched& entry) {
        if (entry->expires_at > now) return false;
        entry->callbacks.on_end(true);
        return true;
    });
    return live;
}

async::Task<void> SessionWatch::look() {
    const auto watched = gather();
    std::unordered_set<base::Uuid> distinct;
    std::vector<auth::Caller> callers;
    for (const auto& entry : watched) {
        if (distinct.insert(entry->caller.session_id).second) callers.push_back(entry->caller);
    }
    std::unordered_map<base::Uuid, auth::Caller> live;
    for (std::size_t at = 0; at < callers.size(); at += most_at_once) {
        const auto begin = callers.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = callers.begin() + static_cast<std::ptrdiff_t>(std::min(callers.size(), at + most_at_once));
        const auto found = co_await access_.still_live({begin, end}, async::Loop::now() + look_within);
        for (const auto& caller : found) live.emplace(caller.session_id, caller);
    }
    for (const auto& entry : watched) {
        if (entry->is_over) continue;
        const auto found = live.find(entry->caller.session_id);
        if (found == live.end() || found->second.tenant_id != entry->caller.tenant_id) {
            entry->callbacks.on_end(false);
            continue;
        }
        entry->caller = found->second;
        if (entry->callbacks.on_change) entry->callbacks.on_change(entry->caller);
    }
}

async::Task<void> SessionWatch::run() {
    while (co_await stop_.sleep(look_every)) {
        std::exception_ptr error;
        try {
            co_await look();
        } catch (const base::Failure&) {
            error = std::current_exception();
        }
        // Without the database nothing is known: tokens end by their time.
        if (error) logger_.warn("realtime: sessions could not be looked at", {{"err", logging::error(error)}});
    }
}

}  // namespace realtime
