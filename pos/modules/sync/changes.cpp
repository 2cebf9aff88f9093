#include "pos/modules/sync/changes.h"

#include <algorithm>
#include <map>

#include "pos/modules/sync/errors.h"

namespace pos::sync {

namespace {

struct PlaceRow {
    base::Uuid feed_epoch;
    std::int64_t change_seq = 0;

    friend constexpr auto describe(PlaceRow*) {
        return schema::object<PlaceRow>("FeedPlace", schema::field<&PlaceRow::feed_epoch>("feedEpoch"),
                                        schema::field<&PlaceRow::change_seq>("changeSeq"));
    }
};
constexpr db::Query<PlaceRow()> feed_place{
    {"sync.feed_place",
     "select t.feed_epoch, c.change_seq from tenant_counters c join tenants t on t.id = c.tenant_id "
     "where c.tenant_id = $1"}};

// An entry without its row.
struct Entry {
    std::int64_t seq = 0;
    std::string collection;
    base::Uuid row_id;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(Entry*) {
        using schema::field;
        return schema::object<Entry>("FeedEntry", field<&Entry::seq>("seq"), field<&Entry::collection>("collection"),
                                     field<&Entry::row_id>("rowId"), field<&Entry::location_id>("locationId"));
    }
};
using Locations = std::optional<std::vector<LocationId>>;
// By (tenant_id, seq): what is behind the cursor, and no more of it than a page.
constexpr db::Query<Entry(std::int64_t, std::vector<std::string>, Locations, std::int64_t)> entries{
    {"sync.entries",
     "select seq, collection, row_id, location_id from change_pointers "
     "where tenant_id = $1 and seq > $2 and collection = any($3) "
     "and (location_id is null or $4::uuid[] is null or location_id = any($4)) "
     "order by seq limit $5",
     db::Kind::read}};
constexpr db::Query<ChangedPlace(std::int64_t, std::vector<std::string>)> changed_places{
    {"sync.changed_places",
     "select collection, location_id, max(seq) as seq from change_pointers "
     "where tenant_id = $1 and seq > $2 and collection = any($3) group by collection, location_id order by 3",
     db::Kind::read}};

// The locations of which anything can be seen; none: of all.
Locations locations_of(const ChangeRequest& request) {
    if (request.scope.location) return std::vector{*request.scope.location};
    std::vector<LocationId> locations;
    for (const auto* collection : request.scope.collections) {
        if (!collection->has_location) continue;
        const auto places = request.caller.places_with(collection->read);
        if (!places) return std::nullopt;
        for (const auto& place : *places) locations.emplace_back(place);
    }
    return locations;
}

using Rows = std::map<std::pair<std::string_view, base::Uuid>, LoadedRow>;

async::Task<Rows> load_all(db::Db tx, const ChangeRequest* request, const std::vector<Entry>* found) {
    Rows rows;
    for (const auto* collection : request->scope.collections) {
        std::vector<base::Uuid> ids;
        for (const auto& entry : *found) {
            if (entry.collection == collection->name) ids.push_back(entry.row_id);
        }
        if (ids.empty()) continue;
        for (auto& row : co_await load_rows(tx, request->caller, collection, std::move(ids)))
            rows.emplace(std::pair(collection->name, row.id), std::move(row));
    }
    co_return rows;
}

FeedChange change_from(const Entry& entry, const Rows& rows, const Scope& scope) {
    FeedChange change{.seq = entry.seq,
                      .collection = entry.collection,
                      .op = ChangeKind::deleted,
                      .id = entry.row_id,
                      .version = {},
                      .row = {}};
    const auto found = rows.find({entry.collection, entry.row_id});
    if (found == rows.end() || !scope.shows(found->second)) return change;
    change.op = ChangeKind::updated;
    if (found->second.version) change.version.emplace(*found->second.version);
    change.row.emplace(*found->second.json);
    return change;
}

async::Task<ChangePage> read_page(db::Db tx, const ChangeRequest* request) {
    const auto place = co_await place_of(tx);
    if (request->since > place.seq) throw resync(Resync::epoch);
    auto found =
        co_await tx.all(entries, request->since, request->scope.names(), locations_of(*request), request->limit + 1);
    ChangePage page{.cursor = {}, .server_time = request->now, .changes = {}};
    page.has_more = found.size() > static_cast<std::size_t>(request->limit);
    if (page.has_more) found.pop_back();
    // All that there is was looked at, up to the counter of this moment.
    auto reached = page.has_more ? found.back().seq : place.seq;
    std::erase_if(found, [&](const Entry& entry) {
        return !request->scope.may_see(request->caller, entry.collection, entry.location_id);
    });
    const auto rows = co_await load_all(tx, request, &found);
    std::size_t bytes = 0;
    for (const auto& entry : found) {
        auto change = change_from(entry, rows, request->scope);
        bytes += change.row ? change.row->text.size() : 0;
        if (bytes > most_page_bytes && !page.changes.empty()) {
            page.has_more = true;
            reached = page.changes.back().seq;
            break;
        }
        page.changes.push_back(std::move(change));
    }
    page.cursor = cursor_at(*request, place, reached);
    co_return page;
}

}  // namespace

async::Task<FeedPlace> place_of(db::Db db) {
    const auto row = co_await db.only(feed_place);
    co_return FeedPlace{row.feed_epoch, row.change_seq};
}

async::Task<ChangePage> read_changes(db::Db db, const ChangeRequest* request) {
    co_return co_await db.read_together([request](db::Db tx) { return read_page(tx, request); });
}

async::Task<std::vector<ChangedPlace>> places_since(db::Db db, std::vector<std::string> collections,
                                                    std::int64_t since) {
    co_return co_await db.all(changed_places, since, collections);
}

std::string cursor_at(const ChangeRequest& request, const FeedPlace& place, std::int64_t seq) {
    return seal({.epoch = place.epoch,
                 .scope = request.scope.hash,
                 .seq = seq,
                 .schema = schema_version,
                 .issued_at = request.now},
                request.secret, request.caller.tenant_id);
}

std::vector<db::StatementView> change_statements() { return db::statements(feed_place, entries, changed_places); }

}  // namespace pos::sync
