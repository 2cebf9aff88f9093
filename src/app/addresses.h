#pragma once
// Where a server of this process is reached from this machine, as URLs: for whoever has started it, and need not know how its
// settings are read.
//
//     tell_supervisor(environment, "READY=1\n" + addresses_notice({.settings = settings, .service = listening_place(listener)}));
//
//     X_API_URL=https://localhost:3000
//     X_DOCS_URL=https://localhost:3000          not with DOCS=off
//     X_METRICS_URL=http://[::1]:9090            the management port, or PORT where that has /metrics; else none

#include <optional>
#include <string>

#include "app/listener_owner.h"
#include "app/settings.h"

namespace app {

struct Served {
    const Settings& settings;
    Place service;
    std::optional<Place> management{};
};

// "http://[::1]:9090"; what listens at all addresses, or at 127.0.0.1, is `localhost`.
[[nodiscard]] std::string url_of(const Place& place, bool speaks_tls);

// Lines of VARIABLE=value (sd_notify(3)), each with its end.
[[nodiscard]] std::string addresses_notice(const Served& served);

}  // namespace app
