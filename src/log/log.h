#pragma once
// The back end behind every Logger: threshold, clock, process identity, redaction and sink. One per process (or per test); it
// outlives its loggers. Thread-safe.
//
//     logging::Log log({.level = logging::Level::info}, std::make_unique<logging::AsyncSink>(logging::AsyncSinkOptions{}));
//     log.logger().info("listening", {{"port", 8080}});
//
//     auto sink = std::make_shared<logging::MemorySink>();                     // in a test
//     logging::Log log({.now = [] { return 0; }, .process_id = 1, .hostname = "test"}, sink);

#include "log/logger.h"
#include "log/redaction.h"
#include "log/sink.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace logging {

struct LogOptions {
    Level level = Level::info;
    std::function<std::int64_t()> now = {};  // milliseconds since 1970; the system clock by default
    std::int64_t process_id = 0;             // 0: this process
    std::string hostname = {};               // empty: this machine
    Redaction redaction = {};                // the default names
};

class Log {
public:
    Log(LogOptions options, std::shared_ptr<Sink> sink);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    [[nodiscard]] Logger logger();
    [[nodiscard]] Level level() const noexcept { return level_.load(std::memory_order_relaxed); }
    void set_level(Level level) noexcept { level_.store(level, std::memory_order_relaxed); }
    bool flush(std::chrono::milliseconds deadline = std::chrono::seconds(1)) { return sink_->flush(deadline); }
    [[nodiscard]] DropCount dropped() const { return sink_->dropped(); }

private:
    friend class Logger;
    void write(Level level, std::string_view bindings, std::string_view message, Fields fields);
    void render(std::string& line, Level level, std::string_view bindings, std::string_view message,
                Fields fields) const;

    std::atomic<Level> level_;
    std::function<std::int64_t()> now_;
    Redaction redaction_;
    std::shared_ptr<const std::string> root_bindings_;
    std::shared_ptr<Sink> sink_;
};

}  // namespace logging
