#pragma once
// Messages to people, and what became of them: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module notifications_module();
// /dev/mail, in development.
[[nodiscard]] app::Module mailbox_module();

}  // namespace pos
