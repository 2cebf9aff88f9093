// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Everybody may follow what they may read; a heartbeat is the device's own, or of who pushes for it.
constexpr RouteRule rules[] = {
    {"GET /v1/sync/changes", everyone, everyone, everyone, "?since=none"},
    {"GET /v1/sync/snapshot", everyone, everyone, everyone, "?collections=categories"},
    {"POST /v1/sync/heartbeat", "oam", "oam", nobody, "",
     R"({"deviceId":"@[/v1/devices/{id}]","pending":0,"lastDeviceSeq":0})"},
    {"GET /v1/sync/heartbeats", "oamc", "oamc", "oamc"},
    {"GET /v1/events", everyone, everyone, everyone, "?topics=none"},
};

const Walls walls{rules, {}};

}  // namespace
