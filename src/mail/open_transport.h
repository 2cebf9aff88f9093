#pragma once
// The transport that the settings name, with the one behind it. One a loop.
//
//     auto transport = mail::open_transport(settings, {.loop = loop, .http = http, .mailbox = mailbox, .ca_file = client.ca_file});

#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "client/client.h"
#include "mail/dkim.h"
#include "mail/mailbox.h"
#include "mail/settings.h"
#include "mail/transport.h"

namespace mail {

struct TransportParts {
    async::Loop& loop;
    client::Client& http;
    Mailbox& mailbox;
    std::string ca_file{};        // CLIENT_CA_FILE
    std::vector<DkimKey> dkim{};  // SendGrid signs by itself
};

// Throws std::invalid_argument for a URL that check() would not have let through, std::runtime_error for a ca_file that cannot be read.
[[nodiscard]] std::unique_ptr<Transport> open_transport(const Settings& settings, const TransportParts& parts);

}  // namespace mail
