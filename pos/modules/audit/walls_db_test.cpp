// Who may ask the routes of this module.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/audit-events", "oamt", nobody, nobody},
};

const Walls walls{rules, {}};

}  // namespace
