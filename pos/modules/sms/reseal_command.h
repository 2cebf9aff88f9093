#pragma once
// `backend-api messaging reseal`: seals the tenants' accounts anew with the first of CREDENTIALS_KEYS, and says which no key opens. What is
// stored of payments is sealed with the same keys, and has a command of its own (payments/reseal_command.h).
//
//     definition.commands = {…, reseal_message_accounts_command()};

#include "app/own_command.h"
#include "db/query.h"

namespace pos {

[[nodiscard]] app::OwnCommand reseal_message_accounts_command();
[[nodiscard]] std::vector<db::StatementView> reseal_message_accounts_statements();

}  // namespace pos
