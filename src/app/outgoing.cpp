#include "app/outgoing.h"

#include <memory>

#include "app/app.h"
#include "client/authorities.h"
#include "client/client.h"

namespace app {

namespace {

void check_client(const client::Settings& client, const Settings& settings, schema::Issues& issues) {
    if (client.allow_loopback && settings.environment == Environment::production)
        issues.add("/CLIENT_ALLOW_LOOPBACK", "conflict",
                   "is for development: in production tenants would reach what listens on this machine alone");
    if (client.ca_file.empty()) return;
    if (const auto fault = client::authorities_fault(client.ca_file); !fault.empty())
        issues.add("/CLIENT_CA_FILE", "format", "the file " + fault);
}

std::unique_ptr<client::Client> make_client(const client::Settings& settings, const LoopParts& parts) {
    return std::make_unique<client::Client>(client::Client::Parts{.loop = parts.loop,
                                                                  .logger = parts.logger.child({{"module", "client"}}),
                                                                  .metrics = parts.metrics,
                                                                  .settings = settings});
}

}  // namespace

Module outgoing() {
    return {.name = "outgoing",
            .settings = settings<client::Settings, check_client>(),
            .services = services<make_client>()};
}

}  // namespace app
