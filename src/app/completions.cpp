#include "app/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

namespace app {

namespace {

struct Word {
    std::string text;
    std::string doc;
};

// A command, as it is typed behind the program's name: "db migrate"; "" for the program itself.
struct Place {
    std::string path;
    std::vector<Word> commands;
    std::vector<Word> options;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
    Place place{.path = path, .commands = {}, .options = {}};
    for (const auto* option : app.get_options([](const CLI::Option* one) { return one->nonpositional(); })) {
        for (const auto& name : option->get_lnames())
            place.options.push_back({"--" + name, first_line(option->get_description())});
    }
    const auto commands = app.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); });
    for (const auto* command : commands)
        place.commands.push_back({command->get_name(), first_line(command->get_description())});
    places.push_back(std::move(place));
    for (const auto* command : commands)
        collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), places);
}

std::vector<std::string> texts(const std::vector<Word>& words) {
    std::vector<std::string> all;
    for (const auto& word : words) all.push_back(word.text);
    return all;
}

// "backend-api": "_backend_api", which names a function.
std::string function_of(const std::string& program) {
    std::string name = "_" + program;
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

std::string for_bash(const std::string& program, const std::vector<Place>& places) {
    const auto function = function_of(program);
    std::string paths;
    std::string words;
    for (const auto& place : places) {
        if (!place.path.empty()) paths += fmt::format("{}' {}'", paths.empty() ? "" : " | ", place.path);
        words += fmt::format("        '{}{}') words='{} {}' ;;\n", place.path.empty() ? "" : " ", place.path,
                             fmt::join(texts(place.commands), " "), fmt::join(texts(place.options), " "));
    }
    return fmt::format(R"({0}() {{
    local at='' words='' i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${{COMP_WORDS[i]}}" in
        {1}) at="$at ${{COMP_WORDS[i]}}" ;;
        esac
    done
    case "$at" in
{2}    esac
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F {0} {3}
)",
                       function, paths, words, program);
}

std::string for_zsh(const std::string& program, const std::vector<Place>& places) {
    return "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" +
           for_bash(program, places);
}

// Between single quotes.
std::string for_fish_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string for_fish(const std::string& program, const std::vector<Place>& places) {
    const auto function = "_" + function_of(program) + "_at";
    std::string out = fmt::format(R"(function {0}
    set -l at
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a at $word
    end
    test "$at" = "$argv"
end
)",
                                  function);
    for (const auto& place : places) {
        const auto here = fmt::format("complete -c {} -n '{} {}'", program, function, place.path);
        for (const auto& [name, doc] : place.commands)
            out += fmt::format("{} -f -a {} -d {}\n", here, name, for_fish_quoted(doc));
        for (const auto& [name, doc] : place.options)
            out += fmt::format("{} -l {} -d {}\n", here, name.substr(2), for_fish_quoted(doc));
    }
    return out;
}

}  // namespace

std::string completions(const CLI::App& cli, Shell shell) {
    std::vector<Place> places;
    collect(cli, "", places);
    switch (shell) {
        case Shell::bash: return for_bash(cli.get_name(), places);
        case Shell::zsh: return for_zsh(cli.get_name(), places);
        case Shell::fish: return for_fish(cli.get_name(), places);
    }
    return {};
}

}  // namespace app
