#pragma once
// Every collection that the change feed knows, and sync sends: pos/collections.cpp, which knows the modules, has the list. A collection
// that a module lists among its statements and that is missing there fails pos/collections_test.cpp. Constants; any thread.
//
//     for (const SyncedCollection& collection : synced_collections()) ...
//     if (const auto* products = find_collection("products")) ...          // nullptr: there is none

#include <span>
#include <string_view>

#include "pos/plumbing/row_loader.h"

namespace pos {

[[nodiscard]] std::span<const SyncedCollection> synced_collections();
[[nodiscard]] const SyncedCollection* find_collection(std::string_view name);

}  // namespace pos
