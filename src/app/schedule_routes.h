#pragma once
// POST /internal/schedules/{name}/trigger: for a scheduler outside of the service (a hosted cron) that decides when a job runs. It is
// authenticated by SCHEDULER_TOKEN, and the job leaves through the outbox, so Redis may be away meanwhile.
//
//     curl -X POST -H "Authorization: Bearer $SCHEDULER_TOKEN" -H 'Idempotency-Key: 2026-11-25' \
//         https://api.example/internal/schedules/maintenance.clean_up/trigger
//
// Within one Idempotency-Key the job runs once; without one, once a minute.

#include "http/router.h"

namespace app {

class App;

// Nothing when SCHEDULER_TOKEN is not set or no module has a schedule.
void add_schedule_routes(http::Router& router, const App& app);

}  // namespace app
