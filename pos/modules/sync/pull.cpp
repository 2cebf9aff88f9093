#include "pos/modules/sync/pull.h"

#include <stop_token>

#include "async/sync.h"
#include "auth/authenticator.h"
#include "http/middleware/conditional.h"
#include "pos/modules/sync/changes.h"
#include "pos/modules/sync/errors.h"
#include "pos/modules/sync/waiters.h"
#include "pos/plumbing/runtime.h"
#include "pos/plumbing/second_factor_wall.h"
#include "pos/plumbing/suspension.h"

namespace pos::sync {

namespace {

struct ChangeFilter {
    std::string since;
    std::int32_t limit = most_changes;
    std::optional<std::string> collections;
    std::optional<LocationId> location;
    std::int32_t live = 0;

    friend constexpr auto describe(ChangeFilter*) {
        using schema::field;
        return schema::object<ChangeFilter>(
            "ChangeFilter",
            field<&ChangeFilter::since>("since", {.min_length = 1,
                                                  .max_length = 2'000,
                                                  .text = schema::Text::raw,
                                                  .doc = "`cursor` of the snapshot, or of the page before.",
                                                  .example = R"("the cursor of the snapshot")"}),
            field<&ChangeFilter::limit>(
                "limit",
                {.min = 1, .max = most_changes, .defaulted = true, .doc = "Changes of a page.", .example = "1000"}),
            field<&ChangeFilter::collections>(
                "collections", {.min_length = 1,
                                .max_length = most_collection_names,
                                .text = schema::Text::raw,
                                .doc = "Names, separated by commas, as for the snapshot; all, unless given.",
                                .example = R"("products,variants,stock_levels")"}),
            field<&ChangeFilter::location>(
                "location", {.doc = "Rows of this location, and those that belong to none; as for the snapshot."}),
            field<&ChangeFilter::live>("live", {.min = 0,
                                                .max = 25,
                                                .defaulted = true,
                                                .doc = "How many seconds to wait for a change when there is none.",
                                                .example = "25"}));
    }
};

// A busy shop commits many times a second: what comes in this time is one reply.
constexpr async::Milliseconds gather_time(150);

// What ends the wait of a request; all of it on its loop.
class Wait {
public:
    Wait(http::Context& context, Announcer& announcer, const Scope& scope, std::chrono::seconds time)
        : loop_(&context.loop()),
          changed_(context.loop()),
          timer_(context.loop(), [this] { end(); }),
          gone_(context.gone(), End{this}),
          draining_(context.draining(), End{this}),
          listening_(announcer.listen(context.get<auth::Caller>()->tenant_id, [this, &scope](const Poke& poke) {
              if (scope.concerns(poke)) changed_.set();
          })) {
        timer_.expires_after(time);
    }

    // False: time is over, the client has gone, or the server drains.
    async::Task<bool> next() {
        co_await changed_;
        if (!has_ended_) co_await async::sleep(loop_, gather_time);
        changed_.reset();
        co_return !has_ended_;
    }
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

private:
    struct End {
        Wait* wait;
        void operator()() const { wait->end(); }
    };
    void end() {
        has_ended_ = true;
        changed_.set();
    }

