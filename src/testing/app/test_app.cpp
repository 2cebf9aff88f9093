#include "testing/app/test_app.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "base/strings.h"
#include "config/config.h"
#include "db/migrate/apply.h"
#include "db/migrate/diff.h"

namespace testing {

namespace {

app::Settings settings_for(ScratchDatabase& database, const std::string& app_role, const std::string& system_role) {
    app::Settings settings;
    settings.environment = app::Environment::test;
    settings.database_url = database.url_as(app_role);
    settings.database_system_url = database.url_as(system_role);
    if (ScratchDatabase::goes_through_pooler()) {
        settings.database_pooler = app::Pooler::transaction;
        settings.database_direct_url = settings.database_url;
        settings.database_url = database.url_through_pooler(app_role).value();
        settings.database_system_url = database.url_through_pooler(system_role).value();
    }
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

// What the modules say of the database and no migration does would be a 500 at some request. Several newest ones, of merged
// branches, are for `db check` to tell.
void require_migrated(const app::Definition& definition, const std::vector<db::migrate::Migration>& migrations) {
    const db::migrate::History history(migrations);
    if (history.leaves().size() > 1) return;
    const auto before = history.leaves().empty() ? db::migrate::Snapshot{} : *history.leaves().front();
    const auto tables = app::tables_of(definition);
    const auto objects = app::database_objects_of(definition);
    const auto difference =
        db::migrate::diff(before, db::migrate::build_snapshot(tables, objects), {.allow_drops = true});
    if (difference.empty()) return;
    std::string lacking;
    for (const auto& lines : {difference.errors, difference.statements}) {
        for (const auto& line : lines) lacking.append("\n  ").append(line, 0, line.find('\n'));
    }
    throw std::runtime_error(
        fmt::format("the tables have changed since the newest migration. Run: {} db generate NAME, and build again, as "
                    "migrations are part of the program. It lacks:{}",
                    definition.name, lacking));
}

// The log has why, the reply does not.
void tell_cause(const logging::MemorySink& log, std::string_view request) {
    const auto lines = log.lines();
    const auto error = std::find_if(lines.rbegin(), lines.rend(), [](const std::string& line) {
        return line.starts_with(R"({"level":50)") && line.contains(R"("err":)");
    });
    if (error != lines.rend()) std::cerr << fmt::format("{} was answered 500: {}\n", request, *error);
}

}  // namespace

TestApp::TestApp(app::Definition definition, const std::function<void(app::Settings&)>& adjust,
                 const config::Environment& environment)
    : definition_(std::move(definition)), log_(std::make_shared<logging::MemorySink>()) {
    const auto app_role = database_.create_role("app");
    const auto system_role = database_.create_role("system");
    const auto migrations = db::migrate::load_migrations(definition_.migrations);
    require_migrated(definition_, migrations);
    std::ostringstream progress;
    db::migrate::apply(migrations, {.owner_url = database_.url(), .roles = {app_role, system_role}}, progress);
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
    const bool says_type = std::ranges::any_of(
        request.headers, [](const auto& header) { return base::ascii_lower(header.first) == "content-type"; });
    if (!request.body.empty() && !says_type) request.headers.emplace_back("Content-Type", "application/json");
    const auto what = fmt::format("{} {}", http::to_string(method), request.target);
    auto reply = run(host_->inject(std::move(request)));
    if (reply.status == 500) tell_cause(*log_, what);
    return reply;
}

}  // namespace testing
