// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Papers of the business, not of a shop. What is sent here is taken for a CSV.
constexpr RouteRule rules[] = {
    {"GET /v1/documents", "oamt", nobody, nobody},
    {"POST /v1/documents", "oamt", nobody, nobody, "", R"({"a":1})"},
    {"GET /v1/documents/{id}", "oamt", nobody, nobody},
    {"DELETE /v1/documents/{id}", "oamt", nobody, nobody},
};
constexpr SampleRow rows[] = {{"/v1/documents/{id}", "/v1/uploads",
                               R"({"purpose":"document","contentType":"text/csv","bytes":1000})", "documentId"}};

const Walls walls{rules, rows};

}  // namespace
