#include "pos/service.h"

#include "embedded/migrations.h"
#include "pos/modules/auth/tables.h"
#include "pos/modules/catalogue/tables.h"
#include "pos/modules/sales/module.h"
#include "pos/plumbing/module.h"
#include "pos/modules/stock/movements.h"

namespace pos {

app::Definition definition() {
    app::Definition definition;
    definition.name = "backend-api";
    definition.modules = {
        {.name="t", .tables={tables::tenants.view(), tables::tenant_counters.view(), tables::users.view(), tables::memberships.view(), tables::roles.view(), tables::membership_roles.view(),
         tables::sessions.view(), tables::refresh_tokens.view(), tables::login_throttles.view(), tables::locations.view(), tables::location_counters.view(), tables::devices.view(), tables::tax_classes.view(), tables::tax_rates.view(),
         tables::categories.view(), tables::products.view(), tables::variants.view(), tables::variant_barcodes.view(), tables::stock_levels.view(), tables::stock_movements.view()}, .database_objects={{"pg_trgm","create extension if not exists pg_trgm","drop extension pg_trgm", db::SqlObject::Stage::before_tables}}, .statements = movement_statements()},
        plumbing_module(), sales_module()};
    definition.migrations = embedded::migrations();
    definition.migrations_directory = "pos/migrations";
    return definition;
}

}  // namespace pos
