#pragma once
// `health`: whether the process that has the same settings answers, for a container's health check (Docker asks by a command). It
// asks /health at the management port, or at PORT where there is none: at the address, by the protocol and with the PROXY header
// that the settings want. What others do (PostgreSQL, Redis) is not looked at: see /ready.
//
//     return run_health(read_environment(), std::cerr);              // 0: it answers 200

#include <iosfwd>
#include <string>

#include "app/settings.h"
#include "config/environment.h"

namespace app {

struct HealthQuestion {
    std::string url;                  // empty: the settings name no port
    bool begins_with_header = false;  // the PROXY header, as a balancer there sends it
    friend bool operator==(const HealthQuestion&, const HealthQuestion&) = default;
};
[[nodiscard]] HealthQuestion health_question(const Settings& settings);

// Settings that have nothing to do with listening may be wrong, or away. Two seconds at most; says in a line what kept it from 0.
[[nodiscard]] int run_health(const config::Environment& environment, std::ostream& errors);

}  // namespace app
