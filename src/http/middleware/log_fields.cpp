#include "http/middleware/log_fields.h"

#include <algorithm>

#include "http/context.h"

namespace http {

LogFields& LogFields::add(std::string_view key, std::string_view value) {
    const auto known =
        std::find_if(entries_.begin(), entries_.begin() + size_, [&](const Entry& entry) { return entry.key == key; });
    const auto index = static_cast<std::size_t>(known - entries_.begin());
    if (index == most_fields || value.size() > text_.size() - used_) return *this;
    value.copy(text_.data() + used_, value.size());
    entries_[index] = {key, static_cast<std::uint16_t>(used_), static_cast<std::uint16_t>(value.size())};
    used_ += value.size();
    size_ = std::max(size_, index + 1);
    return *this;
}

LogFields& log_fields(Context& context) {
    if (auto* fields = context.get<LogFields>()) return *fields;
    return context.set(LogFields());
}

}  // namespace http
