#pragma once
// WebhookInbox: what arrived at /dev/webhooks, so that a developer sees webhooks without a receiver of their own. The newest 100
// are kept, until the process ends. Of the process; any thread.
//
//     inbox.add({.received_at = now, .id = id, .body = body, .verified = true});
//     for (const auto& entry : inbox.newest()) …

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"

namespace pos {

class WebhookInbox {
public:
    struct Entry {
        base::Timestamp received_at;
        std::string path;
        std::string id;
        std::string body;
        std::string verdict;  // "verified", or why not
        int status = 204;     // what was answered
    };
    static constexpr std::size_t most_kept = 100;

    void add(Entry entry) {
        const std::lock_guard lock(mutex_);
        entries_.push_front(std::move(entry));
        if (entries_.size() > most_kept) entries_.pop_back();
    }
    [[nodiscard]] std::vector<Entry> newest() const {
        const std::lock_guard lock(mutex_);
        return {entries_.begin(), entries_.end()};
    }

private:
    mutable std::mutex mutex_;
    std::deque<Entry> entries_;
};

[[nodiscard]] inline std::unique_ptr<WebhookInbox> make_webhook_inbox() { return std::make_unique<WebhookInbox>(); }

}  // namespace pos
