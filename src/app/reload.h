#pragma once
// What SIGHUP reads anew: LOG_LEVEL, out of `.env` under the environment that the process was started with (which wins, and cannot change).
// Everything else needs a restart. Whatever is found, a line of the log says so; a fault changes nothing. Any thread.
//
//     reload_log_level(app.log, ".env");

#include <filesystem>

#include "log/log.h"

namespace app {

void reload_log_level(logging::Log& log, const std::filesystem::path& file);

}  // namespace app
