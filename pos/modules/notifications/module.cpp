#include "pos/modules/notifications/module.h"

#include <algorithm>

#include "app/jobs.h"
#include "auth/caller.h"
#include "http/middleware/conditional.h"
#include "pos/modules/notifications/own_list.h"
#include "pos/modules/notifications/pages.h"
#include "pos/modules/notifications/send_job.h"
#include "pos/modules/notifications/sender.h"
#include "pos/modules/notifications/statements.h"
#include "pos/modules/notifications/webhooks.h"
#include "pos/permissions.h"
#include "pos/plumbing/list.h"

namespace pos {

namespace {

// ---- What was sent -----------------------------------------------------------------------------------------------

struct NotificationFilter {
    db::PageRequest page;
    std::optional<NotificationState> state;
    std::optional<NotificationKind> kind;

    friend constexpr auto describe(NotificationFilter*) {
        return schema::object<NotificationFilter>(
            "NotificationFilter", schema::flatten<&NotificationFilter::page>(),
            schema::field<&NotificationFilter::state>("state", {.doc = "What became of it."}),
            schema::field<&NotificationFilter::kind>("kind", {.doc = "What it is about."}));
    }
};

constexpr List<tables::notifications, Newest<&Notification::created_at>, Where<&Notification::state>,
               Where<&Notification::kind>>
    newest;

async::Task<db::Page<Notification>> list(auth::Permitted<"notifications.read"> /*unused*/,
                                         http::Query<NotificationFilter> filter, db::Db db) {
    return newest.page(db, filter->page, filter->state, filter->kind);
}

constexpr auto by_id = db::find<tables::notifications>("notifications.by_id");

async::Task<Notification> show(auth::Permitted<"notifications.read"> /*unused*/, http::Path<"id", NotificationId> id,
                               db::Db db) {
    auto found = co_await db.one(by_id, *id);
    if (!found) throw base::Failure(http::errors::row_not_found);
    co_return *std::move(found);
}

// ---- What members want to hear of --------------------------------------------------------------------------------

struct Preferences {
    bool daily_summary = false;
    bool low_stock = false;
    bool failed_jobs = false;

    friend constexpr auto describe(Preferences*) {
        return schema::object<Preferences>(
            "NotificationPreferences",
            schema::field<&Preferences::daily_summary>("dailySummary",
                                                       {.doc = "What was sold, each morning; needs `reports.read`."}),
            schema::field<&Preferences::low_stock>(
                "lowStock", {.doc = "What reached its reorder level, once a day; needs `stock.read`."}),
            schema::field<&Preferences::failed_jobs>(
                "failedJobs",
                {.defaulted = true, .doc = "What the service could not do, once a day; needs `notifications.read`."}));
    }
};

// What will be sent: what was chosen, without what was unsubscribed from behind a link.
async::Task<Preferences> preferences_of(db::SystemDb system, base::Uuid tenant, UserId user) {
    const auto row = co_await system.as_tenant(tenant).one(mailing::preference, user);
    if (!row) co_return Preferences{};
    const auto without = co_await system.all(mailing::lists_without, user, tenant);
    const auto reaches = [&](MailList list) {
        return std::ranges::none_of(without, [&](MailList one) { return one == list || one == MailList::all; });
    };
    co_return Preferences{row->daily_summary && reaches(MailList::daily_summary),
                          row->low_stock && reaches(MailList::low_stock),
                          row->failed_jobs && reaches(MailList::failed_jobs)};
}

async::Task<Preferences> show_preferences(auth::Caller caller, db::SystemDb system) {
    return preferences_of(system, caller.tenant_id, UserId(caller.user_id));
}

async::Task<Preferences> set_preferences(auth::Caller caller, http::Body<Preferences> input, db::SystemDb system) {
    const auto require = [&](bool wanted, std::string_view permission) {
        if (wanted && !caller.may(permission)) throw base::Failure(auth::errors::forbidden);
    };
    require(input->daily_summary, "reports.read");
    require(input->low_stock, "stock.read");
    require(input->failed_jobs, "notifications.read");
    const UserId user(caller.user_id);
    std::vector<std::string> wanted;
    if (input->daily_summary) wanted.emplace_back("daily_summary");
    if (input->low_stock) wanted.emplace_back("low_stock");
    if (input->failed_jobs) wanted.emplace_back("failed_jobs");
    const auto db = system.as_tenant(caller.tenant_id);
    auto batch = db.batch();
    batch.add(mailing::set_preference,
              NotificationPreference{user, input->daily_summary, input->low_stock, input->failed_jobs});
    db.system(batch).add(mailing::subscribe, user, caller.tenant_id, wanted);
    co_await batch.commit();
    co_return co_await preferences_of(system, caller.tenant_id, user);
}

// ---- Jobs --------------------------------------------------------------------------------------------------------

async::Task<void> send(jobs::Job<SendNotification>& job, app::TenantScope scope) {
    co_await scope.use<Sender>().send(scope.db(std::chrono::minutes(3)), job.data().id);
}

struct Requeue {
    friend constexpr auto describe(Requeue*) { return schema::object<Requeue>("Requeue"); }
};
constexpr jobs::JobType<Requeue> requeue{"maintenance", "notifications.requeue", app::scheduled_job_defaults};

struct Waiting {
    base::Uuid tenant_id;
    NotificationId id;
    Channel channel{};

