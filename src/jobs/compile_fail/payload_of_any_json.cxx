// Expected: a tenant's job has a described object as data
#include "jobs/outbox.h"

constexpr jobs::JobType<schema::Json> hand_on{"hooks", "hook.received"};

void tell(jobs::Outbox& outbox, db::Batch& batch, const schema::Json& sent) { outbox.add(batch, hand_on, sent); }
