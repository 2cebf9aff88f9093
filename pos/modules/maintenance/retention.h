#pragma once
// How long the rows of each table stay. A table that is not listed fails retention_db_test: whoever adds one says when its rows
// go, or why they stay. docs/database.md shows the same list to people.
//
//     const CleanedUp done = co_await remove_expired([scope] { return scope.system_db(); });      // hourly, by the job maintenance.clean_up

#include <array>
#include <functional>
#include <string_view>

#include "db/db.h"

namespace pos {

enum class Retention : std::uint8_t {
    kept,     // the tenant's own records; or one row for each of those
    purged,   // by remove_expired()
    drained,  // by whoever takes the rows on
};

struct TableRetention {
    std::string_view table;
    Retention retention;
    std::string_view rule;
};

inline constexpr auto table_retention = std::to_array<TableRetention>({
    // Records, and what they refer to; deleted rows are marked.
    {"tenants", Retention::kept, "one a tenant"},
    {"tenant_counters", Retention::kept, "one a tenant"},
    {"users", Retention::kept, "one a person: sales name them"},
    {"memberships", Retention::kept, "one a person and tenant"},
    {"roles", Retention::kept, "a tenant's own list"},
    {"membership_roles", Retention::kept, "at most 50 a membership; replaced when they change"},
    {"locations", Retention::kept, "sales and stock name them"},
    {"location_counters", Retention::kept, "one a location"},
    {"devices", Retention::kept, "receipts name them"},
    {"tax_classes", Retention::kept, "sales name them"},
    {"tax_rates", Retention::kept, "what applied then"},
    {"categories", Retention::kept, "products name them"},
    {"products", Retention::kept, "sales name them"},
    {"variants", Retention::kept, "sales and stock name them"},
    {"variant_barcodes", Retention::kept, "deleted with their variant, and marked"},
    {"images", Retention::kept, "products name them; deleted ones are marked, and their files removed"},
    {"documents", Retention::kept, "deleted ones are marked, and their files removed"},
    {"file_place_marks", Retention::kept, "one a place that files are in"},
    {"stock_levels", Retention::kept, "one a location and variant"},
    {"stock_movements", Retention::kept, "the ledger: append-only"},
    {"sales", Retention::kept, "append-only"},
    {"sale_lines", Retention::kept, "append-only"},
    {"sale_taxes", Retention::kept, "append-only"},
    {"payments", Retention::kept, "append-only"},
    {"payment_accounts", Retention::kept, "payments name them; deleted ones are marked"},
    {"payment_intents", Retention::kept, "what was asked, and what became of it"},
    {"payment_intent_keys", Retention::kept, "requests that were given a payment of another"},
    {"payment_refunds", Retention::kept, "what went back"},
    {"payment_disputes", Retention::kept, "what banks have decided of a payment"},
    {"payment_refund_tasks", Retention::kept, "one a payment that is owed back"},
    {"c2b_payments", Retention::kept, "money that came in"},
    {"payouts", Retention::kept, "money that went out"},
    {"payout_balances", Retention::kept, "one an account that was asked"},
    {"plans", Retention::kept, "what may be subscribed to"},
    {"subscriptions", Retention::kept, "one a tenant at a time"},
    {"subscription_invoices", Retention::kept, "one a period"},
    {"subscription_credits", Retention::kept, "append-only"},
    {"daily_sales", Retention::kept, "one a location and business day"},
    {"change_pointers", Retention::kept, "one for each synchronised row, deleted ones too: its newest change"},
    {"device_heartbeats", Retention::kept, "one a device: its newest"},
    {"invites", Retention::kept, "who invited whom"},
    {"notification_preferences", Retention::kept, "one a member who chose"},
    {"second_factors", Retention::kept, "one a person who has set one up, or began to"},
    {"recovery_codes", Retention::kept, "ten a person, until they are replaced"},
    {"second_factor_rules", Retention::kept, "a tenant's own list"},
    {"mail_suppressions", Retention::kept, "an address that wants no mail wants none later"},
    {"phone_wishes", Retention::kept, "a number that wants no messages wants none later"},
    {"message_accounts", Retention::kept, "one a tenant and channel"},
    {"message_limits", Retention::kept, "one a tenant that set one"},
    {"webhook_endpoints", Retention::kept, "at most 20 a tenant at a time; deleted ones are marked"},
    {"webhook_queues", Retention::kept, "one an endpoint"},
    {"audit_events", Retention::kept, "append-only"},
    {"schema_migrations", Retention::kept, "one a migration"},
    // What serves for a time.
    {"sessions", Retention::purged, "30 days after their end"},
    {"refresh_tokens", Retention::purged,
     "two a session: the newest, and the one that was used for it, 25 hours after its use"},
    {"account_tokens", Retention::purged, "30 days after they expire"},
    {"code_attempts", Retention::purged, "two days: they are counted over one"},
    {"phone_verifications", Retention::purged, "a day after their code's time"},
    {"notifications", Retention::purged, "90 days"},
    {"failed_jobs", Retention::purged, "30 days: members are told of the last seven"},
    {"used_webhooks", Retention::purged, "two days: a provider repeats itself for eight hours"},
    {"message_spending", Retention::purged, "90 days, as the messages that it counts"},
    {"message_counts", Retention::purged, "two days: a day's count"},
    {"whatsapp_windows", Retention::purged, "two days: it is of use for one"},
    {"parked_reports", Retention::purged, "30 days: nobody has explained them"},
    {"provider_events", Retention::purged, "90 days: what providers sent names payers"},
    {"payout_results", Retention::purged, "90 days: what providers sent names recipients; the newest 50 of a payout"},
    {"report_runs", Retention::purged, "a year after they were asked for; their files a week after they were written"},
    {"webhook_secrets", Retention::purged, "30 days after they expire; the present one of an endpoint stays"},
    {"webhook_attempts", Retention::purged, "30 days"},
    {"webhook_deliveries", Retention::purged, "30 days after they arrived or were given up"},
    {"webhook_events", Retention::purged, "30 days, or as long as one of their deliveries is there"},
    {"login_throttles", Retention::purged, "a day after the last failure, when they are dry; at most 500,000"},
    {"idempotency_keys", Retention::purged, "30 days after the request"},
    {"handled_jobs", Retention::purged, "30 days after the job"},
    {"uploads", Retention::drained, "30 days after their end, by the job files.clean_up; open ones by UPLOADS_HOURS"},
    {"upload_pieces", Retention::drained, "with the end of their upload"},
    {"storage_uploads", Retention::drained,
     "when the storage says that they have ended; tried for by the job files.sweep"},
    {"file_sweeps", Retention::kept, "three rows: where the job files.sweep goes on"},
    {"outbox_jobs", Retention::drained,
     "moved to Redis by the relay; one that is refused stays until somebody has looked"},
});

// How many rows were removed.
struct CleanedUp {
    std::int64_t idempotency_keys = 0;
    std::int64_t refresh_tokens = 0;
    std::int64_t sessions = 0;
    std::int64_t login_throttles = 0;
    std::int64_t handled_jobs = 0;
    std::int64_t account_tokens = 0;
    std::int64_t code_attempts = 0;
    std::int64_t phone_verifications = 0;
    std::int64_t notifications = 0;
    std::int64_t failed_jobs = 0;
    std::int64_t used_webhooks = 0;
    std::int64_t provider_events = 0;
    std::int64_t payout_results = 0;
    std::int64_t message_spending = 0;
    std::int64_t message_counts = 0;
    std::int64_t whatsapp_windows = 0;
    std::int64_t parked_reports = 0;
    std::int64_t report_runs = 0;
    std::int64_t webhook_secrets = 0;
    std::int64_t webhook_attempts = 0;
    std::int64_t webhook_deliveries = 0;
    std::int64_t webhook_events = 0;

