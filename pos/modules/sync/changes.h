#pragma once
// A page of the feed as one reader may see it. Values and tasks; loop's thread.
//
//     const FeedPlace place = co_await place_of(db);                      // where the tenant's feed is
//     const ChangePage page = co_await read_changes(db, request);         // pointers and rows, of one moment

#include <string>
#include <vector>

#include "db/db.h"
#include "pos/modules/sync/cursor.h"
#include "pos/modules/sync/scope.h"
#include "pos/plumbing/tables.h"

namespace pos::sync {

inline constexpr std::int32_t most_changes = 1'000;              // of a page
inline constexpr std::size_t most_page_bytes = 4 * 1024 * 1024;  // of its rows; one row may be larger

struct FeedChange {
    std::int64_t seq = 0;
    std::string collection;
    ChangeKind op = ChangeKind::updated;
    base::Uuid id;
    schema::Maybe<std::int32_t> version;
    schema::Maybe<schema::Json> row;

    friend constexpr auto describe(FeedChange*) {
        using schema::field;
        return schema::object<FeedChange>(
            "FeedChange", field<&FeedChange::seq>("seq", {.doc = "Its place in the tenant's feed."}),
            field<&FeedChange::collection>("c", {.text = schema::Text::raw, .doc = "The collection."}),
            field<&FeedChange::op>("op",
                                   {.doc = "`u`: the row is now `d`. `d`: it is deleted, or not for this reader."}),
            field<&FeedChange::id>("id"), field<&FeedChange::version>("v", {.doc = "The row's version."}),
            field<&FeedChange::row>("d", {.doc = "The row, as the routes of its collection show it."}));
    }
};

struct ChangePage {
    std::string cursor;
    bool has_more = false;
    std::int32_t schema_version = sync::schema_version;
    base::Timestamp server_time;
    std::vector<FeedChange> changes;

    friend constexpr auto describe(ChangePage*) {
        using schema::field;
        return schema::object<ChangePage>(
            "ChangePage",
            field<&ChangePage::cursor>("cursor", {.text = schema::Text::raw, .doc = "The next request's `since`."}),
            field<&ChangePage::has_more>("hasMore", {.doc = "Ask again at once."}),
            field<&ChangePage::schema_version>("schemaVersion"), field<&ChangePage::server_time>("serverTime"),
            field<&ChangePage::changes>("changes",
                                        {.max_items = most_changes, .doc = "The newest state of each row, once."}));
    }
};

struct ChangeRequest {
    auth::Caller caller;
    Scope scope;
    std::string_view secret;  // of cursors; outlives the request
    base::Timestamp now;
    std::int64_t since = 0;
    std::int32_t limit = most_changes;
};

[[nodiscard]] async::Task<FeedPlace> place_of(db::Db db);
// Throws 410 epoch when the feed is behind `since`.
[[nodiscard]] async::Task<ChangePage> read_changes(db::Db db, const ChangeRequest* request);
// Which collections and locations have changed since: for events, which name no rows.
struct ChangedPlace {
    std::string collection;
    std::optional<LocationId> location_id;
    std::int64_t seq = 0;  // the newest

    friend constexpr auto describe(ChangedPlace*) {
        using schema::field;
        return schema::object<ChangedPlace>("ChangedPlace", field<&ChangedPlace::collection>("collection"),
                                            field<&ChangedPlace::location_id>("locationId"),
                                            field<&ChangedPlace::seq>("seq"));
    }
};
[[nodiscard]] async::Task<std::vector<ChangedPlace>> places_since(db::Db db, std::vector<std::string> collections,
                                                                  std::int64_t since);
[[nodiscard]] std::string cursor_at(const ChangeRequest& request, const FeedPlace& place, std::int64_t seq);

[[nodiscard]] std::vector<db::StatementView> change_statements();

}  // namespace pos::sync
