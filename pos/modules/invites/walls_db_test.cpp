// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// As members are made: a manager invites cashiers and clerks of the shop.
constexpr RouteRule rules[] = {
    {"GET /v1/invites", "oamt", "oamt", "oamt"},
    {"POST /v1/invites", "oam", "oam", nobody, "",
     R"({"email":"invited-@n@duka.example","roleId":"@role","locationId":"@here"})"},
    {"POST /v1/invites/{id}/resend", "oam", "oam", nobody},
    {"POST /v1/invites/{id}/revoke", "oam", "oam", nobody},
};

constexpr SampleRow rows[] = {
    {"/v1/invites/{id}", "/v1/invites", R"({"email":"invited@duka.example","roleId":"@role","locationId":"@here"})"},
};

const Walls walls{rules, rows};

}  // namespace
