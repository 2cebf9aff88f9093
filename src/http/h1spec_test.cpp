// The 33 cases of the public suite h1spec: 15 beginnings of a request, which must be waited for, and 18 requests.

#include <gtest/gtest.h>

#include "http/wire_for_test.h"

namespace http {
namespace {

async::Task<void> echo(Context& context) {
    const auto body = co_await context.request().body();
    context.response().body(std::string(body)).content_type("text/plain");
}

const std::vector<std::string_view>& beginnings() {
    static const std::vector<std::string_view> all{
        "G",
        "GET ",
        "GET /hello",
        "GET /hello ",
        "GET /hello HTTP",
        "GET /hello HTTP/1.1",
        "GET /hello HTTP/1.1\r",
        "GET /hello HTTP/1.1\r\n",
        "GET /hello HTTP/1.1\r\nHos",
        "GET /hello HTTP/1.1\r\nHost:",
        "GET /hello HTTP/1.1\r\nHost: ",
        "GET /hello HTTP/1.1\r\nHost: localhost",
        "GET /hello HTTP/1.1\r\nHost: localhost\r",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n",
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r",
    };
    return all;
}

struct WholeRequest {
    const char* name;
    std::string_view bytes;
    int status;
    std::string_view body = {};  // of a 200
};

const std::vector<WholeRequest>& whole_requests() {
    static const std::vector<WholeRequest> all{
        {"no version", "GET / \r\n\r\n", 400},
        {"Expect without a body", "GET / HTTP/1.1\r\nHost: example.com\r\nExpect: 100-continue\r\n\r\n", 200},
        {"valid GET", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 200},
        {"tab, odd case, empty value", "GET / HTTP/1.1\r\nhoSt:\texample.com\r\nempty:\r\n\r\n", 200},
        {"brackets in a name", "GET / HTTP/1.1\r\nHost: example.com\r\nX-Invalid[]: test\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: example.com\r\nHost: example.org\r\n\r\n", 400},
        {"a length below any integer",
         "GET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: -123456789123456789123456789\r\n\r\n", 400},
        {"a negative length", "GET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: -1234\r\n\r\n", 400},
        {"a length of letters", "GET / HTTP/1.1\r\nHost: example.com\r\nContent-Length: abc\r\n\r\n", 400},
        {"an empty value", "GET / HTTP/1.1\r\nHost: example.com\r\nX-Empty-Header: \r\n\r\n", 200},
        {"BEL in a value", "GET / HTTP/1.1\r\nHost: example.com\r\nX-Bad-Control-Char: test\x07\r\n\r\n", 400},
        {"HTTP/9.9", "GET / HTTP/9.9\r\nHost: example.com\r\n\r\n", 505},
        {"words before the method", "Extra lineGET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 400},
        {"CR and no LF", "GET / HTTP/1.1\r\nHost: example.com\r\n\rSome-Header: Test\r\n\r\n", 400},
        {"POST", "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
        {"POST in chunks",
         "POST / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nHellO world1\r\n0\r\n\r\n",
         200, "HellO world1"},
        {"length beside chunks, in odd case",
         "POST / HTTP/1.1\r\nHost: example.com\r\ncontent-LengtH: 5\r\nTransFer-Encoding: chunked\r\n\r\n"
         "c\r\nHellO world1\r\n0\r\n\r\n",
         400},
    };
    return all;
}

struct H1Spec : ServerForTest {
    void SetUp() override {
        app = echo;
        start();
    }
};

TEST(H1SpecTable, HasAllItsCases) { EXPECT_EQ(beginnings().size() + whole_requests().size(), 33U); }

// No reply and no end of the connection while more may come; and then an answer, as if it had come at once.
TEST_F(H1Spec, WaitsForTheRestOfARequest) {
    constexpr std::string_view whole = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const auto beginning : beginnings()) {
        SCOPED_TRACE(visible(beginning));
        const Client client(port);
        client.send(beginning);
        // The loop has turned since: another client, who came later, has its answer.
        EXPECT_TRUE(exchange(whole).starts_with("HTTP/1.1 200 "));
        EXPECT_TRUE(client.is_quiet());
        client.send(whole.substr(beginning.size()));
        client.end_sending();
        EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200 "));
    }
}

TEST_F(H1Spec, AnswersWholeRequests) {
    for (const auto& request : whole_requests()) {
        SCOPED_TRACE(request.name);
        const auto result = send_and_read(port, request.bytes);
        const auto replies = result.replies();
        EXPECT_TRUE(result.closed);
        ASSERT_EQ(replies.size(), 1U) << result.bytes;
        EXPECT_EQ(replies[0].status, request.status);
        if (request.status == 200) EXPECT_EQ(replies[0].body, request.body);
    }
}

}  // namespace
}  // namespace http
