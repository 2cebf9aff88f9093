// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/stock-levels", everyone, everyone, nobody, "?locationId=@here"},
    {"GET /v1/stock-movements", everyone, everyone, nobody, "?locationId=@here"},
    {"POST /v1/stock-adjustments", "oams", "oams", nobody, "",
     R"({"locationId":"@here","reason":"adjust","lines":[{"variantId":"@[/v1/variants/{id}]","quantityDelta":"1"}]})"},
    {"GET /v1/stock-adjustments/{id}", everyone, everyone, nobody},
};

constexpr SampleRow rows[] = {
    {"/v1/stock-adjustments/{id}", "/v1/stock-adjustments",
     R"({"clientRequestId":"0197f0c2-0000-7000-8000-999999999999","locationId":"@here","reason":"adjust","lines":[{"variantId":"@[/v1/variants/{id}]","quantityDelta":"1"}]})"},
};

const Walls walls{rules, rows};

}  // namespace
