#pragma once
// The UUID that a repeated request finds its first effect by: the key itself when it is one, else one made of it.
//
//     const auto id = request_id("payment", key_of(header, input->client_request_id));

#include <string_view>

#include "base/uuid.h"

namespace pos {

[[nodiscard]] base::Uuid request_id(std::string_view what, std::string_view key);

}  // namespace pos
