#pragma once
// The bytes of a mail that is about to be sent, or why there are none, as the outcome that this is. Internal.

#include <optional>
#include <vector>

#include "mail/rendered.h"
#include "mail/transport.h"

namespace mail {

struct Prepared {
    std::optional<RenderedMessage> rendered{};
    SendResult refusal{};
};

[[nodiscard]] async::Task<Prepared> prepare(Message message, std::vector<DkimKey> keys);

}  // namespace mail
