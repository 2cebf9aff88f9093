#include "testing/app/test_app.h"

#include <sstream>
#include <stdexcept>

#include "config/config.h"
#include "db/migrate/apply.h"

namespace testing {

namespace {

app::Settings settings_for(ScratchDatabase& database, const std::string& app_role, const std::string& system_role) {
    app::Settings settings;
    settings.environment = app::Environment::test;
    settings.database_url = database.url_as(app_role);
    settings.database_system_url = database.url_as(system_role);
    settings.secret = "a secret of the tests alone, 32 bytes or more";
    settings.log_level = "debug";
    return settings;
}

void read_modules_settings(const app::Definition& definition, app::Configuration& configuration,
                           const config::Environment& environment) {
    for (std::size_t i = 0; i < definition.modules.size(); ++i) {
        const auto* type = definition.modules[i].settings.type;
        if (type == nullptr) continue;
        const auto faults = config::load_into(*type, configuration.modules[i].get(), environment);
        if (!faults.empty()) throw std::runtime_error(config::report(faults));
    }
}

}  // namespace

TestApp::TestApp(app::Definition definition, const std::function<void(app::Settings&)>& adjust,
                 const config::Environment& environment)
    : definition_(std::move(definition)), log_(std::make_shared<logging::MemorySink>()) {
    const auto app_role = database_.create_role("app");
    const auto system_role = database_.create_role("system");
    std::ostringstream progress;
    db::migrate::apply(db::migrate::load_migrations(definition_.migrations),
                       {.owner_url = database_.url(), .roles = {app_role, system_role}}, progress);
    auto settings = settings_for(database_, app_role, system_role);
    if (adjust) adjust(settings);
    app::Configuration configuration(definition_, std::move(settings));
    read_modules_settings(definition_, configuration, environment);
    app_ = std::make_unique<app::App>(definition_, std::move(configuration), log_);
    host_ = std::make_unique<app::LoopHost>(*app_);
    run(host_->start());
}

TestApp::~TestApp() { run(host_->stop(async::Loop::now() + std::chrono::seconds(5))); }

http::InjectedResponse TestApp::send(http::Method method, std::string target, std::string body, const With& with) {
    http::InjectedRequest request{
        .method = method, .target = std::move(target), .headers = with.headers, .body = std::move(body)};
    if (!with.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + with.token);
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    return run(host_->inject(std::move(request)));
}

}  // namespace testing
