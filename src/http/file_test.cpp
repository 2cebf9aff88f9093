// Files as results: heads, ranges and conditions, and what is read of them.

#include "http/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "async/blocking_pool.h"
#include "http/errors.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/conditional.h"
#include "http/middleware/errors.h"
#include "http/middleware/problems.h"
#include "http/server_for_test.h"

namespace http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr const char* changed_text = "Sun, 22 Nov 2026 06:14:03 GMT";
const base::Timestamp changed_at = *base::parse_http_date(changed_text);

// A store far away, which counts what it is asked.
struct Store {
    std::atomic<int> opened = 0;
    std::atomic<std::uint64_t> sent = 0;
    bool is_away = false;
};

constexpr std::uint64_t endless_size = std::uint64_t{1} << 33;  // 8 GiB

struct Zeros {
    Store* store;
    std::uint64_t left;
    async::Task<void> operator()(BodyWriter& out) {
        const std::string piece(65'536, '0');
        while (left > 0) {
            const auto size = std::min<std::uint64_t>(left, piece.size());
            if (!co_await out.write(std::string_view(piece).substr(0, size))) co_return;
            store->sent += size;
            left -= size;
        }
    }
};
struct Download {
    Store* store;
    std::uint64_t missing = 0;
    async::Task<StreamBody> operator()(ByteRange range) {
        ++store->opened;
        if (store->is_away) throw base::Failure(errors::overloaded);
        co_return Zeros{store, range.length - missing};
    }
};

async::Task<File<"text/plain">> text() {
    co_return File<"text/plain">{
        .content = std::string("let a = 1;"), .name = "notes.txt", .tag = "v1", .changed = changed_at};
}
async::Task<File<"image/*">> picture() {
    co_return File<"image/*">{.content = std::string("PNG"), .shown = true, .type = "image/png"};
}
async::Task<File<"image/*">> of_no_type() { co_return File<"image/*">{.content = std::string("PNG")}; }
async::Task<File<>> of_bad_tag() { co_return File<>{.content = std::string("x"), .tag = "a\"b"}; }
async::Task<File<>> far(Service<Store> store) {
    co_return File<>{.content = {100'000, Download{&*store}}, .tag = "abc"};
}
async::Task<File<>> endless(Service<Store> store) { co_return File<>{.content = {endless_size, Download{&*store}}}; }
async::Task<File<>> cut_off(Service<Store> store) { co_return File<>{.content = {100'000, Download{&*store, 1}}}; }

void add_routes(Router& router) {
    Routes routes(router.group("", {problems(), conditional_get()}), "test");
    routes.get("/text", text);
    routes.get("/picture", picture);
    routes.get("/of-no-type", of_no_type);
    routes.get("/of-bad-tag", of_bad_tag);
    routes.get("/far", far);
    routes.get("/endless", endless);
    routes.get("/cut-off", cut_off);
}

class FileTest : public testing::Test {
protected:
    FileTest() {
        chain.services.add(store);
        add_routes(router);
    }
    InjectedResponse get(std::string target, Fields headers = {}, Method method = Method::get) {
        return chain.run({}, router.handler(), {.method = method, .target = std::move(target), .headers = headers});
    }

    Store store;
    ChainForTest chain;
    Router router;
};

TEST_F(FileTest, IsSentWithItsHead) {
    const auto reply = get("/text");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "let a = 1;");
    EXPECT_EQ(reply.header("Content-Type"), "text/plain");
    EXPECT_EQ(reply.header("Content-Disposition"), R"(attachment; filename="notes.txt")");
    EXPECT_EQ(reply.header("ETag"), "\"v1\"");
    EXPECT_EQ(reply.header("Last-Modified"), changed_text);
    EXPECT_EQ(reply.header("Accept-Ranges"), "bytes");
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.header("Content-Security-Policy"), "sandbox");
    const auto picture = get("/picture");
    EXPECT_EQ(picture.header("Content-Type"), "image/png");
    EXPECT_EQ(picture.header("Content-Disposition"), "inline");
    EXPECT_FALSE(picture.header("ETag"));
    EXPECT_EQ(get("/text?version=1").status, 422) << "a parameter that nobody declared";
}

TEST_F(FileTest, RangesAndConditions) {
    struct Case {
        Fields headers;
        int status;
        const char* body;
        std::optional<std::string> content_range = std::nullopt;
    };
    const std::vector<Case> cases{
        {{{"Range", "bytes=0-2"}}, 206, "let", "bytes 0-2/10"},
        {{{"Range", "bytes=-3"}}, 206, " 1;", "bytes 7-9/10"},
        {{{"Range", "bytes=0-9"}}, 206, "let a = 1;", "bytes 0-9/10"},
        {{{"Range", "bytes=10-"}}, 416, nullptr, "bytes */10"},
        // Of several, one that lies within the file; overlapping ones, too many, one that is none: the whole.
        {{{"Range", "bytes=0-2, 20-30"}}, 206, "let", "bytes 0-2/10"},
        {{{"Range", "bytes=20-30,10-"}}, 416, nullptr, "bytes */10"},
        {{{"Range", "bytes=0-4,3-6"}}, 200, "let a = 1;"},
        {{{"Range", "bytes=0-,-1"}}, 200, "let a = 1;"},
        {{{"Range", "bytes=0-1,x"}}, 200, "let a = 1;"},
        {{{"Range", "bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,-0,-0,-0,-0,-0,-0,-0"}}, 200, "let a = 1;"},
        {{{"Range", "bytes=0-1,3-4"}, {"If-Range", "\"v0\""}}, 200, "let a = 1;"},
        {{{"Range", "bytes=4-"}, {"If-Range", "\"v1\""}}, 206, "a = 1;", "bytes 4-9/10"},
        {{{"Range", "bytes=4-"}, {"If-Range", "\"v0\""}}, 200, "let a = 1;"},
        {{{"Range", "bytes=4-"}, {"If-Range", "W/\"v1\""}}, 200, "let a = 1;"},
        {{{"Range", "bytes=4-"}, {"If-Range", changed_text}}, 206, "a = 1;", "bytes 4-9/10"},
        {{{"Range", "bytes=4-"}, {"If-Range", "Sun, 22 Nov 2026 06:14:02 GMT"}}, 200, "let a = 1;"},
        {{{"If-None-Match", "\"v1\""}}, 304, ""},
        {{{"If-None-Match", "\"v1\""}, {"Range", "bytes=0-2"}}, 304, ""},
        {{{"If-None-Match", "\"v0\""}}, 200, "let a = 1;"},
        {{{"If-Modified-Since", changed_text}}, 304, ""},
        {{{"If-Match", "\"v1\""}, {"Range", "bytes=0-2"}}, 206, "let", "bytes 0-2/10"},
        {{{"If-Match", "\"v0\""}, {"Range", "bytes=0-2"}}, 412, nullptr},
        {{{"If-Unmodified-Since", "Sun, 22 Nov 2026 06:14:02 GMT"}, {"Range", "bytes=0-2"}}, 412, nullptr},
    };
    for (const auto& test : cases) {
        const auto reply = get("/text", test.headers);
        const auto name = test.headers.front().second;
        EXPECT_EQ(reply.status, test.status) << name;
        if (test.status < 400 || test.status == 416)
            EXPECT_EQ(reply.header("Content-Range"), test.content_range) << name;
        if (test.body != nullptr) EXPECT_EQ(reply.body, test.body) << name;
        if (test.status == 304) EXPECT_EQ(reply.header("ETag"), "\"v1\"") << name;
        if (test.status >= 400) EXPECT_FALSE(reply.header("Content-Disposition")) << name;
    }
}

// The parts of a multipart/byteranges reply, as text; its boundary becomes "B".
std::string parts_of(const InjectedResponse& reply) {
    const std::string type(reply.header("Content-Type").value_or(""));
    constexpr std::string_view begin = "multipart/byteranges; boundary=";
    EXPECT_TRUE(type.starts_with(begin)) << type;
    EXPECT_EQ(reply.header("Content-Length"), std::to_string(reply.body.size()));
    EXPECT_TRUE(reply.complete);
    const auto boundary = type.substr(begin.size());
    std::string text = reply.body;
    for (auto at = text.find(boundary); at != std::string::npos; at = text.find(boundary))
        text.replace(at, boundary.size(), "B");
    return text;
}

TEST_F(FileTest, SeveralRangesAreParts) {
    const auto reply = get("/text", {{"Range", "bytes=8-,0-2"}});
    EXPECT_EQ(reply.status, 206);
    EXPECT_FALSE(reply.header("Content-Range"));
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(parts_of(reply),
              "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n1;"
              "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-2/10\r\n\r\nlet\r\n--B--\r\n");
    EXPECT_NE(get("/text", {{"Range", "bytes=8-,0-2"}}).header("Content-Type"), reply.header("Content-Type"));
    // Elsewhere: one after the other.
    const auto far = parts_of(get("/far", {{"Range", "bytes=0-9,99990-"}}));
    EXPECT_TRUE(far.contains("Content-Range: bytes 0-9/100000\r\n\r\n0000000000\r\n--B")) << far;
    EXPECT_TRUE(far.contains("Content-Range: bytes 99990-99999/100000\r\n\r\n0000000000\r\n--B--")) << far;
    EXPECT_EQ(store.opened, 2);
    EXPECT_EQ(store.sent, 20U);
    store.is_away = true;
    EXPECT_EQ(get("/far", {{"Range", "bytes=0-9,99990-"}}).status, 503);
}

TEST_F(FileTest, WhatIsElsewhereIsAskedForTheBytesThatAreWanted) {
    EXPECT_EQ(get("/far").body, std::string(100'000, '0'));
    EXPECT_EQ(store.opened, 1);
    const auto part = get("/far", {{"Range", "bytes=99990-"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "0000000000");
    EXPECT_EQ(store.opened, 2);
    EXPECT_EQ(store.sent, 100'010U);
    // Neither for a head, nor for what the client has.
    const auto head = get("/far", {}, Method::head);
    EXPECT_EQ(head.header("Content-Length"), "100000");
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(get("/far", {{"If-None-Match", "\"abc\""}}).status, 304);
    EXPECT_EQ(get("/far", {{"Range", "bytes=100000-"}}).status, 416);
    EXPECT_EQ(store.opened, 2);
}

TEST_F(FileTest, WhatFailsBeforeTheHeadIsAProblem) {
    store.is_away = true;
    const auto reply = get("/far", {{"Range", "bytes=0-2"}});
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.body.contains("http.overloaded")) << reply.body;
    EXPECT_FALSE(reply.header("Content-Range"));
    store.is_away = false;
    EXPECT_FALSE(get("/cut-off").complete);
}

TEST_F(FileTest, MistakesOfItsHandlerAreOurs) {
    EXPECT_EQ(get("/of-no-type").status, 500);
    EXPECT_EQ(get("/of-bad-tag").status, 500);
}

TEST_F(FileTest, IsDescribed) {
    for (const auto& route : router.routes()) {
        if (route.pattern != "/picture") continue;
        std::vector<std::uint16_t> statuses;
        for (const auto& reply : route.operation->replies) {
            statuses.push_back(reply.status);
            if (reply.status != 304) EXPECT_EQ(reply.media_type, "image/*");
        }
        EXPECT_EQ(statuses, (std::vector<std::uint16_t>{200, 206, 304}));
        EXPECT_EQ(std::ranges::count(route.operation->errors, errors::range_not_satisfiable), 1);
    }
}

// ---- On disk -------------------------------------------------------------------------------------------------------

struct Uploads {
    explicit Uploads(const std::string& directory) : reader(directory) {}
    FileReader reader;
    async::BlockingPool pool{{.threads = 1, .queue_limit = 8}};
};

async::Task<File<>> upload(Context& context, Path<"name", std::string> name, Service<Uploads> uploads) {
    auto found = co_await async::offload(context.loop(), uploads->pool,
                                         [&uploads, path = *name] { return uploads->reader.open(path); });
    if (found.kind != FileReader::Kind::file) throw base::Failure(errors::row_not_found);
    co_return File<>{.content = {uploads->pool, std::move(found)}, .name = *name};
}

class FileOnDiskTest : public FileTest {
protected:
    FileOnDiskTest() {
        chain.services.add(uploads);
        Routes(router.group("", {problems(), conditional_get()}), "test").get("/uploads/{name}", upload);
    }
    ~FileOnDiskTest() override {
        uploads.pool.stop();
        std::filesystem::remove_all(directory);
    }
    static std::string make_directory() {
        std::string pattern = std::filesystem::temp_directory_path() / "file-test-XXXXXX";
        return mkdtemp(pattern.data());
    }
    void write(const std::string& name, std::string_view bytes) const {
        std::ofstream(std::filesystem::path(directory) / name, std::ios::binary) << bytes;
    }

    std::string directory = make_directory();
    Uploads uploads{directory};
};

TEST_F(FileOnDiskTest, IsReadInPieces) {
    std::string bytes(1'000'003, 'x');
    bytes.back() = 'y';
    write("large.bin", bytes);
    const auto whole = get("/uploads/large.bin");
    EXPECT_TRUE(whole.complete);
    EXPECT_TRUE(whole.body == bytes);
    EXPECT_EQ(whole.header("Content-Length"), "1000003");
    EXPECT_EQ(whole.header("Content-Disposition"), R"(attachment; filename="large.bin")");
    const auto part = get("/uploads/large.bin", {{"Range", "bytes=300000-"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_TRUE(part.body == bytes.substr(300'000));
    const auto several = parts_of(get("/uploads/large.bin", {{"Range", "bytes=1000000-,0-3"}}));
    EXPECT_TRUE(several.contains("Content-Range: bytes 1000000-1000002/1000003\r\n\r\nxxy\r\n--B")) << several;
    EXPECT_TRUE(several.contains("Content-Range: bytes 0-3/1000003\r\n\r\nxxxx\r\n--B--")) << several;
    EXPECT_EQ(get("/uploads/none.bin").status, 404);
    write("empty.bin", "");
    EXPECT_EQ(get("/uploads/empty.bin").header("Content-Length"), "0");
}

TEST_F(FileOnDiskTest, ItsTagAndTimeAreThoseOfTheFile) {
    write("a.txt", "one");
    const auto first = get("/uploads/a.txt");
    const std::string tag(*first.header("ETag"));
    EXPECT_EQ(get("/uploads/a.txt", {{"If-None-Match", tag}}).status, 304);
    EXPECT_EQ(get("/uploads/a.txt", {{"If-Modified-Since", std::string(*first.header("Last-Modified"))}}).status, 304);
    EXPECT_EQ(get("/uploads/a.txt", {{"If-Range", tag}, {"Range", "bytes=1-"}}).body, "ne");
    write("a.txt", "three");
    EXPECT_EQ(get("/uploads/a.txt", {{"If-None-Match", tag}}).status, 200);
    EXPECT_EQ(get("/uploads/a.txt", {{"If-Range", tag}, {"Range", "bytes=1-"}}).body, "three");
}

// ---- Over the wire -------------------------------------------------------------------------------------------------

class FileOnTheWireTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        services.add(store);
        add_routes(router);
        start();
    }
    Store store;
};

TEST_F(FileOnTheWireTest, IsReadNoFasterThanItIsTaken) {
    Client client(port);
    client.send(get("/endless"));
    std::string head;
    while (!head.contains("\r\n\r\n") && client.read_more(head)) {}
    EXPECT_TRUE(head.contains("Content-Length: 8589934592\r\n"));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
    // What the kernels of both ends take of a client that reads nothing, and no more.
    EXPECT_LT(store.sent, endless_size / 8);
    client.abort();
}

TEST_F(FileOnTheWireTest, FewerBytesThanAnnouncedAreNoWholeFile) {
    const auto reply = exchange(get("/cut-off") + get("/health"));
    EXPECT_TRUE(reply.contains("Content-Length: 100000\r\n"));
    EXPECT_FALSE(reply.ends_with("ok")) << "the connection is cut";
}

TEST_F(FileOnTheWireTest, HeadHasTheHeadAlone) {
    const auto reply = exchange("HEAD /far HTTP/1.1\r\nHost: a\r\n\r\n" + get("/health"));
    EXPECT_TRUE(reply.contains("Content-Length: 100000\r\n")) << reply;
    EXPECT_TRUE(reply.ends_with("\r\n\r\nok"));
    EXPECT_EQ(count_of(reply, "\r\n\r\n"), 2U);
    EXPECT_EQ(store.opened, 0);
}

}  // namespace
}  // namespace http
