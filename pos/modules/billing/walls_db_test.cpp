// Who may ask the routes of this module.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr std::string_view payers = "oa";
constexpr std::string_view readers = "oamt";

// Of the whole tenant. What tills need is everybody's to read.
constexpr RouteRule rules[] = {
    {"GET /v1/plans", everyone, everyone, everyone},
    {"GET /v1/subscription", everyone, everyone, everyone},
    {"GET /v1/subscription/invoices", readers, nobody, nobody},
    {"POST /v1/subscription", payers, nobody, nobody, "", R"({"phone":"+254712345678"})"},
    {"POST /v1/subscription/cancel", payers, nobody, nobody},
    {"POST /v1/bv-payments/subscription-stk-push", payers, nobody, nobody, "",
     R"({"clientRequestId":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0b02","phone":"0712345678"})"},
};

const Walls walls{rules, {}};

}  // namespace
