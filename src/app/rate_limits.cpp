#include "app/rate_limits.h"

namespace app {

using namespace std::chrono_literals;
using auth::RateKey;

auth::RateLimitOptions rate_limit_options() {
    return {
        .policies =
            {
                // A mobile carrier puts many shops behind one address: this one only stops what no shops do.
                {.name = "address", .key = RateKey::address, .limit = {.count = 6'000, .window = 60s}},
                {.name = "tenant", .key = RateKey::tenant, .limit = {.count = 6'000, .window = 60s}},
                {.name = "user", .key = RateKey::user, .limit = {.count = 1'200, .window = 60s}},
                {.name = "device", .key = RateKey::device, .limit = {.count = 1'200, .window = 60s}},
            },
        // Strict, and before any password is hashed; single accounts have their own throttle in PostgreSQL.
        .classes =
            {
                {"login", {{.name = "login", .key = RateKey::address, .limit = {.count = 30, .window = 60s}}}},
                {"refresh", {{.name = "refresh", .key = RateKey::address, .limit = {.count = 120, .window = 60s}}}},
                {"sign_up", {{.name = "sign_up", .key = RateKey::address, .limit = {.count = 10, .window = 3'600s}}}},
            },
    };
}

}  // namespace app
