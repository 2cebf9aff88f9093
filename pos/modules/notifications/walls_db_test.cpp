// Who may ask the routes of this module.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/notifications", "oam", nobody, nobody},
    {"GET /v1/notifications/{id}", "oam", nobody, nobody},
    // Everybody's own.
    {"GET /v1/notifications/preferences", everyone, everyone, everyone},
    {"POST /v1/notifications/preferences", everyone, everyone, everyone, "",
     R"({"dailySummary":false,"lowStock":false})"},
    {"GET /v1/notifications/mine", everyone, everyone, everyone},
    {"POST /v1/notifications/{id}/read", everyone, everyone, everyone},
    {"POST /v1/notifications/read", everyone, everyone, everyone},
};

constexpr SampleRow rows[] = {
    // Of no row: a message is what something else sends.
    {"/v1/notifications/{id}", "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0d02"},
};

const Walls walls{rules, rows};

}  // namespace
