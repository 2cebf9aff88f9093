#pragma once
// The storage of files: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module files_module();

}  // namespace pos
