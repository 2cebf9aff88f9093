#pragma once
// Scope: which rows one reader of the feed gets: which collections, of which location, and what of their members. A device that was
// given rows under one scope cannot go on under another: what it may no longer see would stay with it. Values; any thread.
//
//     const auto scope = scope_of(caller, filter.collections, filter.location);     // 422 for a collection that is none
//     scope.sees(collection, location)                                              // an entry of the feed
//     scope.hash                                                                    // stands in cursors

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "pos/plumbing/announcer.h"
#include "pos/plumbing/synced_collections.h"

namespace pos::sync {

inline constexpr std::size_t most_collection_names = 2'000;  // bytes of ?collections=

struct Scope {
    std::vector<const SyncedCollection*> collections;  // by name
    std::optional<LocationId> location;
    std::string hash;  // of all that decides what is seen, permissions among it

    [[nodiscard]] std::vector<std::string> names() const;
    // What the feed says of a row, before it is read: its location, if it has one that never changed.
    [[nodiscard]] bool may_see(const auth::Caller& caller, std::string_view collection,
                               const std::optional<LocationId>& at) const;
    // What was read: a row of another location is not there for who follows one.
    [[nodiscard]] bool shows(const LoadedRow& row) const {
        return row.json && (!location || !row.location || *row.location == *location);
    }
    [[nodiscard]] bool concerns(const Poke& poke) const;
};

// Whether somebody may know that rows of this collection have changed at this place.
[[nodiscard]] bool may_know(const auth::Caller& caller, const db::AnnouncedRows& rows);

// `names`: separated by commas; without them, every collection. One that the caller may not read is empty, as all of its rows are
// deletions to them (pos/plumbing/row_loader.h).
[[nodiscard]] Scope scope_of(const auth::Caller& caller, const std::optional<std::string>& names,
                             std::optional<LocationId> location);

}  // namespace pos::sync
