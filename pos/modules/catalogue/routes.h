#pragma once
// The catalogue's routes, one function a file.

#include "http/handler.h"

namespace pos::catalogue {

void category_routes(http::Routes routes);
void product_routes(http::Routes routes);
void variant_routes(http::Routes routes);

}  // namespace pos::catalogue
