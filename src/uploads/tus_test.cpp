// The protocol over sockets, with rows in memory and pieces in a directory: what clients do, and what links, disks and other
// requests do to them.

#include "uploads/tus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "async/blocking_pool.h"
#include "base/random.h"
#include "base/strings.h"
#include "http/middleware/body_decoding.h"
#include "http/middleware/problems.h"
#include "http/server_for_test.h"
#include "uploads/disk_pieces.h"
#include "uploads/memory_rows_for_test.h"

namespace uploads {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using http::Client;

struct Parts {
    tus::Options options{.most_bytes = 4 << 20, .commit_bytes = 64 << 10};
    std::string directory = make_directory();
    async::BlockingPool pool{{.threads = 2, .queue_limit = 64}};
    MemoryRows rows;
    std::unique_ptr<DiskPieces> pieces =
        std::make_unique<DiskPieces>(&pool, DiskPiecesOptions{.directory = directory, .keep_free = 1});

    [[nodiscard]] tus::To to() { return {&rows, pieces.get(), options}; }

    static std::string make_directory() {
        std::string pattern = fs::temp_directory_path() / "tus-test-XXXXXX";
        return mkdtemp(pattern.data());
    }
};

async::Task<tus::Created> create(tus::Creation creation, http::Service<Parts> setup) {
    base::SecureRandom random;
    return tus::create(std::move(creation), base::uuid_v4(random), setup->to());
}
async::Task<tus::Offset> show(http::Path<"id", base::Uuid> id, tus::Resumable tus, http::Service<Parts> setup) {
    return tus::show(tus, *id, setup->to());
}
async::Task<tus::Appended> append(http::Path<"id", base::Uuid> id, tus::Append append, http::Service<Parts> setup) {
    return tus::append(std::move(append), *id, setup->to());
}
async::Task<http::NoContent> end(http::Path<"id", base::Uuid> id, tus::Resumable tus, http::Service<Parts> setup) {
    co_await tus::terminate(tus, *id, setup->to());
    co_return http::NoContent{};
}

constexpr std::string_view spoken = "Tus-Resumable: 1.0.0\r\n";
constexpr std::string_view bytes_type = "Content-Type: application/offset+octet-stream\r\n";

std::string request(std::string_view method, std::string_view path, std::string_view fields, std::string_view body = "",
                    std::optional<std::size_t> length = {}) {
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n{}Content-Length: {}\r\n\r\n{}",
        method, path, fields, length.value_or(body.size()), body);
}
std::string creation(std::uint64_t length, std::string_view fields = "", std::string_view body = "") {
    return request("POST", "/tus", fmt::format("{}Upload-Length: {}\r\n{}", spoken, length, fields), body);
}
std::string patch(std::string_view path, std::uint64_t offset, std::string_view body, std::string_view fields = "",
                  std::optional<std::size_t> length = {}) {
    return request("PATCH", path, fmt::format("{}{}Upload-Offset: {}\r\n{}", spoken, bytes_type, offset, fields), body,
                   length);
}
std::string head(std::string_view path) { return request("HEAD", path, spoken); }

// Another instance: its own loop and port, the same rows and pieces.
struct Instance {
    Instance(const http::Router& router, const http::Services& services)
        : server({.loop = loop, .app = router.handler(), .services = services, .logger = {}, .metrics = metrics},
                 {.drain_idle = 30ms, .handshake_time = 10ms}) {
        server.listen();
        loop.keep_alive();
        thread = std::thread([this] { loop.run(); });
    }
    ~Instance() {
        std::promise<void> done;
        loop.post([&] {
            async::start(server.drain(async::Loop::now() + 100ms),
                         [&](const std::exception_ptr&) { done.set_value(); });
        });
        done.get_future().wait();
        loop.post([this] { loop.stop(); });
        thread.join();
    }

    async::Loop loop;
    observe::Metrics metrics;
    http::Server server;
    std::thread thread;
};

