#include "storage/storage.h"

#include <algorithm>

#include "base/strings.h"

namespace storage {

namespace {

constexpr std::size_t most_part_bytes = 200;

async::Task<std::string> next_of(std::string* left) { co_return std::exchange(*left, {}); }

}  // namespace

async::Task<Result<void>> Store::can_write(async::SteadyTime /*deadline*/) { co_return {}; }

Source source_of(std::string bytes) {
    return [left = std::make_unique<std::string>(std::move(bytes))] { return next_of(left.get()); };
}

std::string_view key_fault(std::string_view key) {
    if (key.empty()) return "a key is not empty";
    if (key.size() > most_key_bytes) return "a key has at most 900 bytes";
    if (!base::is_utf8(key)) return "a key is UTF-8";
    const auto is_refused = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; };
    if (std::ranges::any_of(key, is_refused)) return "a key has no control characters and no backslash";
    for (const auto part : base::split(key, '/')) {
        if (part.empty()) return "a key has no empty part";
        if (part.front() == '.') return "no part of a key begins with a dot";
        if (part.size() > most_part_bytes) return "a part of a key has at most 200 bytes";
    }
    return {};
}

}  // namespace storage
