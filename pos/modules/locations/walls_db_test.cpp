// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/locations", everyone, everyone, everyone},
    {"POST /v1/locations", "oa", nobody, nobody, "", R"({"code":"L@n","name":"Shop @n"})"},
    {"GET /v1/locations/{id}", everyone, everyone, nobody},
    {"PATCH /v1/locations/{id}", "oa", "oa", nobody, "", R"({"name":"Shop"})"},
    {"DELETE /v1/locations/{id}", "oa", nobody, nobody},
};

constexpr SampleRow rows[] = {
    {"/v1/locations/{id}", "@here"},
};

const Walls walls{rules, rows};

}  // namespace
