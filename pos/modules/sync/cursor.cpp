#include "pos/modules/sync/cursor.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "db/page.h"
#include "pos/modules/sync/errors.h"

namespace pos::sync {

namespace {

constexpr std::size_t parts = 5;

std::string purpose(base::Uuid tenant) { return "sync:" + tenant.to_string(); }

}  // namespace

std::string seal(const Cursor& cursor, std::string_view secret, base::Uuid tenant) {
    return db::seal_cursor(secret, purpose(tenant),
                           {cursor.epoch.to_string(), cursor.scope, fmt::to_string(cursor.seq),
                            fmt::to_string(cursor.schema), base::format_timestamp(cursor.issued_at)});
}

std::optional<Cursor> open_cursor(std::string_view text, std::string_view secret, base::Uuid tenant) {
    const auto values = db::open_cursor(secret, purpose(tenant), text);
    if (!values || values->size() != parts) return std::nullopt;
    const auto epoch = base::Uuid::from_string(values->at(0));
    const auto seq = base::parse_integer<std::int64_t>(values->at(2));
    const auto schema = base::parse_integer<std::int32_t>(values->at(3));
    const auto issued_at = base::parse_timestamp(values->at(4));
    if (!epoch || !seq || !schema || !issued_at) return std::nullopt;
    return Cursor{*epoch, values->at(1), *seq, *schema, *issued_at};
}

std::optional<Resync> why_resync(const Cursor& cursor, const FeedPlace& place, std::string_view scope,
                                 base::Timestamp now) {
    if (cursor.epoch != place.epoch || cursor.seq > place.seq) return Resync::epoch;
    if (cursor.schema != schema_version) return Resync::schema;
    if (cursor.scope != scope) return Resync::scope_changed;
    if (now - cursor.issued_at > cursor_age) return Resync::too_old;
    return std::nullopt;
}

std::string_view name_of(Resync reason) {
    switch (reason) {
        case Resync::epoch: return "epoch";
        case Resync::scope_changed: return "scope_changed";
        case Resync::too_old: return "too_old";
        case Resync::schema: return "schema";
        case Resync::cursor: return "cursor";
        case Resync::snapshot_gone: return "snapshot_gone";
    }
    return "cursor";
}

base::Failure resync(Resync reason) {
    return base::Failure(errors::resync_required).member("reason", fmt::format("\"{}\"", name_of(reason)));
}

}  // namespace pos::sync
