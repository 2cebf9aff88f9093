#pragma once
// Tax classes and their rates: README.md.

#include "app/module.h"
#include "pos/modules/taxes/tables.h"
#include "pos/plumbing/collection.h"

namespace pos {

inline constexpr Collection<tables::tax_classes> tax_class_rows{"taxes.read"};
inline constexpr Collection<tables::tax_rates> tax_rate_rows{"taxes.read"};

[[nodiscard]] app::Module taxes_module();

}  // namespace pos
