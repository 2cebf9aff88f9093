#include "log/logger.h"

#include "log/json_writer.h"
#include "log/log.h"

#include <array>

namespace logging {
namespace {

struct LevelName {
    Level level;
    std::string_view name;
};
constexpr std::array<LevelName, 7> level_names{{{Level::trace, "trace"},
                                                {Level::debug, "debug"},
                                                {Level::info, "info"},
                                                {Level::warn, "warn"},
                                                {Level::error, "error"},
                                                {Level::fatal, "fatal"},
                                                {Level::silent, "silent"}}};

}  // namespace

std::string_view to_string(Level level) {
    for (const LevelName& entry : level_names) {
        if (entry.level == level) return entry.name;
    }
    return "unknown";
}

std::optional<Level> level_from(std::string_view name) {
    for (const LevelName& entry : level_names) {
        if (entry.name == name) return entry.level;
    }
    return std::nullopt;
}

bool Logger::enabled(Level level) const noexcept { return log_ != nullptr && level >= log_->level(); }

Logger Logger::child(Fields fields) const {
    if (log_ == nullptr) return {};
    auto bindings = std::make_shared<std::string>();
    bindings->reserve(bindings_->size() + 64);
    append_bindings(*bindings, *bindings_, fields);
    JSONWriter(*bindings, log_->redaction_).fields(fields);
    return {log_, std::move(bindings)};
}

void Logger::write(Level level, std::string_view message, Fields fields) const {
    log_->write(level, *bindings_, message, fields);
}

}  // namespace logging