class TusTest : public http::ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        services.add(setup);
        const auto group = router.group("", {http::problems(), http::body_decoding()});
        http::Routes routes(group, "test");
        const http::RouteDocs docs{.options = tus::append_options(setup.options)};
        routes.post("/tus", create, docs);
        routes.get("/tus/{id}", show);
        routes.patch("/tus/{id}", append, docs);
        routes.post("/tus/{id}", append, docs);
        routes.del("/tus/{id}", end);
        tus::discovery(group, "/tus", setup.options);
    }
    void TearDown() override {
        ServerForTest::TearDown();
        setup.pool.stop();
        fs::remove_all(setup.directory);
    }

    std::string new_upload(std::uint64_t length) {
        const auto reply = exchange(creation(length));
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 201")) << reply;
        return http::value_of(reply, "Location");
    }
    static base::Uuid id_of(std::string_view path) {
        return *base::Uuid::from_string(path.substr(path.rfind('/') + 1));
    }
    std::string offset(std::string_view path) { return http::value_of(exchange(head(path)), "Upload-Offset"); }
    // All that is kept of an upload, as its owner would read it.
    std::string content(std::string_view path) {
        const auto id = id_of(path);
        std::promise<std::string> done;
        loop.post([&] {
            async::start(read_all(&loop, setup.pieces.get(), id, setup.rows.kept(id).pieces, &done),
                         [](const std::exception_ptr&) {});
        });
        return done.get_future().get();
    }
    static async::Task<void> read_all(async::Loop* loop, Pieces* pieces, base::Uuid id, std::vector<Piece> list,
                                      std::promise<std::string>* done) {
        auto bytes = read_pieces(loop, pieces, id, std::move(list));
        std::string all;
        for (auto more = co_await bytes(); !more.empty(); more = co_await bytes()) all += more;
        done->set_value(std::move(all));
    }
    [[nodiscard]] std::vector<std::string> files_of(std::string_view path) const {
        std::vector<std::string> names;
        const auto directory = fs::path(setup.directory) / id_of(path).to_string();
        if (!fs::exists(directory)) return names;
        for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }
    template <class Condition>
    static bool eventually(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::yield();
        }
        return true;
    }

    Parts setup;
};

TEST_F(TusTest, AnUploadGoesOnWhereItsBytesAre) {
    start();
    const auto created = exchange(creation(10, "Upload-Metadata: filename YS5wZGY=,private\r\n"));
    EXPECT_TRUE(created.starts_with("HTTP/1.1 201")) << created;
    EXPECT_EQ(http::value_of(created, "Tus-Resumable"), "1.0.0");
    EXPECT_EQ(http::value_of(created, "Upload-Offset"), "0");
    EXPECT_TRUE(http::value_of(created, "Upload-Expires").ends_with("GMT"));
    const auto path = http::value_of(created, "Location");
    ASSERT_TRUE(path.starts_with("/tus/")) << path;  // no host, whatever the request says
    const auto first = exchange(patch(path, 0, "Habari"));
    EXPECT_TRUE(first.starts_with("HTTP/1.1 204")) << first;
    EXPECT_EQ(http::value_of(first, "Upload-Offset"), "6");
    const auto shown = exchange(head(path));
    EXPECT_TRUE(shown.starts_with("HTTP/1.1 20")) << shown;
    EXPECT_EQ(http::value_of(shown, "Upload-Offset"), "6");
    EXPECT_EQ(http::value_of(shown, "Upload-Length"), "10");
    EXPECT_EQ(http::value_of(shown, "Upload-Metadata"), "filename YS5wZGY=,private");
    EXPECT_EQ(http::value_of(shown, "Cache-Control"), "no-store");
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 0);
    const auto late = exchange(patch(path, 0, "Habari"));
    EXPECT_TRUE(late.starts_with("HTTP/1.1 409")) << late;
    EXPECT_EQ(http::value_of(late, "Upload-Offset"), "6");
    EXPECT_TRUE(
        exchange(request("POST", path,
                         fmt::format("{}{}Upload-Offset: 6\r\nX-HTTP-Method-Override: PATCH\r\n", spoken, bytes_type),
                         " ya "))
            .starts_with("HTTP/1.1 204"));
    EXPECT_EQ(content(path), "Habari ya ");
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
    // Asked again, nothing happens a second time.
    EXPECT_EQ(offset(path), "10");
    EXPECT_TRUE(exchange(patch(path, 10, "")).starts_with("HTTP/1.1 204"));
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
}

