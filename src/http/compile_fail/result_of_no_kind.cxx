// Expected: this type is no schema type
// A result is described, sends itself, or has an http::Result.
#include "http/handler.h"

struct Unknown {
    void* value;
};

async::Task<Unknown> show() { co_return Unknown{}; }

void routes(http::Routes routes) { routes.get("/unknown", show); }
