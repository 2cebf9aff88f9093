#include "pos/plumbing/audit.h"

namespace pos {

namespace {

constexpr auto add_event = db::insert<tables::audit_events>("audit.add");

}  // namespace

void audit(db::Batch& batch, Runtime& runtime, Audited what) {
    batch.add(add_event, AuditEvent{.id = runtime.new_id<base::Id<struct AuditEventTag>>().uuid(),
                                    .at = runtime.now(),
                                    .action = std::string(what.action),
                                    .actor_id = what.actor,
                                    .subject_id = what.subject,
                                    .address = what.address.substr(0, 64),
                                    .detail = {std::move(what.detail)}});
}

std::vector<db::StatementView> audit_statements() { return db::statements(add_event); }

}  // namespace pos
