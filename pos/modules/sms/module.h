#pragma once
// Messages to phones, by SMS and WhatsApp: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module sms_module();

}  // namespace pos
