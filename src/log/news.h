#pragma once
// News: what a state that is found again and again may put into the log: one line a minute for each subject, such as the word of an
// error. Another subject within the minute is news; ten are, then the minute has had enough. One thread.
//
//     if (news_.is_news(redis::error_word(text))) logger.warn("Redis refuses commands", {{"cause", text}});

#include <chrono>
#include <set>
#include <string>
#include <string_view>

namespace logging {

class News {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t most_subjects = 10;

    // True once for each subject in the minute that begins with the first of them.
    [[nodiscard]] bool is_news(std::string_view subject, Time now = std::chrono::steady_clock::now()) {
        if (now >= end_) {
            told_.clear();
            end_ = now + std::chrono::minutes(1);
        }
        return told_.size() < most_subjects && told_.emplace(subject).second;
    }

private:
    std::set<std::string, std::less<>> told_;
    Time end_{};
};

}  // namespace logging
