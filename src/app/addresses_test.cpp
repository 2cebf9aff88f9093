#include "app/addresses.h"

#include <gtest/gtest.h>

namespace app {
namespace {

TEST(Addresses, AreWhatIsTypedOnThisMachine) {
    struct Case {
        Place place;
        bool speaks_tls;
        std::string url;
    };
    for (const auto& [place, speaks_tls, url] :
         std::vector<Case>{{{"", 80}, false, "http://localhost:80"},
                           {{"::", 3000}, true, "https://localhost:3000"},
                           {{"0.0.0.0", 3000}, false, "http://localhost:3000"},
                           {{"127.0.0.1", 3000}, false, "http://localhost:3000"},
                           {{"127.0.0.2", 1}, false, "http://127.0.0.2:1"},
                           {{"::1", 22081}, false, "http://[::1]:22081"},
                           {{"192.0.2.2", 8443}, true, "https://192.0.2.2:8443"}})
        EXPECT_EQ(url_of(place, speaks_tls), url);
}

TEST(Addresses, AreToldOfWhatIsThere) {
    Settings settings;
    settings.environment = Environment::development;
    EXPECT_EQ(addresses_notice({.settings = settings, .service = {"::", 3000}}),
              "X_API_URL=http://localhost:3000\n"
              "X_DOCS_URL=http://localhost:3000\n"
              "X_METRICS_URL=http://localhost:3000\n");
    settings.tls_certificate = "tls.crt";
    settings.management_port = 0;
    EXPECT_EQ(addresses_notice({.settings = settings, .service = {"::", 3000}, .management = Place{"::1", 9090}}),
              "X_API_URL=https://localhost:3000\n"
              "X_DOCS_URL=https://localhost:3000\n"
              "X_METRICS_URL=http://[::1]:9090\n");
    settings.docs = DocsPlace::management;
    EXPECT_EQ(addresses_notice({.settings = settings, .service = {"::", 3000}, .management = Place{"::1", 9090}}),
              "X_API_URL=https://localhost:3000\n"
              "X_DOCS_URL=http://[::1]:9090\n"
              "X_METRICS_URL=http://[::1]:9090\n");
}

TEST(Addresses, NoneIsToldWhereNothingAnswers) {
    Settings settings;
    for (const auto docs : {DocsPlace::management, DocsPlace::off}) {
        settings.docs = docs;
        EXPECT_EQ(addresses_notice({.settings = settings, .service = {"::1", 8080}}), "X_API_URL=http://[::1]:8080\n");
    }
}

}  // namespace
}  // namespace app
