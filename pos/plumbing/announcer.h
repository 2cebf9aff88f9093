#pragma once
// Announcer: who waits for a tenant's changes hears of them as soon as they are committed, whichever process has done it. A service of
// each loop, http::Service<Announcer>; touched on its thread.
//
//     auto listening = announcer->listen(tenant, [&](const Poke& poke) {                       // ends when `listening` is destroyed
//         if (poke.is_about("products")) look_again();                                         // must not throw
//     });
//     record_changes(batch, changes, device);                            // announces by itself what the feed knows, with its number
//     batch.announce({.kind = "payment_intents", .row = intent.id.uuid()});        // what the feed does not know, in the same way
//
// A poke says where to look and never what is there: it may be lost, or come twice, and whoever hears it reads rows with the rights of
// its reader. The committing loop tells its own listeners in that turn, the other loops of its process and, by Redis, other processes
// at most 50 ms later, what came meanwhile together (Redis' channel `<JOB_PREFIX>:changes:<tenant>`). No NOTIFY: it would take a lock of the whole
// database in every sale. Behind that, the counters of the feed are read for the tenants that somebody listens to, each 5 s, each second
// while Redis is away: what a process did not announce, because it died, is a poke about anything.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "app/app.h"
#include "base/uuid.h"
#include "db/announcements.h"
#include "pos/plumbing/announcer_exchange.h"

namespace pos {

struct Poke {
    std::int64_t seq = 0;                 // the newest of the tenant's feed, as far as is known; 0: not known
    std::vector<db::AnnouncedRows> rows;  // by collection or kind, and location; once each
    bool is_about_anything = false;       // found by the counter, or some may have been missed: `rows` may not be all

    [[nodiscard]] bool is_about(std::string_view kind) const;
    // At this location, or at none in particular.
    [[nodiscard]] bool is_about(std::string_view kind, base::Uuid location) const;
    [[nodiscard]] bool is_about_row(std::string_view kind, base::Uuid row) const;
};

namespace detail {
struct AnnouncerState;
}

class Announcer {
public:
    using Listener = std::move_only_function<void(const Poke& poke)>;

    // Destroyed before the Announcer, or after it.
    class Listening {
    public:
        Listening() = default;
        Listening(Listening&& other) noexcept;
        Listening& operator=(Listening&& other) noexcept;
        ~Listening();

    private:
        friend class Announcer;
        void end() noexcept;
        std::weak_ptr<detail::AnnouncerState> state_;
        base::Uuid tenant_;
        std::uint64_t id_ = 0;
    };

    // The loop's own, and what it talks to; `redis` may be null. All of it outlives the Announcer.
    Announcer(const app::LoopParts& parts, AnnouncerExchange& exchange, redis::Client* redis);
    ~Announcer();
    Announcer(const Announcer&) = delete;
    Announcer& operator=(const Announcer&) = delete;

    async::Task<void> start();
    // What is still to be told goes out; nobody hears anything afterwards.
    async::Task<void> stop(async::SteadyTime deadline);

    // Any number for a tenant. A listener may end itself or others, and may begin to listen.
    [[nodiscard]] Listening listen(base::Uuid tenant, Listener listener);
    // Who has begun to listen, and has read since then that the feed is at `seq`, may say so: what is announced next is no gap to those
    // who listen. Without it the first announcement is about anything, as nobody knows what lies before it. Disregarded where others
    // listen already, who may be waiting for what lies between.
    void begin_at(base::Uuid tenant, std::int64_t seq);
    // What nobody has committed here: the same as Batch::announce, at once.
    void announce(base::Uuid tenant, std::vector<db::AnnouncedRows> rows);
    // Every listener hears of anything: those who stop look up.
    void wake_all();
    // What the feed of the tenant has come to, as far as has been heard since somebody listens to it; 0: nothing has.
    [[nodiscard]] std::int64_t known_seq(base::Uuid tenant) const;

private:
    std::shared_ptr<detail::AnnouncerState> state_;
};

[[nodiscard]] std::unique_ptr<Announcer> make_announcer(const app::LoopParts& parts, AnnouncerExchange& exchange,
                                                        redis::Client* redis);

[[nodiscard]] std::vector<db::StatementView> announcer_statements();

}  // namespace pos
