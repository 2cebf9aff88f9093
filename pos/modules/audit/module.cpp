#include "pos/modules/audit/module.h"

#include "auth/caller.h"
#include "pos/permissions.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/tables.h"

namespace pos {

namespace {

struct AuditFilter {
    db::PageRequest page;
    std::optional<UserId> actor;
    std::optional<base::Uuid> subject;

    friend constexpr auto describe(AuditFilter*) {
        return schema::object<AuditFilter>(
            "AuditFilter", schema::flatten<&AuditFilter::page>(),
            schema::field<&AuditFilter::actor>("actorId", {.doc = "What this user did."}),
            schema::field<&AuditFilter::subject>("subjectId", {.doc = "What was done to this user, invitation, …."}));
    }
};

constexpr List<tables::audit_events, Newest<&AuditEvent::at>, Where<&AuditEvent::actor_id>,
               Where<&AuditEvent::subject_id>>
    newest;

// Rows belong to no location, so a role for one shop does not do.
async::Task<db::Page<AuditEvent>> list(auth::Permitted<"audit.read"> /*unused*/, http::Query<AuditFilter> filter,
                                       db::Db db) {
    return newest.page(db, filter->page, filter->actor, filter->subject);
}

void routes(http::Routes routes) {
    routes.get("/audit-events", list,
               {.id = "listAuditEvents",
                .summary = "What was done to members and invitations, newest first",
                .description = "Rows are written with what they tell of, and can be neither changed nor removed. What "
                               "belongs to an account alone (a forgotten password) is in no tenant's list."});
}

}  // namespace

app::Module audit_module() {
    return {.name = "audit", .doc = "Who did what.", .statements = db::statements(newest), .routes = routes};
}

}  // namespace pos
