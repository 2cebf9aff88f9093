#pragma once
// The transport of an account. One a loop; cheap, so that somebody's own account is opened when it is needed.
//
//     sms::Outbox outbox(clock);  sms::Paces paces;                                             // of the process
//     auto transport = sms::open_transport(account, {.loop = loop, .http = http, .outbox = outbox, .paces = paces,
//                                                    .endpoints = settings.endpoints()});

#include <memory>

#include "async/loop.h"
#include "client/client.h"
#include "sms/account.h"
#include "sms/outbox.h"
#include "sms/pace.h"
#include "sms/sms.h"

namespace sms {

struct TransportParts {
    async::Loop& loop;
    client::Client& http;
    Outbox& outbox;
    Paces& paces;
    Endpoints endpoints{};
};

[[nodiscard]] std::unique_ptr<Transport> open_transport(const Account& account, const TransportParts& parts);

}  // namespace sms
