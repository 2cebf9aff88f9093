// What lies in the directory at each step: pieces, and the room that is kept.

#include "uploads/disk_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <system_error>
#include <thread>

#include "async/blocking_pool.h"
#include "base/failure.h"

namespace uploads {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

constexpr std::uint64_t megabyte = 1 << 20;
const base::Uuid upload_id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");

class DiskPiecesTest : public testing::Test {
protected:
    ~DiskPiecesTest() override {
        loop.post([this] { loop.stop(); });
        thread_.join();
        pool.stop();
        fs::remove_all(directory);
    }
    static std::string make_directory() {
        std::string pattern = fs::temp_directory_path() / "pieces-test-XXXXXX";
        return mkdtemp(pattern.data());
    }
    // Runs it to its end; throws what it throws.
    template <class T>
    T run(async::Task<T> task) {
        std::optional<T> result;
        run_task(keep(std::move(task), &result));
        return std::move(*result);
    }
    void run(async::Task<void> task) { run_task(std::move(task)); }

    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> names;
        const auto own = fs::path(directory) / upload_id.to_string();
        if (!fs::exists(own)) return names;
        for (const auto& entry : fs::directory_iterator(own))
            names.push_back(entry.path().filename().string() + " " + std::to_string(entry.file_size()));
        std::ranges::sort(names);
        return names;
    }

    std::string directory = make_directory();
    async::Loop loop;
    async::BlockingPool pool{{.threads = 1, .queue_limit = 4}};
    DiskPieces pieces{&pool, {.directory = directory, .keep_free = 1}};

private:
    template <class T>
    static async::Task<void> keep(async::Task<T> task, std::optional<T>* into) {
        into->emplace(co_await std::move(task));
    }
    void run_task(async::Task<void> task) {
        std::promise<void> done;
        loop.post([&] {
            async::start(std::move(task), [&](const std::exception_ptr& thrown) {
                if (thrown) return done.set_exception(thrown);
                done.set_value();
            });
        });
        done.get_future().get();
    }

    std::thread thread_{[this] {
        loop.keep_alive();
        loop.run();
    }};
};

TEST_F(DiskPiecesTest, TheRoomShrinksAsTheBytesCome) {
    run(pieces.reserve(&loop, upload_id, 10 * megabyte));
    EXPECT_THAT(files(), ElementsAre("room 10485760"));
    auto piece = run(pieces.open(&loop, {.id = upload_id, .fence = 1, .left = 10 * megabyte}));
    const std::string bytes(megabyte, 'a');
    run(piece->write(bytes));
    EXPECT_THAT(files(), ElementsAre("1 1048576", "room 6291456"));
    run(piece->sync());
    run(piece->write(bytes));
    run(piece->close(megabyte));  // the second one was never said to be there
    EXPECT_THAT(files(), ElementsAre("1 1048576", "room 9437184"));
    auto rest = run(pieces.open(&loop, {.id = upload_id, .fence = 2, .left = 9 * megabyte}));
    for (int i = 0; i < 9; ++i) run(rest->write(bytes));
    run(rest->sync());
    run(rest->close(9 * megabyte));
    EXPECT_THAT(files(), ElementsAre("1 1048576", "2 9437184", "room 0"));
    EXPECT_EQ(run(pieces.read(&loop, upload_id, 2, megabyte * 9 - 2, 100)), "aa");
    run(pieces.remove(&loop, upload_id));
    EXPECT_TRUE(fs::is_empty(directory));
    run(pieces.remove(&loop, upload_id));
}

TEST_F(DiskPiecesTest, WhatWasNotSyncedGoesWithItsWriter) {
    run(pieces.reserve(&loop, upload_id, 100));
    auto piece = run(pieces.open(&loop, {.id = upload_id, .fence = 7, .left = 100}));
    run(piece->write("abc"));
    piece.reset();
    EXPECT_THAT(files(), ElementsAre("room 100"));
    piece = run(pieces.open(&loop, {.id = upload_id, .fence = 8, .left = 100}));
    run(piece->write("abc"));
    run(piece->sync());
    run(piece->write("def"));
    piece.reset();
    EXPECT_THAT(files(), ElementsAre("8 3", "room 97"));
    EXPECT_THROW(static_cast<void>(run(pieces.open(&loop, {.id = upload_id, .fence = 8, .left = 97}))),
                 std::system_error);  // a fence is given once
}

TEST_F(DiskPiecesTest, NoPieceWithoutItsUpload) {
    EXPECT_THROW(static_cast<void>(run(pieces.open(&loop, {.id = upload_id, .fence = 1, .left = 1}))), base::Failure);
    EXPECT_TRUE(fs::is_empty(directory));
}

