// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// One catalogue for all shops, which the manager of one writes too.
constexpr RouteRule rules[] = {
    {"GET /v1/categories", everyone, everyone, everyone},
    {"POST /v1/categories", "oam", "oam", "oam", "", R"({"name":"C@n"})"},
    {"GET /v1/categories/{id}", everyone, everyone, everyone},
    {"PATCH /v1/categories/{id}", "oam", "oam", "oam", "", R"({"name":"C"})"},
    {"DELETE /v1/categories/{id}", "oam", "oam", "oam"},
    {"GET /v1/products", everyone, everyone, everyone},
    {"POST /v1/products", "oam", "oam", "oam", "", R"({"name":"P@n"})"},
    {"POST /v1/products/batch", "oam", "oam", "oam", "", R"({"items":[]})"},
    {"GET /v1/products/export", everyone, everyone, everyone},
    {"GET /v1/products/{id}", everyone, everyone, everyone},
    {"PATCH /v1/products/{id}", "oam", "oam", "oam", "", R"({"name":"P"})"},
    {"DELETE /v1/products/{id}", "oam", "oam", "oam"},
    {"GET /v1/variants", everyone, everyone, everyone},
    {"POST /v1/variants", "oam", "oam", "oam", "", R"({"name":"V@n"})"},
    {"GET /v1/variants/lookup", everyone, everyone, everyone, "?barcode=1"},
    {"GET /v1/variants/{id}", everyone, everyone, everyone},
    {"PATCH /v1/variants/{id}", "oam", "oam", "oam", "", R"({"name":"V"})"},
    {"DELETE /v1/variants/{id}", "oam", "oam", "oam"},
    {"POST /v1/variants/{id}/barcodes", "oam", "oam", "oam", "", R"({"barcode":"77@n"})"},
    {"DELETE /v1/variants/{id}/barcodes/{barcodeId}", "oam", "oam", "oam"},
};

constexpr SampleRow rows[] = {
    {"/v1/categories/{id}", "/v1/categories", R"({"name":"Staples"})"},
    {"/v1/products/{id}", "/v1/products", R"({"name":"Sugar"})"},
    {"/v1/variants/{id}", "/v1/variants", R"({"productId":"@[/v1/products/{id}]","name":"1 kg","price":100})"},
    {"/v1/variants/{id}/barcodes/{barcodeId}", "/v1/variants/{id}/barcodes", R"({"barcode":"78@n"})"},
};

const Walls walls{rules, rows};

}  // namespace
