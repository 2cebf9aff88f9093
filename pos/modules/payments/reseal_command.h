#pragma once
// `backend-api payments reseal`: seals what is stored of every account anew with the first of CREDENTIALS_KEYS, and says what no key opens.
// After it, and `messaging reseal`, the other keys may go.
//
//     definition.commands = {…, reseal_accounts_command()};

#include "app/own_command.h"
#include "db/query.h"

namespace pos {

[[nodiscard]] app::OwnCommand reseal_accounts_command();
[[nodiscard]] std::vector<db::StatementView> reseal_statements();

}  // namespace pos
