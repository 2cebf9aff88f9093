// Expected: one of these parts is for routes that read
// A route that writes what belongs to no location asks for a permission held everywhere: auth::Permitted.
#include "pos/location_permissions.h"

async::Task<http::NoContent> change(auth::PermittedSomewhere<"tenant.settings"> /*unused*/) {
    co_return http::NoContent{};
}

void routes(http::Routes routes) { routes.patch("/tenant", change, {.id = "changeTenant"}); }
