#include "pos/plumbing/feed.h"

#include <algorithm>
#include <map>

namespace pos {

namespace {

struct Recorded {
    std::int64_t change_seq = 0;
    bool is_unplaced = false;  // a row of it is at no location, or was moved

    friend constexpr auto describe(Recorded*) {
        return schema::object<Recorded>("RecordedChanges", schema::field<&Recorded::change_seq>("changeSeq"),
                                        schema::field<&Recorded::is_unplaced>("isUnplaced"));
    }
};

// A row that was moved is everybody's from then on: who follows the place that it has left has to hear of it.
constexpr db::Query<Recorded(std::int64_t, std::vector<std::string>, std::vector<base::Uuid>, std::vector<std::string>,
                             std::vector<std::optional<LocationId>>, std::optional<base::Uuid>)>
    record{{"feed.record",
            "with counter as ("
            "  update tenant_counters set change_seq = change_seq + $2 where tenant_id = $1 returning change_seq), "
            "pointers as ("
            "  insert into change_pointers (tenant_id, collection, row_id, seq, op, location_id, origin_device_id) "
            "  select $1, change.collection, change.row_id, counter.change_seq - $2 + change.ordinal, change.op, "
            "  change.location_id, $7 "
            "  from counter, unnest($3::text[], $4::uuid[], $5::text[], $6::uuid[]) "
            "    with ordinality as change (collection, row_id, op, location_id, ordinal) "
            "  on conflict (tenant_id, collection, row_id) do update "
            "  set seq = excluded.seq, op = excluded.op, origin_device_id = excluded.origin_device_id, location_id = "
            "  case when change_pointers.location_id = excluded.location_id then excluded.location_id end "
            "  returning location_id) "
            "select change_seq, exists (select from pointers where location_id is null) as is_unplaced from counter",
            db::Kind::write}};

// What those who wait are told: each collection and location once.
std::vector<db::AnnouncedRows> announced(const std::vector<Change>& changes) {
    std::vector<db::AnnouncedRows> rows;
    for (const auto& change : changes) {
        db::AnnouncedRows one{.kind = std::string(change.collection())};
        if (change.location()) one.place = change.location()->uuid();
        if (std::ranges::find(rows, one) == rows.end()) rows.push_back(std::move(one));
    }
    return rows;
}

// After the commit, with the number that it came to. A row that was moved concerns whoever follows its collection anywhere.
void announce_with_number(db::Batch& batch, db::BatchSlot<Recorded> slot, std::int64_t count,
                          std::vector<db::AnnouncedRows> rows) {
    auto* to = batch.announcements();
    if (to == nullptr) return;
    to->write(batch, rows);
    batch.after_commit<Recorded>(slot, [to, tenant = batch.tenant(), count,
                                        rows = std::move(rows)](std::optional<Recorded> recorded) mutable {
        if (recorded && recorded->is_unplaced) {
            for (auto& one : rows) one.place = std::nullopt;
        }
        to->tell(
            {.tenant = tenant, .number = recorded ? recorded->change_seq : 0, .count = count, .rows = std::move(rows)});
    });
}

}  // namespace

void record_changes(db::Batch& batch, const std::vector<Change>& changes, std::optional<base::Uuid> origin_device) {
    std::vector<std::string> collections;
    std::vector<base::Uuid> ids;
    std::vector<std::string> kinds;
    std::vector<std::optional<LocationId>> locations;
    // `on conflict` refuses to touch one row twice in a statement: of several changes of a row the last is what became of it.
    std::map<std::pair<std::string_view, base::Uuid>, std::size_t> places;
    for (const auto& change : changes) {
        const auto [place, is_new] = places.try_emplace({change.collection(), change.row_id()}, ids.size());
        if (is_new) {
            collections.emplace_back(change.collection());
            ids.push_back(change.row_id());
            kinds.emplace_back();
            locations.emplace_back();
        }
        kinds[place->second] = schema::name_of(change.kind());
        locations[place->second] = change.location();
    }
    if (ids.empty()) return;
    const auto count = static_cast<std::int64_t>(ids.size());
    const auto recorded = batch.add(record, count, collections, ids, kinds, locations, origin_device);
    announce_with_number(batch, recorded, count, announced(changes));
}

std::vector<db::StatementView> feed_statements() { return db::statements(record); }

}  // namespace pos
