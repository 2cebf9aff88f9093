// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr std::string_view administrators = "oa";

constexpr RouteRule rules[] = {
    {"GET /v1/webhooks", administrators, nobody, nobody},
    {"POST /v1/webhooks", administrators, nobody, nobody, "",
     R"({"url":"https://93.184.216.34/hooks/@n","eventTypes":["sale.created"]})"},
    {"GET /v1/webhooks/{id}", administrators, nobody, nobody},
    {"PATCH /v1/webhooks/{id}", administrators, nobody, nobody, "", R"({"description":"The accountant's"})"},
    {"DELETE /v1/webhooks/{id}", administrators, nobody, nobody},
    {"POST /v1/webhooks/{id}/rotate-secret", administrators, nobody, nobody, "", R"({"overlapHours":0})"},
    {"POST /v1/webhooks/{id}/ping", administrators, nobody, nobody},
    {"POST /v1/webhooks/{id}/redeliver", administrators, nobody, nobody, "", R"({"since":"2026-11-20T09:00:00Z"})"},
    {"GET /v1/webhooks/{id}/deliveries", administrators, nobody, nobody},
    {"GET /v1/webhooks/{id}/deliveries/{deliveryId}", administrators, nobody, nobody},
};

constexpr SampleRow rows[] = {
    {"/v1/webhooks/{id}", "/v1/webhooks", R"({"url":"https://93.184.216.34/hooks","eventTypes":["*"]})"},
    {"/v1/webhooks/{id}/deliveries/{deliveryId}", "/v1/webhooks/{id}/ping", "{}", "deliveryId"},
};

const Walls walls{rules, rows};

}  // namespace
