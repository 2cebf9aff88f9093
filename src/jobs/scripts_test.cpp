// The Lua that the build took out of the npm package.
#include <gtest/gtest.h>

#include "bullmq_scripts.h"

namespace jobs {
namespace {

TEST(BullmqScripts, AreThoseOfNode) {
    struct Case {
        const redis::Script& script;
        std::string_view name;
        std::size_t keys;
        std::string_view sha1;  // of bullmq 6.7.0
    };
    const Case cases[] = {
        {bullmq::add_standard_job(), "addStandardJob", 9, "5ab432e88830d573e2fa33392ffbd4ad25a9b100"},
        {bullmq::move_to_active(), "moveToActive", 11, "d96ca626f1ea141b44a856b312fc636d99aa9ea9"},
        {bullmq::move_to_finished(), "moveToFinished", 14, "69666e69dd5621df59067a03de685e55a486560d"},
    };
    for (const auto& [script, name, keys, sha1] : cases) {
        EXPECT_EQ(script.name, name);
        EXPECT_EQ(script.keys, keys);
        EXPECT_EQ(script.sha1, sha1) << name;
        EXPECT_EQ(redis::script_of(name, script.text, keys).sha1, sha1) << name;
    }
}

TEST(BullmqScripts, BringTheirLicence) {
    EXPECT_TRUE(bullmq::licence().starts_with("MIT License"));
    EXPECT_NE(bullmq::licence().find("BullForce Labs AB"), std::string_view::npos);
}

}  // namespace
}  // namespace jobs