TEST_F(TusTest, NothingIsCompleteAtItsCreationWhenItsLengthIsNothing) {
    start();
    const auto path = new_upload(0);
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
    EXPECT_EQ(offset(path), "0");
    EXPECT_EQ(content(path), "");
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
}

TEST_F(TusTest, ACreationMayBringBytes) {
    start();
    const auto whole = exchange(creation(6, bytes_type, "Habari"));
    EXPECT_TRUE(whole.starts_with("HTTP/1.1 201")) << whole;
    EXPECT_EQ(http::value_of(whole, "Upload-Offset"), "6");
    EXPECT_EQ(content(http::value_of(whole, "Location")), "Habari");
    EXPECT_EQ(setup.rows.kept(id_of(http::value_of(whole, "Location"))).finished, 1);
    const auto part = exchange(creation(10, bytes_type, "Habari"));
    EXPECT_EQ(offset(http::value_of(part, "Location")), "6");
}

TEST_F(TusTest, WhatIsWrongHasItsCode) {
    start();
    const auto path = new_upload(10);
    const std::string nobody = "/tus/0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
    const auto both = fmt::format("{}{}", spoken, bytes_type);
    const struct {
        std::string request;
        std::string_view status;
        std::string_view code;
    } cases[] = {
        {request("POST", "/tus", "Upload-Length: 3\r\n"), "412", "tus.version"},
        {request("POST", "/tus", "Tus-Resumable: 0.2.2\r\nUpload-Length: 3\r\n"), "412", "tus.version"},
        {request("POST", "/tus", spoken), "400", "tus.malformed"},
        {request("POST", "/tus", fmt::format("{}Upload-Defer-Length: 1\r\n", spoken)), "400", "tus.malformed"},
        {request("POST", "/tus", fmt::format("{}Upload-Length: -1\r\n", spoken)), "400", "tus.malformed"},
        {request("POST", "/tus", fmt::format("{}Upload-Length: 1e3\r\n", spoken)), "400", "tus.malformed"},
        {request("POST", "/tus", fmt::format("{}Upload-Length: 99999999999999999999\r\n", spoken)), "400",
         "tus.malformed"},
        {creation((4 << 20) + 1), "413", "tus.too_large"},
        {creation(3, "Upload-Metadata: filename !!\r\n"), "400", "tus.malformed"},
        {creation(3, "", "abc"), "415", "tus.content_type"},
        {creation(2, bytes_type, "abc"), "413", "tus.too_large"},
        {head(nobody), "404", ""},
        {patch(nobody, 0, "abc"), "404", "tus.not_found"},
        {request("DELETE", nobody, spoken), "404", "tus.not_found"},
        {request("PATCH", path, both, "abc"), "400", "tus.malformed"},
        {request("PATCH", path, fmt::format("{}Upload-Offset: 0\r\n", spoken), "abc"), "415", "tus.content_type"},
        {request("POST", path, fmt::format("{}Upload-Offset: 0\r\n", both), "abc"), "400", "tus.malformed"},
        {patch(path, 3, "abc"), "409", "tus.offset_conflict"},
        {patch(path, 0, "more than ten bytes"), "413", "tus.too_large"},
        {patch(path, 0, "abc", "Upload-Checksum: md5 AAAA\r\n"), "400", "tus.malformed"},
        {patch(path, 0, "abc", "Upload-Checksum: sha1 AAAA\r\n"), "400", "tus.malformed"},
        {patch("/tus/7", 0, "abc"), "422", "request.invalid"},
    };
    for (const auto& [bytes, status, code] : cases) {
        const auto reply = exchange(bytes);
        EXPECT_TRUE(reply.starts_with(fmt::format("HTTP/1.1 {}", status))) << bytes << "\n" << reply;
        EXPECT_TRUE(reply.contains(code)) << bytes << "\n" << reply;
        if (code.starts_with("tus.")) EXPECT_EQ(http::value_of(reply, "Tus-Resumable"), "1.0.0") << bytes;
    }
    EXPECT_EQ(http::value_of(exchange(request("POST", "/tus", "")), "Tus-Version"), "1.0.0");
    EXPECT_EQ(offset(path), "0");
    EXPECT_THAT(files_of(path), testing::ElementsAre("room"));
}

