#include "http/middleware/problems.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/errors.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/request_id.h"
#include "http/problem.h"
#include "schema/schema.h"

namespace http {
namespace {

constexpr base::ErrorCode total_mismatch{"sale.total_mismatch", 422, false, base::Action::fix,
                                         "Sale total does not match its lines"};
constexpr base::ErrorCode stranger{"auth.unknown", 401, false, base::Action::fix, "Who is there?"};
constexpr base::ErrorCode busy{"sale.busy", 503, true, base::Action::retry, "Try again"};

async::Task<void> throws_foreign(Context&) {
    throw std::runtime_error("password=hunter2 at 10.0.0.3");
    co_return;
}
async::Task<void> throws_number(Context&) {
    throw 42;
    co_return;
}
// No coroutine: it throws while the chain is being called, not when it is awaited.
async::Task<void> throws_at_once(Context&) { throw base::Failure(errors::not_found); }

TEST(ProblemJson, HasEveryMember) {
    const auto failure =
        base::Failure(
            total_mismatch,
            {{"body", "/total", "mismatch", "is not the sum", {{"expected", "11600"}, {"currency", "\"KES\""}}},
             {"query", "/limit", "max", "", {}}},
            "lines give \"11600\"")
            .retry_after(1500)
            .member("current", "{\"version\":8}");
    EXPECT_EQ(
        problem_json(
            failure,
            {.instance = "/v1/sales", .request_id = "req-12345", .type_base = "https://api.example/problems/"}),
        R"({"type":"https://api.example/problems/sale.total_mismatch","title":"Sale total does not match its lines","status":422,)"
        R"("detail":"lines give \"11600\"","instance":"/v1/sales","code":"sale.total_mismatch","retriable":false,"action":"fix",)"
        R"("retryAfterMs":1500,"requestId":"req-12345","errors":[{"in":"body","pointer":"/total","code":"mismatch","message":"is not the sum",)"
        R"("params":{"expected":11600,"currency":"KES"}},{"in":"query","pointer":"/limit","code":"max"}],"current":{"version":8}})");
}

TEST(ProblemJson, LeavesOutWhatIsNotKnownAndStaysUtf8) {
    EXPECT_EQ(
        problem_json(base::Failure(total_mismatch,
                                   "a\xff"
                                   "b")),
        R"({"type":"/problems/sale.total_mismatch","title":"Sale total does not match its lines","status":422,"detail":"a)"
        "\xEF\xBF\xBD"
        R"(b","code":"sale.total_mismatch","retriable":false,"action":"fix","retryAfterMs":null})");
}

TEST(ProblemJson, RepeatsLittleOfWhatASenderWrote) {
    const auto json = [](const std::string& text) {
        return problem_json(base::Failure(total_mismatch, {{"body", text, "unknown_key", "", {}}}, text));
    };
    const auto of_1000 = std::string(1'000, 'a');
    EXPECT_TRUE(json(of_1000).contains(R"("pointer":")" + of_1000 + '"'));
    const auto of_a_megabyte = json(std::string(1'000'000, 'a'));
    EXPECT_TRUE(of_a_megabyte.contains(R"("pointer":")" + of_1000 + "…\""));
    EXPECT_TRUE(of_a_megabyte.contains(R"("detail":")" + of_1000 + "…\""));
    const auto of_999 = std::string(999, 'a');
    EXPECT_TRUE(json(of_999 + "é").contains(R"("pointer":")" + of_999 + "…\"")) << "no half of a character";
    EXPECT_TRUE(json(of_999 + "~1").contains(R"("pointer":")" + of_999 + "…\"")) << "no half of an escape";
}

