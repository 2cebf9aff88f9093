// Who may ask the routes of this module, and the rows that they are about.

#include "pos/testing/walls.h"

namespace {

using namespace pos::testing;

// Everybody's own.
constexpr RouteRule rules[] = {
    {"POST /v1/auth/logout", everyone, everyone, everyone, "?x=1"},
    {"GET /v1/auth/me", everyone, everyone, everyone},
    {"GET /v1/auth/sessions", everyone, everyone, everyone},
    {"DELETE /v1/auth/sessions/{id}", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/email/change", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/email/verify/send", everyone, everyone, everyone, "?x=1"},
    {"POST /v1/auth/password/change", everyone, everyone, everyone, "?x=1"},
};

constexpr SampleRow rows[] = {
    {"/v1/auth/sessions/{id}", "/v1/auth/sessions"},
};

const Walls walls{rules, rows};

}  // namespace
