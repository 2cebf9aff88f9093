// Who may ask the routes of this module.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Everybody has topics that they may follow; which, is asked for each (src/realtime/sessions.h, Access).
constexpr RouteRule rules[] = {
    {"POST /v1/auth/ws-ticket", everyone, everyone, everyone},
    {"POST /v1/realtime/auth", everyone, everyone, everyone, "",
     R"({"socket_id":"1.2","channel_name":"private-t.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01.changes"})"},
    {"POST /v1/realtime/pusher/auth", everyone, everyone, everyone, "",
     R"({"socket_id":"1.2","channel_name":"private-t.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01.changes"})"},
    {"POST /v1/realtime/ably/auth", everyone, everyone, everyone, "", R"({"topics":"changes"})"},
};

const Walls walls{rules, {}};

}  // namespace
