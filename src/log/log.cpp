#include "log/log.h"

#include "log/json_writer.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace logging {
namespace {

constexpr std::size_t line_buffer_kept = 64 * 1024;

std::int64_t system_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

std::string machine_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
    return name.data();
}

void append_integer(std::string& out, std::int64_t number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

Log::Log(LogOptions options, std::shared_ptr<Sink> sink)
    : level_(options.level),
      now_(std::move(options.now)),
      redaction_(std::move(options.redaction)),
      sink_(std::move(sink)) {
    const std::int64_t process_id = options.process_id != 0 ? options.process_id : getpid();
    const std::string hostname = options.hostname.empty() ? machine_name() : std::move(options.hostname);
    auto bindings = std::make_shared<std::string>();
    JSONWriter(*bindings, redaction_).fields({{"pid", process_id}, {"hostname", hostname}});
    root_bindings_ = std::move(bindings);

    sink_->set_dropped_line([this](const DropCount& dropped) {
        std::string line;
        render(line, Level::warn, *root_bindings_, "log lines dropped",
               {{"dropped", dropped.lines}, {"droppedErrors", dropped.errors}});
        return line;
    });
}

// Flushed first, so that drops are still reported. The sink may outlive this object and must not call back into it.
Log::~Log() {
    flush();
    sink_->set_dropped_line(nullptr);
}

Logger Log::logger() { return {this, root_bindings_}; }

void Log::write(Level level, std::string_view bindings, std::string_view message, Fields fields) {
    // One buffer per thread: after the first lines, logging does not allocate.
    thread_local std::string line;
    line.clear();
    render(line, level, bindings, message, fields);
    sink_->write(level, line);
    if (level == Level::fatal) flush();
    if (line.capacity() > line_buffer_kept) std::string().swap(line);
}

void Log::render(std::string& line, Level level, std::string_view bindings, std::string_view message,
                 Fields fields) const {
    line += "{\"level\":";
    append_integer(line, static_cast<int>(level));
    line += ",\"time\":";
    append_integer(line, now_ ? now_() : system_milliseconds());
    append_bindings(line, bindings, fields);
    JSONWriter writer(line, redaction_);
    writer.fields(fields);
    line += ",\"msg\":";
    writer.text(message);
    line += "}\n";
}

}  // namespace logging
