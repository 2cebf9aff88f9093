#pragma once
// Shops and store rooms: README.md.

#include "app/module.h"
#include "pos/modules/locations/tables.h"
#include "pos/plumbing/collection.h"

namespace pos {

inline constexpr Collection<tables::locations, OfLocation<&Location::id>> location_rows;

[[nodiscard]] app::Module locations_module();

}  // namespace pos
