// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Everybody's own; but for other people's, which need what changing a member needs.
constexpr RouteRule rules[] = {
    {"GET /v1/auth/totp", everyone, everyone, everyone},
    {"POST /v1/auth/totp", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/totp/confirm", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/totp/step-up", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/totp/recovery-codes", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/totp/disable", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/phone/verify", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/phone/verify/send", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/users/{id}/totp/reset", "oam", "oam", nobody},
    {"GET /v1/tenant/second-factor", "oamt", "oamt", "oamt"},
    {"POST /v1/tenant/second-factor", "oa", nobody, nobody, "", R"({"everyone":false})"},
};

const Walls walls{rules, {}};

}  // namespace