TEST_F(DiskPiecesTest, MoreThanTheDiskHasIsNotReserved) {
    DiskPieces full(&pool, {.directory = directory, .keep_free = std::uint64_t{1} << 60U});
    EXPECT_THROW(run(full.reserve(&loop, upload_id, 1)), base::Failure);
    EXPECT_TRUE(fs::is_empty(directory));
}

// As the disk is full for this process: at the creation, and in the middle of a piece.
TEST_F(DiskPiecesTest, AFullDiskHasItsCodeAndLeavesNothing) {
    const auto code_of = [](auto work) {
        try {
            work();
        } catch (const base::Failure& failure) {
            return std::string(failure.code().code);
        }
        return std::string("nothing was thrown");
    };
    run(pieces.reserve(&loop, upload_id, 100'000));
    auto piece = run(pieces.open(&loop, {.id = upload_id, .fence = 1, .left = 100'000}));
    const auto other = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a02");
    struct rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small{.rlim_cur = 20'000, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string bytes(50'000, 'x');
    const auto write = code_of([&] { run(piece->write(bytes)); });
    run(piece->close(0));
    const auto reserve = code_of([&] { run(pieces.reserve(&loop, other, 50'000)); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(write, "uploads.disk_full");
    EXPECT_EQ(reserve, "uploads.disk_full");
    EXPECT_FALSE(fs::exists(fs::path(directory) / other.to_string()));
    // There is room again: the same upload goes on.
    auto again = run(pieces.open(&loop, {.id = upload_id, .fence = 2, .left = 100'000}));
    run(again->write(bytes));
    run(again->sync());
    run(again->close(bytes.size()));
    EXPECT_EQ(run(pieces.read(&loop, upload_id, 2, 0, 60'000)), bytes);
}

TEST_F(DiskPiecesTest, ThePlaceHasAMarkAndTheYoungAreSpared) {
    EXPECT_EQ(run(pieces.mark(&loop)), std::nullopt);
    run(pieces.set_mark(&loop, "mine"));
    run(pieces.set_mark(&loop, "still mine"));
    EXPECT_EQ(run(pieces.mark(&loop)), "still mine");
    run(pieces.reserve(&loop, upload_id, 1));
    EXPECT_TRUE(run(pieces.list(&loop, std::chrono::hours(1))).empty());
    EXPECT_THAT(run(pieces.list(&loop, {})), ElementsAre(upload_id));
}

// Another request has completed the upload: its directory is gone.
TEST_F(DiskPiecesTest, LateBytesOfAnUploadThatIsOverAreNoFault) {
    run(pieces.reserve(&loop, upload_id, 100));
    auto piece = run(pieces.open(&loop, {.id = upload_id, .fence = 1, .left = 100}));
    run(piece->write("late"));
    run(pieces.remove(&loop, upload_id));
    EXPECT_THROW(run(piece->sync()), base::Failure);
}

TEST_F(DiskPiecesTest, WhatIsNoUploadIsNotListed) {
    fs::create_directory(fs::path(directory) / "lost+found");
    run(pieces.reserve(&loop, upload_id, 1));
    EXPECT_THAT(run(pieces.list(&loop, {})), ElementsAre(upload_id));
}

TEST_F(DiskPiecesTest, PiecesAreReadInTheirOrderAndOnlyWhole) {
    run(pieces.reserve(&loop, upload_id, 6));
    for (const std::int64_t fence : {5, 3}) {
        auto piece = run(pieces.open(&loop, {.id = upload_id, .fence = fence, .left = 6}));
        run(piece->write(fence == 3 ? "abcXX" : "defYY"));
        run(piece->sync());
        run(piece->close(5));
    }
    auto bytes = read_pieces(&loop, &pieces, upload_id,
                             {{.first = 3, .length = 3, .fence = 5}, {.first = 0, .length = 3, .fence = 3}});
    EXPECT_EQ(run(bytes()), "abc");
    EXPECT_EQ(run(bytes()), "def");
    EXPECT_EQ(run(bytes()), "");
    auto longer = read_pieces(&loop, &pieces, upload_id, {{.first = 0, .length = 6, .fence = 3}});
    EXPECT_THROW(static_cast<void>(run(longer())), std::runtime_error);
    EXPECT_THROW(static_cast<void>(read_pieces(&loop, &pieces, upload_id, {{.first = 1, .length = 3, .fence = 3}})),
                 std::logic_error);
}

}  // namespace
}  // namespace uploads
