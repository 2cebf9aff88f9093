#include "pos/service.h"

#include "app/outbox_module.h"
#include "app/outgoing.h"
#include "embedded/guides.h"
#include "embedded/migrations.h"
#include "embedded/module_templates.h"
#include "pos/demo/examples.h"
#include "pos/demo/ids.h"
#include "pos/demo/seed.h"
#include "pos/modules/alerts/module.h"
#include "pos/modules/audit/module.h"
#include "pos/modules/auth/module.h"
#include "pos/modules/billing/module.h"
#include "pos/modules/billing/plans.h"
#include "pos/modules/catalogue/module.h"
#include "pos/modules/catalogue/rewrite_urls.h"
#include "pos/modules/devices/module.h"
#include "pos/modules/documents/module.h"
#include "pos/modules/files/module.h"
#include "pos/modules/images/module.h"
#include "pos/modules/invites/module.h"
#include "pos/modules/locations/module.h"
#include "pos/modules/maintenance/module.h"
#include "pos/modules/notifications/module.h"
#include "pos/modules/payments/module.h"
#include "pos/modules/payments/reseal_command.h"
#include "pos/modules/payments/resolve.h"
#include "pos/modules/payouts/module.h"
#include "pos/modules/realtime/module.h"
#include "pos/modules/reports/module.h"
#include "pos/modules/sales/module.h"
#include "pos/modules/second_factor/module.h"
#include "pos/modules/second_factor/reset_command.h"
#include "pos/modules/sms/module.h"
#include "pos/modules/sms/reseal_command.h"
#include "pos/modules/stock/module.h"
#include "pos/modules/sync/module.h"
#include "pos/modules/sync/renew_command.h"
#include "pos/modules/taxes/module.h"
#include "pos/modules/tenants/create_command.h"
#include "pos/modules/tenants/module.h"
#include "pos/modules/uploads/clean_up.h"
#include "pos/modules/uploads/module.h"
#include "pos/modules/users/module.h"
#include "pos/modules/webhooks/module.h"
#include "pos/modules/webhooks/reseal_command.h"
#include "pos/plumbing/bulk.h"
#include "pos/plumbing/module.h"
#include "pos/plumbing/second_factor_wall.h"
#include "pos/plumbing/suspension.h"
#include "pos/problem_notes.h"
#include "storage/sigv4.h"

namespace pos {

namespace {

constexpr std::string_view description = R"(The backend of an offline-first point of sale.

Money is integer minor units, quantities are decimal strings, times are RFC 3339, ids are UUIDs that a client may make. Every error is
a problem document (RFC 9457) whose `retriable` and `action` say what to do next. Writes that matter are repeated safely: send the same
bytes with the same `Idempotency-Key` (or `clientRequestId`) until there is an answer. What is no valid HTTP is answered by 400
`http.malformed`, whatever its operation. Texts are kept in Unicode's composed form (NFC),
without white space at their ends; what identifies a thing (SKU, barcode, code, e-mail address) without invisible characters, too.)";

// What a route may answer because of whose caller it is, whatever it does.
void describe_what_is_withheld(http::Operation& operation) {
    describe_suspension(operation);
    describe_second_factor_wall(operation);
}

}  // namespace

namespace {

std::map<std::string, std::string> dev_places(const std::filesystem::path& data) {
    return {{"STORAGE_URL", "file://" + storage::encoded_path((data / "files").string())},
            {"UPLOADS_DIRECTORY", (data / "uploads").string()}};
}

}  // namespace

app::Definition definition() {
    app::Definition definition;
    definition.name = "backend-api";
    definition.version = "0.1.0";
    definition.title = "backend-api: offline-first point of sale";
    definition.description = description;
    definition.licence =
        openapi::Licence{.name = "All rights reserved", .identifier = "LicenseRef-All-Rights-Reserved"};
    definition.contact = openapi::Contact{.name = "Whoever runs this service", .url = {}, .email = {}};
    definition.examples = demo::examples();
    definition.collection = {.login = "login",
                             .account = {{.name = "email", .value = std::string(demo::owner_email)},
                                         {.name = "password", .value = std::string(demo::password), .is_secret = true}},
                             .ends_login = {"deleteSession", "changePassword", "logout"}};
    // clang-format off: one a line, so that two modules that add theirs do not meet
    definition.modules = {
        tenants_module(),
        auth_module(),
        second_factor_module(),
        users_module(),
        invites_module(),
        locations_module(),
        devices_module(),
        taxes_module(),
        files_module(),
        images_module(),
        documents_module(),
        uploads_module(),
        catalogue_module(),
        stock_module(),
        sales_module(),
        payments_module(),
        payouts_module(),
        billing_module(),
        reports_module(),
        alerts_module(),
        notifications_module(),
        sms_module(),
        webhooks_module(),
        realtime_module(),
        sync_module(),
        audit_module(),
        mailbox_module(),
        app::outgoing(),
        maintenance_module(),
        plumbing_module(),
        app::outbox_module(),
    };
    // clang-format on
    definition.errors = {errors::batch_aborted};
    definition.describe = describe_what_is_withheld;
    definition.problem_notes = problem_notes();
    definition.reader = {.guides = embedded::guides(),
                         .sdk = "backend-api-client",
                         .sdk_page = "offline",
                         .sign_in = openapi::SignIn{.path = "/v1/auth/login",
                                                    .login_member = "email",
                                                    .token_member = "accessToken",
                                                    .refresh_path = "/v1/auth/refresh",
                                                    .refresh_member = "refreshToken",
                                                    .sign_out_path = "/v1/auth/logout"}};
    definition.migrations = embedded::migrations();
    definition.migrations_directory = "pos/migrations";
    definition.module_templates = {embedded::module_templates(), "pos/modules"};
    definition.seed = demo::seed;
    definition.demo_logins = demo::logins();
    definition.dev_environment = dev_places;
    // clang-format off: one a line, so that two modules that add theirs do not meet
    definition.commands = {
        create_tenant_command(),
        renew_feed_command(),
        reset_second_factor_command(),
        set_plan_command(),
        list_plans_command(),
        undecided_payments_command(),
        resolve_payment_command(),
        reseal_accounts_command(),
        reseal_message_accounts_command(),
        reseal_webhook_secrets_command(),
        rewrite_urls_command(),
        claim_files_command(),
    };
    // clang-format on
    return definition;
}

}  // namespace pos
