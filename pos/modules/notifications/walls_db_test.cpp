// Who may ask the routes of this module.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/notifications", "oam", nobody, nobody},
    // Everybody's own.
    {"GET /v1/notifications/preferences", everyone, everyone, everyone},
    {"POST /v1/notifications/preferences", everyone, everyone, everyone, "",
     R"({"dailySummary":false,"lowStock":false})"},
};

const Walls walls{rules, {}};

}  // namespace
