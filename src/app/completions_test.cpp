#include "app/completions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

namespace app {
namespace {

using testing::HasSubstr;

std::string text(Shell shell) {
    CLI::App cli("A shop's server", "shop-api");
    cli.add_subcommand("serve", "Serve it's pages");
    auto* database = cli.add_subcommand("db", "The database");
    auto* migrate = database->add_subcommand("migrate", "Apply\nwhat is missing");
    migrate->add_flag("--dry-run");
    return completions(cli, shell);
}

// What bash would offer behind `line`, sorted.
std::string offered(const std::string& line) {
    const auto path = testing::TempDir() + "completions.bash";
    std::ofstream(path) << text(Shell::bash);
    const auto command = "bash -c 'source " + path + "; COMP_WORDS=(" + line +
                         "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shop_api; echo ${COMPREPLY[@]}'";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::array<char, 512> read{};
    std::string out;
    while (std::fgets(read.data(), read.size(), pipe.get()) != nullptr) out += read.data();
    return out;
}

TEST(Completions, BashKnowsCommandsAndOptionsOfThePlace) {
    EXPECT_EQ(offered("shop-api \"\""), "serve db --help\n");
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

TEST(Completions, ZshTakesThoseOfBash) { EXPECT_THAT(text(Shell::zsh), HasSubstr("bashcompinit\n_shop_api() {")); }

}  // namespace
}  // namespace app
