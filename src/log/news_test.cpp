#include "log/news.h"

#include <gtest/gtest.h>

namespace logging {
namespace {

using namespace std::chrono_literals;

TEST(News, IsEachSubjectOnceAMinute) {
    News news;
    const News::Time begin{1h};
    EXPECT_TRUE(news.is_news("OOM", begin));
    EXPECT_FALSE(news.is_news("OOM", begin + 1s));
    EXPECT_TRUE(news.is_news("READONLY", begin + 2s)) << "another one is news at once";
    EXPECT_FALSE(news.is_news("OOM", begin + 3s)) << "to and fro is none";
    EXPECT_FALSE(news.is_news("READONLY", begin + 59s));
    EXPECT_TRUE(news.is_news("OOM", begin + 60s));
    EXPECT_FALSE(news.is_news("OOM", begin + 119s));
}

TEST(News, HasAnEndHoweverManySubjectsThereAre) {
    News news;
    const News::Time begin{1h};
    for (std::size_t i = 0; i < News::most_subjects; ++i) EXPECT_TRUE(news.is_news(std::to_string(i), begin));
    EXPECT_FALSE(news.is_news("one more", begin));
    EXPECT_TRUE(news.is_news("one more", begin + 60s));
}

}  // namespace
}  // namespace logging
