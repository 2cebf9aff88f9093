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
// One that waits for its upload: which it becomes, the API does not say before.
constexpr SampleRow rows[] = {
    {"a document's upload", "/v1/uploads", R"({"purpose":"document","contentType":"text/csv","bytes":1000})"},
    {"/v1/documents/{id}", "select document_id from uploads where id = '@[a document's upload]'"}};

const Walls walls{rules, rows};

}  // namespace