    friend constexpr auto describe(CleanedUp*) {
        return schema::object<CleanedUp>("CleanedUp", schema::field<&CleanedUp::idempotency_keys>("idempotencyKeys"),
                                         schema::field<&CleanedUp::refresh_tokens>("refreshTokens"),
                                         schema::field<&CleanedUp::sessions>("sessions"),
                                         schema::field<&CleanedUp::login_throttles>("loginThrottles"),
                                         schema::field<&CleanedUp::handled_jobs>("handledJobs"),
                                         schema::field<&CleanedUp::account_tokens>("accountTokens"),
                                         schema::field<&CleanedUp::code_attempts>("codeAttempts"),
                                         schema::field<&CleanedUp::phone_verifications>("phoneVerifications"),
                                         schema::field<&CleanedUp::notifications>("notifications"),
                                         schema::field<&CleanedUp::failed_jobs>("failedJobs"),
                                         schema::field<&CleanedUp::used_webhooks>("usedWebhooks"),
                                         schema::field<&CleanedUp::provider_events>("providerEvents"),
                                         schema::field<&CleanedUp::payout_results>("payoutResults"),
                                         schema::field<&CleanedUp::message_spending>("messageSpending"),
                                         schema::field<&CleanedUp::message_counts>("messageCounts"),
                                         schema::field<&CleanedUp::whatsapp_windows>("whatsappWindows"),
                                         schema::field<&CleanedUp::parked_reports>("parkedReports"),
                                         schema::field<&CleanedUp::report_runs>("reportRuns"),
                                         schema::field<&CleanedUp::webhook_secrets>("webhookSecrets"),
                                         schema::field<&CleanedUp::webhook_attempts>("webhookAttempts"),
                                         schema::field<&CleanedUp::webhook_deliveries>("webhookDeliveries"),
                                         schema::field<&CleanedUp::webhook_events>("webhookEvents"));
    }
};

// Portion by portion, so that no transaction is long: each statement removes 5,000 rows at most. Every table has its turn; the
// first failure is thrown at the end.
// `db` is called for each, and gives it its deadline.
using SystemDbMaker = std::function<db::SystemDb()>;
[[nodiscard]] async::Task<CleanedUp> remove_expired(SystemDbMaker db);
[[nodiscard]] std::vector<db::StatementView> retention_statements();

}  // namespace pos
