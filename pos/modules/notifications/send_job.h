#pragma once
// The job that sends one notification, and who tells it (Notifier, with the row).
//
//     outbox.add(batch, send_notification, SendNotification{id});

#include "jobs/job_type.h"
#include "pos/modules/notifications/tables.h"

namespace pos {

struct SendNotification {
    NotificationId id;

    friend constexpr auto describe(SendNotification*) {
        return schema::object<SendNotification>("SendNotification", schema::field<&SendNotification::id>("id"));
    }
};

// Tried for about eight hours: 30 s, 1 min, 2 min … Grey lists let a mail pass after minutes; what is refused for longer than a
// working day is refused.
inline constexpr std::int32_t send_attempts = 10;
inline constexpr jobs::JobType<SendNotification> send_notification{
    "mail",
    "notifications.send",
    {.attempts = 20,
     .backoff = {"exponential", std::chrono::seconds(30), 0.2},
     .remove_on_complete = jobs::KeepJobs{.count = 10'000, .age_seconds = 86'400},
     .timeout = std::chrono::minutes(3)}};

}  // namespace pos