    friend constexpr auto describe(Waiting*) {
        return schema::object<Waiting>("Waiting", schema::field<&Waiting::tenant_id>("tenantId"),
                                       schema::field<&Waiting::id>("id"), schema::field<&Waiting::channel>("channel"));
    }
};
constexpr std::int64_t most_requeued = 1'000;
// Redis may have lost their jobs: each has waited for longer than most tries take.
constexpr db::SystemQuery<Waiting(std::int64_t)> waiting{
    {"mail.waiting",
     "select tenant_id, id, channel from notifications where state = 'queued' and created_at < now() - interval '1 "
     "hour' "
     "and (leased_until is null or leased_until < now()) order by created_at limit $1",
     db::Kind::read}};

async::Task<void> requeue_waiting(jobs::Job<Requeue>& job, app::JobScope scope) {
    const auto db = scope.system_db();
    const auto rows = co_await db.all(waiting, most_requeued);
    for (const auto& row : rows) {
        auto batch = db.as_tenant(row.tenant_id).batch();
        scope.use<Runtime>().outbox().add(batch, send_job_of(row.channel), SendNotification{row.id});
        co_await batch.commit();
    }
    if (!rows.empty()) job.logger().warn("messages have waited for an hour", {{"count", std::ssize(rows)}});
}

void handle_jobs(app::JobHandlers handlers) {
    handlers.on(send_notification, send);
    handlers.on_system(requeue, requeue_waiting);
}

void routes(http::Routes routes) {
    routes.get("/notifications", list,
               {.id = "listNotifications",
                .summary = "Messages to people and what became of them, newest first",
                .description = "`failed` and `bounced` say why. Links' tokens are shown nowhere."});
    routes.get("/notifications/{id}", show,
               {.id = "getNotification",
                .summary = "One message and what became of it",
                .description = "The tenant's: messages about an account, such as its new password, are nobody's here.",
                .errors = {http::errors::row_not_found}});
    routes.get(
        "/notifications/preferences", show_preferences,
        {.id = "getNotificationPreferences",
         .summary = "What I hear of by e-mail",
         .description = "In this tenant. Nothing, as long as nothing was chosen; without what was unsubscribed from.",
         .middleware = {http::no_store()}});
    routes.post(
        "/notifications/preferences", set_preferences,
        {.id = "setNotificationPreferences",
         .summary = "Choose what I hear of by e-mail",
         .description = "At most one message a day and subject. What is chosen again after unsubscribing is sent "
                        "again; not to an address that has bounced or complained: the reply says what is sent.",
         .errors = {auth::errors::forbidden}});
    own_notification_routes(routes);
    webhook_routes(routes);
}

}  // namespace

app::Module notifications_module() {
    using namespace mailing;
    auto statements =
        db::statements(newest, by_id, add, by_key, claim, state_of, begin, accepted, put_back, failed, is_suppressed,
                       suppress, subscribe, undo_unsubscribe, lists_without, told, delivered, not_delivered,
                       use_webhook, webhook_body, preference, set_preference, waiting);
    for (const auto& statement : own_notification_statements()) statements.push_back(statement);
    return {.name = "notifications",
            .doc = "Messages to people, and what became of them.",
            .tables = {tables::notifications.view(), tables::mail_suppressions.view(), tables::used_webhooks.view(),
                       tables::notification_preferences.view()},
            .statements = std::move(statements),
            .routes = routes,
            .jobs = handle_jobs,
            .schedules = {app::schedule(requeue, Requeue{}, {.pattern = "37 * * * *", .time_zone = "UTC"},
                                        "Sends messages whose jobs were lost.")},
            .settings = app::settings<MailSettings, check_mail_settings>(),
            .process_services = app::process_services<make_mail_shared, make_mailbox>(),
            .services = app::services<make_notifier, make_sender>(),
            .root_routes = unsubscribe_pages};
}

app::Module mailbox_module() {
    return {.name = "mail", .doc = "The mailbox of development.", .development_routes = mailbox_pages};
}

}  // namespace pos
