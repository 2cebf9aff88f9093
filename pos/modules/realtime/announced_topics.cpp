#include "pos/modules/realtime/announced_topics.h"

#include <algorithm>

#include "pos/modules/notifications/notifier.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/reports/dashboard.h"

namespace pos {

namespace {

sync::Topic topic_of(const db::AnnouncedRows& rows) {
    using Kind = sync::Topic::Kind;
    if (rows.kind == payment_intents_changed && rows.row) return {Kind::intent, *rows.row};
    if (rows.kind == daily_sales_changed && rows.place) return {Kind::dashboard, *rows.place};
    if (rows.kind == notifications_changed) return {Kind::notifications, {}};
    return {Kind::changes, {}};
}

}  // namespace

std::vector<sync::Topic> topics_of(const std::vector<db::AnnouncedRows>& rows) {
    std::vector<sync::Topic> topics;
    for (const auto& one : rows) {
        const auto topic = topic_of(one);
        if (std::ranges::find(topics, topic) == topics.end()) topics.push_back(topic);
    }
    return topics;
}

}  // namespace pos
