#include "storage/local_store.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "storage/local_files.h"

namespace storage {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

async::Task<std::string> thrown_piece() {
    throw std::runtime_error("the sender has gone");
    co_return std::string();
}

class LocalStoreTest : public ::testing::Test {
protected:
    LocalStoreTest() {
        auto pattern = (fs::temp_directory_path() / "local-store-XXXXXX").string();
        root = fs::path(::mkdtemp(pattern.data())) / "files";
        store = std::make_unique<LocalStore>(
            LocalParts{.loop = loop,
                       .pool = pool,
                       .clock = base::system_clock(),
                       .random = random,
                       .urls = {.base_url = "http://127.0.0.1/v1/storage", .secret = "secret"}},
            root);
    }
    ~LocalStoreTest() override {
        std::error_code ignored;
        fs::remove_all(root.parent_path(), ignored);
    }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop, std::move(task));
    }
    static async::SteadyTime soon() { return async::Loop::now() + 20s; }

    Result<Stored> put(const std::string& key, std::string bytes, Put more = {}) {
        more.key = key;
        more.source = source_of(std::move(bytes));
        return run(store->put(std::move(more), soon()));
    }
    // The whole, or the fault's name.
    std::string read(const std::string& key, std::optional<Range> range = {}) { return run(read_all(key, range)); }
    async::Task<std::string> read_all(std::string key, std::optional<Range> range) {
        auto object = co_await store->get({.key = std::move(key), .range = range}, soon());
        if (!object) co_return std::string(to_string(object.error().fault));
        std::string all;
        for (;;) {
            auto piece = co_await object->read();
            if (!piece) co_return std::string(to_string(piece.error().fault));
            if (piece->empty()) co_return all;
            all += *piece;
        }
    }
    [[nodiscard]] std::size_t drafts() const {
        std::error_code none;
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(root / ".part", none), {}));
    }

    async::Loop loop;
    async::BlockingPool pool{{.threads = 2, .queue_limit = 64}};
    base::SecureRandom random;
    fs::path root;
    std::unique_ptr<LocalStore> store;
};

TEST_F(LocalStoreTest, WhatIsPutIsThere) {
    const auto stored = put("t/1/a.jpg", "hello", {.content_type = "image/jpeg", .cache_control = "private"});
    ASSERT_TRUE(stored) << stored.error().detail;
    EXPECT_EQ(stored->size, 5U);
    EXPECT_EQ(stored->sha256, base::sha256("hello"));
    EXPECT_EQ(read("t/1/a.jpg"), "hello");
    const auto info = run(store->head("t/1/a.jpg", soon()));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->etag, stored->etag);
    EXPECT_EQ(info->size, 5U);
    EXPECT_EQ(info->content_type, "image/jpeg");
    EXPECT_EQ(info->cache_control, "private");
    EXPECT_EQ(info->sha256, stored->sha256);
    EXPECT_EQ(drafts(), 0U);
}

