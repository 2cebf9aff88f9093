#include "log/sink.h"

namespace logging {

void MemorySink::write(Level, std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    const std::scoped_lock lock(mutex_);
    lines_.emplace_back(line);
}

bool MemorySink::flush(std::chrono::milliseconds) { return true; }

std::vector<std::string> MemorySink::lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
}

bool MemorySink::contains(std::string_view text) const {
    const std::scoped_lock lock(mutex_);
    for (const std::string& line : lines_) {
        if (line.find(text) != std::string::npos) return true;
    }
    return false;
}

void MemorySink::clear() {
    const std::scoped_lock lock(mutex_);
    lines_.clear();
}

}  // namespace logging
