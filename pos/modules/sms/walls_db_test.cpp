// Who may ask the routes of this module.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

constexpr RouteRule rules[] = {
    {"GET /v1/messaging", "oa", nobody, nobody},
    {"POST /v1/messaging/accounts", "oa", nobody, nobody, "",
     R"({"provider":"africastalking","credentials":{"username":"amani","apiKey":"atsk_0000","callbackToken":"0123456789abcdefghij"}})"},
    {"DELETE /v1/messaging/accounts", "oa", nobody, nobody, "?channel=sms"},
    {"POST /v1/messaging/limit", "oa", nobody, nobody, "", R"({"dailyLimit":20000})"},
};

const Walls walls{rules, {}};

}  // namespace
