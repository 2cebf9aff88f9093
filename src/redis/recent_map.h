#pragma once
// RecentMap: values by key, the most recently used ones, at most `limit`. Two generations: when the young one is half of the
// limit it becomes the old one, and what was old is forgotten. No list to keep in order, no search for the oldest.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace redis::detail {

template <class Value>
class RecentMap {
public:
    explicit RecentMap(std::size_t limit) : half_(limit / 2 + 1) {}

    // Valid until the next call.
    [[nodiscard]] Value* find(const std::string& key) {
        if (const auto found = young_.find(key); found != young_.end()) return &found->second;
        const auto found = old_.find(key);
        if (found == old_.end()) return nullptr;
        Value value = std::move(found->second);
        old_.erase(found);
        return &put(key, std::move(value));
    }
    Value& put(const std::string& key, Value value) {
        if (young_.size() >= half_ && !young_.contains(key)) {
            old_ = std::move(young_);
            young_.clear();
        }
        return young_.insert_or_assign(key, std::move(value)).first->second;
    }
    [[nodiscard]] std::size_t size() const noexcept { return young_.size() + old_.size(); }

private:
    std::size_t half_;
    std::unordered_map<std::string, Value> young_;
    std::unordered_map<std::string, Value> old_;
};

}  // namespace redis::detail
