#pragma once
// Where finished lines go. AsyncSink: from any number of threads, through one bounded buffer, to one writer thread and a file
// descriptor. MemorySink: keeps the lines, for tests.
//
// AsyncSink's promise, in numbers: a producer copies its line under a short lock and never waits, except that a line of level
// error or above which finds no room may wait `error_patience` once per stall. The last eighth of the buffer is kept for such
// lines. A line without room is dropped and counted; when room returns the writer says so in one warn line ("log lines
// dropped"). Lines of one thread keep their order. Lines reach the descriptor within `batch_delay` of an idle writer; the
// destructor and flush() write what is buffered, for at most their deadline.
//
//     logging::Log log({.level = logging::Level::info}, std::make_unique<logging::AsyncSink>(logging::AsyncSinkOptions{}));
//     logging::Logger logger = log.logger();

#include "log/logger.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace logging {

struct DropCount {
    std::uint64_t lines = 0;   // all levels
    std::uint64_t errors = 0;  // of these, level error and above
};

class Sink {
public:
    using DroppedLine = std::function<std::string(const DropCount&)>;

    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    // `line` is whole and ends in a newline. Thread-safe.
    virtual void write(Level level, std::string_view line) = 0;
    // False when the deadline passed first.
    virtual bool flush(std::chrono::milliseconds deadline) = 0;
    // Since the start; for a metric.
    [[nodiscard]] virtual DropCount dropped() const = 0;
    // How to render the line that reports drops; set by Log before any line is written.
    virtual void set_dropped_line(DroppedLine render) = 0;
};

struct AsyncSinkOptions {
    int descriptor = 1;                            // duplicated: the caller keeps and closes its own
    std::size_t capacity_bytes = 2 * 1024 * 1024;  // two such buffers; pages are touched only when needed
    std::chrono::milliseconds error_patience{50};
    std::chrono::milliseconds batch_delay{2};
    std::chrono::milliseconds close_deadline{2000};
};

class AsyncSink final : public Sink {
public:
    explicit AsyncSink(const AsyncSinkOptions& options);
    ~AsyncSink() override;

    void write(Level level, std::string_view line) override;
    bool flush(std::chrono::milliseconds deadline) override;
    [[nodiscard]] DropCount dropped() const override;
    void set_dropped_line(DroppedLine render) override;

private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the writer, which may be stuck in write(2) when the sink is destroyed
};

class MemorySink final : public Sink {
public:
    void write(Level level, std::string_view line) override;
    bool flush(std::chrono::milliseconds deadline) override;
    [[nodiscard]] DropCount dropped() const override { return {}; }
    void set_dropped_line(DroppedLine) override {}

    // Without the newline.
    [[nodiscard]] std::vector<std::string> lines() const;
    [[nodiscard]] bool contains(std::string_view text) const;
    void clear();

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

}  // namespace logging
