#include "pos/modules/tenants/module.h"

#include "pos/modules/auth/errors.h"
#include "pos/modules/tenants/sign_up.h"
#include "pos/modules/users/tables.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace errors {
inline constexpr auto currency_fixed =
    base::conflict("tenant.currency_fixed", "The currency is fixed once there are sales");
}  // namespace errors

namespace {

constexpr db::Query<bool()> has_sales{
    {"tenants.has_sales", "select exists (select from sales where tenant_id = $1)", db::Kind::point}};

// A logo that is ready is one to show.
constexpr db::Query<void(std::optional<ImageId>)> logo_lives{
    {"tenants.logo_lives",
     "select violate('tenants_logo') where $2::uuid is not null and not exists ("
     "  select from images where tenant_id = $1 and id = $2 and status = 'ready' and deleted_at is null for key share)",
     db::Kind::write}};

async::Task<Tenant> show(auth::PermittedSomewhere<"tenant.read"> caller, db::Db db) {
    co_return live(co_await db.one(tenant_rows.by_id, TenantId(caller.tenant_id)));
}

async::Task<void> change_settings(Tenant* row, schema::Patch<TenantSettings> patch, db::Db transaction) {
    const auto currency = row->settings.currency;
    apply(patch, row->settings);
    if (row->settings.currency != currency && co_await transaction.only(has_sales))
        throw base::Failure(errors::currency_fixed);
}

// The patch is not applied yet.
void show_logo(Tenant& row, const schema::Patch<TenantSettings>& patch, Writes& writes, const Runtime& runtime) {
    auto settings = row.settings;
    patch.apply_to(settings);
    writes.batch.add(logo_lives, settings.logo_image_id);
    row.logo_url = runtime.image_url(writes.tx.tenant(), settings.logo_image_id);
}

async::Task<Tenant> change(Edit<"tenant.settings"> write, http::Body<schema::Patch<TenantSettings>> patch) {
    co_return co_await write.edit(tenant_rows, TenantId(write.tenant_id), [&](Tenant& row, Writes& writes) {
        writes.batch.add(caller_is_current, SessionId(write.session_id), write.member_version);
        if (patch->has<&TenantSettings::logo_image_id>()) show_logo(row, *patch, writes, write.runtime());
        return change_settings(&row, *patch, writes.tx);
    });
}

void routes(http::Routes routes) {
    routes.post("/tenants", sign_up,
                {.id = "signUp",
                 .summary = "Open a shop",
                 .description = "Makes the tenant, its owner, first location, roles and taxes, and signs the owner in. "
                                "A repeated request gets the first reply again, tokens and all. Open to strangers "
                                "unless `SIGN_UP` says otherwise; in production it is closed.",
                 .errors = {errors::email_taken, errors::phone_taken, errors::weak_password, errors::throttled,
                            errors::user_disabled, errors::sign_up_done, errors::invalid_credentials,
                            errors::second_factor_required, errors::sign_up_closed, auth::errors::busy,
                            auth::errors::csrf_failed},
                 .headers = {"Set-Cookie"},
                 .options = {.rate_class = "sign_up"}});
    routes.get("/tenant", show, {.id = "getTenant", .summary = "The tenant's settings"});
    routes.patch("/tenant", change,
                 {.id = "changeTenant",
                  .summary = "Change the tenant's settings",
                  .errors = {errors::currency_fixed, errors::caller_changed}});
}

}  // namespace

app::Module tenants_module() {
    auto statements = sign_up_statements();
    for (const auto& statement : db::statements(tenant_rows, has_sales, logo_lives)) statements.push_back(statement);
    return {.name = "tenants",
            .doc = "Sign-up, and the settings of the business.",
            .tables = {tables::tenants.view(), tables::tenant_counters.view()},
            .statements = std::move(statements),
            .routes = routes,
            .settings = app::settings<SignUpSettings>()};
}

}  // namespace pos
