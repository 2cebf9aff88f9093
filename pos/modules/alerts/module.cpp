#include "pos/modules/alerts/module.h"

#include <algorithm>

#include "base/time_zone.h"
#include "pos/modules/alerts/tables.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/notifications/send_job.h"
#include "pos/modules/sales/events.h"
#include "pos/modules/tenants/tables.h"
#include "pos/permissions.h"
#include "pos/plumbing/money_text.h"

namespace pos {

namespace {

using db::Kind;

struct SendAlerts {
    friend constexpr auto describe(SendAlerts*) { return schema::object<SendAlerts>("SendAlerts"); }
};
constexpr jobs::JobType<SendAlerts> send_alerts{"maintenance", "alerts.send", app::scheduled_job_defaults};

struct CheckAlerts {
    friend constexpr auto describe(CheckAlerts*) { return schema::object<CheckAlerts>("CheckAlerts"); }
};
struct AlertsChecked {
    std::int64_t missing = 0;

    friend constexpr auto describe(AlertsChecked*) {
        return schema::object<AlertsChecked>("AlertsChecked", schema::field<&AlertsChecked::missing>("missing"));
    }
};
constexpr jobs::JobType<CheckAlerts> check_alerts{"maintenance", "alerts.check", app::scheduled_job_defaults};

constexpr std::chrono::hours from_hour{7};
// By then the run that began at seven is over, and the next one has begun.
constexpr std::chrono::hours written_by_hour{9};
constexpr std::int64_t members_at_once = 500;
constexpr std::int64_t most_items = 50;
// Who was told of nothing for so long hears of no failure before.
constexpr std::chrono::days oldest_failure{7};

// The jobs that people of a shop hear of when they have failed for good. Every other one is the operator's alone.
struct WatchedJob {
    std::string_view name;
    FailedWork work;
};
constexpr WatchedJob watched_jobs[] = {{send_notification.name, FailedWork::message},
                                       {send_phone_message.name, FailedWork::message},
                                       {sale_created.name, FailedWork::sales_report}};

// ---- Statements --------------------------------------------------------------------------------------------------

struct Subscriber {
    base::Uuid tenant_id;
    UserId user_id;
    bool daily_summary = false;
    bool low_stock = false;
    bool failed_jobs = false;
    std::string email;
    Locale locale = Locale::english;
    std::string shop;
    std::string currency;
    std::string time_zone;

    friend constexpr auto describe(Subscriber*) {
        using schema::field;
        return schema::object<Subscriber>(
            "Subscriber", field<&Subscriber::tenant_id>("tenantId"), field<&Subscriber::user_id>("userId"),
            field<&Subscriber::daily_summary>("dailySummary"), field<&Subscriber::low_stock>("lowStock"),
            field<&Subscriber::failed_jobs>("failedJobs"), field<&Subscriber::email>("email"),
            field<&Subscriber::locale>("locale"), field<&Subscriber::shop>("shop"),
            field<&Subscriber::currency>("currency"), field<&Subscriber::time_zone>("timeZone"));
    }
};

// Behind the last one of the portion before.
constexpr db::SystemQuery<Subscriber(base::Uuid, UserId, std::int64_t)> subscribers{
    {"alerts.subscribers",
     "select p.tenant_id, p.user_id, p.daily_summary, p.low_stock, p.failed_jobs, u.email, u.locale, t.name as shop, "
     "t.currency, "
     "t.time_zone from notification_preferences p join users u on u.id = p.user_id and u.disabled_at is null "
     "join tenants t on t.id = p.tenant_id and t.status <> 'closed' "
     "join memberships m on m.tenant_id = p.tenant_id and m.user_id = p.user_id and m.status = 'active' "
     "and m.deleted_at is null "
     "where (p.daily_summary or p.low_stock or p.failed_jobs) and (p.tenant_id, p.user_id) > ($1, $2) "
     "order by p.tenant_id, p.user_id limit $3",
     Kind::read}};

// Those of the messages, by their keys, that nobody wrote: their places among the arguments, from 1.
constexpr db::SystemQuery<std::int64_t(std::vector<base::Uuid>, std::vector<std::string>)> unwritten{
    {"alerts.unwritten",
     "select due.place from unnest($1::uuid[], $2::text[]) with ordinality as due (tenant_id, key, place) "
     "where not exists (select from notifications n where n.tenant_id = due.tenant_id and n.idempotency_key = due.key)",
     Kind::read}};

struct HeldRole {
    std::optional<std::string> built_in;
    std::vector<std::string> permissions;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(HeldRole*) {
        return schema::object<HeldRole>("HeldRole", schema::field<&HeldRole::built_in>("builtIn"),
                                        schema::field<&HeldRole::permissions>("permissions"),
                                        schema::field<&HeldRole::location_id>("locationId"));
    }
};
constexpr db::Query<HeldRole(UserId)> roles_of{
    {"alerts.roles_of",
     "select r.built_in, r.permissions, mr.location_id from memberships m "
     "join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id "
     "join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id and r.deleted_at is null "
     "where m.tenant_id = $1 and m.user_id = $2",
     Kind::point}};

struct DayRow {
    std::string location;
    std::int64_t sales = 0;
    base::Money total;

