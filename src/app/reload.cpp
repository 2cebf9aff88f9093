#include "app/reload.h"

#include <unistd.h>

#include <algorithm>

#include "app/settings.h"
#include "config/environment.h"

namespace app {

void reload_log_level(logging::Log& log, const std::filesystem::path& file) {
    const auto logger = log.logger();
    auto read = config::read_env_file(file);
    if (!read) return logger.warn("SIGHUP: the file of settings cannot be read; nothing changes");
    const auto environment = config::merge(*std::move(read), config::environment_of(environ));
    const auto given = environment.find("LOG_LEVEL");
    const bool is_set = given != environment.end() && !given->second.empty();
    const auto level = logging::level_from(is_set ? given->second : Settings{}.log_level);
    if (!level) return logger.warn("SIGHUP: LOG_LEVEL is none; nothing changes");
    const auto before = log.level();
    if (*level == before) return logger.info("SIGHUP: nothing has changed");
    // Of the two levels, the one that lets the line pass.
    log.set_level(std::min(before, *level));
    logger.info("SIGHUP: log level changed",
                {{"from", logging::to_string(before)}, {"to", logging::to_string(*level)}});
    log.set_level(*level);
}

}  // namespace app
