#pragma once
// What sync answers when it cannot go on.

#include "base/failure.h"

namespace pos::errors {

// `reason` in the problem: epoch, scope_changed, too_old, schema, cursor, snapshot_gone.
inline constexpr base::ErrorCode resync_required{"sync.resync_required", 410, false, base::Action::pull_first,
                                                 "What you have cannot be brought up to date: take a new snapshot"};
inline constexpr base::ErrorCode too_many_waiters{"sync.too_many_waiters", 429, true, base::Action::retry,
                                                  "So many requests wait for changes already: ask again later"};
inline constexpr base::ErrorCode snapshot_too_large{
    "sync.snapshot_too_large", 422, false, base::Action::fix,
    "The snapshot would be too large: ask for fewer collections, or for one location"};
inline constexpr base::ErrorCode snapshots_full{"sync.snapshots_full", 503, true, base::Action::retry,
                                                "Too many snapshots are kept for now: ask again later"};
inline constexpr base::ErrorCode spool_unavailable{"sync.spool_unavailable", 503, true, base::Action::retry,
                                                   "Snapshots cannot be written for now: ask again later"};
inline constexpr base::ErrorCode unknown_sync_device{"sync.device_unknown", 404, false, base::Action::contact,
                                                     "There is no such device, or it was shut out"};

}  // namespace pos::errors
