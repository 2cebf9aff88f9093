#include "app/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace app {

namespace {

struct Word {
    std::string text;
    std::string doc;
};

enum class Takes : std::uint8_t { nothing, text, words, folder, file };

// What stands behind an option, or as a command's argument.
struct Value {
    Takes takes = Takes::nothing;
    std::vector<std::string> words;
    bool is_list = false;  // several of the words, with commas
};

struct Option {
    Word name;
    Value value;
};

// A command, as it is typed behind the program's name: "db migrate"; "" for the program itself.
struct Place {
    std::string path;
    std::vector<Word> commands;
    std::vector<Option> options;
    std::vector<Value> arguments;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// What --help says of it: "TEXT:{postman,bruno}", "DIR", "FILE".
Value value_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return {};
    Value value{.takes = Takes::text, .words = {}, .is_list = option.get_delimiter() == ','};
    const auto type = option.get_type_name();
    for (const auto part : base::split(type, ':')) {
        if (part == "DIR") value.takes = Takes::folder;
        if (part == "FILE") value.takes = Takes::file;
        if (!part.starts_with('{') || !part.ends_with('}')) continue;
        value.takes = Takes::words;
        for (const auto word : base::split(part.substr(1, part.size() - 2), ',')) value.words.emplace_back(word);
    }
    return value;
}

void collect(const CLI::App& app, const std::string& path, std::vector<Place>& places) {
    Place place{.path = path, .commands = {}, .options = {}, .arguments = {}};
    for (const auto* option : app.get_options()) {
        if (option->get_positional()) place.arguments.push_back(value_of(*option));
        for (const auto& name : option->get_lnames())
            place.options.push_back({{"--" + name, first_line(option->get_description())}, value_of(*option)});
    }
    const auto commands = app.get_subcommands([](const CLI::App* one) { return !one->get_name().empty(); });
    for (const auto* command : commands)
        place.commands.push_back({command->get_name(), first_line(command->get_description())});
    places.push_back(std::move(place));
    for (const auto* command : commands)
        collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), places);
}

// " db migrate"; "" for the program itself.
std::string typed(const Place& place) { return place.path.empty() ? "" : " " + place.path; }

// The patterns of all commands in a `case`, between `separator`s.
std::string paths_of(const std::vector<Place>& places, std::string_view separator) {
    std::vector<std::string> paths;
    for (const auto& place : places) {
        if (!place.path.empty()) paths.push_back(fmt::format("'{}'", typed(place)));
    }
    return fmt::format("{}", fmt::join(paths, separator));
}

// "backend-api": "_backend_api", which names a function.
std::string function_of(const std::string& program) {
    std::string name = "_" + program;
    std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

// ---- bash, zsh ---------------------------------------------------------------------------------------------------

std::string kind_of(const Value& value) {
    switch (value.takes) {
        case Takes::words: return value.is_list ? "list" : "words";
        case Takes::folder: return "folder";
        case Takes::file: return "file";
        default: return "text";
    }
}

std::string offers_of(const Place& place) {
    std::vector<std::string> words;
    for (const auto& command : place.commands) words.push_back(command.text);
    for (const auto& argument : place.arguments)
        words.insert(words.end(), argument.words.begin(), argument.words.end());
    for (const auto& option : place.options) words.push_back(option.name.text);
    return fmt::format("{}", fmt::join(words, " "));
}

// An option and its value (--to=DIR) are three words, or one where COMP_WORDBREAKS says so. What offers nothing offers files, as
// `-o default` says, and behind an option that takes any text it does not.
constexpr std::string_view bash_function = R"sh({0}() {{
    local at='' offers='' kind='' front='' cur="${{COMP_WORDS[COMP_CWORD]}}" word='' i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${{COMP_WORDS[i]}}"
        if [[ -n "$kind" ]]; then
            [[ "$word" == '=' ]] || kind=''
            continue
        fi
        case "$at $word" in
        {1}) at="$at $word" ;;
        *) {0}_value "$at $word" ;;
        esac
    done
    case "$word" in '>' | '>>' | '<' | '2>' | '&>' | '>|') COMPREPLY=() && return ;; esac
    if [[ "$cur" == --*=* ]]; then
        {0}_value "$at ${{cur%%=*}}"
        front="${{cur%%=*}}=" cur="${{cur#*=}}"
    elif [[ "$cur" == '=' ]]; then
        cur=''
    fi
    if [[ "$kind" == list && "$cur" == *,* ]]; then
        front="$front${{cur%,*}}," cur="${{cur##*,}}"
    fi
    case "$kind" in
    '') case "$at" in
{2}        esac
        COMPREPLY=($(compgen -W "$offers" -- "$cur")) ;;
    words | list) COMPREPLY=($(compgen -P "$front" -W "$offers" -- "$cur")) ;;
    text) COMPREPLY=() && compopt +o default 2>/dev/null ;;
    *) local how='-f' IFS=$'\n'
        [[ "$kind" == folder ]] && how='-d'
        COMPREPLY=($(compgen $how -P "$front" -- "$cur"))
        compopt -o filenames 2>/dev/null ;;
    esac
    return 0
}}
{0}_value() {{
    case "$1" in
{3}    esac
}}
complete -o default -F {0} {4}
)sh";