    async::Loop* loop_;
    async::Event changed_;
    bool has_ended_ = false;
    async::Timer timer_;
    std::stop_callback<End> gone_;
    std::stop_callback<End> draining_;
    Announcer::Listening listening_;
};

Resync reason_or_cursor(const std::optional<Resync>& reason) { return reason.value_or(Resync::cursor); }

Cursor cursor_of(const ChangeFilter& filter, const ChangeRequest& request) {
    auto cursor = open_cursor(filter.since, request.secret, request.caller.tenant_id);
    if (!cursor) throw resync(reason_or_cursor(std::nullopt));
    return *cursor;
}

ChangePage nothing_new(const ChangeRequest& request, const FeedPlace& place) {
    return {.cursor = cursor_at(request, place, request.since), .server_time = request.now, .changes = {}};
}

// What there is now. Where the feed has not moved, that is one small read.
async::Task<ChangePage> look(db::Db db, ChangeRequest* request, const Cursor* cursor) {
    auto place = co_await place_of(db);
    // A replica that is behind, or a database of before: who takes writes knows which.
    const bool is_behind = place.seq < request->since;
    if (is_behind) place.seq = request->since;
    if (const auto reason = why_resync(*cursor, place, request->scope.hash, request->now)) throw resync(*reason);
    if (!is_behind && place.seq == request->since) co_return nothing_new(*request, place);
    auto page = co_await read_changes(db, request);
    if (const auto reached = open_cursor(page.cursor, request->secret, request->caller.tenant_id))
        request->since = reached->seq;
    co_return page;
}

// Who has waited, as they are now: throws what their next request would be answered with.
async::Task<void> look_at_reader(http::Context* context, ChangeRequest* request, const ChangeFilter* filter) {
    request->caller = co_await admit_again(context, request->caller, request->now);
    if (scope_of(request->caller, filter->collections, filter->location).hash != request->scope.hash)
        throw resync(Resync::scope_changed);
    require_not_withheld(request->caller, request->scope);
}

async::Task<ChangePage> changes(auth::Caller caller, http::Query<ChangeFilter> filter, db::Db db,
                                http::Context& context, http::Service<db::Databases> databases,
                                http::Service<Runtime> runtime, http::Service<Announcer> announcer,
                                http::Service<Waiters> waiters) {
    ChangeRequest request{.caller = caller,
                          .scope = scope_of(caller, filter->collections, filter->location),
                          .secret = databases->catalogue->cursor_secret(),
                          .now = runtime->now(),
                          .limit = filter->limit};
    require_not_withheld(caller, request.scope);
    const auto cursor = cursor_of(*filter, request);
    request.since = cursor.seq;
    auto page = co_await look(db, &request, &cursor);
    if (filter->live == 0 || !page.changes.empty() || page.has_more) co_return page;
    const auto place = waiters->enter(caller.tenant_id);
    Wait wait(context, *announcer, request.scope, std::chrono::seconds(filter->live));
    // What was committed between the look and the listening is found now.
    do {
        request.now = runtime->now();
        co_await look_at_reader(&context, &request, &*filter);
        page = co_await look(db, &request, &cursor);
        announcer->begin_at(caller.tenant_id, request.since);
    } while (page.changes.empty() && !page.has_more && !wait.has_ended() && co_await wait.next());
    // Where nothing came, their rights may be others all the same.
    if (page.changes.empty()) co_await look_at_reader(&context, &request, &*filter);
    co_return page;
}

}  // namespace

void require_not_withheld(const auth::Caller& caller, const Scope& scope) {
    for (const auto* collection : scope.collections) require_not_withheld(caller, collection->read);
}

void require_not_withheld(const auth::Caller& caller, std::string_view permission) {
    if (!caller.may(permission)) return;
    if (const auto* code = caller.withheld_by(permission)) throw base::Failure(*code);
}

async::Task<auth::Caller> admit_again(http::Context* context, auth::Caller caller, base::Timestamp now) {
    auto& authenticator = context->services().use<auth::Authenticator>();
    const auto proof = authenticator.prove(*context);
    auth::SessionCache::Entry state;
    if (const auto* known = authenticator.find(proof)) {
        state = *known;
    } else {
        state = co_await authenticator.load(proof.key, async::Loop::now() + std::chrono::seconds(5));
    }
    if (!state || state->expires_at <= now || state->session_id != caller.session_id ||
        state->tenant_id != caller.tenant_id)
        throw base::Failure(auth::errors::session_revoked);
    if (state->grants->wall != nullptr) throw base::Failure(*state->grants->wall);
    caller.grants = state->grants;
    caller.member_version = state->member_version;
    co_return caller;
}

void pull_routes(http::Routes routes) {
    routes.get(
        "/sync/changes", changes,
        {.id = "getChanges",
         .summary = "What has changed since a cursor",
         .description =
             "The newest state of each changed row, in the order of the tenant's feed. A row that was deleted, or that "
             "the caller may not see any more, is `\"op\":\"d\"`. No cursor yet: take `/v1/sync/snapshot`. 410 says "
             "in `reason` why a new snapshot is needed: `epoch` (the database was restored), `scope_changed` (roles, "
             "location or collections), `too_old` (180 days), `schema` (the rows have another form), `cursor` (it is "
             "none of ours). With `live` the reply waits for a change.",
         .errors = {errors::resync_required, errors::too_many_waiters, errors::subscription_suspended,
                    errors::second_factor_needed},
         .options = {.deadline = std::chrono::seconds(60)},
         .middleware = {http::no_store()}});
}

}  // namespace pos::sync
