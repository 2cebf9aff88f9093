#pragma once
// The plans of the installation, and the commands that make them: `backend-api plans set …`, `backend-api plans list`.
//
//     definition.commands = {set_plan_command(), list_plans_command()};

#include "app/own_command.h"
#include "db/db.h"
#include "pos/modules/billing/tables.h"

namespace pos {

namespace billing {
inline constexpr auto every_plan =
    db::select<tables::plans>().order_by<&Plan::price, &Plan::code>().named("billing.every_plan", db::Kind::read);
inline constexpr auto plan_by_code = db::find<tables::plans>("billing.plan_by_code");
}  // namespace billing

[[nodiscard]] app::OwnCommand set_plan_command();
[[nodiscard]] app::OwnCommand list_plans_command();
[[nodiscard]] std::vector<db::StatementView> plan_statements();

}  // namespace pos
