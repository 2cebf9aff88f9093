#pragma once
// `backend-api users reset-second-factor`: for the only owner of a business, who has lost phone and recovery codes; nobody else may take
// theirs away. Whoever runs it has made sure of whom they talk to.
//
//     definition.commands = {reset_second_factor_command()};

#include "app/own_command.h"

namespace pos {

[[nodiscard]] app::OwnCommand reset_second_factor_command();

}  // namespace pos
