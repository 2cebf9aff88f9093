#include "app/module_settings.h"

#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "app/app.h"
#include "config/config.h"

namespace app {

namespace {

void refuse_shared_variables(const Definition& definition) {
    std::map<std::string_view, std::string_view> owners;
    const auto add = [&](std::string_view owner, const schema::ObjectType& type) {
        for (const auto& field : type.fields) {
            const auto [known, is_new] = owners.emplace(field.name, owner);
            if (!is_new) {
                throw std::runtime_error(fmt::format("settings: {} is named by {} and by {}: it belongs to one",
                                                     field.name, known->second, owner));
            }
        }
    };
    add("the app", schema::object_of<Settings>);
    for (const auto& module : definition.modules) {
        if (module.settings.type != nullptr) add(module.name, *module.settings.type);
    }
}

// Every variable by itself, so that the sense of all structs is told at once, too.
std::vector<base::Issue> load_forms(schema::ObjectType type, void* out, const config::Environment& environment) {
    type.refinements = {};
    return config::load_into(type, out, environment);
}

void check_sense(const schema::ObjectType& type, const void* value, schema::Issues& issues) {
    for (const auto refinement : type.refinements) refinement(value, issues);
}

std::vector<base::Issue> faults_of_sense(const Definition& definition, const Configuration& configuration) {
    schema::Issues issues("environment");
    check_sense(schema::object_of<Settings>, &configuration.app, issues);
    for (std::size_t i = 0; i < definition.modules.size(); ++i) {
        const auto& settings = definition.modules[i].settings;
        if (settings.type == nullptr) continue;
        const auto* own = configuration.modules[i].get();
        check_sense(*settings.type, own, issues);
        if (settings.check != nullptr) settings.check(own, configuration.app, issues);
    }
    return std::move(issues).take();
}

}  // namespace

Configuration::Configuration(const Definition& definition, Settings own) : app(std::move(own)) {
    for (const auto& module : definition.modules)
        modules.push_back(module.settings.make != nullptr ? module.settings.make() : nullptr);
}

std::expected<Configuration, std::vector<base::Issue>> load_configuration(const Definition& definition,
                                                                          const config::Environment& environment) {
    refuse_shared_variables(definition);
    Configuration configuration(definition, {});
    auto faults = load_forms(schema::object_of<Settings>, &configuration.app, environment);
    for (std::size_t i = 0; i < definition.modules.size(); ++i) {
        const auto* type = definition.modules[i].settings.type;
        if (type == nullptr) continue;
        for (auto& fault : load_forms(*type, configuration.modules[i].get(), environment))
            faults.push_back(std::move(fault));
    }
    if (faults.empty()) faults = faults_of_sense(definition, configuration);
    if (!faults.empty()) return std::unexpected(std::move(faults));
    return configuration;
}

std::string describe_configuration(const Definition& definition) {
    auto text = config::markdown_table<Settings>();
    for (const auto& module : definition.modules) {
        if (module.settings.type == nullptr) continue;
        text += fmt::format("\nOf the module `{}`:\n\n{}", module.name, config::markdown_table(*module.settings.type));
    }
    return text;
}

}  // namespace app
