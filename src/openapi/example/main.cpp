// openapi_example: prints the OpenAPI document of a small shop.
//
//     build/dev/src/openapi/openapi_example > openapi.json && npx redocly lint openapi.json

#include <fmt/format.h>

#include "openapi/document.h"
#include "openapi/example/shop.h"

int main() {
    http::Router router;
    openapi::example::add_routes(router);
    fmt::print("{}\n", openapi::document(router, openapi::example::info()));
}
