#pragma once
// Second factors of people, recovery codes, proof of phone numbers: README.md.

#include "app/module.h"

namespace pos {

[[nodiscard]] app::Module second_factor_module();

}  // namespace pos