    friend constexpr auto describe(DayRow*) {
        return schema::object<DayRow>("DayRow", schema::field<&DayRow::location>("location"),
                                      schema::field<&DayRow::sales>("sales"), schema::field<&DayRow::total>("total"));
    }
};
// No locations: of all of them.
constexpr db::Query<DayRow(base::Date, std::optional<std::vector<LocationId>>)> day_rows{
    {"alerts.day_rows",
     "select l.name as location, d.sales, d.total from daily_sales d "
     "join locations l on l.tenant_id = d.tenant_id and l.id = d.location_id "
     "where d.tenant_id = $1 and d.business_day = $2 and ($3::uuid[] is null or d.location_id = any($3)) "
     "order by l.name, l.id limit 200",
     Kind::read}};

struct LowRow {
    std::string name;
    std::string location;
    base::Quantity on_hand;
    std::int64_t all = 0;

    friend constexpr auto describe(LowRow*) {
        return schema::object<LowRow>(
            "LowRow", schema::field<&LowRow::name>("name"), schema::field<&LowRow::location>("location"),
            schema::field<&LowRow::on_hand>("onHand"), schema::field<&LowRow::all>("allRows"));
    }
};
constexpr db::Query<LowRow(std::optional<std::vector<LocationId>>, std::int64_t)> low_rows{
    {"alerts.low_rows",
     "select v.name, l.name as location, s.on_hand, count(*) over () as all_rows from stock_levels s "
     "join variants v on v.tenant_id = s.tenant_id and v.id = s.variant_id and v.deleted_at is null "
     "join locations l on l.tenant_id = s.tenant_id and l.id = s.location_id and l.deleted_at is null "
     "where s.tenant_id = $1 and v.reorder_level is not null and s.on_hand <= v.reorder_level "
     "and ($2::uuid[] is null or s.location_id = any($2)) order by l.name, v.name, v.id limit $3",
     Kind::read}};

// Once for each job: it may be told of twice.
constexpr db::Query<void(FailedJob)> add_failed_job{
    {"alerts.add_failed_job",
     "insert into failed_jobs (tenant_id, id, work, failed_at) values ($1, $2, $3, $4) on conflict do nothing",
     Kind::write}};
constexpr db::Query<FailedWorkLine(base::Timestamp, base::Timestamp)> failed_work{
    {"alerts.failed_work",
     "select work, count(*) as jobs from failed_jobs where tenant_id = $1 and failed_at > $2 and failed_at <= $3 "
     "group by work order by work",
     Kind::read}};
// They differ in their days alone.
constexpr db::Query<std::string(std::vector<std::string>)> newest_key{
    {"alerts.newest_key",
     "select idempotency_key from notifications where tenant_id = $1 and idempotency_key = any($2) "
     "order by idempotency_key desc limit 1",
     Kind::point}};

// ---- Who may hear what -------------------------------------------------------------------------------------------

// Where the member has the permission; nullopt: everywhere; none: nowhere.
std::optional<std::vector<LocationId>> places_with(const std::vector<HeldRole>& roles, std::string_view permission) {
    std::vector<LocationId> places;
    for (const auto& role : roles) {
        const auto held = permissions_of(role.built_in.value_or(""), role.permissions);
        if (std::ranges::find(held, permission) == held.end()) continue;
        if (!role.location_id) return std::nullopt;
        places.push_back(*role.location_id);
    }
    return places;
}

bool is_nowhere(const std::optional<std::vector<LocationId>>& places) { return places && places->empty(); }

To to_of(const Subscriber& member, std::string_view what, base::Date day) {
    return {.key = fmt::format("{}:{}:{}", what, member.user_id.to_string(), base::format_date(day)),
            .recipient = member.email,
            .locale = member.locale,
            .user = member.user_id};
}

// ---- What they hear ----------------------------------------------------------------------------------------------

async::Task<void> add_summary(db::Db db, db::Batch* batch, const Subscriber* member, const Notifier* notifier,
                              std::optional<std::vector<LocationId>> places, base::Date day) {
    DailySummaryMail mail{
        .shop = member->shop, .day = base::format_date(day), .locations = {}, .sales = 0, .total = {}};
    base::Money total;
    for (const auto& row : co_await db.all(day_rows, day, places)) {
        mail.locations.push_back({row.location, row.sales, money_text(row.total, member->currency)});
        mail.sales += row.sales;
        total = total + row.total;
    }
    mail.total = money_text(total, member->currency);
    notifier->add(*batch, mail, to_of(*member, "daily_summary", day));
}

async::Task<void> add_low_stock(db::Db db, db::Batch* batch, const Subscriber* member, const Notifier* notifier,
                                std::optional<std::vector<LocationId>> places, base::Date today) {
    const auto rows = co_await db.all(low_rows, places, most_items);
    if (rows.empty()) co_return;
    LowStockMail mail{.shop = member->shop, .items = {}, .further_items = rows.front().all - std::ssize(rows)};
    for (const auto& row : rows) mail.items.push_back({row.name, row.location, row.on_hand.to_string()});
    notifier->add(*batch, mail, to_of(*member, "low_stock", today));
}

base::Date days_before(base::Date day, std::chrono::days days) { return base::Date(std::chrono::sys_days(day) - days); }

base::Timestamp seven_of(const Subscriber& member, base::Date day) {
    const auto zone = base::TimeZone::load(member.time_zone).value_or(base::TimeZone::utc());
    return zone.instants_of(std::chrono::local_days(day) + from_hour).first;
}

// What has failed between the member's last such message and seven o'clock: each failure is told of once, also after a day on
// which nothing ran.
async::Task<void> add_failed_jobs(db::Db db, db::Batch* batch, const Subscriber* member, const Notifier* notifier,
                                  base::Date today) {
    std::vector<std::string> keys;
    for (std::chrono::days back{1}; back <= oldest_failure; ++back)
        keys.push_back(to_of(*member, "failed_jobs", days_before(today, back)).key);
    auto last = days_before(today, oldest_failure);
    if (const auto key = co_await db.one(newest_key, keys))
        last = base::parse_date(std::string_view(*key).substr(key->rfind(':') + 1)).value_or(last);
    auto lines = co_await db.all(failed_work, seven_of(*member, last), seven_of(*member, today));
    if (lines.empty()) co_return;
    notifier->add(*batch, FailedJobsMail{.shop = member->shop, .lines = std::move(lines)},
                  to_of(*member, "failed_jobs", today));
}

// In the member's tenant.
struct LocalTime {
    std::chrono::hours hour{};
    base::Date today;
    base::Date yesterday;
};
LocalTime local_time(const Subscriber& member, base::Timestamp now) {
    const auto zone = base::TimeZone::load(member.time_zone).value_or(base::TimeZone::utc());
    const auto local = zone.local_time(now);
    const auto today = zone.local_date(now);
    return {std::chrono::floor<std::chrono::hours>(local - std::chrono::floor<std::chrono::days>(local)), today,
            days_before(today, std::chrono::days(1))};
}

// One member, one transaction.
async::Task<void> write_for(db::Db db, const Subscriber* member, const Notifier* notifier, base::Timestamp now) {
    const auto [hour, today, yesterday] = local_time(*member, now);
    if (hour < from_hour) co_return;
    const auto roles = co_await db.all(roles_of, member->user_id);
    auto batch = db.batch();
    const auto reports = places_with(roles, "reports.read");
    if (member->daily_summary && !is_nowhere(reports))
        co_await add_summary(db, &batch, member, notifier, reports, yesterday);
    const auto stock = places_with(roles, "stock.read");
    if (member->low_stock && !is_nowhere(stock)) co_await add_low_stock(db, &batch, member, notifier, stock, today);
    if (member->failed_jobs && !is_nowhere(places_with(roles, "notifications.read")))
        co_await add_failed_jobs(db, &batch, member, notifier, today);
    if (batch.size() > 0) co_await batch.commit();
}

async::Task<void> send_all(jobs::Job<SendAlerts>& /*job*/, app::JobScope scope) {
    return write_alerts(scope, scope.use<Runtime>().now());
}

async::Task<AlertsChecked> check_all(jobs::Job<CheckAlerts>& job, app::JobScope scope) {
    const auto missing = co_await missing_summaries(scope, scope.use<Runtime>().now());
    if (missing > 0) job.logger().error("daily summaries are missing", {{"members", missing}});
    co_return AlertsChecked{missing};
}

async::Task<void> note_failure(const jobs::JobRecord* job, app::TenantScope scope) {
    const auto* const watched = std::ranges::find(watched_jobs, job->name, &WatchedJob::name);
    // Jobs of the outbox have its rows' ids; those of accounts are in the nil tenant.
    const auto id = base::Uuid::from_string(job->id);
    if (watched == std::ranges::end(watched_jobs) || !id || scope.tenant() == base::Uuid::nil()) co_return;
    co_await scope.db().run(add_failed_job, FailedJob{*id, watched->work, scope.use<Runtime>().now()});
}

void handle_jobs(app::JobHandlers handlers) {
    handlers.on_failed(note_failure);
    handlers.on_system(send_alerts, send_all);
    handlers.on_system(check_alerts, check_all);
}

// Whose summary is due and not there, of one portion.
async::Task<std::vector<Subscriber>> without_summary(db::SystemDb db, const std::vector<Subscriber>* members,
                                                     base::Timestamp now) {
    std::vector<Subscriber> due;
    std::vector<base::Uuid> tenants;
    std::vector<std::string> keys;
    for (const auto& member : *members) {
        const auto local = local_time(member, now);
        if (!member.daily_summary || local.hour < written_by_hour) continue;
        due.push_back(member);
        tenants.push_back(member.tenant_id);
        keys.push_back(to_of(member, "daily_summary", local.yesterday).key);
    }
    std::vector<Subscriber> missing;
    if (due.empty()) co_return missing;
    for (const auto place : co_await db.all(unwritten, tenants, keys))
        missing.push_back(due.at(static_cast<std::size_t>(place - 1)));
    co_return missing;
}

}  // namespace

async::Task<void> write_alerts(app::JobScope scope, base::Timestamp now) {
    const auto& notifier = scope.use<Notifier>();
    if (!notifier.is_on()) co_return;
    Subscriber last;
    std::exception_ptr failure;
    for (;;) {
        const auto portion = co_await scope.system_db().all(subscribers, last.tenant_id, last.user_id, members_at_once);
        for (const auto& member : portion) {
            try {
                co_await write_for(scope.system_db().as_tenant(member.tenant_id), &member, &notifier, now);
            } catch (...) {
                failure = std::current_exception();
            }
        }
        if (std::ssize(portion) < members_at_once) break;
        last = portion.back();
    }
    // The others have theirs; those that failed are tried again.
    if (failure) std::rethrow_exception(failure);
}

async::Task<std::int64_t> missing_summaries(app::JobScope scope, base::Timestamp now) {
    std::int64_t missing = 0;
    if (!scope.use<Notifier>().is_on()) co_return missing;
    Subscriber last;
    for (;;) {
        const auto portion = co_await scope.system_db().all(subscribers, last.tenant_id, last.user_id, members_at_once);
        for (const auto& member : co_await without_summary(scope.system_db(), &portion, now)) {
            const auto roles = co_await scope.system_db().as_tenant(member.tenant_id).all(roles_of, member.user_id);
            if (!is_nowhere(places_with(roles, "reports.read"))) ++missing;
        }
        if (std::ssize(portion) < members_at_once) break;
        last = portion.back();
    }
    co_return missing;
}

app::Module alerts_module() {
    return {.name = "alerts",
            .doc = "What members hear of without asking.",
            .tables = {tables::failed_jobs.view()},
            .statements = db::statements(subscribers, unwritten, roles_of, day_rows, low_rows, add_failed_job,
                                         failed_work, newest_key),
            .jobs = handle_jobs,
            .schedules = {app::schedule(send_alerts, SendAlerts{}, {.pattern = "7 * * * *", .time_zone = "UTC"},
                                        "Writes daily summaries and alerts, once a day and member."),
                          app::schedule(check_alerts, CheckAlerts{}, {.pattern = "47 * * * *", .time_zone = "UTC"},
                                        "Tells of daily summaries that were not written.")}};
}

}  // namespace pos
