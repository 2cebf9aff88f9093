// Expected: a queue name must not be empty nor hold a colon
#include "jobs/job_type.h"

constexpr jobs::JobType<schema::Json> send{"mail:welcome", "mail.welcome"};
