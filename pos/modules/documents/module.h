#pragma once
// PDF and CSV files of the tenant: README.md.

#include "app/module.h"
#include "pos/modules/documents/statements.h"

namespace pos {

[[nodiscard]] app::Module documents_module();

}  // namespace pos
