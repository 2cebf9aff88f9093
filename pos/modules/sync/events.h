#pragma once
// GET /v1/events: the topics of topics.h as server-sent events, for those who have no WebSocket. One task a stream, owned here; it ends
// with its client, with the caller's session (5 s later at most), and with the server.
//
//     event: ready   data: {"seq":91822}                                               // and the id to come again with
//     event: poke    data: {"seq":91823,"changed":[{"c":"products"},{"c":"sales","locationId":"…"}]}     // pull now; none: anything
//     event: ev      data: {"topic":"intent.…","d":{"state":"succeeded",…}}
//     event: reset   data: {"reason":"scope_changed"}                                  // take a new snapshot
//
// The id of an event is a cursor of the feed: who comes again with it (`Last-Event-ID`) is told at once what has changed since.

#include <memory>

#include "app/app.h"
#include "async/stopped.h"
#include "async/sync.h"
#include "auth/authenticator.h"
#include "http/events.h"
#include "pos/modules/sync/changes.h"
#include "pos/modules/sync/topics.h"
#include "pos/modules/sync/waiters.h"
#include "pos/plumbing/runtime.h"

namespace pos::sync {

struct Follower;

class EventStreams {
public:
    struct Parts {
        async::Loop& loop;
        const db::Databases& databases;
        auth::Authenticator& authenticator;
        Announcer& announcer;
        Waiters& waiters;
        Runtime& runtime;
        logging::Logger logger;
    };
    explicit EventStreams(const Parts& parts);

    // What is asked for, by somebody who may.
    struct Wanted {
        ChangeRequest request;
        std::vector<Topic> topics;
        std::optional<std::string> collections;  // as they were named
        auth::Authenticator::Proof proof;
        std::optional<std::string> last_id;

        [[nodiscard]] bool follows_changes() const;
    };
    [[nodiscard]] std::shared_ptr<http::EventQueue> open(Wanted wanted);

    async::Task<void> stop(async::SteadyTime deadline);

private:
    Parts parts_;
    async::Stop stop_;
    async::TaskGroup tasks_;
};

[[nodiscard]] std::unique_ptr<EventStreams> make_event_streams(const app::LoopParts& parts,
                                                               auth::Authenticator& authenticator, Announcer& announcer,
                                                               Waiters& waiters, Runtime& runtime);

void event_routes(http::Routes routes);

}  // namespace pos::sync
