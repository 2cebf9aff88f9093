// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// One catalogue for all shops, with one set of pictures. What is sent here is no picture.
constexpr RouteRule rules[] = {
    {"GET /v1/images", everyone, everyone, everyone},
    {"POST /v1/images", "oam", "oam", "oam", "", R"({"no":"picture"})"},
    {"GET /v1/images/{id}", everyone, everyone, everyone},
    {"DELETE /v1/images/{id}", "oam", "oam", "oam"},
};
// One that waits for its upload: which it becomes, the API does not say before.
constexpr SampleRow rows[] = {
    {"an image's upload", "/v1/uploads", R"({"purpose":"image","contentType":"image/png","bytes":1000})"},
    {"/v1/images/{id}", "select image_id from uploads where id = '@[an image's upload]'"}};

const Walls walls{rules, rows};

}  // namespace
