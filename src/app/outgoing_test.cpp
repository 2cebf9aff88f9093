#include "app/outgoing.h"

#include <gtest/gtest.h>

#include "app/settings.h"
#include "client/settings.h"

namespace app {

namespace {

std::vector<std::string> faults(const client::Settings& own, Environment environment) {
    Settings settings;
    settings.environment = environment;
    schema::Issues issues;
    outgoing().settings.check(&own, settings, issues);
    std::vector<std::string> pointers;
    for (const auto& issue : issues.list()) pointers.push_back(issue.pointer);
    return pointers;
}

TEST(Outgoing, LetsTenantsReachThisMachineInDevelopmentAlone) {
    const client::Settings own{.allow_loopback = true};
    EXPECT_EQ(faults(own, Environment::production), std::vector<std::string>{"/CLIENT_ALLOW_LOOPBACK"});
    EXPECT_TRUE(faults(own, Environment::development).empty());
    EXPECT_TRUE(faults({}, Environment::production).empty());
}

TEST(Outgoing, NeedsAFileOfAuthoritiesThatHasOne) {
    // The last one has none.
    for (const auto* path : {"/nowhere/ca.pem", "/etc", "/dev/zero", "/etc/passwd"}) {
        EXPECT_EQ(faults({.ca_file = path}, Environment::test), std::vector<std::string>{"/CLIENT_CA_FILE"}) << path;
    }
}

}  // namespace

}  // namespace app
