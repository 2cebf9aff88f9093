// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Settings: owner and admin, of the whole tenant.
constexpr RouteRule rules[] = {
    {"GET /v1/tenant", everyone, everyone, everyone},
    {"PATCH /v1/tenant", "oa", nobody, nobody, "", R"({"name":"Duka"})"},
};

const Walls walls{rules, {}};

}  // namespace
