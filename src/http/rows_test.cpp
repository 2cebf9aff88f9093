// Replies of rows: what goes over the wire, and what a failure makes of it.

#include "http/rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "http/errors.h"
#include "http/middleware/problems.h"
#include "http/server_for_test.h"

namespace http {
namespace {

using namespace std::chrono_literals;

struct Item {
    std::int32_t id = 0;
    std::string name = "Sugar";

    friend constexpr auto describe(Item*) {
        return schema::object<Item>("Item", schema::field<&Item::id>("id"), schema::field<&Item::name>("name"));
    }
};

// `pieces` of a hundred rows; throws instead of the one of that number.
class Source {
public:
    Source(int pieces, int fails_at) : pieces_(pieces), fails_at_(fails_at) { ++alive; }
    Source(Source&& other) noexcept : pieces_(other.pieces_), fails_at_(other.fails_at_), next_(other.next_) {
        ++alive;
    }
    Source& operator=(Source&&) = delete;
    ~Source() { --alive; }

    async::Task<std::vector<Item>> next_rows() {
        const int piece = next_++;
        if (piece == fails_at_) throw base::Failure(errors::overloaded);
        std::vector<Item> rows;
        for (int i = 0; piece < pieces_ && i < 100; ++i) rows.push_back({.id = piece * 100 + i});
        pieces_read = next_;
        co_return rows;
    }

