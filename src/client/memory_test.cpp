// Large bodies, sent and read piece by piece: what is in memory at once does not depend on how large they are. BACKEND_API_LONG=1: a
// gigabyte each way instead of 64 MB.

#include <gmock/gmock.h>

#include <cstdlib>

#include "client/client_for_test.h"
#include "testing/memory.h"

namespace client {

namespace {

constexpr std::size_t piece_size = 64U << 10U;
// What a connection, libcurl, TLS and the pieces that are on their way may hold.
constexpr std::size_t room = 4U << 20U;

std::uint64_t body_size() {
    const char* is_long = std::getenv("BACKEND_API_LONG");
    return is_long != nullptr && std::string_view(is_long) == "1" ? 1ULL << 30U : 64ULL << 20U;
}

struct Upload {
    std::uint64_t left;
    testing::HeapPeak* peak;

    async::Task<std::string> next() {
        peak->look();
        const auto size = std::min<std::uint64_t>(left, piece_size);
        left -= size;
        co_return std::string(size, 'p');
    }
};

async::Task<std::uint64_t> there_and_back(TestClient* http, const Target* target, Upload* upload,
                                          std::optional<std::uint64_t> length) {
    auto opened = co_await (*http)->open("PUT", *target, "/copy",
                                         stream([upload] { return upload->next(); }, "text/csv", length));
    if (!opened) throw std::runtime_error(opened.error().detail);
    std::uint64_t size = 0;
    for (;;) {
        const auto piece = co_await opened->read();
        if (!piece) throw std::runtime_error(piece.error().detail);
        if (piece->empty()) co_return size;
        size += piece->size();
        upload->peak->look();
    }
}

TEST(ClientMemory, IsFlatWhateverGoesThrough) {
    const auto size = body_size();
    for (const bool is_encrypted : {false, true}) {
        for (const bool has_length : {true, false}) {
            SCOPED_TRACE(std::string(is_encrypted ? "TLS" : "plain") + (has_length ? ", a length" : ", chunks"));
            const ScriptedServer server(
                [size](const auto& request) {
                    if (request.method == "GET") return Answer().send(http_reply(200, thing_json));
                    return Answer()
                        .send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n")
                        .flood(size);
                },
                {.tls = is_encrypted, .keep_bodies = false});
            TestClient http({.ca_file = server.certificate_file()});
            auto target = TestClient::target(server);
            target.deadlines = {.first_byte = 5min, .whole = 10min};
            ASSERT_TRUE(http.run(http->get<Thing>(target, "/")));  // what is there for every call is there
            testing::HeapPeak peak;
            Upload upload{size, &peak};
            const auto length = has_length ? std::optional(size) : std::nullopt;
            EXPECT_EQ(http.run(there_and_back(&http, &target, &upload, length)), size);
            EXPECT_EQ(server.body_bytes_received(), size);
            EXPECT_LT(peak.growth(), room);
            http.run(http->stop(async::Loop::now()));
        }
    }
}

}  // namespace

}  // namespace client