TEST_F(LocalStoreTest, Ranges) {
    ASSERT_TRUE(put("a", "0123456789"));
    EXPECT_EQ(read("a", Range{.first = 0, .last = 0}), "0");
    EXPECT_EQ(read("a", Range{.first = 2, .last = 4}), "234");
    EXPECT_EQ(read("a", Range{.first = 8}), "89");
    EXPECT_EQ(read("a", Range{.first = 8, .last = 1'000}), "89");
    EXPECT_EQ(read("a", Range{.first = 10}), "bad_range");
    EXPECT_EQ(read("a", Range{.first = 4, .last = 2}), "bad_range");
    ASSERT_TRUE(put("empty", ""));
    EXPECT_EQ(read("empty"), "");
    EXPECT_EQ(read("empty", Range{.first = 0}), "bad_range");
}

TEST_F(LocalStoreTest, LargeFilesComePieceByPiece) {
    std::string bytes(5'000'017, '\0');
    base::SeededRandom seeded(7);
    seeded.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    ASSERT_TRUE(put("large", bytes, {.length = bytes.size()}));
    EXPECT_EQ(read("large"), bytes);
    EXPECT_EQ(read("large", Range{.first = 1'000'000, .last = 3'999'999}), bytes.substr(1'000'000, 3'000'000));
}

TEST_F(LocalStoreTest, AKeyMayBeginAnotherOne) {
    for (const std::string key : {"a", "a/b", "a.dir/b", "a.file", "a.file/b", "a/b/c"})
        ASSERT_TRUE(put(key, key)) << key;
    for (const std::string key : {"a", "a/b", "a.dir/b", "a.file", "a.file/b", "a/b/c"}) EXPECT_EQ(read(key), key);
}

TEST_F(LocalStoreTest, NoKeyLeavesTheDirectory) {
    for (const std::string key : {"../a", "a/../../b", "/etc/passwd", ".part/x", ""}) {
        EXPECT_EQ(put(key, "x").error().fault, Fault::bad_key) << key;
        EXPECT_EQ(read(key), "bad_key");
        EXPECT_EQ(run(store->remove(key, soon())).error().fault, Fault::bad_key);
        EXPECT_EQ(run(store->head(key, soon())).error().fault, Fault::bad_key);
        EXPECT_EQ(run(store->copy({.from = "a", .to = key}, soon())).error().fault, Fault::bad_key);
    }
    ASSERT_TRUE(put("a", "x"));
    fs::create_symlink("/etc/passwd", root / "link.file");
    EXPECT_EQ(read("link"), "corrupt");
}

TEST_F(LocalStoreTest, WhatTheSourceGivesAgainstItsWordIsNotStored) {
    ASSERT_TRUE(put("a", "old"));
    EXPECT_EQ(put("a", "12345", {.length = 4}).error().fault, Fault::wrong_length);
    EXPECT_EQ(put("a", "12345", {.length = 6}).error().fault, Fault::wrong_length);
    EXPECT_EQ(put("a", "12345", {.max_bytes = 4}).error().fault, Fault::too_large);
    EXPECT_EQ(put("a", "12345", {.length = 5, .max_bytes = 4}).error().fault, Fault::too_large);
    EXPECT_EQ(put("a", "12345", {.sha256 = base::sha256("1234")}).error().fault, Fault::wrong_hash);
    EXPECT_EQ(put("a", "12345", {.content_type = "a\nb"}).error().fault, Fault::bad_value);
    EXPECT_THROW(run(store->put({.key = "a", .source = [] { return thrown_piece(); }}, soon())), std::runtime_error);
    EXPECT_EQ(read("a"), "old");
    EXPECT_EQ(drafts(), 0U);
    ASSERT_TRUE(put("a", "12345", {.length = 5, .sha256 = base::sha256("12345")}));
}

TEST_F(LocalStoreTest, OnlyIfAbsent) {
    ASSERT_TRUE(put("a/b", "1", {.only_if_absent = true}));
    EXPECT_EQ(put("a/b", "2", {.only_if_absent = true}).error().fault, Fault::precondition_failed);
    EXPECT_EQ(read("a/b"), "1");
    EXPECT_EQ(drafts(), 0U);
}

TEST_F(LocalStoreTest, ACopyIsOfTheObjectThatWasLookedAt) {
    const auto seen = put("pending/1", "good", {.content_type = "image/png"});
    ASSERT_TRUE(put("pending/1", "swapped"));
    const auto refused = run(store->copy({.from = "pending/1", .to = "final", .if_match = seen->etag}, soon()));
    EXPECT_EQ(refused.error().fault, Fault::precondition_failed);
    EXPECT_EQ(read("final"), "not_found");

    ASSERT_TRUE(put("pending/1", "good", {.content_type = "image/png"}));
    const auto copied = run(store->copy({.from = "pending/1", .to = "final", .if_match = seen->etag}, soon()));
    ASSERT_TRUE(copied) << copied.error().detail;
    EXPECT_EQ(copied->content_type, "image/png");
    EXPECT_EQ(copied->sha256, base::sha256("good"));
    ASSERT_TRUE(put("pending/1", "swapped"));
    EXPECT_EQ(read("final"), "good");
    const auto other = run(store->copy(
        {.from = "final", .to = "final2", .content_type = "text/plain", .cache_control = "no-store"}, soon()));
    EXPECT_EQ(other->content_type, "text/plain");
    EXPECT_EQ(other->cache_control, "no-store");
    EXPECT_EQ(run(store->copy({.from = "none", .to = "x"}, soon())).error().fault, Fault::not_found);
}

TEST_F(LocalStoreTest, Removing) {
    ASSERT_TRUE(put("a/b/c", "1"));
    ASSERT_TRUE(put("a/d", "1"));
    EXPECT_TRUE(run(store->remove("a/b/c", soon())));
    EXPECT_TRUE(run(store->remove("a/b/c", soon())));
    EXPECT_TRUE(run(store->remove("never/was", soon())));
    EXPECT_EQ(read("a/b/c"), "not_found");
    EXPECT_EQ(read("a/d"), "1");
    EXPECT_FALSE(fs::exists(root / "a.dir/b.dir"));
    ASSERT_TRUE(put("a/b/c", "2"));
}

TEST_F(LocalStoreTest, ListsInTheOrderOfBytes) {
    std::vector<std::string> keys{"a", "a-", "a/b", "a/c/d", "a0", "b/1", "t/1/x", "t/10/x", "é"};
    for (const auto& key : keys) ASSERT_TRUE(put(key, "x"));
    std::ranges::sort(keys);
    for (const std::size_t limit : {1U, 2U, 3U, 1'000U}) {
        std::vector<std::string> seen;
        List list{.limit = limit};
        for (;;) {
            const auto page = run(store->list(list, soon()));
            ASSERT_TRUE(page);
            for (const auto& object : page->objects) seen.push_back(object.key);
            list.after = page->next;
            if (list.after.empty()) break;
        }
        EXPECT_EQ(seen, keys) << limit;
    }
    const auto page = run(store->list({.prefix = "t/1"}, soon()));
    EXPECT_EQ(page->objects.size(), 2U);
    EXPECT_EQ(run(store->list({.prefix = "t/1/"}, soon()))->objects.size(), 1U);
    EXPECT_EQ(run(store->list({.prefix = "none"}, soon()))->objects.size(), 0U);
    EXPECT_EQ(run(store->list({.limit = 0}, soon())).error().fault, Fault::bad_value);
}

TEST_F(LocalStoreTest, DamageIsFound) {
    ASSERT_TRUE(put("a", "0123456789"));
    const auto path = root / "a.file";
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(4'096 + 3) << 'X';
    EXPECT_EQ(read("a"), "corrupt");
    EXPECT_EQ(run(store->copy({.from = "a", .to = "b"}, soon())).error().fault, Fault::corrupt);
    fs::resize_file(path, 4'096 + 9);
    EXPECT_EQ(read("a"), "corrupt");
    fs::resize_file(path, 100);
    EXPECT_EQ(read("a"), "corrupt");
    ASSERT_TRUE(put("b", "x"));
    EXPECT_EQ(run(store->list({}, soon()))->objects.size(), 2U);
    ASSERT_TRUE(put("a", "new"));
    EXPECT_EQ(read("a"), "new");
}

TEST_F(LocalStoreTest, AnObjectThatIsReadStaysWhileAnotherOneIsPut) {
    ASSERT_TRUE(put("a", std::string(1'000'000, 'a')));
    auto object = run(store->get({.key = "a"}, soon()));
    ASSERT_TRUE(object);
    ASSERT_TRUE(put("a", "b"));
    std::string all;
    for (;;) {
        const auto piece = run(object->read());
        ASSERT_TRUE(piece);
        if (piece->empty()) break;
        all += *piece;
    }
    EXPECT_EQ(all, std::string(1'000'000, 'a'));
}

TEST_F(LocalStoreTest, OldDraftsGo) {
    fs::create_directories(root / ".part");
    std::ofstream(root / ".part/old") << "x";
    std::ofstream(root / ".part/new") << "x";
    fs::last_write_time(root / ".part/old", fs::file_time_type::clock::now() - 25h);
    ASSERT_TRUE(put("a", "x"));
    EXPECT_FALSE(fs::exists(root / ".part/old"));
    EXPECT_TRUE(fs::exists(root / ".part/new"));
}

TEST_F(LocalStoreTest, NoTimeLeft) {
    EXPECT_EQ(run(store->head("a", async::Loop::now() - 1s)).error().fault, Fault::unavailable);
}

// A full disk says so at write(), at fsync(), or at once where the length is known. /dev/full is one; a file that may not grow
// is another.
TEST(LocalFiles, WhatTheSystemSays) {
    const Descriptor full(::open("/dev/full", O_WRONLY));
    ASSERT_TRUE(full);
    EXPECT_LT(::write(full.get(), "x", 1), 0);
    EXPECT_EQ(error_of(errno, "write").fault, Fault::disk_full);
    EXPECT_EQ(error_of(ENOSPC, "write").provider_code, "ENOSPC");
    EXPECT_EQ(error_of(EDQUOT, "write").fault, Fault::disk_full);
    EXPECT_EQ(error_of(EROFS, "open").fault, Fault::denied);
    EXPECT_EQ(error_of(ENOENT, "open").fault, Fault::not_found);
    EXPECT_EQ(error_of(EIO, "read").fault, Fault::unavailable);
}

// What is wrong with the directory is the operator's to mend: the client tries again, and is not told that its file is not there.
TEST_F(LocalStoreTest, ADirectoryThatCannotBeWrittenIsNoFaultOfTheClient) {
    const auto fault_of = [](const auto& result) {
        return result ? "none" : std::string(to_string(result.error().fault)) + " " + result.error().provider_code;
    };
    EXPECT_EQ(fault_of(run(store->can_write(soon()))), "none");
    fs::remove_all(root);
    std::ofstream(root) << "a file";
    EXPECT_EQ(fault_of(put("a", "x")), "unavailable ENOTDIR");
    EXPECT_EQ(fault_of(run(store->can_write(soon()))), "unavailable ENOTDIR");
    fs::remove(root);
    fs::create_symlink("/proc/none", root);  // where nobody makes a directory
    EXPECT_THAT(fault_of(put("a", "x")), ::testing::StartsWith("unavailable E"));
    EXPECT_THAT(fault_of(run(store->can_write(soon()))), ::testing::StartsWith("unavailable E"));
}

TEST_F(LocalStoreTest, AFileThatMayNotGrowIsRefusedAndLeavesNothing) {
    ASSERT_TRUE(put("a", "old"));
    struct rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small{.rlim_cur = 64U << 10, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto unknown = put("a", std::string(200'000, 'x'));
    const auto known = put("a", std::string(200'000, 'x'), {.length = 200'000});
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(unknown.error().fault, Fault::disk_full);
    EXPECT_EQ(known.error().fault, Fault::disk_full);
    EXPECT_EQ(read("a"), "old");
    EXPECT_EQ(drafts(), 0U);
}

}  // namespace
}  // namespace storage
