#include "app/dev/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "app/dev/dev_test_support.h"
#include "app/dev/secrets.h"
#include "auth/jwk.h"
#include "base/random.h"

namespace app::dev {
namespace {

namespace fs = std::filesystem;

std::string refusal(const std::function<void()>& action) {
    try {
        action();
    } catch (const StartFailure& failure) {
        return failure.what();
    }
    return {};
}

TEST(DataDirectory, RefusesToUseOrWipeWhatIsNotOurs) {
    const TemporaryDirectory scratch;
    std::ofstream(scratch.path() / "thesis.txt") << "years of work";
    EXPECT_NE(refusal([&] { DataDirectory directory(scratch.path()); }).find("was not made by"), std::string::npos);
    EXPECT_EQ(read_text(scratch.path() / "thesis.txt"), "years of work");
}

TEST(DataDirectory, WipesItsOwnContentAlone) {
    const TemporaryDirectory scratch;
    std::ofstream(scratch.path() / "outside") << "stays";
    {
        DataDirectory directory(scratch.path() / "data");
        EXPECT_TRUE(directory.is_new());
        fs::create_directory(directory.path() / "redis");
        fs::create_symlink(scratch.path(), directory.path() / "link");
    }
    DataDirectory directory(scratch.path() / "data");
    EXPECT_FALSE(directory.is_new());
    directory.wipe();
    EXPECT_FALSE(fs::exists(directory.path() / "redis"));
    EXPECT_TRUE(fs::exists(scratch.path() / "outside"));
}

TEST(DataDirectory, IsClaimedByOneProcessAndFreeAfterItsDeath) {
    const TemporaryDirectory scratch;
    const pid_t holder = fork();
    if (holder == 0) {
        const DataDirectory directory(scratch.path() / "data");
        std::ofstream(scratch.path() / "held") << "yes" << std::flush;
        pause();
        _exit(0);
    }
    ASSERT_TRUE(eventually([&] { return read_text(scratch.path() / "held") == "yes"; }));
    const std::string told = refusal([&] { DataDirectory directory(scratch.path() / "data"); });
    EXPECT_NE(told.find("in use by process " + std::to_string(holder)), std::string::npos) << told;
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    EXPECT_EQ(refusal([&] { DataDirectory directory(scratch.path() / "data"); }), "");
}

TEST(DataDirectory, EnsureDirectoryFollowsNoLink) {
    const TemporaryDirectory scratch;
    fs::create_directory(scratch.path() / "elsewhere");
    fs::create_symlink(scratch.path() / "elsewhere", scratch.path() / "trap");
    EXPECT_THROW(ensure_directory(scratch.path() / "trap", {geteuid(), getegid()}, 0700), StartFailure);
    ensure_directory(scratch.path() / "good", {geteuid(), getegid()}, 0700);
    EXPECT_EQ(fs::status(scratch.path() / "good").permissions(), fs::perms(0700));
}

TEST(DataDirectory, ReachIsDecidedByEveryDirectoryAbove) {
    const TemporaryDirectory closed(fs::perms(0700));
    fs::create_directory(closed.path() / "inner");
    fs::permissions(closed.path() / "inner", fs::perms(0755));
    EXPECT_FALSE(can_reach({65534, 65534}, closed.path() / "inner"));
    EXPECT_TRUE(can_reach({geteuid(), getegid()}, closed.path() / "inner"));
}

TEST(DataDirectory, APidFileOfAnotherProcessIsStale) {
    EXPECT_TRUE(works_in(getpid(), fs::current_path()));
    EXPECT_FALSE(works_in(getpid(), "/no/such/directory"));
    EXPECT_FALSE(works_in(1 << 30, fs::current_path()));
}

TEST(Secrets, AreMadeOnceAndKeptPrivate) {
    const TemporaryDirectory scratch;
    base::SeededRandom random(7);
    const Secrets first = load_or_create_secrets(scratch.path() / "secrets", random);
    const Secrets second = load_or_create_secrets(scratch.path() / "secrets", random);
    EXPECT_EQ(first.app_secret, second.app_secret);
    EXPECT_EQ(first.app_secret.size(), 43U);
    EXPECT_EQ(fs::status(first.jwt_key_file).permissions(), fs::perms(0600));
    EXPECT_EQ(fs::status(scratch.path() / "secrets" / "app-secret").permissions(), fs::perms(0600));
    const auto key = auth::Key::from_pem(read_text(first.jwt_key_file));
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->algorithm(), auth::Algorithm::eddsa);
    EXPECT_TRUE(key->can_sign());
}

TEST(Secrets, ADamagedFileIsNamed) {
    const TemporaryDirectory scratch;
    base::SeededRandom random(7);
    const Secrets secrets = load_or_create_secrets(scratch.path() / "secrets", random);
    std::ofstream(secrets.jwt_key_file) << "nonsense";
    const std::string told =
        refusal([&] { static_cast<void>(load_or_create_secrets(scratch.path() / "secrets", random)); });
    EXPECT_NE(told.find("jwt-ed25519.pem is damaged"), std::string::npos) << told;
}

}  // namespace
}  // namespace app::dev
