// Expected: no matching constructor for initialization of 'const db::detail::SavepointStep'
#include "db/driver/exchange.h"

// What `rollback to` undoes may be a savepoint alone: neither BEGIN nor the tenant's setting.
const db::detail::SavepointStep step("select set_config('app.tenant', $1, true)");
