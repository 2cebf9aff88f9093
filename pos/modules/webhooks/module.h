#pragma once
// Webhooks out: README.md.

#include "app/module.h"
#include "db/db.h"

namespace jobs {
class Outbox;
}

namespace pos {

[[nodiscard]] app::Module webhooks_module();

// Finds what Redis has lost, and makes its jobs again. Tests run it without a queue.
[[nodiscard]] async::Task<void> sweep_webhooks(db::SystemDb db, jobs::Outbox* outbox);

}  // namespace pos
