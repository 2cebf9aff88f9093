#pragma once
// The outbox of development, for people: /dev/sms.

#include "http/handler.h"

namespace pos {

void outbox_pages(http::Routes routes);

}  // namespace pos
