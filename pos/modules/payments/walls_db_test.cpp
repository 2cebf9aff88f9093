// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr std::string_view takers = "oamc";
constexpr std::string_view readers = "oamctv";
constexpr std::string_view managers = "oa";
constexpr std::string_view settlers = "oamt";

constexpr RouteRule rules[] = {
    {"GET /v1/payment-intents", readers, readers, readers},
    {"POST /v1/payment-intents", takers, takers, nobody, "",
     R"({"amount":100,"subjectId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01","phone":"0712345679","locationId":"@here"})"},
    {"POST /v1/payments/mpesa/stk-push", takers, takers, nobody, "",
     R"({"amount":100,"subjectId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b01","phone":"0712345679","locationId":"@here"})"},
    {"GET /v1/payment-intents/{id}", readers, readers, nobody},
    {"POST /v1/payment-intents/{id}/query", takers, takers, nobody},
    {"POST /v1/payment-intents/{id}/cancel", takers, takers, nobody},
    {"POST /v1/payment-intents/{id}/refund", "oam", "oam", nobody, "", R"({"amount":100,"reason":"returned"})"},
    {"GET /v1/payment-intents/{id}/refunds", readers, readers, nobody},
    {"GET /v1/payment-refund-tasks", readers, nobody, nobody},
    {"POST /v1/payment-refund-tasks/{id}/dismiss", "oam", nobody, nobody, "", R"({"note":"paid in cash"})"},
    {"GET /v1/payment-accounts", readers, readers, readers},
    {"POST /v1/payment-accounts", managers, nobody, nobody, "",
     R"({"provider":"mpesa","name":"N@n","credentials":{"shortCode":"6001@n"}})"},
    {"GET /v1/payment-accounts/{id}", readers, readers, readers},
    {"PATCH /v1/payment-accounts/{id}", managers, nobody, nobody, "", R"({"name":"N"})"},
    {"DELETE /v1/payment-accounts/{id}", managers, nobody, nobody},
    {"GET /v1/payment-accounts/{id}/callback-url", managers, nobody, nobody},
    {"POST /v1/payment-accounts/{id}/register-callbacks", managers, nobody, nobody},
    {"GET /v1/c2b-payments", readers, nobody, nobody},
    {"POST /v1/c2b-payments/{id}/match", settlers, nobody, nobody, "", R"({"intentId":"@[/v1/payment-intents/{id}]"})"},
    {"POST /v1/payment-intents/{id}/resolve", settlers, nobody, nobody, "", R"({"outcome":"not_paid"})"},
};

constexpr SampleRow rows[] = {
    {"/v1/payment-accounts/{id}", "/v1/payment-accounts",
     R"({"provider":"mpesa","name":"Till","credentials":{"shortCode":"174379"}})"},
    {"/v1/payment-intents/{id}", "/v1/payment-intents",
     R"({"amount":10000,"subjectId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b02","phone":"0712345678","locationId":"@here","accountId":"@[/v1/payment-accounts/{id}]"})"},
    {"/v1/payment-refund-tasks/{id}", "@[/v1/payment-intents/{id}]"},
    // Money that came by itself: of no row, as only a provider makes one.
    {"/v1/c2b-payments/{id}", "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0c01"},
};

const Walls walls{rules, rows};

}  // namespace
