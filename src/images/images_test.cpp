// The server's side, with real processes.

#include "images/images.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "async/sync.h"
#include "images/decoder.h"
#include "images/pictures_for_test.h"
#include "images/process.h"
#include "images/sandbox.h"
#include "log/log.h"
#include "observe/metrics.h"
#include "testing/memory.h"

namespace images {
namespace {

using namespace std::chrono_literals;
using Result = std::expected<Pictures, ImageError>;

// A directory with the decoder under other names.
class Names {
public:
    Names() {
        std::string pattern = (std::filesystem::temp_directory_path() / "images-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Names() { std::filesystem::remove_all(path_); }
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    // The program looks at the name that it was called by.
    [[nodiscard]] std::string of(const std::string& name) const {
        const auto link = path_ / name;
        if (!std::filesystem::exists(link)) std::filesystem::create_symlink(IMAGE_DECODER, link);
        return link.string();
    }
    [[nodiscard]] std::filesystem::path path() const { return path_; }

private:
    std::filesystem::path path_;
};

std::size_t children() {
    std::size_t count = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "children");
        for (int child = 0; file >> child;) ++count;
    }
    return count;
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

struct Fixture {
    explicit Fixture(Settings settings = {}) {
        if (settings.decoder.empty()) settings.decoder = IMAGE_DECODER;
        images = std::make_unique<Images>(Images::Parts{loop, log.logger(), metrics, settings});
        async::run_until_done(loop, images->start());
    }
    ~Fixture() { stop(); }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    void stop() { async::run_until_done(loop, images->stop(async::Loop::now() + 5s)); }
    Result render(std::string bytes, RenderOptions options = {}) {
        return async::run_until_done(loop, images->render(std::move(bytes), std::move(options)));
    }
    std::vector<Result> render_all(const std::vector<std::string>& files) {
        return async::run_until_done(loop, all(images.get(), files));
    }
    [[nodiscard]] double started() const {
        const auto page = metrics.render();
        const auto at = page.find("\nimage_decoders_started_total ");
        return at == std::string::npos ? 0 : std::stod(page.substr(page.find(' ', at)));
    }

    static async::Task<std::vector<Result>> all(Images* images, std::vector<std::string> files) {
        std::vector<async::Task<Result>> tasks;
        for (auto& file : files) tasks.push_back(images->render(std::move(file)));
        co_return co_await async::when_all(std::move(tasks));
    }

