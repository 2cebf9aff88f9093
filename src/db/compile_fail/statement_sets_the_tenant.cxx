// Expected: a_statement_may_not_control_its_transaction
#include "db/query.h"

constexpr db::Query<std::string(std::string)> change{
    {"sales.change_tenant", "select set_config('app.tenant', $2, true) where $1 is not null", db::Kind::write}};
