#pragma once
// The handle everyone logs through: 24 bytes, copied by value, used from any thread. It points at a logging::Log, which must
// outlive it, and shares the bindings of its ancestors, rendered once. A default Logger discards everything.
//
//     logging::Logger logger = log.logger().child({{"module", "sales"}});
//     auto request_logger = logger.child({{"reqId", id}});
//     request_logger.info("sale recorded", {{"saleId", sale.id}, {"lines", 3}});
//     if (logger.enabled(logging::Level::debug)) logger.debug(costly_text());

#include "log/value.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace logging {

// Pino's numbers. `silent` is a threshold only: above every line.
enum class Level : std::uint8_t { trace = 10, debug = 20, info = 30, warn = 40, error = 50, fatal = 60, silent = 100 };

[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> level_from(std::string_view name);

class Log;

class Logger {
public:
    Logger() = default;

    // A logger whose lines also carry `fields`, in the place of what this one has under their names. One allocation; the fields
    // are rendered (and redacted) here, once.
    [[nodiscard]] Logger child(Fields fields) const;

    [[nodiscard]] bool enabled(Level level) const noexcept;

    // Nothing is formatted below the threshold. The message is not searched for secrets: put data in fields.
    void log(Level level, std::string_view message, Fields fields = {}) const {
        if (enabled(level)) write(level, message, fields);
    }
    void trace(std::string_view message, Fields fields = {}) const { log(Level::trace, message, fields); }
    void debug(std::string_view message, Fields fields = {}) const { log(Level::debug, message, fields); }
    void info(std::string_view message, Fields fields = {}) const { log(Level::info, message, fields); }
    void warn(std::string_view message, Fields fields = {}) const { log(Level::warn, message, fields); }
    void error(std::string_view message, Fields fields = {}) const { log(Level::error, message, fields); }
    // Returns when the line has been written, or after a second.
    void fatal(std::string_view message, Fields fields = {}) const { log(Level::fatal, message, fields); }

private:
    friend class Log;
    Logger(Log* log, std::shared_ptr<const std::string> bindings) : log_(log), bindings_(std::move(bindings)) {}
    void write(Level level, std::string_view message, Fields fields) const;

    Log* log_ = nullptr;
    std::shared_ptr<const std::string> bindings_;  // `,"pid":1,"hostname":"h","reqId":"…"`
};

}  // namespace logging