    static inline std::atomic<int> alive = 0;
    static inline std::atomic<int> pieces_read = 0;

private:
    int pieces_;
    int fails_at_;
    int next_ = 0;
};

constexpr int never = -1;

async::Task<CsvRows<Item>> csv() { co_return {.rows = Source(3, never), .file_name = "items.csv"}; }
async::Task<CsvRows<Item>> empty() { co_return {.rows = Source(0, never), .file_name = "items.csv"}; }
async::Task<CsvRows<Item>> endless() { co_return {.rows = Source(1'000'000, never), .file_name = "items.csv"}; }
async::Task<NdjsonRows<Item>> ndjson() { co_return {.rows = Source(3, never)}; }
async::Task<NdjsonRows<Item>> fails_at_once() { co_return {.rows = Source(3, 0)}; }
// When the head and much of the body have gone.
async::Task<NdjsonRows<Item>> fails_later() { co_return {.rows = Source(1'000, 200)}; }

class RowsTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        Routes routes(router.group("", {problems()}), "test");
        routes.get("/csv", csv);
        routes.get("/empty", empty);
        routes.get("/endless", endless);
        routes.get("/brief", endless, {.options = {.deadline = 300ms}});
        routes.get("/ndjson", ndjson);
        routes.get("/fails-at-once", fails_at_once);
        routes.get("/fails-later", fails_later);
        options.write_deadline = 1h;
        start();
    }
    static std::string one_dot_zero(std::string_view path) { return "GET " + std::string(path) + " HTTP/1.0\r\n\r\n"; }
    static std::string body_of(const std::string& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }
};

TEST_F(RowsTest, AreSentAsCsv) {
    const auto reply = exchange(one_dot_zero("/csv"));
    EXPECT_EQ(value_of(reply, "Content-Type"), "text/csv; charset=utf-8; header=present");
    EXPECT_EQ(value_of(reply, "Content-Disposition"), R"(attachment; filename="items.csv")");
    const auto body = body_of(reply);
    EXPECT_TRUE(body.starts_with("id,name\r\n0,Sugar\r\n1,Sugar\r\n")) << body.substr(0, 100);
    EXPECT_TRUE(body.ends_with("299,Sugar\r\n"));
    EXPECT_EQ(count_of(body, "\r\n"), 301U);
    EXPECT_EQ(body_of(exchange(one_dot_zero("/empty"))), "id,name\r\n");
    EXPECT_TRUE(body_of(exchange(one_dot_zero("/csv?fields=name"))).starts_with("name\r\nSugar\r\n"));
    EXPECT_TRUE(exchange(get("/csv?fields=nothing")).starts_with("HTTP/1.1 422"));
}

TEST_F(RowsTest, AreSentAsLinesOfJson) {
    const auto reply = exchange(get("/ndjson") + get("/health"));
    EXPECT_EQ(value_of(reply, "Content-Type"), "application/x-ndjson");
    EXPECT_EQ(value_of(reply, "Transfer-Encoding"), "chunked");
    EXPECT_TRUE(reply.contains("{\"id\":299,\"name\":\"Sugar\"}\n\r\n0\r\n\r\nHTTP/1.1 200 OK")) << reply;
}

TEST_F(RowsTest, HeadHasTheHeadAlone) {
    const auto reply = exchange("HEAD /csv HTTP/1.1\r\nHost: a\r\n\r\n" + get("/health"));
    EXPECT_TRUE(reply.contains("Transfer-Encoding: chunked\r\n")) << reply;
    EXPECT_FALSE(reply.contains("Sugar"));
    EXPECT_TRUE(reply.ends_with("\r\n\r\nok"));
    EXPECT_EQ(Source::alive, 0);
}

TEST_F(RowsTest, WhatFailsAtFirstIsAProblem) {
    const auto reply = exchange(get("/fails-at-once") + get("/health"));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 503")) << reply;
    EXPECT_TRUE(reply.contains("http.overloaded"));
    EXPECT_TRUE(reply.ends_with("\r\n\r\nok"));
}

TEST_F(RowsTest, WhatFailsLaterHasNoValidEnd) {
    const auto chunked = exchange(get("/fails-later") + get("/health"));
    EXPECT_TRUE(chunked.starts_with("HTTP/1.1 200"));
    EXPECT_FALSE(chunked.contains("\r\n0\r\n\r\n"));
    EXPECT_EQ(count_of(chunked, "HTTP/1.1 "), 1U);
    // Without chunks the end of the connection would be a valid one.
    const Client client(port);
    client.send(one_dot_zero("/fails-later"));
    std::string bytes;
    while (client.read_more(bytes)) {}
    EXPECT_TRUE(client.was_reset()) << bytes.size();
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));  // the reset comes before the end of the handler
    EXPECT_EQ(Source::alive, 0);
}

TEST_F(RowsTest, AreReadNoFasterThanTheyAreTaken) {
    Client client(port);
    client.send(get("/endless"));
    static_cast<void>(client.read_past("Sugar"));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
    // What the kernels of both ends take of a client that reads nothing, and no more: of 1,000,000.
    EXPECT_LT(Source::pieces_read, 100'000);
    client.abort();
    while (Source::alive != 0) std::this_thread::yield();
}

// The first rows of a reply that is on its way. A machine with much to do may begin one when its time is over: that is a problem
// document, and nothing to end.
std::string begin_brief(const Client& client) {
    client.send(get("/brief", "Connection: close\r\n"));
    return client.read_past("Sugar");
}

TEST_F(RowsTest, EndAtTheDeadlineOfTheRouteHoweverSlowlyTheyAreTaken) {
    for (int i = 0; i < 20; ++i) {
        const Client client(port);
        auto bytes = begin_brief(client);
        if (bytes.starts_with("HTTP/1.1 503")) continue;
        const auto enough = async::Loop::now() + 10s;
        while (Source::alive != 0 && async::Loop::now() < enough) std::this_thread::yield();
        EXPECT_EQ(Source::alive, 0);
        while (client.read_more(bytes)) {}
        EXPECT_TRUE(client.was_reset());
        return;
    }
    FAIL() << "no reply began within its time";
}

TEST_F(RowsTest, EndAtTheDeadlineOfTheRouteHoweverFastTheyAreTaken) {
    for (int i = 0; i < 20; ++i) {
        const Client client(port);
        auto bytes = begin_brief(client);
        if (bytes.starts_with("HTTP/1.1 503")) continue;
        const auto enough = async::Loop::now() + 10s;
        while (client.read_more(bytes) && async::Loop::now() < enough) bytes.clear();
        EXPECT_TRUE(client.was_reset());
        while (Source::alive != 0 && async::Loop::now() < enough) std::this_thread::yield();
        EXPECT_EQ(Source::alive, 0);
        return;
    }
    FAIL() << "no reply began within its time";
}

}  // namespace
}  // namespace http