TEST_F(TusTest, OptionsSaysWhatIsSpoken) {
    start();
    for (const auto* path : {"/tus", "/tus/0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"}) {
        const auto reply = exchange(request("OPTIONS", path, ""));
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 204")) << reply;
        EXPECT_EQ(http::value_of(reply, "Tus-Version"), "1.0.0");
        EXPECT_EQ(http::value_of(reply, "Tus-Max-Size"), "4194304");
        EXPECT_EQ(http::value_of(reply, "Tus-Extension"),
                  "creation,creation-with-upload,termination,expiration,checksum");
    }
}

TEST_F(TusTest, OfRequestsAtOneOffsetOneWins) {
    start();
    Instance other(router, services);
    constexpr std::size_t size = 300'000;  // several commits
    const auto path = new_upload(size);
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::string winner;
    std::mutex mutex;
    std::vector<std::thread> senders;
    for (int i = 0; i < 20; ++i) {
        senders.emplace_back([&, i] {
            const std::string bytes(size, static_cast<char>('a' + i));
            const Client client(i % 2 == 0 ? port : other.server.port());
            client.send(patch(path, 0, bytes));
            client.end_sending();
            const auto reply = client.read_all();
            if (reply.starts_with("HTTP/1.1 204")) {
                ++won;
                const std::lock_guard lock(mutex);
                winner = bytes;
            } else if (reply.starts_with("HTTP/1.1 409") || reply.starts_with("HTTP/1.1 423")) {
                ++lost;
                EXPECT_NE(http::value_of(reply, "Upload-Offset"), "") << reply;
            } else if (!reply.empty()) {  // the connection of one that is refused may end before it has sent all
                ADD_FAILURE() << reply;
            }
        });
    }
    for (auto& sender : senders) sender.join();
    ASSERT_LE(won, 1);
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, won);
    // A claim may come between two commits of another one; then nobody has sent all, and somebody goes on.
    if (won == 0) {
        const auto at = std::stoul(offset(path));
        winner = content(path) + std::string(size - at, 'Z');
        EXPECT_TRUE(exchange(patch(path, at, std::string(size - at, 'Z'))).starts_with("HTTP/1.1 204"));
    }
    EXPECT_EQ(content(path), winner);
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
}

TEST_F(TusTest, SmallRequestsAtOneOffsetMakeOneWinner) {
    start();
    Instance other(router, services);
    for (int round = 0; round < 10; ++round) {
        const auto path = new_upload(4);
        std::atomic<int> won = 0;
        std::vector<std::thread> senders;
        for (int i = 0; i < 8; ++i) {
            senders.emplace_back([&, i] {
                const Client client(i % 2 == 0 ? port : other.server.port());
                client.send(patch(path, 0, std::string(4, static_cast<char>('a' + i))));
                client.end_sending();
                const auto reply = client.read_all();
                if (reply.starts_with("HTTP/1.1 204"))
                    ++won;
                else
                    EXPECT_TRUE(reply.starts_with("HTTP/1.1 409") || reply.starts_with("HTTP/1.1 423")) << reply;
            });
        }
        for (auto& sender : senders) sender.join();
        EXPECT_EQ(won, 1);
        const auto all = content(path);
        EXPECT_EQ(all, std::string(4, all.at(0)));
    }
}

