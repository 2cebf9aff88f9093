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
    {"GET /v1/notifications/mine", everyone, everyone, everyone},
    {"POST /v1/notifications/{id}/read", everyone, everyone, everyone},
    {"POST /v1/notifications/read", everyone, everyone, everyone},
};

constexpr SampleRow rows[] = {
    {"/v1/notifications/{id}", "0197f0c2-0000-7000-8000-00000000beef"},
};

const Walls walls{rules, rows};

}  // namespace
