#include "app/health_command.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/config.h"

namespace app {
namespace {

HealthQuestion question_of(const config::Environment& environment) {
    Settings settings;
    static_cast<void>(config::load_into(schema::object_of<Settings>, &settings, environment));
    return health_question(settings);
}

TEST(HealthCommand, AsksWhereTheSettingsSayThatTheProcessListens) {
    struct Case {
        config::Environment environment;
        HealthQuestion question;
    };
    for (const auto& [environment, question] : std::vector<Case>{
             {{}, {"http://127.0.0.1:8080/health"}},
             {{{"MANAGEMENT_PORT", "9090"}}, {"http://127.0.0.1:9090/health"}},
             {{{"MANAGEMENT_PORT", "9090"}, {"MANAGEMENT_HOST", "::"}}, {"http://127.0.0.1:9090/health"}},
             {{{"MANAGEMENT_PORT", "9090"}, {"MANAGEMENT_HOST", "0.0.0.0"}}, {"http://127.0.0.1:9090/health"}},
             {{{"MANAGEMENT_PORT", "9090"}, {"MANAGEMENT_HOST", "::1"}}, {"http://[::1]:9090/health"}},
             {{{"MANAGEMENT_PORT", "9090"}, {"MANAGEMENT_HOST", "192.0.2.2"}}, {"http://192.0.2.2:9090/health"}},
             // The management port is plain, whatever PORT speaks.
             {{{"MANAGEMENT_PORT", "9090"},
               {"HOST", "::1"},
               {"TLS_CERTIFICATE", "tls.crt"},
               {"TLS_KEY", "tls.key"},
               {"PROXY_PROTOCOL_FROM", "loopback"}},
              {"http://127.0.0.1:9090/health"}},
             {{{"MANAGEMENT_PORT", ""}, {"PORT", "3000"}}, {"http://127.0.0.1:3000/health"}},
             {{{"HOST", "::1"}, {"PORT", "3000"}, {"TLS_CERTIFICATE", "tls.crt"}, {"TLS_KEY", "tls.key"}},
              {"https://[::1]:3000/health"}},
             {{{"PROXY_PROTOCOL_FROM", "10.0.0.0/8,loopback"}}, {"http://127.0.0.1:8080/health", true}},
             {{{"PROXY_PROTOCOL_FROM", "10.0.0.0/8"}}, {"http://127.0.0.1:8080/health"}},
             {{{"PROXY_PROTOCOL_FROM", "10.0.0.0/8"}, {"HOST", "10.1.2.3"}}, {"http://10.1.2.3:8080/health", true}},
             // A fault elsewhere changes nothing.
             {{{"MANAGEMENT_PORT", "9090"}, {"MANAGEMENT_HOST", "::1"}, {"THREADS", "many"}, {"APP_SECRET", "short"}},
              {"http://[::1]:9090/health"}},
             {{{"MANAGEMENT_PORT", "0"}}, {}},
             {{{"PORT", "0"}}, {}}}) {
        EXPECT_EQ(question_of(environment).url, question.url);
        EXPECT_EQ(question_of(environment).begins_with_header, question.begins_with_header) << question.url;
    }
}

TEST(HealthCommand, SaysWhatKeptItFromAnAnswer) {
    std::ostringstream errors;
    EXPECT_EQ(run_health({{"MANAGEMENT_PORT", "0"}}, errors), 1);
    EXPECT_EQ(errors.str(), "a port of 0 is one that nobody can know: set MANAGEMENT_PORT\n");
    errors.str("");
    // Nobody listens at the first port.
    EXPECT_EQ(run_health({{"MANAGEMENT_PORT", "1"}}, errors), 1);
    EXPECT_TRUE(errors.str().starts_with("http://127.0.0.1:1/health: ")) << errors.str();
}

}  // namespace
}  // namespace app
