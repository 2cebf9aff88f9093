#pragma once
// The routes of webhooks, by what they are about.

#include "http/handler.h"

namespace pos {

void endpoint_routes(http::Routes routes);          // /v1/webhooks, secrets
void webhook_delivery_routes(http::Routes routes);  // what was sent, and once more
void webhook_inbox_pages(http::Routes routes);      // /dev/webhooks

}  // namespace pos