    async::Loop loop;
    std::shared_ptr<logging::MemorySink> sink = std::make_shared<logging::MemorySink>();
    logging::Log log{{.now = [] { return 0; }, .process_id = 1, .hostname = "test"}, sink};
    observe::Metrics metrics;
    std::unique_ptr<Images> images;
};

std::string code_of(const Result& result) { return result ? "" : std::string(result.error().code.code); }

TEST(Images, MemoryOfTheLargestPictureIsAskedFor) {
    const auto issues_of = [](const Settings& settings) {
        schema::Issues issues("environment");
        check(settings, issues);
        return std::move(issues).take();
    };
    EXPECT_TRUE(issues_of({}).empty());
    const auto issues = issues_of({.max_pixels = 100'000'000});
    ASSERT_EQ(issues.size(), 1U);
    EXPECT_EQ(issues[0].pointer, "/IMAGES_MEMORY_MB");
    EXPECT_EQ(issues[0].message, "832 at least, for IMAGES_MAX_PIXELS=100000000");
}

TEST(Images, RendersInAnotherProcess) {
    Fixture fixture;
    const auto result = fixture.render(test::jpeg(test::scene(1'000, 500), {.exif = test::exif(6)}));
    ASSERT_TRUE(result) << code_of(result);
    EXPECT_EQ(result->type, Type::jpeg);
    EXPECT_EQ(result->width, 500U);
    EXPECT_EQ(result->height, 1'000U);
    EXPECT_FALSE(result->has_alpha);
    EXPECT_THAT(result->colour, testing::MatchesRegex("#[0-9a-f]{6}"));
    ASSERT_EQ(result->renditions.size(), 6U);
    const auto& largest = result->renditions[4];
    EXPECT_EQ(largest.longest_side, 960U);
    EXPECT_EQ(largest.mime(), "image/webp");
    EXPECT_EQ(largest.width, 480U);
    EXPECT_EQ(largest.height, 960U);
    EXPECT_EQ(largest.sha256, base::sha256(largest.bytes));
    EXPECT_EQ(result->renditions[5].mime(), "image/jpeg");
    EXPECT_EQ(read_header(largest.bytes)->width, 480U);
}

TEST(Images, ReadsAFileByItsDescriptor) {
    const Names names;
    const auto path = names.path() / "picture.png";
    std::ofstream(path, std::ios::binary) << test::png(test::scene(400, 300));
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ::lseek(file, 7, SEEK_SET);
    Fixture fixture;
    for (int i = 0; i < 3; ++i) {
        const auto result = async::run_until_done(fixture.loop, fixture.images->render_file(file));
        ASSERT_TRUE(result) << code_of(result);
        EXPECT_EQ(result->width, 400U);
    }
    ::close(file);
    const int folder = ::open("/tmp", O_RDONLY | O_CLOEXEC);
    EXPECT_THROW(async::run_until_done(fixture.loop, fixture.images->render_file(folder)), std::invalid_argument);
    ::close(folder);
}

TEST(Images, WhatIsNotTakenHasItsCode) {
    Fixture fixture({.max_bytes = 5'000, .max_pixels = 10'000});
    EXPECT_EQ(code_of(fixture.render("<svg/>")), "image.unsupported_type");
    EXPECT_EQ(code_of(fixture.render("")), "image.unsupported_type");
    EXPECT_EQ(code_of(fixture.render(std::string(5'001, 'x'))), "image.too_many_bytes");
    EXPECT_EQ(code_of(fixture.render(test::png_head(101, 100))), "image.too_large");
    EXPECT_EQ(code_of(fixture.render(test::png_head(10, 10))), "image.unreadable");
    EXPECT_EQ(fixture.started(), 1) << "what the header tells needs no process";
    const auto thrown = failure(fixture.render("<svg/>").error());
    EXPECT_EQ(thrown.code().status, 415);
    EXPECT_THROW(fixture.render(test::png_head(10, 10), {.sides = {}}), std::invalid_argument);
    EXPECT_THROW(fixture.render(test::png_head(10, 10), {.sides = {5'000}}), std::invalid_argument);
    EXPECT_THROW(fixture.render(test::png_head(10, 10), {.webp_quality = 0}), std::invalid_argument);
}

TEST(Images, OneProcessForManyPicturesUntilItIsReplaced) {
    Fixture fixture({.processes = 1, .pictures_per_process = 4});
    const auto picture = test::png(test::scene(64, 48));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(fixture.render(picture));
    EXPECT_EQ(fixture.started(), 3);
    Fixture small({.processes = 1, .process_mb = 16});
    const auto large = test::png(test::scene(2'000, 1'000), {.is_interlaced = true});
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(small.render(large));
}

TEST(Images, ADamagedPictureCostsNoProcess) {
    Fixture fixture({.processes = 1});
    const auto good = test::png(test::scene(64, 48));
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(code_of(fixture.render(good.substr(0, good.size() / 2))), "image.unreadable");
        EXPECT_TRUE(fixture.render(good));
    }
    EXPECT_EQ(fixture.started(), 1);
}

TEST(Images, AFullQueueIsBusyAndSaysWhenToComeBack) {
    Fixture fixture({.processes = 1, .queue = 2});
    const auto picture = test::jpeg(test::scene(300, 200));
    const auto results = fixture.render_all(std::vector<std::string>(8, picture));
    std::size_t rendered = 0;
    for (const auto& result : results) {
        if (result) ++rendered;
        if (result) continue;
        EXPECT_EQ(code_of(result), "image.busy");
        EXPECT_EQ(failure(result.error()).code().status, 503);
        EXPECT_GE(failure(result.error()).retry_after_ms().value_or(0), 1'000);
    }
    EXPECT_EQ(rendered, 3U);
}

async::Task<std::vector<Result>> all_of_owners(Images* images, std::vector<std::string> owners, std::string file) {
    std::vector<async::Task<Result>> tasks;
    for (auto& owner : owners) tasks.push_back(images->render(file, {.owner = std::move(owner)}));
    co_return co_await async::when_all(std::move(tasks));
}

TEST(Images, OneOwnerTakesHalfOfTheQueueAtMost) {
    Fixture fixture({.processes = 1, .queue = 4});
    const std::vector<std::string> owners{"a", "a", "a", "a", "a", "b", "b", "b"};
    const auto results = async::run_until_done(
        fixture.loop, all_of_owners(fixture.images.get(), owners, test::jpeg(test::scene(300, 200))));
    std::string outcome;
    for (const auto& result : results) outcome += result ? "+" : "-";
    EXPECT_EQ(outcome, "+++--++-");  // one in work, two that wait of each
    EXPECT_TRUE(
        async::run_until_done(fixture.loop, fixture.images->render(test::png(test::scene(9, 9)), {.owner = "a"})));
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
// A sanitizer's shadow is larger than any limit of memory.
TEST(Images, MoreMemoryThanItMayHaveIsUnreadableAndCostsNoProcess) {
    Fixture fixture({.processes = 1, .memory_mb = 64});
    const auto large = test::png(test::scene(5'000, 4'000), {.is_interlaced = true});
    for (int i = 0; i < 2; ++i) EXPECT_EQ(code_of(fixture.render(large)), "image.unreadable");
    EXPECT_TRUE(fixture.render(test::png(test::scene(5'000, 4'000))));  // row by row
    EXPECT_EQ(fixture.started(), 1);
}
#endif

TEST(Images, BytesThatWaitAreBounded) {
    const auto picture = test::jpeg(test::scene(300, 200));
    Fixture fixture({.processes = 1, .queue = 100, .queue_bytes = static_cast<std::int64_t>(picture.size()) * 2 + 10});
    std::size_t rendered = 0;
    for (const auto& result : fixture.render_all(std::vector<std::string>(8, picture))) rendered += result ? 1 : 0;
    EXPECT_EQ(rendered, 3U);
}

TEST(Images, WaitsNoLongerThanItMay) {
    const Names names;
    Fixture fixture({.processes = 1, .deadline_ms = 600, .wait_ms = 100, .decoder = names.of("sleeper")});
    const auto results = fixture.render_all(std::vector<std::string>(2, test::jpeg(test::scene(60, 40))));
    EXPECT_EQ(code_of(results[0]), "image.unreadable");
    EXPECT_EQ(code_of(results[1]), "image.busy");
}

TEST(Images, ADecoderThatDiesLiesOrIsTooSlowIsOnePictureAndNoMore) {
    const Names names;
    const auto picture = test::jpeg(test::scene(300, 200), {.quality = 99});
    const auto descriptors = open_descriptors();
    for (const auto* name : {"dier", "liar", "sleeper"}) {
        Fixture fixture({.processes = 2, .deadline_ms = 400, .decoder = names.of(name)});
        for (const auto& result : fixture.render_all(std::vector<std::string>(4, picture))) {
            EXPECT_EQ(code_of(result), "image.unreadable") << name;
            EXPECT_EQ(failure(result.error()).code().status, 422);
        }
        EXPECT_EQ(fixture.started(), 4) << name;
        fixture.stop();
        EXPECT_TRUE(fixture.sink->contains("a decoder of pictures ended"));
    }
    EXPECT_EQ(children(), 0U);
    EXPECT_LE(open_descriptors(), descriptors);
}

TEST(Images, WithoutItsSandboxOrItsProgramNothingIsDecoded) {
    const Names names;
    const auto picture = test::jpeg(test::scene(30, 20));
    struct Case {
        std::string program;
        std::string reason;
    };
    for (const auto& [program, reason] :
         {Case{names.of("refuser"), "refuses to work without its sandbox: seccomp: not here"},
          Case{"/nonexistent/decoder", "cannot be started"}, Case{"/bin/true", "ends when it starts"},
          Case{names.of("babbler"), "is no decoder"}}) {
        Fixture fixture({.processes = 1, .decoder = program});
        EXPECT_FALSE(fixture.images->fault());
        const auto result = fixture.render(picture);
        EXPECT_EQ(code_of(result), "image.unavailable");
        EXPECT_EQ(result.error().retry_after_ms.has_value(), true);
        EXPECT_THAT(fixture.images->fault().value_or(""), testing::HasSubstr(reason));
        EXPECT_TRUE(fixture.sink->contains("pictures cannot be read"));
    }
    EXPECT_EQ(children(), 0U);
}

TEST(Images, AnIdleProcessThatWasKilledIsReplacedUnseen) {
    Fixture fixture({.processes = 1});
    const auto picture = test::png(test::scene(64, 48));
    ASSERT_TRUE(fixture.render(picture));
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "children");
        for (int child = 0; file >> child;) {
            ::kill(child, SIGKILL);
            siginfo_t gone{};
            ::waitid(P_PID, static_cast<id_t>(child), &gone, WEXITED | WNOWAIT);
        }
    }
    EXPECT_TRUE(fixture.render(picture));
    EXPECT_EQ(fixture.started(), 2);
}

async::Task<bool> stop_soon(Images* images, async::Loop* loop, async::Milliseconds within) {
    co_await async::next_turn(loop);
    co_await images->stop(async::Loop::now() + within);
    co_return true;
}

async::Task<Result> render_and_stop(Images* images, async::Loop* loop, std::string file, async::Milliseconds within) {
    auto both = co_await async::when_all(images->render(std::move(file)), stop_soon(images, loop, within));
    co_return std::move(std::get<0>(both));
}

TEST(Images, StopWaitsForWhatIsInWorkAndEndsIt) {
    const auto picture = test::png(test::scene(64, 48));
    {
        Fixture fixture;
        EXPECT_TRUE(
            async::run_until_done(fixture.loop, render_and_stop(fixture.images.get(), &fixture.loop, picture, 5s)));
        EXPECT_EQ(children(), 0U);
        EXPECT_EQ(code_of(fixture.render(picture)), "image.busy");
    }
    const Names names;
    Fixture stuck({.decoder = names.of("sleeper")});
    EXPECT_EQ(
        code_of(async::run_until_done(stuck.loop, render_and_stop(stuck.images.get(), &stuck.loop, picture, 50ms))),
        "image.unreadable");
    EXPECT_EQ(children(), 0U);
}

// A decoder that was taken over can compute.
TEST(Images, TheSandboxLeavesNoOtherSystemCall) {
    const Names names;
    const auto end_of = [&](const std::string& name) {
        const auto program = names.of(name);
        const auto child = ::fork();
        if (child == 0) {
            ::execl(program.c_str(), program.c_str(), nullptr);
            ::_exit(8);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return status;
    };
    const int idle = end_of("idler");
    EXPECT_TRUE(WIFEXITED(idle) && WEXITSTATUS(idle) == 0) << idle;
    for (const auto* name : {"opener", "connector", "forker", "writer", "killer"}) {
        const int status = end_of(name);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << name << " " << status;
    }
}

TEST(Images, TheDecoderIsStartedByNobodyElse) {
    const char* const by_hand[] = {"backend-api", "image-decoder"};
    const char* const another[] = {"backend-api", "serve"};
    EXPECT_TRUE(is_decoder(2, by_hand));
    EXPECT_FALSE(is_decoder(2, another));
    EXPECT_FALSE(is_decoder(1, by_hand));
    EXPECT_EXIT(run_decoder(2, by_hand), testing::ExitedWithCode(1), "the server starts it");
    EXPECT_EQ(sandbox_fault(), "");
}

// What the server's own memory has, whatever goes through it: 8 at once of all forms, with bad ones between them.
// BACKEND_API_LONG=1: 5,000.
TEST(Images, MemoryStaysFlat) {
    const auto scene = test::scene(320, 240);
    const auto large = test::scene(1'000, 700);
    const std::vector<std::string> files{test::jpeg(large),
                                         test::png(scene),
                                         test::webp(scene),
                                         test::gif(scene),
                                         test::jpeg(scene, {.is_progressive = true}),
                                         test::png(scene).substr(0, 900),
                                         test::jpeg_of_size(64'250, 64'250),
                                         "<html>"};
    const char* is_long = std::getenv("BACKEND_API_LONG");
    const std::size_t rounds = is_long != nullptr && std::string_view(is_long) == "1" ? 5'000 / files.size() : 4;
    Fixture fixture({.processes = 2, .pictures_per_process = 7});
    for (const auto& result : fixture.render_all(files)) static_cast<void>(result);
    constexpr std::size_t room = 4'000'000;
    testing::HeapPeak peak;
    const auto at_first = testing::heap_in_use();
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto results = fixture.render_all(files);
        for (std::size_t at = 0; at < 5; ++at) EXPECT_TRUE(results[at]) << at << code_of(results[at]);
        for (std::size_t at = 5; at < files.size(); ++at) EXPECT_FALSE(results[at]);
        peak.look();
    }
    EXPECT_LT(peak.growth(), room);
    EXPECT_LT(testing::heap_in_use(), at_first + 200'000);
    EXPECT_GE(fixture.started(), 4);
}

}  // namespace
}  // namespace images
