#include "app/module_settings.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/app.h"
#include "app/background.h"
#include "app/configuration.h"
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

// Every variable by itself; the sense of all structs comes after.
std::vector<base::Issue> load_forms(schema::ObjectType type, void* out, const config::Environment& environment) {
    type.refinements = {};
    return config::load_into(type, out, environment);
}

void check_sense(const schema::ObjectType& type, const void* value, schema::Issues& issues) {
    for (const auto refinement : type.refinements) refinement(value, issues);
}

// Jobs of a queue that nobody here handles would wait for ever.
void check_queues(const Definition& definition, const std::vector<std::string>& wanted, schema::Issues& issues) {
    if (wanted.empty()) return;
    const auto known = queues_of(definition);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "all" || std::ranges::find(known, wanted[i]) != known.end()) continue;
        issues.add(fmt::format("/JOB_QUEUES/{}", i), "unknown_queue",
                   fmt::format("{}. entry: no module handles jobs of {}; give all, or some of: {}", i + 1,
                               schema::to_json(wanted[i]), fmt::join(known, ", ")));
    }
}

std::vector<base::Issue> faults_of_sense(const Definition& definition, const Configuration& configuration) {
    schema::Issues issues("environment");
    check_sense(schema::object_of<Settings>, &configuration.app, issues);
    check_queues(definition, configuration.app.job_queues, issues);
    for (std::size_t i = 0; i < definition.modules.size(); ++i) {
        const auto& settings = definition.modules[i].settings;
        if (settings.type == nullptr) continue;
        const auto* own = configuration.modules[i].get();
        check_sense(*settings.type, own, issues);
        if (settings.check != nullptr) settings.check(own, configuration.app, issues);
    }
    return std::move(issues).take();
}

std::string_view variable_of(const base::Issue& issue) {
    std::string_view name = issue.pointer;
    if (name.starts_with('/')) name.remove_prefix(1);
    return name.substr(0, name.find('/'));
}

bool names(std::string_view sentence, std::string_view variable) {
    const auto is_part = [](char c) { return c == '_' || (c >= 'A' && c <= 'Z'); };
    for (auto at = sentence.find(variable); at != std::string_view::npos; at = sentence.find(variable, at + 1)) {
        const auto end = at + variable.size();
        if ((at == 0 || !is_part(sentence[at - 1])) && (end == sentence.size() || !is_part(sentence[end]))) return true;
    }
    return false;
}

// What a variable without form means was guessed: a sentence that is about it, or names it beside another one, would mislead.
void add_sense(std::vector<base::Issue>& faults, std::vector<base::Issue> sense) {
    std::set<std::string, std::less<>> formless;
    for (const auto& fault : faults) formless.emplace(variable_of(fault));
    for (auto& fault : sense) {
        const bool rests_on_one = std::ranges::any_of(formless, [&](const std::string& name) {
            return variable_of(fault) == name || names(fault.message, name);
        });
        if (!rests_on_one) faults.push_back(std::move(fault));
    }
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
    add_sense(faults, faults_of_sense(definition, configuration));
    if (!faults.empty()) return std::unexpected(std::move(faults));
    return configuration;
}

Configuration configuration_of_nobody(const Definition& definition) {
    Settings settings;
    settings.secret = "not used: nothing is served";
    settings.environment = Environment::test;
    return {definition, std::move(settings)};
}

std::vector<std::string> unread_names(const Definition& definition, const config::Environment& file) {
    // Docker Compose reads the .env beside compose.yaml, too: what that asks for, and names of its own.
    std::set<std::string_view> known{"HTTPS_PORT", "HTTPS_URL", "VERSION"};
    const auto add = [&](const schema::ObjectType& type) {
        for (const auto& field : type.fields) known.insert(field.name);
    };
    add(schema::object_of<Settings>);
    for (const auto& module : definition.modules) {
        if (module.settings.type != nullptr) add(*module.settings.type);
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : file) {
        if (!known.contains(name) && !name.starts_with("COMPOSE_")) names.push_back(name);
    }
    return names;
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
