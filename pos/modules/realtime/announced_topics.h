#pragma once
// Whom what was committed concerns: the topics of announced rows. Pure.
//
//     for (const auto& topic : topics_of(poke.rows)) tell(topic.name());

#include <vector>

#include "db/announcements.h"
#include "pos/modules/sync/topics.h"

namespace pos {

// Each once. What has no topic of its own is `changes`.
[[nodiscard]] std::vector<sync::Topic> topics_of(const std::vector<db::AnnouncedRows>& rows);

}  // namespace pos
