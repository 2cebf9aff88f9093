#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <string>
#include <vector>

#include "app/app.h"

namespace app {
namespace {

using testing::HasSubstr;

struct Answer {
    int status = 0;
    std::string errors;
};

Answer answer_to(std::initializer_list<const char*> words) {
    Definition definition;
    definition.name = "hello";
    std::vector<std::string> texts(words.begin(), words.end());
    std::vector<char*> arguments;
    for (auto& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);
    testing::internal::CaptureStderr();
    const int status = run(definition, static_cast<int>(texts.size()), arguments.data());
    return {status, testing::internal::GetCapturedStderr()};
}

TEST(Run, SaysWhichCommandsAreKnown) {
    for (const auto& [status, errors] : {answer_to({"hello", "srve"}), answer_to({"hello"})}) {
        EXPECT_EQ(status, 64);
        EXPECT_THAT(errors, HasSubstr("known commands: serve dev worker health outbox seed openapi"));
        EXPECT_THAT(errors, HasSubstr("what they do: hello --help\n"));
    }
    EXPECT_THAT(answer_to({"hello", "srve"}).errors, HasSubstr("hello: unknown: srve\n"));
    const auto [status, errors] = answer_to({"hello", "db", "migrat"});
    EXPECT_EQ(status, 64);
    EXPECT_THAT(errors,
                HasSubstr("hello db: unknown: migrat\nknown commands: generate diff migrate status check console"));
}

TEST(Run, SaysWhichOptionsAreKnown) {
    const auto [status, errors] = answer_to({"hello", "dev", "--prot", "3001"});
    EXPECT_EQ(status, 64);
    EXPECT_THAT(errors,
                HasSubstr("hello dev: unknown: --prot 3001\nknown options: -h,--help --port --data-dir --fresh"));
    EXPECT_THAT(answer_to({"hello", "db", "generate"}).errors, HasSubstr("hello db generate: name is required\n"));
}

TEST(Run, WithoutTemplatesThereIsNoNewModule) {
    Definition definition;
    definition.name = "hello";
    std::array<std::string, 4> words{"hello", "new", "module", "suppliers"};
    std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    EXPECT_EQ(run(definition, 4, arguments.data()), 64) << "it would say that it wrote one";
}

}  // namespace
}  // namespace app
