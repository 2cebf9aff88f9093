#pragma once
// The routes of this module: README.md.

#include "http/handler.h"

namespace http {
class Router;
}

namespace pos {

void socket_routes(http::Routes routes);
// /app/{key} and /apps/{id}/…: where the Pusher protocol says they are.
void pusher_routes(http::Router& router);
// /dev/realtime/echo, for suites that test a WebSocket by an echo.
void echo_routes(http::Routes routes);

}  // namespace pos
