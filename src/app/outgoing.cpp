#include "app/outgoing.h"

#include <memory>

#include "app/app.h"
#include "base/file.h"
#include "client/client.h"

namespace app {

namespace {

constexpr std::size_t most_authorities_bytes = 4UL * 1024 * 1024;  // the system's own are a quarter of a megabyte

void check_client(const client::Settings& client, const Settings& settings, schema::Issues& issues) {
    if (client.allow_loopback && settings.environment == Environment::production)
        issues.add("/CLIENT_ALLOW_LOOPBACK", "conflict",
                   "is for development: in production tenants would reach what listens on this machine alone");
    if (client.ca_file.empty()) return;
    if (const auto pem = base::read_file(client.ca_file, most_authorities_bytes); !pem)
        issues.add("/CLIENT_CA_FILE", "format", "the file " + pem.error());
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
