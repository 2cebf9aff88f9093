#pragma once
// The jobs that send one notification, by mail or to a phone, and who tells them (Notifier, with the row).
//
//     outbox.add(batch, send_job_of(row.channel), SendNotification{row.id});

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

// An SMS or a WhatsApp message. A code is of use for minutes, so the first tries are close to each other: 5 s, 10 s, 20 s …, for about
// 45 minutes.
inline constexpr std::int32_t send_phone_attempts = 10;
inline constexpr jobs::JobType<SendNotification> send_phone_message{
    "sms",
    "notifications.send_to_phone",
    {.attempts = 20,
     .backoff = {"exponential", std::chrono::seconds(5), 0.2},
     .remove_on_complete = jobs::KeepJobs{.count = 10'000, .age_seconds = 86'400},
     .timeout = std::chrono::minutes(2)}};

// Tells the job that sends a message of this channel.
[[nodiscard]] constexpr const jobs::JobType<SendNotification>& send_job_of(Channel channel) {
    return channel == Channel::email ? send_notification : send_phone_message;
}

}  // namespace pos
