#pragma once
// `backend-api webhooks reseal`: seals the secrets of endpoints anew with the first of CREDENTIALS_KEYS, and says which no key
// opens.
//
//     definition.commands = {…, reseal_webhook_secrets_command()};

#include "app/own_command.h"
#include "db/query.h"

namespace pos {

[[nodiscard]] app::OwnCommand reseal_webhook_secrets_command();
[[nodiscard]] std::vector<db::StatementView> reseal_webhook_secrets_statements();

}  // namespace pos
