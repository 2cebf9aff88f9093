#pragma once
// The outbox as a module without routes: a definition that lists it can enqueue jobs in its transactions (jobs/outbox.h), and its
// service relays them to Redis. And `backend-api outbox`: what is parked, and another try for it.

#include <iosfwd>
#include <string>
#include <vector>

#include "app/configuration.h"
#include "app/module.h"

namespace app {

struct Definition;

[[nodiscard]] Module outbox_module();

struct OutboxCommand {
    std::vector<std::string> retry;  // ids of parked jobs, or "all"; none: they are listed
};
// The exit code: 0 when all that was asked for was done.
int run_outbox(const Definition& definition, Configuration configuration, OutboxCommand command, std::ostream& out);

}  // namespace app
