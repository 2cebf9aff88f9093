// Expected: a_statement_may_not_control_its_transaction
#include "db/query.h"

constexpr db::Query<void()> undo{{"sales.undo", "rollback to savepoint s1", db::Kind::write}};
