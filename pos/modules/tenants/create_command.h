#pragma once
// `backend-api tenants create`: a business and its owner, made by whoever runs the service, also where sign-up is closed. It is a sign-up
// like any other (sign_up.h), sent without a socket; its session is ended at once.
//
//     definition.commands = {create_tenant_command()};

#include "app/own_command.h"

namespace pos {

[[nodiscard]] app::OwnCommand create_tenant_command();

}  // namespace pos
