#include "pos/modules/sms/module.h"

#include <algorithm>

#include "app/jobs.h"
#include "pos/modules/notifications/send_job.h"
#include "pos/modules/sms/callbacks.h"
#include "pos/modules/sms/outbox_page.h"
#include "pos/modules/sms/phone_sender.h"
#include "pos/modules/sms/reseal_command.h"
#include "pos/modules/sms/settings_routes.h"

namespace pos {

namespace {

async::Task<void> send(jobs::Job<SendNotification>& job, app::TenantScope scope) {
    co_await scope.use<PhoneSender>().send(scope.db(std::chrono::minutes(2)), job.data().id);
}

// ---- What came too early, and what nobody explains -------------------------------------------------------------------

struct MatchReports {
    friend constexpr auto describe(MatchReports*) { return schema::object<MatchReports>("MatchReports"); }
};
constexpr jobs::JobType<MatchReports> match_reports{"maintenance", "sms.match_reports", app::scheduled_job_defaults};
constexpr jobs::JobType<MatchReports> tell_unexplained{"maintenance", "sms.tell_unexplained",
                                                       app::scheduled_job_defaults};

constexpr std::int64_t most_matched = 500;
constexpr std::int64_t most_told = 20;

async::Task<void> match(db::SystemDb transaction, texting::LostReply lost, ReportParts parts) {
    co_await transaction.run(texting::name_lost, lost.tenant_id, lost.id, lost.provider_id);
    co_await take_parked_reports(transaction, lost.provider, lost.provider_id, parts);
}

async::Task<void> match_lost_replies(jobs::Job<MatchReports>& job, app::JobScope scope) {
    const ReportParts parts{&scope.use<MailShared>(), &scope.use<Messaging>(), &scope.use<Runtime>()};
    const auto db = scope.system_db();
    const auto found = co_await db.all(texting::lost_replies, most_matched);
    for (const auto& lost : found) {
        co_await db.transaction([&lost, parts](db::SystemDb transaction) { return match(transaction, lost, parts); });
    }
    if (!found.empty())
        job.logger().info("messages whose replies were lost were found by their reports",
                          {{"count", std::ssize(found)}});
}

async::Task<void> tell_of_unexplained(jobs::Job<MatchReports>& job, app::JobScope scope) {
    const auto db = scope.system_db();
    const auto unexplained = co_await db.all(texting::unexplained, most_told);
    if (!unexplained.empty()) {
        std::string ids;
        for (const auto& id : unexplained) ids.append(ids.empty() ? "" : ", ").append(id);
        job.logger().warn("delivery reports are of no message", {{"oldest", ids}, {"shown", std::ssize(unexplained)}});
    }
    co_await db.run(texting::forget_secrets);
}

void handle_jobs(app::JobHandlers handlers) {
    handlers.on(send_phone_message, send);
    handlers.on_system(match_reports, match_lost_replies);
    handlers.on_system(tell_unexplained, tell_of_unexplained);
}

void routes(http::Routes routes) {
    messaging_routes(routes);
    phone_callback_routes(routes);
}

std::vector<db::StatementView> all_statements() {
    using namespace texting;
    auto all = phone_callback_statements();
    std::ranges::copy(reseal_message_accounts_statements(), std::back_inserter(all));
    std::ranges::copy(
        db::statements(charge, uncount, correct_cost, begin, accepted, outcome_unknown, told_already, written_at,
                       is_opted_out, account_of_tenant, hold_provider_id, by_provider_id, by_id, told, park,
                       take_parked, wish, open_window, lost_replies, name_lost, unexplained, forget_secrets,
                       put_account, drop_account, limit_of, set_limit, drop_limit, spent_on),
        std::back_inserter(all));
    return all;
}

}  // namespace

app::Module sms_module() {
    return {.name = "sms",
            .doc = "Messages to phones, by SMS and WhatsApp.",
            .tables = {tables::message_accounts.view(), tables::message_limits.view(), tables::message_spending.view(),
                       tables::message_counts.view(), tables::phone_wishes.view(), tables::whatsapp_windows.view(),
                       tables::parked_reports.view()},
            .database_objects = {texting::charge_message, texting::uncount_message},
            .statements = all_statements(),
            .routes = routes,
            .jobs = handle_jobs,
            .schedules = {app::schedule(match_reports, MatchReports{}, {.pattern = "* * * * *", .time_zone = "UTC"},
                                        "Finds messages whose replies were lost by the reports of them."),
                          app::schedule(tell_unexplained, MatchReports{}, {.pattern = "43 * * * *", .time_zone = "UTC"},
                                        "Tells of delivery reports that are of no message.")},
            .settings = app::settings<MessagingSettings, check_messaging_settings>(),
            .process_services = app::process_services<make_messaging, make_account_keys>(),
            .services = app::services<make_sender_accounts, make_phone_sender>(),
            .development_routes = outbox_pages};
}

}  // namespace pos
