#include "app/reload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace app {
namespace {

class ReloadTest : public testing::Test {
protected:
    ReloadTest() { ::unsetenv("LOG_LEVEL"); }  // NOLINT(concurrency-mt-unsafe): of this test alone
    ~ReloadTest() override { std::filesystem::remove(file_); }

    void reload(std::string_view text) {
        std::ofstream(file_) << text;
        sink_->clear();
        reload_log_level(log_, file_);
    }

    const std::filesystem::path file_ = std::filesystem::temp_directory_path() / fmt::format("reload-{}", ::getpid());
    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_{{}, sink_};
};

TEST_F(ReloadTest, TheLevelIsThatOfTheFile) {
    reload("LOG_LEVEL=debug\n");
    EXPECT_EQ(log_.level(), logging::Level::debug);
    EXPECT_TRUE(sink_->contains(R"("from":"info","to":"debug")"));
    reload("LOG_LEVEL=error\n");
    EXPECT_EQ(log_.level(), logging::Level::error);
    EXPECT_TRUE(sink_->contains(R"("from":"debug","to":"error")")) << "said before it is no longer";
    reload("");
    EXPECT_EQ(log_.level(), logging::Level::info) << "the default";
}

TEST_F(ReloadTest, AFaultChangesNothing) {
    reload("LOG_LEVEL=debug\n");
    for (const auto* text : {"LOG_LEVEL=loud\n", "LOG_LEVEL=\"info\n", "not a line\n", "LOG_LEVEL=debug\n"}) {
        reload(text);
        EXPECT_EQ(log_.level(), logging::Level::debug) << text;
        EXPECT_EQ(sink_->lines().size(), 1U) << text;
    }
}

}  // namespace
}  // namespace app
