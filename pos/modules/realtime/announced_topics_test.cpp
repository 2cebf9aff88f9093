// Which topics hear of what was committed.

#include "pos/modules/realtime/announced_topics.h"

#include <gtest/gtest.h>

#include <string>

namespace pos {
namespace {

std::vector<std::string> names(const std::vector<db::AnnouncedRows>& rows) {
    std::vector<std::string> names;
    for (const auto& topic : topics_of(rows)) names.push_back(topic.name());
    return names;
}

TEST(AnnouncedTopics, AreThoseThatTheRowsConcernEachOnce) {
    using Names = std::vector<std::string>;
    const std::string id = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
    const auto row = base::Uuid::from_string(id);
    EXPECT_EQ(names({}), Names{});
    EXPECT_EQ(names({{.kind = "products"}, {.kind = "sales", .place = row}}), Names{"changes"});
    EXPECT_EQ(names({{.kind = "sales", .place = row},
                     {.kind = "daily_sales", .place = row},
                     {.kind = "payment_intents", .place = row, .row = row},
                     {.kind = "payment_intents", .row = row},
                     {.kind = "notifications", .row = row}}),
              (Names{"changes", "dashboard." + id, "intent." + id, "notifications"}));
    // Which one is not said: whoever follows any of them pulls.
    EXPECT_EQ(names({{.kind = "payment_intents"}, {.kind = "daily_sales"}}), Names{"changes"});
}

}  // namespace
}  // namespace pos
