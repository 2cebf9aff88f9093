#pragma once
// The service: the list of its modules is the map of the product.

#include "app/app.h"

namespace pos {

[[nodiscard]] app::Definition definition();

}  // namespace pos
