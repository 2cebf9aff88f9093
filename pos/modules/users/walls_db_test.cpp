// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// A manager invites cashiers and clerks of the shop.
constexpr RouteRule rules[] = {
    {"GET /v1/users", "oamt", "oamt", "oamt"},
    {"GET /v1/users/{id}", "oamt", "oamt", "oamt"},
    {"POST /v1/users", "oam", "oam", nobody, "",
     R"({"name":"N","email":"n@n@duka.example","password":"kahawa-ya-asubuhi","roles":[{"roleId":"@role","locationId":"@here"}]})"},
    {"PATCH /v1/users/{id}", "oam", "oam", nobody, "", R"({"defaultLocationId":null})"},
    {"GET /v1/roles", "oam", "oam", "oam"},
};

constexpr SampleRow rows[] = {
    {"/v1/users/{id}", "/v1/users",
     R"({"name":"C","email":"sample@duka.example","password":"kahawa-ya-asubuhi","roles":[{"roleId":"@role","locationId":"@here"}]})"},
};

const Walls walls{rules, rows};

}  // namespace
