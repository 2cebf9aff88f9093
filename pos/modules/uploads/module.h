#pragma once
// Files on their way, by signed URLs and in pieces: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module uploads_module();

}  // namespace pos
