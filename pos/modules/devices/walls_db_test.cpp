// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/devices", "oamc", "oamc", "oamc"},
    {"POST /v1/devices", "oam", "oam", nobody, "", R"({"locationId":"@here","name":"Till @n"})"},
    {"GET /v1/devices/{id}", "oamc", "oamc", nobody},
    {"PATCH /v1/devices/{id}", "oam", "oam", nobody, "", R"({"name":"Till"})"},
    {"POST /v1/devices/{id}/revoke", "oam", "oam", nobody, "", R"({"status":"lost"})"},
};

constexpr SampleRow rows[] = {
    {"/v1/devices/{id}", "/v1/devices", R"({"locationId":"@here","name":"Till"})"},
};

const Walls walls{rules, rows};

}  // namespace