constexpr std::string_view zsh_function = R"sh({0}() {{
    local at='' kind='' word=''
    local -a offers
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        if [[ -n "$kind" ]]; then
            kind=''
            continue
        fi
        case "$at $word" in
        {1}) at="$at $word" ;;
        *) {0}_value "$at $word" ;;
        esac
    done
    if [[ -z "$kind" && "$PREFIX" == --*=* ]]; then
        {0}_value "$at ${{PREFIX%%=*}}"
        [[ -z "$kind" ]] || compset -P 1 '*='
    fi
    case "$kind" in
    '') case "$at" in
{2}        esac
        compadd -a offers ;;
    list) compset -P '*,'
        compadd -a offers ;;
    words) compadd -a offers ;;
    folder) _files -/ ;;
    file) _files ;;
    text) return 1 ;;
    esac
}}
{0}_value() {{
    case "$1" in
{3}    esac
}}
compdef {0} {4}
)sh";

struct OfferedTexts {
    std::string offers;  // of each place
    std::string values;  // of each option
};

// `open` and `close` are around words.
OfferedTexts offered_texts(const std::vector<Place>& places, std::string_view open, std::string_view close) {
    OfferedTexts texts;
    for (const auto& place : places) {
        texts.offers += fmt::format("        '{}') offers={}{}{} ;;\n", typed(place), open, offers_of(place), close);
        for (const auto& [name, value] : place.options) {
            if (value.takes == Takes::nothing) continue;
            texts.values += fmt::format("    '{} {}') kind={} offers={}{}{} ;;\n", typed(place), name.text,
                                        kind_of(value), open, fmt::join(value.words, " "), close);
        }
    }
    return texts;
}

std::string for_bash(const std::string& program, const std::vector<Place>& places) {
    const auto [offers, values] = offered_texts(places, "'", "'");
    return fmt::format(bash_function, function_of(program), paths_of(places, " | "), offers, values, program);
}

std::string for_zsh(const std::string& program, const std::vector<Place>& places) {
    const auto [offers, values] = offered_texts(places, "(", ")");
    return "autoload -U +X compinit && compinit\n" +
           fmt::format(zsh_function, function_of(program), paths_of(places, " | "), offers, values, program);
}

// ---- fish --------------------------------------------------------------------------------------------------------

// Between single quotes.
std::string for_fish_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

// How `complete` takes a value, with the words that it offers.
std::string value_for_fish(const Value& value) {
    switch (value.takes) {
        case Takes::nothing: return "";
        case Takes::text: return " -x";
        case Takes::folder: return " -x -a '(__fish_complete_directories)'";
        case Takes::file: return " -r -F";
        case Takes::words: break;
    }
    const auto words = fmt::format("{}", fmt::join(value.words, " "));
    return value.is_list ? fmt::format(" -x -a '(__fish_append , {})'", words) : fmt::format(" -x -a '{}'", words);
}

// Where on the command line one is: words that are an option's value are no commands.
constexpr std::string_view fish_function = R"fish(function {0}
    set -l at
    set -l skips
    for word in (commandline -opc)[2..]
        if set -q skips[1]
            set -e skips
            continue
        end
        switch "$at $word"
            case {1}
                set at "$at $word"
{2}        end
    end
    test "$at" = (string join '' '' ' '$argv)
end
complete -c {3} -f
)fish";

std::string lines_for_fish(const std::string& program, const Place& place) {
    std::string out;
    const auto here = fmt::format("complete -c {} -n '_{}_at {}'", program, function_of(program), place.path);
    for (const auto& [name, doc] : place.commands)
        out += fmt::format("{} -f -a {} -d {}\n", here, name, for_fish_quoted(doc));
    for (const auto& [name, value] : place.options) {
        out += fmt::format("{} -l {}{} -d {}\n", here, name.text.substr(2), value_for_fish(value),
                           for_fish_quoted(name.doc));
    }
    for (const auto& argument : place.arguments) {
        if (argument.takes == Takes::words) out += fmt::format("{} -f -a '{}'\n", here, fmt::join(argument.words, " "));
        if (argument.takes == Takes::file || argument.takes == Takes::folder) out += fmt::format("{} -F\n", here);
    }
    return out;
}

std::string for_fish(const std::string& program, const std::vector<Place>& places) {
    std::vector<std::string> skipping;
    for (const auto& place : places) {
        for (const auto& [name, value] : place.options) {
            if (value.takes != Takes::nothing) skipping.push_back(fmt::format("'{} {}'", typed(place), name.text));
        }
    }
    const auto skips = skipping.empty() ? std::string()
                                        : fmt::format("            case {}\n                set skips yes\n",
                                                      fmt::join(skipping, " "));
    auto out = fmt::format(fish_function, "_" + function_of(program) + "_at", paths_of(places, " "), skips, program);
    for (const auto& place : places) out += lines_for_fish(program, place);
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
