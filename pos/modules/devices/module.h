#pragma once
// Tills and other devices: README.md.

#include "app/module.h"
#include "pos/modules/devices/tables.h"
#include "pos/plumbing/collection.h"

namespace pos {

inline constexpr Collection<tables::devices, OfLocation<&DeviceFields::location_id>> device_rows;

[[nodiscard]] app::Module devices_module();

}  // namespace pos
