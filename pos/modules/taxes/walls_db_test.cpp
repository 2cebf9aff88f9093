// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/tax-classes", everyone, everyone, everyone},
    {"POST /v1/tax-classes", "oa", nobody, nobody, "", R"({"code":"T@n","name":"Tax"})"},
    {"GET /v1/tax-classes/{id}", everyone, everyone, everyone},
    {"PATCH /v1/tax-classes/{id}", "oa", nobody, nobody, "", R"({"name":"Tax"})"},
    {"DELETE /v1/tax-classes/{id}", "oa", nobody, nobody},
    {"GET /v1/tax-classes/{id}/rates", everyone, everyone, everyone},
    {"POST /v1/tax-classes/{id}/rates", "oa", nobody, nobody, "",
     R"({"name":"r","ratePpm":1,"kind":"standard","validFrom":"2090-01-01"})"},
    {"PATCH /v1/tax-classes/{id}/rates/{rateId}", "oa", nobody, nobody, "", R"({"name":"r"})"},
};

constexpr SampleRow rows[] = {
    {"/v1/tax-classes/{id}", "/v1/tax-classes"},
    {"/v1/tax-classes/{id}/rates/{rateId}", "/v1/tax-classes/{id}/rates"},
};

const Walls walls{rules, rows};

}  // namespace
