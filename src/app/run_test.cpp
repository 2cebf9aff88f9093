#include <gtest/gtest.h>

#include <array>

#include "app/app.h"

namespace app {
namespace {

TEST(Run, WithoutTemplatesThereIsNoNewModule) {
    Definition definition;
    definition.name = "hello";
    std::array<std::string, 4> words{"hello", "new", "module", "suppliers"};
    std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    EXPECT_EQ(run(definition, 4, arguments.data()), 64) << "it would say that it wrote one";
}

}  // namespace
}  // namespace app