TEST(ProblemJson, A503SaysWhenToComeAgain) {
    EXPECT_TRUE(problem_json(base::Failure(busy)).contains(R"("retryAfterMs":1000)"));
    EXPECT_TRUE(problem_json(base::Failure(busy).retry_after(5'000)).contains(R"("retryAfterMs":5000)"));
    EXPECT_TRUE(problem_json(base::Failure(total_mismatch)).contains(R"("retryAfterMs":null)"));
    constexpr base::ErrorCode off{"mail.off", 503, false, base::Action::contact, "No mail is sent"};
    EXPECT_TRUE(problem_json(base::Failure(off)).contains(R"("retryAfterMs":null)")) << "in a second it is off still";
    EXPECT_TRUE(problem_json(base::Failure(off).retry_after(5'000)).contains(R"("retryAfterMs":5000)"));
}

struct Line {
    std::int64_t gross = 0;
    friend constexpr auto describe(Line*) { return schema::object<Line>("Line", schema::field<&Line::gross>("gross")); }
};
struct Ticket {
    std::vector<Line> lines;
    friend constexpr auto describe(Ticket*) {
        return schema::object<Ticket>("Ticket", schema::field<&Ticket::lines>("lines"));
    }
};

TEST(ProblemJson, ListsAHundredFindingsAndSaysHowManyMore) {
    constexpr std::size_t count = 9'001;
    std::string body = R"({"lines":[)";
    std::vector<base::Issue> issues{{"body", "/gross", "unknown", "", {}}, {"query", "/limit", "max", "", {}}};
    for (std::size_t i = 0; i < count; ++i) {
        body += i == 0 ? R"({"gross":5})" : R"(,{"gross":5})";
        issues.push_back({"body", "/lines/" + std::to_string(count - 1 - i) + "/gross", "mismatch", "", {}});
    }
    body += "]}";
    const ProblemPlace place{.body = {&schema::type_of<Ticket>, body}, .body_at = "/items/3/data"};
    const auto text = problem_json(base::Failure(total_mismatch, issues, "not the sum"), place);
    EXPECT_TRUE(text.contains(R"("detail":"not the sum; and 8903 more findings")")) << text;
    EXPECT_TRUE(text.contains(
        R"("errors":[{"in":"body","pointer":"/items/3/data/lines","code":"unknown"},{"in":"query","pointer":"/limit","code":"max"},{"in":"body","pointer":"/items/3/data/lines/9000/gross",)"))
        << text;
    EXPECT_TRUE(text.contains("/lines/8903/gross"));
    EXPECT_FALSE(text.contains("/lines/8902/gross"));
    issues.resize(100);
    EXPECT_TRUE(problem_json(base::Failure(total_mismatch, issues), place).contains("/lines/8903/gross"));
    EXPECT_FALSE(problem_json(base::Failure(total_mismatch, issues), place).contains("detail"));
}

// Of a column the database knows no more than its name: the finding has the code of the failure.
TEST(ProblemJson, WhatTheDatabaseRefusedIsWhereItWasSent) {
    const struct {
        std::string_view body;
        std::string_view pointer;
    } cases[] = {
        {R"({"lines":[{},{"gross":null},{"gross":5}]})", "/lines/2/gross"},
        {R"({"lines":[{"gross":5},{},{"gross":5}]})", "/lines"},
        {R"({"lines":[{}]})", "/lines/0/gross"},
        {R"({"lines":[]})", ""},
        {R"({"gross":5,"lines":[{"gross":5}]})", "/gross"},
        {R"({})", ""},
    };
    for (const auto& [body, pointer] : cases) {
        const auto text =
            problem_json(base::Failure(total_mismatch, {{"body", "/gross", "sale.total_mismatch", "", {}}}),
                         {.body = {&schema::type_of<Ticket>, body}});
        EXPECT_TRUE(text.contains("\"pointer\":\"" + std::string(pointer) + "\"")) << body << text;
    }
}

TEST(Problems, FailureBecomesReplyWithItsHeaders) {
    ChainForTest chain;
    const auto handler = [](Context& context) -> async::Task<void> {
        context.response().status(201).body("half done").header("ETag", "\"7\"");
        throw base::Failure(busy).retry_after(1001).header("X-Queue", "mpesa").cause("pool exhausted at 10.0.0.3");
        co_return;
    };
    const auto reply = chain.run({request_id(), problems()}, handler,
                                 {.target = "/v1/sales?token=secret", .headers = {{"X-Request-Id", "till-0001"}}});
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(reply.header("Retry-After"), "2");
    EXPECT_EQ(reply.header("X-Retriable"), "true");
    EXPECT_EQ(reply.header("X-Queue"), "mpesa");
    EXPECT_EQ(reply.header("Cache-Control"), "no-store");
    EXPECT_EQ(reply.header("X-Request-Id"), "till-0001");
    EXPECT_FALSE(reply.header("ETag"));
    EXPECT_TRUE(reply.body.contains(
        R"("instance":"/v1/sales","code":"sale.busy","retriable":true,"action":"retry","retryAfterMs":1001,"requestId":"till-0001")"));
    EXPECT_FALSE(reply.body.contains("10.0.0.3"));
    EXPECT_TRUE(chain.log_contains("pool exhausted at 10.0.0.3"));
    EXPECT_TRUE(chain.log_contains("\"level\":50"));
}

TEST(Problems, A401SaysHowToAuthenticate) {
    ChainForTest chain;
    const auto bare = [](Context&) -> async::Task<void> {
        throw base::Failure(stranger);
        co_return;
    };
    const auto with_its_own = [](Context&) -> async::Task<void> {
        throw base::Failure(stranger).header("WWW-Authenticate", "Cookie");
        co_return;
    };
    EXPECT_EQ(chain.run({problems()}, bare).header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(chain.run({problems()}, with_its_own).header("WWW-Authenticate"), "Cookie");
}

TEST(Problems, ForeignExceptionIsInternalAndItsTextStaysInTheLog) {
    for (const Handler& handler : {Handler(throws_foreign), Handler(throws_number)}) {
        ChainForTest chain;
        const auto reply = chain.run({problems()}, handler);
        EXPECT_EQ(reply.status, 500);
        EXPECT_TRUE(reply.body.contains("\"code\":\"server.internal\""));
        EXPECT_FALSE(reply.body.contains("hunter2"));
        EXPECT_TRUE(chain.log_contains("\"err\":{\"type\":"));
    }
}

TEST(Problems, RefusalWithoutCauseIsNotLogged) {
    ChainForTest chain;
    EXPECT_EQ(chain.run({problems()}, throws_at_once).status, 404);
    EXPECT_TRUE(chain.sink->lines().empty());
}

TEST(Problems, RetryAfterRoundsUp) {
    for (const auto& [milliseconds, seconds] :
         {std::pair{0, "0"}, {1, "1"}, {1000, "1"}, {1001, "2"}, {60'000, "60"}}) {
        ChainForTest chain;
        const auto handler = [milliseconds](Context&) -> async::Task<void> {
            throw base::Failure(busy).retry_after(milliseconds);
        };
        EXPECT_EQ(chain.run({problems()}, handler).header("Retry-After"), seconds) << milliseconds;
    }
}

}  // namespace
}  // namespace http