TEST_F(TusTest, ADeadConnectionHoldsNothing) {
    start();
    const auto path = new_upload(200'000);
    const Client dead(port);  // sends a part, and neither more nor an end
    dead.send(patch(path, 0, std::string(100'000, 'a'), "", 200'000));
    ASSERT_TRUE(eventually([&] { return setup.rows.kept(id_of(path)).row.offset > 0; }));
    const auto at = std::stoul(offset(path));
    EXPECT_GE(at, 64U << 10U);
    const auto reply = exchange(patch(path, at, std::string(200'000 - at, 'b')));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 204")) << reply;
    // What the first one still has changes nothing.
    dead.send(std::string(100'000, 'c'));
    const auto late = dead.read_until("}");
    EXPECT_TRUE(late.starts_with("HTTP/1.1 423")) << late;
    EXPECT_EQ(http::value_of(late, "Upload-Offset"), "200000");
    EXPECT_EQ(content(path), std::string(at, 'a') + std::string(200'000 - at, 'b'));
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
}

TEST_F(TusTest, WhatHasComeBeforeTheLinkBrokeCounts) {
    options.body_deadline = 300ms;
    start();
    const auto broken = [&](auto how) {
        const auto path = new_upload(50'000);
        Client client(port);
        client.send(patch(path, 0, std::string(30'000, 'a'), "", 50'000));
        turn();
        how(client);
        EXPECT_TRUE(eventually([&] { return setup.rows.kept(id_of(path)).row.offset > 0; }));
        const auto at = std::stoul(offset(path));
        EXPECT_TRUE(exchange(patch(path, at, std::string(50'000 - at, 'b'))).starts_with("HTTP/1.1 204"));
        EXPECT_EQ(content(path), std::string(at, 'a') + std::string(50'000 - at, 'b'));
        return at;
    };
    EXPECT_EQ(broken([](Client& client) { client.end_sending(); }), 30'000U);
    EXPECT_EQ(broken([](Client& client) { static_cast<void>(client.read_all()); }), 30'000U);  // silence
    EXPECT_GT(broken([](Client& client) { client.close(); }), 0U);
}

TEST_F(TusTest, AWrongChecksumKeepsNothing) {
    start();
    base::Hasher hasher(base::Hasher::Algorithm::sha1);
    hasher.add(std::string(200'000, 'a'));
    const auto right = fmt::format("Upload-Checksum: sha1 {}\r\n", base::base64_encode(hasher.finish()));
    const auto path = new_upload(200'000);
    const auto wrong = exchange(patch(path, 0, std::string(200'000, 'b'), right));
    EXPECT_TRUE(wrong.starts_with("HTTP/1.1 460")) << wrong;
    EXPECT_TRUE(wrong.contains("tus.checksum_mismatch"));
    EXPECT_EQ(offset(path), "0");
    EXPECT_THAT(files_of(path), testing::ElementsAre("room"));
    EXPECT_TRUE(exchange(patch(path, 0, std::string(200'000, 'a'), right)).starts_with("HTTP/1.1 204"));
    EXPECT_EQ(content(path), std::string(200'000, 'a'));
}

TEST_F(TusTest, WhatCouldNotBeFinishedIsFinishedByWhoeverAsksNext) {
    start();
    const auto path = new_upload(3);
    setup.rows.fail_finishing = true;
    EXPECT_TRUE(exchange(patch(path, 0, "abc")).starts_with("HTTP/1.1 507"));
    EXPECT_TRUE(exchange(head(path)).starts_with("HTTP/1.1 507"));  // never said to be complete
    setup.rows.fail_finishing = false;
    EXPECT_EQ(offset(path), "3");
    EXPECT_EQ(setup.rows.kept(id_of(path)).finished, 1);
}

TEST_F(TusTest, AFullDiskAndAFullQuotaAreSaidAtTheCreation) {
    setup.rows.quota = 100;
    start();
    EXPECT_TRUE(exchange(creation(101)).contains("test.quota"));
    EXPECT_TRUE(setup.rows.ids().empty());
    setup.rows.quota = std::uint64_t{1} << 60U;
    setup.pieces = std::make_unique<DiskPieces>(
        &setup.pool, DiskPiecesOptions{.directory = setup.directory, .keep_free = std::uint64_t{1} << 60U});
    const auto full = exchange(creation(10));
    EXPECT_TRUE(full.starts_with("HTTP/1.1 507")) << full;
    EXPECT_TRUE(full.contains("uploads.disk_full"));
    EXPECT_TRUE(setup.rows.ids().empty());
    EXPECT_TRUE(fs::is_empty(setup.directory));
    EXPECT_TRUE(exchange(http::get("/health")).ends_with("ok"));
}

TEST_F(TusTest, ATerminatedUploadIsGone) {
    start();
    const auto path = new_upload(10);
    EXPECT_TRUE(exchange(patch(path, 0, "abc")).starts_with("HTTP/1.1 204"));
    EXPECT_TRUE(exchange(request("DELETE", path, spoken)).starts_with("HTTP/1.1 204"));
    EXPECT_TRUE(exchange(head(path)).starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(exchange(patch(path, 3, "abc")).starts_with("HTTP/1.1 404"));
    EXPECT_TRUE(fs::is_empty(setup.directory));
}

TEST_F(TusTest, ManySmallRequestsAreRefusedInTheEnd) {
    setup.options.pieces_anyway = 20;
    start();
    const auto path = new_upload(5'000);
    std::string all;
    for (int i = 0; i < 20; ++i) all += patch(path, static_cast<std::uint64_t>(i), "a");
    EXPECT_EQ(http::count_of(exchange(all), "HTTP/1.1 204"), 20U);
    const auto refused = exchange(patch(path, 20, "a"));
    EXPECT_TRUE(refused.contains("tus.too_many_pieces")) << refused;
}

std::size_t open_descriptors() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

TEST_F(TusTest, FiveHundredBrokenUploadsLeaveNothing) {
    options.body_deadline = 200ms;
    start();
    base::Hasher hasher(base::Hasher::Algorithm::sha256);
    hasher.add("other bytes");
    const auto checked = fmt::format("Upload-Checksum: sha256 {}\r\n", base::base64_encode(hasher.finish()));
    const auto path = new_upload(1 << 20);
    EXPECT_TRUE(exchange(http::get("/health")).ends_with("ok"));
    turn();
    const auto before = open_descriptors();
    for (int i = 0; i < 500; ++i) {
        Client client(port);
        client.send(patch(path, 0, std::string(20'000, 'a'), checked, 1 << 20));
        if (i % 100 == 0) {
            static_cast<void>(client.read_all());  // silent until the server has had enough
        } else if (i % 2 == 0) {
            client.abort();
        } else {
            client.close();
        }
    }
    EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; })) << open_descriptors() << " " << before;
    EXPECT_TRUE(eventually([&] { return files_of(path).size() == 1; }));
    EXPECT_EQ(offset(path), "0");
    EXPECT_EQ(setup.rows.moves, 0);
    EXPECT_EQ(fs::file_size(fs::path(setup.directory) / id_of(path).to_string() / "room"), 1U << 20U);
}

async::Task<std::vector<base::Uuid>> owned_ids(MemoryRows* rows) { co_return rows->ids(); }
async::Task<void> sweep_into(async::Loop* loop, Pieces* pieces, OwnedIds owned, std::promise<std::size_t>* done) {
    done->set_value(co_await sweep(loop, pieces, std::move(owned)));
}

TEST_F(TusTest, TheSweepRemovesWhatNoRowOwns) {
    start();
    const auto owned = new_upload(10);
    fs::create_directory(fs::path(setup.directory) / "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    std::promise<std::size_t> done;
    const auto rows = [this](std::vector<base::Uuid>) { return owned_ids(&setup.rows); };
    loop.post(
        [&] { async::start(sweep_into(&loop, setup.pieces.get(), rows, &done), [](const std::exception_ptr&) {}); });
    EXPECT_EQ(done.get_future().get(), 1U);
    EXPECT_THAT(files_of(owned), testing::ElementsAre("room"));
}

}  // namespace
}  // namespace uploads
