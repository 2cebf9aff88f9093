#include "pos/modules/notifications/own_list.h"

#include "auth/caller.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/notifications/tables.h"

namespace pos {

namespace {

struct OwnNotification {
    NotificationId id;
    NotificationKind kind{};
    schema::Json data;
    base::Timestamp created_at;
    bool is_read = false;

    friend constexpr auto describe(OwnNotification*) {
        using schema::field;
        return schema::object<OwnNotification>(
            "OwnNotification", field<&OwnNotification::id>("id"), field<&OwnNotification::kind>("kind"),
            field<&OwnNotification::data>("data",
                                          {.doc = "What the e-mail of this kind says, as members: the shop, the "
                                                  "day, items and the like. An app passes over what it does "
                                                  "not know."}),
            field<&OwnNotification::created_at>("createdAt"), field<&OwnNotification::is_read>("read"));
    }
};

constexpr auto of_user = db::select<tables::notifications>()
                             .where<&Notification::user_id>()
                             .where<&Notification::channel>()
                             .order_by_descending<&Notification::created_at, &Notification::id>()
                             .page("notifications.of_user", "notifications.of_user_after");

constexpr db::Query<NotificationId(NotificationId, UserId)> mark_read{
    {"notifications.mark_read",
     "update notifications set state = 'read' "
     "where tenant_id = $1 and id = $2 and user_id = $3 and channel = 'app' and state in ('delivered', 'read') "
     "returning id",
     db::Kind::write}};
constexpr db::Query<void(UserId)> mark_all_read{
    {"notifications.mark_all_read",
     "update notifications set state = 'read' "
     "where tenant_id = $1 and user_id = $2 and channel = 'app' and state = 'delivered'",
     db::Kind::write}};

OwnNotification shown(Notification&& row) {
    return {row.id, row.kind, std::move(row.given), row.created_at, row.state == NotificationState::read};
}

async::Task<db::Page<OwnNotification>> list(auth::Caller caller, http::Query<db::PageRequest> page, db::Db db) {
    auto found = co_await db.page(of_user, *page, UserId(caller.user_id), Channel::app);
    db::Page<OwnNotification> own{{}, std::move(found.next_cursor), {}};
    if (found.count) own.count.emplace(*found.count);
    for (auto& row : found.data) own.data.push_back(shown(std::move(row)));
    co_return own;
}

// Other devices of the member hear of it.
void announce(db::Batch& batch, const auth::Caller& caller) {
    batch.announce({.kind = std::string(notifications_changed), .row = caller.user_id});
}

async::Task<http::NoContent> read_one(auth::Caller caller, http::Path<"id", NotificationId> id, db::Db db) {
    auto batch = db.batch();
    const auto marked = batch.add(mark_read, *id, UserId(caller.user_id));
    announce(batch, caller);
    const auto results = co_await batch.commit();
    if (!results.one(marked)) throw base::Failure(errors::row_not_found);
    co_return http::NoContent{};
}

async::Task<http::NoContent> read_all(auth::Caller caller, db::Db db) {
    auto batch = db.batch();
    batch.add(mark_all_read, UserId(caller.user_id));
    announce(batch, caller);
    co_await batch.commit();
    co_return http::NoContent{};
}

}  // namespace

void own_notification_routes(http::Routes routes) {
    routes.get("/notifications/mine", list,
               {.id = "listOwnNotifications",
                .summary = "What the caller is told in the app, newest first",
                .description = "What was chosen by `POST /v1/notifications/preferences`, and what concerns the "
                               "subscription or an endpoint of the caller's. `/v1/events?topics=notifications` says "
                               "when to look."});
    routes.post("/notifications/{id}/read", read_one,
                {.id = "readNotification",
                 .summary = "Mark one of the caller's as read",
                 .description = "Once more changes nothing."});
    routes.post("/notifications/read", read_all,
                {.id = "readNotifications",
                 .summary = "Mark all of the caller's as read",
                 .description = "Those that came until now."});
}

std::vector<db::StatementView> own_notification_statements() {
    return db::statements(of_user, mark_read, mark_all_read);
}

}  // namespace pos
