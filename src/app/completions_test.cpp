#include "app/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"

namespace app {
namespace {

using testing::HasSubstr;

std::string text(Shell shell) {
    CLI::App cli("A shop's server", "shop-api");
    cli.add_subcommand("serve", "Serve it's pages");
    auto* database = cli.add_subcommand("db", "The database");
    auto* migrate = database->add_subcommand("migrate", "Apply\nwhat is missing");
    migrate->add_flag("--dry-run");
    static std::string value;
    static std::vector<std::string> values;
    migrate->add_option("--to", value, "Where")->type_name("DIR");
    migrate->add_option("--port", value)->check(CLI::Range(0, 9));
    auto* print = cli.add_subcommand("print", "Print");
    print->add_option("--format", value, "How")->check(CLI::IsMember({"plain", "pretty", "all"}));
    print->add_option("--queues", values)->delimiter(',')->check(CLI::IsMember({"mail", "money"}));
    print->add_option("--key", value)->type_name("FILE");
    print->add_option("shell", value)->check(CLI::IsMember({"bash", "fish"}));
    return completions(cli, shell);
}

std::string printed(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::array<char, 512> read{};
    std::string out;
    while (std::fgets(read.data(), read.size(), pipe.get()) != nullptr) out += read.data();
    return out;
}

bool is_there(const std::string& shell) { return !printed("command -v " + shell).empty(); }

// A folder of the test's with folders and files of it.
std::string folder() {
    static const std::string path = [] {
        std::string made = testing::TempDir() + "completions";
        std::filesystem::remove_all(made);
        std::filesystem::create_directories(made + "/own data");
        std::filesystem::create_directories(made + "/other");
        std::ofstream(made + "/own.key") << "key";
        return made;
    }();
    return path;
}

// What the function for bash offers behind `line`.
std::string offered(const std::string& line) {
    const auto path = folder() + ".bash";
    std::ofstream(path) << text(Shell::bash);
    return printed("cd '" + folder() + "' && bash -c 'source " + path + "; COMP_WORDS=(" + line +
                   "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shop_api; echo \"${COMPREPLY[@]}\"' 2>&1");
}

// What the function for zsh offers. Those that only work while a line is typed say what they were asked for.
std::string zsh_offers(const std::string& line) {
    const auto path = folder() + ".zsh";
    std::ofstream(path) << R"(
compinit() {}; compdef() {}
compset() { case "$*" in ('-P 1 *=') PREFIX=${PREFIX#*=} ;; ('-P *,') PREFIX=${PREFIX##*,} ;; esac }
compadd() { print -r -- ${(M)${(P)2}:#$PREFIX*} }
_files() { if [[ $1 == -/ ]] { print -r -- $PREFIX*(-/) } else { print -r -- $PREFIX* } }
)" << text(Shell::zsh);
    return printed("cd '" + folder() + "' && zsh -f -c 'source " + path + "; words=(" + line +
                   "); CURRENT=$#words; PREFIX=$words[-1]; _shop_api' 2>&1");
}

// What fish offers behind `line`, without the texts.
std::string fish_offers(const std::string& line) {
    const auto path = folder() + ".fish";
    std::ofstream(path) << text(Shell::fish);
    return printed("cd '" + folder() + "' && HOME=" + folder() + " fish --no-config -c 'source " + path +
                   "; complete -C\"" + line + "\"' 2>&1 | cut -f 1 | tr '\\n' ' '");
}

struct Line {
    std::string typed;  // its last word is what is completed
    std::string offers;
};

// Options' values: enumerations, folders, files; and what is behind them.
std::vector<Line> lines_with_values() {
    return {
        {"shop-api print --format \"\"", "plain pretty all"},
        {"shop-api print --format p", "plain pretty"},
        {"shop-api print --format pretty --k", "--key"},
        {"shop-api print --queues \"\"", "mail money"},
        {"shop-api print --queues mail,mo", "mail,money"},
        {"shop-api print --key own", "own data own.key"},
        {"shop-api print f", "fish"},
        {"shop-api db migrate --to o", "other own data"},
        {"shop-api db migrate --port \"\"", ""},
        {"shop-api db migrate --port 4 --d", "--dry-run"},
        {"shop-api db migrate --to print --d", "--dry-run"},
        {"shop-api db migrate --port=4 --d", "--dry-run"},
        // What follows an option that is not of this place is no value of it.
        {"shop-api --format db migrate --d", "--dry-run"},
    };
}

std::string in_order(std::string line) {
    std::vector<std::string> words;
    while (!line.empty() && (line.back() == ' ' || line.back() == '\n')) line.pop_back();
    for (const auto word : base::split(line, ' ')) words.emplace_back(word);
    std::ranges::sort(words);
    return fmt::format("{}", fmt::join(words, " "));
}

TEST(Completions, BashKnowsValues) {
    for (const auto& [typed, offers] : lines_with_values())
        EXPECT_EQ(in_order(offered(typed)), in_order(offers)) << typed;
    // A value behind "=" is a word of its own, as bash splits them.
    EXPECT_EQ(offered("shop-api print --format = pr"), "pretty\n");
    EXPECT_EQ(offered("shop-api print --format ="), "plain pretty all\n");
    EXPECT_EQ(offered("shop-api print --format = all --k"), "--key\n");
}

TEST(Completions, ZshKnowsValues) {
    if (!is_there("zsh")) GTEST_SKIP() << "zsh is not installed";
    for (auto [typed, offers] : lines_with_values()) {
        if (offers == "mail,money") offers = "money";  // zsh keeps what is before
        EXPECT_EQ(in_order(zsh_offers(typed)), in_order(offers)) << typed;
    }
    EXPECT_EQ(zsh_offers("shop-api print --format=pr"), "pretty\n");
    EXPECT_EQ(zsh_offers("shop-api s"), "serve\n");
    EXPECT_EQ(zsh_offers("shop-api db \"\""), "migrate --help\n");
}

TEST(Completions, FishKnowsValues) {
    if (!is_there("fish")) GTEST_SKIP() << "fish is not installed";
    for (auto [typed, offers] : lines_with_values()) {
        if (typed.ends_with("\"\"")) typed.resize(typed.size() - 2);
        std::string expected = offers;
        if (offers == "other own data") expected = "other/ own data/";
        if (offers == "own data own.key") expected = "own data/ own.key";
        EXPECT_EQ(in_order(fish_offers(typed)), in_order(expected)) << typed;
    }
    EXPECT_EQ(in_order(fish_offers("shop-api print --format=pr")), "--format=pretty");
    EXPECT_EQ(in_order(fish_offers("shop-api s")), "serve") << "and no file";
}

TEST(Completions, BashKnowsCommandsAndOptionsOfThePlace) {
    EXPECT_EQ(offered("shop-api \"\""), "serve db print --help\n");
    EXPECT_EQ(offered("shop-api s"), "serve\n");
    EXPECT_EQ(offered("shop-api db \"\""), "migrate --help\n");
    EXPECT_EQ(offered("shop-api db migrate --d"), "--dry-run\n");
    // A word that is no command changes nothing.
    EXPECT_EQ(offered("shop-api db --what migrate --d"), "--dry-run\n");
    EXPECT_EQ(offered("shop-api nothing d"), "db\n");
}

TEST(Completions, FishHasTheTextsBeside) {
    EXPECT_THAT(text(Shell::fish),
                HasSubstr("complete -c shop-api -n '__shop_api_at ' -f -a serve -d 'Serve it\\'s pages'\n"));
    EXPECT_THAT(text(Shell::fish), HasSubstr("complete -c shop-api -n '__shop_api_at db' -f -a migrate -d 'Apply'\n"));
    EXPECT_THAT(text(Shell::fish), HasSubstr("complete -c shop-api -n '__shop_api_at db migrate' -l dry-run -d ''\n"));
}

}  // namespace
}  // namespace app
