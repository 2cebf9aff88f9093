#include "app/rate_limits.h"

namespace app {

using namespace std::chrono_literals;
using auth::RateKey;

auth::RateLimitOptions rate_limit_options() {
    return {
        .policies =
            {
                // Of whoever proves nothing; a mobile carrier puts many tenants behind one address.
                {.name = "address", .key = RateKey::address, .limit = {.count = 6'000, .window = 60s}},
                {.name = "tenant", .key = RateKey::tenant, .limit = {.count = 6'000, .window = 60s}},
                {.name = "user", .key = RateKey::user, .limit = {.count = 1'200, .window = 60s}},
                {.name = "device", .key = RateKey::device, .limit = {.count = 1'200, .window = 60s}},
            },
        // Before any password is hashed; single accounts have their own throttle in PostgreSQL. Nothing here is charged to an
        // address alone that whoever stands behind it can prove to be theirs, so that a neighbour stops nobody: what a body
        // names is charged by its handler, after the body was found to be in form.
        .classes =
            {
                // From an address that the account has not signed in from: the account there, and all that comes from there.
                {"login",
                 {{.name = "login", .key = RateKey::named, .limit = {.count = 30, .window = 60s}},
                  {.name = "login_address", .key = RateKey::named, .limit = {.count = 600, .window = 60s}}}},
                // A token that we issued counts for its session, any other for its address.
                {"refresh",
                 {{.name = "refresh", .key = RateKey::named, .limit = {.count = 30, .window = 60s}},
                  {.name = "refresh_address", .key = RateKey::named, .limit = {.count = 600, .window = 60s}}}},
                // Each change of the address is a mail to one that nobody has proven.
                {"password",
                 {{.name = "password", .key = RateKey::user, .limit = {.count = 30, .window = 60s}},
                  {.name = "email_change", .key = RateKey::named, .limit = {.count = 5, .window = 3'600s}}}},
                // What payment providers tell comes from few addresses for all tenants, and is not always told twice.
                {"callbacks",
                 {{.name = "callbacks", .key = RateKey::address, .limit = {.count = 60'000, .window = 60s}}}},
                // Links in mails: the account there, and all that comes from there.
                {"recovery",
                 {{.name = "recovery", .key = RateKey::named, .limit = {.count = 10, .window = 3'600s}},
                  {.name = "recovery_address", .key = RateKey::named, .limit = {.count = 240, .window = 3'600s}},
                  {.name = "verification", .key = RateKey::named, .limit = {.count = 5, .window = 3'600s}}}},
                // Mails to people who did not ask: besides, so many to one recipient, whichever tenant sends them.
                {"invites",
                 {{.name = "invites", .key = RateKey::tenant, .limit = {.count = 200, .window = 3'600s}},
                  {.name = "invites_recipient", .key = RateKey::named, .limit = {.count = 10, .window = 3'600s}}}},
                {"receipts",
                 {{.name = "receipts", .key = RateKey::tenant, .limit = {.count = 1'200, .window = 3'600s}},
                  {.name = "receipts_recipient", .key = RateKey::named, .limit = {.count = 20, .window = 3'600s}}}},
                {"sign_up",
                 {{.name = "sign_up", .key = RateKey::named, .limit = {.count = 10, .window = 3'600s}},
                  {.name = "sign_up_address", .key = RateKey::named, .limit = {.count = 120, .window = 3'600s}}}},
            },
    };
}

}  // namespace app
