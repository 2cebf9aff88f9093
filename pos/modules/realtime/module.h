#pragma once
// WebSockets and the Pusher protocol: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module realtime_module();

}  // namespace pos
