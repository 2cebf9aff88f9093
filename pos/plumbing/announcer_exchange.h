#pragma once
// AnnouncerExchange: how the loops of a process tell each other what they have committed. A service of the process; thread-safe.
//
//     const auto id = exchange.join(&loop, [weak](const db::Announcement& said) { ... });     // called on that loop
//     exchange.tell_others(id, said);
//     exchange.leave(id);                                                                     // before the loop goes away

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "async/loop.h"
#include "base/random.h"
#include "db/announcements.h"

namespace pos {

class AnnouncerExchange {
public:
    using Hear = std::function<void(const db::Announcement& said)>;

    explicit AnnouncerExchange(std::string process_id) : process_id_(std::move(process_id)) {}

    [[nodiscard]] std::uint64_t join(async::Loop* loop, Hear hear);
    void leave(std::uint64_t id);
    void tell_others(std::uint64_t from, const db::Announcement& said);

    // Tells this process' messages in Redis from others'.
    [[nodiscard]] const std::string& process_id() const noexcept { return process_id_; }

private:
    struct Member {
        async::Loop* loop;
        std::shared_ptr<const Hear> hear;
    };

    const std::string process_id_;
    std::mutex mutex_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, Member> members_;
};

[[nodiscard]] std::unique_ptr<AnnouncerExchange> make_announcer_exchange(base::SecureRandom& random);

}  // namespace pos
