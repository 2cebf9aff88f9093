#include "log/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace logging {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class Pipe {
public:
    Pipe() {
        if (pipe2(ends_.data(), O_CLOEXEC) != 0) std::abort();
        fcntl(ends_[1], F_SETPIPE_SZ, 4096);
    }
    ~Pipe() {
        close_read();
        close_write();
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    [[nodiscard]] int write_end() const { return ends_[1]; }
    void close_write() { close_end(1); }
    void close_read() { close_end(0); }
    // All until end of file.
    std::string read_all() {
        std::string text;
        std::array<char, 4096> piece;
        for (ssize_t count = 0; (count = read(ends_[0], piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(count));
        return text;
    }

private:
    void close_end(std::size_t end) {
        if (ends_[end] >= 0) close(ends_[end]);
        ends_[end] = -1;
    }
    std::array<int, 2> ends_{-1, -1};
};

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

class TemporaryFile {
public:
    TemporaryFile() : descriptor_(memfd_create("log", MFD_CLOEXEC)) {}
    ~TemporaryFile() { close(descriptor_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] std::string text() const {
        std::string text(static_cast<std::size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
        EXPECT_EQ(pread(descriptor_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
        return text;
    }

private:
    int descriptor_;
};

TEST(AsyncSink, FlushWritesWhatWasLogged) {
    const TemporaryFile file;
    AsyncSink sink({.descriptor = file.descriptor(), .batch_delay = 10s});
    sink.write(Level::info, "one\n");
    sink.write(Level::info, "two\n");
    EXPECT_TRUE(sink.flush(5s));
    EXPECT_EQ(file.text(), "one\ntwo\n");
    EXPECT_TRUE(sink.flush(5s)) << "nothing to write";
}

TEST(AsyncSink, DestructorWritesTheRest) {
    const TemporaryFile file;
    {
        AsyncSink sink({.descriptor = file.descriptor(), .batch_delay = 10s});
        sink.write(Level::info, "last words\n");
    }
    EXPECT_EQ(file.text(), "last words\n");
}

TEST(AsyncSink, FatalIsWrittenBeforeTheCallReturns) {
    const TemporaryFile file;
    Log log({}, std::make_shared<AsyncSink>(AsyncSinkOptions{.descriptor = file.descriptor(), .batch_delay = 10s}));
    log.logger().fatal("cannot go on");
    EXPECT_THAT(file.text(), HasSubstr("cannot go on"));
}

TEST(AsyncSink, KeepsTheOrderOfEachThread) {
    constexpr int threads = 4;
    constexpr int lines_each = 20'000;
    const TemporaryFile file;
    {
        Log log({}, std::make_shared<AsyncSink>(
                        AsyncSinkOptions{.descriptor = file.descriptor(), .capacity_bytes = 64 * 1024 * 1024}));
        std::vector<std::thread> producers;
        for (int producer = 0; producer < threads; ++producer) {
            producers.emplace_back([logger = log.logger(), producer] {
                for (int number = 0; number < lines_each; ++number)
                    logger.info("m", {{"producer", producer}, {"number", number}});
            });
        }
        for (std::thread& producer : producers) producer.join();
        EXPECT_EQ(log.dropped().lines, 0U);
    }
    std::map<int, int> next;
    for (const std::string& line : split(file.text())) {
        int producer = 0;
        int number = 0;
        const auto at = line.find("\"producer\":");
        ASSERT_NE(at, std::string::npos);
        ASSERT_EQ(std::sscanf(line.c_str() + at, "\"producer\":%d,\"number\":%d", &producer, &number), 2) << line;
        ASSERT_EQ(number, next[producer]++);
    }
    EXPECT_EQ(next, (std::map<int, int>{{0, lines_each}, {1, lines_each}, {2, lines_each}, {3, lines_each}}));
}

std::uint64_t sum_of(const std::vector<std::string>& lines, const std::string& member) {
    std::uint64_t sum = 0;
    for (const std::string& line : lines) {
        const auto at = line.find('"' + member + "\":");
        if (at != std::string::npos) sum += std::stoull(line.substr(at + member.size() + 3));
    }
    return sum;
}

AsyncSinkOptions small(const Pipe& pipe) {
    return {.descriptor = pipe.write_end(), .capacity_bytes = 8192, .error_patience = 1ms, .batch_delay = 0ms};
}

// A pipe that nobody reads: 4 kB go into it, a batch hangs in write(2), then the buffer fills.
TEST(AsyncSink, CountsAndReportsWhatDoesNotFit) {
    Pipe pipe;
    constexpr std::size_t total = 400;
    std::uint64_t dropped = 0;
    std::string text;
    std::thread reader;
    {
        Log log({}, std::make_shared<AsyncSink>(small(pipe)));
        pipe.close_write();  // the sink has its own
        const Logger logger = log.logger();
        for (std::size_t number = 0; number < total; ++number) logger.info("filler", {{"number", number}});
        EXPECT_GT(log.dropped().lines, 0U);
        logger.error("still fits into what is kept for errors");
        EXPECT_EQ(log.dropped().errors, 0U);
        reader = std::thread([&] { text = pipe.read_all(); });
        EXPECT_TRUE(log.flush(5s));
        logger.info("after");
        dropped = log.dropped().lines;
    }
    reader.join();
    const std::vector<std::string> lines = split(text);
    EXPECT_THAT(text, HasSubstr("still fits"));
    EXPECT_THAT(lines.back(), HasSubstr("after"));
    EXPECT_EQ(sum_of(lines, "dropped"), dropped);
    const auto fillers = static_cast<std::size_t>(
        std::ranges::count_if(lines, [](const std::string& line) { return line.contains("filler"); }));
    EXPECT_EQ(fillers + dropped, total);
}

TEST(AsyncSink, ErrorsWaitOnceThenAreCounted) {
    Pipe pipe;
    std::string text;
    std::thread reader;
    {
        AsyncSinkOptions options = small(pipe);
        options.error_patience = 30ms;
        Log log({}, std::make_shared<AsyncSink>(options));
        pipe.close_write();
        const Logger logger = log.logger();
        const auto start = std::chrono::steady_clock::now();
        while (log.dropped().errors < 100) logger.error("disk on fire");
        // Had each of the hundred waited, this would take three seconds.
        EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms);
        reader = std::thread([&] { text = pipe.read_all(); });
        EXPECT_TRUE(log.flush(5s));
    }
    reader.join();
    EXPECT_EQ(sum_of(split(text), "droppedErrors"), 100U);
}

TEST(AsyncSink, ErrorsGetTheRoomThatReturns) {
    Pipe pipe;
    std::string text;
    std::thread reader([&] { text = pipe.read_all(); });
    {
        AsyncSinkOptions options = small(pipe);
        options.error_patience = 10s;
        Log log({}, std::make_shared<AsyncSink>(options));
        pipe.close_write();
        for (int number = 0; number < 2000; ++number) log.logger().error("kept", {{"number", number}});
        EXPECT_EQ(log.dropped().lines, 0U);
    }
    reader.join();
    EXPECT_EQ(split(text).size(), 2000U);
}

TEST(AsyncSink, SurvivesAReaderThatWentAway) {
    Pipe pipe;
    Log log({}, std::make_shared<AsyncSink>(small(pipe)));
    pipe.close_read();
    log.logger().info("to nobody");
    EXPECT_TRUE(log.flush(5s));
    EXPECT_EQ(log.dropped().lines, 1U);
}

TEST(AsyncSink, GivesUpOnADescriptorThatNeverDrains) {
    Pipe pipe;
    const auto start = std::chrono::steady_clock::now();
    {
        AsyncSinkOptions options = small(pipe);
        options.close_deadline = 50ms;
        AsyncSink sink(options);
        for (int number = 0; number < 100; ++number) sink.write(Level::info, std::string(199, 'x') + "\n");
        EXPECT_FALSE(sink.flush(10ms));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    // Closing the pipe (EPIPE) lets the writer that was left behind end.
}

TEST(AsyncSink, RefusesABadDescriptor) { EXPECT_THROW(AsyncSink({.descriptor = 9999}), std::system_error); }

}  // namespace
}  // namespace logging
