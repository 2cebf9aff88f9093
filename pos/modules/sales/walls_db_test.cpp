// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"POST /v1/sales", "oamc", "oamc", nobody, "", "@sale"},
    {"POST /v1/sales/calculate", "oamc", "oamc", nobody, "", "@sale"},
    {"GET /v1/sales", "oamctv", "oamctv", nobody, "?locationId=@here"},
    {"GET /v1/sales/{id}", "oamctv", "oamctv", nobody},
    {"POST /v1/sales/{id}/receipt", "oamc", "oamc", nobody, "", R"({"email":"customer@example.com"})"},
    {"GET /v1/sales/by-client-request/{id}", "oamctv", "oamctv", nobody},
    {"GET /v1/unverified-payments", "oamctv", "oamctv", "oamctv"},
};

constexpr SampleRow rows[] = {
    {"/v1/sales/{id}", "/v1/sales", "@sale"},
    {"/v1/sales/by-client-request/{id}", "/v1/sales", "@sale", "clientRequestId"},
};

const Walls walls{rules, rows};

}  // namespace
