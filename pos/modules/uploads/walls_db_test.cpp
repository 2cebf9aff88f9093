// Who may ask the routes of this module, and the rows that they are about. Those of tus: tus_db_test.cpp.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/uploads", "oamt", "oam", "oam"},
    {"POST /v1/uploads", "oam", "oam", "oam", "", R"({"purpose":"image","contentType":"image/png","bytes":1000})"},
    {"GET /v1/uploads/{id}", "oam", "oam", "oam"},
    {"POST /v1/uploads/{id}/complete", "oam", "oam", "oam"},
    {"DELETE /v1/uploads/{id}", "oam", "oam", "oam"},
};
constexpr SampleRow rows[] = {
    {"/v1/uploads/{id}", "/v1/uploads", R"({"purpose":"image","contentType":"image/png","bytes":1000})"}};

const Walls walls{rules, rows};

}  // namespace
