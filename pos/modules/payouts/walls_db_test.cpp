// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr std::string_view senders = "oa";
constexpr std::string_view readers = "oamt";

constexpr RouteRule rules[] = {
    {"GET /v1/payouts", readers, nobody, nobody},
    {"POST /v1/payouts", senders, nobody, nobody, "", R"({"amount":100000,"phone":"0712345679","reason":"Wages"})"},
    {"GET /v1/payouts/{id}", readers, nobody, nobody},
    {"POST /v1/payouts/{id}/query", readers, nobody, nobody},
    {"POST /v1/payouts/{id}/send-again", senders, nobody, nobody},
    {"POST /v1/payouts/{id}/resolve", readers, nobody, nobody, "", R"({"outcome":"not_paid","note":"the portal"})"},
    {"POST /v1/payment-intents/{id}/reverse", "oam", "oam", nobody, "", R"({"amount":100,"reason":"returned"})"},
    {"POST /v1/payment-accounts/{id}/balance", readers, nobody, nobody},
    {"GET /v1/payment-accounts/{id}/balance", readers, nobody, nobody},
};

constexpr SampleRow rows[] = {
    // Of no row: the sample's account has no initiator, so that none is made.
    {"/v1/payouts/{id}", "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0d01"},
};

const Walls walls{rules, rows};

}  // namespace
