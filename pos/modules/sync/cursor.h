#pragma once
// Cursor: how far a device has read the feed, and under which conditions. Signed, opaque to clients. Values; any thread.
//
//     const auto text = seal({.epoch = tenant.feed_epoch, .scope = scope.hash, .seq = 91822, .issued_at = now}, secret, tenant);
//     const auto cursor = open_cursor(text, secret, tenant);                    // nullopt: none of ours, or another tenant's
//     if (const auto reason = why_resync(*cursor, epoch, scope.hash, newest, now)) throw resync(*reason);

#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "base/time.h"
#include "base/uuid.h"

namespace pos::sync {

// Of the rows as we send them. Counted up when a device that was built for the rows before could not use what it has together with
// what comes; a further member is no reason.
inline constexpr std::int32_t schema_version = 1;
// Older than this, what was deleted meanwhile may not be known any more.
inline constexpr std::chrono::days cursor_age{180};

struct Cursor {
    base::Uuid epoch;
    std::string scope;
    std::int64_t seq = 0;
    std::int32_t schema = schema_version;
    base::Timestamp issued_at;
};

enum class Resync : std::uint8_t { epoch, scope_changed, too_old, schema, cursor, snapshot_gone };

[[nodiscard]] std::string seal(const Cursor& cursor, std::string_view secret, base::Uuid tenant);
[[nodiscard]] std::optional<Cursor> open_cursor(std::string_view text, std::string_view secret, base::Uuid tenant);

// What the tenant's feed is now. A cursor that is ahead of it belongs to a database that was there before this one.
struct FeedPlace {
    base::Uuid epoch;
    std::int64_t seq = 0;
};
[[nodiscard]] std::optional<Resync> why_resync(const Cursor& cursor, const FeedPlace& place, std::string_view scope,
                                               base::Timestamp now);

[[nodiscard]] std::string_view name_of(Resync reason);
// 410 sync.resync_required with `reason`.
[[nodiscard]] base::Failure resync(Resync reason);

}  // namespace pos::sync
