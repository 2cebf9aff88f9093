// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/reports/sales-summary", "oamtv", "oamtv", nobody, "?locationId=@here"},
};

const Walls walls{rules, {}};

}  // namespace
