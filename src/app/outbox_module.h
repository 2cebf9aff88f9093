#pragma once
// The outbox as a module without routes: a definition that lists it can enqueue jobs in its transactions (jobs/outbox.h), and its
// service relays them to Redis.

#include "app/module.h"

namespace app {

[[nodiscard]] Module outbox_module();

}  // namespace app
