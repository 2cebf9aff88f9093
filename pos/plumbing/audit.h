#pragma once
// What was done to accounts and members, in the transaction that does it. The app role can neither change nor remove the rows.
//
//     audit(batch, runtime, {.action = "invite.revoke", .actor = UserId(caller.user_id), .subject = invite.id.uuid(), .address = address});

#include "db/db.h"
#include "pos/plumbing/runtime.h"
#include "pos/plumbing/tables.h"

namespace pos {

struct Audited {
    std::string_view action;
    std::optional<UserId> actor{};
    std::optional<base::Uuid> subject{};
    std::string address{};      // of the client
    std::string detail = "{}";  // JSON; no secret
};

// In the batch's tenant.
void audit(db::Batch& batch, Runtime& runtime, Audited what);

[[nodiscard]] std::vector<db::StatementView> audit_statements();

}  // namespace pos
